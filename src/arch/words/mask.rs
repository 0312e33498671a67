//! XOR with a four-byte key, a block at a time.
//!
//! Most payloads are short, and of lengths that nobody can foretell: there a branch that the processor
//! guesses wrong costs more than the work. So a length between N and 2N is done without a loop, as two
//! blocks of N bytes: the first N and the last N. They overlap, and XOR applied twice to the overlap
//! would undo itself; so all is loaded before anything is stored, and the overlap is written twice with
//! the same bytes.
//!
//! ```text
//!  length 11, N = 8      |0 1 2 3 4 5 6 7|8 9 10|
//!  first block           |k0k1k2k3k0k1k2k3|
//!  last block                  |k3k0k1k2k3k0k1k2|      the key turned by 11 - 8
//! ```
//!
//! Four blocks do the same for N to 4N, since two of them may lie anywhere: below 2N they do once more what
//! the other two do. With blocks of 8 and of 32 bytes, two branches decide on all lengths from 8 to 128.
//!
//! Long ones go block by block, each a whole line of the cache. The first block and the last lie where
//! they lie, overlapping what is between them, which begins at the first line's beginning in the target:
//! a vector that is stored across two lines costs two stores. Whatever a block's place, the key is
//! turned to it once, and never inside, since N is a multiple of four.
//!
//! The blocks are arrays of a constant length: the compiler puts them into whatever registers the
//! target has, words or vectors, and no bounds check is left.
//!
//! Each function returns the bitwise OR of the words it wrote, which tells at no cost whether they are
//! all ASCII. Who does not ask does not pay: the computation is removed.

use core::ops::Range;

use crate::arch::rotate;

/// A line of the cache. Larger blocks gained nothing.
const BLOCK: usize = 64;

/// Up to this length few registers are needed.
pub(in crate::arch) const SHORT: usize = 2 * BLOCK;

/// What is read and where it is written: the same slice, or two of one length. The algorithm is
/// written once over both.
trait Operands {
    fn from(&self) -> &[u8];
    fn to(&mut self) -> &mut [u8];

    /// Passes block after block through `f`, from `start` on. Leaves 1 to N bytes at the end as they are.
    fn each_block<const N: usize>(&mut self, start: usize, f: impl FnMut([u8; N]) -> [u8; N]);

    #[inline(always)]
    fn len(&self) -> usize {
        self.from().len()
    }
}

struct InPlace<'a>(&'a mut [u8]);

impl Operands for InPlace<'_> {
    #[inline(always)]
    fn from(&self) -> &[u8] {
        self.0
    }
    #[inline(always)]
    fn to(&mut self) -> &mut [u8] {
        self.0
    }
    #[inline(always)]
    fn each_block<const N: usize>(&mut self, start: usize, mut f: impl FnMut([u8; N]) -> [u8; N]) {
        let blocks = blocks::<N>(self.len(), start);
        for block in self.0.get_mut(blocks).unwrap_or_default().as_chunks_mut().0 {
            *block = f(*block);
        }
    }
}

/// The two slices are of one length.
struct Copying<'a>(&'a [u8], &'a mut [u8]);

impl<'a> Copying<'a> {
    #[inline(always)]
    fn new(from: &'a [u8], to: &'a mut [u8]) -> Self {
        let len = from.len().min(to.len());
        Self(&from[..len], &mut to[..len])
    }
}

impl Operands for Copying<'_> {
    #[inline(always)]
    fn from(&self) -> &[u8] {
        self.0
    }
    #[inline(always)]
    fn to(&mut self) -> &mut [u8] {
        self.1
    }
    #[inline(always)]
    fn each_block<const N: usize>(&mut self, start: usize, mut f: impl FnMut([u8; N]) -> [u8; N]) {
        let blocks = blocks::<N>(self.len(), start);
        let from = self.0.get(blocks.clone()).unwrap_or_default().as_chunks().0;
        let to = self.1.get_mut(blocks).unwrap_or_default().as_chunks_mut().0;
        for (from, to) in from.iter().zip(to) {
            *to = f(*from);
        }
    }
}

/// From `start` on, as many whole blocks as leave at least one byte behind them.
#[inline(always)]
pub(in crate::arch) fn blocks<const N: usize>(len: usize, start: usize) -> Range<usize> {
    let whole = len.saturating_sub(start + 1) / N;
    start..start + whole * N
}

#[inline(always)]
pub(in crate::arch) fn store_first<const N: usize>(bytes: &mut [u8], block: [u8; N]) {
    if let Some(first) = bytes.first_chunk_mut() {
        *first = block;
    }
}

#[inline(always)]
fn load_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    // A bound that does not fail, and needs no branch.
    let end = bytes.len().checked_sub(N)?;
    load_first(bytes.get(at.min(end)..)?)
}

#[inline(always)]
fn store_at<const N: usize>(bytes: &mut [u8], at: usize, block: [u8; N]) {
    let Some(end) = bytes.len().checked_sub(N) else { return };
    if let Some(there) = bytes.get_mut(at.min(end)..) {
        store_first(there, block);
    }
}

/// Four blocks that are all of N to 4N bytes, and where the two between the first and the last are. From 2N
/// on they are the first two blocks and the last two; below, the first and the last, twice each.
#[inline(always)]
pub(in crate::arch) fn load_four<const N: usize>(
    bytes: &[u8],
) -> Option<([usize; 2], [[u8; N]; 4])> {
    let end = bytes.len().checked_sub(N)?;
    let second = if end >= N { N } else { 0 };
    let third = end - second;
    let first = load_first(bytes)?;
    let between = [load_at(bytes, second)?, load_at(bytes, third)?];
    Some(([second, third], [first, between[0], between[1], load_last(bytes)?]))
}

/// Stores them where they were.
#[inline(always)]
pub(in crate::arch) fn store_four<const N: usize>(
    bytes: &mut [u8],
    places: [usize; 2],
    blocks: [[u8; N]; 4],
) {
    // Whoever reads the beginning or the end next finds it in one piece.
    store_at(bytes, places[0], blocks[1]);
    store_at(bytes, places[1], blocks[2]);
    store_first(bytes, blocks[0]);
    store_last(bytes, blocks[3]);
}

// `last_chunk` would say the same in fewer words; but its check is not always seen to be needless, and a
// way to a panic is then left. Of a slice shorter than N, the index wraps and lies outside.

#[inline(always)]
pub(in crate::arch) fn load_first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

#[inline(always)]
pub(in crate::arch) fn load_last<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(bytes.len().wrapping_sub(N)..)?.first_chunk().copied()
}

#[inline(always)]
pub(in crate::arch) fn store_last<const N: usize>(bytes: &mut [u8], block: [u8; N]) {
    if let Some(last) = bytes.get_mut(bytes.len().wrapping_sub(N)..) {
        store_first(last, block);
    }
}

pub(in crate::arch) fn mask(bytes: &mut [u8], key: u32) {
    mask_seen(bytes, key);
}

pub(in crate::arch) fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
    if from.len().min(to.len()) <= SHORT {
        inline::mask_copy_short(from, to, key);
    } else {
        mask_copy_long(from, to, key);
    }
}

// A call of its own each, so that the short ways need no stack.

#[inline(never)]
fn mask_long(bytes: &mut [u8], key: u32) -> u64 {
    inline::mask_long(bytes, key)
}

#[inline(never)]
fn mask_copy_long(from: &[u8], to: &mut [u8], key: u32) {
    inline::mask_copy_long(from, to, key);
}

/// Masks in place; returns the OR of all words written.
#[inline(always)]
pub(super) fn mask_seen(bytes: &mut [u8], key: u32) -> u64 {
    if bytes.len() <= SHORT { inline::mask_short(bytes, key) } else { mask_long(bytes, key) }
}

/// The ways, always inlined: compiled once more for each instruction set, by being called from a function
/// that has it.
pub(in crate::arch) mod inline {
    use super::{Copying, InPlace, few_blocks, many_blocks};

    /// For up to [`SHORT`](super::SHORT) bytes. Returns the OR of all words written.
    #[inline(always)]
    pub(in crate::arch) fn mask_short(bytes: &mut [u8], key: u32) -> u64 {
        few_blocks(InPlace(bytes), key)
    }

    /// For more.
    #[inline(always)]
    pub(in crate::arch) fn mask_long(bytes: &mut [u8], key: u32) -> u64 {
        many_blocks(InPlace(bytes), key)
    }

    /// For up to [`SHORT`](super::SHORT) bytes in the shorter of the two.
    #[inline(always)]
    pub(in crate::arch) fn mask_copy_short(from: &[u8], to: &mut [u8], key: u32) {
        few_blocks(Copying::new(from, to), key);
    }

    /// For more.
    #[inline(always)]
    pub(in crate::arch) fn mask_copy_long(from: &[u8], to: &mut [u8], key: u32) {
        many_blocks(Copying::new(from, to), key);
    }
}

#[inline(always)]
fn few_blocks(operands: impl Operands, key: u32) -> u64 {
    let len = operands.len();
    if len >= 32 {
        four_blocks::<32>(operands, key)
    } else if len >= 8 {
        four_blocks::<8>(operands, key)
    } else if len >= 4 {
        two_blocks::<4>(operands, key)
    } else {
        few_bytes(operands, key)
    }
}

#[inline(always)]
fn few_bytes(mut operands: impl Operands, key: u32) -> u64 {
    match operands.len() {
        1 => one_block::<1>(&mut operands, key),
        2 => one_block::<2>(&mut operands, key),
        3 => one_block::<3>(&mut operands, key),
        _ => 0,
    }
}

#[inline(always)]
fn one_block<const N: usize>(operands: &mut impl Operands, key: u32) -> u64 {
    let Some(block) = load_first::<N>(operands.from()) else { return 0 };
    let (block, seen) = xor(block, key);
    store_first(operands.to(), block);
    seen
}

/// For N to 2N bytes.
#[inline(always)]
fn two_blocks<const N: usize>(mut operands: impl Operands, key: u32) -> u64 {
    let from = operands.from();
    let (Some(first), Some(last)) = (load_first::<N>(from), load_last::<N>(from)) else {
        return 0;
    };
    let (first, seen_first) = xor(first, key);
    let (last, seen_last) = xor(last, rotate(key, operands.len()));
    store_first(operands.to(), first);
    store_last(operands.to(), last);
    seen_first | seen_last
}

/// For N to 4N bytes.
#[inline(always)]
fn four_blocks<const N: usize>(mut operands: impl Operands, key: u32) -> u64 {
    let Some((places, blocks)) = load_four::<N>(operands.from()) else { return 0 };
    let last_key = rotate(key, operands.len());
    let (first, seen_1) = xor(blocks[0], key);
    let (second, seen_2) = xor(blocks[1], key);
    let (third, seen_3) = xor(blocks[2], last_key);
    let (last, seen_4) = xor(blocks[3], last_key);
    store_four(operands.to(), places, [first, second, third, last]);
    seen_1 | seen_2 | seen_3 | seen_4
}

/// For at least two blocks.
#[inline(always)]
fn many_blocks(mut operands: impl Operands, key: u32) -> u64 {
    if operands.len() <= 4 * BLOCK {
        return two_blocks::<{ 2 * BLOCK }>(operands, key);
    }
    let from = operands.from();
    let (Some(first), Some(last)) = (load_first::<BLOCK>(from), load_last::<BLOCK>(from)) else {
        return 0;
    };
    let (last, seen_last) = xor(last, rotate(key, operands.len()));
    let (first, seen_first) = xor(first, key);
    let mut seen = seen_first | seen_last;
    let start = BLOCK - operands.to().as_ptr().addr() % BLOCK;
    let key = rotate(key, start);
    // The first block and the last are stored when all between them, which they overlap, is loaded.
    operands.each_block::<BLOCK>(start, |block| {
        let (block, seen_here) = xor(block, key);
        seen |= seen_here;
        block
    });
    store_first(operands.to(), first);
    store_last(operands.to(), last);
    seen
}

/// The key for a word of eight bytes.
#[inline(always)]
pub(in crate::arch) const fn twice(key: u32) -> u64 {
    (key as u64) << 32 | key as u64
}

/// Whether the compiler makes vectors of what follows. Then words of four bytes are as good as words of
/// eight, and the key need not be written twice into one.
const VECTORS: bool =
    cfg!(any(target_feature = "sse2", target_feature = "neon", target_feature = "simd128",));

/// A block XOR the key, and the OR of the words of the result.
#[inline(always)]
fn xor<const N: usize>(mut block: [u8; N], key: u32) -> ([u8; N], u64) {
    let mut seen = 0;
    let mut rest = block.as_mut_slice();
    if !(VECTORS && N >= 16) {
        let words;
        (words, rest) = rest.as_chunks_mut::<8>();
        for bytes in words {
            let word = u64::from_ne_bytes(*bytes) ^ twice(key);
            seen |= word;
            *bytes = word.to_ne_bytes();
        }
    }
    let (halves, rest) = rest.as_chunks_mut::<4>();
    let mut seen_half = 0;
    for bytes in halves {
        let word = u32::from_ne_bytes(*bytes) ^ key;
        seen_half |= word;
        *bytes = word.to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.to_ne_bytes()) {
        *byte ^= key;
        seen |= u64::from(*byte);
    }
    (block, seen | u64::from(seen_half))
}

/// Writes the two masking kernels for an instruction set: the same code, of which the compiler makes
/// vectors instead of words.
#[allow(unused_macros, reason = "an architecture may have no instruction sets")]
macro_rules! masking_kernels {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        fn mask(bytes: &mut [u8], key: u32) {
            if bytes.len() <= $crate::arch::words::mask::SHORT {
                $crate::arch::words::mask::inline::mask_short(bytes, key);
            } else {
                mask_long(bytes, key);
            }
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        fn mask_long(bytes: &mut [u8], key: u32) {
            $crate::arch::words::mask::inline::mask_long(bytes, key);
        }

        #[target_feature(enable = $features)]
        fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
            if from.len().min(to.len()) <= $crate::arch::words::mask::SHORT {
                $crate::arch::words::mask::inline::mask_copy_short(from, to, key);
            } else {
                mask_copy_long(from, to, key);
            }
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        fn mask_copy_long(from: &[u8], to: &mut [u8], key: u32) {
            $crate::arch::words::mask::inline::mask_copy_long(from, to, key);
        }
    };
}

#[allow(unused_imports, reason = "an architecture may have no instruction sets")]
pub(in crate::arch) use masking_kernels;
