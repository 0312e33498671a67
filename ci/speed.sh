#!/usr/bin/env bash
# Writes the measurements in docs/speed.md. Run nothing else at the same time.
#
#     ci/speed.sh [OPTION…]       wsframe against other crates: tables and charts; takes five minutes. The options are
#                                 those of benches/rivals, such as --rounds 9
#     ci/speed.sh levels          masking and validation against plain loops at each optimisation level
#
# The page has tables for each kind of machine, named after its best backend; only this machine's are replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

if [ "${1:-}" != levels ]; then
    page=$(mktemp)
    trap 'rm -f "$page"' EXIT
    cargo run --release --manifest-path benches/rivals/Cargo.toml -- all --svg docs --ratios "$page" "$@"
    best=$(sed -En '1s/.* backends ([a-z0-9]+).*/\1/p' "$page")
    put_page docs/speed.md "benches/rivals, $best" <"$page"
    exit
fi
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
} | tee /dev/stderr | put_page docs/speed.md levels
