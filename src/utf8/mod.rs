//! UTF-8 validation of text that arrives in chunks (RFC 6455 §8.1).
//!
//! [`Utf8Validator`] validates chunks that may be cut anywhere, also inside a character. It reports
//! the first invalid byte as soon as it arrives. [`from_utf8`] validates a complete text.

pub(crate) mod validator;

pub(crate) use validator::{OpenChar, PartialStr, Utf8Validator};

use crate::arch::text;
use crate::error::Utf8Error;

/// Validates a complete text, as [`core::str::from_utf8`] does, with this crate's kernels.
///
/// # Errors
///
/// Returns the position of the first byte that no valid text could contain there. Also returns an
/// error if the text ends inside a character ([`Utf8Error::is_incomplete`]).
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
        // The text began at a boundary, so it ended inside a character.
        None => Err(Utf8Error { offset: bytes.len(), ..validator.unfinished() }),
    }
}
