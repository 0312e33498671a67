//! UTF-8 validation (RFC 3629) by a finite automaton whose state is the open character itself.

use crate::arch::BROKEN;
use crate::error::Utf8Error;

/// Returns the state after the byte. `open` must not be [`BROKEN`].
#[inline(always)]
fn step(open: u32, byte: u8) -> u32 {
    let lead = open as u8;
    if lead == 0 {
        return match byte {
            0x00..=0x7F => 0,
            0xC2..=0xF4 => u32::from(byte),
            _ => BROKEN,
        };
    }
    // Overlong forms, surrogates and values beyond U+10FFFF differ from valid characters in the
    // second byte.
    let is_second = open < 0x100;
    let range = match lead {
        0xE0 if is_second => 0xA0..=0xBF,
        0xED if is_second => 0x80..=0x9F,
        0xF0 if is_second => 0x90..=0xBF,
        0xF4 if is_second => 0x80..=0x8F,
        _ => 0x80..=0xBF,
    };
    if !range.contains(&byte) {
        return BROKEN;
    }
    // The number of bits before the byte, and whether the byte is the last one of its character.
    let (bits, last) = match open {
        0..0x100 => (8, lead < 0xE0),
        0x100..0x1_0000 => (16, lead < 0xF0),
        _ => (24, true),
    };
    if last { 0 } else { open | u32::from(byte) << bits }
}

#[inline(never)]
pub(super) fn validate(bytes: &[u8], state: u32) -> u32 {
    let mut open = state;
    for &byte in bytes {
        if open == BROKEN {
            break;
        }
        open = step(open, byte);
    }
    open
}

/// Returns the position at which `bytes`, which follow the open character `before`, stop being
/// UTF-8.
#[cold]
pub(crate) fn locate_error(bytes: &[u8], before: u32) -> Utf8Error {
    let mut open = before;
    let mut offset = 0;
    for &byte in bytes {
        if open == BROKEN {
            break;
        }
        let next = step(open, byte);
        if next == BROKEN {
            break;
        }
        open = next;
        offset += 1;
    }
    let open = if open == BROKEN { 0 } else { (u32::BITS - open.leading_zeros()).div_ceil(8) };
    Utf8Error { offset, open: open as u8, incomplete: false }
}
