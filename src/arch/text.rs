//! Text as `str`: the one place where bytes become one without a second look.
//!
//! What proves them to be UTF-8 is a kernel's verdict on exactly these bytes: shown text that begins at a
//! character boundary (state 0), it found that it also ends at one (state 0). So the call of the kernel,
//! the verdict and the bytes are held together here, and neither the state that a caller brings along nor
//! anything else outside `arch` is trusted.
//!
//! Where `unsafe` is forbidden, `core::str` takes the second look.

use super::{BROKEN, active, locate_error};
use crate::error::Utf8Error;

/// Bytes that a kernel has found to be UTF-8 as far as they go: they may begin or end inside a character.
#[derive(Debug)]
pub(crate) struct Text<'b> {
    bytes: &'b mut [u8],
    /// Whether both ends are character boundaries.
    whole: bool,
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
            active().validate(bytes, before)
        } else {
            active().unmask_validate(bytes, key, before)
        };
        let whole = verdict(bytes, before, *state)?;
        Ok(Self { bytes, whole })
    }

    #[inline(always)]
    pub(crate) const fn as_bytes(&self) -> &[u8] {
        self.bytes
    }

    #[inline(always)]
    pub(crate) const fn into_bytes(self) -> &'b mut [u8] {
        self.bytes
    }

    /// The bytes as `str`, if both their ends are character boundaries.
    #[inline(always)]
    pub(crate) fn as_str(&self) -> Option<&str> {
        as_str(self.bytes, self.whole)
    }

    /// The same, for as long as the bytes are borrowed.
    #[inline(always)]
    pub(crate) fn into_str(self) -> Option<&'b str> {
        as_str(self.bytes, self.whole)
    }
}

/// Carries the state over the bytes. Gives them back as `str`, if both their ends are character boundaries.
#[inline(always)]
pub(crate) fn validate<'b>(bytes: &'b [u8], state: &mut u32) -> Result<Option<&'b str>, Utf8Error> {
    let before = *state;
    *state = active().validate(bytes, before);
    let whole = verdict(bytes, before, *state)?;
    Ok(as_str(bytes, whole))
}

/// Whether both ends are character boundaries, by a kernel's states before and after the bytes.
#[inline(always)]
fn verdict(bytes: &[u8], before: u32, after: u32) -> Result<bool, Utf8Error> {
    if after == BROKEN {
        return Err(locate_error(bytes, before));
    }
    Ok(before == 0 && after == 0)
}

/// `whole` is a kernel's verdict on `bytes`, as they are now.
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
