#!/usr/bin/env bash
# Other crates on wsframe: fetches each through cargo, runs its own tests, patches its masking, headers and
# UTF-8 to call wsframe, and runs them again. Fails unless as many pass as before, and none fails.
#
#   tests/adoption/run.sh [CRATE…]             all crates that there is a patch for, or these
#   tests/adoption/run.sh check                only that the patches fit, and that what they make builds
#   tests/adoption/run.sh autobahn [client]    tungstenite with permessage-deflate, as an echo server (or as
#                                              a client), against the suite's cases with compression
#
# A patch is for the version in its name. It holds our lines alone (see patch.py). Everything else is in
# target/adoption.

set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/target/adoption
crates=(tungstenite fastwebsockets tokio-websockets)
export CARGO_TARGET_DIR=$work/build

# The features of a crate that need neither a TLS library nor a network, and its tests. Of the tests of
# fastwebsockets one is left out: it compiles programs that it looks for in a folder of its own.
features() {
    case $1 in
        tungstenite) echo url ;;
        fastwebsockets) echo upgrade,unstable-split ;;
        tokio-websockets) echo client,server,fastrand,sha1_smol ;;
        *) echo "there is no patch for $1" >&2; exit 2 ;;
    esac
}
targets() {
    case $1 in
        fastwebsockets) echo --lib --test concurrency --test split --test upgrade ;;
        *) echo --lib --tests ;;
    esac
}

# version CRATE: which one the patch is for.
version() { basename "$here/$1"-[0-9]*[0-9].patch .patch | sed "s/^$1-//"; }

# copy CRATE TO: puts the crate as it is published there. Cargo finds it, and checks that it is that.
copy() {
    local name=$1 to=$2 manifest=$work/fetch-$1/Cargo.toml
    mkdir -p "$work/fetch-$name/src"
    : >"$work/fetch-$name/src/lib.rs"
    cat >"$manifest" <<END
[package]
name = "fetch"
edition = "2024"

[dependencies]
$name = "=$(version "$name")"

[workspace]
END
    local source
    source=$(cargo metadata --quiet --format-version 1 --manifest-path "$manifest" | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
[found] = [package for package in packages if package["name"] == sys.argv[1]]
print(os.path.dirname(found["manifest_path"]))' "$name")
    rm -rf "$to"
    cp -r "$source" "$to"
    chmod -R u+w "$to"
    # Not its author's compiler and flags, but ours for both.
    rm -rf "$to/rust-toolchain" "$to/.cargo"
}

# adopt FOLDER FEATURES PATCH…: patches the crate in the folder, which then depends on wsframe.
adopt() {
    local folder=$1 features=$2 patch
    for patch in "${@:3}"; do
        echo "$(basename "$patch" .patch): $(python3 -B "$here/patch.py" apply "$patch" "$folder/src")"
    done
    printf '\n[dependencies.wsframe]\npath = "%s"\nfeatures = [%s]\n' "$root" "$features" \
        >>"$folder/Cargo.toml"
}

# both CRATE: the crate as it is in target/adoption/CRATE-before, and on wsframe in CRATE-after.
both() {
    copy "$1" "$work/$1-before"
    copy "$1" "$work/$1-after"
    adopt "$work/$1-after" "" "$here/$1-$(version "$1").patch"
}

# passed CRATE FOLDER: runs its tests, and prints how many passed.
passed() {
    local log=$2.log command=(cargo test --no-fail-fast --manifest-path "$2/Cargo.toml"
        --features "$(features "$1")")
    # shellcheck disable=SC2046
    "${command[@]}" $(targets "$1") >"$log" 2>&1 && "${command[@]}" --doc >>"$log" 2>&1 ||
        { grep -E '^error|FAILED|panicked' "$log" >&2; echo "see $log" >&2; return 1; }
    sed -n 's/^test result: ok\. \([0-9]*\) passed; 0 failed.*/\1/p' "$log" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

tests() {
    local before after
    both "$1"
    before=$(passed "$1" "$work/$1-before")
    after=$(passed "$1" "$work/$1-after")
    echo "$1 $(version "$1"): $before of its tests pass as it is, $after on wsframe"
    [ "$before" -gt 0 ] && [ "$before" = "$after" ]
}

# compressing FOLDER: tungstenite with permessage-deflate, in the folder.
compressing() {
    local patch
    patch=$here/tungstenite-$(version tungstenite)
    copy tungstenite "$1"
    adopt "$1" '"deflate"' "$patch.patch" "$patch-deflate.patch"
}

check() {
    local crate folder
    for crate in "${crates[@]}"; do both "$crate"; done
    compressing "$work/tungstenite-deflate"
    for folder in "${crates[@]/%/-after}" tungstenite-deflate; do
        crate=${folder%-*}
        cargo check --quiet --lib --features "$(features "$crate")" --manifest-path "$work/$folder/Cargo.toml"
        echo "ok: ${folder%-after} $(version "$crate") builds on wsframe"
    done
}

autobahn() {
    local folder=$work/tungstenite-deflate
    "$root/tests/autobahn/install.sh"
    compressing "$folder"
    cp "$here/echo.rs" "$folder/examples/server.rs"
    passed tungstenite "$folder" | sed 's/$/ of its tests pass/'
    cargo build --quiet --release --manifest-path "$folder/Cargo.toml" --example server
    python3 -B "$root/tests/autobahn/drive.py" "$1" --sample --cases '1[23].*' -- \
        "$CARGO_TARGET_DIR/release/examples/server"
}

case ${1:-} in
    check) check ;;
    autobahn) autobahn "${2:-server}" ;;
    *)
        [ $# -gt 0 ] || set -- "${crates[@]}"
        for crate in "$@"; do tests "$crate"; done
        ;;
esac
