//! Requests that own their memory.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::key::WebSocketKey;
use super::server::HandshakeRequest;

/// Header fields, without whitespace around their values.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OwnedFields {
    /// All names and values, one after another.
    bytes: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(usize, usize)>,
}

impl OwnedFields {
    pub(super) fn new<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (name, value) in fields {
            bytes.extend_from_slice(name.as_bytes());
            let name_end = bytes.len();
            bytes.extend_from_slice(value);
            ends.push((name_end, bytes.len()));
        }
        Self { bytes, ends }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, end)| {
            // Names are tokens.
            let name = core::str::from_utf8(&self.bytes[start..name_end]).unwrap_or_default();
            start = end;
            (name, &self.bytes[name_end..end])
        })
    }
}

/// Omits the values, which may be secret.
impl fmt::Debug for OwnedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A [`HandshakeRequest`] that owns its memory, for a decision that is made later.
///
/// ```
/// use wsframe::handshake::{OwnedHandshakeRequest, Rejection, Request};
///
/// /// Validates a request and makes the buffer free for the next read.
/// fn take(head: &[u8]) -> Result<OwnedHandshakeRequest, Rejection> {
///     Ok(Request::parse(head)?.handshake()?.into_owned())
/// }
///
/// let head = b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
///     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Version: 13\r\n\r\n";
/// let request = take(head)?;
/// assert_eq!(request.as_request().resource_name(), "/chat");
/// # Ok::<(), Rejection>(())
/// ```
#[derive(Clone, Debug)]
pub struct OwnedHandshakeRequest {
    pub(super) resource_name: Box<str>,
    pub(super) host: Box<str>,
    pub(super) origin: Option<Box<str>>,
    pub(super) key: Option<WebSocketKey>,
    pub(super) fields: OwnedFields,
}

impl OwnedHandshakeRequest {
    /// Returns the request.
    #[must_use]
    pub fn as_request(&self) -> HandshakeRequest<'_> {
        HandshakeRequest::from_owned(self)
    }
}
