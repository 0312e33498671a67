//! The opening handshake on the types of the crate `http`, for programs with hyper, axum or h2.
//!
//! Over HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220) the request is an extended CONNECT: a CONNECT with
//! `:protocol`. HTTP libraries keep `:protocol` in types of their own.

use alloc::string::String;

use ::http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use ::http::uri::{Scheme, Uri};
use ::http::{Method, Request, Response, StatusCode, Version};

use super::client::ClientHandshake;
use super::fields::Fields;
use super::negotiation::{self, Negotiated};
use super::rejection::Rejection;
use super::response_error::ResponseError;
use super::rules::HandshakeRules;
use super::server::{
    HandshakeRequest, HandshakeResponse, authority_of, check_absolute, check_upgrade, host,
    resource_name,
};
use super::uri::is_same_authority;
use super::write::{Headers, VERSION, WriteError};
use crate::extensions::{Extension, ExtensionWriter};

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE_OPTION: HeaderValue = HeaderValue::from_static("Upgrade");

impl<'a> HandshakeRequest<'a> {
    /// Validates an HTTP/1.1 request as an opening handshake.
    ///
    /// # Errors
    ///
    /// Returns a [`Rejection`], which knows its response, if the request breaks a rule of §4.2.1.
    ///
    /// ```
    /// use wsframe::handshake::{HandshakeRequest, Rejection};
    ///
    /// /// Returns the response to a request. If its status is 101, the connection is a WebSocket.
    /// fn answer<B>(request: &http::Request<B>) -> http::Response<&'static str> {
    ///     let opening = match HandshakeRequest::from_http(request) {
    ///         Ok(opening) => opening,
    ///         Err(rejection) => return rejection.to_http(request.version()),
    ///     };
    ///     let (response, _agreed) =
    ///         opening.accept().to_http(&mut []).expect("no values were added");
    ///     response
    /// }
    ///
    /// let request = http::Request::new(());
    /// assert_eq!(answer(&request).status(), 426); // it does not ask for a WebSocket
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn from_http<B>(request: &'a Request<B>) -> Result<Self, Rejection> {
        Self::from_http_with(request, HandshakeRules::new())
    }

    /// Validates an HTTP/1.1 request as an opening handshake, with these rules.
    ///
    /// # Errors
    ///
    /// Returns a [`Rejection`], which knows its response, if the request breaks a rule of §4.2.1
    /// that is not relaxed.
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn from_http_with<B>(
        request: &'a Request<B>,
        rules: HandshakeRules,
    ) -> Result<Self, Rejection> {
        let fields = Fields::Map(request.headers());
        let is_http_1_1 = request.version() == Version::HTTP_11;
        let key = check_upgrade(request.method().as_str(), is_http_1_1, fields)?;
        let (authority, resource_name) = split_target(request.uri(), rules)?;
        let host = authority_of(authority, fields)?;
        Self::new(resource_name, host, Some(key), fields)
    }

    /// Validates an extended CONNECT over HTTP/2 or HTTP/3 as an opening handshake (RFC 8441 §5,
    /// RFC 9220). `protocol` is the value of `:protocol`, which the HTTP library provides.
    ///
    /// # Errors
    ///
    /// - [`Rejection::Method`] if the method is not CONNECT
    /// - [`Rejection::ConnectProtocol`] if `protocol` is not `websocket`
    /// - [`Rejection::Host`] if `Host` differs from `:authority`
    /// - [`Rejection::Target`], [`Rejection::NoVersion`], [`Rejection::Version`],
    ///   [`Rejection::Origin`], [`Rejection::Subprotocols`] and [`Rejection::Extensions`], as over
    ///   HTTP/1.1
    ///
    /// ```
    /// use wsframe::handshake::{HandshakeRequest, Rejection};
    ///
    /// /// Returns the response to an extended CONNECT. If its status is 200, frames follow it.
    /// fn answer<B>(request: &http::Request<B>, protocol: &str) -> http::Response<&'static str> {
    ///     let opening = match HandshakeRequest::from_extended_connect(request, protocol) {
    ///         Ok(opening) => opening,
    ///         Err(rejection) => return rejection.to_http(request.version()),
    ///     };
    ///     let (response, _agreed) =
    ///         opening.accept().to_http(&mut []).expect("no values were added");
    ///     response
    /// }
    ///
    /// let request = http::Request::new(());
    /// assert_eq!(answer(&request, "websocket").status(), 405); // it is a GET
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn from_extended_connect<B>(
        request: &'a Request<B>,
        protocol: &str,
    ) -> Result<Self, Rejection> {
        Self::from_extended_connect_with(request, protocol, HandshakeRules::new())
    }

    /// Validates an extended CONNECT as an opening handshake, with these rules. Same as
    /// [`from_extended_connect`](Self::from_extended_connect) otherwise.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`from_extended_connect`](Self::from_extended_connect), unless the
    /// rules relax them.
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn from_extended_connect_with<B>(
        request: &'a Request<B>,
        protocol: &str,
        rules: HandshakeRules,
    ) -> Result<Self, Rejection> {
        // > The :method pseudo-header field […] is set to "CONNECT", […] the :protocol
        // > pseudo-header field […] is set to "websocket"
        if request.method() != Method::CONNECT {
            return Err(Rejection::Method);
        }
        if protocol != "websocket" {
            return Err(Rejection::ConnectProtocol);
        }
        // > The scheme of the target URI […] MUST be "https" for "wss"-schemed WebSockets and
        // > "http" for "ws"-schemed WebSockets.
        let (authority, resource_name) = split_target(request.uri(), rules)?;
        let authority = authority.ok_or(Rejection::Target)?;
        let fields = Fields::Map(request.headers());
        // > A server SHOULD treat a request as malformed if it contains a Host header field that
        // > identifies an entity that differs from the entity in the ":authority" pseudo-header
        // > field. (RFC 9113 §8.3.1)
        let port = if request.uri().scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        if fields.has("Host") && !is_same_authority(host(fields)?, authority, port) {
            return Err(Rejection::Host);
        }
        Self::new(resource_name, authority, None, fields)
    }
}

/// Returns the authority, which only an absolute URI has, and the resource name.
fn split_target(uri: &Uri, rules: HandshakeRules) -> Result<(Option<&str>, &str), Rejection> {
    let authority = match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => Some(check_absolute(scheme, authority.as_str())?),
        (None, None) => None,
        _ => return Err(Rejection::Target),
    };
    let path = uri.path_and_query().ok_or(Rejection::Target)?;
    Ok((authority, resource_name(path.as_str(), rules)?))
}

impl<'p> HandshakeResponse<'_, 'p> {
    /// Creates the response, with an empty body. Frames follow it.
    ///
    /// Its status is 101, or 200 for an extended CONNECT.
    ///
    /// `extensions` are those that the server supports, in the order in which they apply to
    /// outgoing messages. Each is passed the client's offers with its name, until it accepts one.
    ///
    /// # Errors
    ///
    /// Returns a [`WriteError`] for a value that the response cannot contain.
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn to_http<B: Default>(
        &self,
        extensions: &mut [&mut dyn Extension],
    ) -> Result<(Response<B>, Negotiated<'p>), WriteError> {
        self.check()?;
        let Self { opening, subprotocol, headers } = *self;
        let mut response = Response::new(B::default());
        let fields = response.headers_mut();
        if let Some(key) = opening.key {
            fields.insert(UPGRADE, WEBSOCKET);
            fields.insert(CONNECTION, UPGRADE_OPTION);
            fields.insert(SEC_WEBSOCKET_ACCEPT, value(key.accept().as_str())?);
        }
        if let Some(chosen) = subprotocol {
            fields.insert(SEC_WEBSOCKET_PROTOCOL, value(chosen)?);
        }
        let rsv =
            extension_line(fields, |line| negotiation::choose(opening.fields, extensions, line))?;
        append(fields, headers)?;
        if opening.key.is_some() {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        }
        Ok((response, Negotiated { subprotocol, rsv }))
    }
}

impl Rejection {
    /// Creates the response to a request of this version.
    ///
    /// HTTP/2 and HTTP/3 have no upgrade, so their status is 400 instead of 426.
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn to_http<B: From<&'static str>>(self, version: Version) -> Response<B> {
        let body = if self == Self::Method { "" } else { self.why() };
        let mut response = Response::new(B::from(body));
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let upgrades = status == StatusCode::UPGRADE_REQUIRED;
        let has_upgrade = version <= Version::HTTP_11;
        *response.status_mut() =
            if upgrades && !has_upgrade { StatusCode::BAD_REQUEST } else { status };
        let fields = response.headers_mut();
        if !body.is_empty() {
            fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        }
        if upgrades {
            fields.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
            if has_upgrade {
                fields.insert(UPGRADE, WEBSOCKET);
                fields.insert(CONNECTION, UPGRADE_OPTION);
            }
        }
        if self == Self::Method {
            let allowed = if has_upgrade { "GET" } else { "CONNECT" };
            fields.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }
}

impl<'a> ClientHandshake<'a> {
    /// Creates the request for HTTP/1.1, with the offers of these extensions and an empty body.
    ///
    /// Its URI is in origin-form, as it is sent: only path and query. Libraries that connect by the
    /// URI, such as hyper-util's client, need the absolute URI in its place.
    ///
    /// # Errors
    ///
    /// Returns a [`WriteError`] for a value that the request cannot contain.
    ///
    /// ```
    /// use wsframe::handshake::{ClientHandshake, WebSocketKey, Uri};
    ///
    /// let uri = Uri::parse("ws://server.example.com/chat")?;
    /// let key = WebSocketKey::new(*b"the sample nonce"); // 16 bytes from a secure generator
    /// let handshake = ClientHandshake::new(uri, key);
    /// let request: http::Request<()> = handshake.to_http(&[])?;
    /// assert_eq!(request.uri(), "/chat");
    /// assert_eq!(request.headers()["Host"], "server.example.com");
    /// // After the response has arrived: handshake.check_http(&response, &mut [])
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn to_http<B: Default>(
        &self,
        extensions: &[&dyn Extension],
    ) -> Result<Request<B>, WriteError> {
        let mut resource_name = String::new();
        self.uri.write_resource_name(&mut resource_name)?;
        let mut host = String::new();
        self.uri.write_authority(&mut host)?;
        let mut request = self.request(extensions, &resource_name)?;
        let fields = request.headers_mut();
        fields.insert(HOST, value(&host)?);
        fields.insert(UPGRADE, WEBSOCKET);
        fields.insert(CONNECTION, UPGRADE_OPTION);
        fields.insert(SEC_WEBSOCKET_KEY, value(self.key.as_str())?);
        Ok(request)
    }

    /// Creates the request for HTTP/2 or HTTP/3, an extended CONNECT (RFC 8441 §5, RFC 9220).
    ///
    /// The key is not used. The caller must add `:protocol` with the value `websocket`, in the way
    /// of the HTTP library.
    ///
    /// # Errors
    ///
    /// Returns a [`WriteError`] for a value that the request cannot contain.
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn to_extended_connect<B: Default>(
        &self,
        extensions: &[&dyn Extension],
    ) -> Result<Request<B>, WriteError> {
        let mut uri = String::from(if self.uri.is_secure() { "https://" } else { "http://" });
        self.uri.write_authority(&mut uri)?;
        self.uri.write_resource_name(&mut uri)?;
        let mut request = self.request(extensions, &uri)?;
        *request.method_mut() = Method::CONNECT;
        *request.version_mut() = Version::HTTP_2;
        Ok(request)
    }

    /// Creates a request with the parts that are the same in all versions of HTTP.
    fn request<B: Default>(
        &self,
        extensions: &[&dyn Extension],
        uri: &str,
    ) -> Result<Request<B>, WriteError> {
        self.check_values()?;
        let mut request = Request::new(B::default());
        *request.uri_mut() = uri.parse().map_err(|_| WriteError::Uri)?;
        let fields = request.headers_mut();
        fields.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        if let Some(origin) = self.origin {
            fields.insert(ORIGIN, value(origin)?);
        }
        if !self.subprotocols.is_empty() {
            fields.insert(SEC_WEBSOCKET_PROTOCOL, value(&self.subprotocols.join(", "))?);
        }
        extension_line(fields, |line| negotiation::offer(extensions, line))?;
        append(fields, self.headers)?;
        Ok(request)
    }

    /// Checks the response by the rules of its HTTP version, and passes the server's answers to the
    /// extensions.
    ///
    /// The extensions must be those that made the offers.
    ///
    /// # Errors
    ///
    /// Returns a [`ResponseError`]. With [`ResponseError::Status`] the server declines, redirects,
    /// or requires authentication. Any other error is a violation by the server. Fail the
    /// connection then.
    ///
    /// ```
    /// use wsframe::handshake::{ClientHandshake, ResponseError};
    /// use wsframe::{Role, Rules};
    ///
    /// /// Returns the rules for frames from the server.
    /// fn check<B>(
    ///     handshake: &ClientHandshake<'_>,
    ///     response: &http::Response<B>,
    /// ) -> Result<Rules, ResponseError> {
    ///     Ok(handshake.check_http(response, &mut [])?.rules(Role::Client))
    /// }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn check_http<B>(
        &self,
        response: &Response<B>,
        extensions: &mut [&mut dyn Extension],
    ) -> Result<Negotiated<'a>, ResponseError> {
        let (status, fields) = (response.status(), Fields::Map(response.headers()));
        if response.version() <= Version::HTTP_11 {
            self.check_upgrade(status.as_u16(), response.version() == Version::HTTP_11, fields)?;
        } else if !status.is_success() {
            return Err(ResponseError::Status(status.as_u16()));
        }
        self.check_choices(fields, extensions)
    }
}

fn value(text: &str) -> Result<HeaderValue, WriteError> {
    // `from_str` refuses characters beyond ASCII.
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| WriteError::Format)
}

/// Appends header fields that were checked.
fn append(fields: &mut HeaderMap, headers: Headers<'_>) -> Result<(), WriteError> {
    for (name, text) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| WriteError::Format)?;
        fields.append(name, value(text)?);
    }
    Ok(())
}

/// Inserts the header field with the value that `write` writes, or no header field if the value is
/// empty.
fn extension_line<T>(
    fields: &mut HeaderMap,
    write: impl FnOnce(&mut ExtensionWriter<'_>) -> Result<T, core::fmt::Error>,
) -> Result<T, WriteError> {
    let mut line = String::new();
    let result = write(&mut ExtensionWriter::new(&mut line))?;
    if !line.is_empty() {
        fields.insert(SEC_WEBSOCKET_EXTENSIONS, value(&line)?);
    }
    Ok(result)
}
