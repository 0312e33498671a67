#!/usr/bin/env bash
# Which lines and regions of src the tests reach: all but those of the examples, and of time, and without
# doctests.
# Writes the figures and the lines that none reaches to docs/testing.md, and fails if one of these is in a
# function that ci/unreached.txt does not explain.
#
# Needs the tools of the compiler's own LLVM: rustup's component llvm-tools, or Debian's package, which
# is installed if neither is there. Takes a few minutes, most of them to build what the tests need.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh
target=${CARGO_TARGET_DIR:-target}/coverage
mkdir -p "$target"
target=$(cd "$target" && pwd)

llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
tools=$(rustc --print target-libdir)/../bin
[ -x "$tools/llvm-cov" ] || tools=/usr/lib/llvm-$llvm/bin
[ -x "$tools/llvm-cov" ] || install "llvm-$llvm"

# This crate alone is instrumented, not what it depends on.
printf '#!/bin/sh\nexec "$@" -Cinstrument-coverage\n' > "$target/wrapper"
chmod +x "$target/wrapper"
export RUSTC_WORKSPACE_WRAPPER=$target/wrapper CARGO_TARGET_DIR=$target
# Counting takes its time: of the very many sequences of bytes some are enough, as each line needs one.
export WSFRAME_ONE_IN=101 WSFRAME_ONE_WRONG_IN=100001

rm -f "$target"/*.profraw
export LLVM_PROFILE_FILE=$target/%p-%8m.profraw
cargo test --quiet --all-features --lib --test it -- --skip linear::
cargo test --quiet --all-features --lib --test it --no-run --message-format=json |
    grep -oE '"executable":"[^"]+"' | cut -d'"' -f4 > "$target/programs"

"$tools/llvm-profdata" merge -sparse "$target"/*.profraw -o "$target/profile"
mapfile -t programs < <(sed '2,$s/^/-object=/' "$target/programs")
export_as() {
    "$tools/llvm-cov" export "$@" "${programs[@]}" -instr-profile="$target/profile" "$PWD/src"
}
export_as -format=lcov > "$target/lines.lcov"
export_as -format=text -summary-only > "$target/summary.json"

backends=$(cargo test --quiet --all-features --test it backends:: -- --nocapture | sed -n 's/^backends: //p')
python3 -B ci/coverage.py "$target/lines.lcov" "$target/summary.json" \
    "$(date -u +%F), $(rustc -V | cut -d' ' -f1-2), LLVM $llvm, $(uname -m); backends: $backends"
