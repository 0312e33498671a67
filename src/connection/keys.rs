//! Sources of masking keys (RFC 6455 §5.3, §10.3).

use crate::mask::MaskingKey;

/// A source of masking keys.
///
/// > The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong
/// > source of entropy, and the masking key for a given frame MUST NOT make it simple for a
/// > server/proxy to predict the masking key for a subsequent frame. (§5.3)
///
/// Implementations must therefore use a cryptographically secure generator that the system seeds.
/// The feature `rand` provides `ThreadKeys` and `RandomKeys`. A closure that returns keys also
/// implements this trait:
///
/// ```
/// use wsframe::{Connection, MaskingKey, MaskingKeys};
///
/// /// Creates a client with keys from a hardware generator.
/// fn client(mut fill_random: impl FnMut(&mut [u8])) -> Connection<impl MaskingKeys> {
///     Connection::client(move || {
///         let mut key = [0; 4];
///         fill_random(&mut key);
///         MaskingKey::new(key)
///     })
/// }
/// ```
pub trait MaskingKeys {
    /// Whether this source has keys. Only [`NoKeys`] has none.
    const MASKS: bool = true;

    /// Returns the key for the next frame.
    fn next_key(&mut self) -> MaskingKey;
}

impl<F: FnMut() -> MaskingKey> MaskingKeys for F {
    #[inline(always)]
    fn next_key(&mut self) -> MaskingKey {
        self()
    }
}

/// The masking keys of a server, which does not mask its frames (RFC 6455 §5.1).
///
/// A client cannot use it: [`Connection::client`](crate::Connection::client) does not compile with
/// it, and [`Connection::with_message_decoder`](crate::Connection::with_message_decoder) panics.
///
/// ```
/// use wsframe::{Connection, MessageDecoder, Role, NoKeys};
///
/// let messages = MessageDecoder::new(Role::Server);
/// let connection = Connection::with_message_decoder(messages, NoKeys);
/// # let _ = connection;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoKeys;

impl MaskingKeys for NoKeys {
    const MASKS: bool = false;

    fn next_key(&mut self) -> MaskingKey {
        MaskingKey::new([0; 4])
    }
}

/// Rejects [`NoKeys`] as the keys of an endpoint that must mask its frames.
///
/// # Panics
///
/// Panics if `masks` is true and `K` has no keys.
pub(crate) const fn check<K: MaskingKeys>(masks: bool) {
    assert!(
        K::MASKS || !masks,
        "frames to a server must be masked, but `NoKeys` has no keys (RFC 6455 §5.3)"
    );
}

/// Masking keys from a cryptographically secure generator of the crate `rand`.
///
/// ```
/// use rand::CryptoRng;
/// use wsframe::{Connection, RandomKeys};
///
/// /// Creates a client whose keys come from `generator`, such as a seeded `StdRng`.
/// fn client<R: CryptoRng>(generator: R) -> Connection<RandomKeys<R>> {
///     Connection::client(RandomKeys(generator))
/// }
/// ```
#[cfg(feature = "rand")]
#[derive(Clone, Debug)]
pub struct RandomKeys<R>(pub R);

#[cfg(feature = "rand")]
impl<R: rand::CryptoRng> MaskingKeys for RandomKeys<R> {
    #[inline]
    fn next_key(&mut self) -> MaskingKey {
        MaskingKey::new(self.0.next_u32().to_ne_bytes())
    }
}

/// Masking keys from the thread's generator, [`rand::rng`], which the system seeds.
///
/// It takes no memory in a connection.
///
/// # Panics
///
/// [`next_key`](MaskingKeys::next_key) panics if the thread's generator cannot be seeded. So does
/// sending the first masked frame on that thread.
///
/// ```
/// use wsframe::{Connection, ThreadKeys};
///
/// let mut connection = Connection::client(ThreadKeys);
/// let mut out = Vec::new();
/// connection.send("Hello", &mut out)?;
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[cfg(all(feature = "rand", feature = "std"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadKeys;

#[cfg(all(feature = "rand", feature = "std"))]
impl MaskingKeys for ThreadKeys {
    #[inline]
    fn next_key(&mut self) -> MaskingKey {
        RandomKeys(rand::rng()).next_key()
    }
}
