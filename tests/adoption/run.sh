#!/usr/bin/env bash
# Other crates on wsframe: fetches each through cargo, runs its own tests, patches its masking, headers and
# UTF-8 to call wsframe, and runs them again. Fails unless as many pass as before, and none fails.
#
#   tests/adoption/run.sh [CRATE…]             all crates that there is a patch for, or these
#   tests/adoption/run.sh check                only that the patches fit, and that what they make builds
#   tests/adoption/run.sh autobahn [client]    tungstenite with permessage-deflate, as an echo server (or as
#                                              a client), against the suite's cases with compression
#   tests/adoption/run.sh counts               instructions that tungstenite takes for a message, before and
#                                              after, by callgrind (Debian's valgrind)
#   tests/adoption/run.sh benches [ROUNDS]     tungstenite's own benchmarks of reading and writing, before and
#                                              after in turn, and the medians of their times; by default 5
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

# instructions PROGRAM FUNCTION ROLE KIND LEN: of each message.
instructions() {
    local count=2000
    [ "$5" -lt 10000 ] || count=100
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect="*$2*" "$1" "${@:3}" "$count" 2>&1 |
        awk -v "count=$count" '/Collected :/ { print int($4 / count) }'
}

counts() {
    local side role kind len function program programs as_root
    if ! command -v valgrind >/dev/null; then
        as_root=$([ "$(id -u)" = 0 ] || echo sudo)
        $as_root apt-get update -q
        $as_root apt-get install -q -y --no-install-recommends valgrind
    fi
    both tungstenite
    for side in before after; do
        cp "$here/messages.rs" "$work/tungstenite-$side/examples/client.rs"
        cargo build --quiet --release --example client \
            --manifest-path "$work/tungstenite-$side/Cargo.toml"
        cp "$CARGO_TARGET_DIR/release/examples/client" "$work/messages-$side"
    done
    programs=("$work/messages-before" "$work/messages-after")
    echo "instructions a message, as tungstenite is published and on wsframe"
    printf '%-8s %-7s %6s %9s %9s %9s %9s\n' reader kind bytes read "" written ""
    for role in server client; do for kind in binary text; do for len in 16 300 16384; do
        printf '%-8s %-7s %6s' "$role" "$kind" "$len"
        for function in read_messages write_messages; do
            for program in "${programs[@]}"; do
                printf ' %9s' "$(instructions "$program" "$function" "$role" "$kind" "$len")"
            done
        done
        echo
    done; done; done
}

benches() {
    local side round bench
    local -A programs
    both tungstenite
    for side in before after; do
        while read -r bench program; do programs[$side-$bench]=$program; done < <(
            cargo bench --quiet --no-run --message-format=json-render-diagnostics --features url \
                --bench read --bench write --manifest-path "$work/tungstenite-$side/Cargo.toml" |
                sed -n 's/.*"name":"\(read\|write\)".*"executable":"\([^"]*\)".*/\1 \2/p'
        )
    done
    [ ${#programs[@]} = 4 ] || { echo "FAILED: no benchmarks: ${!programs[*]}" >&2; return 1; }
    for ((round = 1; round <= $1; round++)); do
        for bench in read write; do for side in before after; do
            "${programs[$side-$bench]}" --bench --noplot --output-format bencher \
                --sample-size 10 --warm-up-time 1 --measurement-time 3 2>/dev/null |
                sed -n "s/^test \(.*\) \.\.\. bench: *\([0-9,]*\) ns.*/$side\t\1\t\2/p"
        done; done
    done >"$work/benches.tsv"
    python3 - "$work/benches.tsv" <<'END'
import statistics, sys

times = {}
for line in open(sys.argv[1]):
    side, name, ns = line.rstrip("\n").split("\t")
    times.setdefault(name, {}).setdefault(side, []).append(int(ns.replace(",", "")))
assert times, "no benchmark said how long it took"
print(f"{'milliseconds, the median of each':<56}  as it is  on wsframe  times as fast")
for name, sides in times.items():
    before, after = (statistics.median(sides[side]) for side in ("before", "after"))
    print(f"{name:<56}  {before / 1e6:8.3f}  {after / 1e6:10.3f}  {before / after:13.2f}")
END
}

case ${1:-} in
    check) check ;;
    benches) benches "${2:-5}" ;;
    autobahn) autobahn "${2:-server}" ;;
    counts) counts ;;
    *)
        [ $# -gt 0 ] || set -- "${crates[@]}"
        for crate in "$@"; do tests "$crate"; done
        ;;
esac
