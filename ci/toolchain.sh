#!/usr/bin/env bash
# Unpacks a compiler that can build the standard library for every target and sanitizer: Debian's
# rustc, the source of its library, and LLVM's linker and sanitizers. Installs nothing.
#
#     ci/toolchain.sh FOLDER            unpacks what is missing; the compiler is FOLDER/rustc
#     ci/toolchain.sh FOLDER 1.85       the same for a version that Debian has, with FOLDER/cargo
#     ci/toolchain.sh                   fails if this machine is not supported
#
# Downloads 140 MB, takes 590 MB on disk, and needs Debian 12 with its security updates, or later.
set -euo pipefail

. /etc/os-release
[ "$ID $(uname -sm)" = "debian Linux x86_64" ] ||
    { echo "needs Debian on x86_64; this is $ID, $(uname -sm)" >&2; exit 1; }
[ $# -gt 0 ] || exit 0
folder=$(realpath -m "$1")

# To get a newer version, remove the folder.
[ ! -x "$folder/rustc" ] || exit 0

as_root=$([ "$(id -u)" = 0 ] || echo sudo)
$as_root apt-get update -q >&2

wanted=${2:-}
version=$(apt-cache madison rustc-web | awk -v wanted="$wanted" 'index($3, wanted) == 1 { print $3; exit }') || true
[ -n "$version" ] || { echo "FAILED: apt knows no package rustc-web${wanted:+ of version $wanted}" >&2; exit 1; }
upstream=${version%%+*}
minor=${upstream%.*}
llvm=$(apt-cache depends "libstd-rust-web-$minor=$version" | sed -n 's/.*Depends: libllvm//p')
packages=("rustc-web=$version" "libstd-rust-web-dev=$version" "libstd-rust-web-$minor=$version"
    "rust-web-src=$version" "libllvm$llvm" "lld-$llvm" "libclang-rt-$llvm-dev")
# For an old version also its Cargo, and the libraries that it needs.
[ -z "$wanted" ] || packages+=("cargo-web=$version" libhttp-parser2.9 libpcre3)

rm -rf "$folder"
mkdir -p "$folder/packages"
# As root, apt downloads as another user, without permission for this folder.
(cd "$folder/packages" && apt-get download -q -o APT::Sandbox::User=root "${packages[@]}" >&2)
for package in "$folder"/packages/*.deb; do dpkg-deb --extract "$package" "$folder"; done
rm -rf "$folder/packages" "$folder/usr/share" "$folder"/usr/src/*/{compiler,src/tools}

mkdir -p "$folder/usr/lib/rustlib/src"
ln -sfn "../../../src/rustc-$upstream" "$folder/usr/lib/rustlib/src/rust"
# The sanitizers, under the names that rustc expects.
for sanitizer in asan msan tsan; do
    ln -s "$folder/usr/lib/llvm-$llvm/lib/clang/$llvm/lib/linux/libclang_rt.$sanitizer-x86_64.a" \
        "$folder/usr/lib/rustlib/x86_64-unknown-linux-gnu/lib/librustc-stable_rt.$sanitizer.a"
done
wrap() { # name, program, arguments…
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' \
        "$folder/usr/lib/x86_64-linux-gnu:$folder/lib/x86_64-linux-gnu" "${*:2}" >"$folder/$1"
    chmod +x "$folder/$1"
}
wrap ld.lld "$folder/usr/lib/llvm-$llvm/bin/ld.lld"
wrap wasm-ld "$folder/usr/lib/llvm-$llvm/bin/wasm-ld"
[ -z "$wanted" ] || wrap cargo "$folder/usr/bin/cargo"
# Last, because its presence means that all is unpacked.
wrap rustc "$folder/usr/bin/rustc" --sysroot "$folder/usr"
"$folder/rustc" --version >&2
