#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, as many at a time as there are cores.
#
#     fuzz/run.sh [--table FILE] [SECONDS] [TARGET…]        default: 60, all targets
#
# Installs cargo-fuzz if it is missing; needs a nightly toolchain, which libFuzzer's instrumentation does.
# What is found goes to fuzz/corpus (not kept in the repository) and, if it fails, to fuzz/artifacts. After a
# minute or more, a corpus is cut down to what reaches something that the rest of it does not. FILE gets the
# last result of each target that ran for so long.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/lib.sh

table=
if [ "${1:-}" = --table ]; then
    table=$(realpath "$2")
    shift 2
fi
seconds=${1:-60}
shift || true
targets=("$@")
only=("${targets[@]:0:1}") # What is built: one target, or all.
[ ${#targets[@]} -eq 1 ] || only=()
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs -a fuzz/fuzz_targets/*.rs)

cargo +nightly --version >/dev/null || { echo "fuzz/run.sh: no nightly toolchain" >&2; exit 1; }
command -v cargo-fuzz >/dev/null || cargo install --quiet --locked cargo-fuzz@0.13.2
cargo +nightly fuzz build "${only[@]}" 2>&1 | tail -n 1

results=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzzed
mkdir -p "$results"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# fuzz TARGET DIRECTORY… -- OPTION…
# An input that takes ten seconds loops, and one allocation of so much is by a declared length.
fuzz() {
    cargo +nightly fuzz run "$@" -max_len=4096 -timeout=10 -malloc_limit_mb=256 >>"$logs/$target" 2>&1
}

minimise() {
    local corpus=fuzz/corpus/$target
    rm -rf "$corpus.least"
    mkdir "$corpus.least"
    fuzz "$target" "$corpus.least" "$corpus" -- -merge=1 &&
        rm -r "$corpus" && mv "$corpus.least" "$corpus"
}

run_target() {
    local target=$1 seeds=()
    mkdir -p "fuzz/corpus/$target"
    [ "$seconds" -lt 60 ] || rm -f "$results/$target.row"
    [ ! -d "fuzz/seeds/$target" ] || seeds=("fuzz/seeds/$target")
    if fuzz "$target" "fuzz/corpus/$target" "${seeds[@]}" -- \
        -max_total_time="$seconds" -print_final_stats=1; then
        local executions coverage corpus
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
        coverage=$(grep -oE 'cov: [0-9]+' "$logs/$target" | tail -n 1)
        [ "$seconds" -lt 60 ] || minimise || { tail -n 40 "$logs/$target"; return 1; }
        corpus=$(du -b -s "fuzz/corpus/$target" | cut -f1)
        echo "$target: ${executions:-no} executions in ${seconds} s, ${coverage:-cov: none}," \
            "$corpus bytes of corpus, nothing found"
        [ "$seconds" -lt 60 ] || echo "| $target | $seconds | ${executions:-0} | ${coverage#cov: } |" \
            "$corpus | $(date -u +%F) |" >"$results/$target.row"
        [ "${executions:-0}" -gt 0 ]
    else
        echo "$target: FAILED"
        tail -n 40 "$logs/$target"
        return 1
    fi
}
export -f fuzz minimise run_target
export seconds logs results

status=0
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_target {}' || status=$?

report() {
    echo "| target | seconds | executions | edges reached | bytes of corpus | day |"
    echo "|---|---:|---:|---:|---:|---|"
    rows "$results" $(basename -s .rs -a fuzz/fuzz_targets/*.rs)
}
[ -z "$table" ] || report | ci/table.sh "$table" "fuzz/run.sh"
exit $status
