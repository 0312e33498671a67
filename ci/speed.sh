#!/usr/bin/env bash
# Writes the measurements in docs/speed.md. Run nothing else at the same time.
#
#     ci/speed.sh [OPTION…]       wsframe against other crates: tables and charts; takes five minutes. The options are
#                                 those of benches/rivals, such as --rounds 9
#
# The page has tables for each kind of machine, named after its best backend; only this machine's are replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

page=$(mktemp)
trap 'rm -f "$page"' EXIT
cargo run --release --manifest-path benches/rivals/Cargo.toml -- all --svg docs --ratios "$page" "$@"
best=$(sed -En '1s/.* backends ([a-z0-9]+).*/\1/p' "$page")
put_page docs/speed.md "benches/rivals, $best" <"$page"
