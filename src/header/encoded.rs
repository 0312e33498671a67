//! The bytes of a header: in registers, and on the stack.

use core::fmt;
use core::ops::Deref;

use super::{FIN, FrameHeader, LEN_16, LEN_64, MASK, MAX_HEADER_LEN};

/// The bytes of an encoded header: a small buffer on the stack that lends them as a slice.
///
/// Made by [`FrameHeader::encode`]. For a vectored write, send it in front of the payload.
#[derive(Clone, Copy)]
pub struct EncodedHeader {
    /// Two more than a header can have: two words, which a processor copies faster than bytes.
    bytes: [u8; MAX_HEADER_LEN + 2],
    len: u8,
}

/// An encoded header in registers: a number of two words, whose lowest byte is the header's first.
///
/// Bytes that are stored one by one and read again as words are what a processor waits for. So who writes a
/// header somewhere writes these words, and lets no [`EncodedHeader`] lie in memory in between.
pub(crate) struct PackedHeader {
    number: u128,
    len: usize,
}

impl PackedHeader {
    /// Encodes the header as its fields stand.
    #[inline(always)]
    pub(super) fn new(header: &FrameHeader) -> Self {
        let first = if header.fin { FIN } else { 0 } | header.rsv.bits() | header.opcode.bits();
        let mask_bit = if header.masking_key.is_some() { MASK } else { 0 };
        let key =
            header.masking_key.map_or(0, |key| u128::from(u32::from_le_bytes(key.to_bytes())));
        // The key is there, as zeros, also where there is none: the length leaves it out.
        let (second, behind) = match header.payload_len {
            len @ 0..126 => (len as u8, key),
            len @ 126..0x1_0000 => (LEN_16, u128::from((len as u16).swap_bytes()) | key << 16),
            len => (LEN_64, u128::from(len.swap_bytes()) | key << 64),
        };
        let number = u128::from(first) | u128::from(mask_bit | second) << 8 | behind << 16;
        Self { number, len: header.encoded_len() }
    }

    /// How many of the bytes are the header's: at most [`MAX_HEADER_LEN`].
    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The header's bytes, and what fills the words behind them.
    #[inline(always)]
    pub(crate) const fn words(&self) -> [u8; MAX_HEADER_LEN + 2] {
        self.number.to_le_bytes()
    }

    #[inline(always)]
    pub(crate) const fn encoded(&self) -> EncodedHeader {
        EncodedHeader { bytes: self.words(), len: self.len as u8 }
    }

    /// Writes the header to the beginning of a frame that is yet to get its payload. The frame is as long
    /// as the header at least.
    #[inline(always)]
    pub(crate) fn write_to(&self, frame: &mut [u8]) {
        match frame.first_chunk_mut() {
            // What stands behind the header is overwritten.
            Some(room) => *room = self.words(),
            None => self.write_to_short(frame),
        }
    }

    /// A call of its own, so that the bytes need not lie in memory for the other.
    #[inline(never)]
    fn write_to_short(&self, frame: &mut [u8]) {
        for (room, byte) in frame.iter_mut().zip(&*self.encoded()) {
            *room = *byte;
        }
    }
}

impl EncodedHeader {
    /// Where the masking key stands, the last four bytes; `None` in the header of an unmasked frame. For
    /// code that makes the header first, with any key, and draws the key into it.
    ///
    /// ```
    /// use wsframe::{FrameHeader, MaskingKey, Opcode, mask};
    ///
    /// let mut payload = *b"Hello";
    /// let to_be_drawn = Some(MaskingKey::new([0; 4]));
    /// let masked = FrameHeader { masking_key: to_be_drawn, ..FrameHeader::new(Opcode::Text, 5) };
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
        let masked = self.bytes[1] & MASK != 0;
        let header = &mut self.bytes[..MAX_HEADER_LEN.min(self.len as usize)];
        if masked { header.last_chunk_mut() } else { None }
    }
}

impl Deref for EncodedHeader {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // `len` is at most this; `min` shows it to the compiler, which then needs no check.
        &self.bytes[..MAX_HEADER_LEN.min(self.len as usize)]
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
