#!/usr/bin/env bash
# Mutation testing with cargo-mutants. Each module is tested by the tests of its sections. A module
# takes a quarter of an hour on two cores; the opening handshake takes twice as long.
#
#     ci/mutants.sh [MODULE…]      default: all
#
# Works on a clone of the last commit. Fails if a mutant survived that ci/survivors.txt does not explain, or if
# ci/survivors.txt explains one that did not survive.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh
root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}/mutants

# Per module: its files, and the tests that must notice a mutant. The features are those of all tests.
features=handshake,http,rand,deflate,tokio,blocking
declare -A files=(
    [close]=src/close.rs [header]='src/header/*.rs' [frame]='src/frame/*.rs' [message]='src/message/*.rs'
    [connection]='src/connection/*.rs' [relay]=src/relay.rs [extensions]='src/extensions/*.rs'
    [handshake]='src/handshake/*.rs' [mask]='src/mask/*.rs' [utf8]='src/utf8/*.rs' [owned]='src/owned/*.rs'
    [codec]='src/codec/*.rs' [stream]='src/stream/**/*.rs' [opening]='src/opening/*.rs' [blocking]='src/blocking/*.rs'
    [deflate]='src/deflate/*.rs' [adapter]='src/adapter/*.rs'
)
declare -A tests=(
    [close]='display rfc6455_7_4_close'
    [header]='display rfc6455_5_2_header rfc6455_6_1_sending rfc7692_6_connection'
    [frame]='rfc6455_5_frames rfc6455_6_1_sending rfc6455_5_5_control rfc6455_5_4_messages rfc7692_6_connection'
    [message]='rfc6455_5_4_messages rfc6455_5_5_control rfc7692_6_connection'
    [connection]='rfc6455_7_closing rfc6455_6_1_sending rfc6455_5_3_masking'
    [extensions]='display rfc6455_9_1_extensions rfc6455_9_1_negotiation rfc6455_4_2_server rfc7692_7_1_negotiation'
    [handshake]='display rfc6455_3_uri rfc6455_4_head rfc6455_4_1_client rfc6455_4_2_server rfc6455_4_http
        rfc6455_9_1_negotiation'
    [mask]='display rfc6455_5_3_masking rfc6455_5_frames rfc6455_8_1_utf8'
    [utf8]='display rfc6455_8_1_utf8 rfc6455_7_closing' [owned]='display bytes' [relay]=rfc6455_5_4_messages
    [codec]='display tokio_util tokio_util_deflate tokio_util_memory stream_chunks'
    [stream]='stream stream_chunks stream_options stream_tasks opening tokio_util tokio_util_memory'
    [adapter]=adapter
    [opening]='opening blocking'
    [blocking]='blocking'
    [deflate]='display rfc7692_6_connection rfc7692_7_1_negotiation rfc7692_7_2_messages rfc7692_7_2_renewal
        rfc7692_8_limits rfc7692_memory'
)
modules=("$@")
[ ${#modules[@]} -gt 0 ] || mapfile -t modules < <(printf '%s\n' "${!files[@]}" | sort)

command -v cargo-mutants > /dev/null || cargo install --quiet --locked --debug cargo-mutants@27.1.0

mkdir -p "$target"
clone=$target/clone
rm -rf "$clone"
git clone --quiet "$root" "$clone"
cd "$clone"
# A thousand builds, each for a run of a second: compile fast.
export CARGO_TARGET_DIR=$target/build CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_PROFILE_TEST_DEBUG=0
# A sample of the exhaustive tests is enough.
export PROPTEST_MAX_SHRINK_ITERS=0 WSFRAME_ONE_IN=1009

# judge MODULE: compares the mutants that survived with ci/survivors.txt, ignoring line numbers.
judge() {
    local found=$target/$1/mutants.out
    wc -l "$found"/{caught,timeout,unviable,missed}.txt | sed "s|$found/||; s/^/$1:/"
    sed -E 's/:[0-9]+:[0-9]+//' "$found/missed.txt" | sort -u > "$target/$1/missed"
    grep -E "^src/$1(\.rs|/)" "$root/ci/survivors.txt" | sort -u > "$target/$1/explained" || true
    diff --label explained --label survived -U0 "$target/$1/explained" "$target/$1/missed" ||
        { echo "FAILED: ci/survivors.txt does not explain what survived in $1" >&2; return 1; }
}

for module in "${modules[@]}"; do
    [ -n "${files[$module]:-}" ] || { echo "no module named $module; there are:" "${!files[@]}" >&2; exit 2; }
    mapfile -t only < <(tr -s ' \n' '\n' <<< "${tests[$module]}" | sed '/^$/d; s/$/::/')
    options=(--file "${files[$module]}" --features "$features")
    # A test that sends 64 MiB takes seconds.
    [ "$module" != deflate ] ||
        sed -i '/^const RENEW_AFTER/s/64 << 20/256 << 10/' src/deflate/mod.rs tests/it/rfc7692_7_2_renewal.rs
    # All must pass without a mutant.
    cargo test --package wsframe-tests --features "$features" -- "${only[@]}" > "$target/unchanged.log" ||
        { cat "$target/unchanged.log"; exit 1; }
    each_ran "$target/unchanged.log" "${only[@]}"
    rm -rf "$target/$module"
    mkdir -p "$target/$module"
    # The status is 2 or 3 if mutants survived or timed out, which `judge` looks at.
    status=0
    cargo mutants --package wsframe --test-package wsframe-tests "${options[@]}" --in-place --no-shuffle --baseline=skip \
        --timeout 30 --build-timeout 300 --output "$target/$module" -- -- "${only[@]}" || status=$?
    [[ $status == [023] ]] || { echo "FAILED: cargo mutants ends with status $status in $module" >&2; exit 1; }
    git checkout --quiet .
    judge "$module" || failed=yes
done
[ -z "${failed:-}" ]
