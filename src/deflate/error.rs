//! What can be wrong with a compressed message.

use core::fmt;

use crate::close::CloseCode;
use crate::error::Utf8Error;

/// Why a message could not be decompressed. The connection is then to be failed, with
/// [`close_code`](Self::close_code).
///
/// ```
/// use wsframe::CloseCode;
/// use wsframe::deflate::{Context, Decompressor, InflateError};
///
/// let mut decompressor = Decompressor::new(Context::FULL);
/// let error = decompressor.append(b"\xff\xff", &mut Vec::new()).unwrap_err();
/// assert_eq!(error, InflateError::Corrupt);
/// assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InflateError {
    /// The payload is not DEFLATE, or refers back beyond what the context holds.
    Corrupt,
    /// The payload does not end where a sender cuts off the four bytes `00 00 FF FF` (RFC 7692 §7.2.1).
    Truncated,
    /// The message is longer than the limit when decompressed. The value is the limit in bytes.
    TooLong(u32),
    /// The message is text, and not UTF-8. Offsets count from the beginning of what the call wrote.
    InvalidUtf8(Utf8Error),
}

impl InflateError {
    /// The code to close the connection with (RFC 6455 §7.4.1).
    ///
    /// RFC 7692 names none for a payload that cannot be decompressed. It is 1007, "data within a message
    /// that was not consistent with the type of the message", rather than 1002: each frame was right,
    /// and what was in them was not. It is what other implementations send as well.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::Corrupt | Self::Truncated | Self::InvalidUtf8(_) => CloseCode::INVALID_PAYLOAD,
            Self::TooLong(_) => CloseCode::TOO_BIG,
        }
    }
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt => f.write_str("the compressed message is not DEFLATE (RFC 7692 §7.2.2)"),
            Self::Truncated => {
                f.write_str("the compressed message ends inside a block (RFC 7692 §7.2.1)")
            }
            Self::TooLong(limit) => {
                write!(f, "the message is longer than the limit of {limit} bytes (RFC 6455 §10.4)")
            }
            Self::InvalidUtf8(error) => write!(f, "{error} (RFC 6455 §8.1)"),
        }
    }
}

impl core::error::Error for InflateError {}

impl From<Utf8Error> for InflateError {
    fn from(error: Utf8Error) -> Self {
        Self::InvalidUtf8(error)
    }
}
