#!/usr/bin/env bash
# Compares masking and validation with plain loops at each optimisation level (benches/levels), and
# writes the table to docs/speed.md. Run nothing else at the same time.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

sizes="16 B | 125 B | 1 KiB | 16 KiB"
{
    echo "| level | mask ${sizes//| /| mask } | ASCII ${sizes//| /| ASCII } | Korean ${sizes//| /| Korean } |"
    echo "|---|$(printf -- '---:|%.0s' {1..12})"
    for level in 0 1 2 3 s z; do
        export CARGO_PROFILE_RELEASE_OPT_LEVEL=$level CARGO_TARGET_DIR=target/levels/$level
        cargo build --quiet --release --manifest-path benches/levels/Cargo.toml
        "$CARGO_TARGET_DIR/release/levels" "$level"
    done
    echo
    echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(rustc --version | cut -d' ' -f1-2), $(date -u +%F)."
} | tee /dev/stderr | put_page docs/speed.md ci/levels.sh
