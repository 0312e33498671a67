//! The rules of the opening handshake, and their relaxations.

/// The rules that a peer's opening handshake must satisfy.
///
/// New rules are strict. Each relaxation is a method with a name of its own. Pass the rules to
/// [`Request::handshake_with`](super::Request::handshake_with) as a server, and to
/// [`ClientHandshake::rules`](super::ClientHandshake::rules) and
/// [`Uri::parse_with`](super::Uri::parse_with) as a client.
///
/// ```
/// use wsframe::handshake::{HandshakeRules, Rejection, Request};
///
/// let head = "GET /caf\u{e9} HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
///     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Version: 13\r\n\r\n";
/// let request = Request::parse(head.as_bytes())?;
/// assert_eq!(request.handshake().unwrap_err(), Rejection::Target);
///
/// let opening = request.handshake_with(HandshakeRules::new().accept_utf8_target())?;
/// assert_eq!(opening.path(), "/café");
/// # Ok::<(), Rejection>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[must_use]
pub struct HandshakeRules {
    utf8_target: bool,
    empty_subprotocol: bool,
    unoffered_subprotocol: bool,
}

impl HandshakeRules {
    /// Creates the strict rules.
    pub const fn new() -> Self {
        Self { utf8_target: false, empty_subprotocol: false, unoffered_subprotocol: false }
    }

    /// Accepts characters beyond ASCII, as raw UTF-8, in the path and query of a request target.
    /// Control characters (U+0080 to U+009F) are still refused.
    ///
    /// RFC 3986 §2 requires percent-encoding, which browsers apply. Some clients do not.
    pub const fn accept_utf8_target(self) -> Self {
        Self { utf8_target: true, ..self }
    }

    /// Accepts an empty `Sec-WebSocket-Protocol` in a response. It means that there is no
    /// subprotocol (§4.1).
    pub const fn accept_empty_subprotocol(self) -> Self {
        Self { empty_subprotocol: true, ..self }
    }

    /// Accepts a subprotocol in a response that was not offered (§4.1). [`Negotiated::subprotocol`]
    /// is `None` then; read the name from `Sec-WebSocket-Protocol` of the response.
    ///
    /// [`Negotiated::subprotocol`]: super::Negotiated::subprotocol
    pub const fn accept_unoffered_subprotocol(self) -> Self {
        Self { unoffered_subprotocol: true, ..self }
    }

    /// Returns whether a path or query may contain this character.
    ///
    /// The grammar (RFC 3986 §3.3, §3.4) allows fewer. Browsers and URL parsers leave some
    /// characters that should be percent-encoded, such as `|`, and a percent sign without two
    /// digits. Only characters that would change the meaning are refused: spaces, control
    /// characters, and the `#` of a fragment.
    pub(super) fn allow_in_target(self, character: char) -> bool {
        if character.is_ascii() {
            character.is_ascii_graphic() && character != '#'
        } else {
            self.utf8_target && !character.is_control()
        }
    }

    /// Returns whether a response may contain this subprotocol, which was not offered.
    pub(super) fn allow_unoffered(self, name: &[u8]) -> bool {
        if name.is_empty() {
            self.empty_subprotocol
        } else {
            self.unoffered_subprotocol && super::fields::token(name).is_some()
        }
    }
}
