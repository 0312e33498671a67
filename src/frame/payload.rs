//! Bytes of a payload, still masked.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::error::ProtocolError;
use crate::mask::Mask;
use crate::utf8::{Checked, Utf8Validator};

/// Bytes of a payload as they arrived: still masked, where they lie in the caller's buffer.
///
/// Each method that gives the bytes away unmasks them in its own way, in one pass, and takes the
/// `Payload` with it: bytes cannot be unmasked twice. For a payload that was never masked they cost
/// what they do besides unmasking: nothing, a look, a copy.
#[derive(Debug)]
#[must_use = "the bytes are still masked"]
pub struct Payload<'b> {
    bytes: &'b mut [u8],
    mask: Mask,
}

impl<'b> Payload<'b> {
    /// Bytes that are masked with `mask`: for callers with a frame decoder of their own.
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

    /// How many bytes there are.
    #[must_use]
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Unmasks the bytes where they lie.
    #[inline(always)]
    pub fn unmask(mut self) -> &'b mut [u8] {
        self.mask.apply(self.bytes);
        self.bytes
    }

    /// Unmasks the bytes where they lie and validates them as the next chunk of a text, in one pass.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`](ProtocolError::InvalidUtf8), at the first byte that cannot be UTF-8; offsets count
    /// from the beginning of this payload. All bytes are unmasked all the same.
    ///
    /// ```
    /// use wsframe::{Mask, Payload, Utf8Validator};
    ///
    /// let mut text = Utf8Validator::new();
    /// let mut bytes = *b"caf\xC3\xA9";
    /// let checked = Payload::new(&mut bytes, Mask::NONE).unmask_text(&mut text)?;
    /// assert_eq!(checked.as_str(), Some("café"));
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[inline(always)]
    pub fn unmask_text(mut self, text: &mut Utf8Validator) -> Result<Checked<'b>, ProtocolError> {
        Ok(text.unmask(self.bytes, &mut self.mask)?)
    }

    /// Writes the bytes, unmasked, to where they shall lie, in one pass; the bytes in the buffer stay
    /// masked. Returns the part of `to` that was written.
    ///
    /// # Errors
    ///
    /// Gives the payload back, untouched, if `to` is shorter than it.
    ///
    /// ```
    /// use wsframe::{Mask, Payload};
    ///
    /// let mut bytes = *b"Hello";
    /// let mut message = [0; 8];
    /// let written = Payload::new(&mut bytes, Mask::NONE).unmask_into(&mut message).unwrap();
    /// assert_eq!(written, b"Hello");
    /// ```
    #[inline(always)]
    pub fn unmask_into(mut self, to: &mut [u8]) -> Result<&mut [u8], Self> {
        let Some(to) = to.get_mut(..self.bytes.len()) else {
            return Err(self);
        };
        self.mask.apply_copying(self.bytes, to);
        Ok(to)
    }

    /// Appends the bytes, unmasked, to `to`; the bytes in the buffer stay masked.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub fn unmask_appending(mut self, to: &mut Vec<u8>) {
        self.mask.apply_appending(self.bytes, to);
    }

    /// Exchanges the mask for a new one where the bytes lie, in one pass, and gives the bytes as they
    /// go out: what a relay does. Either mask may be [`Mask::NONE`].
    ///
    /// `new` moves on by the bytes, so that the next chunk of the frame goes on with it.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey, Payload};
    ///
    /// let mut bytes = *b"Hello";
    /// let mut new = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let out = Payload::new(&mut bytes, Mask::NONE).remask(&mut new);
    /// assert_eq!(out, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    /// ```
    #[inline(always)]
    pub fn remask(self, new: &mut Mask) -> &'b mut [u8] {
        self.mask.and(new).apply(self.bytes);
        new.advance(self.bytes.len());
        self.bytes
    }

    /// The bytes, still masked, and the mask that stands at their beginning.
    #[must_use]
    #[inline(always)]
    pub fn into_parts(self) -> (&'b mut [u8], Mask) {
        (self.bytes, self.mask)
    }
}
