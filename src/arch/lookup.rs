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

use super::words::mask::load_last;
use super::words::utf8::walk;

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

/// A vector's worth of zeros that ends with the bytes of the open character.
pub(super) const fn open_at_end<const LEN: usize>(open: u32) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    // Without its leading zero bytes, the last four bytes of the vector.
    let shifted = open << (open.leading_zeros() & !7);
    let last_four = shifted.to_le_bytes();
    let mut i = 0;
    while i < 4 {
        bytes[LEN - 4 + i] = last_four[i];
        i += 1;
    }
    bytes
}

/// For a lookup that moves bytes towards the end of a vector: the 16 entries from `by` on move the first
/// `by` bytes there, and fill what is before them with zeros.
pub(super) static MOVE_TO_END: [u8; 32] = {
    let mut indexes = [0x80; 32];
    let mut i = 0;
    while i < 16 {
        indexes[16 + i] = i as u8;
        i += 1;
    }
    indexes
};

/// The state at the end of `bytes`, in which vectors have found nothing wrong: every byte is right after
/// those before it. What they cannot see is a last byte that no byte can follow.
#[inline(always)]
pub(super) fn state_at_end(bytes: &[u8], before: u32) -> u32 {
    match bytes.last() {
        Some(last) if *last < 0x80 => 0,
        Some(_) => state_in_character(bytes, before),
        None => before,
    }
}

#[inline(never)]
fn state_in_character(bytes: &[u8], before: u32) -> u32 {
    let last_bytes = &bytes[bytes.len().saturating_sub(3)..];
    let (open, bytes) = match last_bytes.iter().rposition(|&byte| byte >= 0xC0) {
        Some(lead) => (0, &last_bytes[lead..]),
        None if bytes.len() < 3 => (before, bytes),
        // Three continuation bytes end any character.
        None => return 0,
    };
    walk(bytes, open)
}

/// At most 16 bytes, moved to the end of 16 whose beginning is filled with zeros: as two little-endian
/// words.
#[inline(always)]
pub(super) fn at_end_of_16(bytes: &[u8]) -> [u64; 2] {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), load_last::<8>(bytes)) {
        // Bytes that are in the second word already are moved out of the first one.
        let gap = 8 * (16 - len.min(16)) as u32;
        let low = u64::from_le_bytes(*first).checked_shl(gap).unwrap_or(0);
        return [low, u64::from_le_bytes(last)];
    }
    let gap = 8 * (8 - len.min(8)) as u32;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), load_last::<4>(bytes)) {
        // Where the two overlap they agree.
        let first = u64::from(u32::from_le_bytes(*first)) << gap;
        return [0, first | u64::from(u32::from_le_bytes(last)) << 32];
    }
    let few = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    [0, few.checked_shl(gap).unwrap_or(0)]
}

/// Writes the kernels for one instruction set, in a module that has:
///
/// - `V`, a vector of `LEN` bytes, and `load` of an array of that length,
/// - `zero`, `splat` (a byte) and `table` (16 bytes for `lookup`),
/// - `or`, `xor`, `and`, `minus` (saturating), `low_nibbles`, `high_nibbles`, `lookup`,
/// - `moved::<N>(v, before)`, each byte replaced by the one N places before it,
/// - `is_zero` and `is_ascii`.
///
/// A macro and not a generic function, because only a function that itself has the instruction set can
/// call its intrinsics without `unsafe`.
macro_rules! lookup_kernels {
    ($features:literal) => {
        const BLOCK: usize = 64;
        const VECTORS: usize = BLOCK / LEN;

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
            let last = load(&$crate::arch::lookup::open_at_end(state));
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

        #[inline]
        #[target_feature(enable = $features)]
        fn end(wrong: V, bytes: &[u8], before: u32) -> u32 {
            if is_zero(wrong) {
                $crate::arch::lookup::state_at_end(bytes, before)
            } else {
                $crate::arch::BROKEN
            }
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

/// Adds the kernel that unmasks in the same pass. Needs, besides, `repeat` (a key) and `store`.
macro_rules! unmask_lookup_kernel {
    ($features:literal) => {
        /// For at least two vectors.
        #[target_feature(enable = $features)]
        fn unmask_validate_long(bytes: &mut [u8], key: u32, state: u32) -> u32 {
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
            let (vectors, rest) = rest.as_chunks_mut();
            for place in vectors {
                let v = xor(load(place), key);
                store(place, v);
                checked = check_vector(checked, v);
            }
            let mut wrong_here = checked.wrong;
            if !rest.is_empty() {
                let mut place = [0; LEN];
                store(&mut place, last);
                $crate::arch::words::mask::store_last(bytes, place);
                wrong_here = or(wrong_here, wrong(last, before));
            }
            if state == $crate::arch::BROKEN { state } else { end(wrong_here, bytes, state) }
        }
    };
}

/// Adds, for vectors of 16 bytes, the kernels for texts shorter than two of them.
///
/// A text of less than a vector is moved to the end of one: zeros before it are ASCII, and no byte behind
/// it has to be made up. Needs, besides, `halves` (a vector of two words).
macro_rules! short_lookup_kernels {
    ($features:literal) => {
        /// For less than two vectors.
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn validate_short(bytes: &[u8], state: u32) -> u32 {
            use $crate::arch::words::{mask::load_last, utf8};
            if state != 0 {
                return utf8::walk(bytes, state);
            }
            if let (Some(first), Some(last)) = (bytes.first_chunk::<LEN>(), load_last(bytes)) {
                let (first, last) = (load(first), load(&last));
                if is_ascii(or(first, last)) {
                    return 0;
                }
                let move_to_end = &$crate::arch::lookup::MOVE_TO_END;
                let indexes = move_to_end.get(bytes.len() - LEN..).and_then(|t| t.first_chunk());
                let Some(indexes) = indexes else { return utf8::walk(bytes, state) };
                let before_last = lookup(first, load(indexes));
                return end(or(wrong(first, zero()), wrong(last, before_last)), bytes, 0);
            }
            let [low, high] = $crate::arch::lookup::at_end_of_16(bytes);
            if (low | high) & utf8::NOT_ASCII == 0 {
                return 0;
            }
            end(wrong(halves(low, high), zero()), bytes, 0)
        }
    };
}

pub(super) use {lookup_kernels, short_lookup_kernels, unmask_lookup_kernel};
