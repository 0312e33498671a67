//! Access to header fields from either parser: by name, as a single value, as a list.

use core::{fmt, str};

use httparse::{EMPTY_HEADER, Header};

#[cfg(feature = "alloc")]
use super::owned::OwnedFields;
use crate::extensions::is_token;

/// Storage for up to `N` header fields of a head.
#[derive(Clone)]
pub(super) struct Lines<'a, const N: usize> {
    all: [Header<'a>; N],
    count: usize,
}

impl<'a, const N: usize> Lines<'a, N> {
    pub(super) const fn new() -> Self {
        Self { all: [EMPTY_HEADER; N], count: N }
    }

    /// Returns the space for a parser to write to.
    pub(super) fn storage(&mut self) -> &mut [Header<'a>] {
        &mut self.all
    }

    /// Keeps the first fields.
    pub(super) fn truncate(&mut self, count: usize) {
        self.count = count;
    }

    pub(super) fn get(&self) -> &[Header<'a>] {
        &self.all[..self.count]
    }
}

impl<const N: usize> fmt::Debug for Lines<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// The header fields of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fields<'a> {
    Lines(&'a [Header<'a>]),
    #[cfg(feature = "http")]
    Map(&'a ::http::HeaderMap),
    #[cfg(feature = "alloc")]
    Owned(&'a OwnedFields),
}

impl<'a> Fields<'a> {
    fn lines(self) -> &'a [Header<'a>] {
        match self {
            Self::Lines(lines) => lines,
            #[allow(unreachable_patterns, reason = "there are no others without features")]
            _ => &[],
        }
    }

    #[cfg(feature = "http")]
    fn map(self) -> Option<&'a ::http::HeaderMap> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    #[cfg(feature = "alloc")]
    fn owned(self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let owned = if let Self::Owned(owned) = self { Some(owned) } else { None };
        owned.into_iter().flat_map(OwnedFields::iter)
    }

    /// Returns all fields in order, without whitespace around their values.
    pub(super) fn all(self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let fields = self.lines().iter().map(|line| (line.name, line.value));
        #[cfg(feature = "http")]
        let fields = {
            let map = self.map().into_iter().flatten();
            fields.chain(map.map(|(name, value)| (name.as_str(), value.as_bytes())))
        };
        #[cfg(feature = "alloc")]
        let fields = fields.chain(self.owned());
        fields.map(|(name, value)| (name, value.trim_ascii()))
    }

    /// Returns the values of all fields with this name, without whitespace around them. Names are
    /// case-insensitive.
    pub(super) fn values<'n>(self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let named = self.lines().iter().filter(|line| line.name.eq_ignore_ascii_case(name));
        let values = named.map(|line| line.value);
        #[cfg(feature = "http")]
        let values = {
            let map = self.map().into_iter().flat_map(move |map| map.get_all(name));
            values.chain(map.map(::http::HeaderValue::as_bytes))
        };
        #[cfg(feature = "alloc")]
        let values = {
            let owned = self.owned().filter(|(owned, _)| owned.eq_ignore_ascii_case(name));
            values.chain(owned.map(|(_, value)| value))
        };
        values.map(<[u8]>::trim_ascii)
    }

    pub(super) fn first(self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// Returns the field's value if the field occurs exactly once.
    pub(super) fn only(self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Returns the elements of the list in this field, on one line or several.
    pub(super) fn elements<'n>(
        self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let elements = self.values(name).flat_map(|value| value.split(|&byte| byte == b','));
        elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
    }

    /// Returns whether the field is a list that contains this element, and whose elements all have
    /// the given form. Elements are compared case-insensitively.
    ///
    /// Commas inside a quoted string do not separate elements. The list is split there anyway: a
    /// form without quotation marks refuses the pieces, so quoted strings need not be parsed.
    pub(super) fn lists(self, name: &str, element: &str, has_form: fn(&[u8]) -> bool) -> bool {
        self.elements(name).all(has_form) && self.mentions(name, element)
    }

    /// Returns whether the field contains the element between two commas, ignoring case and all
    /// other elements.
    pub(super) fn mentions(self, name: &str, element: &str) -> bool {
        self.elements(name).any(|listed| listed.eq_ignore_ascii_case(element.as_bytes()))
    }
}

/// Returns the bytes as a token, or `None` if they are not one.
pub(super) fn token(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok().filter(|text| is_token(text))
}

/// > Connection        = #connection-option
/// > connection-option = token
///
/// (RFC 9110 §7.6.1)
pub(super) fn is_connection_option(element: &[u8]) -> bool {
    token(element).is_some()
}

/// > protocol         = protocol-name ["/" protocol-version]
/// > protocol-name    = token
/// > protocol-version = token
///
/// (RFC 9110 §7.8)
pub(super) fn is_protocol(element: &[u8]) -> bool {
    element.splitn(2, |&byte| byte == b'/').all(|part| token(part).is_some())
}
