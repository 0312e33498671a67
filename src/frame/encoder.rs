//! Frames on their way out, in four ways, none of which copies more than it must.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "alloc")]
use crate::buffer::Buffer;
use crate::error::EncodeError;
#[cfg(feature = "bytes")]
use crate::header::PackedHeader;
use crate::header::{EncodedHeader, FrameHeader, MAX_HEADER_LEN, Opcode, Rsv};
use crate::mask::{Mask, MaskingKey};

/// What a frame to be sent says besides its payload; then one of four ways to put it into bytes.
///
/// 1. [`header`](Self::header): the header alone, for a vectored write in front of the payload.
/// 2. [`in_place`](Self::in_place): the payload already lies in a buffer, behind [`MAX_HEADER_LEN`]
///    bytes of headroom. It is masked where it lies and the header is stamped in front of it.
/// 3. [`append`](#method.append) to a `Vec`, or [`write`](Self::write) to a slice: the payload is masked
///    while it is copied.
/// 4. [`shared`](#method.shared): encoded once, sent to many.
///
/// A server sets no masking key. A client sets a fresh one for every frame, from a source of strong
/// entropy (RFC 6455 §5.3).
///
/// ```
/// use wsframe::{FrameEncoder, MAX_HEADER_LEN, MaskingKey, Opcode};
///
/// let text = FrameEncoder::new(Opcode::Text);
/// # let fresh = [0x37, 0xfa, 0x21, 0x3d];
/// let masked = text.masking_key(MaskingKey::new(fresh));
/// let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
///
/// // 1. The header in front of a payload that goes out as it is.
/// assert_eq!(*text.header(5)?, [0x81, 0x05]);
///
/// // 2. In place.
/// let mut buf = [0; MAX_HEADER_LEN + 5];
/// buf[MAX_HEADER_LEN..].copy_from_slice(b"Hello");
/// assert_eq!(masked.in_place(&mut buf)?, frame);
///
/// // 3. Masked while copying.
/// let mut out = [0; 64];
/// assert_eq!(masked.write(b"Hello", &mut out)?, frame);
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameEncoder {
    fin: bool,
    rsv: Rsv,
    opcode: Opcode,
    masking_key: Option<MaskingKey>,
}

impl FrameEncoder {
    /// A frame with FIN, no RSV bit and no masking key.
    #[must_use]
    #[inline(always)]
    pub const fn new(opcode: Opcode) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, masking_key: None }
    }

    /// Whether the frame is the last fragment of its message.
    #[must_use]
    #[inline(always)]
    pub const fn fin(mut self, fin: bool) -> Self {
        self.fin = fin;
        self
    }

    /// The RSV bits, for a negotiated extension.
    #[must_use]
    #[inline(always)]
    pub const fn rsv(mut self, rsv: Rsv) -> Self {
        self.rsv = rsv;
        self
    }

    /// Masks the payload with this key, as clients must.
    #[must_use]
    #[inline(always)]
    pub const fn masking_key(mut self, key: MaskingKey) -> Self {
        self.masking_key = Some(key);
        self
    }

    const fn frame_header(&self, payload_len: u64) -> FrameHeader {
        let Self { fin, rsv, opcode, masking_key } = *self;
        FrameHeader { fin, rsv, opcode, masking_key, payload_len }
    }

    #[cfg(feature = "bytes")]
    #[inline(always)]
    pub(crate) fn pack(&self, payload_len: u64) -> Result<PackedHeader, EncodeError> {
        self.frame_header(payload_len).pack()
    }

    /// The mask at the first byte of the payload, for a caller that masks it itself: in front of a
    /// payload goes the [`header`](Self::header) alone.
    #[must_use]
    #[inline(always)]
    pub fn mask(&self) -> Mask {
        self.masking_key.map_or(Mask::NONE, Mask::new)
    }

    /// The header of a frame with a payload of this many bytes. The caller masks the payload, if it set
    /// a key ([`Mask::apply`]).
    ///
    /// # Errors
    ///
    /// As [`FrameHeader::encode`].
    #[inline(always)]
    pub fn header(&self, payload_len: u64) -> Result<EncodedHeader, EncodeError> {
        self.frame_header(payload_len).encode()
    }

    /// Makes a frame of a payload that lies in `buf` behind [`MAX_HEADER_LEN`] bytes of headroom: masks
    /// it where it lies, writes the header directly in front, and returns the frame, which ends where
    /// `buf` ends.
    ///
    /// # Errors
    ///
    /// As [`FrameHeader::encode`], and [`EncodeError::NoRoom`] if `buf` is shorter than the headroom.
    /// Nothing was written then.
    #[inline(always)]
    pub fn in_place<'b>(&self, buf: &'b mut [u8]) -> Result<&'b mut [u8], EncodeError> {
        let Some((headroom, payload)) = buf.split_first_chunk_mut() else {
            return Err(EncodeError::NoRoom { needed: MAX_HEADER_LEN });
        };
        let start = self.frame_header(payload.len() as u64).encode_before(headroom)?;
        self.mask().apply(payload);
        Ok(&mut buf[start..])
    }

    /// Writes the frame to the beginning of `out`, the payload masked while it is copied. Returns the
    /// part that was written.
    ///
    /// # Errors
    ///
    /// As [`FrameHeader::encode`], and [`EncodeError::NoRoom`] if the frame does not fit. Nothing was
    /// written then.
    #[inline(always)]
    pub fn write<'b>(
        &self,
        payload: &[u8],
        out: &'b mut [u8],
    ) -> Result<&'b mut [u8], EncodeError> {
        let header = self.frame_header(payload.len() as u64).pack()?;
        let needed = header.len().saturating_add(payload.len());
        let Some(out) = out.get_mut(..needed) else {
            return Err(EncodeError::NoRoom { needed });
        };
        header.write_to(out);
        let (mut mask, to) = (self.mask(), &mut out[header.len()..]);
        if mask.is_none() {
            to.copy_from_slice(payload);
        } else {
            mask.apply_copying(payload, to);
        }
        Ok(out)
    }

    /// Appends the frame to `out`, the payload masked while it is copied.
    ///
    /// # Errors
    ///
    /// As [`FrameHeader::encode`]. Nothing was appended then.
    ///
    /// ```
    /// use wsframe::{FrameEncoder, Opcode};
    ///
    /// let mut out = Vec::new();
    /// FrameEncoder::new(Opcode::Text).append(b"Hello", &mut out)?;
    /// FrameEncoder::new(Opcode::Ping).append(b"", &mut out)?;
    /// assert_eq!(out, b"\x81\x05Hello\x89\x00");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn append(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.append_to(payload, out)
    }

    /// As [`append`](Self::append), to any buffer.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn append_to(
        &self,
        payload: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), EncodeError> {
        let header = self.frame_header(payload.len() as u64).pack()?;
        header.append_with(&self.mask(), payload, out);
        Ok(())
    }

    /// The frame as bytes that are shared: what a server encodes once and sends to many.
    ///
    /// # Errors
    ///
    /// As [`FrameHeader::encode`], and [`MaskedShared`](EncodeError::MaskedShared) if a masking
    /// key was set: a client must take a fresh one for every frame, so its frames cannot be shared.
    ///
    /// ```
    /// use wsframe::{FrameEncoder, Opcode};
    ///
    /// let frame = FrameEncoder::new(Opcode::Text).shared(b"Hello")?;
    /// let for_another_receiver = frame.clone(); // counts a reference
    /// assert_eq!(*for_another_receiver, *b"\x81\x05Hello");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub fn shared(&self, payload: &[u8]) -> Result<Arc<[u8]>, EncodeError> {
        if self.masking_key.is_some() {
            return Err(EncodeError::MaskedShared);
        }
        let header = self.header(payload.len() as u64)?;
        Ok(header.iter().chain(payload).copied().collect())
    }
}
