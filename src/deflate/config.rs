//! An endpoint's settings.

use super::compressor::{Compressor, CompressorOptions};
use super::decompressor::Decompressor;
use super::parameters::{DeflateContext, DeflateParameters};
use crate::header::Role;

/// An endpoint's settings: what to negotiate, which messages to compress and how, and how many idle
/// contexts to keep.
///
/// ```
/// use wsframe::deflate::{Config, DeflateContext, CompressorOptions, DeflateParameters};
///
/// let config = Config::new(DeflateParameters::NO_TAKEOVER)
///     .compressor_options(CompressorOptions::DEFAULT.level(1))
///     .threshold(512);
/// assert!(!config.should_compress(DeflateContext::NO_TAKEOVER, 511));
/// assert!(config.should_compress(DeflateContext::NO_TAKEOVER, 512));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub(super) parameters: DeflateParameters,
    pub(super) effort: CompressorOptions,
    threshold: Option<usize>,
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
    /// | [`compressor_options`](Self::compressor_options) | [`CompressorOptions::DEFAULT`] |
    /// | [`threshold`](Self::threshold) | [`TAKEOVER_THRESHOLD`](Self::TAKEOVER_THRESHOLD) or [`NO_TAKEOVER_THRESHOLD`](Self::NO_TAKEOVER_THRESHOLD) |
    /// | [`max_idle`](Self::max_idle) | 4 |
    #[must_use]
    pub const fn new(parameters: DeflateParameters) -> Self {
        Self { parameters, effort: CompressorOptions::DEFAULT, threshold: None, max_idle: 4 }
    }

    /// Sets the compression level and memory level of compressors.
    #[must_use]
    #[doc(alias = "compression_level")]
    pub const fn compressor_options(mut self, options: CompressorOptions) -> Self {
        self.effort = options;
        self
    }

    /// Sets the length from which messages are compressed, with and without context takeover.
    /// Shorter messages are sent plain.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = Some(bytes);
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
    pub const fn parameters(&self) -> DeflateParameters {
        self.parameters
    }

    /// Returns the same settings with the negotiated parameters.
    #[must_use]
    pub const fn with_parameters(mut self, parameters: DeflateParameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// Creates a compressor for what an endpoint of this role sends.
    ///
    /// ```
    /// use wsframe::Role;
    /// use wsframe::deflate::{Config, DeflateParameters};
    ///
    /// let config = Config::default();
    /// // The parameters that the opening handshake negotiated.
    /// let config = config.with_parameters(DeflateParameters::NO_TAKEOVER);
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
        Decompressor::new(self.parameters.received_by(role))
    }

    /// Returns whether a message of this many bytes is compressed in this context.
    #[must_use]
    pub const fn should_compress(&self, context: DeflateContext, message_len: usize) -> bool {
        message_len >= self.threshold_in(context)
    }

    /// Returns the length from which messages are compressed in this context.
    pub(crate) const fn threshold_in(&self, context: DeflateContext) -> usize {
        match self.threshold {
            Some(threshold) => threshold,
            None if context.takeover => Self::TAKEOVER_THRESHOLD,
            None => Self::NO_TAKEOVER_THRESHOLD,
        }
    }
}

/// Returns [`Config::new`] with [`DeflateParameters::DEFAULT`].
impl Default for Config {
    fn default() -> Self {
        Self::new(DeflateParameters::DEFAULT)
    }
}
