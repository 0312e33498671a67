//! Encoding frames.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "alloc")]
use crate::buffer::Buffer;
use crate::error::EncodeError;
#[cfg(feature = "bytes")]
use crate::header::PackedHeader;
use crate::header::{EncodedHeader, FrameHeader, MAX_HEADER_LEN};
use crate::mask::{Mask, MaskingKey};
use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// Builds outgoing frames (RFC 6455 §5.2).
///
/// Set the fields, then use one of four ways to encode the frame:
///
/// 1. [`header`](Self::header) returns only the header, for a vectored write with the payload.
/// 2. [`encode_in_place`](Self::encode_in_place) masks a payload in place, in a buffer with
///    [`MAX_HEADER_LEN`] bytes of headroom, and writes the header directly before it.
/// 3. [`encode_to_vec`](#method.encode_to_vec) appends to a `Vec`, and
///    [`encode_to_slice`](Self::encode_to_slice) writes to a slice. They mask the payload while
///    copying it.
/// 4. [`encode_to_arc`](#method.encode_to_arc) encodes a frame once for many receivers.
///
/// A server sets no masking key. A client sets a fresh, unpredictable one for every frame (§5.3).
///
/// ```
/// use wsframe::{FrameEncoder, MAX_HEADER_LEN, MaskingKey, Opcode};
///
/// let text = FrameEncoder::new(Opcode::Text);
/// # let fresh = [0x37, 0xfa, 0x21, 0x3d];
/// let masked = text.masking_key(MaskingKey::new(fresh));
/// let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
///
/// // 1. Only the header. The payload is sent from where it is.
/// assert_eq!(*text.header(5)?, [0x81, 0x05]);
///
/// // 2. In place.
/// let mut buf = [0; MAX_HEADER_LEN + 5];
/// buf[MAX_HEADER_LEN..].copy_from_slice(b"Hello");
/// assert_eq!(masked.encode_in_place(&mut buf)?, frame);
///
/// // 3. Masked while it is copied.
/// let mut out = [0; 64];
/// assert_eq!(masked.encode_to_slice(b"Hello", &mut out)?, frame);
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
    /// Creates an encoder for a frame with FIN, without RSV bits and without a masking key.
    #[must_use]
    #[inline(always)]
    pub const fn new(opcode: Opcode) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, masking_key: None }
    }

    /// Sets whether the frame is the last fragment of its message.
    #[must_use]
    #[inline(always)]
    pub const fn fin(mut self, fin: bool) -> Self {
        self.fin = fin;
        self
    }

    /// Sets the RSV bits, for a negotiated extension.
    #[must_use]
    #[inline(always)]
    pub const fn rsv(mut self, rsv: Rsv) -> Self {
        self.rsv = rsv;
        self
    }

    /// Sets the masking key, which clients must have.
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

    /// Returns the mask at the first byte of the payload, for callers that mask it themselves and
    /// encode the [`header`](Self::header) alone.
    #[must_use]
    #[inline(always)]
    pub fn mask(&self) -> Mask {
        self.masking_key.map_or(Mask::IDENTITY, Mask::new)
    }

    /// Returns the header of a frame with a payload of this many bytes.
    ///
    /// If a masking key is set, the caller must mask the payload with [`mask`](Self::mask).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`FrameHeader::encode`], for a frame that no peer may accept.
    #[inline(always)]
    pub fn header(&self, payload_len: u64) -> Result<EncodedHeader, EncodeError> {
        self.frame_header(payload_len).encode()
    }

    /// Encodes a frame in place and returns it. It ends where `buf` ends.
    ///
    /// `buf` must contain [`MAX_HEADER_LEN`] bytes of headroom, then the payload. The payload is
    /// masked in place, and the header is written directly before it.
    ///
    /// # Errors
    ///
    /// - [`NoRoom`](EncodeError::NoRoom) if `buf` is shorter than the headroom
    /// - the errors of [`FrameHeader::encode`], for a frame that no peer may accept
    ///
    /// Nothing is written then.
    #[inline(always)]
    pub fn encode_in_place<'b>(&self, buf: &'b mut [u8]) -> Result<&'b mut [u8], EncodeError> {
        let Some((headroom, payload)) = buf.split_first_chunk_mut() else {
            return Err(EncodeError::NoRoom { needed: MAX_HEADER_LEN });
        };
        let start = self.frame_header(payload.len() as u64).encode_into_headroom(headroom)?;
        self.mask().apply(payload);
        Ok(&mut buf[start..])
    }

    /// Writes the frame to the beginning of `out`, masking the payload while copying it. Returns
    /// the part that was written.
    ///
    /// # Errors
    ///
    /// - [`NoRoom`](EncodeError::NoRoom) if the frame does not fit
    /// - the errors of [`FrameHeader::encode`], for a frame that no peer may accept
    ///
    /// Nothing is written then.
    #[inline(always)]
    pub fn encode_to_slice<'b>(
        &self,
        payload: &[u8],
        out: &'b mut [u8],
    ) -> Result<&'b mut [u8], EncodeError> {
        // Each branch is compiled for one kind of frame, masked or not, and does not test for it
        // again.
        match self.masking_key {
            None => Self { masking_key: None, ..*self }.write_kind(payload, out),
            Some(key) => self.masking_key(key).write_kind(payload, out),
        }
    }

    #[inline(always)]
    fn write_kind<'b>(
        &self,
        payload: &[u8],
        out: &'b mut [u8],
    ) -> Result<&'b mut [u8], EncodeError> {
        let header = self.frame_header(payload.len() as u64).pack()?;
        let needed = header.len().saturating_add(payload.len());
        let mut mask = self.mask();
        #[cfg(all(
            feature = "alloc",
            not(any(wsframe_backend = "words", wsframe_backend = "small"))
        ))]
        if header.write_short(mask.word(), payload, out) {
            return Ok(&mut out[..needed]);
        }
        let Some(out) = out.get_mut(..needed) else {
            return Err(EncodeError::NoRoom { needed });
        };
        header.write_to(out);
        let to = &mut out[header.len()..];
        if mask.is_identity() {
            to.copy_from_slice(payload);
        } else {
            mask.apply_into(payload, to);
        }
        Ok(out)
    }

    /// Appends the frame to `out`, masking the payload while copying it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`FrameHeader::encode`], for a frame that no peer may accept. Nothing
    /// is appended then.
    ///
    /// ```
    /// use wsframe::{FrameEncoder, Opcode};
    ///
    /// let mut out = Vec::new();
    /// FrameEncoder::new(Opcode::Text).encode_to_vec(b"Hello", &mut out)?;
    /// FrameEncoder::new(Opcode::Ping).encode_to_vec(b"", &mut out)?;
    /// assert_eq!(out, b"\x81\x05Hello\x89\x00");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn encode_to_vec(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.append_to(payload, out)
    }

    /// Same as [`encode_to_vec`](Self::encode_to_vec), but for any buffer.
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

    /// Encodes the frame as shared bytes, which a server can send to many clients.
    ///
    /// # Errors
    ///
    /// - [`MaskedShared`](EncodeError::MaskedShared) if a masking key is set: a client needs a fresh
    ///   key for every frame, so its frames cannot be shared
    /// - the errors of [`FrameHeader::encode`], for a frame that no peer may accept
    ///
    /// ```
    /// use wsframe::{FrameEncoder, Opcode};
    ///
    /// let frame = FrameEncoder::new(Opcode::Text).encode_to_arc(b"Hello")?;
    /// let for_another_receiver = frame.clone(); // counts a reference
    /// assert_eq!(*for_another_receiver, *b"\x81\x05Hello");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub fn encode_to_arc(&self, payload: &[u8]) -> Result<Arc<[u8]>, EncodeError> {
        if self.masking_key.is_some() {
            return Err(EncodeError::MaskedShared);
        }
        let header = self.header(payload.len() as u64)?;
        Ok(header.iter().chain(payload).copied().collect())
    }
}
