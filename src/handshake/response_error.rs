//! The reasons for which a client refuses a response.

use core::fmt;

use super::head::HeadError;
use crate::extensions::ExtensionError;

/// The reason why a response does not open a WebSocket (RFC 6455 §4.1).
///
/// ```
/// use wsframe::handshake::ResponseError;
///
/// /// Returns whether another attempt may succeed.
/// fn is_temporary(error: &ResponseError) -> bool {
///     matches!(error, ResponseError::Status(408 | 429 | 500..=599))
/// }
///
/// assert!(is_temporary(&ResponseError::Status(503)));
/// assert!(!is_temporary(&ResponseError::Accept));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// It is not an HTTP/1 response, or exceeds a limit.
    Head(HeadError),
    /// The status is not 101. The value is the status.
    Status(u16),
    /// The version is HTTP/1.0.
    HttpVersion,
    /// `Upgrade` is not `websocket`.
    Upgrade,
    /// `Connection` is not a list of tokens that contains `Upgrade`.
    Connection,
    /// `Sec-WebSocket-Accept` is missing, repeated, or does not match the key.
    Accept,
    /// `Sec-WebSocket-Protocol` is not exactly one of the offered subprotocols.
    /// [`HandshakeRules`](super::HandshakeRules) can relax this.
    Subprotocol,
    /// `Sec-WebSocket-Extensions` is malformed.
    Extensions(ExtensionError),
    /// The server uses an extension that was not offered.
    ExtensionNotOffered,
    /// The server uses an extension twice.
    ExtensionRepeated,
    /// The server uses two extensions that claim the same RSV bit.
    ExtensionConflict,
    /// The server uses an extension in a way that its offers do not allow.
    ExtensionAnswer,
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return error.fmt(f),
            Self::Extensions(error) => return error.fmt(f),
            Self::Status(status) => {
                return write!(
                    f,
                    "the server responded with status {status} instead of 101 (RFC 6455 §4.1)"
                );
            }
            Self::HttpVersion => "the server responded with HTTP/1.0 instead of HTTP/1.1",
            Self::Upgrade => "the server's Upgrade is not websocket",
            Self::Connection => "the server's Connection does not list Upgrade",
            Self::Accept => "the server's Sec-WebSocket-Accept does not match the key",
            Self::Subprotocol => "the server's subprotocol was not offered",
            Self::ExtensionNotOffered => "the server uses an extension that was not offered",
            Self::ExtensionRepeated => "the server uses an extension twice",
            Self::ExtensionConflict => "the server uses two extensions that claim the same RSV bit",
            Self::ExtensionAnswer => "the server uses an extension in a way that was not offered",
        })?;
        f.write_str(" (RFC 6455 §4.1)")
    }
}

impl core::error::Error for ResponseError {}

impl From<HeadError> for ResponseError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}
