# Functions shared by .ci/run and the scripts in this folder. Source it after `set -euo pipefail`.

# install PACKAGE…: installs Debian packages, if any of them is missing and this user may.
install() {
    dpkg --status "$@" >/dev/null 2>&1 && return
    local as_root
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq >&2 && $as_root apt-get install -qq -y --no-install-recommends "$@" >&2
}

skip() { echo "SKIPPED $1"; }

# take_only [--only NAME,…] ARGUMENT…: sets `only` to the names, `least` to the number of tests that must pass, and
# `arguments` to the other arguments.
take_only() {
    only=() least=150
    if [ "${1:-}" = --only ]; then IFS=, read -r -a only <<<"$2"; least=1; shift 2; fi
    arguments=("$@")
}

# logged LOG COMMAND…: appends the output to the log, and sets `result` to the status. Must not be called in a
# condition, where -e would be off within the command.
logged() {
    set +e
    (set -e; "${@:2}") >>"$1" 2>&1
    result=$?
    set -e
}

# all_passed LOG: whether `result` is 0, at least `least` tests ran, none failed, and each of `only` matched.
all_passed() {
    tally "$1"
    [ "$result" = 0 ] && [ "${failed:-1}" = 0 ] && [ "${passed:-0}" -ge "$least" ] && each_ran "$1" "${only[@]}"
}

# show_failure NAME LOG: prints the lines that matter.
show_failure() {
    grep -E '^(test .*FAILED|error|SUMMARY)|panicked|Sanitizer' "$2" | head -n 20 || true
    tail -n 20 "$2"
    echo "FAILED: $1; see $2" >&2
}

# tally LOG: sets `passed`, `failed` and `skipped` to the counts of the first program in the log. They are empty if
# it did not finish.
tally() {
    passed='' failed='' skipped=''
    read -r passed failed skipped < <(sed -n \
        's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored; .* \([0-9]*\) filtered out.*/\1 \2 \3+\4/p' \
        "$1" | head -n 1) || true
    skipped=${skipped:+$((skipped))}
}

# each_ran LOG NAME…: fails unless for each name a test ran whose path begins with it. Rust's test programs accept a
# filter that matches nothing.
each_ran() {
    local name
    for name in "${@:2}"; do
        grep -q "^test $name" "$1" || { echo "FAILED: no test matches $name" >&2; return 1; }
    done
}

# crate_alone FOLDER: copies the crate there, without tests, examples, benchmarks and dev-dependencies.
crate_alone() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -r src build.rs README.md Cargo.lock "$1"
    awk '/^\[/ { drop = /dev-dependencies\]/ || /^\[\[(example|test)\]\]/ || /^\[(profile\.|workspace)/ } !drop' \
        Cargo.toml >"$1/Cargo.toml"
}

# put_page FILE NAME: replaces the lines between <!-- NAME --> and <!-- end of NAME --> in the file by standard input.
put_page() {
    local from="^<!-- $2 -->\$" to="^<!-- end of $2 -->\$" page status=0
    page=$(mktemp)
    { echo; cat; echo; } >"$page"
    grep -q "$from" "$1" && grep -q "$to" "$1" && sed -i -e "\|$from|,\|$to|{//!d}" -e "\|$from|r $page" "$1" ||
        status=$?
    rm "$page"
    return $status
}
