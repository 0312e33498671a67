#!/usr/bin/env bash
# Plants bugs, one at a time, in a copy of the tree. Fails if the tests do not find each of them.
#
#     ci/plants.sh [WHERE…]    default: host
#
# WHERE is host, avx512 (a host that has it), address (under AddressSanitizer), or aarch64 or wasm32
# (ci/cross.sh). A bug is a patch in ci/plants. Its first line names WHERE and the module of tests
# that must find it. Also fails if a patch does not apply or compile, or if the tests fail without it.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never
export WSFRAME_ONE_IN=${WSFRAME_ONE_IN:-1009} PROPTEST_CASES=${PROPTEST_CASES:-32}
export WSFRAME_MODEL_ACTS=${WSFRAME_MODEL_ACTS:-3}

wheres=("${@:-host}") every=$(head -qn 1 ci/plants/*.patch | cut -d' ' -f1 | sort -u)
for where in "${wheres[@]}"; do
    grep -qx "$where" <<<"$every" || { echo "nothing is planted on $where; there are:" $every >&2; exit 2; }
done

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
work=$CARGO_TARGET_DIR/plants tree=$CARGO_TARGET_DIR/plants/tree
rm -rf "$tree"
mkdir -p "$tree"
# With new times, so that cargo does not reuse what was built with the last bug.
git ls-files -z | tar --null --files-from=- -cf - | tar -xmf - -C "$tree"
git init --quiet "$tree" # for `git apply`

run_on_host() { # module
    CARGO_TARGET_DIR=$work/host cargo test --manifest-path "$tree/Cargo.toml" --package wsframe-tests --all-features -- "$1::"
}

# Runs a module of the tree's tests. Its output names the tests that failed.
run_tests() { # where, module
    local status=0
    # Without the other modules, because compiling them takes most of the time.
    sed "/^mod \($2\|pipe\|support\);/!{/^mod /d}" tests/it/main.rs >"$tree/tests/it/main.rs"
    case $1 in
        host) run_on_host "$2" || status=$? ;;
        avx512) WSFRAME_BACKEND=avx512 run_on_host "$2" || status=$? ;;
        address) "$tree/ci/sanitize.sh" --only "$2" address || status=$? ;;
        *) "$tree/ci/cross.sh" --only "$2" "$1" || status=$? ;;
    esac
    cat "$CARGO_TARGET_DIR"/{sanitize,cross}/"$1.log" 2>/dev/null || true
    return $status
}

count=0 status=0 proven=" "
for patch in "$PWD"/ci/plants/*.patch; do
    { read -r where test; read -r what; } <"$patch"
    [[ " ${wheres[*]} " == *" $where "* ]] || continue
    # Without a bug, once for all bugs that the same tests must find.
    log=$work/$where-$test.log
    if [[ $proven != *" $where-$test "* ]]; then
        if ! run_tests "$where" "$test" >"$log" 2>&1 || ! grep -Eq '^(test result: ok\. [1-9]|ok: [1-9])' "$log"; then
            tail -n 20 "$log"
            echo "FAILED: $test on $where, without a bug; see $log" >&2
            exit 1
        fi
        proven+="$where-$test "
    fi
    git -C "$tree" apply -C1 "$patch" || { echo "FAILED: $patch does not apply" >&2; exit 1; }
    count=$((count + 1)) start=$SECONDS log=$work/$(basename "$patch" .patch).log
    if run_tests "$where" "$test" >"$log" 2>&1; then
        found="NOT FOUND" status=1
    else
        # A sanitizer ends the program within a test, and so does a panic in WebAssembly.
        found=$(grep -E '^test .* \.\.\. FAILED|AddressSanitizer: [a-z-]+' "$log" | head -n 1) ||
            found=$(awk '/^test / { name = $2 } /panicked at/ && name { print name; exit }' "$log")
        if [ -z "$found" ]; then
            found="NO TEST FAILED" status=1
            tail -n 20 "$log"
        fi
    fi
    git -C "$tree" apply -R -C1 "$patch"
    echo "$where: $what: $found ($((SECONDS - start)) s)"
done
[ "$status" != 0 ] || echo "ok: $count bugs planted, each found; $SECONDS s"
exit $status
