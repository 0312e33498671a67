//! The kernels: the loops that touch every byte of a payload.
//!
//! | module | contents |
//! |---|---|
//! | `masking` | masking with vectors, written once for every instruction set |
//! | `lookup` | UTF-8 validation with vectors, for instruction sets that look up 16 bytes |
//! | `x86_64`, `aarch64`, `wasm32` | instruction sets: their operations, backends and detection |
//! | `x86_64::avx512` | AVX-512, which looks up 64 bytes, with UTF-8 validation of its own |
//! | `words` | for any machine, in safe code |
//! | `small` | for microcontrollers, in place of `words` |
//! | `plain` | for builds without optimisation, in place of the kernels |
//! | `chunks` | arrays inside slices |
//! | `append` | frames in the spare capacity of a buffer, short ones without a call to copy them |
//! | `text` | bytes that a kernel found valid, as `str` without a second validation |
//!
//! A [`Backend`] is a table of four kernels over slices. The rest of the crate calls the functions
//! in this file, which call the kernels of the best backend. On x86-64 each operation has an atomic
//! pointer to its kernel. The first call sets the pointer, unless the build's target features
//! already include the best instruction set. To add a backend, write its operations in a file of
//! its own, and list it in `BACKENDS`, fastest first.
//!
//! All four kernels use the same two types:
//!
//! - **The key** is a `u32` in the order of memory (`u32::from_ne_bytes`). It is already rotated:
//!   its first byte in memory applies to the slice's first byte. [`rotate`] rotates it further.
//! - **The UTF-8 state** is a `u32` with the bytes of the character that is still open, the
//!   earliest in the lowest byte. There are 0 to 3 of them, so 0 is a character boundary.
//!   [`BROKEN`] means that no further bytes can make the text valid. The state is passed and
//!   returned by value. It is the same for every backend, so two chunks of one text may use
//!   different backends.
//!
//! `--cfg wsframe_backend="NAME"` leaves out every backend that is faster than the named one, so
//! one machine can test each of them. With `"words"` no `unsafe` is compiled at all. `"small"`
//! builds only the backend of that name, and makes the rest of the crate smaller where that costs
//! speed.

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

/// Writes the functions that call the kernels of a backend without dispatch. Each refers only to
/// its own kernel, so a program links no kernel that it does not call.
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

/// The UTF-8 state of text that contains an invalid byte. Every kernel returns it unchanged.
pub const BROKEN: u32 = u32::MAX;

/// A set of kernels.
///
/// It is public so that tests, fuzzers and benchmarks can run each set by name. It is hidden from
/// the documentation, and semantic versioning does not cover it.
#[derive(Clone, Copy, Debug)]
pub struct Backend {
    /// The name, as in `--cfg wsframe_backend`.
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

    /// Writes `from` XOR the key to `to`, as many bytes as the shorter of the two has.
    #[inline(always)]
    pub fn mask_copy(&self, from: &[u8], to: &mut [u8], key: u32) {
        (self.mask_copy)(from, to, key);
    }

    /// Returns the UTF-8 state after the slice, given the state before it.
    #[inline(always)]
    pub fn validate(&self, bytes: &[u8], state: u32) -> u32 {
        (self.validate)(bytes, state)
    }

    /// XORs the key over the whole slice, and returns the UTF-8 state after it, given the state
    /// before it. The whole slice is unmasked even if the state is [`BROKEN`].
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

/// Returns the backend whose kernels the crate uses, which is the first available one.
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

/// Writes `from` XOR the key to `to`, as many bytes as the shorter of the two has.
#[inline(always)]
pub(crate) fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
    if plain::MASKS {
        plain::mask_copy(from, to, key);
    } else {
        machine::mask_copy(from, to, key);
    }
}

/// Returns the UTF-8 state after the slice, given the state before it.
#[inline(always)]
fn validate(bytes: &[u8], state: u32) -> u32 {
    if plain::validates(bytes.len()) {
        plain::validate(bytes, state)
    } else {
        machine::validate(bytes, state)
    }
}

/// Unmasks the slice in place, and returns the UTF-8 state after it: see
/// [`Backend::unmask_validate`].
#[inline(always)]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    if plain::validates(bytes.len()) {
        mask(bytes, key);
        plain::validate(bytes, state)
    } else {
        machine::unmask_validate(bytes, key, state)
    }
}

/// Returns the key as it applies to a slice that begins `by` bytes later.
#[inline(always)]
pub const fn rotate(key: u32, by: usize) -> u32 {
    // The cast keeps the low bits, and only the lowest two count.
    let bits = 8 * (by as u32 & 3);
    if cfg!(target_endian = "little") { key.rotate_right(bits) } else { key.rotate_left(bits) }
}
