//! The masking key, and the mask that it makes at an offset.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use crate::arch;
#[cfg(feature = "alloc")]
use crate::buffer::Buffer;

/// The four bytes that a masked frame carries in its header (RFC 6455 §5.3), in the order of the
/// wire.
///
/// A client must use a fresh, unpredictable key for every frame (§10.3). This type does not check
/// that: see [`MaskingKeys`](crate::MaskingKeys).
///
/// ```
/// use wsframe::MaskingKey;
///
/// let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// assert_eq!(key.to_bytes(), [0x37, 0xfa, 0x21, 0x3d]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskingKey([u8; 4]);

impl MaskingKey {
    /// Creates a key from four bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Returns the four bytes, in the order of the wire.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl From<[u8; 4]> for MaskingKey {
    fn from(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }
}

impl From<MaskingKey> for [u8; 4] {
    fn from(key: MaskingKey) -> Self {
        key.0
    }
}

impl fmt::Debug for MaskingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskingKey({self})")
    }
}

/// Writes eight hexadecimal digits, in the order of the wire.
impl fmt::Display for MaskingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// A masking key rotated to the current offset in the payload.
///
/// Applying it to a piece of the payload advances it by the length of the piece. So one `Mask`
/// masks the pieces of a payload in order, whatever their lengths. It takes four bytes, and has no
/// counter that could overflow.
///
/// ```
/// use wsframe::{Mask, MaskingKey};
///
/// let key = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58]; // the RFC's example, §5.7
/// let (front, back) = payload.split_at_mut(3);
///
/// let mut mask = Mask::new(key);
/// mask.apply(front);
/// mask.apply(back); // goes on at the key's fourth byte
/// assert_eq!(&payload, b"Hello");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mask(u32);

/// The number of bytes that are appended at once: first zeros, which masking then overwrites while
/// they are in the L1 cache.
#[cfg(feature = "alloc")]
const APPENDED_AT_ONCE: usize = 4096;

impl Mask {
    /// The mask of an unmasked payload. Applying it is a no-op.
    pub const IDENTITY: Self = Self(0);

    /// Creates the mask at the first byte of a payload.
    #[must_use]
    #[inline(always)]
    pub const fn new(key: MaskingKey) -> Self {
        Self(u32::from_ne_bytes(key.0))
    }

    /// Returns the key rotated to the current offset: its first byte applies to the next byte of
    /// the payload.
    #[must_use]
    #[inline(always)]
    pub const fn key(&self) -> MaskingKey {
        MaskingKey(self.0.to_ne_bytes())
    }

    /// Masks or unmasks the next bytes of the payload in place.
    #[doc(alias = "unmask")]
    #[doc(alias = "apply_mask")]
    #[inline(always)]
    pub fn apply(&mut self, bytes: &mut [u8]) {
        if self.is_identity() {
            return;
        }
        arch::mask(bytes, self.0);
        self.advance(bytes.len());
    }

    /// Writes the next bytes of the payload to `to`, masked or unmasked, in one pass. Returns their
    /// number, the length of the shorter slice.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey};
    ///
    /// let mut mask = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let mut masked = [0; 16];
    /// assert_eq!(mask.apply_into(b"Hello", &mut masked), 5);
    /// assert_eq!(masked[..5], [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    /// ```
    #[inline(always)]
    pub fn apply_into(&mut self, from: &[u8], to: &mut [u8]) -> usize {
        let len = from.len().min(to.len());
        arch::mask_copy(from, to, self.0);
        self.advance(len);
        len
    }

    /// Appends the next bytes of the payload to `to`, masked or unmasked.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey};
    ///
    /// let mut mask = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let mut masked = vec![0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d];
    /// mask.apply_append(b"Hello", &mut masked);
    /// assert_eq!(masked[6..], [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    /// ```
    #[cfg(feature = "alloc")]
    pub fn apply_append(&mut self, from: &[u8], to: &mut Vec<u8>) {
        self.append_to(from, to);
    }

    /// Same as [`apply_append`](Self::apply_append), to any buffer.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn append_to(&mut self, from: &[u8], to: &mut impl Buffer) {
        if self.is_identity() {
            return to.append(from);
        }
        to.reserve(from.len());
        for piece in from.chunks(APPENDED_AT_ONCE) {
            self.apply_into(piece, to.append_zeros(piece.len()));
        }
    }

    /// Advances the mask as if `len` bytes had been masked. Only `len` modulo 4 matters.
    #[inline(always)]
    pub fn advance(&mut self, len: usize) {
        self.0 = arch::rotate(self.0, len);
    }

    /// Returns a mask with the effect of both masks. A relay uses it to exchange one key for
    /// another in a single pass.
    ///
    /// ```
    /// use wsframe::{Mask, MaskingKey};
    ///
    /// let theirs = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
    /// let ours = Mask::new(MaskingKey::new([1, 2, 3, 4]));
    /// let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    /// theirs.combine(&ours).apply(&mut payload);
    /// ours.clone().apply(&mut payload);
    /// assert_eq!(&payload, b"Hello");
    /// ```
    #[must_use]
    #[inline(always)]
    pub const fn combine(&self, other: &Self) -> Self {
        Self(self.0 ^ other.0)
    }

    /// Returns whether applying the mask is a no-op, as for [`IDENTITY`](Self::IDENTITY) and for a
    /// key of four zeros.
    #[must_use]
    #[inline(always)]
    pub const fn is_identity(&self) -> bool {
        self.0 == 0
    }

    /// Creates the mask from its [`word`](Self::word).
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) const fn of_word(word: u32) -> Self {
        Self(word)
    }

    /// Returns the key in the order of memory, for the kernels.
    #[inline(always)]
    pub(crate) const fn word(&self) -> u32 {
        self.0
    }
}

impl From<MaskingKey> for Mask {
    fn from(key: MaskingKey) -> Self {
        Self::new(key)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.key())
    }
}
