//! The reasons for which a server refuses a request, and the response to the client.

use core::fmt;

use super::head::HeadError;
use super::write::{HttpReply, VERSION, WriteError};
use crate::extensions::ExtensionError;

/// The reason why a server refuses a request to open a WebSocket (RFC 6455 §4.2.1, §4.2.2).
///
/// Each rejection has a status, which its variant lists, and writes its own response.
///
/// ```
/// use wsframe::handshake::Rejection;
///
/// let mut out = String::new();
/// Rejection::Version.write(&mut out)?;
/// assert!(out.starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
/// assert!(out.contains("\r\nSec-WebSocket-Version: 13\r\n"));
/// assert!(out.ends_with("Sec-WebSocket-Version must be 13 (RFC 6455 §4.4)"));
/// # Ok::<(), wsframe::handshake::WriteError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "ErrorResponse")]
pub enum Rejection {
    /// 400, or 431 if it is too large: it is not an HTTP/1 request, or exceeds a limit.
    Head(HeadError),
    /// 405: the method is not GET (CONNECT over HTTP/2 and HTTP/3).
    Method,
    /// 426: it is an ordinary request, without the header fields of a handshake.
    NoHandshake,
    /// 400: the version is HTTP/1.0.
    HttpVersion,
    /// 400: the target is neither a path nor an `http` or `https` URI, or contains an invalid
    /// character.
    ///
    /// A percent sign is valid, with or without two digits.
    /// [`HandshakeRules::accept_utf8_target`](super::HandshakeRules::accept_utf8_target) accepts
    /// characters beyond ASCII.
    Target,
    /// 400: `Host` is missing, repeated, or not a host.
    Host,
    /// 400: `Upgrade` is not a list of protocols that contains `websocket`.
    Upgrade,
    /// 400: `Connection` is not a list of tokens that contains `Upgrade`.
    Connection,
    /// 400: `Sec-WebSocket-Key` is missing, repeated, or not 16 bytes in base64.
    Key,
    /// 400: `Sec-WebSocket-Version` is missing or repeated.
    NoVersion,
    /// 426: `Sec-WebSocket-Version` is not 13. The response contains the supported version.
    Version,
    /// 400: the request has a body, whose bytes would be read as frames.
    Body,
    /// 400: `Sec-WebSocket-Protocol` is empty, contains something other than tokens, a duplicate,
    /// or more than 64 tokens.
    Subprotocols,
    /// 400: `Sec-WebSocket-Extensions` is malformed.
    Extensions(ExtensionError),
    /// 403: `Origin` is not allowed, repeated, or not UTF-8.
    Origin,
    /// 501: an extended CONNECT for another protocol than `websocket`.
    ConnectProtocol,
}

impl Rejection {
    /// Returns the status of the response.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(HeadError::TooLong | HeadError::TooManyHeaders) => 431,
            Self::Method => 405,
            Self::NoHandshake | Self::Version => 426,
            Self::Origin => 403,
            Self::ConnectProtocol => 501,
            _ => 400,
        }
    }

    /// Returns the response, with the reason as its body. The caller may add header fields.
    pub const fn reply(self) -> HttpReply<'static> {
        // A HEAD request is refused for its method, and the response to HEAD has no body.
        let body = if let Self::Method = self { "" } else { self.why() };
        let status = self.status();
        let mut reply = HttpReply::new(status, body);
        reply.obliged = self.obliged();
        if status == 426 {
            reply.connection = "close, Upgrade";
        }
        reply
    }

    /// Writes the response that [`reply`](Self::reply) returns.
    ///
    /// # Errors
    ///
    /// Returns [`WriteError::Format`] if `to` returns an error.
    pub fn write(self, to: &mut impl fmt::Write) -> Result<(), WriteError> {
        self.reply().write(to)
    }

    pub(super) const fn obliged(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("Allow", "GET")],
            Self::NoHandshake | Self::Version => {
                &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION)]
            }
            _ => &[],
        }
    }

    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::Head(error) => error.why(),
            Self::Method => {
                "the method must be GET, or CONNECT over HTTP/2 and HTTP/3 (RFC 6455 §4.2.1)"
            }
            Self::NoHandshake => {
                "this endpoint accepts only WebSocket connections (RFC 6455 §4.2.1)"
            }
            Self::HttpVersion => "the version must be HTTP/1.1 (RFC 6455 §4.2.1)",
            Self::Target => "the request target must be a valid path or http URI (RFC 6455 §4.2.1)",
            Self::Host => "Host must occur once, with a valid host (RFC 6455 §4.2.1)",
            Self::Upgrade => "Upgrade must list websocket (RFC 6455 §4.2.1)",
            Self::Connection => "Connection must list Upgrade (RFC 6455 §4.2.1)",
            Self::Key => {
                "Sec-WebSocket-Key must occur once, as 16 bytes in base64 (RFC 6455 §4.2.1)"
            }
            Self::NoVersion => "Sec-WebSocket-Version must occur once (RFC 6455 §4.2.1)",
            Self::Version => "Sec-WebSocket-Version must be 13 (RFC 6455 §4.4)",
            Self::Body => "the request must not have a body (RFC 6455 §4.2.1)",
            Self::Subprotocols => {
                "Sec-WebSocket-Protocol must list 1 to 64 different tokens (RFC 6455 §4.1, §11.3.4)"
            }
            Self::Extensions(_) => "Sec-WebSocket-Extensions is malformed (RFC 6455 §9.1)",
            Self::Origin => "Origin is not allowed or not valid (RFC 6455 §4.2.2)",
            Self::ConnectProtocol => {
                "the protocol of an extended CONNECT must be websocket (RFC 8441 §5)"
            }
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extensions(error) => error.fmt(f),
            _ => f.write_str(self.why()),
        }
    }
}

impl core::error::Error for Rejection {}

impl From<HeadError> for Rejection {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}
