//! The payload of a frame, before it is unmasked.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::error::ProtocolError;
use crate::mask::Mask;
use crate::utf8::{PartialStr, Utf8Validator};

/// Bytes of a payload in the caller's buffer, still masked.
///
/// Each method reads the bytes once, and takes the `Payload` by value, so bytes cannot be unmasked
/// twice. A payload that was not masked costs no unmasking.
///
/// ```
/// use wsframe::{FrameDecoder, Opcode, ProtocolError, Role, Utf8Validator};
///
/// let mut decoder = FrameDecoder::new(Role::Server);
/// let mut text = Utf8Validator::new();
/// let mut buf = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
/// let mut input = &mut buf[..];
/// while let Some(chunk) = decoder.decode(&mut input)? {
///     match chunk.header.opcode {
///         Opcode::Text => println!("{:?}", chunk.payload.unmask_text(&mut text)?.as_str()),
///         _ => println!("{} bytes", chunk.payload.unmask().len()),
///     }
/// }
/// # Ok::<(), ProtocolError>(())
/// ```
#[derive(Debug)]
#[must_use = "the bytes are still masked"]
pub struct Payload<'b> {
    bytes: &'b mut [u8],
    mask: Mask,
}

impl<'b> Payload<'b> {
    /// Creates a payload of bytes that are masked with `mask`, for callers with a frame decoder of
    /// their own.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey, Payload};
    ///
    /// let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    /// let mask = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// assert_eq!(Payload::new(&mut bytes, mask).unmask(), b"Hello");
    /// ```
    #[inline(always)]
    pub const fn new(bytes: &'b mut [u8], mask: Mask) -> Self {
        Self { bytes, mask }
    }

    /// Returns the number of bytes.
    #[must_use]
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns whether there are no bytes.
    #[must_use]
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Unmasks the bytes in place, and returns them.
    #[inline(always)]
    pub fn unmask(mut self) -> &'b mut [u8] {
        self.mask.apply(self.bytes);
        self.bytes
    }

    /// Unmasks the bytes in place, and validates them as the next chunk of a text in the same pass.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidUtf8`](ProtocolError::InvalidUtf8) for the first byte that cannot be
    /// UTF-8. Offsets count from the beginning of this payload. All bytes are unmasked in any case.
    ///
    /// ```
    /// use wsframe::{Mask, Payload, Utf8Validator};
    ///
    /// let mut text = Utf8Validator::new();
    /// let mut bytes = *b"caf\xC3\xA9";
    /// let checked = Payload::new(&mut bytes, Mask::IDENTITY).unmask_text(&mut text)?;
    /// assert_eq!(checked.as_str(), Some("café"));
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[inline(always)]
    pub fn unmask_text(
        mut self,
        text: &mut Utf8Validator,
    ) -> Result<PartialStr<'b>, ProtocolError> {
        Ok(text.unmask_and_validate(self.bytes, &mut self.mask)?)
    }

    /// Writes the unmasked bytes to `to` in one pass, and returns the part that was written.
    ///
    /// The bytes in the buffer stay masked.
    ///
    /// # Errors
    ///
    /// Returns the payload, unchanged, if `to` is shorter than it.
    ///
    /// ```
    /// use wsframe::{Mask, Payload};
    ///
    /// let mut bytes = *b"Hello";
    /// let mut message = [0; 8];
    /// match Payload::new(&mut bytes, Mask::IDENTITY).unmask_into(&mut message) {
    ///     Ok(written) => assert_eq!(written, b"Hello"),
    ///     Err(payload) => println!("a buffer of {} bytes is needed", payload.len()),
    /// }
    /// ```
    #[inline(always)]
    pub fn unmask_into(mut self, to: &mut [u8]) -> Result<&mut [u8], Self> {
        let Some(to) = to.get_mut(..self.bytes.len()) else {
            return Err(self);
        };
        self.mask.apply_into(self.bytes, to);
        Ok(to)
    }

    /// Appends the unmasked bytes to `to`. The bytes in the buffer stay masked.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub fn unmask_append(mut self, to: &mut Vec<u8>) {
        self.mask.apply_append(self.bytes, to);
    }

    /// Exchanges the mask for `new` in place, in one pass. Returns the bytes to forward.
    ///
    /// `new` advances by the number of bytes, ready for the next chunk of the frame. Either mask
    /// may be [`Mask::IDENTITY`]. [`Relay`](crate::Relay) uses this.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey, Payload};
    ///
    /// let mut bytes = *b"Hello";
    /// let mut new = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let out = Payload::new(&mut bytes, Mask::IDENTITY).remask(&mut new);
    /// assert_eq!(out, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    /// ```
    #[inline(always)]
    pub fn remask(self, new: &mut Mask) -> &'b mut [u8] {
        self.mask.combine(new).apply(self.bytes);
        new.advance(self.bytes.len());
        self.bytes
    }

    /// Returns the bytes, still masked, and the mask at their first byte.
    #[must_use]
    #[inline(always)]
    pub fn into_parts(self) -> (&'b mut [u8], Mask) {
        (self.bytes, self.mask)
    }
}
