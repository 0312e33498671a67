#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, as many at a time as there are cores.
#
#     fuzz/run.sh [--table FILE] [--keep] [SECONDS] [TARGET…]        default: 60, all targets
#
# Installs cargo-fuzz if it is missing; needs a nightly toolchain, which libFuzzer's instrumentation does.
# What is found goes to fuzz/corpus (not kept in the repository) and, if it fails, to fuzz/artifacts. After a
# minute or more, a corpus is cut down to what reaches something that the rest of it does not. FILE gets the
# last result of each target that ran for so long. With --keep, inputs that reach code which neither the seeds nor
# what is kept already does are added to fuzz/found, which is in the repository: tests/seeds.rs runs them, and
# every run of a fuzzer begins with them.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/lib.sh

table= keep=
while :; do
    case ${1:-} in
        --table) table=$(realpath "$2"); shift 2 ;;
        --keep) keep=yes; shift ;;
        *) break ;;
    esac
done
seconds=${1:-60}
shift || true
targets=("$@")
only=("${targets[@]:0:1}") # What is built: one target, or all.
[ ${#targets[@]} -eq 1 ] || only=()
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs -a fuzz/fuzz_targets/*.rs)

cargo +nightly --version >/dev/null || { echo "fuzz/run.sh: no nightly toolchain" >&2; exit 1; }
command -v cargo-fuzz >/dev/null ||
    env -u CARGO_TARGET_DIR cargo install --quiet --locked --debug cargo-fuzz@0.13.2
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

# By edges alone, not by how often each is taken, so that what is kept stays small.
keep() {
    local kept=$logs/kept-$target
    cp -r "$logs/known-$target" "$kept"
    fuzz "$target" "$kept" "fuzz/corpus/$target" -- -merge=1 -use_counters=0 &&
        fuzz/found.py pack "fuzz/found/$target" "$kept" "fuzz/seeds/$target"
}

run_target() {
    local target=$1 known=$logs/known-$1
    mkdir -p "fuzz/corpus/$target" "$known"
    [ "$seconds" -lt 60 ] || rm -f "$results/$target.row"
    [ ! -d "fuzz/seeds/$target" ] || cp "fuzz/seeds/$target"/* "$known"
    fuzz/found.py unpack "fuzz/found/$target" "$known"
    if fuzz "$target" "fuzz/corpus/$target" "$known" -- \
        -max_total_time="$seconds" -print_final_stats=1; then
        local executions coverage corpus
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
        coverage=$(grep -oE 'cov: [0-9]+' "$logs/$target" | tail -n 1)
        [ "$seconds" -lt 60 ] || minimise || { tail -n 40 "$logs/$target"; return 1; }
        [ -z "$keep" ] || keep || { tail -n 40 "$logs/$target"; return 1; }
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
export -f fuzz minimise keep run_target
export seconds logs results keep

status=0
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_target {}' || status=$?

report() {
    echo "| target | seconds | executions | edges reached | bytes of corpus | day |"
    echo "|---|---:|---:|---:|---:|---|"
    rows "$results" $(basename -s .rs -a fuzz/fuzz_targets/*.rs)
}
[ -z "$table" ] || report | ci/table.sh "$table" "fuzz/run.sh"
exit $status
