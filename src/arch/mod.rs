//! The kernels: the loops that touch every byte of a payload.
//!
//! A [`Backend`] is a table of four functions over slices. Everything above this room calls
//! `active` and knows nothing of instruction sets. To add one: write its four functions in a file of
//! its own, and list its table in [`BACKENDS`], fastest first.
//!
//! What the four agree on:
//!
//! - **The key** is a `u32` in the order of memory (`u32::from_ne_bytes`), already turned so that its
//!   first byte in memory meets the slice's first byte. [`rotate`] turns it further.
//! - **The UTF-8 state** is a `u32` that holds the bytes of the character that is still open, 0 to 3 of
//!   them, the earliest in the lowest byte; 0 is a character boundary, and [`BROKEN`] means that the
//!   text cannot become valid any more. It goes in and comes out by value and means the same to every
//!   backend, so that one can take over from another between two chunks.

pub(crate) mod generic;

/// The UTF-8 state of text that holds an invalid byte. It stays what it is whatever follows.
pub const BROKEN: u32 = u32::MAX;

/// One set of kernels.
///
/// Public so that tests, fuzzers and benchmarks can run each by name; hidden from the documentation,
/// and no part of what a version number promises.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The name to ask for it by.
    pub name: &'static str,
    /// XORs the key over the slice.
    pub mask: fn(bytes: &mut [u8], key: u32),
    /// Writes the source XOR the key to the target, as many bytes as the shorter of the two holds.
    pub mask_copy: fn(from: &[u8], to: &mut [u8], key: u32),
    /// Carries a UTF-8 state over the slice.
    pub validate: fn(bytes: &[u8], state: u32) -> u32,
    /// XORs the key over the whole slice, and carries a UTF-8 state over the result. Where the result
    /// is [`BROKEN`], the whole slice is unmasked all the same.
    pub unmask_validate: fn(bytes: &mut [u8], key: u32, state: u32) -> u32,
}

/// The backends of this build, fastest first. The last one runs everywhere.
pub static BACKENDS: &[Backend] = &[generic::BACKEND];

/// The backends that this machine can run.
pub fn available() -> impl Iterator<Item = &'static Backend> {
    BACKENDS.iter()
}

/// The backend that the crate uses.
#[inline(always)]
pub(crate) const fn active() -> &'static Backend {
    &generic::BACKEND
}

/// The key as it meets the byte `by` places further on.
#[inline(always)]
pub const fn rotate(key: u32, by: usize) -> u32 {
    // The cast keeps the low bits, and only the lowest two count.
    let bits = 8 * (by as u32 & 3);
    if cfg!(target_endian = "little") { key.rotate_right(bits) } else { key.rotate_left(bits) }
}
