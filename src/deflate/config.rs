//! What an endpoint sets.

use super::compressor::{Compressor, Effort};
use super::decompressor::Decompressor;
use super::parameters::{Context, Parameters};
use crate::header::Role;
use crate::message::DEFAULT_MAX_MESSAGE_LEN;

/// The settings of an endpoint: what it negotiates, and how it uses what was agreed on.
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
    /// The length in bytes from which a message is compressed where nothing else is set: 64 where the
    /// context is taken over.
    pub const TAKEOVER_THRESHOLD: usize = 64;
    /// The same where each message stands for itself: 256. A shorter one has little in it that repeats.
    pub const NO_TAKEOVER_THRESHOLD: usize = 256;

    /// These parameters, [`Effort::DEFAULT`], the thresholds above, a limit on messages of
    /// [`DEFAULT_MAX_MESSAGE_LEN`], and 4 idle contexts of either kind in a pool.
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

    /// How hard compressors try.
    #[must_use]
    pub const fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// Sends messages shorter than this many bytes as they are, whatever the context.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = Some(bytes);
        self
    }

    /// Refuses messages that are longer than this when decompressed; [`NO_LIMIT`](crate::NO_LIMIT) lifts
    /// the limit.
    ///
    /// A connection's own limit ([`MessageDecoder::max_message_len`](crate::MessageDecoder::max_message_len))
    /// holds besides: to have longer messages than that allows, set both.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u32) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// How many compressors, and how many decompressors, a [`Pool`](super::Pool) keeps for later.
    #[must_use]
    pub const fn max_idle(mut self, count: usize) -> Self {
        self.max_idle = count;
        self
    }

    /// What to negotiate.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The same settings with other parameters: those that were agreed on.
    #[must_use]
    pub const fn agreed(mut self, parameters: Parameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// A compressor for what an endpoint of this role sends, by these parameters.
    ///
    /// ```
    /// use wsframe::Role;
    /// use wsframe::deflate::{Config, Parameters};
    ///
    /// let config = Config::default().max_message_len(1 << 20);
    /// // What the opening handshake came to.
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

    /// A decompressor for what an endpoint of this role receives, by these parameters.
    #[must_use]
    pub const fn decompressor(&self, role: Role) -> Decompressor {
        Decompressor::new(self.parameters.received_by(role)).max_message_len(self.max_message_len)
    }

    /// Whether a message of this many bytes is to be compressed in this context.
    #[must_use]
    pub const fn compresses(&self, context: Context, message_len: usize) -> bool {
        message_len >= self.threshold_in(context)
    }

    /// How long a message must be to be compressed in this context.
    pub(crate) const fn threshold_in(&self, context: Context) -> usize {
        match self.threshold {
            Some(threshold) => threshold,
            None if context.takeover => Self::TAKEOVER_THRESHOLD,
            None => Self::NO_TAKEOVER_THRESHOLD,
        }
    }
}

/// [`Parameters::FULL`], and the rest as [`Config::new`] has it.
impl Default for Config {
    fn default() -> Self {
        Self::new(Parameters::FULL)
    }
}
