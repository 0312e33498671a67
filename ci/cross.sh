#!/usr/bin/env bash
# Runs the tests on other processors: under qemu, on WebAssembly in Node.js, and on bare metal.
#
#     ci/cross.sh                             lists the targets
#     ci/cross.sh TARGET…                     runs these, or `all`
#     ci/cross.sh --only NAME,… TARGET…       runs tests whose path begins with a NAME
#
# With --only, each NAME must match at least one test.
#
# A target passes if tests ran, and none failed. Bare metal cannot run tests: there the program of
# ci/no_std is linked without a reachable panic, and checks itself when it runs.
#
# Exhaustive tests run one case in WSFRAME_ONE_IN (default 1009), and property tests PROPTEST_CASES
# cases (default 32). Tests that measure time are excluded. Installs the Debian packages that a target
# needs, and unpacks a compiler with ci/toolchain.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

export WSFRAME_ONE_IN=${WSFRAME_ONE_IN:-1009} PROPTEST_CASES=${PROPTEST_CASES:-32}
export CARGO_TERM_COLOR=never

targets=(aarch64 armv7 i686 powerpc powerpc64 s390x wasm32 wasm32-scalar thumbv6m thumbv7em riscv32imac)

# Sets what depends on the target: its description, triple, Debian packages, linker, and the runner of its programs.
describe() {
    skip=(--skip linear::) std=std flags= show=--show-output
    case $1 in
        aarch64) linux "64 bits, NEON" aarch64-unknown-linux-gnu aarch64-linux-gnu arm64 aarch64 ;;
        armv7) linux "32 bits" armv7-unknown-linux-gnueabihf arm-linux-gnueabihf armhf arm ;;
        powerpc) linux "32 bits, big-endian" powerpc-unknown-linux-gnu powerpc-linux-gnu powerpc ppc ;;
        powerpc64) linux "64 bits, big-endian" powerpc64-unknown-linux-gnu powerpc64-linux-gnu ppc64 ppc64 ;;
        s390x) linux "64 bits, big-endian" s390x-unknown-linux-gnu s390x-linux-gnu s390x s390x ;;
        i686)
            linux "32 bits" i686-unknown-linux-gnu i686-linux-gnu i386 i386
            # Without emulation, if the machine's kernel can run it.
            local system=/usr/i686-linux-gnu/lib
            ! "$system/ld-linux.so.2" --version >/dev/null 2>&1 ||
                runner="$system/ld-linux.so.2 --library-path $system"
            ;;
        wasm32) wasm "32 bits, simd128" -Ctarget-feature=+simd128 ;;
        wasm32-scalar) wasm "32 bits" "" ;;
        thumbv6m) metal "32 bits, no compare-and-swap" thumbv6m-none-eabi arm ;;
        thumbv7em) metal "32 bits" thumbv7em-none-eabihf arm ;;
        riscv32imac) metal "32 bits" riscv32imac-unknown-none-elf riscv32 ;;
        *) echo "no target named $1; there are: ${targets[*]}" >&2; exit 2 ;;
    esac
}
linux() { # what, triple, GNU's name, Debian's name, qemu's name
    kind=linux what=$1 triple=$2 linker=$3-gcc runner="qemu-$5 -L /usr/$3"
    packages=("gcc-$3" "libc6-dev-$4-cross" qemu-user)
}
wasm() { # what, flags
    kind=wasm what=$1 triple=wasm32-wasip1 linker=$toolchain/wasm-ld std=std,panic_abort
    runner="node --no-warnings $PWD/ci/wasi.mjs"
    packages=(wasi-libc)
    command -v node >/dev/null || packages+=(nodejs)
    # A panic ends the program, and captured output would be lost.
    show=--no-capture
    # Debian's wasi-libc lacks some functions of threads, which std refers to and never calls.
    flags="$2 -Clink-arg=--unresolved-symbols=ignore-all"
    skip+=(--skip all_sequences_at_block_edges) # WASI has no threads
}
metal() { # what, triple, qemu's name
    kind=metal what=$1 triple=$2 linker=$toolchain/ld.lld runner=qemu-$3 std=core
    packages=(qemu-user)
}

cargo_for() { # the rest of a command of cargo
    local name
    name=$(tr a-z- A-Z_ <<<"$triple")
    # -Zbuild-std needs a nightly compiler, or this variable.
    env RUSTC_BOOTSTRAP=1 RUSTC="$toolchain/rustc" CARGO_TARGET_DIR="$work/$target" \
        "CARGO_TARGET_${name}_LINKER=$linker" "CARGO_TARGET_${name}_RUNNER=$runner" \
        "CARGO_TARGET_${name}_RUSTFLAGS=$flags ${RUSTFLAGS:-}" \
        cargo "$1" "-Zbuild-std=$std" --target "$triple" "${@:2}"
}

run_tests() {
    if [ "$kind" = wasm ]; then
        # Where rustc looks for the startup code of WASI programs.
        local own=$toolchain/usr/lib/rustlib/$triple/lib/self-contained
        mkdir -p "$own"
        cp /usr/lib/wasm32-wasi/{crt1*.o,libc.a} "$own"
    fi
    cargo_for test --package wsframe-tests --all-features --config profile.test.debug=false -- \
        $show "${skip[@]}" "${only[@]}"
}

run_metal() {
    local features program=$work/$target/$triple/release/no-std-proof
    for features in "" handshake,rand handshake,rand,deflate; do
        std=core,alloc cargo_for build --lib --no-default-features --features "$features" \
            --config profile.dev.debug=false
    done
    cd ci/no_std
    cargo_for rustc --release --features handshake
    $runner "$program"
    cargo_for rustc --release -- --cfg panic_free
    $runner "$program"
}

# Reads the result of a target from its log.
judge() {
    # Where output is not captured, the test's name comes before it.
    backend=$(sed -En 's/^(test .* )?backends: //p' "$log" | head -n 1)
    if [ "$kind" = metal ]; then
        backend=words passed=runs failed= skipped=
        return "$result"
    fi
    all_passed "$log"
}

take_only "$@"
[ ${#arguments[@]} -gt 0 ] || { echo "ci/cross.sh [--only NAME,…] TARGET…, or all: ${targets[*]}"; exit 0; }
ci/toolchain.sh || { echo "SKIPPED other processors"; exit 0; }
[ "${arguments[*]}" = all ] || targets=("${arguments[@]}")

work=$(realpath -m "${CARGO_TARGET_DIR:-target}")/cross
toolchain=$work/toolchain
for target in "${targets[@]}"; do describe "$target"; done # Fails early for an unknown target.
ci/toolchain.sh "$toolchain"

status=0
for target in "${targets[@]}"; do
    describe "$target"
    log=$work/$target.log start=$SECONDS result=0
    echo "--- $target"
    install "${packages[@]}" >"$log" 2>&1 || result=$?
    describe "$target" # The runner depends on what is installed.
    if [ "$result" = 0 ]; then
        if [ "$kind" = metal ]; then logged "$log" run_metal; else logged "$log" run_tests; fi
    fi
    if judge; then
        echo "ok: $what, $backend: $passed${failed:+ passed, $failed failed, $skipped left out}, $((SECONDS - start)) s"
    else
        status=1
        show_failure "$target" "$log"
    fi
done
exit $status
