#!/usr/bin/env bash
# Other crates on wsframe: fetches each through cargo, runs its own tests, patches its masking, headers and
# UTF-8 to call wsframe, and runs them again. The same for crates that depend on tungstenite, over the patched
# one, and with permessage-deflate for NAME-deflate. Fails unless as many tests pass as before, and none fails.
#
#   tests/adoption/run.sh [CRATE…]             prints a table of all crates, or of these: tests, lines, size, speed
#   tests/adoption/run.sh check                only that all patches fit, and that three crates then build
#   tests/adoption/run.sh bench CRATE…         nanoseconds and instructions per frame, before, after, and quotients
#   tests/adoption/run.sh autobahn [client]    tungstenite with permessage-deflate, as an echo server (or as
#                                              a client), against the suite's cases with compression
#
# A patch is for the version in its name. It holds our lines alone (see patch.py). Everything else is in
# target/adoption. Instructions are counted by valgrind on the AVX2 backend, because it knows no AVX-512.

set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/target/adoption
. "$root/ci/lib.sh"
crates=(tungstenite tungstenite-deflate fastwebsockets tokio-websockets embedded-websocket ratchet_core soketto
    picoserve actix-http tokio-tungstenite tokio-tungstenite-deflate async-tungstenite hyper-tungstenite axum)
columns='server writes,server reads,server reads text,client writes,client reads,client reads text'
export CARGO_TARGET_DIR=$work/build CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
# What this compiler warns of is not our matter, and in a crate that denies it no error.
export RUSTFLAGS="${RUSTFLAGS:-} --cap-lints=allow"

# about CRATE: sets its name and version, features that need neither a TLS library nor a network, its test
# targets, the patches, what they ask of wsframe, and for one that depends on tungstenite, which version of that.
about() {
    name=${1%-deflate} adopted=${1%-deflate} features='' targets='--lib --tests' ours='features = []' under='' docs=yes
    case $name in
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
        axum) version=0.8.9 under=0.29.0 features=ws,http2,macros,axum-macros/__private targets='--lib extract::ws' docs='' ;;
        *) echo "there is no patch for $1" >&2; exit 2 ;;
    esac
    [ -z "$under" ] || adopted=tungstenite
    patches=("$here/$adopted"-[0-9]*[0-9].patch)
    [ -n "$under" ] || { version=${patches[0]##*/"$name"-} version=${version%.patch}; }
    if [ "$name" != "$1" ]; then patches+=("$here/$adopted"-*-deflate.patch) ours='features = ["deflate"]'; fi
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

# both CRATE: the crate as it is in target/adoption/CRATE-before, and on wsframe in CRATE-after. Prints how many
# lines the patches add and take away.
both() {
    local folder=$work/$1-after patch side
    about "$1"
    for side in before after; do copy "$name" "$version" "$work/$1-$side"; done
    if [ -z "$under" ]; then
        # What its tests use depends on it too.
        for side in before after; do
            printf '\n[patch.crates-io.%s]\npath = "."\n' "$name" >>"$work/$1-$side/Cargo.toml"
        done
    else
        printf '\n[patch.crates-io.tungstenite]\npath = "../%s-under"\n' "$1" >>"$folder/Cargo.toml"
        folder=$work/$1-under
        copy tungstenite "$under" "$folder"
    fi
    for patch in "${patches[@]}"; do python3 -B "$here/patch.py" apply "$patch" "$folder/src"; done |
        awk '{ added += $1; taken += $4 } END { print added, "|", taken }'
    printf '\n[dependencies.wsframe]\npath = "%s"\n%s\n' "$root" "$ours" >>"$folder/Cargo.toml"
}

# passed FOLDER: runs the tests of the crate there, and prints how many passed.
passed() {
    local log=$1.log command=(cargo test --no-fail-fast --manifest-path "$1/Cargo.toml" --features "$features")
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

# program CRATE FLAG…: builds the benchmark of both versions of the crate.
program() {
    local folder=$work/bench-$1 listed=${features/,http2*/}
    mkdir -p "$folder/src"
    cp "$here/bench.rs" "$folder/src/main.rs"
    {
        printf '[package]\nname = "bench"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\nbytes = "1"\ntokio = "1"\n'
        printf 'futures-util = { version = "0.3", features = ["sink"] }\n'
        printf 'tokio-util = { version = "0.7", features = ["codec"] }\n'
        # One version from the registry and one from a folder: so a program can contain both.
        printf '%s = { package = "'"$name"'", features = ['"${listed:+\"${listed//,/\", \"}\"}"'], %s }\n' \
            before "version = \"=$version\"" after "path = \"../$1-after\""
    } >"$folder/Cargo.toml"
    cargo rustc --quiet --release --manifest-path "$folder/Cargo.toml" -- --cfg "krate=\"$name\"" "${@:2}"
}

# bench CRATE, after both: how long frames take, one a line. Where buffers happen to be makes a difference in each
# run: the shortest times of five.
bench() {
    local bench=$CARGO_TARGET_DIR/release/bench counts=$work/bench-$1/counts
    about "$1"
    command -v valgrind >/dev/null || install valgrind
    RUSTFLAGS="$RUSTFLAGS --cfg wsframe_backend=\"avx2\"" program "$1"
    rm -f "$counts".*
    valgrind -q --tool=callgrind --callgrind-out-file="$counts" --zero-before=bench::counted \
        --dump-after=bench::counted "$bench" count >"$counts.rows"
    program "$1"
    for _ in 1 2 3 4 5; do "$bench" || return 1; done |
        awk -F' [|] ' '!($1 in before) { rows[++count] = $1; before[$1] = $2; after[$1] = $3 }
            $2 + 0 < before[$1] { before[$1] = $2 } $3 + 0 < after[$1] { after[$1] = $3 }
            END { for (i = 1; i <= count; i++) { row = rows[i]
                printf "%s | %s | %s | %.2f \n", row, before[row], after[row], before[row] / after[row] } }' |
        paste -d '|' - <(for at in $(seq "$(wc -l <"$counts.rows")"); do
            sed -n 's/^totals: //p' "$counts.$((2 * at - 1))" "$counts.$((2 * at))"
        done | paste -d ' ' - - | awk '{ printf " %.0f | %.0f | %.2f\n", $1 / 64, $2 / 64, $1 / $2 }')
}

# row CRATE: the crate's row of the table. Cells with quotients have one for each size: of times, and of instructions
# in parentheses.
row() {
    local lines before after kilobytes='' rows=$work/$1.bench
    lines=$(both "$1")
    about "$1"
    before=$(passed "$work/$1-before") || return 1
    after=$(passed "$work/$1-after") || return 1
    : >"$rows"
    if [ -z "$under" ] && grep -q "krate = \"$name\"" "$here/bench.rs"; then
        bench "$1" >"$rows"
        for side in before after; do
            program "$1" -C strip=symbols --cfg "only=\"$side\""
            kilobytes=$(($(stat -c %s "$CARGO_TARGET_DIR/release/bench") - ${kilobytes:-0}))
        done
        kilobytes=$((kilobytes / 1024))
    fi
    echo "| $1 | $version | $before | $after | $lines |" \
        "$(($(packages "$work/$1-after") - $(packages "$work/$1-before"))) | $kilobytes |$(awk -F' [|] ' \
            -v columns="$columns" '
            { match($1, / [0-9]+ B/); name = substr($1, 1, RSTART - 1)
              times[name] = times[name] " " $4; counts[name] = counts[name] " " $7 }
            END { count = split(columns, column, ","); for (i = 1; i <= count; i++) {
                name = column[i]; printf "%s%s |", times[name], counts[name] ? " (" substr(counts[name], 2) ")" : "" } }
            ' "$rows")"
    [ "$before" -gt 0 ] && [ "$before" = "$after" ]
}

case ${1:-} in
    check)
        for crate in "${crates[@]}"; do both "$crate" | sed "s/^/$crate: lines added and taken away: /"; done
        for crate in tungstenite soketto tungstenite-deflate; do
            about "$crate"
            cargo check --quiet --lib --features "$features" --manifest-path "$work/$crate-after/Cargo.toml"
            echo "ok: $crate $version builds on wsframe"
        done
        ;;
    bench) for crate in "${@:2}"; do both "$crate" >&2 && bench "$crate" | sed "s/^/$crate: /"; done ;;
    autobahn)
        "$root/tests/autobahn/install.sh"
        both tungstenite-deflate >&2
        about tungstenite-deflate
        cp "$here/echo.rs" "$work/tungstenite-deflate-after/examples/server.rs"
        cargo build --quiet --release --features "$features" --example server \
            --manifest-path "$work/tungstenite-deflate-after/Cargo.toml"
        python3 -B "$root/tests/autobahn/drive.py" "${2:-server}" --sample --cases '1[23].*' -- \
            "$CARGO_TARGET_DIR/release/examples/server"
        ;;
    *)
        [ $# -gt 0 ] || set -- "${crates[@]}"
        printf '| crate | version | tests before | after | lines added | taken away | crates added | KiB added |'
        sed 's/,/ | /g; s/^/ /; s/$/ |/' <<<"$columns"
        failed=0
        for crate in "$@"; do row "$crate" || failed=1; done
        exit $failed
        ;;
esac
