#!/usr/bin/env bash
# Measures wsframe beside other crates, and puts the ratios into docs/speed.md and the charts beside it. Takes
# five minutes; whatever else the machine does meanwhile, the figures are of.
#
#     ci/speed.sh [OPTION…]       options of benches/rivals, such as --rounds 9
set -euo pipefail
cd "$(dirname "$0")/.."

page=$(mktemp)
trap 'rm -f "$page"' EXIT
cargo run --release --manifest-path benches/rivals/Cargo.toml -- all --svg docs --ratios "$page" "$@"
ci/table.sh docs/speed.md "benches/rivals" <"$page"
