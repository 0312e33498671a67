//! Encoded headers, in registers and on the stack.

use core::fmt;
use core::ops::Deref;

#[cfg(feature = "bytes")]
use bytes::BufMut;

#[cfg(all(feature = "bytes", not(any(wsframe_backend = "words", wsframe_backend = "small"))))]
use crate::arch::append::{Put, append_part, put_short};
#[cfg(all(feature = "alloc", not(any(wsframe_backend = "words", wsframe_backend = "small"))))]
use crate::arch::append::{append_long, append_short, write_short};
#[cfg(feature = "alloc")]
use crate::buffer::Buffer;
#[cfg(feature = "alloc")]
use crate::mask::Mask;

use super::{FIN, FrameHeader, LEN_16, LEN_64, MASK, MAX_HEADER_LEN};

/// An encoded frame header. It dereferences to its bytes and needs no allocation.
///
/// [`FrameHeader::encode`] returns it. Send it before the payload, for example in a vectored write.
///
/// ```
/// use std::io::{self, IoSlice, Write};
/// use wsframe::{FrameHeader, Opcode};
///
/// fn write(socket: &mut impl Write, payload: &[u8]) -> io::Result<usize> {
///     let header = FrameHeader::new(Opcode::Binary, payload.len() as u64).encode()?;
///     socket.write_vectored(&[IoSlice::new(&header), IoSlice::new(payload)])
/// }
/// ```
// It is aligned like `EncodeError`, with which it shares a `Result`. With another alignment the
// compiler writes the words to the stack twice.
#[derive(Clone, Copy)]
#[repr(align(8))]
pub struct EncodedHeader {
    /// Two words, which a processor copies faster than single bytes. They are two bytes longer than
    /// the longest header.
    words: [[u8; 8]; 2],
    len: usize,
}

/// An encoded header in registers, as two words. The lowest byte is the first on the wire.
///
/// A processor waits when it reads a word whose bytes were stored one by one. So these words are
/// written directly to the output, and no [`EncodedHeader`] is stored in between.
pub(crate) struct PackedHeader {
    low: u64,
    /// 0, unless the length is in 64 bits.
    high: u64,
    len: usize,
}

impl PackedHeader {
    /// Encodes the header without checking its fields.
    #[inline(always)]
    pub(super) fn new(header: &FrameHeader) -> Self {
        let first = if header.fin { FIN } else { 0 } | header.rsv.bits() | header.opcode.bits();
        let key = header.masking_key.map(|key| u64::from(u32::from_le_bytes(key.to_bytes())));
        // Two branches with constants in each are faster than arithmetic for both, because most
        // senders send only one kind of header.
        match key {
            None => Self::with(u64::from(first), 0, header.payload_len, 0),
            Some(key) => {
                let start = u64::from(first) | u64::from(MASK) << 8;
                Self::with(start, key, header.payload_len, 4)
            }
        }
    }

    #[inline(always)]
    const fn with(start: u64, key: u64, payload_len: u64, key_len: usize) -> Self {
        match payload_len {
            0..126 => {
                let low = start | payload_len << 8 | key << 16;
                Self { low, high: 0, len: 2 + key_len }
            }
            126..0x1_0000 => {
                let len = (payload_len as u16).swap_bytes() as u64;
                let low = start | (LEN_16 as u64) << 8 | len << 16 | key << 32;
                Self { low, high: 0, len: 4 + key_len }
            }
            _ => {
                let len = payload_len.swap_bytes();
                let low = start | (LEN_64 as u64) << 8 | len << 16;
                Self { low, high: len >> 48 | key << 16, len: 10 + key_len }
            }
        }
    }

    /// Returns the header's length in bytes, at most [`MAX_HEADER_LEN`].
    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Returns the header's bytes, filled up with zeros.
    #[inline(always)]
    pub(crate) const fn words(&self) -> [u8; MAX_HEADER_LEN + 2] {
        ((self.high as u128) << 64 | self.low as u128).to_le_bytes()
    }

    /// Appends the header and the payload, which it masks.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn append_with(self, mask: &Mask, payload: &[u8], out: &mut impl Buffer) {
        #[cfg(not(any(wsframe_backend = "words", wsframe_backend = "small")))]
        if append_short([self.low, self.high], self.len, payload, mask.word(), out) {
            return;
        }
        append_frame(self.low, self.high, self.len, mask.word(), payload, out);
    }

    /// Writes the header and the payload, which it masks, to a `BufMut` with enough capacity.
    #[cfg(feature = "bytes")]
    #[inline(always)]
    pub(crate) fn put_with(self, mut mask: Mask, payload: &[u8], out: &mut impl BufMut) {
        #[cfg(not(any(wsframe_backend = "words", wsframe_backend = "small")))]
        if put_short([self.low, self.high], self.len, payload, mask.word(), &mut Put(out)) {
            return;
        }
        out.put_slice(&self.encoded());
        if mask.is_identity() {
            return out.put_slice(payload);
        }
        put_masked(payload, &mut mask, out);
    }

    #[inline(always)]
    pub(crate) const fn encoded(&self) -> EncodedHeader {
        EncodedHeader { words: [self.low.to_le_bytes(), self.high.to_le_bytes()], len: self.len }
    }

    /// Writes a frame with a short payload to the beginning of `out`, if it is long enough to write
    /// whole blocks. Returns whether it did.
    #[inline(always)]
    #[cfg(all(feature = "alloc", not(any(wsframe_backend = "words", wsframe_backend = "small"))))]
    pub(crate) fn write_short(&self, key: u32, payload: &[u8], out: &mut [u8]) -> bool {
        write_short([self.low, self.high], self.len, payload, key, out)
    }

    /// Writes the header to the beginning of a frame whose payload is written next. The frame is at
    /// least as long as the header.
    #[inline(always)]
    pub(crate) fn write_to(&self, frame: &mut [u8]) {
        if let Some(place) = frame.first_chunk_mut() {
            // The payload overwrites what is after the header.
            *place = self.words();
            return;
        }
        // The header of a frame of less than 16 bytes is two bytes, or two bytes and a key.
        put(frame, 0, (self.low as u16).to_le_bytes());
        if self.len > 2 {
            put(frame, 2, ((self.low >> 16) as u32).to_le_bytes());
        }
    }

    /// Writes the header to the end of the headroom, and no byte before it. Returns the index at
    /// which it begins.
    #[inline(always)]
    pub(super) fn write_before(&self, headroom: &mut [u8; MAX_HEADER_LEN]) -> usize {
        // A copy of unknown length would be a call.
        let Self { low, high, len } = *self;
        match len {
            2 => put(headroom, 12, (low as u16).to_le_bytes()),
            4 => put(headroom, 10, (low as u32).to_le_bytes()),
            6 => {
                put(headroom, 8, (low as u32).to_le_bytes());
                put(headroom, 12, ((low >> 32) as u16).to_le_bytes());
            }
            8 => put(headroom, 6, low.to_le_bytes()),
            10 => {
                put(headroom, 4, low.to_le_bytes());
                put(headroom, 12, (high as u16).to_le_bytes());
            }
            _ => {
                put(headroom, 0, low.to_le_bytes());
                put(headroom, 8, (high as u32).to_le_bytes());
                put(headroom, 12, ((high >> 32) as u16).to_le_bytes());
            }
        }
        MAX_HEADER_LEN - len
    }
}

/// Appends a frame on the slow path. It is out of line, so that the fast path needs no stack frame.
/// It takes the header in registers: a processor waits when it reads a vector whose words were
/// stored one by one.
#[cfg(feature = "alloc")]
#[inline(never)]
fn append_frame<B: Buffer>(low: u64, high: u64, len: usize, key: u32, payload: &[u8], out: &mut B) {
    // A buffer that is cleared and used again then has enough capacity for the fast path.
    out.reserve((len + payload.len()).max(64));
    #[cfg(not(any(wsframe_backend = "words", wsframe_backend = "small")))]
    if append_long([low, high], len, payload, key, out) {
        return;
    }
    append_safely(low, high, len, key, payload, out);
}

/// Appends a frame in safe code. Builds without `unsafe` use it, and frames for which the capacity
/// does not suffice to write whole blocks.
#[cfg(feature = "alloc")]
#[inline(never)]
fn append_safely<B: Buffer>(
    low: u64,
    high: u64,
    len: usize,
    key: u32,
    payload: &[u8],
    out: &mut B,
) {
    let header = PackedHeader { low, high, len };
    out.append(&header.encoded());
    Mask::of_word(key).append_to(payload, out);
}

#[cfg(all(feature = "bytes", not(any(wsframe_backend = "words", wsframe_backend = "small"))))]
fn put_masked(mut payload: &[u8], mask: &mut Mask, out: &mut impl BufMut) {
    while !payload.is_empty() {
        let len = append_part(payload, mask.word(), out);
        mask.advance(len);
        payload = &payload[len..];
    }
}

/// Masks pieces of the payload on the stack, because safe code cannot mask within a `BufMut`.
#[cfg(all(feature = "bytes", any(wsframe_backend = "words", wsframe_backend = "small")))]
fn put_masked(payload: &[u8], mask: &mut Mask, out: &mut impl BufMut) {
    let mut masked = [0; 1024];
    for piece in payload.chunks(masked.len()) {
        let len = mask.apply_into(piece, &mut masked);
        out.put_slice(&masked[..len]);
    }
}

/// Writes a part of a header to `bytes`, at this index.
#[inline(always)]
fn put<const N: usize>(bytes: &mut [u8], at: usize, part: [u8; N]) {
    if let Some(place) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = part;
    }
}

impl EncodedHeader {
    /// Returns the masking key, which is the last four bytes. Returns `None` for an unmasked frame.
    ///
    /// Use it to encode the header with any key first, and to generate the key in place.
    ///
    /// ```
    /// use wsframe::{FrameHeader, MaskingKey, Opcode, mask};
    ///
    /// let mut payload = *b"Hello";
    /// let any_key = Some(MaskingKey::new([0; 4]));
    /// let masked = FrameHeader { masking_key: any_key, ..FrameHeader::new(Opcode::Text, 5) };
    /// let mut header = masked.encode()?;
    /// if let Some(key) = header.masking_key_mut() {
    ///     *key = [0x37, 0xfa, 0x21, 0x3d]; // from a source of strong entropy
    ///     mask::apply(&mut payload, *key);
    /// }
    /// assert_eq!(*header, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d]);
    /// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn masking_key_mut(&mut self) -> Option<&mut [u8; 4]> {
        let masked = self.words[0][1] & MASK != 0;
        let header = &mut self.words.as_flattened_mut()[..self.len & 0xF];
        if masked { header.last_chunk_mut() } else { None }
    }
}

impl Deref for EncodedHeader {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // `len` is at most 14. The mask shows the compiler that it is less than 16, so no check is
        // needed.
        &self.words.as_flattened()[..self.len & 0xF]
    }
}

impl AsRef<[u8]> for EncodedHeader {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for EncodedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EncodedHeader").field(&&**self).finish()
    }
}
