//! Parsing and writing the header field `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
//!
//! | to | use |
//! |---|---|
//! | parse the value of one line | [`Extensions`] |
//! | write a value | [`ExtensionWriter`] |
//! | add an extension to the opening handshake | [`Extension`], the extension point |
//!
//! This module needs no feature. Nothing allocates or copies: results borrow the line.
//!
//! A server that accepts the first acceptable offer:
//!
//! ```
//! use wsframe::extensions::{ExtensionElement, ExtensionWriter, Extensions};
//!
//! let line = b"permessage-deflate; server_max_window_bits=\"10\", permessage-deflate";
//!
//! // This server cannot reduce its window.
//! let acceptable = |offer: &ExtensionElement<'_>| {
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

mod extension;
mod parse;
mod write;

pub use extension::Extension;
#[cfg(any(feature = "deflate", feature = "handshake"))]
pub(crate) use parse::Field;
pub use parse::{
    ExtensionElement, ExtensionError, ExtensionParameters, Extensions, Parameter, Value,
};
pub use write::ExtensionWriter;

/// Returns whether this is a token character: visible ASCII except separators (RFC 2616 §2.2, RFC
/// 9110 §5.6.2).
pub(crate) const fn is_token_char(character: char) -> bool {
    matches!(character,
        '0'..='9' | 'A'..='Z' | 'a'..='z'
        | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~')
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}
