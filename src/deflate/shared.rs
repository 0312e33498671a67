//! A pool for connections on several threads.

use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use super::{Config, ContextPool, Pool};

/// A [`Pool`] that connections on any threads share. A clone is the same pool.
///
/// It is locked while a context is taken out or put back, and not while a message is compressed or
/// decompressed. Codecs and streams put their contexts back when they are dropped.
///
/// ```
/// use wsframe::Connection;
/// use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, SharedPool};
///
/// let mut pool = SharedPool::new(Config::new(DeflateParameters::NO_TAKEOVER).max_idle(16));
/// let server = std::thread::spawn({
///     let mut pool = pool.clone();
///     move || {
///         let agreed = Some(DeflateParameters::NO_TAKEOVER);
///         let mut connection = CompressedConnection::new(Connection::server(), agreed);
///         let mut out = Vec::new();
///         connection.send("tick ".repeat(100).as_str(), &mut pool, &mut out)
///     }
/// });
/// # assert!(server.join().is_ok_and(|sent| sent.is_ok()));
/// # let _ = &mut pool;
/// ```
#[derive(Clone, Debug)]
pub struct SharedPool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    pool: Mutex<Pool>,
}

impl SharedPool {
    /// Creates an empty pool.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Shared { config, pool: Mutex::new(Pool::new(config)) }))
    }
}

impl ContextPool for SharedPool {
    fn config(&self) -> &Config {
        &self.0.config
    }

    fn with_pool<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R {
        // The pool is in order even if the lock is poisoned: each change of it is a single step.
        use_pool(&mut self.0.pool.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Creates a pool with this configuration.
impl From<Config> for SharedPool {
    fn from(config: Config) -> Self {
        Self::new(config)
    }
}
