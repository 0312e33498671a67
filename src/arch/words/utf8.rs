//! UTF-8 (RFC 3629) as a finite automaton that costs one shift a byte.
//!
//! Between two characters the text is in state ACCEPT. A lead byte opens a character and leads to the
//! state that says what must follow: so many continuation bytes, and for four leads a first one from a
//! narrower range, which is how overlong forms (E0, F0), surrogates (ED) and values beyond U+10FFFF
//! (F4) are refused at the first byte that shows them. Every other byte leads to REJECT, and from there
//! nothing leads out.
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
//! Nine states, so a state is stored as its bit offset into a 64-bit row: six bits for each of the
//! nine. The row of a byte holds, at every state's offset, the offset of the state that this byte leads
//! to. A step is then `row >> state`, whose low six bits are the next state; bits above them are
//! garbage that the next shift ignores. No branch, no multiplication, one table of 2 KiB, and the
//! latency of a step is that of one shift. (The shift-based automaton is Per Vognsen's idea.)
//!
//! Text is mostly ASCII, so a block that is all ASCII is skipped whole at a character boundary.

use super::mask::mask_seen;
use crate::arch::BROKEN;
use crate::error::Utf8Error;

/// Bytes looked at together: skipped if they are ASCII, else stepped through and then checked once.
const BLOCK: usize = 16;

/// Bytes unmasked before they are looked at again, if they must be. Near enough to still lie in the
/// first cache, and a multiple of four, so that the key does not turn.
const PIECE: usize = 1024;

/// The bits that are clear in a word that is all ASCII.
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
        // What is not named here stays 0: REJECT.
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
    // The low six bits of the state are the distance; `wrapping_shr` looks at no others.
    ROWS[byte as usize].wrapping_shr(state as u32)
}

const fn bare(state: u64) -> u64 {
    state & 63
}

/// The state that the open character's bytes lead to.
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

/// The open character's bytes, after `bytes` has been read from the open character `before`.
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
    // No lead byte among them: these continue the character that was open before.
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

/// A call of its own, so that a short text needs no stack for a long one.
#[inline(never)]
fn unmask_pieces(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    bytes.chunks_mut(PIECE).fold(state, |state, piece| unmask_piece(piece, key, state))
}

/// Unmasks a piece, and looks at it again, while it is near, only if the unmasking has seen a byte that
/// is not ASCII or a character is open.
#[inline(always)]
fn unmask_piece(piece: &mut [u8], key: u32, state: u32) -> u32 {
    let seen = mask_seen(piece, key);
    if state == BROKEN || (state == 0 && seen & NOT_ASCII == 0) {
        state
    } else {
        walk(piece, state)
    }
}

/// Unmasks a short text, and then looks at it.
#[allow(dead_code, reason = "vectors need it, and there may be none")]
#[inline(never)]
pub(in crate::arch) fn unmask_walk(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    mask_seen(bytes, key);
    walk(bytes, state)
}

/// Where `bytes`, which follow the open character `before`, stop being UTF-8: the cold second look
/// after a kernel, of whichever backend, has said [`BROKEN`].
#[cold]
pub(crate) fn locate_error(bytes: &[u8], before: u32) -> Utf8Error {
    // A text that was broken before is broken at once.
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
