//! Masking (RFC 6455 §5.3): byte `i` of a payload XOR byte `i mod 4` of the masking key.
//!
//! The same operation masks and unmasks. [`apply`] masks a whole payload. To mask a payload in
//! pieces, use a [`Mask`], or [`apply_and_rotate`] with the key as a plain array.
//!
//! [`MaskingKey`] is the key as in the frame header. [`Mask`] is the key rotated to the current
//! offset in the payload.

pub(crate) mod types;

pub(crate) use types::{Mask, MaskingKey};

/// Masks or unmasks a whole payload in place (RFC 6455 §5.3).
///
/// ```
/// let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// wsframe::mask::apply(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
/// assert_eq!(&payload, b"Hello");
/// ```
#[doc(alias = "unmask")]
#[doc(alias = "apply_mask")]
#[inline(always)]
pub fn apply(payload: &mut [u8], key: [u8; 4]) {
    Mask::new(MaskingKey::new(key)).apply(payload);
}

/// Masks or unmasks the next bytes of a payload in place, and rotates `key` so that it is ready for
/// the bytes after them.
///
/// A [`Mask`] does the same, and its type tells it from the key of the header.
///
/// ```
/// let mut key = [0x37, 0xfa, 0x21, 0x3d];
/// let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// let (front, back) = payload.split_at_mut(3);
///
/// wsframe::mask::apply_and_rotate(&mut key, front);
/// assert_eq!(key, [0x3d, 0x37, 0xfa, 0x21]);
/// wsframe::mask::apply_and_rotate(&mut key, back);
/// assert_eq!(&payload, b"Hello");
/// ```
#[inline(always)]
pub fn apply_and_rotate(key: &mut [u8; 4], bytes: &mut [u8]) {
    let mut mask = Mask::new(MaskingKey::new(*key));
    mask.apply(bytes);
    *key = mask.key().to_bytes();
}
