//! An endpoint's settings.

use super::compressor::{Compressor, Effort};
use super::decompressor::Decompressor;
use super::parameters::{Context, Parameters};
use crate::header::Role;
use crate::message::DEFAULT_MAX_MESSAGE_LEN;

/// An endpoint's settings: what to negotiate, which messages to compress, and the limits.
///
/// ```
/// use wsframe::deflate::{Config, Context, Effort, Parameters};
///
/// let config = Config::new(Parameters::NO_TAKEOVER)
///     .effort(Effort::DEFAULT.level(1))
///     .threshold(512)
///     .max_message_len(1 << 20);
/// assert!(!config.compresses(Context::NO_TAKEOVER, 511));
/// assert!(config.compresses(Context::NO_TAKEOVER, 512));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub(super) parameters: Parameters,
    pub(super) effort: Effort,
    threshold: Option<usize>,
    pub(super) max_message_len: u32,
    pub(super) max_idle: usize,
}

impl Config {
    /// The default threshold with context takeover: messages of 64 bytes or more are compressed.
    pub const TAKEOVER_THRESHOLD: usize = 64;
    /// The default threshold without context takeover: messages of 256 bytes or more are
    /// compressed. Shorter ones contain too little repetition.
    pub const NO_TAKEOVER_THRESHOLD: usize = 256;

    /// Creates settings with these parameters and the defaults:
    ///
    /// | setting | default |
    /// |---|---|
    /// | [`effort`](Self::effort) | [`Effort::DEFAULT`] |
    /// | [`threshold`](Self::threshold) | [`TAKEOVER_THRESHOLD`](Self::TAKEOVER_THRESHOLD) or [`NO_TAKEOVER_THRESHOLD`](Self::NO_TAKEOVER_THRESHOLD) |
    /// | [`max_message_len`](Self::max_message_len) | [`DEFAULT_MAX_MESSAGE_LEN`] |
    /// | [`max_idle`](Self::max_idle) | 4 |
    #[must_use]
    pub const fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            effort: Effort::DEFAULT,
            threshold: None,
            max_message_len: DEFAULT_MAX_MESSAGE_LEN,
            max_idle: 4,
        }
    }

    /// Sets the compression level and memory level of compressors.
    #[must_use]
    #[doc(alias = "compression_level")]
    pub const fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// Sets the length from which messages are compressed, with and without context takeover.
    /// Shorter messages are sent plain.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = Some(bytes);
        self
    }

    /// Sets the limit on the decompressed length of a message. [`NO_LIMIT`](crate::NO_LIMIT)
    /// removes the limit.
    ///
    /// A connection's own limit
    /// ([`MessageDecoder::max_message_len`](crate::MessageDecoder::max_message_len)) applies as
    /// well. To receive longer messages, raise both.
    #[must_use]
    #[doc(alias = "max_message_size")]
    pub const fn max_message_len(mut self, bytes: u32) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Sets how many idle compressors, and how many idle decompressors, a [`Pool`](super::Pool)
    /// keeps.
    #[must_use]
    pub const fn max_idle(mut self, count: usize) -> Self {
        self.max_idle = count;
        self
    }

    /// Returns the parameters to negotiate.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Returns the same settings with the negotiated parameters.
    #[must_use]
    pub const fn agreed(mut self, parameters: Parameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// Creates a compressor for what an endpoint of this role sends.
    ///
    /// ```
    /// use wsframe::Role;
    /// use wsframe::deflate::{Config, Parameters};
    ///
    /// let config = Config::default().max_message_len(1 << 20);
    /// // The parameters that the opening handshake negotiated.
    /// let config = config.agreed(Parameters::NO_TAKEOVER);
    ///
    /// let (mut payload, mut message) = (Vec::new(), Vec::new());
    /// config.compressor(Role::Server).append(b"Hello", &mut payload);
    /// config.decompressor(Role::Client).append(&payload, &mut message)?;
    /// assert_eq!(message, b"Hello");
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[must_use]
    pub const fn compressor(&self, role: Role) -> Compressor {
        Compressor::new(self.parameters.sent_by(role), self.effort)
    }

    /// Creates a decompressor for what an endpoint of this role receives.
    #[must_use]
    pub const fn decompressor(&self, role: Role) -> Decompressor {
        Decompressor::new(self.parameters.received_by(role)).max_message_len(self.max_message_len)
    }

    /// Returns whether a message of this many bytes is compressed in this context.
    #[must_use]
    pub const fn compresses(&self, context: Context, message_len: usize) -> bool {
        message_len >= self.threshold_in(context)
    }

    /// Returns the length from which messages are compressed in this context.
    pub(crate) const fn threshold_in(&self, context: Context) -> usize {
        match self.threshold {
            Some(threshold) => threshold,
            None if context.takeover => Self::TAKEOVER_THRESHOLD,
            None => Self::NO_TAKEOVER_THRESHOLD,
        }
    }
}

/// Returns [`Config::new`] with [`Parameters::FULL`].
impl Default for Config {
    fn default() -> Self {
        Self::new(Parameters::FULL)
    }
}
