//! The bytes of a header, on the stack.

use core::fmt;
use core::ops::Deref;

use super::{FIN, FrameHeader, LEN_16, LEN_64, MASK, MAX_HEADER_LEN};

/// The bytes of an encoded header: a small buffer on the stack that lends them as a slice.
///
/// Made by [`FrameHeader::encode`]. For a vectored write, send it in front of the payload.
#[derive(Clone, Copy)]
pub struct EncodedHeader {
    bytes: [u8; MAX_HEADER_LEN],
    len: u8,
}

impl EncodedHeader {
    /// Encodes the header as its fields stand.
    #[inline(always)]
    pub(super) fn new(header: &FrameHeader) -> Self {
        let mut bytes = [0; MAX_HEADER_LEN];
        bytes[0] = if header.fin { FIN } else { 0 } | header.rsv.bits() | header.opcode.bits();
        let mask_bit = if header.masking_key.is_some() { MASK } else { 0 };
        let key = header.masking_key.map_or([0; 4], |key| key.to_bytes());
        // The key is written, as zeros, also where there is none: the length leaves it out.
        match header.payload_len {
            len @ 0..126 => {
                bytes[1] = mask_bit | len as u8;
                bytes[2..6].copy_from_slice(&key);
            }
            len @ 126..0x1_0000 => {
                bytes[1] = mask_bit | LEN_16;
                bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
                bytes[4..8].copy_from_slice(&key);
            }
            len => {
                bytes[1] = mask_bit | LEN_64;
                bytes[2..10].copy_from_slice(&len.to_be_bytes());
                bytes[10..14].copy_from_slice(&key);
            }
        }
        Self { bytes, len: header.encoded_len() as u8 }
    }
}

impl Deref for EncodedHeader {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // `len` is at most the array's length; `min` shows it to the compiler, which then needs no check.
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
