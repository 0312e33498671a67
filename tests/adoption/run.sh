#!/usr/bin/env bash
# Other crates on wsframe: fetches each through cargo, runs its own tests, patches its masking, headers and
# UTF-8 to call wsframe, and runs them again. The same for crates that depend on tungstenite, over the patched
# one. Prints a table, and fails unless as many tests pass as before, and none fails.
#
#   tests/adoption/run.sh [CRATE…]             all crates, or these
#   tests/adoption/run.sh check [CRATE…]       only that all patches fit, and that these (three) then build
#   tests/adoption/run.sh bench [CRATE…]       the crates' speed, before and after, in one program, and its size
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
crates=(tungstenite fastwebsockets tokio-websockets embedded-websocket ratchet_core soketto picoserve actix-http)
dependents=(tokio-tungstenite async-tungstenite hyper-tungstenite axum)
export CARGO_TARGET_DIR=$work/build CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
# What this compiler warns of is not our matter, and in a crate that denies it no error.
export RUSTFLAGS="${RUSTFLAGS:-} --cap-lints=allow"

# about CRATE: sets its version, features that need neither a TLS library nor a network, its test targets, what
# it asks of wsframe, and for one that depends on tungstenite, which version of that.
about() {
    local patch=("$here/$1"-[0-9]*[0-9].patch)
    version=${patch[0]##*/"$1"-} version=${version%.patch}
    features='' targets='--lib --tests' ours='features = []' under='' docs=yes
    case $1 in
        tungstenite) features=url ;;
        # One test is left out: it compiles programs that it looks for in a folder of its own.
        fastwebsockets) features=upgrade,unstable-split targets='--lib --test concurrency --test split --test upgrade' ;;
        tokio-websockets) features=client,server,fastrand,sha1_smol ;;
        embedded-websocket) ours='default-features = false' ;;
        ratchet_core) features=split ;;
        soketto) features=deflate,http ;;
        picoserve) features=ws,tokio,json ours='default-features = false' ;;
        actix-http) features=ws,http2,compress-brotli,compress-gzip,compress-zstd ours='features = ["bytes"]' ;;
        tokio-tungstenite) version=0.30.0 under=0.30.0 ;;
        async-tungstenite) version=0.35.0 under=0.30.0 features=tokio-runtime ;;
        hyper-tungstenite) version=0.30.0 under=0.30.0 ;;
        # The patched files are the same in both versions of tungstenite.
        axum) version=0.8.9 under=0.29.0 features=ws,macros,axum-macros/__private targets='--lib extract::ws' docs='' ;;
        *) echo "there is no patch for $1" >&2; exit 2 ;;
    esac
}

# copy CRATE VERSION TO: puts the crate as it is published there. Cargo finds it, and checks that it is that.
copy() {
    local manifest=$work/fetch-$1/Cargo.toml source
    mkdir -p "$work/fetch-$1/src"
    : >"$work/fetch-$1/src/lib.rs"
    printf '[package]\nname = "fetch"\nedition = "2024"\n\n[dependencies]\n%s = "=%s"\n\n[workspace]\n' \
        "$1" "$2" >"$manifest"
    source=$(cargo metadata --quiet --format-version 1 --manifest-path "$manifest" | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
[found] = [package for package in packages if package["name"] == sys.argv[1]]
print(os.path.dirname(found["manifest_path"]))' "$1")
    rm -rf "$3"
    cp -r "$source" "$3"
    chmod -R u+w "$3"
    # Not its author's compiler, flags and versions, but ours for all.
    rm -rf "$3/rust-toolchain" "$3/.cargo" "$3/Cargo.lock"
}

# adopt FOLDER OURS PATCH…: patches the crate in the folder, which then depends on wsframe. Prints how many
# lines each patch adds and takes away.
adopt() {
    local patch
    for patch in "${@:3}"; do python3 -B "$here/patch.py" apply "$patch" "$1/src"; done
    printf '\n[dependencies.wsframe]\npath = "%s"\n%s\n' "$root" "$2" >>"$1/Cargo.toml"
}

# both CRATE: the crate as it is in target/adoption/CRATE-before, and on wsframe in CRATE-after.
both() {
    local folder
    about "$1"
    copy "$1" "$version" "$work/$1-before"
    copy "$1" "$version" "$work/$1-after"
    if [ -z "$under" ]; then
        adopt "$work/$1-after" "$ours" "$here/$1-$version.patch"
        # What its tests use depends on it too.
        for folder in before after; do
            printf '\n[patch.crates-io.%s]\npath = "."\n' "$1" >>"$work/$1-$folder/Cargo.toml"
        done
    else
        copy tungstenite "$under" "$work/$1-under"
        adopt "$work/$1-under" 'features = []' "$here/tungstenite-0.30.0.patch"
        printf '\n[patch.crates-io.tungstenite]\npath = "%s"\n' "$work/$1-under" >>"$work/$1-after/Cargo.toml"
    fi
}

# passed CRATE FOLDER: runs its tests, and prints how many passed.
passed() {
    local log=$2.log command=(cargo test --no-fail-fast --manifest-path "$2/Cargo.toml" --features "$features")
    # shellcheck disable=SC2086
    "${command[@]}" $targets >"$log" 2>&1 && { [ -z "$docs" ] || "${command[@]}" --doc >>"$log" 2>&1; } ||
        { grep -E '^error|FAILED|panicked' "$log" >&2; echo "see $log" >&2; return 1; }
    sed -n 's/^test result: ok\. \([0-9]*\) passed; 0 failed.*/\1/p' "$log" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

# packages FOLDER: how many crates it is built of.
packages() {
    cargo tree --prefix none --edges normal,build --manifest-path "$1/Cargo.toml" --features "$features" |
        sed 's/ (.*//' | sort -u | wc -l
}

tests() {
    local lines before after
    lines=$(both "$1" | awk '{ print $1, "|", $4 }')
    about "$1"
    before=$(passed "$1" "$work/$1-before") || return 1
    after=$(passed "$1" "$work/$1-after") || return 1
    echo "| $1 | $version | $before | $after | $lines |" \
        "$(($(packages "$work/$1-after") - $(packages "$work/$1-before"))) |"
    [ "$before" -gt 0 ] && [ "$before" = "$after" ]
}

# compressing FOLDER: tungstenite with permessage-deflate, in the folder.
compressing() {
    about tungstenite
    copy tungstenite "$version" "$1"
    adopt "$1" 'features = ["deflate"]' "$here/tungstenite-$version.patch" "$here/tungstenite-$version-deflate.patch"
}

check() {
    local crate
    for crate in "${crates[@]}"; do both "$crate" | sed "s/^/$crate: /"; done
    compressing "$work/tungstenite-deflate" | tail -n1 | sed 's/^/tungstenite, compressing: /'
    for crate in "$@"; do
        about "${crate%-deflate}"
        [[ $crate = *-deflate ]] || crate=$crate-after
        cargo check --quiet --lib --features "$features" --manifest-path "$work/$crate/Cargo.toml"
        echo "ok: $crate $version builds on wsframe"
    done
}

bench() {
    local crate kilobytes
    [ $# -gt 0 ] || set -- tungstenite fastwebsockets tokio-websockets embedded-websocket soketto actix-http
    mkdir -p "$work/bench/src"
    cp "$here/bench.rs" "$work/bench/src/main.rs"
    {
        printf '[package]\nname = "bench"\nedition = "2024"\n\n[workspace]\n\n[features]\n'
        printf '%s = []\n' "${crates[@]}"
        printf '\n[dependencies]\nbytes = "1"\nfutures-util = { version = "0.3", features = ["sink"] }\n'
        printf 'tokio = "1"\ntokio-util = { version = "0.7", features = ["codec"] }\n'
        for crate in "$@"; do
            both "$crate" >&2
            features=${features/,http2*/}
            features=${features:+\"${features//,/\", \"}\"}
            # One version from the registry and one from a folder: so a program can contain both.
            printf '%s-before = { package = "%s", features = [%s], version = "=%s" }\n' "$crate" "$crate" "$features" "$version"
            printf '%s-after = { package = "%s", features = [%s], path = "%s" }\n' "$crate" "$crate" "$features" "$work/$crate-after"
        done
    } >"$work/bench/Cargo.toml"
    local build=(cargo rustc --quiet --release --manifest-path "$work/bench/Cargo.toml" --features)
    "${build[@]}" "$(tr ' ' , <<<"$*")"
    # Where buffers happen to be makes a difference in each run: the shortest times of five.
    for _ in 1 2 3 4 5; do "$CARGO_TARGET_DIR/release/bench" || return 1; done |
        awk -F' [|] ' '!($1 in before) { rows[++count] = $1; before[$1] = $2; after[$1] = $3 }
            $2 + 0 < before[$1] { before[$1] = $2 } $3 + 0 < after[$1] { after[$1] = $3 }
            END { for (i = 1; i <= count; i++) { row = rows[i]
                printf "%s | %s | %s | %.2f |\n", row, before[row], after[row], before[row] / after[row] } }'
    for crate in "$@"; do
        "${build[@]}" "$crate" -- -C strip=symbols --cfg 'only="before"'
        kilobytes=$(stat -c %s "$CARGO_TARGET_DIR/release/bench")
        "${build[@]}" "$crate" -- -C strip=symbols --cfg 'only="after"'
        kilobytes=$((($(stat -c %s "$CARGO_TARGET_DIR/release/bench") - kilobytes) / 1024))
        echo "$crate: the program with wsframe has $kilobytes KiB more"
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
    check) shift; [ $# -gt 0 ] || set -- tungstenite soketto tungstenite-deflate; check "$@" ;;
    bench) bench "${@:2}" ;;
    autobahn) autobahn "${2:-server}" ;;
    *)
        [ $# -gt 0 ] || set -- "${crates[@]}" "${dependents[@]}"
        echo '| crate | version | tests as published | on wsframe | lines added | taken away | crates added |'
        failed=0
        for crate in "$@"; do tests "$crate" || failed=1; done
        if [ $# = 12 ]; then bench; fi
        exit $failed
        ;;
esac
