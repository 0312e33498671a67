//! What endpoints say of extensions: the header field `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
//!
//! [`Extensions`] reads the value of one line of the field, [`ExtensionWriter`] writes one, and
//! [`Negotiate`] is the seam at which an extension takes part in the opening handshake. None of them
//! needs a feature, allocates or copies: what is read borrows the line.
//!
//! A server that reads offers, the first acceptable of which wins:
//!
//! ```
//! use wsframe::extensions::{Extension, ExtensionWriter, Extensions};
//!
//! let line = b"permessage-deflate; server_max_window_bits=\"10\", permessage-deflate";
//!
//! // This server cannot make its window smaller.
//! let acceptable = |offer: &Extension<'_>| {
//!     offer.name() == "permessage-deflate"
//!         && offer.parameters().all(|parameter| parameter.name() != "server_max_window_bits")
//! };
//! let chosen = Extensions::parse(line)?.position(|offer| acceptable(&offer));
//! assert_eq!(chosen, Some(1));
//!
//! let mut answer = String::new();
//! ExtensionWriter::new(&mut answer)
//!     .extension("permessage-deflate")?
//!     .flag("server_no_context_takeover")?
//!     .parameter("client_max_window_bits", 12)?;
//! assert_eq!(answer, "permessage-deflate; server_no_context_takeover; client_max_window_bits=12");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod negotiate;
mod parse;
mod write;

pub use negotiate::Negotiate;
#[cfg(any(feature = "deflate", feature = "handshake"))]
pub(crate) use parse::Field;
pub use parse::{Extension, ExtensionError, Extensions, Parameter, Parameters, Value};
pub use write::ExtensionWriter;

/// A character of a token: visible ASCII that is no separator (RFC 2616 §2.2, RFC 9110 §5.6.2).
pub(crate) const fn is_token_char(character: char) -> bool {
    matches!(character,
        '0'..='9' | 'A'..='Z' | 'a'..='z'
        | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~')
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}
