# Functions shared by .ci/run and the scripts in this folder. Source it after `set -euo pipefail`.

# install PACKAGE…: Debian's packages, if any of them is missing and this user may. Says so on stderr.
install() {
    dpkg --status "$@" >/dev/null 2>&1 && return
    local as_root
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq >&2 && $as_root apt-get install -qq -y --no-install-recommends "$@" >&2
}

# tally LOG: how many tests of the first program in it passed, failed and were left out, in the variables of these
# names, which are empty if it has not come to its end.
tally() {
    passed='' failed='' skipped=''
    read -r passed failed skipped < <(sed -n \
        's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored; .* \([0-9]*\) filtered out.*/\1 \2 \3+\4/p' \
        "$1" | head -n 1) || true
    skipped=${skipped:+$((skipped))}
}

# each_ran LOG NAME…: fails unless a test ran whose path begins with the name, for each of these names. To Rust's
# tests a filter that matches nothing is no error.
each_ran() {
    local name
    for name in "${@:2}"; do
        grep -q "^test $name" "$1" || { echo "FAILED: no test matches $name" >&2; return 1; }
    done
}

# test_modules MODULE…: runs these modules of the integration tests, each of which must have tests. Prints what
# the backends are, and the result.
test_modules() {
    local log status=0
    log=$(mktemp)
    cargo test --quiet --package wsframe-tests --all-features -- --format pretty --show-output "${@/%/::}" >"$log" || status=$?
    if [ "$status" = 0 ]; then grep -E '^(backends:|test result)' "$log"; else cat "$log"; fi
    [ "$status" != 0 ] || each_ran "$log" "${@/%/::}" || status=1
    rm "$log"
    return "$status"
}

# crate_alone FOLDER: copies the crate there, without tests, examples, benchmarks and what only these depend on.
crate_alone() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -r src build.rs README.md Cargo.lock "$1"
    awk '/^\[/ { drop = /dev-dependencies\]/ || /^\[\[(example|bench)\]\]/ || /^\[(profile\.|workspace)/ } !drop' \
        Cargo.toml >"$1/Cargo.toml"
}

# put_page FILE NAME: replaces the lines between <!-- NAME --> and <!-- end of NAME --> in a file by standard input.
put_page() {
    local from="^<!-- $2 -->\$" to="^<!-- end of $2 -->\$" page status=0
    page=$(mktemp)
    { echo; cat; echo; } >"$page"
    grep -q "$from" "$1" && grep -q "$to" "$1" && sed -i -e "\|$from|,\|$to|{//!d}" -e "\|$from|r $page" "$1" ||
        status=$?
    rm "$page"
    return $status
}
