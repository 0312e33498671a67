//! The UTF-8 validator, and the text that it has validated.

use core::fmt;

use crate::arch::BROKEN;
use crate::arch::text::{self, Text};
use crate::error::Utf8Error;
use crate::mask::Mask;

/// A stateful UTF-8 validator for text that arrives in chunks. It takes four bytes.
///
/// Call [`validate`](Self::validate) or [`unmask_and_validate`](Self::unmask_and_validate) for each
/// chunk of a message, then [`finish`](Self::finish). The validator is then ready for the next
/// message.
///
/// Errors are sticky: every later call fails at offset 0, until [`reset`](Self::reset).
///
/// ```
/// use wsframe::Utf8Validator;
///
/// let mut text = Utf8Validator::new();
/// text.validate(b"gr\xC3")?; // the first half of ü
/// text.validate(b"\xBC\xC3\x9F")?; // the second, and ß
/// text.finish()?;
///
/// text.validate(b"\xF0\x9F\xA6")?;
/// assert!(text.finish().unwrap_err().is_incomplete()); // the last byte of 🦀 is missing
/// # Ok::<(), wsframe::Utf8Error>(())
/// ```
#[doc(alias = "StringCollector")]
#[doc(alias = "Utf8Decoder")]
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Utf8Validator {
    /// The bytes of the open character, which are the state of the kernels.
    pub(super) open: u32,
}

impl Utf8Validator {
    /// Creates a validator at the beginning of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: 0 }
    }

    /// Validates the next chunk of the text.
    ///
    /// A character that is incomplete at the end of the chunk is not an error: the next chunk may
    /// complete it.
    ///
    /// # Errors
    ///
    /// Returns the position of the first byte that no valid text could contain there, counted from
    /// the beginning of `chunk`.
    #[inline(always)]
    pub fn validate(&mut self, chunk: &[u8]) -> Result<(), Utf8Error> {
        text::validate(chunk, &mut self.open)?;
        Ok(())
    }

    /// Unmasks the next chunk of the text in place, and validates it in the same pass.
    ///
    /// # Errors
    ///
    /// Returns the position of the first byte that no valid text could contain there, counted from
    /// the beginning of `chunk`. The whole chunk is unmasked in any case, and `mask` advances by
    /// its whole length.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey, Utf8Validator};
    ///
    /// let mut mask = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let mut chunk = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    /// let text = Utf8Validator::new().unmask_and_validate(&mut chunk, &mut mask)?;
    /// assert_eq!(text.as_str(), Some("Hello"));
    /// # Ok::<(), wsframe::Utf8Error>(())
    /// ```
    #[doc(alias = "unmask")]
    #[inline(always)]
    pub fn unmask_and_validate<'b>(
        &mut self,
        chunk: &'b mut [u8],
        mask: &mut Mask,
    ) -> Result<PartialStr<'b>, Utf8Error> {
        let key = mask.word();
        mask.advance(chunk.len());
        Ok(PartialStr { text: Text::unmask(chunk, key, &mut self.open)? })
    }

    /// Ends the text. The validator is then ready for the next one.
    ///
    /// # Errors
    ///
    /// Returns an error if the text ended inside a character ([`Utf8Error::is_incomplete`]). This
    /// error is sticky too.
    #[inline(always)]
    pub fn finish(&mut self) -> Result<(), Utf8Error> {
        if self.open != 0 {
            return Err(self.unfinished());
        }
        Ok(())
    }

    /// Validates the next chunk, and ends the text with it if `is_last`.
    ///
    /// This combines [`validate`](Self::validate) and [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// Returns the position of the first byte that no valid text could contain there, counted from
    /// the beginning of `chunk`. If `is_last`, also returns an error if the text ended inside a
    /// character.
    ///
    /// ```
    /// use wsframe::Utf8Validator;
    ///
    /// let mut text = Utf8Validator::new();
    /// text.feed(b"gr\xC3", false)?;
    /// text.feed(b"\xBC\xC3\x9F", true)?;
    /// assert!(text.feed(b"gr\xC3", true).is_err());
    /// # Ok::<(), wsframe::Utf8Error>(())
    /// ```
    #[inline(always)]
    pub fn feed(&mut self, chunk: &[u8], is_last: bool) -> Result<(), Utf8Error> {
        self.validate(chunk)?;
        if is_last { self.finish_at(chunk.len()) } else { Ok(()) }
    }

    /// Ends the text after a chunk of `len` bytes. The error's offset is the end of that chunk.
    #[inline(always)]
    pub(crate) fn finish_at(&mut self, len: usize) -> Result<(), Utf8Error> {
        self.finish().map_err(|error| Utf8Error { offset: len, ..error })
    }

    #[cold]
    pub(super) fn unfinished(&mut self) -> Utf8Error {
        incomplete(core::mem::replace(&mut self.open, BROKEN))
    }

    /// Returns whether the text so far ends at a character boundary, so that it could end here.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.open == 0
    }

    /// Resets the validator to the beginning of a text.
    pub const fn reset(&mut self) {
        self.open = 0;
    }
}

/// Returns the error of a text that ends in this state, which is not 0.
const fn incomplete(state: u32) -> Utf8Error {
    let incomplete = state != BROKEN;
    let open = if incomplete { open_len(state) } else { 0 };
    Utf8Error { offset: 0, open, incomplete }
}

/// Returns how many bytes of the open character have arrived: 0 to 3.
const fn open_len(state: u32) -> u8 {
    (u32::BITS - state.leading_zeros()).div_ceil(8) as u8
}

impl fmt::Debug for Utf8Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Utf8Validator");
        if self.open == BROKEN {
            debug.field("broken", &true)
        } else {
            debug.field("open_bytes", &open_len(self.open))
        }
        .finish()
    }
}

/// The part of a kernel's state that decides which chunk may follow, in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenChar {
    /// The chunk ends at a character boundary.
    No,
    /// One to three continuation bytes must follow, each of any value.
    One,
    Two,
    Three,
    /// The second byte must follow, after a lead byte that restricts it.
    AfterE0,
    AfterEd,
    AfterF0,
    AfterF4,
    /// The chunk was not validated.
    Unseen,
}

impl OpenChar {
    /// Converts a state of the kernels.
    #[inline(always)]
    const fn of(state: u32) -> Self {
        if state == 0 { Self::No } else { Self::of_bytes(state.to_le_bytes()) }
    }

    const fn of_bytes(open: [u8; 4]) -> Self {
        match open {
            [0xE0, 0, ..] => Self::AfterE0,
            [0xED, 0, ..] => Self::AfterEd,
            [0xF0, 0, ..] => Self::AfterF0,
            [0xF4, 0, ..] => Self::AfterF4,
            [0xF0..=0xFF, 0, ..] => Self::Three,
            [0xF0..=0xFF, _, 0, _] | [0xE0..=0xEF, 0, ..] => Self::Two,
            _ => Self::One,
        }
    }
}

/// A validated chunk of text.
///
/// A chunk may begin or end inside a character: its neighbours contain the other bytes.
/// [`as_str`](Self::as_str) returns `None` for such a chunk.
///
/// ```
/// use wsframe::{Mask, Utf8Validator};
///
/// let mut text = Utf8Validator::new();
/// let mut cut = *b"caf\xC3";
/// let chunk = text.unmask_and_validate(&mut cut, &mut Mask::IDENTITY)?;
/// assert_eq!(chunk.as_str(), None);
/// assert_eq!(chunk.as_bytes(), b"caf\xC3");
/// # Ok::<(), wsframe::Utf8Error>(())
/// ```
#[derive(Debug)]
pub struct PartialStr<'b> {
    text: Text<'b>,
}

impl<'b> PartialStr<'b> {
    /// Returns the chunk's bytes.
    #[must_use]
    #[inline(always)]
    pub const fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Returns the chunk as `str` if it begins and ends at character boundaries.
    ///
    /// This takes no time: the chunk is not validated again.
    #[must_use]
    #[inline(always)]
    pub fn as_str(&self) -> Option<&str> {
        self.text.as_str()
    }

    /// Returns the chunk as `str` for as long as the buffer is borrowed. `None` means that the
    /// chunk begins or ends inside a character.
    #[doc(alias = "into_text")]
    #[must_use]
    #[inline(always)]
    pub fn into_str(self) -> Option<&'b str> {
        self.text.into_str()
    }

    /// Returns the open characters that the chunk must follow, and that it ends in.
    #[inline(always)]
    pub(crate) const fn ends(&self) -> (OpenChar, OpenChar) {
        let (before, after) = self.text.states();
        (OpenChar::of(before), OpenChar::of(after))
    }

    /// Returns the error of a text that ends with this chunk, inside a character.
    #[cold]
    pub(crate) const fn unfinished(&self) -> Utf8Error {
        let (_, after) = self.text.states();
        Utf8Error { offset: self.as_bytes().len(), ..incomplete(after) }
    }

    /// Returns the chunk with the kernel's states, for code that collects chunks.
    #[cfg(feature = "alloc")]
    pub(crate) const fn text(&self) -> &Text<'b> {
        &self.text
    }

    /// Returns the chunk's bytes for as long as the buffer is borrowed.
    #[must_use]
    #[inline(always)]
    pub const fn into_bytes(self) -> &'b mut [u8] {
        self.text.into_bytes()
    }
}
