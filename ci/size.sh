#!/usr/bin/env bash
# Measures how much the crate adds to programs, and fails if a size exceeds its limit.
#
#     ci/size.sh [--table FILE]      also writes the sizes on bare metal into the table of FILE
#
# The programs are in ci/size:
#
# - Echo servers for a Cortex-M4 over memory-mapped I/O, with the backend `small`, built like firmware. The size is
#   .text plus .rodata of the whole program, including `core`. Two use other crates; they have no limit.
# - A program for this machine that masks, and the same without masking. The size is the difference.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh

work=$(realpath -m "${CARGO_TARGET_DIR:-target}")
status=0 table=
[ "${1:-}" != --table ] || table=$(realpath "$2")

# within NAME BYTES BOUND: prints the size. If it is over its bound, the script fails at its end.
within() {
    if [ "$2" -le "$3" ]; then
        echo "ok: $1: $2 bytes, at most $3"
    else
        echo "FAILED: $1: $2 bytes, more than $3" >&2
        status=1
    fi
}

# sections PROGRAM: the sizes of .text and .rodata, added up.
sections() {
    local size sum=0
    for size in $(readelf -SW "$1" | sed -nE 's/.* \.(text|rodata)[^ ]* +PROGBITS +[^ ]+ +[^ ]+ +([^ ]+) .*/\2/p'); do
        sum=$((sum + 16#$size))
    done
    echo "$sum"
}

on_this_machine() {
    CARGO_TARGET_DIR=$work/size cargo build --quiet --release --manifest-path ci/size/Cargo.toml \
        --bin masks --bin masks_nothing
    local with without
    with=$(stat -c %s "$work/size/release/masks")
    without=$(stat -c %s "$work/size/release/masks_nothing")
    within "mask::apply in a program for this machine" $((with - without)) 12000
}

without_system() {
    local toolchain=$work/cross/toolchain target=thumbv7em-none-eabi name size
    ci/toolchain.sh || { echo "SKIPPED the size of programs for microcontrollers"; return; }
    ci/toolchain.sh "$toolchain"
    # -Zbuild-std needs a nightly compiler, or this variable.
    RUSTC_BOOTSTRAP=1 RUSTC=$toolchain/rustc CARGO_TARGET_DIR=$work/size \
        CARGO_TARGET_THUMBV7EM_NONE_EABI_LINKER=$toolchain/ld.lld \
        CARGO_TARGET_THUMBV7EM_NONE_EABI_RUSTFLAGS='--cfg wsframe_backend="small"' \
        cargo build --quiet --profile firmware --manifest-path ci/size/Cargo.toml --features peers \
        -Zbuild-std=core --target "$target" ${programs[@]/#/--bin=}
    for name in "${programs[@]}"; do
        size=$(sections "$work/size/$target/firmware/$name")
        [ -z "$table" ] || sed -i -E "s/^(\| \`$name\`: [^|]*\| )[0-9]+ \|/\1$size |/" "$table"
        if [ -z "${bounds[$name]:-}" ]; then echo "$name: $size bytes"; continue; fi
        within "$name" "$size" "${bounds[$name]}"
    done
    [ -z "$table" ] ||
        sed -i -E "s/^rustc .*, [0-9-]+\.$/$("$toolchain/rustc" --version | cut -d' ' -f1-2), $(date -u +%F)./" "$table"
}

programs=(connection frames header embedded_websocket edge_ws)
declare -A bounds=([connection]=9500 [frames]=2800 [header]=1900)

without_system
on_this_machine
exit $status
