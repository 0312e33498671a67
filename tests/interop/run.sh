#!/usr/bin/env bash
# Interoperation: real clients talk to the example `echo_server`, and get back what they sent.
#
#   tests/interop/run.sh
#
# Each client makes its exchanges and prints a line for each:
#
#   raw         bare sockets: violations, odd requests, floods     python3
#   ws          the npm package `ws`                                node, npm
#   websockets  the Python package `websockets`                     python3 with venv
#   chromium    a browser on the server's own page                  node, npm, chromium
#
# `handshake.sh` has more, about how connections are opened.
#
# Installs the pinned packages beside this script (node_modules/, .venv/), and the Debian package
# `chromium` if there is none and this user may. A client that cannot run is a failure, unless
# WSFRAME_INTEROP_SKIP names it: WSFRAME_INTEROP_SKIP=chromium,ws tests/interop/run.sh

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
passed=0
failed=0

scratch=$(mktemp -d)
server_pid=
clean_up() {
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap clean_up EXIT

ok() {
    echo "ok $1"
    passed=$((passed + 1))
}

fail() {
    echo "FAILED $1"
    failed=$((failed + 1))
}

# need COMMAND: says what is missing.
need() {
    command -v "$1" >/dev/null || { echo "$1 is missing" >&2; return 1; }
}

# unless_installed LIST COPY COMMAND…: runs the command unless it has already installed this very list.
unless_installed() {
    local list=$1 copy=$2
    shift 2
    cmp -s "$list" "$copy" && return
    "$@" >&2 && cp "$list" "$copy"
}

node_packages() {
    need node && need npm || return
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 unless_installed \
        "$here/package-lock.json" "$here/node_modules/.installed-lock.json" \
        npm ci --prefix "$here" --no-audit --no-fund --loglevel=error
}

python_packages() {
    python3 -m venv "$here/.venv" &&
        "$here/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
}

browser() {
    command -v chromium >/dev/null && return
    local as_root=()
    if [[ $EUID -ne 0 ]]; then
        command -v sudo >/dev/null || { echo "chromium is missing" >&2; return 1; }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq >&2 &&
        "${as_root[@]}" apt-get install -qq -y --no-install-recommends chromium >&2
}

# What each client needs, and how it is run.
prepare_raw() { need python3; }
prepare_ws() { node_packages; }
prepare_websockets() {
    need python3 && unless_installed \
        "$here/requirements.txt" "$here/.venv/installed.txt" python_packages
}
prepare_chromium() { node_packages && browser; }

# Each exchange has a time limit of its own. This one is for a client that hangs besides.
limited() { timeout --foreground 300 "$@"; }

run_raw() { limited python3 -B "$here/raw.py" "$address"; }
run_ws() { limited node "$here/ws.mjs" "ws://$address/"; }
run_websockets() {
    limited "$here/.venv/bin/python" -B "$here/websockets_client.py" "ws://$address/"
}
run_chromium() {
    CHROMIUM=$(command -v chromium) limited node "$here/browser.mjs" "http://$address/"
}

# client NAME: all its exchanges, counted.
client() {
    local name=$1 log=$scratch/$1.log status=0
    if [[ ,${WSFRAME_INTEROP_SKIP:-}, == *,$name,* ]]; then
        echo "SKIPPED $name"
        return
    fi
    if ! "prepare_$name"; then
        fail "$name: cannot be run, see above"
        return
    fi
    "run_$name" | tee "$log" || status=$?
    local ok_lines failed_lines
    ok_lines=$(grep -c '^ok ' "$log" || true)
    failed_lines=$(grep -c '^FAILED ' "$log" || true)
    passed=$((passed + ok_lines))
    failed=$((failed + failed_lines))
    if ((failed_lines == 0 && (status != 0 || ok_lines == 0))); then
        fail "$name: the client ended early, with status $status"
    fi
}

# refuses NAME STATUS ARGUMENT…: the server says why on stderr, and exits with the status.
refuses() {
    local name="server: $1 → exit status $2" expected=$2 status=0
    shift 2
    timeout 10 "$server" "$@" >/dev/null 2>"$scratch/stderr" || status=$?
    if [[ $status -eq $expected && -s $scratch/stderr ]]; then
        ok "$name"
    else
        fail "$name: got $status, and: $(<"$scratch/stderr")"
    fi
}

# Build, and ask cargo where it put the example.
cd "$here/../.."
server=$(cargo build --release --all-features --example echo_server --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)

# Start the server, and wait until it says where it listens.
exec 3< <(exec "$server" 127.0.0.1:0)
server_pid=$!
if ! { read -r -t 10 -u 3 _ page && read -r -t 10 -u 3 _ websocket; }; then
    echo "the server did not say where it listens" >&2
    exit 1
fi
address=${page#http://}
address=${address%/}
if [[ $page == "http://$address/" && $websocket == "ws://$address/" ]]; then
    ok "server: says where it listens"
else
    fail "server: says that it listens at $page and $websocket"
fi

for name in raw ws websockets chromium; do
    client "$name"
done

source "$here/handshake.sh"

refuses "a port in use" 1 "$address"
refuses "a bad address" 1 nowhere
refuses "an unknown option" 2 --verbose
if kill -0 "$server_pid"; then
    ok "server: is still there"
else
    fail "server: is not there any more"
fi

echo "$passed passed, $failed failed"
((failed == 0))
