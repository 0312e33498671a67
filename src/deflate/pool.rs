//! Compression contexts shared by many connections.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use super::Config;
use super::broadcast::Broadcast;
use super::compressor::Compressor;
use super::decompressor::Decompressor;
use super::parameters::DeflateContext;
use crate::error::ProtocolError;
use crate::limits::Limits;
use crate::rsv::Rsv;

/// A pool of idle compressors and decompressors, shared by many connections.
///
/// A connection needs a context while a message is open. Between messages it needs one only with
/// context takeover. So ten thousand connections without context takeover need as many contexts as
/// they have open messages. If the caller handles messages whole, that is one per thread.
///
/// The pool belongs to the caller and is not synchronized; one pool per thread is best. It creates
/// contexts on demand, and keeps up to [`Config::max_idle`] of each kind.
///
/// ```
/// use wsframe::deflate::{Config, PooledDecompressor, PooledCompressor, DeflateParameters, Pool};
///
/// let config = Config::new(DeflateParameters::NO_TAKEOVER);
/// let mut pool = Pool::new(config);
///
/// // Two of many connections, with the parameters that each negotiated.
/// let agreed = DeflateParameters::NO_TAKEOVER;
/// let mut one = PooledCompressor::new(agreed.server);
/// let mut other = PooledCompressor::new(agreed.server);
/// let (mut first, mut second) = (Vec::new(), Vec::new());
/// one.append(b"for one", &mut pool, &mut first);
/// other.append(b"for the other", &mut pool, &mut second);
/// assert_eq!(pool.idle_compressors(), 1); // one served both
///
/// let mut message = Vec::new();
/// PooledDecompressor::new(agreed.server).append(&second, &mut pool, &mut message)?;
/// assert_eq!(message, b"for the other");
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
pub struct Pool {
    config: Config,
    /// Each has the window of its last connection. The oldest is first.
    compressors: VecDeque<Compressor>,
    decompressors: Vec<Decompressor>,
    /// Holds a payload between its compression and the output. Empty otherwise.
    pub(super) payload: Vec<u8>,
}

impl Pool {
    /// Creates an empty pool, which takes no memory yet.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            compressors: VecDeque::new(),
            decompressors: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// Returns the settings of the contexts that the pool creates.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns a compressor for this context, without history.
    #[must_use]
    pub fn take_compressor(&mut self, context: DeflateContext) -> Compressor {
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

    /// Returns a compressor to the pool. If the pool is full, the oldest compressor is dropped,
    /// because no connection may need its window any more.
    pub fn put_compressor(&mut self, compressor: Compressor) {
        if self.config.max_idle == 0 {
            return;
        }
        if self.compressors.len() >= self.config.max_idle {
            self.compressors.pop_front();
        }
        self.compressors.push_back(compressor);
    }

    /// Returns a decompressor for this context, without history. It has the default limit.
    #[must_use]
    pub fn take_decompressor(&mut self, context: DeflateContext) -> Decompressor {
        let idle = self.decompressors.pop();
        let mut decompressor = idle.unwrap_or_else(|| Decompressor::new(context));
        decompressor.serve(context);
        decompressor.max_message_size(Limits::DEFAULT.message_size)
    }

    /// Returns a decompressor to the pool, or drops it if the pool is full.
    pub fn put_decompressor(&mut self, decompressor: Decompressor) {
        if self.decompressors.len() < self.config.max_idle {
            self.decompressors.push(decompressor);
        }
    }

    /// Returns the number of idle compressors.
    #[must_use]
    pub fn idle_compressors(&self) -> usize {
        self.compressors.len()
    }

    /// Returns the number of idle decompressors.
    #[must_use]
    pub fn idle_decompressors(&self) -> usize {
        self.decompressors.len()
    }

    /// Drops all idle contexts.
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

/// What a [`CompressedConnection`](super::CompressedConnection) takes contexts from: a [`Pool`], or
/// one that is shared, such as a `SharedPool`.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
/// use wsframe::deflate::{Config, ContextPool, Pool};
///
/// /// A pool for all connections of a thread.
/// struct LocalPool(Config, Rc<RefCell<Pool>>);
///
/// impl ContextPool for LocalPool {
///     fn config(&self) -> &Config {
///         &self.0
///     }
///
///     fn with_pool<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R {
///         use_pool(&mut self.1.borrow_mut())
///     }
/// }
/// ```
pub trait ContextPool {
    /// Returns the settings of the contexts that the pool creates.
    fn config(&self) -> &Config;

    /// Calls a function with the pool, to take contexts out or to put them back. No message is
    /// compressed or decompressed meanwhile, so a lock is held for a short time only.
    fn with_pool<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R;
}

impl ContextPool for Pool {
    #[inline]
    fn config(&self) -> &Config {
        &self.config
    }

    #[inline]
    fn with_pool<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R {
        use_pool(self)
    }
}

/// A connection's state for compressing outgoing messages: 32 bytes, and a compressor only while it
/// needs one.
///
/// For each message, call [`append`](Self::append). Or compress it with
/// [`compressor`](Self::compressor), then call [`recycle`](Self::recycle).
///
/// ```
/// use wsframe::deflate::{Config, PooledCompressor, DeflateParameters, Pool};
///
/// let mut pool = Pool::new(Config::new(DeflateParameters::NO_TAKEOVER));
/// let mut outgoing = PooledCompressor::new(DeflateParameters::NO_TAKEOVER.server);
///
/// let mut payload = Vec::new();
/// let compressor = outgoing.compressor(&mut pool);
/// compressor.append_fragment(b"a message ", &mut payload);
/// compressor.append(b"in fragments", &mut payload);
/// outgoing.recycle(&mut pool);
/// assert_eq!(pool.idle_compressors(), 1);
/// ```
#[derive(Debug)]
pub struct PooledCompressor {
    context: DeflateContext,
    compressor: Option<Compressor>,
}

impl PooledCompressor {
    /// Creates the state for a connection with this context: see
    /// [`DeflateParameters::sent_by`](super::DeflateParameters::sent_by).
    #[must_use]
    pub const fn new(context: DeflateContext) -> Self {
        Self { context, compressor: None }
    }

    /// Returns the negotiated context.
    #[must_use]
    pub const fn context(&self) -> DeflateContext {
        self.context
    }

    /// Returns the compressor: of the open message, of the context with takeover, or one from the
    /// pool.
    pub fn compressor(&mut self, pool: &mut Pool) -> &mut Compressor {
        self.compressor.get_or_insert_with(|| pool.take_compressor(self.context))
    }

    /// Ends a message: returns the compressor to the pool, unless the context has takeover.
    pub fn recycle(&mut self, pool: &mut Pool) {
        if !self.context.takeover {
            self.release(pool);
        }
    }

    /// Returns the compressor to the pool, also with context takeover. Call it between two
    /// messages.
    ///
    /// The next message then refers to no earlier one, which every peer can decompress. Release the
    /// compressor
    ///
    /// - to free the memory of a quiet connection. The next message then compresses less well.
    /// - after the peer was sent a compressed message that this compressor did not produce.
    ///   [`broadcast`](Self::broadcast) does this.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(compressor) = self.compressor.take() {
            pool.put_compressor(compressor);
        }
    }

    /// Returns the payload of a broadcast for this connection's peer, and the RSV bits of its
    /// frame. Send it between two messages. If the payload is compressed, the compressor is
    /// [released](Self::release).
    ///
    /// ```
    /// use wsframe::deflate::{Broadcast, Compressor, Config, DeflateContext, CompressorOptions};
    /// use wsframe::deflate::{PooledDecompressor, PooledCompressor, Pool};
    ///
    /// let config = Config::default();
    /// let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    /// let news = "{\"tick\":1}".repeat(100);
    /// let broadcast = Broadcast::new(news.as_bytes(), &mut compressor, &config);
    ///
    /// let mut pool = Pool::new(config);
    /// let mut outgoing = PooledCompressor::new(DeflateContext::DEFAULT);
    /// let mut incoming = PooledDecompressor::new(DeflateContext::DEFAULT);
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

    /// Compresses a whole message and appends it to `out`.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn append(&mut self, message: &[u8], pool: &mut Pool, out: &mut Vec<u8>) {
        self.compressor(pool).append(message, out);
        self.recycle(pool);
    }
}

/// A connection's state for decompressing incoming messages: 48 bytes, and a decompressor only
/// while it needs one.
///
/// For each message, call [`append`](Self::append). Or decompress it with
/// [`decompressor`](Self::decompressor), then call [`recycle`](Self::recycle).
///
/// With context takeover, the decompressor stays from the first message to the end of the
/// connection, because the peer may refer to earlier messages. To avoid this, negotiate no context
/// takeover for the peer.
///
/// ```
/// use wsframe::deflate::{Config, PooledDecompressor, DeflateParameters, Pool};
///
/// let mut pool = Pool::new(Config::new(DeflateParameters::NO_TAKEOVER));
/// let mut incoming = PooledDecompressor::new(DeflateParameters::NO_TAKEOVER.client);
///
/// let mut message = Vec::new();
/// let payload = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
/// incoming.append(&payload, &mut pool, &mut message)?;
/// assert_eq!(message, b"Hello");
/// assert_eq!(pool.idle_decompressors(), 1);
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Debug)]
pub struct PooledDecompressor {
    context: DeflateContext,
    max_message_size: u32,
    decompressor: Option<Decompressor>,
}

impl PooledDecompressor {
    /// Creates the state for a connection with this context: see
    /// [`DeflateParameters::received_by`](super::DeflateParameters::received_by).
    #[must_use]
    pub const fn new(context: DeflateContext) -> Self {
        Self { context, max_message_size: Limits::DEFAULT.message_size, decompressor: None }
    }

    /// Sets the limit on the decompressed length of a message. The default is that of [`Limits`];
    /// `u32::MAX` disables the limit.
    #[must_use]
    pub const fn max_message_size(mut self, bytes: u32) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Returns the negotiated context.
    #[must_use]
    pub const fn context(&self) -> DeflateContext {
        self.context
    }

    /// Returns the decompressor: of the open message, of the context with takeover, or one from the
    /// pool.
    pub fn decompressor(&mut self, pool: &mut Pool) -> &mut Decompressor {
        self.decompressor.get_or_insert_with(|| {
            pool.take_decompressor(self.context).max_message_size(self.max_message_size)
        })
    }

    /// Ends a message: returns the decompressor to the pool, unless the context has takeover.
    pub fn recycle(&mut self, pool: &mut Pool) {
        if !self.context.takeover {
            self.release(pool);
        }
    }

    /// Returns the decompressor to the pool, at the end of the connection.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(decompressor) = self.decompressor.take() {
            pool.put_decompressor(decompressor);
        }
    }

    /// Decompresses a whole message and appends it to `out`.
    ///
    /// # Errors
    ///
    /// Those of [`Decompressor::append`]: what [`Decompressor::decompress`] and
    /// [`Decompressor::finish`] return. `out` is unchanged then.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn append(
        &mut self,
        payload: &[u8],
        pool: &mut Pool,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let outcome = self.decompressor(pool).append(payload, out);
        if outcome.is_ok() {
            self.recycle(pool);
        }
        outcome
    }
}
