//! The negotiated parameters: a context for each direction (RFC 7692 §7.1).

use core::fmt;

use crate::header::Role;

/// The size of an LZ77 sliding window, as the base-2 logarithm of its bytes: 8 to 15 (RFC 7692
/// §7.1.2).
///
/// ```
/// use wsframe::deflate::WindowBits;
///
/// assert_eq!(WindowBits::new(10).map(WindowBits::window_len), Some(1024));
/// assert_eq!(WindowBits::new(7), None);
/// assert_eq!(WindowBits::MAX.window_len(), 32_768);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 8: a window of 256 bytes.
    pub const MIN: Self = Self(8);
    /// 15: a window of 32,768 bytes. The default if no smaller window was negotiated.
    pub const MAX: Self = Self(15);

    /// Creates a window of `2^bits` bytes. Returns `None` unless `bits` is 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= Self::MIN.0 && bits <= Self::MAX.0 { Some(Self(bits)) } else { None }
    }

    /// Returns the logarithm, 8 to 15.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Returns the window's length in bytes.
    #[must_use]
    pub const fn window_len(self) -> usize {
        1 << self.0
    }
}

impl Default for WindowBits {
    fn default() -> Self {
        Self::MAX
    }
}

impl fmt::Debug for WindowBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowBits({})", self.0)
    }
}

impl fmt::Display for WindowBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How one endpoint compresses its outgoing messages.
///
/// ```
/// use wsframe::deflate::{DeflateContext, WindowBits};
///
/// // Independent messages, in the smallest window.
/// let frugal = DeflateContext { takeover: false, window_bits: WindowBits::MIN };
/// assert_ne!(frugal, DeflateContext::NO_TAKEOVER);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeflateContext {
    /// Whether a message may refer to earlier messages ("context takeover").
    ///
    /// With it, short and similar messages become several times shorter. Each connection then keeps
    /// a compressor at one end and a decompressor at the other.
    pub takeover: bool,
    /// How far back a message may refer.
    pub window_bits: WindowBits,
}

impl DeflateContext {
    /// Context takeover and a window of 32 KiB: the default without parameters.
    pub const DEFAULT: Self = Self { takeover: true, window_bits: WindowBits::MAX };
    /// Independent messages, in a window of 32 KiB.
    pub const NO_TAKEOVER: Self = Self { takeover: false, window_bits: WindowBits::MAX };

    /// Returns the context within the bounds of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            takeover: self.takeover && other.takeover,
            window_bits: self.window_bits.min(other.window_bits),
        }
    }
}

impl Default for DeflateContext {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The parameters of permessage-deflate, wanted by one endpoint or negotiated by two.
///
/// ```
/// use wsframe::deflate::{DeflateContext, DeflateParameters, WindowBits};
///
/// // For a server with many connections: nothing is kept between messages.
/// let frugal = DeflateParameters::NO_TAKEOVER;
/// // For a client with little memory, of a server with much.
/// let asymmetric = DeflateParameters {
///     client: DeflateContext { takeover: true, window_bits: WindowBits::MIN },
///     ..DeflateParameters::DEFAULT
/// };
/// assert_ne!(frugal, asymmetric);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeflateParameters {
    /// How the server compresses: `server_no_context_takeover` and `server_max_window_bits`.
    pub server: DeflateContext,
    /// How the client compresses: `client_no_context_takeover` and `client_max_window_bits`.
    pub client: DeflateContext,
}

impl DeflateParameters {
    /// Context takeover and windows of 32 KiB in both directions: the best compression, and
    /// the most memory. An offer without parameters has this meaning.
    pub const DEFAULT: Self =
        Self { server: DeflateContext::DEFAULT, client: DeflateContext::DEFAULT };
    /// No context takeover in either direction: an idle connection keeps no contexts.
    pub const NO_TAKEOVER: Self =
        Self { server: DeflateContext::NO_TAKEOVER, client: DeflateContext::NO_TAKEOVER };

    /// Returns the context in which an endpoint of this role compresses.
    #[must_use]
    pub const fn sent_by(&self, role: Role) -> DeflateContext {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }

    /// Returns the context in which messages to an endpoint of this role are compressed.
    #[must_use]
    pub const fn received_by(&self, role: Role) -> DeflateContext {
        match role {
            Role::Server => self.client,
            Role::Client => self.server,
        }
    }
}
