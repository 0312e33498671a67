#!/usr/bin/env bash
# Runs the tests under sanitizers.
#
#     ci/sanitize.sh [address|memory|thread]…     default: address
#     ci/sanitize.sh --only NAME,… …          runs tests whose path begins with a NAME
#
#     address     reads and writes outside allocations, or after they were freed
#     memory      decisions that depend on uninitialised memory; also builds the standard library
#     thread      data races; also builds the standard library
#
# With --only, each NAME must match at least one test.
#
# Before the tests, each tool must find a planted bug (ci/sanitize/src/bin), and nothing in a program
# without one. The fuzzers always run under AddressSanitizer.
#
# Exhaustive tests run one case in WSFRAME_ONE_IN (default 1009), and property tests PROPTEST_CASES
# cases (default 32). Tests that measure time are excluded. Unpacks a compiler with ci/toolchain.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

export WSFRAME_ONE_IN=${WSFRAME_ONE_IN:-1009} PROPTEST_CASES=${PROPTEST_CASES:-32}
export CARGO_TERM_COLOR=never
target=x86_64-unknown-linux-gnu

take_only "$@"
[ ${#arguments[@]} -gt 0 ] || arguments=(address)
ci/toolchain.sh || { echo "SKIPPED sanitizers"; exit 0; }

folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
toolchain=$folder/cross/toolchain
work=$folder/sanitize
mkdir -p "$work"
ci/toolchain.sh "$toolchain"

# Sets what depends on the tool: the bug that it must find, and its message.
describe() {
    std=()
    case $1 in
        address) fault=over_read says='AddressSanitizer: heap-buffer-overflow' ;;
        memory) fault=uninitialised says='MemorySanitizer: use-of-uninitialized-value' std=(-Zbuild-std) ;;
        thread) fault=race says='ThreadSanitizer: data race' std=(-Zbuild-std) ;;
        *) echo "no sanitizer named $1; there are: address memory thread" >&2; exit 2 ;;
    esac
}

# Builds programs like the tests, and prints their paths.
build() {
    RUSTC_BOOTSTRAP=1 RUSTC="$toolchain/rustc" RUSTFLAGS=-Zsanitizer=$name CARGO_TARGET_DIR=$work/$name \
        cargo "$1" "${std[@]}" --target $target "${@:2}" --message-format=json-render-diagnostics |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

# Fails unless the tool finds the planted bug, and nothing in a program without one.
prove() {
    local programs folder out=$work/$name.planted
    programs=$(build build --profile test --package planted)
    folder=$(dirname "$(head -n 1 <<<"$programs")")
    "$folder/nothing" >"$out" 2>&1 ||
        { cat "$out"; echo "FAILED: $name finds something in nothing" >&2; return 1; }
    ! "$folder/$fault" >"$out" 2>&1 || { echo "FAILED: $name lets the planted $fault pass" >&2; return 1; }
    grep -q "$says" "$out" || { cat "$out"; echo "FAILED: $name does not say: $says" >&2; return 1; }
    echo "the planted $fault is found: $says"
}

run_tests() {
    local programs
    programs=$(build test --no-run --package wsframe-tests --all-features)
    $programs --show-output --skip linear:: "${only[@]}"
}

for name in "${arguments[@]}"; do describe "$name"; done # Fails early for an unknown tool.
status=0
for name in "${arguments[@]}"; do
    describe "$name"
    echo "--- $name"
    start=$SECONDS log=$work/$name.log
    prove
    : >"$log"
    logged "$log" run_tests
    if all_passed "$log"; then
        backends=$(sed -n 's/^backends: //p' "$log")
        echo "ok: $passed passed, $failed failed, $skipped left out, on $backends; $((SECONDS - start)) s"
    else
        status=1
        show_failure "$name" "$log"
    fi
done
exit $status
