//! XOR with a four-byte key on words, for any machine.
//!
//! Short payloads are covered by blocks that overlap, as in [`masking`](crate::arch::masking). The
//! loop for long payloads processes one word after the other. A compiler may vectorise it, and
//! cannot make it slower than a loop over words.
//!
//! Each function returns the bitwise OR of the words it wrote, which shows whether they are all
//! ASCII. If the result is unused, the compiler removes the computation.

use crate::arch::chunks;
use crate::arch::rotate;

/// The source and the target of a kernel: one slice, or two of the same length. So the source code
/// of each kernel exists once.
pub(in crate::arch) trait Operands {
    fn from(&self) -> &[u8];
    fn to(&mut self) -> &mut [u8];

    /// Replaces each word by the result of `f`, from `start` on. Leaves up to 7 bytes at the end.
    fn each_word(&mut self, start: usize, f: impl FnMut(u64) -> u64);

    #[inline(always)]
    fn len(&self) -> usize {
        self.from().len()
    }
}

pub(in crate::arch) struct InPlace<'a>(pub(in crate::arch) &'a mut [u8]);

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
    fn each_word(&mut self, start: usize, mut f: impl FnMut(u64) -> u64) {
        for word in chunks::each_mut(self.0.get_mut(start..).unwrap_or_default()) {
            *word = f(u64::from_ne_bytes(*word)).to_ne_bytes();
        }
    }
}

/// Both slices have the same length.
pub(in crate::arch) struct Copying<'a>(&'a [u8], &'a mut [u8]);

impl<'a> Copying<'a> {
    /// Limits both slices to the length of the shorter one.
    #[inline(always)]
    pub(in crate::arch) fn new(from: &'a [u8], to: &'a mut [u8]) -> Self {
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
    fn each_word(&mut self, start: usize, mut f: impl FnMut(u64) -> u64) {
        let from = chunks::each(self.0.get(start..).unwrap_or_default());
        let to = chunks::each_mut(self.1.get_mut(start..).unwrap_or_default());
        for (from, to) in from.zip(to) {
            *to = f(u64::from_ne_bytes(*from)).to_ne_bytes();
        }
    }
}

/// The alignment of the loop's first word. If a compiler vectorises the loop, its vectors do not
/// cross cache lines.
const ALIGN: usize = 16;

/// The longest payload that is masked without a loop.
const SHORT: usize = 128;

pub(super) fn mask(bytes: &mut [u8], key: u32) {
    mask_seen(bytes, key);
}

pub(super) fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
    if from.len().min(to.len()) <= SHORT {
        few_blocks(Copying::new(from, to), key);
    } else {
        mask_copy_long(from, to, key);
    }
}

/// Masks in place, and returns the OR of all words written.
#[inline(always)]
pub(super) fn mask_seen(bytes: &mut [u8], key: u32) -> u64 {
    if bytes.len() <= SHORT { few_blocks(InPlace(bytes), key) } else { mask_long(bytes, key) }
}

// Out of line, so that short payloads need no stack frame.

#[inline(never)]
fn mask_long(bytes: &mut [u8], key: u32) -> u64 {
    many_words(InPlace(bytes), key)
}

#[inline(never)]
fn mask_copy_long(from: &[u8], to: &mut [u8], key: u32) {
    many_words(Copying::new(from, to), key);
}

/// For more than [`SHORT`] bytes.
#[inline(always)]
fn many_words(mut operands: impl Operands, key: u32) -> u64 {
    let len = operands.len();
    let from = operands.from();
    let (Some(first), Some(last)) = (chunks::first::<ALIGN>(from), chunks::last::<8>(from)) else {
        return 0;
    };
    let (first, seen_first) = first.xor(key);
    let (last, seen_last) = last.xor(rotate(key, len));
    let mut seen = seen_first | seen_last;
    let start = ALIGN - operands.to().as_ptr().addr() % ALIGN;
    let body_key = twice(rotate(key, start));
    operands.each_word(start, |word| {
        let masked = word ^ body_key;
        seen |= masked;
        masked
    });
    // The bytes under these two were loaded before the loop stored over them.
    chunks::put(operands.to(), first);
    chunks::put(chunks::last_mut::<8>(operands.to()), last);
    seen
}

/// For up to [`SHORT`] bytes.
#[inline(always)]
fn few_blocks(operands: impl Operands, key: u32) -> u64 {
    if operands.len() >= 32 { four_blocks::<32>(operands, key) } else { few_words(operands, key) }
}

/// For up to 31 bytes. All backends use it.
#[inline(always)]
pub(in crate::arch) fn few_words(operands: impl Operands, key: u32) -> u64 {
    let len = operands.len();
    if len >= 8 {
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
fn one_block<const N: usize>(operands: &mut impl Operands, key: u32) -> u64
where
    [u8; N]: Block,
{
    let Some(block) = chunks::first::<N>(operands.from()) else { return 0 };
    let (block, seen) = block.xor(key);
    chunks::put(operands.to(), block);
    seen
}

/// For N to 2N bytes.
#[inline(always)]
fn two_blocks<const N: usize>(mut operands: impl Operands, key: u32) -> u64
where
    [u8; N]: Block,
{
    let from = operands.from();
    let (Some(first), Some(last)) = (chunks::first::<N>(from), chunks::last::<N>(from)) else {
        return 0;
    };
    let (first, seen_first) = first.xor(key);
    let (last, seen_last) = last.xor(rotate(key, operands.len()));
    chunks::put(operands.to(), first);
    chunks::put(chunks::last_mut::<N>(operands.to()), last);
    seen_first | seen_last
}

/// For N to 4N bytes.
#[inline(always)]
fn four_blocks<const N: usize>(mut operands: impl Operands, key: u32) -> u64
where
    [u8; N]: Block,
{
    let Some((places, [a, b, c, d])) = chunks::four::<N>(operands.from()) else {
        return 0;
    };
    let last_key = rotate(key, operands.len());
    let (a, seen_a) = a.xor(key);
    let (b, seen_b) = b.xor(key);
    let (c, seen_c) = c.xor(last_key);
    let (d, seen_d) = d.xor(last_key);
    chunks::put_four(operands.to(), places, [a, b, c, d]);
    seen_a | seen_b | seen_c | seen_d
}

/// The key for a word of eight bytes.
#[inline(always)]
pub(in crate::arch) const fn twice(key: u32) -> u64 {
    (key as u64) << 32 | key as u64
}

/// A block of bytes that is loaded and stored at once.
trait Block: Sized {
    /// Returns the block XOR the key, and the OR of the words of the result.
    fn xor(self, key: u32) -> (Self, u64);
}

impl Block for [u8; 8] {
    #[inline(always)]
    fn xor(self, key: u32) -> (Self, u64) {
        let word = u64::from_ne_bytes(self) ^ twice(key);
        (word.to_ne_bytes(), word)
    }
}

impl Block for [u8; 4] {
    #[inline(always)]
    fn xor(self, key: u32) -> (Self, u64) {
        let word = u32::from_ne_bytes(self) ^ key;
        (word.to_ne_bytes(), u64::from(word))
    }
}

/// Blocks of several words.
macro_rules! words {
    ($($len:literal)*) => {$(
        impl Block for [u8; $len] {
            #[inline(always)]
            fn xor(mut self, key: u32) -> (Self, u64) {
                let mut seen = 0;
                for bytes in chunks::each_mut(&mut self) {
                    let word = u64::from_ne_bytes(*bytes) ^ twice(key);
                    seen |= word;
                    *bytes = word.to_ne_bytes();
                }
                (self, seen)
            }
        }
    )*};
}

words!(16 32);

/// Blocks shorter than a word.
macro_rules! bytes {
    ($($len:literal)*) => {$(
        impl Block for [u8; $len] {
            #[inline(always)]
            fn xor(mut self, key: u32) -> (Self, u64) {
                let mut seen = 0;
                for (byte, key) in self.iter_mut().zip(key.to_ne_bytes()) {
                    *byte ^= key;
                    seen |= u64::from(*byte);
                }
                (self, seen)
            }
        }
    )*};
}

bytes!(1 2 3);
