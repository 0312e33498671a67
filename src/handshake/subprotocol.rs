//! Subprotocols (RFC 6455 §1.9): what the client offers, of which the server takes one at most.

use super::fields::{Fields, token};

pub(super) const NAME: &str = "Sec-WebSocket-Protocol";

/// The number of subprotocols that a request may offer. It bounds the search for duplicates, which has no
/// allocator and takes time with the square of this number.
const MAX_OFFERED: usize = 64;

/// The subprotocols that the client offers, on however many lines.
pub(super) fn offered<'a>(fields: Fields<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    fields.elements(NAME).filter_map(token)
}

/// Whether the client's offers are as they must be, if there are any.
///
/// > The elements that comprise this value MUST be non-empty strings with characters in the range U+0021
/// > to U+007E not including separator characters as defined in \[RFC2616\] and MUST all be unique
/// > strings. The ABNF for the value of this header field is 1#token
pub(super) fn are_right(fields: Fields<'_>) -> bool {
    let mut storage = [""; MAX_OFFERED];
    let mut count = 0;
    for element in fields.elements(NAME) {
        let (earlier, unused) = storage.split_at_mut(count);
        match (token(element), unused.first_mut()) {
            (Some(offered), Some(slot)) if !earlier.contains(&offered) => *slot = offered,
            _ => return false,
        }
        count += 1;
    }
    count > 0 || !fields.has(NAME)
}
