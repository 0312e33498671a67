//! AVX-512 with VBMI: vectors of 64 bytes, tables of 64 entries, and masks with a bit per byte.
//!
//! # UTF-8 by two tables
//!
//! The upper two bits of a byte tell its kind: `0x` is ASCII, `10` a continuation, `11` a lead. The
//! lower six bits tell which one of its kind. `vpermb` looks up exactly six bits: 64 bytes in a
//! table of 64 entries, in one instruction. So there is a table for the leads, C0 to FF, and one
//! for the continuations, 80 to BF. Both are derived from one list of rules, [`RULES`].
//!
//! For each lead, the table contains the bytes that must follow it: a bit for the second, one for
//! the third, one for the fourth. It also contains which continuations must not be the second byte,
//! because the character would be overlong, a surrogate, or beyond U+10FFFF. All these rules have
//! their limits at 90 and A0. So there are three ranges of second bytes, with a bit for each. An
//! invalid lead forbids all three.
//!
//! ```text
//!   lead            SECOND  THIRD  FOURTH   80–8F  90–9F  A0–BF  must not follow
//!   C0, C1, F5–FF     1       0      0        1      1      1
//!   C2–DF             1       0      0        0      0      0
//!   E0                1       1      0        1      1      0
//!   ED                1       1      0        0      0      1
//!   …
//!   continuation                              one of the three
//! ```
//!
//! Then a byte can be wrong in two ways:
//!
//! - **It is forbidden.** Its range and the lead before it have a bit in common. Every byte is
//!   looked up in the table of continuations, even if it is none. That can add an error only for
//!   such a byte after a lead, which is an error already.
//! - **It is unexpected.** It is a continuation where none is required, or it is none where one is
//!   required.
//!
//! A continuation is required if the byte one position before is a lead with SECOND, the one two
//! before a lead with THIRD, or the one three before a lead with FOURTH. So the leads are moved by
//! one position, together with those of the previous block, which gives SECOND. A second vector has
//! THIRD of the leads and FOURTH of the moved leads. It is moved by two positions, which gives the
//! other two bits. The three are the uppermost bits of a byte, so a saturating addition sets the
//! highest bit if any of them is set. The XOR of a byte with its entry in the table of leads has in
//! that same bit whether the byte is a continuation. ASCII has 0 there, and SECOND clears the bit
//! of a lead.
//!
//! A block takes two lookups, two moves, and a few operations on bits: eleven vector instructions.
//! Errors are collected and tested once at the end.
//!
//! # ASCII
//!
//! ASCII needs no lookup, because its only possible error is to cut off the character before it. A
//! test of one vector needs a mask register, and costs as much as a test of the OR of four. So long
//! texts are processed in turns of four vectors. ASCII of up to 512 bytes takes no loop, and
//! validating more of it takes a loop without lookups. Both are tried only if the first block is
//! ASCII.
//!
//! # Beginnings and ends
//!
//! A load under a mask reads fewer than 64 bytes, and fills the vector with zeros, so no text is
//! too short for a vector. If the text ends inside a character, the zeros after it are reported as
//! errors. Those are masked out, and the open character is read from the text.
//!
//! No *store* is under a mask. A later load from the 64 bytes around such a store would wait until
//! the store is done, and the next frame is often there. Bytes are stored by
//! [`masking`](crate::arch::masking), in blocks that overlap.

use crate::arch::lookup::{at_end_of_word, state_after_ascii, state_at_end};
use crate::arch::masking::{long_masking_kernels, masking_kernels};
use crate::arch::words::mask::{InPlace, few_words};
use crate::arch::{BROKEN, Backend, chunks, rotate};

use super::backend;

use core::arch::x86_64::*;

cpufeatures::new!(detected, "avx512f", "avx512bw", "avx512vl", "avx512vbmi", "bmi1", "bmi2");

backend!("avx512");

masking_kernels!("avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2", narrow);
long_masking_kernels!("avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2");

/// Masking on 32 bytes, in this instruction set's encoding.
#[allow(dead_code, reason = "masking needs few of the operations")]
mod narrow {
    use crate::arch::masking::short_masking_kernels;
    use crate::arch::x86_64::vectors::vector_256;

    vector_256!("avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2");
    short_masking_kernels!("avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2");
}

/// The length of a vector, of a block, and of a cache line.
const LEN: usize = 64;

type V = __m512i;

// The bytes that must follow a lead: the uppermost bits of its class.
const SECOND: u8 = 0x80;
const THIRD: u8 = 0x40;
const FOURTH: u8 = 0x20;

// The ranges of continuations that the rules distinguish.
const R80_8F: u8 = 0x01;
const R90_9F: u8 = 0x02;
const RA0_BF: u8 = 0x04;

/// The first and the last lead of each kind, the bytes that must follow it, and the ranges that are
/// forbidden for the second byte.
const RULES: [(u8, u8, u8, u8); 10] = [
    // Two bytes where one suffices.
    (0xC0, 0xC1, SECOND, R80_8F | R90_9F | RA0_BF),
    (0xC2, 0xDF, SECOND, 0),
    // Three bytes where two suffice.
    (0xE0, 0xE0, SECOND | THIRD, R80_8F | R90_9F),
    (0xE1, 0xEC, SECOND | THIRD, 0),
    // Surrogates.
    (0xED, 0xED, SECOND | THIRD, RA0_BF),
    (0xEE, 0xEF, SECOND | THIRD, 0),
    // Four bytes where three suffice.
    (0xF0, 0xF0, SECOND | THIRD | FOURTH, R80_8F),
    (0xF1, 0xF3, SECOND | THIRD | FOURTH, 0),
    // Beyond U+10FFFF.
    (0xF4, 0xF4, SECOND | THIRD | FOURTH, R90_9F | RA0_BF),
    (0xF5, 0xFF, SECOND, R80_8F | R90_9F | RA0_BF),
];

/// The class of each lead, C0 to FF: the bytes that must follow, and the ranges that are forbidden.
const LEADS: [u8; LEN] = {
    let mut classes = [0; LEN];
    let mut rule = 0;
    while rule < RULES.len() {
        let (first, last, wants, forbids) = RULES[rule];
        let mut lead = first as usize;
        while lead <= last as usize {
            classes[lead - 0xC0] = wants | forbids;
            lead += 1;
        }
        rule += 1;
    }
    classes
};

/// The range of each continuation, 80 to BF.
const CONTINUATIONS: [u8; LEN] = {
    let mut ranges = [RA0_BF; LEN];
    let mut low_bits = 0;
    while low_bits < 0x20 {
        ranges[low_bits] = if low_bits < 0x10 { R80_8F } else { R90_9F };
        low_bits += 1;
    }
    ranges
};

/// The result of all checks so far.
struct Checked {
    /// The class of each lead in the last block, and zero for all other bytes.
    leads: V,
    /// The bits THIRD of `leads`, and the bits FOURTH of the leads moved by one position. The other
    /// bits have no meaning.
    longer: V,
    /// The highest bit of a byte is set if a byte in this position was unexpected.
    unexpected: V,
    /// Not zero if a byte was forbidden, or a character was cut off.
    forbidden: V,
    /// Whether the last block was ASCII, so that no character is open.
    after_ascii: bool,
}

impl Checked {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn begin(state: u32) -> Self {
        let mut checked = Self {
            leads: zero(),
            longer: zero(),
            unexpected: zero(),
            forbidden: zero(),
            after_ascii: true,
        };
        if state != 0 {
            // The open character is checked as the end of a block. It contains no error.
            checked.block(_mm512_maskz_set1_epi32(1 << 15, at_end_of_word(state) as i32));
        }
        checked
    }

    /// Checks a block of any bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn block(&mut self, v: V) {
        // A lookup uses only the low six bits.
        let is_lead = _mm512_cmpge_epu8_mask(v, splat(0xC0));
        let leads = _mm512_maskz_permutexvar_epi8(is_lead, v, load(&LEADS));
        let range = _mm512_permutexvar_epi8(v, load(&CONTINUATIONS));

        let after = moved::<1>(leads, self.leads);
        let longer = either(THIRD, leads, after);
        let after_longer = moved::<2>(longer, self.longer);

        let wanted = either(SECOND, after, after_longer);
        let is_wanted = _mm512_adds_epu8(wanted, splat(SECOND - FOURTH));
        let is_continuation = xor(v, leads);
        *self = Self {
            leads,
            longer,
            unexpected: or(self.unexpected, xor(is_wanted, is_continuation)),
            forbidden: or(self.forbidden, and(after, range)),
            after_ascii: false,
        };
    }

    /// Checks a block that is all ASCII. It can only cut off the character before it.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn ascii(&mut self) {
        if !self.after_ascii {
            self.forbidden = or(self.forbidden, self.open());
            (self.leads, self.longer) = (zero(), zero());
            self.after_ascii = true;
        }
    }

    /// Checks two blocks. They are tested for ASCII together, since testing one costs as much.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn two_blocks(&mut self, first: V, second: V) {
        if is_ascii(or(first, second)) {
            self.ascii();
        } else {
            self.block(first);
            self.block(second);
        }
    }

    /// Checks the first block of a text at this address. Returns the position of the turns after
    /// it. After ASCII they begin at a cache line, and may overlap the first block.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn first_block(&mut self, v: V, address: usize) -> usize {
        if is_ascii(v) {
            self.ascii();
            LEN - address % LEN
        } else {
            self.block(v);
            LEN
        }
    }

    /// Checks four blocks. After ASCII they are tested together, since there is likely more of it.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn turn(&mut self, [a, b, c, d]: [V; 4]) {
        if self.after_ascii && is_ascii(or_all([a, b, c, d])) {
            self.ascii();
        } else {
            self.two_blocks(a, b);
            self.two_blocks(c, d);
        }
    }

    /// Checks the end of a text, which is less than a turn, and unmasks it with `key` in registers.
    /// Returns `None` if it is ASCII. Otherwise returns the last block, filled with zeros, which
    /// [`end`](Self::end) must check.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi2")]
    fn rest(&mut self, rest: &[u8], key: u32) -> Option<(V, __mmask64)> {
        let ([(a, _), (b, _)], [(c, _), (d, _)]) =
            (load_two(rest, key), load_two(after(rest, 2 * LEN), key));
        if self.after_ascii && !rest.is_empty() && is_ascii(or_all([a, b, c, d])) {
            self.ascii();
            return None;
        }
        let (blocks, last) = rest.as_chunks();
        for block in blocks {
            self.block(unmask(load(block), key));
        }
        Some(load_unmasked_part(last, key))
    }

    /// Returns zero unless the last block ends inside a character.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn open(&self) -> V {
        let second = and(self.leads, load(&last_bytes(1, SECOND)));
        let third_or_fourth = and(self.longer, load(&last_bytes(2, THIRD | FOURTH)));
        or(second, third_or_fourth)
    }

    /// Returns zero unless an error was found.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn wrong(&self) -> V {
        or(and(self.unexpected, splat(0x80)), self.forbidden)
    }

    /// Returns the state after `text`, which follows the state `before`. If there is a last block,
    /// checks it first.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn end(mut self, last: Option<(V, __mmask64)>, text: &[u8], before: u32) -> u32 {
        let Some((v, within)) = last else {
            return if is_zero(self.wrong()) { 0 } else { BROKEN };
        };
        let wrong_before = self.wrong();
        (self.unexpected, self.forbidden) = (zero(), zero());
        self.block(v);
        // If the text ends inside a character, the zeros after it are reported as errors too.
        let wrong = self.wrong();
        if is_zero(or(or(wrong_before, wrong), self.open())) {
            0
        } else if is_zero(or(wrong_before, _mm512_maskz_mov_epi8(within, wrong))) {
            state_at_end(text, before)
        } else {
            BROKEN
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn validate(bytes: &[u8], state: u32) -> u32 {
    if bytes.len() <= 2 * LEN {
        let blocks = load_two(bytes, 0);
        if is_ascii(or(blocks[0].0, blocks[1].0)) {
            return state_after_few_ascii(bytes, state);
        }
        return validate_two(blocks, bytes, state);
    }
    validate_more(bytes, state)
}

/// For more than two blocks.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn validate_more(bytes: &[u8], state: u32) -> u32 {
    // Up to eight blocks of ASCII need no loop. This is tried if the first block is ASCII.
    let is_tried = begins_with_ascii(bytes, 0);
    let is_ascii = if let (Some(first), Some(last), true) =
        (chunks::first(bytes), chunks::last(bytes), is_tried && bytes.len() <= 4 * LEN)
    {
        let ([a, b], [c, d]) = (xor_pair(&first, zero()), xor_pair(&last, zero()));
        is_ascii(or_all([a, b, c, d]))
    } else if let (Some(first), Some(last), true) =
        (chunks::first(bytes), chunks::last(bytes), is_tried && bytes.len() <= 2 * TURN)
    {
        let (first, last) = (or_all(xor_turn(&first, zero())), or_all(xor_turn(&last, zero())));
        is_ascii(or(first, last))
    } else if is_tried {
        return validate_from_ascii(bytes, state);
    } else {
        false
    };
    if is_ascii { state_after_ascii(state) } else { validate_long(bytes, state) }
}

/// For more than two turns, whose first block is ASCII. The loop over turns of ASCII needs no
/// tables. They are loaded only at the first turn that is not ASCII.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn validate_from_ascii(bytes: &[u8], state: u32) -> u32 {
    let state = state_after_ascii(state);
    let mut rest = after(bytes, LEN - bytes.as_ptr().addr() % LEN);
    while let Some(turn) = rest.first_chunk() {
        if !is_ascii(or_all(xor_turn(turn, zero()))) {
            return validate_long(rest, state);
        }
        rest = after(rest, TURN);
    }
    // The last turn overlaps those before it.
    match chunks::last(bytes) {
        Some(last) if is_ascii(or_all(xor_turn(&last, zero()))) => state,
        _ => validate_long(after(bytes, bytes.len().saturating_sub(TURN)), state),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    // Blocks are loaded before anything is stored, because a load of bytes from several stores
    // waits for all of them.
    let blocks;
    if bytes.len() < 32 {
        blocks = [load_unmasked_part(bytes, key), (zero(), 0)];
        few_words(InPlace(bytes), key);
        if is_ascii(blocks[0].0) {
            return state_after_few_ascii(bytes, state);
        }
    } else if let (Some((places, four)), true) =
        (narrow::xor_four(bytes, key), bytes.len() <= 2 * LEN)
    {
        let [[a], [b], [c], [d]] = four;
        if narrow::is_ascii(narrow::or(narrow::or(a, b), narrow::or(c, d))) {
            narrow::store_four(bytes, places, four);
            return state_after_ascii(state);
        }
        let last = if bytes.len() > LEN {
            load_unmasked_part(after(bytes, LEN), key)
        } else {
            (zero(), 0)
        };
        blocks = [load_unmasked_part(bytes, key), last];
        narrow::store_four(bytes, places, four);
    } else {
        return unmask_validate_more(bytes, key, state);
    }
    validate_two(blocks, bytes, state)
}

/// For more than two blocks.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn unmask_validate_more(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    // Up to eight blocks of ASCII need no loop. This is tried if the first block is ASCII.
    let is_tried = begins_with_ascii(bytes, key);
    let (first_key, last_key) = (repeat(key), repeat(rotate(key, bytes.len())));
    if let (Some(first), Some(last), true) =
        (chunks::first(bytes), chunks::last(bytes), is_tried && bytes.len() <= 4 * LEN)
    {
        let (first, last) = (xor_pair(&first, first_key), xor_pair(&last, last_key));
        if is_ascii(or_all([first[0], first[1], last[0], last[1]])) {
            store_pair(bytes, first);
            store_pair(chunks::last_mut::<{ 2 * LEN }>(bytes), last);
            return state_after_ascii(state);
        }
    } else if let (Some(first), Some(last), true) =
        (chunks::first(bytes), chunks::last(bytes), is_tried && bytes.len() <= 2 * TURN)
    {
        let (first, last) = (xor_turn(&first, first_key), xor_turn(&last, last_key));
        if is_ascii(or(or_all(first), or_all(last))) {
            store_turn(bytes, first);
            store_turn(chunks::last_mut::<TURN>(bytes), last);
            return state_after_ascii(state);
        }
    }
    unmask_validate_long(bytes, key, state)
}

/// Returns whether the first block is ASCII once unmasked.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn begins_with_ascii(bytes: &[u8], key: u32) -> bool {
    match chunks::first(bytes) {
        Some(first) => is_ascii(unmask(load(&first), key)),
        None => false,
    }
}

#[inline(always)]
fn state_after_few_ascii(bytes: &[u8], state: u32) -> u32 {
    if bytes.is_empty() { state } else { state_after_ascii(state) }
}

/// Returns up to two blocks, unmasked and filled with zeros, and the mask of the bytes in each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi2")]
fn load_two(bytes: &[u8], key: u32) -> [(V, __mmask64); 2] {
    [load_unmasked_part(bytes, key), load_unmasked_part(after(bytes, LEN), key)]
}

/// Returns the state after `bytes`, which are up to two blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi2")]
fn validate_two([first, second]: [(V, __mmask64); 2], bytes: &[u8], state: u32) -> u32 {
    if state == BROKEN {
        return BROKEN;
    }
    let mut checked = Checked::begin(state);
    let mut last = first;
    if bytes.len() > LEN {
        checked.block(first.0);
        last = second;
    }
    checked.end(Some(last), bytes, state)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn validate_long(bytes: &[u8], state: u32) -> u32 {
    if state == BROKEN {
        return BROKEN;
    }
    let Some(first) = chunks::first(bytes) else { return state };
    let mut checked = Checked::begin(state);
    let start = checked.first_block(load(&first), bytes.as_ptr().addr());
    let (turns, rest) = bytes.get(start..).unwrap_or_default().as_chunks::<TURN>();
    for turn in turns {
        checked.turn(xor_turn(turn, zero()));
    }
    let last = checked.rest(rest, 0);
    checked.end(last, bytes, state)
}

/// For more than two blocks.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,bmi1,bmi2")]
fn unmask_validate_long(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    if state == BROKEN {
        mask_long(bytes, key);
        return BROKEN;
    }
    let Some(first) = chunks::first(bytes) else { return state };
    let first = unmask(load(&first), key);
    let last_key = repeat(rotate(key, bytes.len()));
    #[allow(clippy::manual_map, reason = "`map` would not inline a closure with AVX-512")]
    let last = match chunks::last(bytes) {
        Some(last) => Some(xor_turn(&last, last_key)),
        None => None,
    };

    let mut checked = Checked::begin(state);
    let start = checked.first_block(first, bytes.as_ptr().addr());
    let body_key = rotate(key, start);
    let (turns, rest) = bytes.get_mut(start..).unwrap_or_default().as_chunks_mut::<TURN>();
    for turn in turns {
        let vectors = xor_turn(turn, repeat(body_key));
        store_turn(turn, vectors);
        checked.turn(vectors);
    }
    let last_block = checked.rest(rest, body_key);
    if let Some(last) = last {
        // The bytes under these two were loaded before the turns were stored.
        if let Some(place) = bytes.first_chunk_mut() {
            store(place, first);
        }
        store_turn(chunks::last_mut::<TURN>(bytes), last);
    } else {
        mask_two_pairs(InPlace(bytes), key);
    }
    checked.end(last_block, bytes, state)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; LEN]) -> V {
    // SAFETY: `bytes` has the 64 bytes that are read; they need no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Returns the bytes from `at` on. If there are none, the empty slice is at the end of `bytes`:
/// loading no bytes from an unmapped address takes the processor a hundred cycles.
#[inline(always)]
fn after(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at.min(bytes.len())..).unwrap_or_default()
}

/// Returns the first 64 bytes, filled with zeros if there are fewer, and the mask of the bytes.
#[inline]
#[target_feature(enable = "avx512bw,bmi2")]
fn load_part(bytes: &[u8]) -> (V, __mmask64) {
    let within = _bzhi_u64(!0, bytes.len().min(LEN) as u32);
    // SAFETY: only the bytes whose bits are set in `within` are read, and `bytes` has all of them.
    // The bytes after them are not accessed, and cannot fault. They need no alignment.
    let v = unsafe { _mm512_maskz_loadu_epi8(within, bytes.as_ptr().cast()) };
    (v, within)
}

/// Same as [`load_part`], but unmasks the bytes, and leaves the zeros.
#[inline]
#[target_feature(enable = "avx512bw,bmi2")]
fn load_unmasked_part(bytes: &[u8], key: u32) -> (V, __mmask64) {
    let (v, within) = load_part(bytes);
    (_mm512_maskz_mov_epi8(within, unmask(v, key)), within)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(bytes: &mut [u8; LEN], v: V) {
    // SAFETY: `bytes` has the 64 bytes that are written; they need no alignment.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), v) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(byte: u8) -> V {
    _mm512_set1_epi8(byte as i8)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn repeat(key: u32) -> V {
    _mm512_set1_epi32(key as i32)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn unmask(v: V, key: u32) -> V {
    xor(v, repeat(key))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn zero() -> V {
    _mm512_setzero_si512()
}

#[inline]
#[target_feature(enable = "avx512f")]
fn or(a: V, b: V) -> V {
    _mm512_or_si512(a, b)
}

/// Returns the OR of four vectors, in two instructions.
#[inline]
#[target_feature(enable = "avx512f")]
fn or_all([a, b, c, d]: [V; 4]) -> V {
    _mm512_ternarylogic_epi32::<0b1111_1110>(or(a, b), c, d)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: V, b: V) -> V {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn and(a: V, b: V) -> V {
    _mm512_and_si512(a, b)
}

/// Returns the given bits of `a`, and all other bits of `b`.
#[inline]
#[target_feature(enable = "avx512f")]
fn either(bits: u8, a: V, b: V) -> V {
    _mm512_ternarylogic_epi32::<0b1100_1010>(splat(bits), a, b)
}

#[inline]
#[target_feature(enable = "avx512bw")]
fn is_ascii(v: V) -> bool {
    _mm512_movepi8_mask(v) == 0
}

#[inline]
#[target_feature(enable = "avx512f")]
fn is_zero(v: V) -> bool {
    _mm512_test_epi32_mask(v, v) == 0
}

/// Replaces each byte by the one N positions before it.
#[inline]
#[target_feature(enable = "avx512vbmi")]
fn moved<const N: usize>(v: V, before: V) -> V {
    _mm512_permutex2var_epi8(before, load(const { &places_from(LEN - N) }), v)
}

const fn places_from(first: usize) -> [u8; LEN] {
    let mut places = [0; LEN];
    let mut i = 0;
    while i < LEN {
        places[i] = (first + i) as u8;
        i += 1;
    }
    places
}

/// Returns a vector of zeros that ends with `count` times `byte`.
const fn last_bytes(count: usize, byte: u8) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    let mut i = LEN - count;
    while i < LEN {
        bytes[i] = byte;
        i += 1;
    }
    bytes
}
