//! Where masking keys come from (RFC 6455 §5.3, §10.3).

use crate::mask::MaskingKey;

/// A source of masking keys.
///
/// > The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong source
/// > of entropy, and the masking key for a given frame MUST NOT make it simple for a server/proxy to
/// > predict the masking key for a subsequent frame. (§5.3)
///
/// So it is to be a cryptographically secure generator, seeded by the system: feature `rand` has two
/// (`ThreadKeys`, `RandomKeys`), and any function that returns keys is one.
///
/// ```
/// use wsframe::{Connection, MaskingKey};
///
/// # fn fill_from_the_hardware(bytes: &mut [u8]) { bytes.fill(7); }
/// let connection = Connection::client(|| {
///     let mut key = [0; 4];
///     fill_from_the_hardware(&mut key);
///     MaskingKey::new(key)
/// });
/// # let _ = connection;
/// ```
pub trait MaskingKeys {
    /// Whether this is a source of keys at all: everything but [`Unmasked`] is.
    const MASKS: bool = true;

    /// The key of the next frame.
    fn next_key(&mut self) -> MaskingKey;
}

impl<F: FnMut() -> MaskingKey> MaskingKeys for F {
    #[inline(always)]
    fn next_key(&mut self) -> MaskingKey {
        self()
    }
}

/// The masking keys of a server, which masks nothing: it is never asked for one. A client that was given
/// this for its keys would mask with zeros, against §5.3; so none can be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unmasked;

impl MaskingKeys for Unmasked {
    const MASKS: bool = false;

    fn next_key(&mut self) -> MaskingKey {
        MaskingKey::new([0; 4])
    }
}

/// Refuses [`Unmasked`] for what masks its frames.
///
/// # Panics
///
/// If `masks`, and `K` has no keys.
pub(crate) const fn check<K: MaskingKeys>(masks: bool) {
    assert!(
        K::MASKS || !masks,
        "frames that go to a server are masked: `Unmasked` has no keys for them"
    );
}

/// Masking keys from a cryptographically secure generator.
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

/// Masking keys from the thread's generator, [`rand::rng`], which the system seeds. It takes no room in
/// a connection.
///
/// # Panics
///
/// Taking a key panics if the thread's generator cannot be seeded.
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
