//! Which rules of the opening handshake an endpoint relaxes.

/// The rules that a peer's opening handshake must satisfy: all of them, unless one is relaxed here.
///
/// A server passes the rules to [`Request::opening_with`](super::Request::opening_with), a client to
/// [`ClientHandshake::rules`](super::ClientHandshake::rules) and [`Uri::parse_with`](super::Uri::parse_with).
///
/// ```
/// use wsframe::handshake::{EMPTY_HEADER, HandshakeRules, Refusal, Request};
///
/// let head = "GET /caf\u{e9} HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
///     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Version: 13\r\n\r\n";
/// let mut storage = [EMPTY_HEADER; 64];
/// let request = Request::parse(head.as_bytes(), &mut storage)?;
/// assert_eq!(request.opening().unwrap_err(), Refusal::Target);
///
/// let opening = request.opening_with(HandshakeRules::new().accept_utf8_target())?;
/// assert_eq!(opening.path(), "/café");
/// # Ok::<(), Refusal>(())
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

    /// Accepts characters beyond ASCII, as raw UTF-8, in the path and query of a request target. Control
    /// characters (U+0080 to U+009F) stay refused.
    ///
    /// RFC 3986 §2 wants them percent-encoded, as browsers send them. Some clients do not.
    pub const fn accept_utf8_target(self) -> Self {
        Self { utf8_target: true, ..self }
    }

    /// Accepts an empty `Sec-WebSocket-Protocol` in a response. It means the same as none (§4.1).
    pub const fn accept_empty_subprotocol(self) -> Self {
        Self { empty_subprotocol: true, ..self }
    }

    /// Accepts one subprotocol that was not offered in a response (§4.1). [`Agreed::subprotocol`] stays
    /// `None` then; the response has the name in `Sec-WebSocket-Protocol`.
    ///
    /// [`Agreed::subprotocol`]: super::Agreed::subprotocol
    pub const fn accept_unoffered_subprotocol(self) -> Self {
        Self { unoffered_subprotocol: true, ..self }
    }

    /// Whether a path or query may contain this character.
    ///
    /// The grammar (RFC 3986 §3.3, §3.4) has fewer: browsers and URL parsers leave some characters that it
    /// wants percent-encoded, such as `|`, and a percent sign without its two digits. Only what would
    /// change the meaning is refused: blanks, control characters and the `#` of a fragment.
    pub(super) fn allow_in_target(self, character: char) -> bool {
        if character.is_ascii() {
            character.is_ascii_graphic() && character != '#'
        } else {
            self.utf8_target && !character.is_control()
        }
    }

    /// Whether a response may name this subprotocol, which was not offered.
    pub(super) fn allow_unoffered(self, name: &[u8]) -> bool {
        if name.is_empty() {
            self.empty_subprotocol
        } else {
            self.unoffered_subprotocol && super::fields::token(name).is_some()
        }
    }
}
