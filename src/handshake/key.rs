//! The key of an opening handshake, and the server's response to it (RFC 6455 §1.3, §4.2.2).

use core::{fmt, str};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use sha1::{Digest, Sha1};

/// Base64 that accepts stray bits in the last character. Keys are only compared, and a key in the
/// RFC itself (§1.2) has such bits.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// The constant that a server appends to the key (§1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The length of a `Sec-WebSocket-Key` in bytes.
const KEY_LEN: usize = 24;

/// The length of a `Sec-WebSocket-Accept` in bytes.
const ACCEPT_LEN: usize = 28;

/// The value of `Sec-WebSocket-Key`: 16 random bytes in base64, new for each connection.
///
/// ```
/// use wsframe::handshake::WebSocketKey;
///
/// // RFC 6455 §1.3
/// let key = WebSocketKey::new(*b"the sample nonce");
/// assert_eq!(key.as_str(), "dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(key.accept().as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// assert_eq!(WebSocketKey::parse(b"dGhlIHNhbXBsZSBub25jZQ=="), Some(key));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebSocketKey([u8; KEY_LEN]);

impl WebSocketKey {
    /// Creates a key from these bytes.
    ///
    /// > The nonce MUST be selected randomly for each connection.
    ///
    /// Use a cryptographically secure generator, as `WebSocketKey::random` and
    /// `WebSocketKey::from_rng` do (feature `rand`).
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        let mut key = [0; KEY_LEN];
        let written = BASE64.encode_slice(nonce, &mut key);
        debug_assert_eq!(written, Ok(KEY_LEN));
        Self(key)
    }

    /// Creates a key with a cryptographically secure generator.
    ///
    /// ```
    /// use rand::CryptoRng;
    /// use wsframe::handshake::{ClientHandshake, WebSocketKey, Uri};
    ///
    /// fn handshake<'a>(uri: Uri<'a>, generator: &mut impl CryptoRng) -> ClientHandshake<'a> {
    ///     ClientHandshake::new(uri, WebSocketKey::from_rng(generator))
    /// }
    /// ```
    #[cfg(feature = "rand")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rand")))]
    #[must_use]
    pub fn from_rng(generator: &mut impl rand::CryptoRng) -> Self {
        let mut nonce = [0; 16];
        generator.fill_bytes(&mut nonce);
        Self::new(nonce)
    }

    /// Creates a key with the thread's generator, [`rand::rng`], which the operating system seeds.
    ///
    /// # Panics
    ///
    /// Panics if the thread's generator cannot be seeded.
    #[cfg(all(feature = "rand", feature = "std"))]
    #[cfg_attr(docsrs, doc(cfg(all(feature = "rand", feature = "std"))))]
    #[must_use]
    #[doc(alias = "generate_key")]
    pub fn random() -> Self {
        Self::from_rng(&mut rand::rng())
    }

    /// Parses the header field's value. Returns `None` if it is not 16 bytes in base64.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let key = value.try_into().ok()?;
        // The decoder asks for more space than it uses.
        let nonce_len = BASE64.decode_slice(key, &mut [0; KEY_LEN]).ok()?;
        (nonce_len == 16).then_some(Self(key))
    }

    /// Returns the header field's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default() // base64 is ASCII
    }

    /// Returns the server's response to this key: the SHA-1 of the key and a constant, in base64.
    #[must_use]
    #[doc(alias = "derive_accept_key")]
    pub fn accept(&self) -> AcceptValue {
        let hash = Sha1::new().chain_update(self.0).chain_update(GUID).finalize();
        let mut accept = [0; ACCEPT_LEN];
        let written = BASE64.encode_slice(hash, &mut accept);
        debug_assert_eq!(written, Ok(ACCEPT_LEN));
        AcceptValue(accept)
    }
}

impl fmt::Debug for WebSocketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.as_str()).finish()
    }
}

impl fmt::Display for WebSocketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of `Sec-WebSocket-Accept`, created by [`WebSocketKey::accept`].
///
/// ```
/// use wsframe::handshake::WebSocketKey;
///
/// let key = WebSocketKey::new(*b"the sample nonce");
/// assert_eq!(key.accept().as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AcceptValue([u8; ACCEPT_LEN]);

impl AcceptValue {
    /// Returns the header field's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default() // base64 is ASCII
    }
}

impl fmt::Debug for AcceptValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcceptValue").field(&self.as_str()).finish()
    }
}

impl fmt::Display for AcceptValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
