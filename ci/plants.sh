#!/usr/bin/env bash
# Plants faults, one at a time, in a copy of the tree, and demands that the tests find each of them.
#
#     ci/plants.sh [--table FILE] [WHERE…]    default: host
#
# WHERE is host, address (the tests under AddressSanitizer), aarch64 or wasm32 (ci/cross.sh), or avx512
# (ci/avx512.sh). A fault is a piece of a file that occurs once, and what stands there instead: where the code
# has changed, so that it is not found, this fails. It fails as well where the tests fail without a fault, or
# where a fault does not compile. FILE gets the last result of each,
# also if no WHERE is named.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never
export WSFRAME_ONE_IN=${WSFRAME_ONE_IN:-1009} PROPTEST_CASES=${PROPTEST_CASES:-32}

table=
if [ "${1:-}" = --table ]; then
    table=$(realpath "$2")
    shift 2
fi
wheres=("$@") every=(host address aarch64 wasm32 avx512)
[ ${#wheres[@]} -gt 0 ] || [ -n "$table" ] || wheres=(host)
for where in ${wheres[@]+"${wheres[@]}"}; do
    [[ " ${every[*]} " == *" $where "* ]] || { echo "nothing is planted on $where; there are: ${every[*]}" >&2; exit 2; }
done

export CARGO_TARGET_DIR
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$CARGO_TARGET_DIR/plants
tree=$work/tree
mkdir -p "$work"
rm -rf "$tree"
mkdir "$tree"
# As new files, or what was built with the last fault would be taken for what they are.
git ls-files -z | tar --null --files-from=- -cf - | tar -xmf - -C "$tree"

# Runs some tests of the tree. Its output says which failed.
run_tests() { # where, test
    local status=0
    case $1 in
        host)
            CARGO_TARGET_DIR=$work/$1 cargo test --no-fail-fast \
                --manifest-path "$tree/ci/tests/Cargo.toml" --test it -- "$2::"
            ;;
        address)
            "$tree/ci/sanitize.sh" --only "$2" address || status=$?
            cat "$CARGO_TARGET_DIR/sanitize/address.log"
            return $status
            ;;
        avx512) "$tree/ci/avx512.sh" ;;
        *)
            "$tree/ci/cross.sh" --only "$2" "$1" || status=$?
            cat "$CARGO_TARGET_DIR/cross/$1.log"
            return $status
            ;;
    esac
}

count=0 status=0
proven=" "
for where in ${wheres[@]+"${wheres[@]}"}; do : >"$work/$where.row"; done
plant() { # where, file, test, what it is; then lines from, to
    local where=$1 file=$2 test=$3 what=$4 from=$5 to=$6 log start=$SECONDS text found
    [[ " ${wheres[*]-} " == *" $where "* ]] || return 0
    text=$(<"$file")
    if [[ $text != *"$from"* ]] || [[ ${text#*"$from"} == *"$from"* ]]; then
        echo "FAILED: this does not occur once in $file: $from" >&2
        status=1
        return
    fi
    # Without a fault, once for all faults that the same tests are to find.
    log=$work/$where-$test.none.log
    if [[ $proven != *" $where-$test "* ]]; then
        if ! run_tests "$where" "$test" >"$log" 2>&1 || ! grep -Eq '^(test result: ok\. [1-9]|ok: [1-9])' "$log"; then
            tail -n 20 "$log"
            echo "FAILED: $test on $where, without a fault; see $log" >&2
            exit 1
        fi
        proven+="$where-$test "
    fi
    count=$((count + 1))
    log=$work/$count.log
    printf '%s\n' "${text/"$from"/"$to"}" >"$tree/$file"
    if run_tests "$where" "$test" >"$log" 2>&1; then
        found="NOT FOUND"
        status=1
    else
        # Tests print their names; a sanitizer ends the program within one.
        found=$(grep -E '^test .* \.\.\. FAILED|AddressSanitizer: [a-z-]+' "$log" |
            sed -E 's/^test ([^ ]*) .*/\1/; s/.*(AddressSanitizer: [a-z-]*).*/\1/; s/.*:://' | sort -u) || true
        # WebAssembly has no way back from a panic: the program ends within the first test that fails.
        [ -n "$found" ] || found=$(awk '/^test / { name = $2; sub(/.*::/, "", name) }
            /panicked at/ && name { print name; exit }' "$log")
        if [ -z "$found" ]; then
            found="NO TEST FAILED"
            status=1
            tail -n 20 "$log"
        fi
    fi
    cp "$file" "$tree/$file"
    local more
    more=$(wc -l <<<"$found")
    found=$(head -n 1 <<<"$found")
    [ "$more" = 1 ] || found+=" and $((more - 1)) more"
    echo "$where, ${file#src/}: $what: $found ($((SECONDS - start)) s)"
    echo "| $where | \`${file#src/}\` | $what | $test: $found |" >>"$work/$where.row"
}

masking=rfc6455_5_3_masking utf8=rfc6455_8_1_utf8

plant host src/arch/words/mask.rs $masking "wrong phase in the last block" \
    'let last_key = rotate(key, operands.len());' 'let last_key = rotate(key, operands.len() + 1);'
plant host src/arch/words/mask.rs $masking "a block too few before the tail" \
    'start..start + whole * N' 'start..start + whole.saturating_sub(1) * N'
plant host src/arch/words/utf8.rs $utf8 "overlong forms of three bytes pass" \
    '0xE0 => AFTER_E0 << ACCEPT' '0xE0 => TWO << ACCEPT'
plant host src/arch/words/utf8.rs $utf8 "values beyond U+10FFFF pass" \
    '0xF4 => AFTER_F4 << ACCEPT' '0xF4 => THREE << ACCEPT'
plant host src/arch/lookup/mod.rs $utf8 "half of the overlong forms of three bytes pass" \
    'nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 9)' 'nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 8)'
plant host src/arch/lookup/long.rs $utf8 "wrong phase in the last block of long text" \
    'let last = unmask_block(&last, repeat(rotate(key, bytes.len())));' \
    'let last = unmask_block(&last, repeat(key));'
plant host src/arch/lookup/short.rs $utf8 "wrong phase in the last but one vector of short text" \
    'xor(load(&blocks[2]), last_key)' 'xor(load(&blocks[2]), first_key)'
plant host src/header/mod.rs rfc6455_5_2_header "a length of 126 is taken for one that fits seven bits" \
    'rules.check_minimal(len, 126)?' 'rules.check_minimal(len, 127)?'
plant host src/frame/decoder.rs rfc6455_5_frames "the limit of a frame is a byte less" \
    'if header.payload_len > u64::from(self.max_payload_len)' \
    'if header.payload_len >= u64::from(self.max_payload_len)'
plant host src/message/decoder.rs rfc6455_5_4_messages "a fragment more than the limit passes" \
    'self.fragments >= self.max_fragments' 'self.fragments > self.max_fragments'
plant host src/message/decoder.rs rfc6455_5_4_messages "the limit of a message is a byte less" \
    'if len > u64::from(self.max_message_len)' 'if len >= u64::from(self.max_message_len)'
plant host src/close.rs rfc6455_7_4_close "1004 may be sent" \
    'matches!(self.0, 1000..=1003' 'matches!(self.0, 1000..=1004'
plant host src/connection/send.rs rfc6455_7_closing "something is sent behind a Close" \
    'if self.flags.has(Flags::CLOSE_SENT) || failed' 'if failed'
plant host src/connection/receive.rs rfc6455_7_closing "a Close is answered without its code" \
    'let answer = body.as_ref().map(|body| CloseBody { reason: "", ..*body });' 'let answer = None;'
plant host src/connection/mod.rs rfc6455_7_closing "a server waits for the client to end the transport" \
    'Role::Server => Transport::Close' 'Role::Server => Transport::AwaitEnd'
plant host src/connection/receive.rs rfc6455_7_closing "a Ping is answered behind a Close" \
    '!self.flags.has(Flags::LEAVE_PONG | Flags::CLOSE_SENT)' '!self.flags.has(Flags::LEAVE_PONG)'

plant address src/arch/x86_64/mod.rs $utf8 "the load reads a byte more, and does not use it" \
    'unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }' \
    'unsafe { bytes.as_ptr().add(16).read_volatile(); _mm_loadu_si128(bytes.as_ptr().cast()) }'
plant address src/arch/x86_64/avx2.rs $utf8 "the load reads a byte more, and does not use it" \
    'unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }' \
    'unsafe { bytes.as_ptr().add(32).read_volatile(); _mm256_loadu_si256(bytes.as_ptr().cast()) }'

plant host src/arch/x86_64/mod.rs $utf8 "wrong phase" \
    '_mm_set1_epi32(key as i32)' '_mm_set1_epi32(key.rotate_left(8) as i32)'
plant host src/arch/x86_64/mod.rs $utf8 "the last byte of a vector passes for ASCII" \
    '_mm_movemask_epi8(v) == 0' '_mm_movemask_epi8(v) & 0x7FFF == 0'
plant host src/arch/x86_64/mod.rs $utf8 "the third byte before is taken for the second" \
    '2 => _mm_alignr_epi8::<14>(v, before)' '2 => _mm_alignr_epi8::<13>(v, before)'
plant host src/arch/x86_64/avx2.rs $utf8 "wrong phase" \
    '_mm256_set1_epi32(key as i32)' '_mm256_set1_epi32(key.rotate_left(8) as i32)'
plant host src/arch/x86_64/avx2.rs $utf8 "a byte more goes the way of four vectors" \
    '32..=128 => unmask_validate_few_vectors' '32..=129 => unmask_validate_few_vectors'
plant host src/arch/x86_64/avx2.rs $utf8 "overlong forms pass in the upper half of a vector" \
    '_mm256_broadcastsi128_si256(half)' '_mm256_zextsi128_si256(half)'

plant aarch64 src/arch/aarch64/neon.rs $utf8 "wrong phase" 'vdupq_n_u32(key)' 'vdupq_n_u32(key.rotate_left(8))'
plant aarch64 src/arch/aarch64/neon.rs $utf8 "80 passes for ASCII" \
    'vmaxvq_u8(v) < 0x80' 'vmaxvq_u8(v) <= 0x80'
plant aarch64 src/arch/aarch64/neon.rs $utf8 "the fourth byte before is taken for the third" \
    'vextq_u8::<13>(before, v)' 'vextq_u8::<12>(before, v)'
plant aarch64 src/arch/lookup/mod.rs $utf8 "half of the overlong forms of three bytes pass" \
    'nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 9)' 'nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 8)'

plant wasm32 src/arch/wasm32/simd128.rs $utf8 "wrong phase" 'u32x4_splat(key)' 'u32x4_splat(key.rotate_left(8))'
plant wasm32 src/arch/wasm32/simd128.rs $utf8 "the last byte of a vector passes for ASCII" \
    'u8x16_bitmask(v) == 0' 'u8x16_bitmask(v) & 0x7FFF == 0'
plant wasm32 src/arch/wasm32/simd128.rs $utf8 "the open character is put one word too early" \
    'u32x4(0, 0, 0, word)' 'u32x4(0, 0, word, 0)'
plant wasm32 src/arch/lookup/mod.rs $utf8 "half of the overlong forms of three bytes pass" \
    'nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 9)' 'nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 8)'

plant avx512 src/arch/x86_64/avx512.rs $utf8 "wrong phase in the last of two blocks" \
    'let last = unmask(load(&last), rotate(key, bytes.len()));
        store_first' 'let last = unmask(load(&last), key);
        store_first'
plant avx512 src/arch/x86_64/avx512.rs $utf8 "the last byte of a whole block is left out" \
    'bytes.len().min(LEN) as u32' 'bytes.len().min(LEN - 1) as u32'
plant avx512 src/arch/x86_64/avx512.rs $utf8 "half of the overlong forms of three bytes pass" \
    '(0xE0, 0xE0, SECOND | THIRD, R80_8F | R90_9F)' '(0xE0, 0xE0, SECOND | THIRD, R80_8F)'

report() {
    echo "| run on | where it is | what it is | found by |"
    echo "|---|---|---|---|"
    for where in "${every[@]}"; do
        [ ! -e "$work/$where.row" ] || cat "$work/$where.row"
    done
}
[ -z "$table" ] || report | ci/table.sh "$table" "ci/plants.sh"
[ "$status$count" = 00 ] || [ "$status" != 0 ] || echo "ok: $count faults planted, each found; $SECONDS s"
exit $status
