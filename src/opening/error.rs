//! The errors of the opening handshake of streams.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use std::io;

use bytes::Bytes;

use super::MAX_HEADERS;
use crate::handshake::{HeadError, Rejection, Response, ResponseError, UriError, WriteError};

/// Error returned if the opening handshake of a stream fails (RFC 6455 §4).
///
/// ```
/// use wsframe::handshake::HandshakeError;
///
/// /// Returns whether another attempt may succeed.
/// fn is_temporary(error: &HandshakeError) -> bool {
///     match error {
///         HandshakeError::Io(_) | HandshakeError::Timeout => true,
///         HandshakeError::Refused(response) => matches!(response.status(), 408 | 429 | 500..),
///         _ => false,
///     }
/// }
///
/// assert!(is_temporary(&HandshakeError::Timeout));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum HandshakeError {
    /// As a server: the client's request is not accepted. A response with the reason was written.
    Rejected(Rejection),
    /// As a client: the server responded with another status than 101.
    Refused(Box<RefusedResponse>),
    /// As a client: the server's response breaks a rule.
    Response(ResponseError),
    /// As a client: the URI is invalid.
    Uri(UriError),
    /// An option has a value that the head cannot contain. Nothing was written.
    Write(WriteError),
    /// The handshake took longer than
    /// [`Options::handshake_timeout`](crate::handshake::Options::handshake_timeout).
    Timeout,
    /// The transport failed. Its kind is [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the
    /// transport ended inside the handshake.
    Io(io::Error),
}

impl HandshakeError {
    pub(crate) fn eof() -> Self {
        let error = "the transport ended inside the opening handshake";
        Self::Io(io::Error::new(io::ErrorKind::UnexpectedEof, error))
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => write!(f, "the request was rejected: {error}"),
            Self::Refused(response) => ResponseError::Status(response.status).fmt(f),
            Self::Response(error) => error.fmt(f),
            Self::Uri(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Timeout => f.write_str("the opening handshake took longer than its time limit"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The message of the inner error is displayed already, so its own source comes next.
        if let Self::Io(error) = self { error.source() } else { None }
    }
}

impl From<Rejection> for HandshakeError {
    fn from(error: Rejection) -> Self {
        Self::Rejected(error)
    }
}

impl From<ResponseError> for HandshakeError {
    fn from(error: ResponseError) -> Self {
        Self::Response(error)
    }
}

impl From<HeadError> for HandshakeError {
    fn from(error: HeadError) -> Self {
        Self::Response(error.into())
    }
}

impl From<UriError> for HandshakeError {
    fn from(error: UriError) -> Self {
        Self::Uri(error)
    }
}

impl From<WriteError> for HandshakeError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Converts to an error whose kind tells the cause, as for the other errors of this crate.
impl From<HandshakeError> for io::Error {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::Io(error) => error,
            HandshakeError::Rejected(error) => error.into(),
            HandshakeError::Response(error) => error.into(),
            HandshakeError::Uri(error) => error.into(),
            HandshakeError::Write(error) => error.into(),
            HandshakeError::Refused(_) => Self::new(io::ErrorKind::ConnectionRefused, error),
            HandshakeError::Timeout => Self::new(io::ErrorKind::TimedOut, error),
        }
    }
}

/// A server's response with another status than 101: a redirect, a challenge, an error page.
///
/// ```
/// use wsframe::handshake::HandshakeError;
///
/// /// Returns the address that the server redirects to.
/// fn redirect(error: &HandshakeError) -> Option<&[u8]> {
///     match error {
///         HandshakeError::Refused(response) => response.header("Location"),
///         _ => None,
///     }
/// }
/// # assert_eq!(redirect(&HandshakeError::Timeout), None);
/// ```
#[derive(Clone)]
pub struct RefusedResponse {
    status: u16,
    headers: Vec<(Box<str>, Box<[u8]>)>,
    pub(super) body: Bytes,
}

impl RefusedResponse {
    pub(super) fn new(response: &Response<'_, MAX_HEADERS>) -> Self {
        let headers = response.headers().map(|(name, value)| (name.into(), value.into()));
        Self { status: response.status(), headers: headers.collect(), body: Bytes::new() }
    }

    /// Returns the status, such as 401.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the value of the first header field with this name, without whitespace around it.
    /// Names are case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers();
        headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns all header fields in order, as names and values without whitespace around them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the body, or the part of it that was received.
    ///
    /// It has at most [`Options::max_refused_body`](crate::handshake::Options::max_refused_body)
    /// bytes. It is incomplete if the transport or the time limit ended before it.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Without the values of header fields, which may be secret.
impl fmt::Debug for RefusedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers().map(|(name, _)| name).collect();
        f.debug_struct("RefusedResponse")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body", &self.body)
            .finish()
    }
}
