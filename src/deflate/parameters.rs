//! What the two ends agree on: a context for each direction (RFC 7692 §7.1).

use core::fmt;

use crate::header::Role;

/// The size of an LZ77 sliding window, as the base-2 logarithm of its bytes: 8 to 15 (RFC 7692 §7.1.2).
///
/// ```
/// use wsframe::deflate::WindowBits;
///
/// assert_eq!(WindowBits::new(10).unwrap().window_len(), 1024);
/// assert_eq!(WindowBits::new(7), None);
/// assert_eq!(WindowBits::MAX.window_len(), 32_768);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 8: a window of 256 bytes.
    pub const MIN: Self = Self(8);
    /// 15: a window of 32,768 bytes, and what holds where no smaller one was agreed on.
    pub const MAX: Self = Self(15);

    /// The window of `2^bits` bytes; `None` outside of 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= Self::MIN.0 && bits <= Self::MAX.0 { Some(Self(bits)) } else { None }
    }

    /// The logarithm, 8 to 15.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The window's length in bytes.
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

/// How one end compresses what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// Whether a message may refer to what the messages before it said: "context takeover". It
    /// compresses short, similar messages several times as well, and costs each connection a compressor
    /// here and a decompressor there for as long as it lives.
    pub takeover: bool,
    /// How far back a message may refer.
    pub window_bits: WindowBits,
}

impl Context {
    /// What holds if nothing is said: context takeover and a window of 32 KiB.
    pub const FULL: Self = Self { takeover: true, window_bits: WindowBits::MAX };
    /// Each message stands for itself, in a window of 32 KiB.
    pub const NO_TAKEOVER: Self = Self { takeover: false, window_bits: WindowBits::MAX };

    /// What is within the bounds of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            takeover: self.takeover && other.takeover,
            window_bits: self.window_bits.min(other.window_bits),
        }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::FULL
    }
}

/// The parameters of permessage-deflate: those that an endpoint is ready for, or those that two agreed on.
///
/// ```
/// use wsframe::deflate::{Context, Parameters, WindowBits};
///
/// // A server of many connections: nothing is kept between messages.
/// let frugal = Parameters::NO_TAKEOVER;
/// // A client that is short of memory, with a server that need not be.
/// let asymmetric = Parameters {
///     client: Context { takeover: true, window_bits: WindowBits::new(10).unwrap() },
///     ..Parameters::FULL
/// };
/// # let _ = (frugal, asymmetric);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// How the server compresses: `server_no_context_takeover` and `server_max_window_bits`.
    pub server: Context,
    /// How the client compresses: `client_no_context_takeover` and `client_max_window_bits`.
    pub client: Context,
}

impl Parameters {
    /// What an offer without parameters means: the best compression, and the most memory.
    pub const FULL: Self = Self { server: Context::FULL, client: Context::FULL };
    /// No context takeover in either direction: an idle connection costs nothing.
    pub const NO_TAKEOVER: Self =
        Self { server: Context::NO_TAKEOVER, client: Context::NO_TAKEOVER };

    /// How this end compresses what it sends.
    #[must_use]
    pub const fn sent_by(&self, role: Role) -> Context {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }

    /// How what this end receives was compressed.
    #[must_use]
    pub const fn received_by(&self, role: Role) -> Context {
        match role {
            Role::Server => self.client,
            Role::Client => self.server,
        }
    }
}
