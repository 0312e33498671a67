#!/usr/bin/env bash
# Measures which lines and regions of src the integration tests run. Excludes doctests, the
# tests of the examples, and the test that measures time.
#
# Prints the percentages of each file, and the functions with lines that no test runs.
#
# Needs the tools of the compiler's LLVM: rustup's component llvm-tools, or Debian's package, which
# is installed if both are missing. Takes a few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/coverage
mkdir -p "$target"

llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
tools=$(rustc --print target-libdir)/../bin
[ -x "$tools/llvm-cov" ] || tools=/usr/lib/llvm-$llvm/bin
[ -x "$tools/llvm-cov" ] || install "llvm-$llvm"

# Instruments this workspace alone, without dependencies.
printf '#!/bin/sh\nexec "$@" -Cinstrument-coverage\n' > "$target/wrapper"
chmod +x "$target/wrapper"
export RUSTC_WORKSPACE_WRAPPER=$target/wrapper CARGO_TARGET_DIR=$target
# Counting is slow, and a sample of the exhaustive tests reaches every line.
export WSFRAME_ONE_IN=101 WSFRAME_ONE_WRONG_IN=100001

rm -f "$target"/*.profraw
export LLVM_PROFILE_FILE=$target/%p-%8m.profraw
cargo test --quiet --package wsframe-tests --all-features -- --skip linear::
cargo test --quiet --package wsframe-tests --all-features --no-run --message-format=json |
    grep -oE '"executable":"[^"]+"' | cut -d'"' -f4 > "$target/programs"

"$tools/llvm-profdata" merge -sparse "$target"/*.profraw -o "$target/profile"
mapfile -t programs < <(sed '2,$s/^/-object=/' "$target/programs")
"$tools/llvm-cov" report "${programs[@]}" -instr-profile="$target/profile" "$PWD/src" |
    awk 'NR < 3 || /^TOTAL/ || $1 ~ /rs$/ { print $1, $4, $7, $10 }' | column -t
"$tools/llvm-cov" export -format=lcov "${programs[@]}" -instr-profile="$target/profile" "$PWD/src" >"$target/lines.lcov"

echo "functions with lines that no test runs:"
awk -F'[:,]' -v src="$PWD/src/" '
    $1 == "SF" {
        file = substr($2, length(src) + 1); line = 0; delete name
        while ((getline text <$2) > 0) {
            if (match(text, /(fn|macro_rules!) \$?[a-z0-9_A-Z]+/))
                { split(substr(text, RSTART, RLENGTH), word, / \$?/); current = word[2] }
            name[++line] = current
        }
    }
    $1 == "DA" && $3 == 0 { print file, name[$2] }
' "$target/lines.lcov" | sort -u
