//! Replacements of the kernels for builds without optimisation.
//!
//! Such a build inlines no function. Each vector instruction of a kernel is a call, which costs
//! more than the instruction saves. A loop with few calls is faster, and so is
//! `core::str::from_utf8`, which std ships compiled. `build.rs` gets the level from Cargo.

use super::{BROKEN, Backend, words};

/// Whether this build masks with this module.
pub(super) const MASKS: bool = cfg!(all(wsframe_opt = "0", not(wsframe_backend = "small")));

/// Returns whether this build validates a text of this length with this module. At
/// `opt-level = "z"` a kernel is faster from 64 bytes on.
#[inline(always)]
pub(super) const fn validates(len: usize) -> bool {
    cfg!(not(wsframe_backend = "small"))
        && (cfg!(wsframe_opt = "0") || cfg!(wsframe_opt = "z") && len < 64)
}

/// These functions as a backend, so that tests cover them like the others.
pub const BACKEND: Backend =
    Backend { name: "plain", is_available: || true, mask, mask_copy, validate, unmask_validate };

pub(super) fn mask(bytes: &mut [u8], key: u32) {
    let twice = u128::from(key) << 32 | u128::from(key);
    let word = twice << 64 | twice;
    let (mut rest, key) = (bytes, key.to_ne_bytes());
    while rest.len() >= 16 {
        let Some((block, after)) = rest.split_first_chunk_mut() else { return };
        *block = (u128::from_ne_bytes(*block) ^ word).to_ne_bytes();
        rest = after;
    }
    let mut i = 0;
    while i < rest.len() {
        rest[i] ^= key[i & 3];
        i += 1;
    }
}

pub(super) fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
    let len = from.len().min(to.len());
    to[..len].copy_from_slice(&from[..len]);
    mask(&mut to[..len], key);
}

/// Returns the state after the bytes. The automaton ends an open character, and `core` validates
/// all characters after it.
pub(super) fn validate(bytes: &[u8], state: u32) -> u32 {
    if state != 0 {
        return validate_open(bytes, state);
    }
    match core::str::from_utf8(bytes) {
        Ok(_) => 0,
        Err(error) if error.error_len().is_some() => BROKEN,
        Err(error) => {
            let open = &bytes[error.valid_up_to()..];
            open.iter().rev().fold(0, |state, &byte| state << 8 | u32::from(byte))
        }
    }
}

fn validate_open(bytes: &[u8], mut state: u32) -> u32 {
    let mut rest = bytes;
    while state != 0 && state != BROKEN {
        let Some((byte, after)) = rest.split_first() else { return state };
        state = words::BACKEND.validate(core::slice::from_ref(byte), state);
        rest = after;
    }
    if state == BROKEN { BROKEN } else { validate(rest, 0) }
}

pub(super) fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    mask(bytes, key);
    validate(bytes, state)
}
