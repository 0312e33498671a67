#!/usr/bin/env bash
# Checks what users depend on. Installs the tools, pinned and from source, which takes some minutes
# each.
#
#     ci/contracts.sh [--present] [CHECK…]    runs all checks, or those named. With --present, a check
#                                             whose tool is not installed is reported and skipped
#     ci/contracts.sh --update                refreshes ci/public-api.txt
#
#     api       the public API equals ci/public-api.txt
#     semver    no breaking change since the last tag v*, or since the revision $BASELINE
#     deny      licences, duplicates, sources and vulnerabilities of dependencies, by deny.toml
#     minimal   the crate builds with the oldest versions of its dependencies that Cargo.toml allows
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/lib.sh
export CARGO_TERM_COLOR=never
target=${CARGO_TARGET_DIR:-$PWD/target}

present=no update=no checks=()
for argument; do
    case $argument in
        --present) present=yes ;;
        --update) update=yes checks=(api) ;;
        api|semver|deny|minimal) checks+=("$argument") ;;
        *) echo "$0: no check named $argument" >&2; exit 2 ;;
    esac
done
[ ${#checks[@]} -gt 0 ] || checks=(api deny minimal semver)

# tool NAME VERSION: installs it, unless --present is given; then a missing tool is reported.
tool() {
    [ "$(cargo "${1#cargo-}" --version 2> /dev/null)" != "$1 $2" ] || return 0
    [ $present = no ] || { skip "$1: $2 is not installed; ci/contracts.sh installs it"; return 1; }
    # Exits, because callers skip the check if this fails.
    cargo install --quiet --locked --debug "$1@$2" || { echo "FAILED: $1 $2 cannot be installed" >&2; exit 1; }
}

nightly() { cargo +nightly --version > /dev/null 2>&1 || { skip "$1: no nightly toolchain"; return 1; }; }

check_api() {
    nightly "the public API" && tool cargo-public-api 0.52.0 || return 0
    local found=$target/public-api.txt
    mkdir -p "$target"
    # Without the methods of implemented traits, and without traits that stable code cannot name.
    cargo +nightly public-api --package wsframe --all-features --omit blanket-impls 2> "$target/public-api.log" |
        grep -vE 'core::marker::(Freeze|StructuralPartialEq|UnsafeUnpin) for' |
        awk '/^impl/ { trait = / for / }
             /^pub (mod|struct|enum|trait|use|static|macro)/ { trait = 0 }
             !(trait && /^pub (const |unsafe )*fn /)' > "$found" ||
        { cat "$target/public-api.log" >&2; return 1; }
    if [ $update = yes ]; then
        cp "$found" ci/public-api.txt
    elif ! diff -u ci/public-api.txt "$found"; then
        echo "FAILED: the public API has changed. If intended, add it to CHANGELOG.md and run ci/contracts.sh --update" >&2
        return 1
    fi
    echo "ok: the public API, $(wc -l < "$found") lines"
}

check_semver() {
    local baseline
    baseline=${BASELINE:-$(git describe --tags --abbrev=0 --match 'v*' 2> /dev/null || true)}
    [ -n "$baseline" ] || { skip "semver: there is no released version, and BASELINE names no revision"; return; }
    tool cargo-semver-checks 0.51.0 || return 0
    cargo semver-checks --package wsframe --baseline-rev "$baseline" --all-features
    echo "ok: no breaking change since $baseline"
}

check_deny() {
    tool cargo-deny 0.20.2 || return 0
    cargo deny --offline --locked check bans licenses sources
    if timeout 120 cargo deny fetch db > "$target/advisories.log" 2>&1; then
        cargo deny --locked check advisories
    else
        skip "advisories: the database cannot be downloaded"
    fi
}

# In a copy with its own lock file and without dev-dependencies.
check_minimal() {
    nightly "minimal versions" || return 0
    local copy=$target/minimal
    crate_alone "$copy"
    rm "$copy/Cargo.lock"
    (cd "$copy" && cargo +nightly update --quiet -Z direct-minimal-versions)
    (cd "$copy" && CARGO_TARGET_DIR=$target/minimal-target cargo check --quiet --locked --all-features)
    (cd "$copy" && cargo tree --quiet --all-features --depth 1 --prefix none | sed '1d; s/^/minimal: /')
    echo "ok: builds with the oldest versions in Cargo.toml"
}

for check in "${checks[@]}"; do echo "--- $check"; "check_$check"; done
