//! The kernels: the loops that touch every byte of a payload.
//!
//! | module | contents |
//! |---|---|
//! | `masking` | masking with vectors, written once for every instruction set |
//! | `lookup` | UTF-8 validation with vectors, for instruction sets that look up 16 bytes |
//! | `x86_64`, `aarch64`, `wasm32` | instruction sets: their operations, backends and detection |
//! | `x86_64::avx512` | UTF-8 validation for the one that looks up 64 bytes |
//! | `words` | for any machine, in safe code |
//! | `small` | for microcontrollers, in place of `words` |
//! | `plain` | for builds without optimisation, in place of the kernels |
//! | `chunks` | arrays inside slices |
//! | `append` | short frames in the spare capacity of a buffer, without a call to copy them |
//! | `text` | bytes become `str` by a kernel's verdict, without a second look |
//!
//! A [`Backend`] is a table of four kernels over slices. Code above this module calls the functions
//! below, which call the kernels of the best backend: each operation has an atomic pointer of its
//! own, set at the first call, unless the build already promises the best instruction set. To add a
//! backend, write its operations in a file of its own, and list it in `BACKENDS`, fastest first.
//!
//! What the four agree on:
//!
//! - **The key** is a `u32` in the order of memory (`u32::from_ne_bytes`), already turned so that
//!   its first byte in memory meets the slice's first byte. [`rotate`] turns it further.
//! - **The UTF-8 state** is a `u32` that holds the bytes of the character that is still open, 0 to
//!   3 of them, the earliest in the lowest byte; 0 is a character boundary, and [`BROKEN`] means
//!   that the text cannot become valid any more. It goes in and comes out by value and means the
//!   same to every backend, so that one can take over from another between two chunks.
//!
//! `--cfg wsframe_backend="NAME"` leaves out every backend that is faster than the named one, so
//! that a machine can run the whole ladder; with `"words"` no `unsafe` is compiled at all.
//! `"small"` builds the backend of that name alone, and makes the code above this module smaller
//! where that costs speed.

#[cfg(all(feature = "alloc", not(any(wsframe_backend = "words", wsframe_backend = "small"))))]
pub(crate) mod append;
#[cfg(not(wsframe_backend = "small"))]
mod chunks;
#[cfg(wsframe_vectors)]
#[clippy::msrv = "1.89"]
mod lookup;
#[cfg(wsframe_vectors)]
#[clippy::msrv = "1.89"]
mod masking;
pub mod plain;
#[cfg(wsframe_backend = "small")]
mod small;
#[cfg(wsframe_backend = "small")]
use small as words;
pub(crate) mod text;
#[cfg(not(wsframe_backend = "small"))]
pub(crate) mod words;

#[cfg(wsframe_vectors = "x86_64")]
#[clippy::msrv = "1.89"]
mod x86_64;
#[cfg(wsframe_vectors = "x86_64")]
use x86_64 as machine;

#[cfg(wsframe_vectors = "aarch64")]
#[clippy::msrv = "1.89"]
mod aarch64;
#[cfg(wsframe_vectors = "aarch64")]
use aarch64 as machine;

#[cfg(wsframe_vectors = "wasm32")]
#[clippy::msrv = "1.89"]
mod wasm32;
#[cfg(wsframe_vectors = "wasm32")]
use wasm32 as machine;

#[cfg(not(wsframe_vectors))]
mod machine {
    //! A machine without a vector backend.

    use super::{Backend, words};

    pub(super) static BACKENDS: &[Backend] = &[];

    super::only_backend!(words::BACKEND);
}

/// Writes the functions that call the kernels of a backend without dispatch. Each refers to its own
/// kernel alone.
#[allow(unused_macros, reason = "x86-64 has several backends")]
macro_rules! only_backend {
    ($backend:path) => {
        #[inline(always)]
        pub(super) fn mask(bytes: &mut [u8], key: u32) {
            (const { $backend.mask })(bytes, key);
        }

        #[inline(always)]
        pub(super) fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
            (const { $backend.mask_copy })(from, to, key);
        }

        #[inline(always)]
        pub(super) fn validate(bytes: &[u8], state: u32) -> u32 {
            (const { $backend.validate })(bytes, state)
        }

        #[inline(always)]
        pub(super) fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            (const { $backend.unmask_validate })(bytes, key, state)
        }
    };
}

#[allow(unused_imports, reason = "x86-64 has several backends")]
use only_backend;

use words::utf8::locate_error;

/// The UTF-8 state of text that holds an invalid byte. It stays what it is whatever follows.
pub const BROKEN: u32 = u32::MAX;

/// One set of kernels.
///
/// Public so that tests, fuzzers and benchmarks can run each by name; hidden from the
/// documentation, and no part of what a version number promises.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The name to ask for it by.
    pub name: &'static str,
    is_available: fn() -> bool,
    mask: fn(bytes: &mut [u8], key: u32),
    mask_copy: fn(from: &[u8], to: &mut [u8], key: u32),
    validate: fn(bytes: &[u8], state: u32) -> u32,
    unmask_validate: fn(bytes: &mut [u8], key: u32, state: u32) -> u32,
}

impl Backend {
    /// XORs the key over the slice.
    #[inline(always)]
    pub fn mask(&self, bytes: &mut [u8], key: u32) {
        (self.mask)(bytes, key);
    }

    /// Writes the source XOR the key to the target, as many bytes as the shorter of the two holds.
    #[inline(always)]
    pub fn mask_copy(&self, from: &[u8], to: &mut [u8], key: u32) {
        (self.mask_copy)(from, to, key);
    }

    /// Carries a UTF-8 state over the slice.
    #[inline(always)]
    pub fn validate(&self, bytes: &[u8], state: u32) -> u32 {
        (self.validate)(bytes, state)
    }

    /// XORs the key over the whole slice, and carries a UTF-8 state over the result. Where that
    /// comes out [`BROKEN`], the whole slice is unmasked all the same.
    #[inline(always)]
    pub fn unmask_validate(&self, bytes: &mut [u8], key: u32, state: u32) -> u32 {
        (self.unmask_validate)(bytes, key, state)
    }
}

/// Returns the backends that this machine can run, fastest first. The last one runs everywhere.
pub fn available() -> impl Iterator<Item = &'static Backend> {
    let all = machine::BACKENDS.iter().chain([&words::BACKEND]);
    all.filter(|backend| (backend.is_available)())
}

/// Returns the backend whose kernels the crate uses: the first of those that are available.
pub fn active() -> &'static Backend {
    available().next().unwrap_or(&words::BACKEND)
}

/// XORs the key over the slice.
#[inline(always)]
pub(crate) fn mask(bytes: &mut [u8], key: u32) {
    if plain::MASKS {
        plain::mask(bytes, key);
    } else {
        machine::mask(bytes, key);
    }
}

/// Writes the source XOR the key to the target, as many bytes as the shorter of the two holds.
#[inline(always)]
pub(crate) fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
    if plain::MASKS {
        plain::mask_copy(from, to, key);
    } else {
        machine::mask_copy(from, to, key);
    }
}

/// Carries a UTF-8 state over the slice.
#[inline(always)]
fn validate(bytes: &[u8], state: u32) -> u32 {
    if plain::validates(bytes.len()) {
        plain::validate(bytes, state)
    } else {
        machine::validate(bytes, state)
    }
}

/// XORs the key over the slice, and carries a UTF-8 state over the result, as
/// [`Backend::unmask_validate`] does.
#[inline(always)]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    if plain::validates(bytes.len()) {
        mask(bytes, key);
        plain::validate(bytes, state)
    } else {
        machine::unmask_validate(bytes, key, state)
    }
}

/// Returns the key as it applies to the byte `by` places further on.
#[inline(always)]
pub const fn rotate(key: u32, by: usize) -> u32 {
    // The cast keeps the low bits, and only the lowest two count.
    let bits = 8 * (by as u32 & 3);
    if cfg!(target_endian = "little") { key.rotate_right(bits) } else { key.rotate_left(bits) }
}
