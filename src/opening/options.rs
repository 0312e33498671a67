//! The options of a connection.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

#[cfg(feature = "deflate")]
use crate::deflate::{ContextPool, DeflateParameters, Negotiation, SharedPool};
use crate::handshake::{DEFAULT_MAX_HEAD_LEN, HandshakeRequest, HandshakeRules, Rejection};
use crate::{Connection, Limits};

/// The options of a connection, for its opening handshake and its messages.
///
/// Servers and clients use the same type.
///
/// | option | server | client | default |
/// |---|---|---|---|
/// | [`subprotocols`](Self::subprotocols) | chooses one | offers them | none |
/// | [`header`](Self::header) | of the response | of the request | none |
/// | [`allow_origins`](Self::allow_origins), [`allow_same_origin`](Self::allow_same_origin) | refuses others | | every origin |
/// | [`origin`](Self::origin) | | sends it | none |
/// | `deflate` (feature `deflate`) | accepts it | offers it | no compression |
/// | [`limits`](Self::limits) | for messages | for messages | [`Limits::DEFAULT`] |
/// | [`auto_pong`](Self::auto_pong), [`auto_close`](Self::auto_close) | ✓ | ✓ | on |
/// | [`handshake_timeout`](Self::handshake_timeout) | ✓ | ✓ | none |
/// | [`handshake_rules`](Self::handshake_rules) | for requests | for responses | strict |
/// | [`max_head_len`](Self::max_head_len) | of the request | of the response | 16 KiB |
/// | [`max_refused_body`](Self::max_refused_body) | | ✓ | 16 KiB |
#[cfg_attr(
    feature = "tokio",
    doc = "| [`keep_alive`](Self::keep_alive), of streams over tokio | ✓ | ✓ | off |"
)]
///
/// Create it once, and pass a reference for each connection. A server that acts for its users must
/// restrict origins.
///
/// ```
/// use core::time::Duration;
/// use wsframe::Limits;
/// use wsframe::handshake::Options;
///
/// let options = Options::new()
///     .subprotocols(["chat.v2", "chat.v1"])
///     .allow_origins(["https://example.com"])
///     .limits(Limits::DEFAULT.max_message_size(1 << 20))
///     .handshake_timeout(Duration::from_secs(10));
/// # let _ = options;
/// ```
#[derive(Clone)]
#[must_use]
#[doc(alias = "WebSocketConfig")]
pub struct Options {
    subprotocols: Vec<String>,
    headers: Vec<(String, String)>,
    origins: Option<Vec<String>>,
    /// Whether clients connect over TLS, if the server's own origin is allowed.
    same_origin: Option<bool>,
    pub(super) origin: Option<String>,
    limits: Limits,
    auto_pong: bool,
    auto_close: bool,
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) rules: HandshakeRules,
    pub(crate) max_head_len: usize,
    pub(super) max_refused_body: usize,
    #[cfg(feature = "deflate")]
    pub(crate) deflate: Option<SharedPool>,
    #[cfg(feature = "tokio")]
    pub(crate) keep_alive: Option<Duration>,
}

impl Options {
    /// Creates the default options.
    pub const fn new() -> Self {
        Self {
            subprotocols: Vec::new(),
            headers: Vec::new(),
            origins: None,
            same_origin: None,
            origin: None,
            limits: Limits::DEFAULT,
            auto_pong: true,
            auto_close: true,
            handshake_timeout: None,
            rules: HandshakeRules::new(),
            max_head_len: DEFAULT_MAX_HEAD_LEN,
            max_refused_body: 16 << 10,
            #[cfg(feature = "deflate")]
            deflate: None,
            #[cfg(feature = "tokio")]
            keep_alive: None,
        }
    }

    /// Sets the subprotocols, the most preferred first (RFC 6455 §1.9).
    ///
    /// A client offers them. A server chooses its most preferred one among those that the client
    /// offers, or none. The stream's `subprotocol` returns the result.
    pub fn subprotocols(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a header field to the client's request or the server's response, such as
    /// `Authorization` or `Set-Cookie`.
    ///
    /// The value must not contain control characters, except tabs. The header fields of the
    /// handshake itself cannot be set.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the origins that a server accepts. See [`HandshakeRequest::check_origin`].
    ///
    /// An empty list refuses all browsers. With [`allow_same_origin`](Self::allow_same_origin), the
    /// server's own origin is accepted too.
    pub fn allow_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Makes a server accept only its own origin. See [`HandshakeRequest::check_same_origin`].
    ///
    /// Set `is_secure` if clients connect over TLS. With [`allow_origins`](Self::allow_origins),
    /// the origins on that list are accepted too.
    pub fn allow_same_origin(mut self, is_secure: bool) -> Self {
        self.same_origin = Some(is_secure);
        self
    }

    /// Sets `Origin`, as a client. Only browsers must send it.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Sets the limits on frames and messages that the peer sends.
    #[doc(alias = "max_message_size")]
    #[doc(alias = "max_frame_size")]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets whether Pings are answered automatically. The default is `true`. See
    /// [`Connection::auto_pong`](crate::Connection::auto_pong).
    #[doc(alias = "set_auto_pong")]
    pub const fn auto_pong(mut self, answer: bool) -> Self {
        self.auto_pong = answer;
        self
    }

    /// Sets whether a Close is answered automatically. The default is `true`. See
    /// [`Connection::auto_close`](crate::Connection::auto_close).
    #[doc(alias = "set_auto_close")]
    pub const fn auto_close(mut self, answer: bool) -> Self {
        self.auto_close = answer;
        self
    }

    /// Enables permessage-deflate (RFC 7692), with this pool or a pool of this configuration.
    ///
    /// Messages are compressed if the peer agrees. A server should use one [`SharedPool`] for all
    /// connections. Clones of these options share it.
    ///
    /// ```
    /// use wsframe::deflate::{Config, DeflateParameters};
    /// use wsframe::handshake::Options;
    ///
    /// let options = Options::new().deflate(Config::new(DeflateParameters::NO_TAKEOVER));
    /// # let _ = options;
    /// ```
    #[cfg(feature = "deflate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
    pub fn deflate(mut self, pool: impl Into<SharedPool>) -> Self {
        self.deflate = Some(pool.into());
        self
    }

    /// Sets how long the opening handshake may take. By default it may wait for ever.
    ///
    /// Streams over tokio need a runtime with time enabled for this, and panic without it. Blocking
    /// connections check the time after each read: set a read timeout on the socket too.
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = Some(timeout);
        self
    }

    /// Sets the rules for the peer's handshake.
    pub const fn handshake_rules(mut self, rules: HandshakeRules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets the greatest length of the peer's head in bytes.
    ///
    /// It is the head of the request for a server, and of the response for a client.
    pub const fn max_head_len(mut self, bytes: usize) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets how many bytes a client reads of the body of a response other than 101.
    ///
    /// [`RefusedResponse::body`](crate::handshake::RefusedResponse::body) returns them.
    pub const fn max_refused_body(mut self, bytes: usize) -> Self {
        self.max_refused_body = bytes;
        self
    }

    /// Sets how often a stream over tokio sends a Ping. See
    /// [`WebSocketStream::set_keep_alive`](crate::stream::WebSocketStream::set_keep_alive).
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub const fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = Some(interval);
        self
    }

    /// Applies the options for messages to a connection.
    pub(crate) fn apply<K>(&self, connection: Connection<K>) -> Connection<K> {
        connection.limits(self.limits).auto_pong(self.auto_pong).auto_close(self.auto_close)
    }

    /// Returns whether the origin is allowed.
    pub(crate) fn check_origin(&self, request: &HandshakeRequest<'_>) -> Result<(), Rejection> {
        let same = self.same_origin.map(|is_secure| request.check_same_origin(is_secure));
        match (same, &self.origins) {
            (None, None) | (Some(Ok(())), _) => Ok(()),
            (Some(refused), None) => refused,
            (_, Some(origins)) => {
                let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
                request.check_origin(&origins)
            }
        }
    }

    pub(crate) fn subprotocol_list(&self) -> Vec<&str> {
        self.subprotocols.iter().map(String::as_str).collect()
    }

    pub(crate) fn header_list(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// Returns the negotiation of compression, if it is enabled.
    #[cfg(feature = "deflate")]
    pub(crate) fn negotiation(&self) -> Option<Negotiation<'static>> {
        Some(Negotiation::new(self.deflate_parameters()?))
    }

    #[cfg(feature = "deflate")]
    fn deflate_parameters(&self) -> Option<DeflateParameters> {
        Some(self.deflate.as_ref()?.config().parameters())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// Omits the values of header fields, which may be secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("subprotocols", &self.subprotocols)
            .field("origins", &self.origins)
            .field("limits", &self.limits)
            .field("handshake_timeout", &self.handshake_timeout)
            .finish_non_exhaustive()
    }
}
