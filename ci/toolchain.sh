#!/usr/bin/env bash
# Unpacks a compiler that can build the standard library for every target and sanitizer: Debian's
# rustc, the source of its library, and LLVM's linker and sanitizers of the same version. Nothing is
# installed, so the machine does not change.
#
#     ci/toolchain.sh FOLDER            unpacks what is missing; the compiler is FOLDER/rustc
#     ci/toolchain.sh FOLDER 1.85       the same for a version that Debian has, with FOLDER/cargo
#     ci/toolchain.sh                   fails if this machine is not supported
#
# Downloads about 140 MB and takes 590 MB on disk. Needs Debian 12 with its security updates, or
# later, on x86_64.
set -euo pipefail

. /etc/os-release
if [ "$ID $(uname -sm)" != "debian Linux x86_64" ]; then
    echo "this takes Debian's compiler, on x86_64; this is $ID, $(uname -sm)" >&2
    exit 1
fi
[ $# -gt 0 ] || exit 0
folder=$(realpath -m "$1")

# Once unpacked it stays, whatever Debian has by then: remove the folder for the newest.
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
# Cargo of that version too, and what it needs that a machine may lack. The newest Rust has it already.
[ -z "$wanted" ] || packages+=("cargo-web=$version" libhttp-parser2.9 libpcre3)

rm -rf "$folder"
mkdir -p "$folder/packages"
# As root, apt would fetch as another user, who may not write here.
(cd "$folder/packages" && apt-get download -q -o APT::Sandbox::User=root "${packages[@]}" >&2)
for package in "$folder"/packages/*.deb; do dpkg-deb --extract "$package" "$folder"; done
rm -rf "$folder/packages" "$folder/usr/share" "$folder"/usr/src/*/{compiler,src/tools}

mkdir -p "$folder/usr/lib/rustlib/src"
ln -sfn "../../../src/rustc-$upstream" "$folder/usr/lib/rustlib/src/rust"
# The sanitizers, under the names by which rustc looks for its own.
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
# Last, since it says that all is there.
wrap rustc "$folder/usr/bin/rustc" --sysroot "$folder/usr"
"$folder/rustc" --version >&2
