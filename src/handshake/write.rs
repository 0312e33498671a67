//! Heads on their way out. Whatever a caller gives is checked before anything is written, so that no
//! value can end its line and begin another.

use core::fmt;

use crate::extensions::is_token;

/// Why a head was not written: what the caller gave cannot stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The name of a header field is not a token. The value is its index among those given.
    HeaderName(usize),
    /// The value of a header field holds a control character other than a tab (RFC 9110 §5.5). The value
    /// is its index among those given.
    HeaderValue(usize),
    /// A header field that the handshake itself decides on, such as `Upgrade`. The value is its index
    /// among those given.
    ReservedHeader(usize),
    /// An origin that holds something else than visible ASCII.
    Origin,
    /// A subprotocol that is not a token, or stands twice among those offered.
    Subprotocol,
    /// A subprotocol that the client did not offer.
    SubprotocolNotOffered,
    /// A status that is no final one, from 200 to 999, or allows no body while there is one.
    Status(u16),
    /// A URI that the crate `http` cannot hold: of 64 KiB or more, with a host that is percent-encoded, or
    /// with certain characters that ought to be, such as `<` in its path.
    Uri,
    /// An extension wrote what cannot stand there, or where the head goes takes no more. What was
    /// written may be a part of the head.
    Format,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderName(at) => write!(f, "the name of header field {at} is not a token"),
            Self::HeaderValue(at) => {
                write!(f, "the value of header field {at} has a control character")
            }
            Self::ReservedHeader(at) => {
                write!(f, "header field {at} is one that the handshake itself writes")
            }
            Self::Origin => f.write_str("the origin may hold visible ASCII alone"),
            Self::Subprotocol => f.write_str("a subprotocol must be a token, and offered once"),
            Self::SubprotocolNotOffered => f.write_str("the client did not offer this subprotocol"),
            Self::Status(status) => write!(f, "status {status} cannot be sent with this reply"),
            Self::Uri => f.write_str(
                "the crate http cannot hold the URI: its length, its host or a character of its path",
            ),
            Self::Format => f.write_str("the head could not be written to its end"),
        }
    }
}

impl core::error::Error for WriteError {}

impl From<fmt::Error> for WriteError {
    fn from(_: fmt::Error) -> Self {
        Self::Format
    }
}

/// What stands in `Sec-WebSocket-Version`.
pub(super) const VERSION: &str = "13";

/// Header fields that a caller may not give: they say where the message ends, or what the handshake
/// decides. All `Sec-WebSocket-…` are so, too.
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

/// Any HTTP/1.1 response but the one that makes a WebSocket: a page, a redirect, a 401.
///
/// It says that the connection closes behind it, and how long the body is.
///
/// ```
/// use wsframe::handshake::Reply;
///
/// let mut out = String::new();
/// let headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
/// Reply::new(200, "<!DOCTYPE html><p>Hello").headers(&headers).write(&mut out)?;
/// assert_eq!(
///     out,
///     "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\
///      Connection: close\r\nContent-Length: 23\r\n\r\n<!DOCTYPE html><p>Hello"
/// );
/// # Ok::<(), wsframe::handshake::WriteError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Reply<'p> {
    status: u16,
    headers: Headers<'p>,
    body: &'p str,
    /// What a refusal has to say besides.
    pub(super) obliged: Headers<'p>,
    pub(super) connection: &'p str,
}

impl<'p> Reply<'p> {
    /// A response of this status with this text for its body. To a HEAD request, give none.
    pub const fn new(status: u16, body: &'p str) -> Self {
        Self { status, headers: &[], body, obliged: &[], connection: "close" }
    }

    /// Header fields, as names and values. Values may hold everything but control characters. Without a
    /// `Content-Type` among them, a body is `text/plain; charset=utf-8`.
    pub const fn headers(self, headers: &'p [(&'p str, &'p str)]) -> Self {
        Self { headers, ..self }
    }

    /// Writes the response, head and body.
    ///
    /// # Errors
    ///
    /// A [`WriteError`] for what cannot stand there; nothing was written then, unless it is
    /// [`WriteError::Format`].
    pub fn write(&self, to: &mut impl fmt::Write) -> Result<(), WriteError> {
        let Self { status, headers, body, obliged, connection } = *self;
        // RFC 9110 §15.3.5, §15.3.6, §15.4.5
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
        // The others end with their head, whatever it says (RFC 9112 §6.3).
        if !matches!(status, 204 | 304) {
            write!(to, "Content-Length: {}\r\n", body.len())?;
        }
        to.write_str("\r\n")?;
        to.write_str(body)?;
        Ok(())
    }
}

/// What stands behind a status for people (RFC 9110 §15). It may be empty, and is for the rarer ones.
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
