//! Requests and header fields with memory of their own, for decisions that are made later.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::fields::Fields;
use super::key::WebSocketKey;
use super::server::HandshakeRequest;

/// Header fields, without whitespace around their values.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeptFields {
    /// All names and values, one after another.
    bytes: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(usize, usize)>,
}

impl KeptFields {
    pub(crate) fn new<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (name, value) in fields {
            bytes.extend_from_slice(name.as_bytes());
            let name_end = bytes.len();
            bytes.extend_from_slice(value);
            ends.push((name_end, bytes.len()));
        }
        Self { bytes, ends }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, end)| {
            // Names are tokens.
            let name = core::str::from_utf8(&self.bytes[start..name_end]).unwrap_or_default();
            start = end;
            (name, &self.bytes[name_end..end])
        })
    }

    /// Returns the value of the first field with this name.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        Fields::Kept(self).first(name)
    }
}

/// Omits the values, which may be secret.
impl fmt::Debug for KeptFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A validated request.
#[derive(Debug)]
pub(crate) struct KeptRequest {
    pub(super) resource_name: Box<str>,
    pub(super) host: Box<str>,
    pub(super) origin: Option<Box<str>>,
    pub(super) key: Option<WebSocketKey>,
    pub(super) fields: KeptFields,
}

impl KeptRequest {
    pub(crate) fn request(&self) -> HandshakeRequest<'_> {
        HandshakeRequest::kept(self)
    }
}
