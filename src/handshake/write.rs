//! Writing HTTP heads. The caller's values are checked before anything is written, so no value can
//! inject a line.

use core::fmt;

use crate::extensions::is_token;

/// Error returned if a head cannot be written: a value from the caller is invalid.
///
/// ```
/// use wsframe::handshake::{HttpReply, WriteError};
///
/// let mut out = String::new();
/// let headers = [("Location", "/\r\nSet-Cookie: a=b")];
/// let result = HttpReply::new(302, "").headers(&headers).write(&mut out);
/// assert_eq!(result, Err(WriteError::HeaderValue(0)));
/// assert!(out.is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The name of a header field is not a token. The value is the field's index in the caller's
    /// list.
    HeaderName(usize),
    /// The value of a header field contains a control character other than a tab (RFC 9110 §5.5).
    /// The value is the field's index in the caller's list.
    HeaderValue(usize),
    /// A header field is reserved for the handshake, such as `Upgrade`. The value is the field's
    /// index in the caller's list.
    ReservedHeader(usize),
    /// The origin contains something other than visible ASCII.
    Origin,
    /// A subprotocol is not a token, or is offered twice.
    Subprotocol,
    /// The client did not offer this subprotocol.
    SubprotocolNotOffered,
    /// The status is not a final one from 200 to 999, or does not allow the body.
    Status(u16),
    /// The crate `http` cannot represent the URI. It has 64 KiB or more, a percent-encoded host, or
    /// certain characters that should be percent-encoded, such as `<` in its path.
    Uri,
    /// An extension wrote something invalid, or the output returned an error. Part of the head may
    /// have been written.
    Format,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderName(at) => write!(f, "the name of header field {at} is not a token"),
            Self::HeaderValue(at) => {
                write!(f, "the value of header field {at} contains a control character")
            }
            Self::ReservedHeader(at) => {
                write!(f, "header field {at} is reserved for the handshake")
            }
            Self::Origin => f.write_str("the origin must contain only visible ASCII"),
            Self::Subprotocol => f.write_str("a subprotocol is not a token, or is offered twice"),
            Self::SubprotocolNotOffered => f.write_str("the client did not offer this subprotocol"),
            Self::Status(status) => write!(f, "status {status} cannot be sent with this reply"),
            Self::Uri => f.write_str(
                "the crate http cannot represent the URI: its length, host or a character",
            ),
            Self::Format => f.write_str("the output or an extension failed to write the head"),
        }
    }
}

impl core::error::Error for WriteError {}

impl From<fmt::Error> for WriteError {
    fn from(_: fmt::Error) -> Self {
        Self::Format
    }
}

/// The value of `Sec-WebSocket-Version`.
pub(super) const VERSION: &str = "13";

/// Header fields that a caller must not set, because they determine the length of the message or
/// are part of the handshake. All `Sec-WebSocket-…` are reserved, too.
const RESERVED: [&str; 8] = [
    "Connection",
    "Upgrade",
    "Host",
    "Origin",
    "Content-Length",
    "Transfer-Encoding",
    "Trailer",
    "TE",
];

/// Names and values of header fields.
pub(super) type Headers<'p> = &'p [(&'p str, &'p str)];

pub(super) fn check_headers(headers: Headers<'_>) -> Result<(), WriteError> {
    for (at, (name, value)) in headers.iter().enumerate() {
        if !is_token(name) {
            return Err(WriteError::HeaderName(at));
        }
        // > field-vchar = VCHAR / obs-text
        // > obs-text = %x80-FF
        if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(WriteError::HeaderValue(at));
        }
        let begins = name.get(.."Sec-WebSocket-".len());
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
            || begins.is_some_and(|begins| begins.eq_ignore_ascii_case("Sec-WebSocket-"))
        {
            return Err(WriteError::ReservedHeader(at));
        }
    }
    Ok(())
}

pub(super) fn write_headers(headers: Headers<'_>, to: &mut dyn fmt::Write) -> fmt::Result {
    headers.iter().try_for_each(|(name, value)| line(to, name, value))
}

pub(super) fn line(to: &mut dyn fmt::Write, name: &str, value: &str) -> fmt::Result {
    for text in [name, ": ", value, "\r\n"] {
        to.write_str(text)?;
    }
    Ok(())
}

/// An HTTP/1.1 response that does not open a WebSocket: a page, a redirect, a 401.
///
/// It has `Connection: close`, and a `Content-Length` for its body.
///
/// ```
/// use wsframe::handshake::HttpReply;
///
/// let mut out = String::new();
/// let headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
/// HttpReply::new(200, "<!DOCTYPE html><p>Hello").headers(&headers).write(&mut out)?;
/// assert_eq!(
///     out,
///     "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\
///      Connection: close\r\nContent-Length: 23\r\n\r\n<!DOCTYPE html><p>Hello"
/// );
/// # Ok::<(), wsframe::handshake::WriteError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct HttpReply<'p> {
    status: u16,
    headers: Headers<'p>,
    body: &'p str,
    /// Header fields that a rejection requires.
    pub(super) obliged: Headers<'p>,
    pub(super) connection: &'p str,
}

impl<'p> HttpReply<'p> {
    /// Creates a response with this status and this text as its body. Pass an empty body in
    /// response to a HEAD request.
    pub const fn new(status: u16, body: &'p str) -> Self {
        Self { status, headers: &[], body, obliged: &[], connection: "close" }
    }

    /// Sets header fields, as names and values.
    ///
    /// Values must not contain control characters, except tabs. Without a `Content-Type`, a body is
    /// `text/plain; charset=utf-8`.
    pub const fn headers(self, headers: &'p [(&'p str, &'p str)]) -> Self {
        Self { headers, ..self }
    }

    /// Writes the response, head and body.
    ///
    /// # Errors
    ///
    /// Returns a [`WriteError`] for a status or a value that the head cannot contain. Nothing was
    /// written then, except with [`WriteError::Format`].
    pub fn write(&self, to: &mut impl fmt::Write) -> Result<(), WriteError> {
        let Self { status, headers, body, obliged, connection } = *self;
        // These statuses have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
        let may_have_body = !matches!(status, 204 | 205 | 304);
        if !(200..=999).contains(&status) || !(may_have_body || body.is_empty()) {
            return Err(WriteError::Status(status));
        }
        check_headers(headers)?;
        write!(to, "HTTP/1.1 {status} {}\r\n", reason(status))?;
        write_headers(headers, to)?;
        write_headers(obliged, to)?;
        line(to, "Connection", connection)?;
        let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
        if !body.is_empty() && !is_typed {
            line(to, "Content-Type", "text/plain; charset=utf-8")?;
        }
        // Messages with the other statuses end with their head in any case (RFC 9112 §6.3).
        if !matches!(status, 204 | 304) {
            write!(to, "Content-Length: {}\r\n", body.len())?;
        }
        to.write_str("\r\n")?;
        to.write_str(body)?;
        Ok(())
    }
}

/// Returns the reason phrase of a status (RFC 9110 §15). It is empty for rare statuses, which is
/// valid.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "",
    }
}
