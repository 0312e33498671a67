//! Subprotocols (RFC 6455 §1.9): what the client offers, of which the server takes one at most.

use core::str;

use super::fields::Fields;
use crate::extensions::is_token;

pub(super) const NAME: &str = "Sec-WebSocket-Protocol";

/// The subprotocols that the client offers, on however many lines.
pub(super) fn offered<'a>(fields: Fields<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    fields.elements(NAME).filter_map(token)
}

/// > The elements that comprise this value MUST be non-empty strings with characters in the range U+0021
/// > to U+007E not including separator characters as defined in RFC2616
pub(super) fn are_tokens(fields: Fields<'_>) -> bool {
    fields.elements(NAME).all(|element| token(element).is_some())
}

pub(super) fn token(element: &[u8]) -> Option<&str> {
    str::from_utf8(element).ok().filter(|text| is_token(text))
}
