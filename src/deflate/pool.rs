//! Memory that many connections share.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use super::Config;
use super::broadcast::Broadcast;
use super::compressor::Compressor;
use super::decompressor::Decompressor;
use super::parameters::Context;
use crate::error::ProtocolError;
use crate::frame::NO_LIMIT;
use crate::header::Rsv;

/// Compressors and decompressors that no connection needs at the moment.
///
/// A connection needs one for as long as a message is open, and in between only if its context is taken
/// over. So a thread with ten thousand connections without context takeover has use for as many as it has
/// messages open at once, which is one where it handles messages whole.
///
/// The pool belongs to whoever calls; it knows no threads. A thread of its own each is best. It creates
/// what it lacks, and keeps up to [`Config::max_idle`] of either kind.
///
/// ```
/// use wsframe::deflate::{Config, Incoming, Outgoing, Parameters, Pool};
///
/// let config = Config::new(Parameters::NO_TAKEOVER);
/// let mut pool = Pool::new(config);
///
/// // Two of many connections, and what each agreed on with its client.
/// let agreed = Parameters::NO_TAKEOVER;
/// let mut one = Outgoing::new(agreed.server);
/// let mut other = Outgoing::new(agreed.server);
/// let (mut first, mut second) = (Vec::new(), Vec::new());
/// one.append(b"for one", &mut pool, &mut first);
/// other.append(b"for the other", &mut pool, &mut second);
/// assert_eq!(pool.idle_compressors(), 1); // one served both
///
/// let mut message = Vec::new();
/// Incoming::new(agreed.server).append(&second, &mut pool, &mut message)?;
/// assert_eq!(message, b"for the other");
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
pub struct Pool {
    config: Config,
    /// With the windows of their connections; the oldest first.
    compressors: VecDeque<Compressor>,
    decompressors: Vec<Decompressor>,
    /// Where a payload lies between its compression and the output. Empty in between.
    pub(super) payload: Vec<u8>,
}

impl Pool {
    /// A pool that is empty, and takes no memory yet.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            compressors: VecDeque::new(),
            decompressors: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// The settings of what it creates.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// A compressor for this context, which has nothing in its window.
    #[must_use]
    pub fn take_compressor(&mut self, context: Context) -> Compressor {
        let fits = |idle: &Compressor| idle.context().window_bits == context.window_bits;
        let idle = self.compressors.iter().rposition(fits);
        match idle.and_then(|index| self.compressors.remove(index)) {
            Some(mut compressor) => {
                compressor.serve(context);
                compressor
            }
            None => Compressor::new(context, self.config.effort),
        }
    }

    /// Takes a compressor back. If it has enough, the one that has waited longest makes room: its window
    /// may be one that nobody asks for any more.
    pub fn put_compressor(&mut self, compressor: Compressor) {
        if self.config.max_idle == 0 {
            return;
        }
        if self.compressors.len() >= self.config.max_idle {
            self.compressors.pop_front();
        }
        self.compressors.push_back(compressor);
    }

    /// A decompressor for this context, which has nothing in its window, and the limit of
    /// [`Config::max_message_len`].
    #[must_use]
    pub fn take_decompressor(&mut self, context: Context) -> Decompressor {
        let idle = self.decompressors.pop();
        let mut decompressor = idle.unwrap_or_else(|| Decompressor::new(context));
        decompressor.serve(context);
        decompressor.max_message_len(self.config.max_message_len)
    }

    /// Takes a decompressor back, or drops it if it has enough.
    pub fn put_decompressor(&mut self, decompressor: Decompressor) {
        if self.decompressors.len() < self.config.max_idle {
            self.decompressors.push(decompressor);
        }
    }

    /// How many compressors wait in it.
    #[must_use]
    pub fn idle_compressors(&self) -> usize {
        self.compressors.len()
    }

    /// How many decompressors wait in it.
    #[must_use]
    pub fn idle_decompressors(&self) -> usize {
        self.decompressors.len()
    }

    /// Drops all that wait in it.
    pub fn clear(&mut self) {
        *self = Self::new(self.config);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.config)
            .field("idle_compressors", &self.compressors.len())
            .field("idle_decompressors", &self.decompressors.len())
            .finish()
    }
}

/// What a connection keeps to compress what it sends: 32 bytes, and a compressor only while it needs one.
///
/// For each message: [`compressor`](Self::compressor), all of the message, [`end`](Self::end). Or
/// [`append`](Self::append), which is all three.
#[derive(Debug)]
pub struct Outgoing {
    context: Context,
    compressor: Option<Compressor>,
}

impl Outgoing {
    /// For a connection that agreed on this: [`Parameters::sent_by`](super::Parameters::sent_by).
    #[must_use]
    pub const fn new(context: Context) -> Self {
        Self { context, compressor: None }
    }

    /// What was agreed on.
    #[must_use]
    pub const fn context(&self) -> Context {
        self.context
    }

    /// The compressor: of the message that is open, of the context that is taken over, or one from the
    /// pool.
    pub fn compressor(&mut self, pool: &mut Pool) -> &mut Compressor {
        self.compressor.get_or_insert_with(|| pool.take_compressor(self.context))
    }

    /// After a message: gives the compressor back to the pool, unless its context is taken over.
    pub fn end(&mut self, pool: &mut Pool) {
        if !self.context.takeover {
            self.release(pool);
        }
    }

    /// Between two messages: gives the compressor back to the pool even if its context is taken over.
    ///
    /// The next message then refers to none before it, which every peer understands. It is how a
    /// connection that has been quiet for a while comes to cost nothing, at the price of one message that
    /// is compressed less well. It must also be done when the peer was sent a compressed message that this
    /// compressor has not seen; [`broadcast`](Self::broadcast) does it.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(compressor) = self.compressor.take() {
            pool.put_compressor(compressor);
        }
    }

    /// Returns the payload of a broadcast for this connection's peer, and the RSV bits of its frame, which
    /// must be sent between two messages. If it is compressed, the compressor is
    /// [released](Self::release).
    ///
    /// ```
    /// use wsframe::deflate::{Broadcast, Compressor, Config, Context, Effort, Incoming, Outgoing, Pool};
    ///
    /// let config = Config::default();
    /// let mut compressor = Compressor::new(Context::NO_TAKEOVER, Effort::DEFAULT);
    /// let news = "{\"tick\":1}".repeat(100);
    /// let broadcast = Broadcast::new(news.as_bytes(), &mut compressor, &config);
    ///
    /// let mut pool = Pool::new(config);
    /// let (mut outgoing, mut incoming) = (Outgoing::new(Context::FULL), Incoming::new(Context::FULL));
    /// let (mut payload, mut message) = (Vec::new(), Vec::new());
    /// outgoing.append(b"a message of its own", &mut pool, &mut payload);
    /// incoming.append(&payload, &mut pool, &mut message)?;
    ///
    /// let (rsv, payload) = outgoing.broadcast(&broadcast, &mut pool);
    /// assert_eq!(rsv, wsframe::Rsv::RSV1);
    /// message.clear();
    /// incoming.append(payload, &mut pool, &mut message)?;
    /// assert_eq!(message, news.as_bytes());
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn broadcast<'m>(
        &mut self,
        message: &'m Broadcast<'_>,
        pool: &mut Pool,
    ) -> (Rsv, &'m [u8]) {
        let (rsv, payload) = message.payload_in(Some(self.context));
        if rsv.contains(Rsv::RSV1) {
            self.release(pool);
        }
        (rsv, payload)
    }

    /// Compresses a whole message, and appends it to `out`.
    pub fn append(&mut self, message: &[u8], pool: &mut Pool, out: &mut Vec<u8>) {
        self.compressor(pool).append(message, out);
        self.end(pool);
    }
}

/// What a connection keeps to decompress what it receives: 48 bytes, and a decompressor only while it
/// needs one.
///
/// For each message: [`decompressor`](Self::decompressor), all of the message, [`end`](Self::end). Or
/// [`append`](Self::append), which is all three.
///
/// Where the context is taken over, the decompressor stays from the first message to the last: what the
/// peer may refer to has to be kept. An endpoint that cannot afford this agrees to no takeover by its peer.
#[derive(Debug)]
pub struct Incoming {
    context: Context,
    max_message_len: u32,
    decompressor: Option<Decompressor>,
}

impl Incoming {
    /// For a connection that agreed on this:
    /// [`Parameters::received_by`](super::Parameters::received_by).
    #[must_use]
    pub const fn new(context: Context) -> Self {
        Self { context, max_message_len: NO_LIMIT, decompressor: None }
    }

    /// Refuses messages that are longer than this when decompressed, though the pool's
    /// [`Config::max_message_len`] allows them: the smaller of both holds. A new one has no limit of its
    /// own.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u32) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// What was agreed on.
    #[must_use]
    pub const fn context(&self) -> Context {
        self.context
    }

    /// The decompressor: of the message that is open, of the context that is taken over, or one from the
    /// pool.
    pub fn decompressor(&mut self, pool: &mut Pool) -> &mut Decompressor {
        self.decompressor.get_or_insert_with(|| {
            let limit = self.max_message_len.min(pool.config.max_message_len);
            pool.take_decompressor(self.context).max_message_len(limit)
        })
    }

    /// After a message: gives the decompressor back to the pool, unless its context is taken over.
    pub fn end(&mut self, pool: &mut Pool) {
        if !self.context.takeover {
            self.release(pool);
        }
    }

    /// At the end of the connection: gives the decompressor back to the pool.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(decompressor) = self.decompressor.take() {
            pool.put_decompressor(decompressor);
        }
    }

    /// Decompresses a whole message, and appends it to `out`.
    ///
    /// # Errors
    ///
    /// As [`Decompressor::append`].
    pub fn append(
        &mut self,
        payload: &[u8],
        pool: &mut Pool,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let outcome = self.decompressor(pool).append(payload, out);
        if outcome.is_ok() {
            self.end(pool);
        }
        outcome
    }
}
