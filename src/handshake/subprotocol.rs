//! Subprotocols (RFC 6455 §1.9): the client offers some, and the server chooses at most one.

use super::fields::{Fields, token};

pub(super) const NAME: &str = "Sec-WebSocket-Protocol";

/// The maximum number of subprotocols that a request may offer. Finding duplicates without an
/// allocator takes time proportional to the square of this number.
const MAX_OFFERED: usize = 64;

/// Returns the subprotocols that the client offers, on one line or several.
pub(super) fn offered<'a>(fields: Fields<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    fields.elements(NAME).filter_map(token)
}

/// Returns whether the client's offers are valid, or absent.
///
/// > The elements that comprise this value MUST be non-empty strings with characters in the range
/// > U+0021 to U+007E not including separator characters as defined in \[RFC2616\] and MUST all be
/// > unique strings. The ABNF for the value of this header field is 1#token
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
