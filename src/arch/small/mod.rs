//! Kernels for microcontrollers, where code size matters: one byte at a time, without tables.
//!
//! They replace `words`. The UTF-8 state of all backends is the bytes of the open character, which
//! already is the state of an automaton. The lead byte decides how many bytes follow, and the range
//! of the second one. So a step needs a few comparisons and no table.

pub(super) mod utf8;

use super::{Backend, rotate};

pub(super) const BACKEND: Backend = Backend {
    name: "small",
    is_available: || true,
    mask,
    mask_copy,
    validate: utf8::validate,
    unmask_validate,
};

/// Returns the key's first byte in memory.
#[inline(always)]
const fn first(key: u32) -> u8 {
    key.to_ne_bytes()[0]
}

#[inline(never)]
fn mask(bytes: &mut [u8], mut key: u32) {
    for byte in bytes {
        *byte ^= first(key);
        key = rotate(key, 1);
    }
}

#[inline(never)]
fn mask_copy(from: &[u8], to: &mut [u8], mut key: u32) {
    for (from, to) in from.iter().zip(to) {
        *to = *from ^ first(key);
        key = rotate(key, 1);
    }
}

#[inline(always)]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    mask(bytes, key);
    utf8::validate(bytes, state)
}
