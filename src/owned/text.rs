//! UTF-8 text in `Bytes`.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

use bytes::{Bytes, BytesMut};

use crate::arch::text::Shared;
use crate::connection::MessageData;
use crate::error::Utf8Error;
use crate::utf8;

/// `Bytes` that are valid UTF-8: a `str` that is cheap to clone.
///
/// It derefs to `str`. Cloning does not copy it. A received text shares the memory of the buffer
/// that it was read into.
///
/// ```
/// use bytes::Bytes;
/// use wsframe::Utf8Bytes;
///
/// let text = Utf8Bytes::try_from(Bytes::from("grüße".to_owned()))?; // validated once, not copied
/// assert_eq!(text, "grüße");
/// assert_eq!(text.chars().count(), 5); // it derefs to `str`
/// let shared = text.clone(); // does not copy
/// assert_eq!(Bytes::from(shared).as_ptr(), text.as_ptr());
///
/// let latin1 = Utf8Bytes::try_from(Bytes::from_static(b"gr\xFC\xDFe"));
/// assert!(latin1.is_err_and(|error| error.offset() == 2));
/// # Ok::<(), wsframe::Utf8Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Utf8Bytes(Shared);

impl Utf8Bytes {
    /// Creates text from a static string, without copying it.
    ///
    /// ```
    /// use wsframe::Utf8Bytes;
    ///
    /// const HELLO: Utf8Bytes = Utf8Bytes::from_static("Hello");
    /// assert_eq!(HELLO, "Hello");
    /// ```
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Shared::from_static(text))
    }

    /// Returns the text.
    #[must_use]
    #[inline(always)]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the bytes of the text. Cloning them does not copy them.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// Removes the first `end` bytes of the buffer. Returns the part of them that `look` returns as
    /// text, or `None` if it returns none.
    #[inline(always)]
    pub(super) fn split_from<E>(
        buf: &mut BytesMut,
        end: usize,
        look: impl FnOnce(&mut [u8]) -> Result<Option<&str>, E>,
    ) -> Result<Option<Self>, E> {
        Ok(Shared::split_from(buf, end, look)?.map(Self))
    }
}

impl Deref for Utf8Bytes {
    type Target = str;

    #[inline(always)]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

/// Copies the text. Use [`from_static`](Utf8Bytes::from_static) for static text.
impl From<&str> for Utf8Bytes {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Copies the text.
impl From<&String> for Utf8Bytes {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

/// Converts without copying.
impl From<String> for Utf8Bytes {
    fn from(text: String) -> Self {
        Self(Shared::from_string(text))
    }
}

/// Converts without copying.
impl From<Box<str>> for Utf8Bytes {
    fn from(text: Box<str>) -> Self {
        String::from(text).into()
    }
}

/// Copies the text if it is borrowed.
impl From<Cow<'_, str>> for Utf8Bytes {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

/// Validates the bytes as UTF-8, without copying them.
///
/// # Errors
///
/// Returns a [`Utf8Error`] with the position of the first invalid byte.
impl TryFrom<Bytes> for Utf8Bytes {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        Ok(Self(Shared::of(bytes, utf8::from_utf8)?.unwrap_or_default()))
    }
}

/// Validates the bytes as UTF-8, without copying them.
///
/// # Errors
///
/// Returns a [`Utf8Error`] with the position of the first invalid byte.
impl TryFrom<BytesMut> for Utf8Bytes {
    type Error = Utf8Error;

    fn try_from(bytes: BytesMut) -> Result<Self, Utf8Error> {
        bytes.freeze().try_into()
    }
}

/// Validates the bytes as UTF-8, without copying them.
///
/// # Errors
///
/// Returns a [`Utf8Error`] with the position of the first invalid byte.
impl TryFrom<Vec<u8>> for Utf8Bytes {
    type Error = Utf8Error;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Utf8Error> {
        Bytes::from(bytes).try_into()
    }
}

/// Converts without copying.
impl From<Utf8Bytes> for Bytes {
    fn from(text: Utf8Bytes) -> Self {
        text.0.into_bytes()
    }
}

/// Copies the text.
impl From<Utf8Bytes> for String {
    fn from(text: Utf8Bytes) -> Self {
        text.as_str().to_owned()
    }
}

impl<'d> From<&'d Utf8Bytes> for MessageData<'d> {
    fn from(text: &'d Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl AsRef<str> for Utf8Bytes {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Utf8Bytes {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

// `Borrow` requires that hashes and comparisons equal those of the `str`.
impl Borrow<str> for Utf8Bytes {
    fn borrow(&self) -> &str {
        self
    }
}

impl Hash for Utf8Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq for Utf8Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Utf8Bytes {}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Utf8Bytes {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Utf8Bytes> for str {
    fn eq(&self, other: &Utf8Bytes) -> bool {
        other == self
    }
}

impl PartialEq<Utf8Bytes> for &str {
    fn eq(&self, other: &Utf8Bytes) -> bool {
        other == self
    }
}

impl PartialEq<Utf8Bytes> for String {
    fn eq(&self, other: &Utf8Bytes) -> bool {
        other == self
    }
}

impl PartialOrd for Utf8Bytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Utf8Bytes {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}
