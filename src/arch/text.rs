//! Text as `str`: the one place where bytes become one without a second look.
//!
//! What proves them to be UTF-8 is a kernel's verdict on exactly these bytes: shown text that begins at a
//! character boundary (state 0), it found that it also ends at one (state 0). So the call of the kernel,
//! the verdict and the bytes are held together here, and neither the state that a caller brings along nor
//! anything else outside `arch` is trusted.
//!
//! Where `unsafe` is forbidden, `core::str` takes the second look.

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};
#[cfg(feature = "alloc")]
use core::mem;

#[cfg(feature = "bytes")]
use bytes::{Buf, Bytes, BytesMut};

use super::{BROKEN, locate_error, unmask_validate, validate as validate_bytes};
use crate::error::Utf8Error;

/// Bytes that a kernel has found to be UTF-8 as far as they go: they may begin or end inside a character.
#[derive(Debug)]
pub(crate) struct Text<'b> {
    bytes: &'b mut [u8],
    /// The kernel's states before and after the bytes: what is open of a character at either end.
    before: u32,
    after: u32,
}

impl<'b> Text<'b> {
    /// Unmasks the bytes where they lie, and carries the state over them. A key of zero is none.
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

    /// The kernel's states before and after.
    #[inline(always)]
    pub(crate) const fn states(&self) -> (u32, u32) {
        (self.before, self.after)
    }

    #[inline(always)]
    pub(crate) const fn into_bytes(self) -> &'b mut [u8] {
        self.bytes
    }

    /// The bytes as `str`, if both their ends are character boundaries.
    #[inline(always)]
    pub(crate) fn as_str(&self) -> Option<&str> {
        as_str(self.bytes, self.before == 0 && self.after == 0)
    }

    /// The same, for as long as the bytes are borrowed.
    #[inline(always)]
    pub(crate) fn into_str(self) -> Option<&'b str> {
        as_str(self.bytes, self.before == 0 && self.after == 0)
    }
}

/// Text that is collected from chunks.
///
/// The state between two chunks is all that there is to know of the text before: the bytes of the
/// character that is open. So chunks of which each was validated from the state in which the one before
/// it left off are text together, wherever they come from.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    /// Valid as far as it goes: from the state 0 on, it ends in the state `open`.
    bytes: Vec<u8>,
    open: u32,
}

#[cfg(feature = "alloc")]
impl Collected {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), open: 0 }
    }

    /// Appends a copy of the chunk. One that does not continue what is there spoils the text.
    pub(crate) fn push(&mut self, chunk: &Text<'_>) {
        if chunk.before == self.open {
            self.bytes.extend_from_slice(chunk.bytes);
            self.open = chunk.after;
        } else {
            self.open = BROKEN;
        }
    }

    /// Gives the text away, if it ends at a character boundary, and is empty in any case.
    pub(crate) fn take(&mut self) -> Option<String> {
        let Self { bytes, open } = mem::take(self);
        if open == 0 { into_string(bytes) } else { None }
    }
}

#[cfg(all(feature = "alloc", not(wsframe_backend = "words")))]
fn into_string(bytes: Vec<u8>) -> Option<String> {
    // SAFETY: this function is called by `Collected::take` alone, with bytes that are UTF-8 from the state
    // 0 to the state 0. They are private to it, and `push` alone has written them.
    Some(unsafe { String::from_utf8_unchecked(bytes) })
}

#[cfg(all(feature = "alloc", wsframe_backend = "words"))]
fn into_string(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

/// Text that owns its bytes and shares them.
///
/// What proves bytes to be UTF-8 here is a `str` that lies in them: it is compared by its address, so that
/// whoever found it need not be trusted.
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

    /// All of the bytes, in which `look` has found nothing wrong.
    pub(crate) fn of<E>(
        bytes: Bytes,
        look: impl FnOnce(&[u8]) -> Result<&str, E>,
    ) -> Result<Option<Self>, E> {
        let text = look(&bytes)?;
        let is_all = text.as_ptr() == bytes.as_ptr() && text.len() == bytes.len();
        Ok(is_all.then_some(Self(bytes)))
    }

    /// The part of the buffer that `look` finds to be text, without a copy.
    pub(crate) fn part_of<E>(
        mut buf: BytesMut,
        look: impl FnOnce(&mut [u8]) -> Result<Option<&str>, E>,
    ) -> Result<Option<Self>, E> {
        let (address, len) = match look(&mut buf)? {
            Some("") => return Ok(Some(Self::default())),
            Some(text) => (text.as_ptr().addr(), text.len()),
            None => return Ok(None),
        };
        let start = address.wrapping_sub(buf.as_ptr().addr());
        if buf.len().checked_sub(start).is_none_or(|rest| rest < len) {
            return Ok(None);
        }
        buf.advance(start);
        buf.truncate(len);
        Ok(Some(Self(buf.freeze())))
    }

    #[cfg(not(wsframe_backend = "words"))]
    #[inline(always)]
    pub(crate) fn as_str(&self) -> &str {
        // SAFETY: the functions above alone make a `Shared`. Its bytes were a `str`'s: a `String`, one that
        // lives for ever, or one that `look` gave for exactly these bytes, of which nobody else can write
        // any: a `BytesMut` is the only handle on its bytes, and it was owned from then on until `freeze`
        // made them immutable; `Bytes` are immutable.
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

/// Carries the state over the bytes. Gives them back as `str`, if both their ends are character boundaries.
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

/// `whole` says that a kernel's states before and after `bytes`, as they are now, are 0.
#[cfg(not(wsframe_backend = "words"))]
#[inline(always)]
const fn as_str(bytes: &[u8], whole: bool) -> Option<&str> {
    if whole {
        // SAFETY: this function is called by those above alone, with the verdict on these bytes. A kernel
        // whose state was 0 before them and is 0 after them has found them to be UTF-8. They have not
        // changed since: while `Text` lives it has them borrowed, and lends them to be read only.
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
