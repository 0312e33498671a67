//! UTF-8 validation with vectors, by looking up nibbles.
//!
//! The method is that of John Keiser and Daniel Lemire, "Validating UTF-8 in less than one
//! instruction per byte" (2021). For all rules but one, three nibbles decide whether two bytes may
//! follow each other. They are the high and the low nibble of the first byte, and the high nibble
//! of the second.
//!
//! [`WRONG_PAIRS`] lists the kinds of errors. Each kind is a set of first bytes, described by their
//! two nibbles, and a set of second bytes, described by their high nibble. Each kind has a bit. A
//! table per nibble contains, for each value, the kinds that it is part of. Three lookups and two
//! ANDs leave the bits of the errors in a pair. A vector instruction looks up 16 nibbles at once.
//!
//! ```text
//!   first byte   E0   ─ high nibble E ─► overlong 3 | surrogate | lead alone
//!                     ─ low nibble  0 ─► overlong 3 | …                          AND  =  overlong 3
//!   second byte  85   ─ high nibble 8 ─► overlong 3 | …
//! ```
//!
//! The remaining rule is about a continuation byte after another one. It is valid, and required,
//! only after a lead of three bytes two positions before it, or a lead of four bytes three
//! positions before it. The kind "two continuations" has the highest bit. Whether there is such a
//! lead is computed in the same bit. The XOR of both is the error.
//!
//! ASCII is not looked up. The only possible error of such a block is that it cuts off the
//! character before it.
//!
//! | module | contents |
//! |---|---|
//! | `ends` | work on words where a text begins or ends |
//! | `long`, `short` | the kernels for long and for short texts |
//! | `kernels_16` | the choice between them for vectors of 16 bytes |

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

/// A set of nibbles, with a bit for each.
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

/// The kinds of errors in two consecutive bytes. Each has a bit, and three sets: the high and the
/// low nibble of the first byte, and the high nibble of the second.
const WRONG_PAIRS: [(Nibbles, Nibbles, Nibbles); 8] = [
    // A lead without a continuation.
    (LEAD, ANY, NO_CONTINUATION),
    // A continuation without a lead.
    (ASCII, ANY, CONTINUATION),
    // C0 and C1: two bytes where one suffices.
    (nibbles(0xC, 0xC), nibbles(0, 1), CONTINUATION),
    // E0 80–9F: three bytes where two suffice.
    (nibbles(0xE, 0xE), nibbles(0, 0), nibbles(8, 9)),
    // ED A0–BF: surrogates.
    (nibbles(0xE, 0xE), nibbles(0xD, 0xD), nibbles(0xA, 0xB)),
    // F0 80–8F: four bytes where three suffice; F5–FF 80–8F: beyond U+10FFFF.
    (nibbles(0xF, 0xF), nibbles(0, 0) | nibbles(5, 0xF), nibbles(8, 8)),
    // F4 90–BF and F5–FF 90–BF: beyond U+10FFFF.
    (nibbles(0xF, 0xF), nibbles(4, 0xF), nibbles(9, 0xB)),
    // Two continuations. This is the highest bit, so it is an error unless a lead requires both.
    (CONTINUATION, ANY, CONTINUATION),
];

/// The tables for the high and the low nibble of the first byte, and the high nibble of the second.
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

/// Returns the greatest values that the last bytes of a vector may have if the text ends there. The
/// last byte must not be a lead, the one before it not a lead of three, and so on.
pub(super) const fn ends_whole<const LEN: usize>() -> [u8; LEN] {
    let mut greatest = [0xFF; LEN];
    greatest[LEN - 3] = 0xEF;
    greatest[LEN - 2] = 0xDF;
    greatest[LEN - 1] = 0xBF;
    greatest
}

/// Writes what all kernels of an instruction set share. The module must have:
///
/// - `V`, a vector of `LEN` bytes, and `load` of an array of that length
/// - `zero`, `splat` (a byte), `table` (16 bytes for `lookup`) and `ends_with` (a word of four
///   bytes after zeros, the lowest byte first)
/// - `or`, `xor`, `and`, `minus` (saturating), `low_nibbles`, `high_nibbles`, `lookup`
/// - `moved::<N>(v, before)`, which replaces each byte by the one N positions before it
/// - `is_zero` and `is_ascii`
///
/// These are macros and not generic functions, because a function must have the instruction set to
/// call its intrinsics without `unsafe`.
macro_rules! lookup_core {
    ($features:literal) => {
        /// Returns the errors in `v`, which follows `before`: zero if there are none.
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
            // The highest bit is set only where a lead of three is two positions before, or one of
            // four three positions before.
            let third = minus(moved::<2>(v, before), splat(0xE0 - 0x80));
            let fourth = minus(moved::<3>(v, before), splat(0xF0 - 0x80));
            xor(wrong_pair, and(or(third, fourth), splat(0x80)))
        }

        const ENDS_WHOLE: [u8; LEN] = $crate::arch::lookup::ends_whole();

        /// Returns zero unless a text that ends with `last` ends inside a character, or with a byte
        /// that is never valid.
        #[inline]
        #[target_feature(enable = $features)]
        fn open_after(last: V) -> V {
            minus(last, load(&ENDS_WHOLE))
        }

        /// Returns the state after `bytes`, which end with `last`. `wrong` contains the errors in
        /// them.
        #[inline]
        #[target_feature(enable = $features)]
        fn end(wrong: V, last: V, bytes: &[u8], before: u32) -> u32 {
            // One predictable branch: most texts are valid and end at a character boundary.
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
