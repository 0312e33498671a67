#!/usr/bin/env bash
# Proves that the crate without features needs neither std, an allocator nor libc, by linking and
# running a program that has none of them. With the feature bytes the program has an allocator, but
# neither std nor libc. Then proves that no panic is reachable, by linking it with a panic handler
# that cannot be linked.
set -euo pipefail
cd "$(dirname "$0")/no_std"

target=$(rustc -vV | sed -n 's/^host: //p')
case $target in
    x86_64-unknown-linux-*|aarch64-unknown-linux-*) ;;
    *) echo "SKIPPED no_std proof: it is written for Linux on x86_64 and aarch64, not for $target"; exit 0 ;;
esac
program=${CARGO_TARGET_DIR:-target}/$target/release/no-std-proof
flags="-Clink-arg=-nostartfiles -Clink-arg=-nostdlib -Clink-arg=-static -Crelocation-model=static"

# runs WHAT FLAGS [OPTION…]
runs() {
    RUSTFLAGS="$flags $2" cargo build --quiet --release --target "$target" "${@:3}"
    "$program"
    echo "ok: linked without $1; runs"
}
runs "std, alloc and libc, with the opening handshake" "" --features handshake
runs "std and libc, with an allocator and messages as Bytes" "" --features bytes
runs "std, alloc and libc" ""
runs "a panic handler" "--cfg panic_free"

# Looks for symbols that must not be there, too.
symbols=$(nm "$program")
undefined=$(nm -u "$program")
! grep -E '__rust_(alloc|dealloc|realloc)|panicking|unwind' <<<"$symbols" ||
    { echo "FAILED: the symbols above are in the program" >&2; exit 1; }
[ -z "$undefined" ] || { echo "FAILED: undefined symbols" >&2; exit 1; }
echo "ok: no symbol of an allocator, a panic or an unwinder"
