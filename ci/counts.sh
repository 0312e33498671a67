#!/usr/bin/env bash
# Counts the instructions that the library executes for small frames. Fails if a count is more than
# 3 % above benches/counts/baseline.txt. With --update, refreshes the baseline.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh
cd benches/counts

[ "$(uname -sm)" = "Linux x86_64" ] ||
    { echo "SKIPPED instruction counts: they are kept for Linux on x86_64, not for $(uname -sm)"; exit 0; }
for feature in avx2 bmi1 bmi2; do
    grep -qw "$feature" /proc/cpuinfo ||
        { echo "SKIPPED instruction counts: they are kept for AVX2, and this machine has no $feature"; exit 0; }
done

command -v valgrind > /dev/null || install valgrind

# Without flags from outside, which would change the counts.
unset CARGO_ENCODED_RUSTFLAGS
RUSTFLAGS="" cargo run --quiet --locked --profile counts -- "$@"
