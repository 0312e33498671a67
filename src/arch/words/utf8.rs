//! UTF-8 validation (RFC 3629) by a finite automaton that takes one shift per byte.
//!
//! Between two characters the state is ACCEPT. After a lead byte the state tells which bytes must
//! follow. Four leads restrict their second byte. So overlong forms (E0, F0), surrogates (ED) and
//! values beyond U+10FFFF (F4) fail at their first invalid byte. All other bytes lead to REJECT,
//! which is final.
//!
//! ```text
//!                 00–7F                  80–BF
//!             ┌──────────┐           ┌───────────┐
//!             └─► ACCEPT ◄┘◄── ONE ◄─┴── TWO ◄── THREE
//!                   │  C2–DF ──► ONE
//!                   │  E0 ─► (A0–BF) ─► ONE      E1–EC, EE, EF ──► TWO      ED ─► (80–9F) ─► ONE
//!                   │  F0 ─► (90–BF) ─► TWO      F1–F3 ──► THREE            F4 ─► (80–8F) ─► TWO
//! ```
//!
//! There are nine states of six bits each. A state is its bit offset in a 64-bit row. The row of a
//! byte contains, at each state's offset, the offset of the next state. A step is `row >> state`.
//! Its low six bits are the next state, and the next shift ignores the other bits.
//!
//! A step has no branch and no multiplication, and the latency of one shift. The table takes 2 KiB.
//! (The shift-based automaton is Per Vognsen's idea.)
//!
//! Most text is ASCII, so a block of ASCII is skipped at a character boundary.

use super::mask::mask_seen;
use crate::arch::BROKEN;
use crate::error::Utf8Error;

/// The length of a block, which is skipped if it is ASCII. Otherwise each of its bytes takes a
/// step, and the state is checked once.
const BLOCK: usize = 16;

/// The length of a piece, which is unmasked and then validated. It is short enough to stay in the
/// L1 cache. It is a multiple of four, so the key need not be rotated.
const PIECE: usize = 1024;

/// The bits that are clear in a word of ASCII.
pub(in crate::arch) const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

const REJECT: u64 = 0;
const ACCEPT: u64 = 6;
const ONE: u64 = 12;
const TWO: u64 = 18;
const THREE: u64 = 24;
const AFTER_E0: u64 = 30;
const AFTER_ED: u64 = 36;
const AFTER_F0: u64 = 42;
const AFTER_F4: u64 = 48;

static ROWS: [u64; 256] = rows();

const fn rows() -> [u64; 256] {
    let mut rows = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        // All other entries stay 0, which is REJECT.
        rows[byte] = match byte as u8 {
            0x00..=0x7F => ACCEPT << ACCEPT,
            0x80..=0xBF => {
                let mut row = ACCEPT << ONE | ONE << TWO | TWO << THREE;
                match byte as u8 {
                    0x80..=0x8F => row |= ONE << AFTER_ED | TWO << AFTER_F4,
                    0x90..=0x9F => row |= ONE << AFTER_ED | TWO << AFTER_F0,
                    _ => row |= ONE << AFTER_E0 | TWO << AFTER_F0,
                }
                row
            }
            0xC2..=0xDF => ONE << ACCEPT,
            0xE0 => AFTER_E0 << ACCEPT,
            0xED => AFTER_ED << ACCEPT,
            0xE1..=0xEF => TWO << ACCEPT,
            0xF0 => AFTER_F0 << ACCEPT,
            0xF1..=0xF3 => THREE << ACCEPT,
            0xF4 => AFTER_F4 << ACCEPT,
            0xC0 | 0xC1 | 0xF5..=0xFF => 0,
        };
        byte += 1;
    }
    rows
}

#[inline(always)]
fn step(state: u64, byte: u8) -> u64 {
    // `wrapping_shr` uses only the low six bits of the state.
    ROWS[byte as usize].wrapping_shr(state as u32)
}

const fn bare(state: u64) -> u64 {
    state & 63
}

/// Returns the state after the bytes of the open character.
#[inline(always)]
fn enter(open: u32) -> u64 {
    let mut state = ACCEPT;
    let mut open = open;
    while open != 0 {
        state = step(state, open as u8);
        open >>= 8;
    }
    state
}

/// Returns the bytes of the open character after `bytes`, which follow the open character `before`.
#[inline(always)]
fn leave(state: u64, bytes: &[u8], before: u32) -> u32 {
    match bare(state) {
        ACCEPT => 0,
        REJECT => BROKEN,
        _ => open_bytes(bytes, before),
    }
}

fn open_bytes(bytes: &[u8], before: u32) -> u32 {
    let mut open = 0;
    for &byte in bytes.iter().rev().take(3) {
        open = open << 8 | u32::from(byte);
        if byte >= 0xC0 {
            return open;
        }
    }
    // There is no lead byte, so these bytes continue the character that was open before.
    let bits_before = u32::BITS - before.leading_zeros();
    before | open << bits_before.next_multiple_of(8)
}

pub(super) fn validate(bytes: &[u8], state: u32) -> u32 {
    if state == BROKEN {
        return BROKEN;
    }
    if state == 0 && bytes.len() < BLOCK && bytes.is_ascii() {
        return 0;
    }
    walk(bytes, state)
}

#[inline(never)]
pub(in crate::arch) fn walk(bytes: &[u8], open: u32) -> u32 {
    let mut state = enter(open);
    let mut blocks = bytes.chunks_exact(BLOCK);
    for block in &mut blocks {
        if bare(state) == ACCEPT && block.is_ascii() {
            continue;
        }
        state = block.iter().fold(state, |state, &byte| step(state, byte));
        if bare(state) == REJECT {
            return BROKEN;
        }
    }
    state = blocks.remainder().iter().fold(state, |state, &byte| step(state, byte));
    leave(state, bytes, open)
}

pub(super) fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    if bytes.len() <= PIECE {
        unmask_piece(bytes, key, state)
    } else {
        unmask_pieces(bytes, key, state)
    }
}

/// Out of line, so that short texts need no stack frame for long ones.
#[inline(never)]
fn unmask_pieces(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    bytes.chunks_mut(PIECE).fold(state, |state, piece| unmask_piece(piece, key, state))
}

/// Unmasks a piece. While it is in the cache, validates it, unless it is ASCII at a character
/// boundary.
#[inline(always)]
fn unmask_piece(piece: &mut [u8], key: u32, state: u32) -> u32 {
    let seen = mask_seen(piece, key);
    if state == BROKEN || (state == 0 && seen & NOT_ASCII == 0) {
        state
    } else {
        walk(piece, state)
    }
}

/// Unmasks a short text, then validates it.
#[allow(dead_code, reason = "vectors need it, and there may be none")]
#[inline(never)]
pub(in crate::arch) fn unmask_walk(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    mask_seen(bytes, key);
    walk(bytes, state)
}

/// Returns the position at which `bytes`, which follow the open character `before`, stop being
/// UTF-8.
///
/// This is a second pass and slow. It runs after a kernel of any backend has returned [`BROKEN`].
#[cold]
pub(crate) fn locate_error(bytes: &[u8], before: u32) -> Utf8Error {
    // A text that was already broken fails at its first byte.
    let mut state = if before == BROKEN { REJECT } else { enter(before) };
    let mut open =
        before.to_le_bytes().iter().filter(|&&byte| byte != 0 && before != BROKEN).count();
    let mut offset = 0;
    for &byte in bytes {
        state = step(state, byte);
        match bare(state) {
            REJECT => break,
            ACCEPT => open = 0,
            _ => open += 1,
        }
        offset += 1;
    }
    Utf8Error { offset, open: open as u8, incomplete: false }
}
