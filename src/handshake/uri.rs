//! WebSocket URIs (RFC 6455 §3).
//!
//! ```text
//! ws-URI  = "ws:" "//" host [ ":" port ] path [ "?" query ]
//! wss-URI = "wss:" "//" host [ ":" port ] path [ "?" query ]
//! ```
//!
//! The parts are those of RFC 3986. A path and a query may also contain characters that browsers
//! and URL parsers do not encode. A general URL parser would accept much that must be refused here,
//! such as a fragment, which some parsers drop silently.

use core::fmt;
use core::net::Ipv6Addr;

use super::rules::HandshakeRules;

/// A `ws:` or `wss:` URI, parsed into parts that borrow it.
///
/// ```
/// use wsframe::handshake::{Uri, UriError};
///
/// let uri = Uri::parse("wss://example.com/chat?room=7")?;
/// assert!(uri.is_secure());
/// assert_eq!((uri.host(), uri.port()), ("example.com", 443));
/// assert_eq!((uri.path(), uri.query()), ("/chat", Some("room=7")));
///
/// assert_eq!(Uri::parse("ws://example.com/#top"), Err(UriError::Fragment(17)));
/// # Ok::<(), UriError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    secure: bool,
    host: &'a str,
    port: Option<u16>,
    /// The path, which may be empty.
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Parses an absolute URI.
    ///
    /// # Errors
    ///
    /// Returns a [`UriError`] if it is not a WebSocket URI, or contains an invalid character. The
    /// path and the query may contain all visible ASCII except `#`, as servers accept them.
    /// Characters beyond ASCII must be percent-encoded, and host names in other scripts must be in
    /// their ASCII form.
    pub fn parse(uri: &'a str) -> Result<Self, UriError> {
        Self::parse_with(uri, HandshakeRules::new())
    }

    /// Parses an absolute URI, with these rules for its path and query.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`parse`](Self::parse), unless the rules relax them.
    ///
    /// ```
    /// use wsframe::handshake::{HandshakeRules, Uri, UriError};
    ///
    /// assert_eq!(Uri::parse("ws://example.com/é"), Err(UriError::Character(17)));
    /// let rules = HandshakeRules::new().accept_utf8_target();
    /// let uri = Uri::parse_with("ws://example.com/é", rules)?;
    /// assert_eq!(uri.path(), "/é");
    /// # Ok::<(), UriError>(())
    /// ```
    pub fn parse_with(uri: &'a str, rules: HandshakeRules) -> Result<Self, UriError> {
        let (scheme, rest) = uri.split_once("://").ok_or(UriError::Scheme)?;
        let secure = if scheme.eq_ignore_ascii_case("ws") {
            false
        } else if scheme.eq_ignore_ascii_case("wss") {
            true
        } else {
            return Err(UriError::Scheme);
        };
        // > Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be
        // > used on these URIs.
        if let Some(offset) = uri.find('#') {
            return Err(UriError::Fragment(offset));
        }
        let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(authority_len);
        if authority.contains('@') {
            return Err(UriError::Userinfo);
        }
        let (host, port) = split_authority(authority, is_ipv6_or_zoned)?;
        if let Some(offset) = resource.find(|character| !rules.allow_in_target(character)) {
            return Err(UriError::Character(uri.len() - resource.len() + offset));
        }
        let (path, query) = split_query(resource);
        Ok(Self { secure, host, port, path, query })
    }

    /// Returns whether the scheme is `wss`, so that the connection must use TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the host as the URI contains it: a name, an IPv4 address, or an IPv6 address in
    /// brackets, with its zone if there is one.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// Returns the host without the brackets and the zone of an IPv6 address. Resolve it if there
    /// is no [`zone`](Self::zone).
    #[must_use]
    pub fn address(&self) -> &'a str {
        split_host(self.host).0
    }

    /// Returns the zone of an IPv6 address, percent-encoded as the URI contains it (RFC 6874 §2).
    /// It names the network interface through which to connect, and is not sent to the peer.
    ///
    /// ```
    /// use wsframe::handshake::Uri;
    ///
    /// let uri = Uri::parse("ws://[fe80::1%25eth0]/")?;
    /// let to_resolve = match uri.zone() {
    ///     Some(zone) => format!("{}%{zone}", uri.address()),
    ///     None => uri.address().to_owned(),
    /// };
    /// assert_eq!(to_resolve, "fe80::1%eth0");
    /// # Ok::<(), wsframe::handshake::UriError>(())
    /// ```
    #[must_use]
    pub fn zone(&self) -> Option<&'a str> {
        split_host(self.host).1
    }

    /// Returns the port. Without one in the URI, it is 80 for `ws` and 443 for `wss`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// Returns the path, or `/` if the URI has none.
    #[must_use]
    pub fn path(&self) -> &'a str {
        if self.path.is_empty() { "/" } else { self.path }
    }

    /// Returns the query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// Writes the value of `Host`: the host without a zone, and the port unless it is the default.
    ///
    /// > An HTTP client, proxy, or other intermediary MUST remove any ZoneID attached to an
    /// > outgoing URI, as it has only local significance at the sending host. (RFC 6874 §4)
    pub(super) fn write_authority(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        match split_host(self.host) {
            (address, Some(_)) => write!(to, "[{address}]")?,
            _ => to.write_str(self.host)?,
        }
        self.write_port(to)
    }

    fn write_port(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        let default = Self { port: None, ..*self }.port();
        if self.port() == default { Ok(()) } else { write!(to, ":{}", self.port()) }
    }

    /// Writes the path and the query.
    ///
    /// > The "resource-name" […] can be constructed by concatenating the following: "/" if the path
    /// > component is empty, the path component, "?" if the query component is non-empty, the query
    /// > component
    pub(super) fn write_resource_name(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        to.write_str(self.path())?;
        match self.query {
            None | Some("") => Ok(()),
            Some(query) => write!(to, "?{query}"),
        }
    }
}

/// Writes the URI without a default port and without an empty query.
impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}", self.host)?;
        self.write_port(f)?;
        self.write_resource_name(f)
    }
}

/// Parses `host [ ":" port ]` (RFC 3986 §3.2) as a server receives it, without a zone.
pub(super) fn parse_authority(authority: &str) -> Result<(&str, Option<u16>), UriError> {
    split_authority(authority, is_ipv6)
}

/// Returns whether two authorities are valid, and have the same host and port (RFC 3986 §6.2).
pub(super) fn is_same_authority(one: &str, other: &str, default_port: u16) -> bool {
    match (parse_authority(one), parse_authority(other)) {
        (Ok((host, port)), Ok((other_host, other_port))) => {
            host.eq_ignore_ascii_case(other_host)
                && port.unwrap_or(default_port) == other_port.unwrap_or(default_port)
        }
        _ => false,
    }
}

fn is_ipv6(bracketed: &str) -> bool {
    bracketed.parse::<Ipv6Addr>().is_ok()
}

/// > IPv6addrz = IPv6address "%25" ZoneID
/// > ZoneID = 1*( unreserved / pct-encoded )
///
/// (RFC 6874 §2)
fn is_ipv6_or_zoned(bracketed: &str) -> bool {
    let (address, zone) = split_zone(bracketed);
    is_ipv6(address)
        && zone.is_none_or(|zone| !zone.is_empty() && find_foreign(zone, is_unreserved).is_none())
}

fn split_zone(bracketed: &str) -> (&str, Option<&str>) {
    match bracketed.split_once("%25") {
        Some((address, zone)) => (address, Some(zone)),
        None => (bracketed, None),
    }
}

/// Returns the host without brackets, and the zone, which only occurs inside brackets.
fn split_host(host: &str) -> (&str, Option<&str>) {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(bracketed) => split_zone(bracketed),
        None => (host, None),
    }
}

fn split_authority(
    authority: &str,
    is_address: fn(&str) -> bool,
) -> Result<(&str, Option<u16>), UriError> {
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']').ok_or(UriError::Host)?;
        if !is_address(address) {
            return Err(UriError::Host);
        }
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

/// Returns the path, and the query if there is one.
pub(super) fn split_query(resource: &str) -> (&str, Option<&str>) {
    match resource.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (resource, None),
    }
}

/// Returns the offset of the first character that is not allowed, or of a percent sign without two
/// digits.
fn find_foreign(text: &str, allowed: fn(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().position(|(at, &byte)| match byte {
        b'%' => !matches!(bytes.get(at + 1..at + 3),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit)),
        _ => !allowed(byte),
    })
}

/// Returns whether this is an unreserved character (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Returns whether this is an unreserved character or a sub-delimiter (RFC 3986 §2.2).
fn is_in_name(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=".contains(&byte)
}

/// Error returned for a text that is not a WebSocket URI (RFC 6455 §3).
///
/// ```
/// use wsframe::handshake::{Uri, UriError};
///
/// assert_eq!(Uri::parse("https://example.com/"), Err(UriError::Scheme));
/// assert_eq!(Uri::parse("ws://user@example.com/"), Err(UriError::Userinfo));
/// assert_eq!(Uri::parse("ws://example.com/a b"), Err(UriError::Character(18)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// It does not begin with `ws://` or `wss://`.
    Scheme,
    /// The host is missing, or neither a name nor an address.
    Host,
    /// The port is not a number up to 65535.
    Port,
    /// It contains a user name, which WebSocket URIs cannot have. Send an `Authorization` header
    /// field instead.
    Userinfo,
    /// It contains a fragment. The value is the offset of its `#` in bytes.
    Fragment(usize),
    /// The path or query contains an invalid character. The value is its offset in bytes.
    Character(usize),
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the URI does not begin with ws:// or wss://"),
            Self::Host => {
                f.write_str("the URI's host is missing, or neither a name nor an address")
            }
            Self::Port => f.write_str("the URI's port is not a number up to 65535"),
            Self::Userinfo => {
                f.write_str("the URI contains a user name; send an Authorization header instead")
            }
            Self::Fragment(at) => write!(f, "the URI has a fragment at byte {at}; encode # as %23"),
            Self::Character(at) => {
                write!(f, "the URI has a character at byte {at} that must be percent-encoded")
            }
        }?;
        f.write_str(" (RFC 6455 §3)")
    }
}

impl core::error::Error for UriError {}
