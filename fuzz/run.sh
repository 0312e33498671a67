#!/usr/bin/env bash
# Runs every fuzz target for a number of seconds, as many at a time as there are cores.
#
#     fuzz/run.sh [--keep] [SECONDS] [TARGET…]        default: 60 seconds, all targets
#
# Installs cargo-fuzz if it is missing. Needs a nightly toolchain for libFuzzer's instrumentation.
# New inputs are written to fuzz/corpus, which is not in the repository, and failing inputs to
# fuzz/artifacts.
#
# With --keep, inputs that reach code which no input in fuzz/inputs reaches are added to
# fuzz/inputs. Every fuzzer starts from these, and tests/it/seeds.rs runs them.
set -euo pipefail
cd "$(dirname "$0")/.."

keep=
if [ "${1:-}" = --keep ]; then keep=yes; shift; fi
seconds=${1:-60}
shift || true
targets=("$@")
only=() # the target to build; all, if there are several
[ ${#targets[@]} -ne 1 ] || only=("${targets[@]}")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs -a fuzz/fuzz_targets/*.rs)

cargo +nightly --version >/dev/null || { echo "fuzz/run.sh: no nightly toolchain" >&2; exit 1; }
command -v cargo-fuzz >/dev/null ||
    env -u CARGO_TARGET_DIR cargo install --quiet --locked --debug cargo-fuzz@0.13.2
cargo +nightly fuzz build "${only[@]}" 2>&1 | tail -n 1

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# fuzz TARGET DIRECTORY… -- OPTION…: an input that takes ten seconds or allocates 256 MB is a failure.
fuzz() { cargo +nightly fuzz run "$@" -max_len=4096 -timeout=10 -malloc_limit_mb=256 >>"$logs/$target" 2>&1; }

# Compares edges alone, not how often each is taken, so that few inputs are kept.
keep() {
    cp -r "$logs/known-$target" "$logs/kept-$target"
    fuzz "$target" "$logs/kept-$target" "fuzz/corpus/$target" -- -merge=1 -use_counters=0 &&
        fuzz/inputs.py add "$target" "$logs/kept-$target"
}

run_target() {
    local target=$1 known=$logs/known-$1 executions coverage
    mkdir -p "fuzz/corpus/$target" "$known"
    fuzz/inputs.py unpack "$target" "$known"
    if fuzz "$target" "fuzz/corpus/$target" "$known" -- -max_total_time="$seconds" -print_final_stats=1 &&
        { [ -z "$keep" ] || keep; }; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target" | head -n 1)
        coverage=$(grep -oE 'cov: [0-9]+' "$logs/$target" | tail -n 1)
        echo "$target: ${executions:-no} executions in ${seconds} s, ${coverage:-cov: none}, nothing found"
        [ "${executions:-0}" -gt 0 ]
    else
        echo "$target: FAILED"
        tail -n 40 "$logs/$target"
        return 1
    fi
}
export -f fuzz keep run_target
export seconds logs keep

printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_target {}'
