//! A server's side of the opening handshake (RFC 6455 §4.2).

use core::{fmt, str};

use super::fields::{Fields, is_connection_option, is_protocol};
use super::head::Request;
use super::key::WebSocketKey;
use super::negotiation::{self, Negotiated};
#[cfg(feature = "alloc")]
use super::owned::{OwnedFields, OwnedHandshakeRequest};
use super::rejection::Rejection;
use super::rules::HandshakeRules;
use super::subprotocol;
use super::uri::{is_same_authority, parse_authority, split_query};
use super::write::{Headers, VERSION, WriteError, check_headers, line, write_headers};
use crate::extensions::{Extension, ExtensionElement};

impl<const N: usize> Request<'_, N> {
    /// Returns whether the request tries to open a WebSocket, valid or not.
    ///
    /// If it does not, respond to it with an [`HttpReply`](super::HttpReply).
    #[must_use]
    #[doc(alias = "is_upgrade_request")]
    pub fn is_handshake(&self) -> bool {
        is_handshake(self.fields())
    }

    /// Validates the request as an opening handshake.
    ///
    /// # Errors
    ///
    /// Returns a [`Rejection`], which knows its response, if the request breaks a rule of §4.2.1.
    ///
    /// ```
    /// use wsframe::handshake::{Rejection, Request};
    ///
    /// /// Returns the requested path.
    /// fn path(head: &[u8]) -> Result<String, Rejection> {
    ///     let request = Request::parse(head)?;
    ///     Ok(request.handshake()?.path().to_owned())
    /// }
    ///
    /// let head = b"GET /chat HTTP/1.1\r\nHost: example.com\r\n\r\n";
    /// assert_eq!(path(head), Err(Rejection::NoHandshake));
    /// ```
    #[doc(alias = "accept_hdr")]
    #[doc(alias = "upgrade")]
    pub fn handshake(&self) -> Result<HandshakeRequest<'_>, Rejection> {
        self.handshake_with(HandshakeRules::new())
    }

    /// Validates the request as an opening handshake, with these rules.
    ///
    /// # Errors
    ///
    /// Returns a [`Rejection`], which knows its response, if the request breaks a rule of §4.2.1
    /// that is not relaxed.
    pub fn handshake_with(&self, rules: HandshakeRules) -> Result<HandshakeRequest<'_>, Rejection> {
        HandshakeRequest::over_http_1(
            self.method,
            self.target,
            self.is_http_1_1,
            self.fields(),
            rules,
        )
    }
}

fn is_handshake(fields: Fields<'_>) -> bool {
    fields.mentions("Upgrade", "websocket") || fields.has("Sec-WebSocket-Key")
}

/// Checks the parts of a request over HTTP/1.1 that an extended CONNECT does not have. Returns the
/// key.
pub(super) fn check_upgrade(
    method: &str,
    is_http_1_1: bool,
    fields: Fields<'_>,
) -> Result<WebSocketKey, Rejection> {
    // > An HTTP/1.1 or higher GET request
    if method != "GET" {
        return Err(Rejection::Method);
    }
    if !is_handshake(fields) {
        return Err(Rejection::NoHandshake);
    }
    if !is_http_1_1 {
        return Err(Rejection::HttpVersion);
    }
    // > An |Upgrade| header field containing the value "websocket", treated as an ASCII
    // > case-insensitive value.
    if !fields.lists("Upgrade", "websocket", is_protocol) {
        return Err(Rejection::Upgrade);
    }
    // > A |Connection| header field that includes the token "Upgrade", treated as an ASCII
    // > case-insensitive value.
    if !fields.lists("Connection", "Upgrade", is_connection_option) {
        return Err(Rejection::Connection);
    }
    // The bytes of a body would be read as frames.
    if fields.has("Transfer-Encoding")
        || fields.values("Content-Length").any(|length| length != b"0")
    {
        return Err(Rejection::Body);
    }
    // > A |Sec-WebSocket-Key| header field with a base64-encoded value that, when decoded, is 16
    // > bytes in length.
    fields.only("Sec-WebSocket-Key").and_then(WebSocketKey::parse).ok_or(Rejection::Key)
}

/// Returns the authority of the request. `Host` must be valid even if it is ignored.
///
/// > When an origin server receives a request with an absolute-form of request-target, the origin
/// > server MUST ignore the received Host header field (if any) and instead use the host
/// > information of the request-target. (RFC 9112 §3.2.2)
pub(super) fn authority_of<'a>(
    named_by_target: Option<&'a str>,
    fields: Fields<'a>,
) -> Result<&'a str, Rejection> {
    let host = host(fields)?;
    Ok(named_by_target.unwrap_or(host))
}

/// > A |Host| header field containing the server's authority.
pub(super) fn host(fields: Fields<'_>) -> Result<&str, Rejection> {
    let host = fields.only("Host").and_then(|host| str::from_utf8(host).ok());
    host.filter(|host| parse_authority(host).is_ok()).ok_or(Rejection::Host)
}

/// Returns the authority, if the target is an absolute URI, and the resource name.
///
/// > a "Request-URI" that should be interpreted as a /resource name/ defined in Section 3 (or an
/// > absolute HTTP/HTTPS URI containing the /resource name/)
fn split_target(target: &str, rules: HandshakeRules) -> Result<(Option<&str>, &str), Rejection> {
    let Some((scheme, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return Ok((None, resource_name(target, rules)?));
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    Ok((Some(check_absolute(scheme, authority)?), resource_name(path, rules)?))
}

/// Checks the scheme and the authority of an absolute URI, and returns the authority.
pub(super) fn check_absolute<'a>(scheme: &str, authority: &'a str) -> Result<&'a str, Rejection> {
    let is_http = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if is_http && parse_authority(authority).is_ok() {
        Ok(authority)
    } else {
        Err(Rejection::Target)
    }
}

/// Checks a path, with its query if there is one.
pub(super) fn resource_name(path: &str, rules: HandshakeRules) -> Result<&str, Rejection> {
    if path.starts_with('/') && path.chars().all(|character| rules.allow_in_target(character)) {
        Ok(path)
    } else {
        Err(Rejection::Target)
    }
}

/// Returns whether two origins are the same.
///
/// > If the two origins are scheme/host/port triples, the two origins are the same if, and only if,
/// > they have identical schemes, hosts, and ports. (RFC 6454 §5)
fn is_same_origin(one: &str, other: &str) -> bool {
    match (one.split_once("://"), other.split_once("://")) {
        (Some((scheme, authority)), Some((other_scheme, other_authority))) => {
            scheme.eq_ignore_ascii_case(other_scheme)
                && is_same_authority(authority, other_authority, default_port(scheme))
        }
        _ => false,
    }
}

/// Returns the default port of a scheme, or 0, which is not a port, for schemes without one.
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

/// A validated WebSocket upgrade request. It contains everything that a server decides on.
///
/// [`Request::handshake`] creates it. It borrows the [`Request`], and is `Copy`.
///
/// ```
/// use wsframe::handshake::{HandshakeResponse, HandshakeRequest, Rejection};
///
/// /// Decides on a validated request.
/// fn decide<'a>(opening: &HandshakeRequest<'a>) -> Result<HandshakeResponse<'a, 'static>, Rejection> {
///     opening.check_origin(&["https://example.com"])?;
///     Ok(opening.accept().subprotocol(opening.choose_subprotocol(&["chat"])))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[doc(alias = "upgrade")]
pub struct HandshakeRequest<'a> {
    resource_name: &'a str,
    host: &'a str,
    origin: Option<&'a str>,
    /// `None` for an extended CONNECT.
    pub(super) key: Option<WebSocketKey>,
    pub(super) fields: Fields<'a>,
}

impl<'a> HandshakeRequest<'a> {
    fn over_http_1(
        method: &str,
        target: &'a str,
        is_http_1_1: bool,
        fields: Fields<'a>,
        rules: HandshakeRules,
    ) -> Result<Self, Rejection> {
        let key = check_upgrade(method, is_http_1_1, fields)?;
        let (authority, resource_name) = split_target(target, rules)?;
        let host = authority_of(authority, fields)?;
        Self::new(resource_name, host, Some(key), fields)
    }

    pub(super) fn new(
        resource_name: &'a str,
        host: &'a str,
        key: Option<WebSocketKey>,
        fields: Fields<'a>,
    ) -> Result<Self, Rejection> {
        // > A |Sec-WebSocket-Version| header field, with a value of 13.
        match fields.only("Sec-WebSocket-Version") {
            Some(version) if version == VERSION.as_bytes() => {}
            Some(_) => return Err(Rejection::Version),
            None => return Err(Rejection::NoVersion),
        }
        let origin = match fields.only("Origin").map(str::from_utf8) {
            Some(origin) => Some(origin.map_err(|_| Rejection::Origin)?),
            None if fields.has("Origin") => return Err(Rejection::Origin),
            None => None,
        };
        if !subprotocol::are_right(fields) {
            return Err(Rejection::Subprotocols);
        }
        negotiation::check_lines(fields).map_err(Rejection::Extensions)?;
        Ok(Self { resource_name, host, origin, key, fields })
    }

    /// Copies the request into memory of its own, so that the bytes that were read are free again.
    #[cfg(feature = "alloc")]
    #[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
    #[must_use]
    pub fn into_owned(self) -> OwnedHandshakeRequest {
        OwnedHandshakeRequest {
            resource_name: self.resource_name.into(),
            host: self.host.into(),
            origin: self.origin.map(Into::into),
            key: self.key,
            fields: OwnedFields::new(self.fields.all()),
        }
    }

    #[cfg(feature = "alloc")]
    pub(super) fn from_owned(request: &'a OwnedHandshakeRequest) -> Self {
        Self {
            resource_name: &request.resource_name,
            host: &request.host,
            origin: request.origin.as_deref(),
            key: request.key,
            fields: Fields::Owned(&request.fields),
        }
    }

    /// Returns the resource that the client requests: the path, and the query if there is one.
    #[must_use]
    pub fn resource_name(&self) -> &'a str {
        self.resource_name
    }

    /// Returns the path as it was sent, percent-encoded.
    ///
    /// It may contain a percent sign without two digits, which browsers do not encode.
    #[must_use]
    pub fn path(&self) -> &'a str {
        split_query(self.resource_name).0
    }

    /// Returns the query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        split_query(self.resource_name).1
    }

    /// Returns the host that the client connects to, and the port unless it is the default.
    ///
    /// They are those of the target if it is an absolute URI, otherwise those of `Host`.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// Returns the origin of the script that opens the connection, such as `https://example.com`.
    ///
    /// Every browser sends it, and scripts cannot change it. Other clients may omit it, or send any
    /// value.
    #[must_use]
    pub fn origin(&self) -> Option<&'a str> {
        self.origin
    }

    /// Refuses origins that are not on the list (§4.2.2, §10.2).
    ///
    /// Scheme and host are compared case-insensitively. The default port is the same as no port:
    /// `https://example.com:443` is `https://example.com`. A client without an origin is accepted,
    /// because it is not a browser, and could have sent any origin.
    ///
    /// Without this check or [`check_same_origin`](Self::check_same_origin), any page that a user
    /// visits can open connections in the user's name.
    ///
    /// # Errors
    ///
    /// Returns [`Rejection::Origin`] if the origin is not on the list.
    pub fn check_origin(&self, allowed: &[&str]) -> Result<(), Rejection> {
        self.check_origin_by(|origin| {
            allowed
                .iter()
                .any(|one| one.eq_ignore_ascii_case(origin) || is_same_origin(one, origin))
        })
    }

    /// Refuses origins other than the server's own (RFC 6454 §5).
    ///
    /// The origin's scheme must be `https` if the client connects over TLS, otherwise `http`. Its
    /// host and port must be those of [`host`](Self::host). A client without an origin is accepted,
    /// as in [`check_origin`](Self::check_origin).
    ///
    /// `is_secure` refers to the client's end of the connection. If a proxy terminates TLS, the
    /// server knows this only from its configuration or from a header field that the proxy sets.
    /// The proxy must forward the client's `Host`.
    ///
    /// The client chooses `Host` too. A page whose name resolves to this server (DNS rebinding) has
    /// the same origin. To prevent this, compare [`host`](Self::host) with the server's names.
    ///
    /// # Errors
    ///
    /// Returns [`Rejection::Origin`] if the origin is another.
    ///
    /// ```
    /// use wsframe::handshake::{HandshakeRequest, Rejection};
    ///
    /// /// Accepts the server's own pages and those of a partner.
    /// fn check(opening: &HandshakeRequest<'_>, is_secure: bool) -> Result<(), Rejection> {
    ///     let is_own = opening.check_same_origin(is_secure);
    ///     is_own.or_else(|_| opening.check_origin(&["https://partner.example"]))
    /// }
    /// ```
    pub fn check_same_origin(&self, is_secure: bool) -> Result<(), Rejection> {
        let own_scheme = if is_secure { "https" } else { "http" };
        self.check_origin_by(|origin| {
            origin.split_once("://").is_some_and(|(scheme, authority)| {
                scheme.eq_ignore_ascii_case(own_scheme)
                    && is_same_authority(authority, self.host, default_port(own_scheme))
            })
        })
    }

    fn check_origin_by(&self, is_allowed: impl FnOnce(&str) -> bool) -> Result<(), Rejection> {
        if self.origin.is_none_or(is_allowed) { Ok(()) } else { Err(Rejection::Origin) }
    }

    /// Returns the subprotocols that the client offers, the most preferred first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        subprotocol::offered(self.fields)
    }

    /// Returns the first of the server's subprotocols that the client offers. Returns `None` if it
    /// offers none of them.
    #[must_use]
    pub fn choose_subprotocol<'s>(&self, preferred: &[&'s str]) -> Option<&'s str> {
        let mut preferred = preferred.iter().copied();
        preferred.find(|name| self.subprotocols().any(|offered| offered == *name))
    }

    /// Returns the extensions that the client offers, the most preferred first.
    /// [`HandshakeResponse::write`] negotiates them.
    pub fn extensions(&self) -> impl Iterator<Item = ExtensionElement<'a>> + use<'a> {
        negotiation::listed(self.fields)
    }

    /// Returns the value of the first header field with this name, without whitespace around it.
    /// Names are case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.first(name)
    }

    /// Returns all header fields in order, as names and values without whitespace around them.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.fields.all()
    }

    /// Creates the response that accepts the connection.
    pub fn accept<'p>(&self) -> HandshakeResponse<'a, 'p> {
        HandshakeResponse { opening: *self, subprotocol: None, headers: &[] }
    }
}

/// The response that accepts a WebSocket, with the server's choices (RFC 6455 §4.2.2).
///
/// [`HandshakeRequest::accept`] creates it.
///
/// ```
/// use wsframe::handshake::{Negotiated, HandshakeRequest, WriteError};
///
/// /// Accepts a connection. Returns what was negotiated.
/// fn accept(opening: &HandshakeRequest<'_>, out: &mut String) -> Result<Negotiated<'static>, WriteError> {
///     let chosen = opening.choose_subprotocol(&["superchat", "chat"]);
///     let acceptance = opening.accept().subprotocol(chosen).headers(&[("Server", "example")]);
///     acceptance.write(&mut [], out)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
#[doc(alias = "create_response")]
pub struct HandshakeResponse<'a, 'p> {
    pub(super) opening: HandshakeRequest<'a>,
    pub(super) subprotocol: Option<&'p str>,
    pub(super) headers: Headers<'p>,
}

impl<'a, 'p> HandshakeResponse<'a, 'p> {
    /// Sets the chosen subprotocol, if any.
    pub fn subprotocol(self, chosen: Option<&'p str>) -> Self {
        Self { subprotocol: chosen, ..self }
    }

    /// Sets further header fields, as names and values.
    ///
    /// Values must not contain control characters, except tabs. Characters beyond ASCII are sent as
    /// UTF-8.
    pub fn headers(self, headers: &'p [(&'p str, &'p str)]) -> Self {
        Self { headers, ..self }
    }

    /// Writes the response. Frames follow it.
    ///
    /// `extensions` are those that the server supports, in the order in which they apply to
    /// outgoing messages. Each is passed the client's offers with its name, until it accepts one.
    ///
    /// # Errors
    ///
    /// Returns a [`WriteError`] for a value that the head cannot contain. Nothing was written then,
    /// except with [`WriteError::Format`]. The response to an extended CONNECT cannot be written as
    /// text: use `to_http`.
    pub fn write(
        &self,
        extensions: &mut [&mut dyn Extension],
        to: &mut impl fmt::Write,
    ) -> Result<Negotiated<'p>, WriteError> {
        self.check()?;
        let Self { opening, subprotocol, headers } = *self;
        let Some(key) = opening.key else {
            // The response to an extended CONNECT has no text form.
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
        Ok(Negotiated { subprotocol, rsv })
    }

    pub(super) fn check(&self) -> Result<(), WriteError> {
        // > if the server does not wish to agree to one of the suggested subprotocols, it MUST NOT
        // > send back a |Sec-WebSocket-Protocol| header field in its response
        let is_offered = |chosen| self.opening.subprotocols().any(|offered| offered == chosen);
        if !self.subprotocol.is_none_or(is_offered) {
            return Err(WriteError::SubprotocolNotOffered);
        }
        check_headers(self.headers)
    }
}
