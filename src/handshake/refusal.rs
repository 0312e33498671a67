//! Why a server refuses a request, and the status that says so.

use core::fmt;

use super::head::HeadError;
use super::write::{Reply, VERSION, WriteError};
use crate::extensions::ExtensionError;

/// What keeps a request from being the opening handshake of a WebSocket (RFC 6455 §4.2.1, §4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not an HTTP/1 request, or goes beyond the caps. 400, or 431 if it is too large.
    Head(HeadError),
    /// The method is not GET. 405.
    Method,
    /// It is an ordinary request, with nothing of a handshake in it. 426.
    NoHandshake,
    /// It is HTTP/1.0. 400.
    HttpVersion,
    /// The target is no path, nor an `http` or `https` URI with one, or has a character that may not stand
    /// there. (A percent sign may, with or without two digits; characters beyond ASCII may by
    /// [`HandshakeRules::accept_utf8_target`](super::HandshakeRules::accept_utf8_target).) 400.
    Target,
    /// `Host` is missing, repeated, or no host. 400.
    Host,
    /// `Upgrade` is not a list of protocols that has `websocket`. 400.
    Upgrade,
    /// `Connection` is not a list of tokens that has `Upgrade`. 400.
    Connection,
    /// `Sec-WebSocket-Key` is missing, repeated, or not 16 bytes in base64. 400.
    Key,
    /// `Sec-WebSocket-Version` is missing or repeated. 400.
    NoVersion,
    /// `Sec-WebSocket-Version` is not 13. 426, with the version that is.
    Version,
    /// A body follows, whose bytes would be taken for frames. 400.
    Body,
    /// `Sec-WebSocket-Protocol` is empty, lists something else than tokens, the same token twice, or more
    /// than 64. 400.
    Subprotocols,
    /// `Sec-WebSocket-Extensions` is malformed. 400.
    Extensions(ExtensionError),
    /// `Origin` is not allowed, repeated, or no text. 403.
    Origin,
    /// An extended CONNECT for something else than a WebSocket. 501.
    ConnectProtocol,
}

impl Refusal {
    /// The status to answer with.
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

    /// The response: the status, what it obliges to say, and why as its body. Further header fields can
    /// be added.
    pub const fn reply(self) -> Reply<'static> {
        // A HEAD request is refused for its method, and gets no body.
        let body = if let Self::Method = self { "" } else { self.why() };
        let status = self.status();
        let mut reply = Reply::new(status, body);
        reply.obliged = self.obliged();
        if status == 426 {
            reply.connection = "close, Upgrade";
        }
        reply
    }

    /// Writes [the response](Self::reply).
    ///
    /// # Errors
    ///
    /// [`WriteError::Format`], if where it goes takes no more.
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
            Self::Method => "a WebSocket is asked for with GET (RFC 6455 §4.2.1)",
            Self::NoHandshake => "there is a WebSocket here, and nothing else (RFC 6455 §4.2.1)",
            Self::HttpVersion => "a WebSocket needs HTTP/1.1 (RFC 6455 §4.2.1)",
            Self::Target => "the target must be a path or an http URI (RFC 6455 §4.2.1)",
            Self::Host => "exactly one Host is needed, which names a host (RFC 6455 §4.2.1)",
            Self::Upgrade => "a WebSocket needs Upgrade: websocket (RFC 6455 §4.2.1)",
            Self::Connection => "a WebSocket needs Connection: Upgrade (RFC 6455 §4.2.1)",
            Self::Key => {
                "exactly one Sec-WebSocket-Key is needed, of 16 bytes in base64 (RFC 6455 §4.2.1)"
            }
            Self::NoVersion => "exactly one Sec-WebSocket-Version is needed (RFC 6455 §4.2.1)",
            Self::Version => "Sec-WebSocket-Version must be 13 (RFC 6455 §4.4)",
            Self::Body => "the request of a WebSocket has no body (RFC 6455 §4.2.1)",
            Self::Subprotocols => {
                "Sec-WebSocket-Protocol must list 1 to 64 tokens, each once (RFC 6455 §4.1, §11.3.4)"
            }
            Self::Extensions(_) => "Sec-WebSocket-Extensions is malformed (RFC 6455 §9.1)",
            Self::Origin => "this origin is not allowed here (RFC 6455 §4.2.2)",
            Self::ConnectProtocol => "there are WebSockets here, and nothing else (RFC 8441 §5)",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extensions(error) => error.fmt(f),
            _ => f.write_str(self.why()),
        }
    }
}

impl core::error::Error for Refusal {}

impl From<HeadError> for Refusal {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}
