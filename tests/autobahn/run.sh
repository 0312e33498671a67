#!/usr/bin/env bash
# The Autobahn|TestSuite against the examples: `echo_server` as server, `autobahn_client` as client.
#
#   tests/autobahn/run.sh [server|client] [--sample | --all] [OPTION…]
#
# Installs the suite, builds the example, and runs the cases: by default the 301 without compression
# and a sample of the others, against the server. Other options: `python3 tests/autobahn/drive.py --help`.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)

mode=server
if [[ ${1:--} != -* ]]; then mode=$1; shift; fi
case $mode in
    server) example=echo_server arguments=(127.0.0.1:0) ;;
    client) example=autobahn_client arguments=() ;;
    *) echo "neither server nor client: $mode" >&2; exit 2 ;;
esac

fail() {
    printf 'FAILED %s, see above\n0 passed, 1 failed\n' "$1"
    exit 1
}

"$here/install.sh" || fail "the suite cannot be installed"

# Builds the example like `cargo test` does, with its assertions.
cd "$here/../.."
program=$(cargo build --profile test --all-features --example "$example" --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1) && [[ -x $program ]] ||
    fail "the example $example cannot be built"

exec python3 -B "$here/drive.py" "$mode" "$@" -- "$program" "${arguments[@]}"
