//! Work on words at the beginning and the end of a text, where vectors do not fit.

use crate::arch::chunks;
use crate::arch::words::mask::{InPlace, few_words, twice};
use crate::arch::words::utf8::walk;
use crate::arch::{BROKEN, rotate};

/// Returns the bytes of the open character at the end of a word, after zeros. Returns zero if no
/// character is open.
///
/// Counting leading zeros would be shorter, but is slow on machines without an instruction for it.
#[inline(always)]
pub(in crate::arch) const fn at_end_of_word(open: u32) -> u32 {
    match open {
        0..0x100 => open << 24,
        0x100..0x1_0000 => open << 16,
        _ => open << 8,
    }
}

/// Returns the state after ASCII, which cuts off an open character.
#[inline(always)]
pub(in crate::arch) const fn state_after_ascii(state: u32) -> u32 {
    if state == 0 { 0 } else { BROKEN }
}

/// Returns the four bytes of the text before `at`. Before its first byte are the bytes of the
/// character that was `open`.
#[inline(always)]
pub(in crate::arch) fn word_before(bytes: &[u8], at: usize, open: u32) -> u32 {
    match at.checked_sub(4).and_then(|start| bytes.get(start..)?.first_chunk()) {
        Some(word) => u32::from_le_bytes(*word),
        None => word_across_the_beginning(bytes, at, open),
    }
}

#[cold]
fn word_across_the_beginning(bytes: &[u8], at: usize, open: u32) -> u32 {
    let first = bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    let both = u64::from(at_end_of_word(open)) | u64::from(first) << 32;
    (both >> (8 * at.min(4))) as u32
}

/// Returns the state at the end of `bytes`, in which vectors have found no error.
///
/// Every byte is then valid after the bytes before it. Vectors cannot see a last byte that no byte
/// can follow.
pub(in crate::arch) fn state_at_end(bytes: &[u8], before: u32) -> u32 {
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

/// Returns at most 16 bytes at the end of 16, after zeros, as two little-endian words.
#[inline(always)]
pub(in crate::arch) fn at_end_of_16(bytes: &[u8]) -> [u64; 2] {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (chunks::first(bytes), chunks::last(bytes)) {
        return long_at_end(u64::from_le_bytes(first), u64::from_le_bytes(last), len);
    }
    if let (Some(first), Some(last)) = (chunks::first(bytes), chunks::last(bytes)) {
        return short_at_end(u32::from_le_bytes(first), u32::from_le_bytes(last), len);
    }
    few_at_end(bytes)
}

/// Unmasks at most 16 bytes in place, and returns them like [`at_end_of_16`].
#[inline(always)]
pub(in crate::arch) fn unmask_at_end_of_16(bytes: &mut [u8], key: u32) -> [u64; 2] {
    let len = bytes.len();
    // Both word lengths are multiples of the key's, so the last word needs the key rotated by
    // `len`.
    let turned_key = rotate(key, len);
    if let (Some(first), Some(last)) = (chunks::first(bytes), chunks::last(bytes)) {
        let first = u64::from_ne_bytes(first) ^ twice(key);
        let last = u64::from_ne_bytes(last) ^ twice(turned_key);
        chunks::put(bytes, first.to_ne_bytes());
        chunks::put(chunks::last_mut::<8>(bytes), last.to_ne_bytes());
        return long_at_end(first.to_le(), last.to_le(), len);
    }
    if let (Some(first), Some(last)) = (chunks::first(bytes), chunks::last(bytes)) {
        let first = u32::from_ne_bytes(first) ^ key;
        let last = u32::from_ne_bytes(last) ^ turned_key;
        chunks::put(bytes, first.to_ne_bytes());
        chunks::put(chunks::last_mut::<4>(bytes), last.to_ne_bytes());
        return short_at_end(first.to_le(), last.to_le(), len);
    }
    few_words(InPlace(bytes), key);
    few_at_end(bytes)
}

/// For 8 to 16 bytes. The bytes of the first word that are also in the last one are shifted out.
#[inline(always)]
fn long_at_end(first: u64, last: u64, len: usize) -> [u64; 2] {
    [first.checked_shl(8 * (16 - len.min(16)) as u32).unwrap_or(0), last]
}

/// For 4 to 8 bytes. Where the two words overlap, they agree.
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
