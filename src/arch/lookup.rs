//! UTF-8 on vectors, by looking up nibbles.
//!
//! The method is that of John Keiser and Daniel Lemire, "Validating UTF-8 in less than one instruction
//! per byte" (2021). Whether two neighbouring bytes may stand beside each other depends, for all rules
//! but one, on three nibbles: the high and the low one of the first byte, and the high one of the second.
//! Each way in which a pair can be wrong is a set of first bytes times a set of second bytes, each of
//! which is named by its nibbles: see [`WRONG_PAIRS`]. Give each way a bit, and make a table for each of
//! the three nibbles that says which ways it is part of. Three lookups and two ANDs then leave exactly
//! the bits of the ways in which the pair is wrong. A vector instruction looks up 16 nibbles at once.
//!
//! ```text
//!   first byte   E0   ─ high nibble E ─► overlong 3 | surrogate | lead alone
//!                     ─ low nibble  0 ─► overlong 3 | …                          AND  =  overlong 3
//!   second byte  85   ─ high nibble 8 ─► overlong 3 | …
//! ```
//!
//! The rule that is left: a continuation byte behind a continuation byte is right if a lead of three
//! stands two before it, or a lead of four three before it, and otherwise wrong; and where such a lead
//! stands, the byte must be one. So the way "two continuations" gets the highest bit, "a lead reaches
//! here" is computed with the same bit, and the XOR of both is what is wrong.
//!
//! Text that is ASCII is not looked up: a block of it can only be wrong by cutting off the character
//! before it.
//!
//! Blocks are taken from the front, and the rest that is shorter than a vector as the last whole vector of
//! the text, which overlaps what was checked. Checking a byte twice does no harm, as long as the bytes
//! before it are known: so that vector is loaded together with the one that ends where it begins, and
//! both before anything is written over them.

use super::words::mask::inline::mask_short;
use super::words::mask::{load_last, store_first, store_last, twice};
use super::words::utf8::walk;
use super::{BROKEN, rotate};

/// A set of nibbles, a bit for each.
type Nibbles = u16;

const ANY: Nibbles = 0xFFFF;
const ASCII: Nibbles = 0x00FF;
const CONTINUATION: Nibbles = 0x0F00;
const LEAD: Nibbles = 0xF000;
const NO_CONTINUATION: Nibbles = !CONTINUATION;

const fn nibbles(from: u32, to: u32) -> Nibbles {
    let (below_end, below_start) = ((1u32 << (to + 1)) - 1, (1u32 << from) - 1);
    (below_end & !below_start) as Nibbles
}

/// The ways in which two bytes can be wrong beside each other, each with its bit: the high and the low
/// nibble of the first byte, and the high nibble of the second.
const WRONG_PAIRS: [(Nibbles, Nibbles, Nibbles); 8] = [
    // A lead that no continuation follows.
    (LEAD, ANY, NO_CONTINUATION),
    // A continuation that follows no lead.
    (ASCII, ANY, CONTINUATION),
    // C0 and C1: two bytes for what one holds.
    (nibbles(0xC, 0xC), nibbles(0, 1), CONTINUATION),
    // E0 80–9F: three bytes for what two hold.
    (nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 9)),
    // ED A0–BF: surrogates.
    (nibbles(0xE, 0xE), nibbles(0xD, 0xD), nibbles(0xA, 0xB)),
    // F0 80–8F: four bytes for what three hold; F5–FF 80–8F: beyond U+10FFFF.
    (nibbles(0xF, 0xF), nibbles(0, 0) | nibbles(5, 0xF), nibbles(8, 8)),
    // F4 90–BF and F5–FF 90–BF: beyond U+10FFFF.
    (nibbles(0xF, 0xF), nibbles(4, 0xF), nibbles(9, 0xB)),
    // Two continuations: wrong, unless a longer character reaches this far. The highest bit.
    (CONTINUATION, ANY, CONTINUATION),
];

/// The three tables: for the high and the low nibble of the first byte, and the high one of the second.
pub(super) const TABLES: [[u8; 16]; 3] = {
    let mut tables = [[0; 16]; 3];
    let mut way = 0;
    while way < 8 {
        let (first_high, first_low, second_high) = WRONG_PAIRS[way];
        let mut nibble = 0;
        while nibble < 16 {
            tables[0][nibble] |= ((first_high >> nibble & 1) as u8) << way;
            tables[1][nibble] |= ((first_low >> nibble & 1) as u8) << way;
            tables[2][nibble] |= ((second_high >> nibble & 1) as u8) << way;
            nibble += 1;
        }
        way += 1;
    }
    tables
};

/// The greatest value that each of the last bytes of a vector may have if the text is to end there: the
/// last may not be a lead, the one before it not a lead of three, and so on.
pub(super) const fn ends_whole<const LEN: usize>() -> [u8; LEN] {
    let mut greatest = [0xFF; LEN];
    greatest[LEN - 3] = 0xEF;
    greatest[LEN - 2] = 0xDF;
    greatest[LEN - 1] = 0xBF;
    greatest
}

/// The bytes of the open character, moved to the end of a word whose beginning is filled with zeros.
#[inline(always)]
pub(super) const fn at_end_of_word(open: u32) -> u32 {
    if open == 0 { 0 } else { open << (open.leading_zeros() & !7) }
}

/// ASCII cuts off the character that is open.
#[inline(always)]
pub(super) const fn state_after_ascii(state: u32) -> u32 {
    if state == 0 { 0 } else { BROKEN }
}

/// The four bytes of the text before `at`, unmasked, where the character that was open before the text has
/// the bytes before its first.
#[inline(always)]
pub(super) fn word_before(bytes: &[u8], at: usize, key: u32, open: u32) -> u32 {
    let word = |bytes: [u8; 4], key: u32| (u32::from_ne_bytes(bytes) ^ key).to_le();
    if let Some(start) = at.checked_sub(4)
        && let Some(before) = bytes.get(start..).and_then(|bytes| bytes.first_chunk())
    {
        return word(*before, rotate(key, at));
    }
    let first = bytes.first_chunk().map_or(0, |first| word(*first, key));
    let both = u64::from(at_end_of_word(open)) | u64::from(first) << 32;
    (both >> (8 * at.min(4))) as u32
}

/// The state at the end of `bytes`, in which vectors have found nothing wrong: every byte is right after
/// those before it. What they cannot see is a last byte that no byte can follow.
#[inline(always)]
pub(super) fn state_at_end(bytes: &[u8], before: u32) -> u32 {
    match *bytes {
        [.., last] if last < 0x80 => 0,
        [.., third, second, last] => match (third, second, last) {
            (_, _, 0xC2..=0xF4) => u32::from(last),
            (_, _, 0xC0..) => BROKEN,
            (_, 0xE0.., _) => u32::from_le_bytes([second, last, 0, 0]),
            (0xF0.., _, _) => u32::from_le_bytes([third, second, last, 0]),
            // A continuation byte that ends its character.
            _ => 0,
        },
        _ => walk(bytes, before),
    }
}

/// At most 16 bytes, moved to the end of 16 whose beginning is filled with zeros: as two little-endian
/// words.
#[inline(always)]
pub(super) fn at_end_of_16(bytes: &[u8]) -> [u64; 2] {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), load_last(bytes)) {
        return long_at_end(u64::from_le_bytes(*first), u64::from_le_bytes(last), len);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), load_last(bytes)) {
        return short_at_end(u32::from_le_bytes(*first), u32::from_le_bytes(last), len);
    }
    few_at_end(bytes)
}

/// Unmasks at most 16 bytes where they lie, and returns them as [`at_end_of_16`] would.
#[inline(always)]
pub(super) fn unmask_at_end_of_16(bytes: &mut [u8], key: u32) -> [u64; 2] {
    let len = bytes.len();
    // The key turns with the length, since both word lengths are multiples of its own.
    let turned_key = rotate(key, len);
    if let (Some(first), Some(last)) = (bytes.first_chunk(), load_last(bytes)) {
        let first = u64::from_ne_bytes(*first) ^ twice(key);
        let last = u64::from_ne_bytes(last) ^ twice(turned_key);
        store_first(bytes, first.to_ne_bytes());
        store_last(bytes, last.to_ne_bytes());
        return long_at_end(first.to_le(), last.to_le(), len);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), load_last(bytes)) {
        let first = u32::from_ne_bytes(*first) ^ key;
        let last = u32::from_ne_bytes(last) ^ turned_key;
        store_first(bytes, first.to_ne_bytes());
        store_last(bytes, last.to_ne_bytes());
        return short_at_end(first.to_le(), last.to_le(), len);
    }
    mask_short(bytes, key);
    few_at_end(bytes)
}

/// For 8 to 16 bytes: those of the first word that are in the last one too are moved out.
#[inline(always)]
fn long_at_end(first: u64, last: u64, len: usize) -> [u64; 2] {
    [first.checked_shl(8 * (16 - len.min(16)) as u32).unwrap_or(0), last]
}

/// For 4 to 8 bytes: where the two words overlap, they agree.
#[inline(always)]
fn short_at_end(first: u32, last: u32, len: usize) -> [u64; 2] {
    [0, u64::from(first) << (8 * (8 - len.min(8)) as u32) | u64::from(last) << 32]
}

/// For 0 to 3 bytes.
#[inline(always)]
fn few_at_end(bytes: &[u8]) -> [u64; 2] {
    let few = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    [0, few.checked_shl(8 * (8 - bytes.len().min(8)) as u32).unwrap_or(0)]
}

/// Writes what all kernels of an instruction set share, in a module that has:
///
/// - `V`, a vector of `LEN` bytes, and `load` of an array of that length,
/// - `zero`, `splat` (a byte), `table` (16 bytes for `lookup`) and `ends_with` (zeros that end with a
///   word of four bytes, the lowest first),
/// - `or`, `xor`, `and`, `minus` (saturating), `low_nibbles`, `high_nibbles`, `lookup`,
/// - `moved::<N>(v, before)`, each byte replaced by the one N places before it,
/// - `is_zero` and `is_ascii`.
///
/// These are macros and not generic functions, because only a function that itself has the instruction set can
/// call its intrinsics without `unsafe`.
macro_rules! lookup_core {
    ($features:literal) => {
        /// What is wrong in `v`, which follows `before`: zero if nothing is.
        #[inline]
        #[target_feature(enable = $features)]
        fn wrong(v: V, before: V) -> V {
            let [first_high, first_low, second_high] = $crate::arch::lookup::TABLES;
            let first = moved::<1>(v, before);
            let wrong_pair = and(
                and(
                    lookup(table(&first_high), high_nibbles(first)),
                    lookup(table(&first_low), low_nibbles(first)),
                ),
                lookup(table(&second_high), high_nibbles(v)),
            );
            // Only where a lead of three stands two before, or one of four three before, is the highest
            // bit left.
            let third = minus(moved::<2>(v, before), splat(0xE0 - 0x80));
            let fourth = minus(moved::<3>(v, before), splat(0xF0 - 0x80));
            xor(wrong_pair, and(or(third, fourth), splat(0x80)))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn end(wrong: V, bytes: &[u8], before: u32) -> u32 {
            if is_zero(wrong) {
                $crate::arch::lookup::state_at_end(bytes, before)
            } else {
                $crate::arch::BROKEN
            }
        }
    };
}

/// Adds the kernel for texts of any length from two vectors on.
macro_rules! long_lookup_kernel {
    ($features:literal) => {
        const BLOCK: usize = 64;
        const VECTORS: usize = BLOCK / LEN;

        /// What is checked so far.
        #[derive(Clone, Copy)]
        struct Checked {
            /// Not zero where something was wrong.
            wrong: V,
            /// The last vector.
            last: V,
            /// Not zero if `last` ends inside a character; zero also where that is not known to matter.
            open: V,
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn begin(state: u32) -> Checked {
            if state == 0 {
                return Checked { wrong: zero(), last: zero(), open: zero() };
            }
            let last = ends_with($crate::arch::lookup::at_end_of_word(state));
            Checked { wrong: zero(), last, open: minus(last, load(&ENDS_WHOLE)) }
        }

        const ENDS_WHOLE: [u8; LEN] = $crate::arch::lookup::ends_whole();

        #[inline]
        #[target_feature(enable = $features)]
        fn check_block(checked: Checked, block: [V; VECTORS]) -> Checked {
            let mut all = block[0];
            for v in block {
                all = or(all, v);
            }
            let last = block[VECTORS - 1];
            if is_ascii(all) {
                return Checked { wrong: or(checked.wrong, checked.open), last, open: zero() };
            }
            let mut checked = checked;
            for v in block {
                checked = check_vector(checked, v);
            }
            Checked { open: minus(last, load(&ENDS_WHOLE)), ..checked }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn check_vector(checked: Checked, v: V) -> Checked {
            Checked { wrong: or(checked.wrong, wrong(v, checked.last)), last: v, ..checked }
        }

        /// The vectors after the last block, and the last vector of the text with the one before it: what
        /// is wrong in all. `follows` says whether there is any byte after the last block.
        #[inline]
        #[target_feature(enable = $features)]
        fn check_rest(checked: Checked, follows: bool, rest: &[V], before: V, last: V) -> V {
            let mut all = last;
            for v in rest {
                all = or(all, *v);
            }
            if is_ascii(all) {
                return if follows { or(checked.wrong, checked.open) } else { checked.wrong };
            }
            let mut checked = checked;
            for v in rest {
                checked = check_vector(checked, *v);
            }
            or(checked.wrong, wrong(last, before))
        }

        /// For at least two vectors.
        #[target_feature(enable = $features)]
        pub(super) fn validate_long(bytes: &[u8], state: u32) -> u32 {
            if state == $crate::arch::BROKEN {
                return state;
            }
            let mut checked = begin(state);
            let (blocks, rest) = bytes.as_chunks::<BLOCK>();
            for block in blocks {
                let (vectors, _) = block.as_chunks();
                let mut loaded = [zero(); VECTORS];
                for (to, from) in loaded.iter_mut().zip(vectors) {
                    *to = load(from);
                }
                checked = check_block(checked, loaded);
            }
            let (vectors, rest) = rest.as_chunks();
            for v in vectors {
                checked = check_vector(checked, load(v));
            }
            let mut wrong_here = checked.wrong;
            if !rest.is_empty()
                && let Some(before_last) =
                    $crate::arch::words::mask::load_last::<{ 2 * LEN }>(bytes)
                && let ([before, last], _) = before_last.as_chunks()
            {
                wrong_here = or(wrong_here, wrong(load(last), load(before)));
            }
            end(wrong_here, bytes, state)
        }
    };
}

/// Adds the same kernel, unmasking in the same pass. Needs, besides, `repeat` (a key) and `store`.
macro_rules! long_unmask_kernel {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn to_array(v: V) -> [u8; LEN] {
            let mut bytes = [0; LEN];
            store(&mut bytes, v);
            bytes
        }

        /// For at least two vectors.
        #[target_feature(enable = $features)]
        pub(super) fn unmask_validate_long(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            let mut checked = begin(if state == $crate::arch::BROKEN { 0 } else { state });
            // The last two vectors, while they are still masked.
            let turned_key = repeat($crate::arch::rotate(key, bytes.len()));
            let (mut before, mut last) = (zero(), zero());
            if let Some(both) = $crate::arch::words::mask::load_last::<{ 2 * LEN }>(bytes)
                && let ([first, second], _) = both.as_chunks()
            {
                before = xor(load(first), turned_key);
                last = xor(load(second), turned_key);
            }

            let key = repeat(key);
            let (blocks, rest) = bytes.as_chunks_mut::<BLOCK>();
            for block in blocks {
                let (vectors, _) = block.as_chunks_mut();
                let mut unmasked = [zero(); VECTORS];
                for (to, from) in unmasked.iter_mut().zip(&*vectors) {
                    *to = xor(load(from), key);
                }
                for (to, from) in vectors.iter_mut().zip(unmasked) {
                    store(to, from);
                }
                checked = check_block(checked, unmasked);
            }
            let mut unmasked = [zero(); VECTORS];
            let follows = !rest.is_empty();
            let (vectors, last_bytes) = rest.as_chunks_mut();
            let count = vectors.len();
            for (to, place) in unmasked.iter_mut().zip(vectors) {
                *to = xor(load(place), key);
                store(place, *to);
            }
            if last_bytes.is_empty() {
                (before, last) = (zero(), zero());
            } else {
                $crate::arch::words::mask::store_last(bytes, to_array(last));
            }
            let wrong_here = check_rest(checked, follows, &unmasked[..count], before, last);
            if state == $crate::arch::BROKEN { state } else { end(wrong_here, bytes, state) }
        }
    };
}

/// Adds the kernels for texts of one to two blocks of `$vectors` vectors each, in the way in which short
/// payloads are masked: as their first block and their last, without a loop. Needs, besides, `repeat`
/// and `store`.
///
/// The last block overlaps the first, and what stands before it is in the first block, at a place that
/// depends on the length. Of that, checking needs three bytes, and they are read as a word of their own.
/// Everything is loaded before anything is written.
macro_rules! two_block_kernels {
    (
        $features:literal, $vectors:literal,
        $validate:ident, $unmask_validate:ident, $two_blocks:ident
    ) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn $validate(bytes: &[u8], state: u32) -> u32 {
            use $crate::arch::words::mask::{load_first, load_last};
            const N: usize = $vectors * LEN;
            let (Some(first_bytes), Some(last_bytes)) =
                (load_first::<N>(bytes), load_last::<N>(bytes))
            else {
                return $crate::arch::words::utf8::walk(bytes, state);
            };
            let (mut first, mut last) = ([zero(); $vectors], [zero(); $vectors]);
            let mut all = zero();
            for i in 0..$vectors {
                first[i] = load(&first_bytes.as_chunks().0[i]);
                last[i] = load(&last_bytes.as_chunks().0[i]);
                all = or(all, or(first[i], last[i]));
            }
            if is_ascii(all) {
                return $crate::arch::lookup::state_after_ascii(state);
            }
            let before_last = $crate::arch::lookup::word_before(bytes, bytes.len() - N, 0, state);
            $two_blocks(first, last, before_last, bytes, state)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn $unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            use $crate::arch::words::mask::{load_first, load_last, store_first, store_last};
            const N: usize = $vectors * LEN;
            let (Some(mut first_bytes), Some(mut last_bytes)) =
                (load_first::<N>(bytes), load_last::<N>(bytes))
            else {
                return $crate::arch::words::utf8::unmask_walk(bytes, key, state);
            };
            let before_last = $crate::arch::lookup::word_before(bytes, bytes.len() - N, key, state);
            let (first_key, last_key) =
                (repeat(key), repeat($crate::arch::rotate(key, bytes.len())));
            let (mut first, mut last) = ([zero(); $vectors], [zero(); $vectors]);
            let mut all = zero();
            for i in 0..$vectors {
                let (first_place, last_place) =
                    (&mut first_bytes.as_chunks_mut().0[i], &mut last_bytes.as_chunks_mut().0[i]);
                first[i] = xor(load(first_place), first_key);
                last[i] = xor(load(last_place), last_key);
                store(first_place, first[i]);
                store(last_place, last[i]);
                all = or(all, or(first[i], last[i]));
            }
            store_first(bytes, first_bytes);
            store_last(bytes, last_bytes);
            if is_ascii(all) {
                return $crate::arch::lookup::state_after_ascii(state);
            }
            $two_blocks(first, last, before_last, bytes, state)
        }

        /// Looks up both blocks.
        #[inline]
        #[target_feature(enable = $features)]
        fn $two_blocks(
            first: [V; $vectors],
            last: [V; $vectors],
            before_last: u32,
            bytes: &[u8],
            state: u32,
        ) -> u32 {
            if state == $crate::arch::BROKEN {
                return state;
            }
            let mut before_first = ends_with($crate::arch::lookup::at_end_of_word(state));
            let mut before_last = ends_with(before_last);
            let mut wrong_here = zero();
            for i in 0..$vectors {
                let both = or(wrong(first[i], before_first), wrong(last[i], before_last));
                wrong_here = or(wrong_here, both);
                (before_first, before_last) = (first[i], last[i]);
            }
            end(wrong_here, bytes, state)
        }
    };
}

/// Adds, for vectors of 16 bytes, the kernels for texts shorter than one of them. Needs, besides, `halves`
/// (a vector of two words).
///
/// Such a text is moved to the end of a vector: zeros before it are ASCII, and no byte behind it has to be
/// made up.
macro_rules! part_of_vector_kernels {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn validate_part(bytes: &[u8]) -> u32 {
            end_of_words($crate::arch::lookup::at_end_of_16(bytes), bytes)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn unmask_validate_part(bytes: &mut [u8], key: u32) -> u32 {
            end_of_words($crate::arch::lookup::unmask_at_end_of_16(bytes, key), bytes)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn end_of_words([low, high]: [u64; 2], bytes: &[u8]) -> u32 {
            if (low | high) & $crate::arch::words::utf8::NOT_ASCII == 0 {
                return 0;
            }
            end(wrong(halves(low, high), zero()), bytes, 0)
        }
    };
}

pub(super) use {
    long_lookup_kernel, long_unmask_kernel, lookup_core, part_of_vector_kernels, two_block_kernels,
};
