//! Text as `str`. No other module turns bytes into `str` without a second validation.
//!
//! The proof is a kernel's result for exactly these bytes: the state is 0, a character boundary,
//! before and after them. The call of the kernel, its result and the bytes stay together here. No
//! code outside `arch` is trusted, not even with the state that a caller passes.
//!
//! Where `unsafe` is forbidden, `core::str` validates again.

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};
#[cfg(feature = "alloc")]
use core::mem;

#[cfg(feature = "bytes")]
use bytes::{Buf, Bytes, BytesMut};

use super::{BROKEN, locate_error, unmask_validate, validate as validate_bytes};
use crate::error::Utf8Error;

/// Bytes that a kernel has found to be UTF-8. They may begin or end inside a character.
#[derive(Debug)]
pub(crate) struct Text<'b> {
    bytes: &'b mut [u8],
    /// The kernel's state before the bytes, and its state after them.
    before: u32,
    after: u32,
}

impl<'b> Text<'b> {
    /// Unmasks the bytes in place, and advances the state over them. A key of zero means no mask.
    #[inline(always)]
    pub(crate) fn unmask(
        bytes: &'b mut [u8],
        key: u32,
        state: &mut u32,
    ) -> Result<Self, Utf8Error> {
        let before = *state;
        *state = if key == 0 {
            validate_bytes(bytes, before)
        } else {
            unmask_validate(bytes, key, before)
        };
        let after = *state;
        verdict(bytes, before, after)?;
        Ok(Self { bytes, before, after })
    }

    #[inline(always)]
    pub(crate) const fn as_bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Returns the kernel's states before and after.
    #[inline(always)]
    pub(crate) const fn states(&self) -> (u32, u32) {
        (self.before, self.after)
    }

    #[inline(always)]
    pub(crate) const fn into_bytes(self) -> &'b mut [u8] {
        self.bytes
    }

    /// Returns the bytes as `str` if they begin and end at character boundaries.
    #[inline(always)]
    pub(crate) fn as_str(&self) -> Option<&str> {
        as_str(self.bytes, self.before == 0 && self.after == 0)
    }

    /// Same as [`as_str`](Self::as_str), but for as long as the bytes are borrowed.
    #[inline(always)]
    pub(crate) fn into_str(self) -> Option<&'b str> {
        as_str(self.bytes, self.before == 0 && self.after == 0)
    }
}

/// Text that is collected from chunks.
///
/// The state between two chunks is the bytes of the open character. Nothing else of the earlier
/// text matters for the next chunk. So a chunk continues the text if it was validated from the
/// state in which the previous chunk ended, wherever the chunks come from.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    /// UTF-8 that begins in state 0 and ends in the state `open`.
    bytes: Vec<u8>,
    open: u32,
}

#[cfg(feature = "alloc")]
impl Collected {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), open: 0 }
    }

    /// Appends a copy of the chunk. Returns `false` for a chunk that does not continue the text,
    /// and for every chunk after it.
    pub(crate) fn push(&mut self, chunk: &Text<'_>) -> bool {
        let continues = chunk.before == self.open;
        if continues {
            self.bytes.extend_from_slice(chunk.bytes);
            self.open = chunk.after;
        } else {
            *self = Self { bytes: Vec::new(), open: BROKEN };
        }
        continues
    }

    /// Takes the text, and leaves this empty. Returns `None` if the text does not end at a
    /// character boundary.
    pub(crate) fn take(&mut self) -> Option<String> {
        let Self { bytes, open } = mem::take(self);
        if open == 0 { into_string(bytes) } else { None }
    }
}

#[cfg(all(feature = "alloc", not(wsframe_backend = "words")))]
fn into_string(bytes: Vec<u8>) -> Option<String> {
    // SAFETY: only `Collected::take` calls this function, with bytes that are UTF-8 from state 0 to
    // state 0. The bytes are private to `Collected`, and only `push` writes them.
    Some(unsafe { String::from_utf8_unchecked(bytes) })
}

#[cfg(all(feature = "alloc", wsframe_backend = "words"))]
fn into_string(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

/// Text that owns its bytes and shares them.
///
/// The proof is a `str` at the same address and of the same length. So the code that found the
/// `str` need not be trusted.
#[cfg(feature = "bytes")]
#[derive(Clone, Default)]
pub(crate) struct Shared(Bytes);

#[cfg(feature = "bytes")]
impl Shared {
    pub(crate) const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    pub(crate) fn from_string(text: String) -> Self {
        Self(Bytes::from(text))
    }

    /// Creates the text from all of the bytes, if `look` returns a `str` of all of them.
    pub(crate) fn of<E>(
        bytes: Bytes,
        look: impl FnOnce(&[u8]) -> Result<&str, E>,
    ) -> Result<Option<Self>, E> {
        let text = look(&bytes)?;
        let is_all = text.as_ptr() == bytes.as_ptr() && text.len() == bytes.len();
        Ok(is_all.then_some(Self(bytes)))
    }

    /// Removes the first `end` bytes of the buffer. Creates the text from the part of them that
    /// `look` returns as `str`, without a copy.
    ///
    /// The buffer is borrowed, because moving a `BytesMut` that was just written makes the
    /// processor wait.
    #[inline(always)]
    pub(crate) fn split_from<E>(
        buf: &mut BytesMut,
        end: usize,
        look: impl FnOnce(&mut [u8]) -> Result<Option<&str>, E>,
    ) -> Result<Option<Self>, E> {
        let end = end.min(buf.len());
        let base = buf.as_ptr().addr();
        let found = look(&mut buf[..end]).map(|text| match text {
            Some("") => Some((0, 0)),
            Some(text) => Some((text.as_ptr().addr().wrapping_sub(base), text.len())),
            None => None,
        });
        match found {
            Ok(Some((start, len))) if end.checked_sub(start).is_some_and(|rest| len <= rest) => {
                buf.advance(start);
                let text = Self(buf.split_to(len).freeze());
                buf.advance(end - start - len);
                Ok(Some(text))
            }
            found => {
                buf.advance(end);
                found.map(|_| None)
            }
        }
    }

    #[cfg(not(wsframe_backend = "words"))]
    #[inline(always)]
    pub(crate) fn as_str(&self) -> &str {
        // SAFETY: only the functions above create a `Shared`. Its bytes were those of a `str`: of a
        // `String`, of a static one, or of one that `look` returned for exactly these bytes. Since
        // then no code could write them. A `BytesMut` is the only handle on its bytes, and it was
        // borrowed until `freeze` made them immutable. `Bytes` are immutable.
        unsafe { core::str::from_utf8_unchecked(&self.0) }
    }

    #[cfg(wsframe_backend = "words")]
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) const fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// Advances the state over the bytes. Returns them as `str` if they begin and end at character
/// boundaries.
#[inline(always)]
pub(crate) fn validate<'b>(bytes: &'b [u8], state: &mut u32) -> Result<Option<&'b str>, Utf8Error> {
    let before = *state;
    *state = validate_bytes(bytes, before);
    verdict(bytes, before, *state)?;
    Ok(as_str(bytes, before == 0 && *state == 0))
}

#[inline(always)]
fn verdict(bytes: &[u8], before: u32, after: u32) -> Result<(), Utf8Error> {
    if after == BROKEN { Err(locate_error(bytes, before)) } else { Ok(()) }
}

/// Returns the bytes as `str` if `whole`: a kernel's states before and after these bytes are 0.
#[cfg(not(wsframe_backend = "words"))]
#[inline(always)]
const fn as_str(bytes: &[u8], whole: bool) -> Option<&str> {
    if whole {
        // SAFETY: only the functions above call this one, with the verdict on these bytes. A kernel
        // whose state is 0 before and after them has found them to be UTF-8. They have not changed
        // since: `Text` borrows them while it lives, and lends them only for reading.
        Some(unsafe { core::str::from_utf8_unchecked(bytes) })
    } else {
        None
    }
}

#[cfg(wsframe_backend = "words")]
#[inline(always)]
fn as_str(bytes: &[u8], whole: bool) -> Option<&str> {
    if whole { core::str::from_utf8(bytes).ok() } else { None }
}
