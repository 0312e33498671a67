//! A client's side of the opening handshake (RFC 6455 §4.1).

use core::{fmt, str};

use super::fields::{Fields, is_connection_option};
use super::head::Response;
use super::key::WebSocketKey;
use super::negotiation::{self, Negotiated};
use super::response_error::ResponseError;
use super::rules::HandshakeRules;
use super::subprotocol;
use super::uri::Uri;
use super::write::{Headers, VERSION, WriteError, check_headers, line, write_headers};
use crate::extensions::{Extension, is_token};

/// A client's opening handshake. Writes the request and checks the response.
///
/// ```
/// use wsframe::handshake::{ClientHandshake, WebSocketKey, Response, Uri};
///
/// let uri = Uri::parse("ws://server.example.com/chat")?;
/// let key = WebSocketKey::new(*b"the sample nonce"); // 16 bytes from a secure generator
/// let handshake = ClientHandshake::new(uri, key).subprotocols(&["chat", "superchat"]);
///
/// let mut request = String::new();
/// handshake.write(&[], &mut request)?;
/// assert_eq!(
///     request,
///     "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
///      Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n"
/// );
///
/// let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
/// let response = Response::parse(head)?;
/// let agreed = handshake.check(&response, &mut [])?;
/// assert_eq!(agreed.subprotocol, Some("chat"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
#[doc(alias = "client")]
#[doc(alias = "connect")]
#[doc(alias = "generate_request")]
pub struct ClientHandshake<'a> {
    pub(super) uri: Uri<'a>,
    pub(super) key: WebSocketKey,
    pub(super) origin: Option<&'a str>,
    pub(super) subprotocols: &'a [&'a str],
    pub(super) headers: Headers<'a>,
    rules: HandshakeRules,
}

impl<'a> ClientHandshake<'a> {
    /// Creates a handshake for this URI.
    ///
    /// Each connection needs a new key. With feature `rand`, `WebSocketKey::random` creates one.
    pub const fn new(uri: Uri<'a>, key: WebSocketKey) -> Self {
        let rules = HandshakeRules::new();
        Self { uri, key, origin: None, subprotocols: &[], headers: &[], rules }
    }

    /// Sets the subprotocols to offer, the most preferred first.
    pub const fn subprotocols(self, offered: &'a [&'a str]) -> Self {
        Self { subprotocols: offered, ..self }
    }

    /// Sets `Origin`, which a browser must send.
    pub const fn origin(self, origin: &'a str) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// Sets further header fields, as names and values, such as `Authorization` or `Cookie`.
    ///
    /// Values must not contain control characters, except tabs. Characters beyond ASCII are sent as
    /// UTF-8.
    pub const fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    /// Sets the rules for the response.
    ///
    /// ```
    /// use wsframe::handshake::{ClientHandshake, HandshakeRules, WebSocketKey, Response, Uri};
    ///
    /// let uri = Uri::parse("ws://device.example/")?;
    /// let key = WebSocketKey::new(*b"the sample nonce"); // 16 bytes from a secure generator
    /// let rules = HandshakeRules::new().accept_empty_subprotocol();
    /// let handshake = ClientHandshake::new(uri, key).rules(rules);
    ///
    /// let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    ///     Connection: Upgrade\r\n\
    ///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol:\r\n\r\n";
    /// let response = Response::parse(head)?;
    /// assert_eq!(handshake.check(&response, &mut [])?.subprotocol, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn rules(self, rules: HandshakeRules) -> Self {
        Self { rules, ..self }
    }

    /// Writes the request, with the offers of these extensions.
    ///
    /// Do not send frames before the response has arrived.
    ///
    /// # Errors
    ///
    /// Returns a [`WriteError`] for a value that the head cannot contain. Nothing was written then,
    /// except with [`WriteError::Format`].
    pub fn write(
        &self,
        extensions: &[&dyn Extension],
        to: &mut impl fmt::Write,
    ) -> Result<(), WriteError> {
        self.check_values()?;
        to.write_str("GET ")?;
        self.uri.write_resource_name(to)?;
        to.write_str(" HTTP/1.1\r\nHost: ")?;
        self.uri.write_authority(to)?;
        to.write_str("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")?;
        line(to, "Sec-WebSocket-Key", self.key.as_str())?;
        line(to, "Sec-WebSocket-Version", VERSION)?;
        if let Some(origin) = self.origin {
            line(to, "Origin", origin)?;
        }
        for (at, offered) in self.subprotocols.iter().enumerate() {
            to.write_str(if at == 0 { "Sec-WebSocket-Protocol: " } else { ", " })?;
            to.write_str(offered)?;
        }
        if !self.subprotocols.is_empty() {
            to.write_str("\r\n")?;
        }
        negotiation::line(to, |line| negotiation::offer(extensions, line))?;
        write_headers(self.headers, to)?;
        to.write_str("\r\n")?;
        Ok(())
    }

    pub(super) fn check_values(&self) -> Result<(), WriteError> {
        if self.origin.is_some_and(|origin| !origin.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(WriteError::Origin);
        }
        // > The elements that comprise this value MUST be non-empty strings […] and MUST all be
        // > unique strings.
        for (at, offered) in self.subprotocols.iter().enumerate() {
            if !is_token(offered) || self.subprotocols[..at].contains(offered) {
                return Err(WriteError::Subprotocol);
            }
        }
        check_headers(self.headers)
    }

    /// Checks the response, and passes the server's answers to the extensions.
    ///
    /// [`HeadScanner::find_response`](super::HeadScanner::find_response) locates the response. The
    /// extensions must be those that made the offers.
    ///
    /// # Errors
    ///
    /// Returns a [`ResponseError`]. With [`ResponseError::Status`] the server declines, redirects,
    /// or requires authentication: read `response` and the body that follows the head. Any other
    /// error is a violation by the server. Fail the connection then.
    pub fn check<const N: usize>(
        &self,
        response: &Response<'_, N>,
        extensions: &mut [&mut dyn Extension],
    ) -> Result<Negotiated<'a>, ResponseError> {
        self.check_upgrade(response.status, response.is_http_1_1, response.fields())?;
        self.check_choices(response.fields(), extensions)
    }

    /// Checks the parts of a response over HTTP/1.1 that the response to an extended CONNECT does
    /// not have.
    pub(super) fn check_upgrade(
        &self,
        status: u16,
        is_http_1_1: bool,
        fields: Fields<'_>,
    ) -> Result<(), ResponseError> {
        // > If the status code received from the server is not 101, the client handles the response
        // > per HTTP procedures.
        if status != 101 {
            return Err(ResponseError::Status(status));
        }
        if !is_http_1_1 {
            return Err(ResponseError::HttpVersion);
        }
        // > If the response lacks an |Upgrade| header field or the |Upgrade| header field contains
        // > a value that is not an ASCII case-insensitive match for the value "websocket", the
        // > client MUST _Fail the WebSocket Connection_.
        if !fields.only("Upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
            return Err(ResponseError::Upgrade);
        }
        // > If the response lacks a |Connection| header field or the |Connection| header field
        // > doesn't contain a token that is an ASCII case-insensitive match for the value
        // > "Upgrade", […]
        if !fields.lists("Connection", "Upgrade", is_connection_option) {
            return Err(ResponseError::Connection);
        }
        // > If the response lacks a |Sec-WebSocket-Accept| header field or the
        // > |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 […]
        if fields.only("Sec-WebSocket-Accept") != Some(self.key.accept().as_str().as_bytes()) {
            return Err(ResponseError::Accept);
        }
        Ok(())
    }

    pub(super) fn check_choices(
        &self,
        fields: Fields<'_>,
        extensions: &mut [&mut dyn Extension],
    ) -> Result<Negotiated<'a>, ResponseError> {
        let mut subprotocol = None;
        if fields.has(subprotocol::NAME) {
            let chosen = fields.only(subprotocol::NAME).ok_or(ResponseError::Subprotocol)?;
            let mut offered = self.subprotocols.iter();
            // > If the response includes a |Sec-WebSocket-Protocol| header field and this header
            // > field indicates the use of a subprotocol that was not present in the client's
            // > handshake […]
            subprotocol = offered.find(|offered| offered.as_bytes() == chosen).copied();
            if subprotocol.is_none() && !self.rules.allow_unoffered(chosen) {
                return Err(ResponseError::Subprotocol);
            }
        }
        let rsv = negotiation::confirm(fields, extensions)?;
        Ok(Negotiated { subprotocol, rsv })
    }
}
