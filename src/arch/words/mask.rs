//! XOR with a four-byte key, a block at a time.
//!
//! Most payloads are short, and for short ones a loop costs more than the work: its last turn is a
//! branch that the processor cannot predict. So a length between N and 2N is done without a loop, as
//! two blocks of N bytes: the first N and the last N. They overlap, and XOR applied twice to the
//! overlap would undo itself; so both blocks are loaded before either is stored, and the overlap is
//! written twice with the same bytes.
//!
//! ```text
//!  length 11, N = 8      |0 1 2 3 4 5 6 7|8 9 10|
//!  first block           |k0k1k2k3k0k1k2k3|
//!  last block                  |k3k0k1k2k3k0k1k2|      the key turned by 11 - 8
//! ```
//!
//! Longer ones go block by block, each a multiple of four bytes so that the key never turns, and end
//! with the same overlapping last block instead of a tail of single bytes.
//!
//! The blocks are arrays of a constant length: the compiler puts them into whatever registers the
//! target has, words or vectors, and no bounds check is left.
//!
//! Each function returns the bitwise OR of the words it wrote, which tells at no cost whether they are
//! all ASCII. Who does not ask does not pay: the computation is removed.

use crate::arch::rotate;

/// The largest block. Its size is that of a cache line; larger ones gained nothing.
const BLOCK: usize = 64;

/// Up to this length there is no loop.
pub(in crate::arch) const SHORT: usize = 2 * BLOCK;

/// What is read and where it is written: the same slice, or two of one length. The algorithm is
/// written once over both.
trait Operands {
    fn len(&self) -> usize;
    fn first<const N: usize>(&self) -> Option<[u8; N]>;
    fn last<const N: usize>(&self) -> Option<[u8; N]>;
    fn store_first<const N: usize>(&mut self, block: [u8; N]);
    fn store_last<const N: usize>(&mut self, block: [u8; N]);
    /// Passes every whole block through `f`; a rest shorter than a block stays as it is.
    fn each_block<const N: usize>(&mut self, f: impl FnMut([u8; N]) -> [u8; N]);
}

struct InPlace<'a>(&'a mut [u8]);

impl Operands for InPlace<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn first<const N: usize>(&self) -> Option<[u8; N]> {
        load_first(self.0)
    }
    #[inline(always)]
    fn last<const N: usize>(&self) -> Option<[u8; N]> {
        load_last(self.0)
    }
    #[inline(always)]
    fn store_first<const N: usize>(&mut self, block: [u8; N]) {
        store_first(self.0, block);
    }
    #[inline(always)]
    fn store_last<const N: usize>(&mut self, block: [u8; N]) {
        store_last(self.0, block);
    }
    #[inline(always)]
    fn each_block<const N: usize>(&mut self, mut f: impl FnMut([u8; N]) -> [u8; N]) {
        for block in self.0.as_chunks_mut().0 {
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
    fn len(&self) -> usize {
        self.1.len()
    }
    #[inline(always)]
    fn first<const N: usize>(&self) -> Option<[u8; N]> {
        load_first(self.0)
    }
    #[inline(always)]
    fn last<const N: usize>(&self) -> Option<[u8; N]> {
        load_last(self.0)
    }
    #[inline(always)]
    fn store_first<const N: usize>(&mut self, block: [u8; N]) {
        store_first(self.1, block);
    }
    #[inline(always)]
    fn store_last<const N: usize>(&mut self, block: [u8; N]) {
        store_last(self.1, block);
    }
    #[inline(always)]
    fn each_block<const N: usize>(&mut self, mut f: impl FnMut([u8; N]) -> [u8; N]) {
        for (from, to) in self.0.as_chunks().0.iter().zip(self.1.as_chunks_mut().0) {
            *to = f(*from);
        }
    }
}

#[inline(always)]
pub(in crate::arch) fn store_first<const N: usize>(bytes: &mut [u8], block: [u8; N]) {
    if let Some(first) = bytes.first_chunk_mut() {
        *first = block;
    }
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
    match operands.len() {
        0..4 => few_bytes(operands, key),
        4..8 => two_blocks::<4>(operands, key),
        8..=16 => two_blocks::<8>(operands, key),
        17..=32 => two_blocks::<16>(operands, key),
        33..=64 => two_blocks::<32>(operands, key),
        _ => two_blocks::<64>(operands, key),
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
    let Some(block) = operands.first::<N>() else { return 0 };
    let (block, seen) = xor(block, key);
    operands.store_first(block);
    seen
}

/// For N to 2N bytes.
#[inline(always)]
fn two_blocks<const N: usize>(mut operands: impl Operands, key: u32) -> u64 {
    let (Some(first), Some(last)) = (operands.first::<N>(), operands.last::<N>()) else {
        return 0;
    };
    let (first, seen_first) = xor(first, key);
    let (last, seen_last) = xor(last, rotate(key, operands.len() - N));
    operands.store_first(first);
    operands.store_last(last);
    seen_first | seen_last
}

/// For at least one block.
#[inline(always)]
fn many_blocks(mut operands: impl Operands, key: u32) -> u64 {
    let Some(last) = operands.last::<BLOCK>() else {
        return 0;
    };
    let (last, mut seen) = xor(last, rotate(key, operands.len() - BLOCK));
    operands.each_block::<BLOCK>(|block| {
        let (block, seen_here) = xor(block, key);
        seen |= seen_here;
        block
    });
    operands.store_last(last);
    seen
}

/// The key for a word of eight bytes.
#[inline(always)]
pub(in crate::arch) const fn twice(key: u32) -> u64 {
    (key as u64) << 32 | key as u64
}

/// A block XOR the key, and the OR of the words of the result.
#[inline(always)]
fn xor<const N: usize>(mut block: [u8; N], key: u32) -> ([u8; N], u64) {
    let wide_key = twice(key);
    let mut seen = 0;
    let (words, rest) = block.as_chunks_mut::<8>();
    for bytes in words {
        let word = u64::from_ne_bytes(*bytes) ^ wide_key;
        seen |= word;
        *bytes = word.to_ne_bytes();
    }
    let (halves, rest) = rest.as_chunks_mut::<4>();
    for bytes in halves {
        let word = u32::from_ne_bytes(*bytes) ^ key;
        seen |= u64::from(word);
        *bytes = word.to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.to_ne_bytes()) {
        *byte ^= key;
        seen |= u64::from(*byte);
    }
    (block, seen)
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
