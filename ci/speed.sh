#!/usr/bin/env bash
# Measures wsframe against other crates, and writes the ratios and charts to docs/speed.md. The page
# has tables for each kind of machine, named after its best backend; only this machine's are
# replaced. Takes five minutes. Run nothing else at the same time.
#
#     ci/speed.sh [OPTION…]       options of benches/rivals, such as --rounds 9
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

page=$(mktemp)
trap 'rm -f "$page"' EXIT
cargo run --release --manifest-path benches/rivals/Cargo.toml -- all --svg docs --ratios "$page" "$@"
# The tables of a kind of machine are named after its best backend.
best=$(sed -En '1s/.* backends ([a-z0-9]+).*/\1/p' "$page")
put_page docs/speed.md "benches/rivals, $best" <"$page"
