//! A server's side: what the client's opening handshake asks for, and the answer to it (RFC 6455 §4.2).

use core::{fmt, str};

use super::fields::{Fields, is_connection_option, is_protocol};
use super::head::Request;
use super::key::Key;
use super::negotiation::{self, Agreed};
use super::refusal::Refusal;
use super::rules::HandshakeRules;
use super::subprotocol;
use super::uri::{is_same_authority, parse_authority, split_query};
use super::write::{Headers, VERSION, WriteError, check_headers, line, write_headers};
use crate::extensions::{Extension, Negotiate};

impl<'a> Request<'a> {
    /// Whether the request is meant as an opening handshake: it has the header fields of one, be they
    /// right or not. If not, it asks for a page or the like, and [`Reply`](super::Reply) answers it.
    #[must_use]
    pub fn is_handshake(&self) -> bool {
        is_handshake(self.fields)
    }

    /// The opening handshake that the request is.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], which knows its response, for whatever §4.2.1 does not allow.
    pub fn opening(&self) -> Result<Opening<'a>, Refusal> {
        self.opening_with(HandshakeRules::new())
    }

    /// Same as [`opening`](Self::opening), by these rules.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], which knows its response, for whatever §4.2.1 does not allow and the rules do not
    /// relax.
    pub fn opening_with(&self, rules: HandshakeRules) -> Result<Opening<'a>, Refusal> {
        let fields = self.fields;
        let key = check_upgrade(self.method, self.is_http_1_1, fields)?;
        let (authority, resource_name) = split_target(self.target, rules)?;
        let host = authority_of(authority, fields)?;
        Opening::new(resource_name, host, Some(key), fields)
    }
}

fn is_handshake(fields: Fields<'_>) -> bool {
    fields.mentions("Upgrade", "websocket") || fields.has("Sec-WebSocket-Key")
}

/// What HTTP/1.1 asks of a handshake, and an extended CONNECT does not. Gives the key.
pub(super) fn check_upgrade(
    method: &str,
    is_http_1_1: bool,
    fields: Fields<'_>,
) -> Result<Key, Refusal> {
    // > An HTTP/1.1 or higher GET request
    if method != "GET" {
        return Err(Refusal::Method);
    }
    if !is_handshake(fields) {
        return Err(Refusal::NoHandshake);
    }
    if !is_http_1_1 {
        return Err(Refusal::HttpVersion);
    }
    // > An |Upgrade| header field containing the value "websocket", treated as an ASCII
    // > case-insensitive value.
    if !fields.lists("Upgrade", "websocket", is_protocol) {
        return Err(Refusal::Upgrade);
    }
    // > A |Connection| header field that includes the token "Upgrade", treated as an ASCII
    // > case-insensitive value.
    if !fields.lists("Connection", "Upgrade", is_connection_option) {
        return Err(Refusal::Connection);
    }
    // What follows the head would be taken for frames.
    if fields.has("Transfer-Encoding")
        || fields.values("Content-Length").any(|length| length != b"0")
    {
        return Err(Refusal::Body);
    }
    // > A |Sec-WebSocket-Key| header field with a base64-encoded value that, when decoded, is 16 bytes
    // > in length.
    fields.only("Sec-WebSocket-Key").and_then(Key::parse).ok_or(Refusal::Key)
}

/// The authority that a request is for. `Host` must be right even where it does not count.
///
/// > When an origin server receives a request with an absolute-form of request-target, the origin server
/// > MUST ignore the received Host header field (if any) and instead use the host information of the
/// > request-target. (RFC 9112 §3.2.2)
pub(super) fn authority_of<'a>(
    named_by_target: Option<&'a str>,
    fields: Fields<'a>,
) -> Result<&'a str, Refusal> {
    let host = host(fields)?;
    Ok(named_by_target.unwrap_or(host))
}

/// > A |Host| header field containing the server's authority.
pub(super) fn host(fields: Fields<'_>) -> Result<&str, Refusal> {
    let host = fields.only("Host").and_then(|host| str::from_utf8(host).ok());
    host.filter(|host| parse_authority(host).is_ok()).ok_or(Refusal::Host)
}

/// > a "Request-URI" that should be interpreted as a /resource name/ defined in Section 3 (or an
/// > absolute HTTP/HTTPS URI containing the /resource name/)
///
/// Gives the authority too, which only an absolute URI has.
fn split_target(target: &str, rules: HandshakeRules) -> Result<(Option<&str>, &str), Refusal> {
    let Some((scheme, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return Ok((None, resource_name(target, rules)?));
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    Ok((Some(check_absolute(scheme, authority)?), resource_name(path, rules)?))
}

/// Checks what an absolute URI begins with, and gives its authority.
pub(super) fn check_absolute<'a>(scheme: &str, authority: &'a str) -> Result<&'a str, Refusal> {
    let is_http = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if is_http && parse_authority(authority).is_ok() { Ok(authority) } else { Err(Refusal::Target) }
}

/// Checks what a path must be, with its query if it has one.
pub(super) fn resource_name(path: &str, rules: HandshakeRules) -> Result<&str, Refusal> {
    if path.starts_with('/') && path.chars().all(|character| rules.allow_in_target(character)) {
        Ok(path)
    } else {
        Err(Refusal::Target)
    }
}

/// > If the two origins are scheme/host/port triples, the two origins are the same if, and only if, they
/// > have identical schemes, hosts, and ports. (RFC 6454 §5)
fn is_same_origin(one: &str, other: &str) -> bool {
    match (one.split_once("://"), other.split_once("://")) {
        (Some((scheme, authority)), Some((other_scheme, other_authority))) => {
            scheme.eq_ignore_ascii_case(other_scheme)
                && is_same_authority(authority, other_authority, default_port(scheme))
        }
        _ => false,
    }
}

/// The port of an origin that names none; 0, which is none, for schemes without one.
fn default_port(scheme: &str) -> u16 {
    let is_any_of = |schemes: [&str; 2]| schemes.iter().any(|one| one.eq_ignore_ascii_case(scheme));
    if is_any_of(["https", "wss"]) {
        443
    } else if is_any_of(["http", "ws"]) {
        80
    } else {
        0
    }
}

/// A client's opening handshake that is as it must be: everything that a server decides on.
///
/// It borrows the head, and is `Copy`.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    resource_name: &'a str,
    host: &'a str,
    origin: Option<&'a str>,
    /// `None` for an extended CONNECT.
    pub(super) key: Option<Key>,
    pub(super) fields: Fields<'a>,
}

impl<'a> Opening<'a> {
    pub(super) fn new(
        resource_name: &'a str,
        host: &'a str,
        key: Option<Key>,
        fields: Fields<'a>,
    ) -> Result<Self, Refusal> {
        // > A |Sec-WebSocket-Version| header field, with a value of 13.
        match fields.only("Sec-WebSocket-Version") {
            Some(version) if version == VERSION.as_bytes() => {}
            Some(_) => return Err(Refusal::Version),
            None => return Err(Refusal::NoVersion),
        }
        let origin = match fields.only("Origin").map(str::from_utf8) {
            Some(origin) => Some(origin.map_err(|_| Refusal::Origin)?),
            None if fields.has("Origin") => return Err(Refusal::Origin),
            None => None,
        };
        if !subprotocol::are_right(fields) {
            return Err(Refusal::Subprotocols);
        }
        negotiation::check_lines(fields).map_err(Refusal::Extensions)?;
        Ok(Self { resource_name, host, origin, key, fields })
    }

    /// What the client wants to connect to: the path, and the query if there is one.
    #[must_use]
    pub fn resource_name(&self) -> &'a str {
        self.resource_name
    }

    /// The path alone, as it was sent: percent-encoded. Browsers leave a percent sign as it is that no two
    /// digits follow.
    #[must_use]
    pub fn path(&self) -> &'a str {
        split_query(self.resource_name).0
    }

    /// The query alone, without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        split_query(self.resource_name).1
    }

    /// The host that the client believes to speak with, and the port unless it is the default: what the
    /// target names if it is an absolute URI, else `Host`.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The origin of the script that opens the connection, such as `https://example.com`. Every browser
    /// says it, and does not let scripts say another; other clients need not say it, and can say any.
    #[must_use]
    pub fn origin(&self) -> Option<&'a str> {
        self.origin
    }

    /// Refuses origins that are not on the list (§4.2.2, §10.2). Scheme and host are compared in any case,
    /// and the default port equals none: `https://example.com:443` is `https://example.com`. A client that
    /// names no origin passes: it is no browser, and could have named any.
    ///
    /// Without this check, or [`check_same_origin`](Self::check_same_origin), any page that a user visits
    /// can open connections in the user's name.
    ///
    /// # Errors
    ///
    /// [`Refusal::Origin`].
    pub fn check_origin(&self, allowed: &[&str]) -> Result<(), Refusal> {
        self.check_origin_by(|origin| {
            allowed
                .iter()
                .any(|one| one.eq_ignore_ascii_case(origin) || is_same_origin(one, origin))
        })
    }

    /// Refuses origins other than the server's own: the origin's scheme must be `https` if the client
    /// connects over TLS, else `http`, and its host and port must be those of [`host`](Self::host)
    /// (RFC 6454 §5). A client that names no origin passes, as it does
    /// [`check_origin`](Self::check_origin).
    ///
    /// `is_secure` is about the client's end of the connection. If a proxy ends TLS, the server knows it
    /// only from its configuration or from a header field that the proxy sets. The proxy must pass on the
    /// client's `Host`.
    ///
    /// The client chooses `Host` too. A page of another name that resolves to this server (DNS rebinding)
    /// is of the same origin, so compare [`host`](Self::host) with the names that the server has.
    ///
    /// # Errors
    ///
    /// [`Refusal::Origin`].
    ///
    /// ```
    /// use wsframe::handshake::{Opening, Refusal};
    ///
    /// /// Lets in the server's own pages and those of a partner.
    /// fn check(opening: &Opening<'_>, is_secure: bool) -> Result<(), Refusal> {
    ///     let is_own = opening.check_same_origin(is_secure);
    ///     is_own.or_else(|_| opening.check_origin(&["https://partner.example"]))
    /// }
    /// # let _ = check;
    /// ```
    pub fn check_same_origin(&self, is_secure: bool) -> Result<(), Refusal> {
        let own_scheme = if is_secure { "https" } else { "http" };
        self.check_origin_by(|origin| {
            origin.split_once("://").is_some_and(|(scheme, authority)| {
                scheme.eq_ignore_ascii_case(own_scheme)
                    && is_same_authority(authority, self.host, default_port(own_scheme))
            })
        })
    }

    fn check_origin_by(&self, is_allowed: impl FnOnce(&str) -> bool) -> Result<(), Refusal> {
        if self.origin.is_none_or(is_allowed) { Ok(()) } else { Err(Refusal::Origin) }
    }

    /// The subprotocols that the client offers, the one that it wants most first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        subprotocol::offered(self.fields)
    }

    /// The first of the server's subprotocols that the client offers; `None` if it offers none of them.
    #[must_use]
    pub fn choose_subprotocol<'s>(&self, preferred: &[&'s str]) -> Option<&'s str> {
        let mut preferred = preferred.iter().copied();
        preferred.find(|name| self.subprotocols().any(|offered| offered == *name))
    }

    /// The extensions that the client offers, the one that it wants most first.
    /// [`Acceptance::write`] negotiates them.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        negotiation::listed(self.fields)
    }

    /// The value of the first header field of this name, in any case, without the blanks around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.first(name)
    }

    /// All header fields in their order, as names and values without the blanks around them.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.fields.all()
    }

    /// Begins the server's opening handshake: its answer.
    pub fn accept<'p>(&self) -> Acceptance<'a, 'p> {
        Acceptance { opening: *self, subprotocol: None, headers: &[] }
    }
}

/// The server's opening handshake, with what the server chose (RFC 6455 §4.2.2). Made by
/// [`Opening::accept`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Acceptance<'a, 'p> {
    pub(super) opening: Opening<'a>,
    pub(super) subprotocol: Option<&'p str>,
    pub(super) headers: Headers<'p>,
}

impl<'a, 'p> Acceptance<'a, 'p> {
    /// The subprotocol that was chosen, if any.
    pub fn subprotocol(self, chosen: Option<&'p str>) -> Self {
        Self { subprotocol: chosen, ..self }
    }

    /// Further header fields, as names and values. Values may hold everything but control characters; what
    /// is beyond ASCII is sent as UTF-8.
    pub fn headers(self, headers: &'p [(&'p str, &'p str)]) -> Self {
        Self { headers, ..self }
    }

    /// Writes the response; what follows it are frames.
    ///
    /// `extensions` are those that the server would agree to, in the order in which they are to act on
    /// what is sent. Each is shown the client's offers that bear its name, until it takes one.
    ///
    /// # Errors
    ///
    /// A [`WriteError`] for what cannot stand there; nothing was written then, unless it is
    /// [`WriteError::Format`].
    pub fn write(
        &self,
        extensions: &mut [&mut dyn Negotiate],
        to: &mut impl fmt::Write,
    ) -> Result<Agreed<'p>, WriteError> {
        self.check()?;
        let Self { opening, subprotocol, headers } = *self;
        let Some(key) = opening.key else {
            // An extended CONNECT has no head in text.
            return Err(WriteError::Format);
        };
        to.write_str(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        )?;
        line(to, "Sec-WebSocket-Accept", key.accept().as_str())?;
        if let Some(chosen) = subprotocol {
            line(to, subprotocol::NAME, chosen)?;
        }
        let rsv =
            negotiation::line(to, |line| negotiation::choose(opening.fields, extensions, line))?;
        write_headers(headers, to)?;
        to.write_str("\r\n")?;
        Ok(Agreed { subprotocol, rsv })
    }

    pub(super) fn check(&self) -> Result<(), WriteError> {
        // > if the server does not wish to agree to one of the suggested subprotocols, it MUST NOT send
        // > back a |Sec-WebSocket-Protocol| header field in its response
        let is_offered = |chosen| self.opening.subprotocols().any(|offered| offered == chosen);
        if !self.subprotocol.is_none_or(is_offered) {
            return Err(WriteError::SubprotocolNotOffered);
        }
        check_headers(self.headers)
    }
}
