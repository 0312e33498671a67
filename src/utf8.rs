//! UTF-8, validated as it arrives (RFC 6455 §8.1).
//!
//! Text comes in chunks that are cut anywhere, also inside a character, and must be refused at the
//! first byte that shows it cannot be UTF-8 any more, not when the message is complete.
//! [`Utf8Validator`] carries the four bytes of state that this takes from one chunk to the next, and
//! validates a chunk either as it lies or in the same pass that unmasks it.

use core::fmt;

use crate::arch::BROKEN;
use crate::arch::text::{self, Text};
use crate::error::Utf8Error;
use crate::mask::Mask;

/// Validates a text that comes in chunks.
///
/// The calling order: [`validate`](Self::validate) or [`unmask`](Self::unmask) for each chunk of a
/// message, then [`finish`](Self::finish), which makes it ready for the next message.
///
/// After an error the validator is latched: every chunk and `finish` fail, at offset 0, until
/// [`reset`](Self::reset).
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
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Utf8Validator {
    /// The bytes of the character that is still open: the kernels' state.
    open: u32,
}

impl Utf8Validator {
    /// A validator at the beginning of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { open: 0 }
    }

    /// Validates the next chunk of the text.
    ///
    /// # Errors
    ///
    /// At the first byte that no valid text could hold there. Offsets count from the beginning of
    /// `chunk`. A character that is cut off by the chunk's end is not an error: the next chunk may
    /// complete it.
    #[inline(always)]
    pub fn validate(&mut self, chunk: &[u8]) -> Result<(), Utf8Error> {
        text::validate(chunk, &mut self.open)?;
        Ok(())
    }

    /// Unmasks the next chunk of the text where it lies, and validates it in the same pass.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate). After an error the whole chunk is unmasked all the same, and
    /// `mask` has moved on by its whole length.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey, Utf8Validator};
    ///
    /// let mut mask = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let mut chunk = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    /// let text = Utf8Validator::new().unmask(&mut chunk, &mut mask)?;
    /// assert_eq!(text.as_str(), Some("Hello"));
    /// # Ok::<(), wsframe::Utf8Error>(())
    /// ```
    #[inline(always)]
    pub fn unmask<'b>(
        &mut self,
        chunk: &'b mut [u8],
        mask: &mut Mask,
    ) -> Result<Checked<'b>, Utf8Error> {
        let key = mask.word();
        mask.advance(chunk.len());
        Ok(Checked { text: Text::unmask(chunk, key, &mut self.open)? })
    }

    /// Ends the text. The validator is then at the beginning of the next one.
    ///
    /// # Errors
    ///
    /// If the text ended inside a character ([`Utf8Error::is_incomplete`]). This too latches.
    #[inline(always)]
    pub fn finish(&mut self) -> Result<(), Utf8Error> {
        if self.open != 0 {
            return Err(self.unfinished());
        }
        Ok(())
    }

    /// Validates the next chunk of the text, and ends the text with it if it is the last one: what
    /// [`validate`](Self::validate) and [`finish`](Self::finish) do, for code that knows which chunk is
    /// the last when it has it.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate), and as [`finish`](Self::finish) where `is_last`.
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

    /// Ends the text with a chunk of this length, which the error's offset is to refer to.
    #[inline(always)]
    pub(crate) fn finish_at(&mut self, len: usize) -> Result<(), Utf8Error> {
        self.finish().map_err(|error| Utf8Error { offset: len, ..error })
    }

    #[cold]
    fn unfinished(&mut self) -> Utf8Error {
        incomplete(core::mem::replace(&mut self.open, BROKEN))
    }

    /// Whether the text so far ends at a character boundary, so that it could end here.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.open == 0
    }

    /// Forgets everything: the validator is at the beginning of a text.
    pub const fn reset(&mut self) {
        self.open = 0;
    }
}

/// What is wrong with a text that ends in this state: inside a character, or broken before.
const fn incomplete(state: u32) -> Utf8Error {
    let incomplete = state != BROKEN;
    let open = if incomplete { open_len(state) } else { 0 };
    Utf8Error { offset: 0, open, incomplete }
}

/// How many bytes of an open character have arrived: 0 to 3.
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

/// What a text leaves open at the end of a chunk: all that decides which chunks may follow, in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenChar {
    /// Nothing: the chunk ends at a character boundary.
    No,
    /// One to three continuation bytes, each of any value.
    One,
    Two,
    Three,
    /// The second byte after a lead byte that restricts it.
    AfterE0,
    AfterEd,
    AfterF0,
    AfterF4,
    /// The chunk was not seen.
    Unseen,
}

impl OpenChar {
    /// From a state of the kernels: the bytes of the open character.
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

/// A chunk of text that was found valid.
///
/// Valid as far as it goes: a chunk may begin or end inside a character, where its neighbours have the
/// rest. [`as_str`](Self::as_str) gives the whole chunk as `str` if it does neither.
///
/// ```
/// use wsframe::{Mask, Utf8Validator};
///
/// let mut text = Utf8Validator::new();
/// let mut cut = *b"caf\xC3";
/// let chunk = text.unmask(&mut cut, &mut Mask::NONE)?;
/// assert_eq!(chunk.as_str(), None);
/// assert_eq!(chunk.as_bytes(), b"caf\xC3");
/// # Ok::<(), wsframe::Utf8Error>(())
/// ```
#[derive(Debug)]
pub struct Checked<'b> {
    text: Text<'b>,
}

impl<'b> Checked<'b> {
    /// The chunk's bytes.
    #[must_use]
    #[inline(always)]
    pub const fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The chunk as `str`, if both its ends are character boundaries. It is not looked at again.
    #[must_use]
    #[inline(always)]
    pub fn as_str(&self) -> Option<&str> {
        self.text.as_str()
    }

    /// As [`as_str`](Self::as_str), for as long as the buffer is borrowed.
    #[must_use]
    #[inline(always)]
    pub fn into_str(self) -> Option<&'b str> {
        self.text.into_str()
    }

    /// What the text before the chunk must leave open, and what the chunk leaves open.
    #[inline(always)]
    pub(crate) const fn ends(&self) -> (OpenChar, OpenChar) {
        let (before, after) = self.text.states();
        (OpenChar::of(before), OpenChar::of(after))
    }

    /// The error of a text that ends with this chunk, inside a character.
    #[cold]
    pub(crate) const fn unfinished(&self) -> Utf8Error {
        let (_, after) = self.text.states();
        Utf8Error { offset: self.as_bytes().len(), ..incomplete(after) }
    }

    /// The kernel's verdict, for what collects chunks.
    #[cfg(feature = "alloc")]
    pub(crate) const fn text(&self) -> &Text<'b> {
        &self.text
    }

    /// The chunk's bytes, for as long as the buffer is borrowed.
    #[must_use]
    #[inline(always)]
    pub const fn into_bytes(self) -> &'b mut [u8] {
        self.text.into_bytes()
    }
}

/// A text that lies whole, as `str`: what [`core::str::from_utf8`] does, on this crate's kernels.
///
/// # Errors
///
/// At the first byte that no valid text could hold there, or if the text ends inside a character
/// ([`Utf8Error::is_incomplete`]).
///
/// ```
/// use wsframe::utf8;
///
/// assert_eq!(utf8::from_utf8(b"gr\xC3\xBC\xC3\x9F"), Ok("grüß"));
/// assert_eq!(utf8::from_utf8(b"gr\xFC\xDF").unwrap_err().offset(), 2);
///
/// let cut_short = utf8::from_utf8(b"gr\xC3").unwrap_err();
/// assert!(cut_short.is_incomplete());
/// assert_eq!(cut_short.valid_up_to(), 2);
/// ```
#[inline]
pub fn from_utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    let mut validator = Utf8Validator::new();
    match text::validate(bytes, &mut validator.open)? {
        Some(text) => Ok(text),
        // It began at a boundary, so it does not end at one.
        None => Err(Utf8Error { offset: bytes.len(), ..validator.unfinished() }),
    }
}
