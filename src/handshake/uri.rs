//! WebSocket URIs (RFC 6455 §3).
//!
//! > ```text
//! > ws-URI = "ws:" "//" host [ ":" port ] path [ "?" query ]
//! > wss-URI = "wss:" "//" host [ ":" port ] path [ "?" query ]
//! > ```
//!
//! The parts are those of RFC 3986. A general parser takes more than they allow, among it what must be
//! refused here, such as a fragment, which some drop without a word.

use core::fmt;
use core::net::Ipv6Addr;

/// A `ws:` or `wss:` URI, in parts that borrow it.
///
/// ```
/// use wsframe::handshake::Uri;
///
/// let uri = Uri::parse("wss://example.com/chat?room=7")?;
/// assert!(uri.is_secure());
/// assert_eq!((uri.host(), uri.port()), ("example.com", 443));
/// assert_eq!((uri.path(), uri.query()), ("/chat", Some("room=7")));
///
/// let error = Uri::parse("ws://example.com/#top").unwrap_err();
/// assert_eq!(error.to_string(), "the URI has a fragment at byte 17; write # as %23 (RFC 6455 §3)");
/// # Ok::<(), wsframe::handshake::UriError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    secure: bool,
    host: &'a str,
    port: Option<u16>,
    /// Empty if the URI has none.
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Parses an absolute URI.
    ///
    /// # Errors
    ///
    /// A [`UriError`] for whatever the RFC's grammar does not allow. Characters beyond ASCII have to be
    /// percent-encoded, and names in other scripts to be in their ASCII form, before.
    pub fn parse(uri: &'a str) -> Result<Self, UriError> {
        let (scheme, rest) = uri.split_once("://").ok_or(UriError::Scheme)?;
        let secure = if scheme.eq_ignore_ascii_case("ws") {
            false
        } else if scheme.eq_ignore_ascii_case("wss") {
            true
        } else {
            return Err(UriError::Scheme);
        };
        // > Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used
        // > on these URIs.
        if let Some(offset) = uri.find('#') {
            return Err(UriError::Fragment(offset));
        }
        let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(authority_len);
        if authority.contains('@') {
            return Err(UriError::Userinfo);
        }
        let (host, port) = parse_authority(authority)?;
        if let Some(offset) = find_foreign(resource, is_in_resource) {
            return Err(UriError::Character(uri.len() - resource.len() + offset));
        }
        let (path, query) = split_query(resource);
        Ok(Self { secure, host, port, path, query })
    }

    /// Whether the connection is to run over TLS: the scheme is `wss`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The host without the brackets of an IPv6 address: what is to be resolved.
    #[must_use]
    pub fn address(&self) -> &'a str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port; where the URI names none, 80 for `ws` and 443 for `wss`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// The path, `/` where the URI has none.
    #[must_use]
    pub fn path(&self) -> &'a str {
        if self.path.is_empty() { "/" } else { self.path }
    }

    /// What stands behind the question mark, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// Writes what stands in `Host`: the host, and the port unless it is the default.
    pub(super) fn write_authority(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        to.write_str(self.host)?;
        let default = Self { port: None, ..*self }.port();
        if self.port() == default { Ok(()) } else { write!(to, ":{}", self.port()) }
    }

    /// > The "resource-name" […] can be constructed by concatenating the following:
    /// > "/" if the path component is empty, the path component, "?" if the query component is
    /// > non-empty, the query component
    pub(super) fn write_resource_name(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        to.write_str(self.path())?;
        match self.query {
            None | Some("") => Ok(()),
            Some(query) => write!(to, "?{query}"),
        }
    }
}

/// The URI, without what goes without saying: a default port, an empty query.
impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://")?;
        self.write_authority(f)?;
        self.write_resource_name(f)
    }
}

/// The parts of `host [ ":" port ]` (RFC 3986 §3.2).
pub(super) fn parse_authority(authority: &str) -> Result<(&str, Option<u16>), UriError> {
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']').ok_or(UriError::Host)?;
        address.parse::<Ipv6Addr>().map_err(|_| UriError::Host)?;
        (&authority[..address.len() + 2], port)
    } else {
        let name_len = authority.find(':').unwrap_or(authority.len());
        let (name, port) = authority.split_at(name_len);
        if name.is_empty() || find_foreign(name, is_in_name).is_some() {
            return Err(UriError::Host);
        }
        (name, port)
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return Err(UriError::Host),
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| UriError::Port)?)
        }
        Some(_) => return Err(UriError::Port),
    };
    Ok((host, port))
}

/// The path, and the query if there is one.
pub(super) fn split_query(resource: &str) -> (&str, Option<&str>) {
    match resource.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (resource, None),
    }
}

/// Where the first character stands that is not allowed, or a percent sign without its two digits.
fn find_foreign(text: &str, allowed: fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().position(|(at, &byte)| match byte {
        b'%' => !matches!(bytes.get(at + 1..at + 3),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit)),
        _ => !allowed(byte),
    })
}

/// The unreserved characters and the sub-delims of RFC 3986 §2.
fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// What a path or a query holds: pchar, and what separates their parts.
pub(super) fn is_in_resource(byte: u8) -> bool {
    is_in_name(byte) || b":@/?".contains(&byte)
}

/// Why a text is no WebSocket URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// It does not begin with `ws://` or `wss://`.
    Scheme,
    /// There is no host, or it is neither a name nor an address.
    Host,
    /// The port is no number up to 65535.
    Port,
    /// It names a user, for which WebSocket URIs have no room.
    Userinfo,
    /// It has a fragment. The value is the offset of its `#` in bytes.
    Fragment(usize),
    /// A character in the path or query may not stand there. The value is its offset in bytes.
    Character(usize),
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the URI begins with neither ws:// nor wss://"),
            Self::Host => f.write_str("the host of the URI is neither a name nor an address"),
            Self::Port => f.write_str("the port of the URI is no number up to 65535"),
            Self::Userinfo => {
                f.write_str("the URI names a user; send an Authorization header instead")
            }
            Self::Fragment(at) => write!(f, "the URI has a fragment at byte {at}; write # as %23"),
            Self::Character(at) => {
                write!(f, "the URI has at byte {at} what must be percent-encoded")
            }
        }?;
        f.write_str(" (RFC 6455 §3)")
    }
}

impl core::error::Error for UriError {}
