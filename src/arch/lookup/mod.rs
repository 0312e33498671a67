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
//! Around that core: `ends` is what is done with words where a text begins or ends, `long` and
//! `short` are the kernels for long texts and for short ones.

mod ends;
mod kernels_16;
mod long;
mod short;

pub(super) use ends::{
    at_end_of_16, at_end_of_word, state_after_ascii, state_at_end, unmask_at_end_of_16, word_before,
};
pub(super) use kernels_16::kernels_16;
pub(super) use long::{long_lookup_kernel, long_unmask_kernel};
pub(super) use short::{
    few_vectors_kernels, look_up, look_up_few_vectors, part_of_vector_kernels, two_block_kernels,
};

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

/// Writes what all kernels of an instruction set share, in a module that has:
///
/// - `V`, a vector of `LEN` bytes, and `load` of an array of that length,
/// - `zero`, `splat` (a byte), `table` (16 bytes for `lookup`) and `ends_with` (zeros that end with a
///   word of four bytes, the lowest first),
/// - `or`, `xor`, `and`, `minus` (saturating), `low_nibbles`, `high_nibbles`, `lookup`,
/// - `moved::<N>(v, before)`, each byte replaced by the one N places before it,
/// - `is_zero` and `is_ascii`.
///
/// This and those beside it are macros and not generic functions, because only a function that itself has
/// the instruction set can call its intrinsics without `unsafe`.
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

        const ENDS_WHOLE: [u8; LEN] = $crate::arch::lookup::ends_whole();

        /// Not zero if a text that ends with `last` ends inside a character, or with a byte that is never
        /// right.
        #[inline]
        #[target_feature(enable = $features)]
        fn open_after(last: V) -> V {
            minus(last, load(&ENDS_WHOLE))
        }

        /// The state after `bytes`, which end with `last`, and in which `wrong` was found.
        #[inline]
        #[target_feature(enable = $features)]
        fn end(wrong: V, last: V, bytes: &[u8], before: u32) -> u32 {
            // One branch, and one that can be foretold: most texts are right and end whole.
            if is_zero(or(wrong, open_after(last))) {
                0
            } else if is_zero(wrong) {
                $crate::arch::lookup::state_at_end(bytes, before)
            } else {
                $crate::arch::BROKEN
            }
        }
    };
}

pub(super) use lookup_core;
