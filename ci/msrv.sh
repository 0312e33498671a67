#!/usr/bin/env bash
# Builds the crate with the MSRV in Cargo.toml, and runs the tests.
#
#     ci/msrv.sh               runs all integration tests
#     ci/msrv.sh kernels       runs those of the kernels
#
# That compiler is too old for the vector backends, so the backend is `words`. The compiler and its
# Cargo are Debian's: see ci/toolchain.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
ci/toolchain.sh || { echo "SKIPPED the build with Rust $oldest"; exit 0; }
work=$(realpath -m "${CARGO_TARGET_DIR:-target}")/msrv
ci/toolchain.sh "$work/toolchain" "$oldest"
export RUSTC=$work/toolchain/rustc CARGO_TARGET_DIR=$work/target CARGO_TERM_COLOR=never
cargo=$work/toolchain/cargo

# Without dev-dependencies, which may need a newer compiler.
crate_alone "$work/crate"
for features in --no-default-features "" --all-features; do
    (cd "$work/crate" && "$cargo" check --quiet $features)
done
echo "ok: builds with Rust $oldest"

WSFRAME_ONE_IN=${WSFRAME_ONE_IN:-101} "$cargo" test --quiet --locked --package wsframe-tests --all-features ${1:+--test "$1"}
