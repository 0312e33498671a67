#!/usr/bin/env bash
# Measures wsframe against other crates, and writes the ratios and charts to docs/speed.md. The page
# has tables for each kind of machine, named after its best backend; only this machine's are
# replaced. Takes five minutes. Run nothing else at the same time.
#
#     ci/speed.sh [OPTION…]       options of benches/rivals, such as --rounds 9
set -euo pipefail
cd "$(dirname "$0")/.."

page=$(mktemp)
trap 'rm -f "$page"' EXIT
cargo run --release --manifest-path benches/rivals/Cargo.toml -- all --svg docs --ratios "$page" "$@"
# The tables of a kind of machine, named by its best backend, stand between two comments.
best=$(sed -En '1s/.* backends ([a-z0-9]+).*/\1/p' "$page")
from="^<!-- benches/rivals, $best -->$" to="^<!-- end of benches/rivals, $best -->$"
grep -q "$from" docs/speed.md && grep -q "$to" docs/speed.md
{ echo; cat "$page"; echo; } >"$page.new" && mv "$page.new" "$page"
sed -i -e "\|$from|,\|$to|{//!d}" -e "\|$from|r $page" docs/speed.md
