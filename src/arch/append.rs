//! Frames at the end of a buffer.
//!
//! A copy whose length is known only at run time is a call, and masking after it is another. For
//! most frames the two calls take longer than the work. So a short payload is written as blocks of
//! constant length, which are loads and stores. A payload of N to 2N bytes is its first N bytes and
//! its last N, which overlap as in the kernels. The header is always written as two words, and the
//! payload overwrites the bytes after the header. Without a mask, one call copies a payload of more
//! than 32 bytes as fast.
//!
//! The blocks are written to the buffer's spare capacity, and then the buffer's length is set once.
//! Short frames are written to a slice in the same way, if it is long enough for the blocks.

use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::slice;

#[cfg(feature = "bytes")]
use bytes::{BufMut, BytesMut};

use super::words::mask::twice;
use super::{mask_copy, rotate};

/// The longest payload that inlined code writes.
const SHORT: usize = 32;

/// The longest payload that is written as blocks.
const MIDDLE: usize = 128;

/// The length of a header as it is written: two words.
const WORDS: usize = 16;

/// Appends a frame whose payload is not masked or has at most [`MIDDLE`] bytes. Returns `false`
/// for any other frame, and if the capacity does not suffice for all blocks.
///
/// The header is the first `header_len` bytes of the two words, the lowest byte first.
#[inline(always)]
pub(crate) fn append_short(
    header: [u64; 2],
    header_len: usize,
    payload: &[u8],
    key: u32,
    out: &mut impl Spare,
) -> bool {
    if payload.len() <= SHORT && key == 0 {
        // A constant key removes the code for masking.
        append_blocks::<SHORT, { WORDS + SHORT }>(header, header_len, payload, 0, out)
    } else {
        put_short(header, header_len, payload, key, out)
    }
}

/// Same as [`append_short`], but without a second copy of the blocks for frames without a mask. For
/// a `BufMut`, whose code is longer, that copy costs more than it saves.
#[inline(always)]
pub(crate) fn put_short(
    header: [u64; 2],
    header_len: usize,
    payload: &[u8],
    key: u32,
    out: &mut impl Spare,
) -> bool {
    if payload.len() <= SHORT {
        append_blocks::<SHORT, { WORDS + SHORT }>(header, header_len, payload, key, out)
    } else if key == 0 {
        // This is one call of `memcpy`.
        append_long(header, header_len, payload, 0, out)
    } else if payload.len() <= MIDDLE {
        append_middle(header[0], header[1], header_len, payload, key, out)
    } else {
        false
    }
}

/// Writes a frame with at most [`SHORT`] bytes to the beginning of a slice, if the blocks fit
/// there. Returns whether it did.
#[inline(always)]
pub(crate) fn write_short(
    header: [u64; 2],
    header_len: usize,
    payload: &[u8],
    key: u32,
    out: &mut [u8],
) -> bool {
    append_blocks::<SHORT, { WORDS + SHORT }>(header, header_len, payload, key, &mut Front(out))
}

/// Appends a frame with at most [`MIDDLE`] bytes. It is out of line because it is long. It calls no
/// function, so it needs no stack frame.
#[inline(never)]
fn append_middle<B: Spare>(
    low: u64,
    high: u64,
    header_len: usize,
    payload: &[u8],
    key: u32,
    out: &mut B,
) -> bool {
    append_blocks::<MIDDLE, { WORDS + MIDDLE }>([low, high], header_len, payload, key, out)
}

/// Appends a frame with at most `LONGEST` bytes, if the capacity is `CAPACITY`. Returns whether it
/// did.
#[inline(always)]
fn append_blocks<const LONGEST: usize, const CAPACITY: usize>(
    [low, high]: [u64; 2],
    header_len: usize,
    payload: &[u8],
    key: u32,
    out: &mut impl Spare,
) -> bool {
    if payload.len() > LONGEST || header_len > WORDS {
        return false;
    }
    let exact = exactly(out);
    let Some(frame) = out.spare().first_chunk_mut::<CAPACITY>() else { return false };
    if exact && header_len + payload.len() < WORDS {
        // The header of such a short frame is two bytes, or two bytes and the key.
        put(frame, 0, (low as u16).to_le_bytes());
        if header_len > 2 {
            put(frame, 2, ((low >> 16) as u32).to_le_bytes());
        }
    } else {
        put(frame, 0, low.to_le_bytes());
        put(frame, 8, high.to_le_bytes());
    }
    write_blocks::<LONGEST>(payload, key, &mut frame[header_len..]);
    // SAFETY: these bytes are within `frame`, and initialised: the header above, and each byte of
    // the payload by `write_blocks`.
    unsafe { out.advance(header_len + payload.len()) };
    true
}

/// Appends a frame with more than [`SHORT`] bytes, if the capacity suffices. Returns whether it
/// did.
#[inline(always)]
pub(crate) fn append_long(
    [low, high]: [u64; 2],
    header_len: usize,
    payload: &[u8],
    key: u32,
    out: &mut impl Spare,
) -> bool {
    let len = header_len.saturating_add(payload.len());
    if payload.len() <= SHORT || header_len > WORDS {
        return false;
    }
    let Some(frame) = out.spare().get_mut(..len) else { return false };
    put(frame, 0, low.to_le_bytes());
    put(frame, 8, high.to_le_bytes());
    let to = &mut frame[header_len..];
    if key == 0 {
        // SAFETY: `to` has as many bytes as the payload, and nothing else can refer to them.
        unsafe {
            to.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(payload.as_ptr(), to.len())
        };
    } else if payload.len() <= PART {
        mask_copy(payload, zeroed(to), key);
    } else {
        mask_parts(payload, key, to);
    }
    // SAFETY: `frame` has `len` bytes. The header is initialised, and all bytes of `to` after it.
    unsafe { out.advance(len) };
    true
}

/// Writes the bytes XOR the key to `to`, which must be equally long.
#[inline(never)]
fn mask_parts(bytes: &[u8], mut key: u32, to: &mut [MaybeUninit<u8>]) {
    for (part, to) in bytes.chunks(PART).zip(to.chunks_mut(PART)) {
        mask_copy(part, zeroed(to), key);
        key = rotate(key, part.len());
    }
}

/// Fills the bytes with zeros, because a kernel takes only initialised bytes.
///
/// Copying first and masking in place takes longer: the processor waits when it loads a vector
/// whose bytes two stores have just written.
#[inline(always)]
fn zeroed(bytes: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    // SAFETY: `bytes` is borrowed mutably and has this length, and `u8` may be zero.
    unsafe { bytes.as_mut_ptr().write_bytes(0, bytes.len()) };
    // SAFETY: these bytes were initialised, and are borrowed as long as `bytes`.
    unsafe { slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}

/// Appends as many of the bytes XOR the key as the next chunk can take, at most [`PART`]. Returns
/// how many.
#[cfg(feature = "bytes")]
pub(crate) fn append_part(bytes: &[u8], key: u32, out: &mut impl BufMut) -> usize {
    let mut out = Put(out);
    let spare = out.spare();
    let len = spare.len().min(bytes.len()).min(PART);
    mask_copy(bytes, zeroed(&mut spare[..len]), key);
    // SAFETY: `spare` has `len` bytes, and they were initialised.
    unsafe { out.advance(len) };
    len
}

/// The number of bytes that are filled with zeros at once. They are still in the L1 cache when
/// masking overwrites them. It is a multiple of the key's length.
const PART: usize = 4096;

const fn exactly<S: Spare>(_: &S) -> bool {
    S::EXACT
}

/// A buffer with capacity after its last byte.
pub(crate) trait Spare {
    /// Whether the bytes after a frame must not change. The owner of a slice can see them.
    const EXACT: bool;

    fn spare(&mut self) -> &mut [MaybeUninit<u8>];

    /// # Safety
    ///
    /// [`spare`](Self::spare) must have at least `count` bytes, and the first `count` of them must
    /// be initialised.
    unsafe fn advance(&mut self, count: usize);
}

macro_rules! impl_spare {
    ($buffer:ty) => {
        impl Spare for $buffer {
            const EXACT: bool = false;

            #[inline(always)]
            fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
                self.spare_capacity_mut()
            }

            #[inline(always)]
            unsafe fn advance(&mut self, count: usize) {
                let len = self.len() + count;
                // SAFETY: the caller promises that `count` bytes are within the capacity and
                // initialised.
                unsafe { self.set_len(len) }
            }
        }
    };
}
impl_spare!(Vec<u8>);
#[cfg(feature = "bytes")]
impl_spare!(BytesMut);

/// A slice, which a frame is written to the beginning of.
struct Front<'b>(&'b mut [u8]);

impl Spare for Front<'_> {
    const EXACT: bool = true;

    #[inline(always)]
    fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
        let (start, len) = (self.0.as_mut_ptr().cast(), self.0.len());
        // SAFETY: these bytes are borrowed as long as `self`, and this module writes only
        // initialised bytes.
        unsafe { slice::from_raw_parts_mut(start, len) }
    }

    #[inline(always)]
    unsafe fn advance(&mut self, _: usize) {}
}

/// A `BufMut`, whose next chunk a frame is written to.
#[cfg(feature = "bytes")]
pub(crate) struct Put<'b, B>(pub(crate) &'b mut B);

#[cfg(feature = "bytes")]
impl<B: BufMut> Spare for Put<'_, B> {
    const EXACT: bool = true;

    #[inline(always)]
    fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: this module writes only initialised bytes.
        unsafe { self.0.chunk_mut().as_uninit_slice_mut() }
    }

    #[inline(always)]
    unsafe fn advance(&mut self, count: usize) {
        // SAFETY: the caller promises that the first `count` bytes of the chunk were initialised.
        unsafe { self.0.advance_mut(count) }
    }
}

/// Writes the bytes XOR the key to the beginning of `to`, and no byte more. There must be at most
/// `LONGEST` bytes.
#[inline(always)]
fn write_blocks<const LONGEST: usize>(bytes: &[u8], key: u32, to: &mut [MaybeUninit<u8>]) {
    let len = bytes.len();
    if LONGEST > 64 && len > 64 {
        write_both_ends::<64>(bytes, key, to);
    } else if LONGEST > 32 && len > 32 {
        write_both_ends::<32>(bytes, key, to);
    } else if len >= 16 {
        write_both_ends::<16>(bytes, key, to);
    } else if len >= 8 {
        let (first, last) = ends::<8>(bytes);
        put(to, 0, (u64::from_ne_bytes(first) ^ twice(key)).to_ne_bytes());
        put(to, len - 8, (u64::from_ne_bytes(last) ^ twice(rotate(key, len))).to_ne_bytes());
    } else if len >= 4 {
        let (first, last) = ends::<4>(bytes);
        put(to, 0, (u32::from_ne_bytes(first) ^ key).to_ne_bytes());
        put(to, len - 4, (u32::from_ne_bytes(last) ^ rotate(key, len)).to_ne_bytes());
    } else {
        for (at, (byte, key)) in bytes.iter().zip(key.to_ne_bytes()).enumerate() {
            put(to, at, [byte ^ key]);
        }
    }
}

/// For N to 2N bytes, N a multiple of 16.
#[inline(always)]
fn write_both_ends<const N: usize>(bytes: &[u8], key: u32, to: &mut [MaybeUninit<u8>]) {
    let (first_key, last_key) = (four_times(key), four_times(rotate(key, bytes.len())));
    let last = bytes.len() - N;
    for at in (0..N).step_by(16) {
        copy_block(bytes, at, first_key, to);
    }
    for at in (0..N).step_by(16) {
        copy_block(bytes, last + at, last_key, to);
    }
}

#[inline(always)]
fn copy_block(bytes: &[u8], at: usize, key: u128, to: &mut [MaybeUninit<u8>]) {
    // Returning without a block would leave bytes uninitialised, so this panics.
    let Some(block) = bytes[at..].first_chunk() else { unreachable!("there are 16 bytes") };
    put(to, at, (u128::from_ne_bytes(*block) ^ key).to_ne_bytes());
}

#[inline(always)]
const fn four_times(key: u32) -> u128 {
    (twice(key) as u128) << 64 | twice(key) as u128
}

#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> ([u8; N], [u8; N]) {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => unreachable!("there are N bytes"),
    }
}

/// Writes the block at `at`.
///
/// # Panics
///
/// Panics if the block does not fit there. Leaving it out would leave bytes uninitialised.
#[inline(always)]
fn put<const N: usize>(to: &mut [MaybeUninit<u8>], at: usize, block: [u8; N]) {
    let place = &mut to[at..at + N];
    // SAFETY: `place` has N bytes, and `write_unaligned` needs no alignment.
    unsafe { place.as_mut_ptr().cast::<[u8; N]>().write_unaligned(block) };
}
