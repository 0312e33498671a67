//! Messages on their way in (RFC 7692 §7.2.2).
//!
//! > 1. Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message.
//! > 2. Decompress the resulting data using DEFLATE.
//!
//! Two things zlib does not do by itself.
//!
//! **A message that is cut short.** Zlib waits for more, and there is no asking it where it waits; the
//! next message would then be read as the rest of this one. So the four bytes are followed by a fifth,
//! and zlib is to stop at the first end of a block. If the payload is right, it awaits the length of an
//! empty block, and stops with the fifth byte unread. Anything else reads that too, or stops earlier, or
//! writes something. One case is left, in which a block ends inside the fourth byte: its bits that are
//! left over are ones. So another empty block is read, whose header these bits would turn into the header
//! of a final block or of none at all, which zlib tells.
//!
//! **A limit.** It is enforced by never giving zlib more room than there is left below it. Where none is
//! left, zlib gets one byte of ours, and if it writes that, the message is too long.
//!
//! zlib-rs counts what goes through its state in a `c_ulong`, which has 32 bits on Windows and on 32-bit
//! targets, and overflows. Without context takeover the state is reset for every message. With it, the state
//! is renewed every [`RENEW_AFTER`] bytes, between two messages, and the new state must have the same
//! window. zlib-rs does not lend it, but hands it out to whoever asks in DEFLATE: matches that refer back by
//! the window's length repeat it from its first byte. A stored block then brings it into the new state.
//! Within a message nothing can be renewed, so a message of 4 GiB of payload is too long on those targets.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::c_ulong;
use core::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::parameters::Context;
use super::{RENEW_AFTER, TAIL, Written};
use crate::error::ProtocolError;
use crate::frame::NO_LIMIT;
use crate::mask::Mask;
use crate::message::DEFAULT_MAX_MESSAGE_LEN;
use crate::utf8::{Checked, Utf8Validator};

/// How many bytes zlib-rs can count, but for those that [`Decompressor::finish`] adds.
const MAX_TOTAL: u64 = (u64::MAX >> (u64::BITS - c_ulong::BITS)) - 64;

/// The furthest that DEFLATE can refer back.
const MAX_DISTANCE: usize = 1 << 15;

/// The longest match that DEFLATE has.
const MAX_MATCH: usize = 258;

/// Decompresses messages, one after another: those of one connection, if they share a context, or those
/// of any number of connections whose [`Context`] has no takeover.
///
/// In whole, with [`append`](Self::append). In pieces, with [`decompress`](Self::decompress) or
/// [`decompress_text`](Self::decompress_text) for each chunk of the payload and [`finish`](Self::finish) at the
/// end of the message: what comes out goes to buffers of the caller's, so that no message is ever held
/// whole.
///
/// After an error it is latched, until [`reset`](Self::reset). It takes its memory when the first message
/// begins, in one piece of some 47 KiB for any window. With context takeover it takes 33 KiB more for a moment
/// every 64 MiB.
///
/// ```
/// use wsframe::deflate::{Context, Decompressor};
///
/// let mut decompressor = Decompressor::new(Context::FULL);
/// let mut message = Vec::new();
/// decompressor.append(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &mut message)?;
/// assert_eq!(message, b"Hello");
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
///
/// # Panics
///
/// Any method that takes a payload, if the allocator has no memory for the context.
pub struct Decompressor {
    takeover: bool,
    /// The window holds what the next message must not refer to, or a message that was given up.
    stale: bool,
    max_message_len: u32,
    /// How long the open message has become, at most `max_message_len` unless there is no limit.
    len: u64,
    failed: Option<ProtocolError>,
    inflate: Option<Box<Inflate>>,
}

impl Decompressor {
    /// A decompressor for one direction of a connection.
    #[must_use]
    pub const fn new(context: Context) -> Self {
        Self {
            takeover: context.takeover,
            stale: false,
            max_message_len: DEFAULT_MAX_MESSAGE_LEN,
            len: 0,
            failed: None,
            inflate: None,
        }
    }

    /// Refuses messages that are longer than this when decompressed. [`NO_LIMIT`] lifts the limit; a new
    /// decompressor has [`DEFAULT_MAX_MESSAGE_LEN`].
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u32) -> Self {
        self.max_message_len = bytes;
        self
    }

    /// Decompresses the next chunk of the payload. Takes what it uses off the front of `payload`, and
    /// writes what comes of it to `out`.
    ///
    /// Call it again, with an `out` that is not empty, until [`Written::done`] says that the chunk is
    /// used up and all that comes of it was written.
    ///
    /// # Errors
    ///
    /// [`InvalidDeflate`](ProtocolError::InvalidDeflate) and
    /// [`MessageTooLong`](ProtocolError::MessageTooLong), as soon as it shows. What was written to `out` is
    /// then of no use. Where `c_ulong` has 32 bits, a payload of nearly 4 GiB is too long under any limit.
    ///
    /// ```
    /// use wsframe::deflate::{Context, Decompressor};
    ///
    /// let mut decompressor = Decompressor::new(Context::FULL);
    /// let mut out = [0; 3];
    /// let mut message = Vec::new();
    /// for mut chunk in [&[0xf2, 0x48, 0xcd][..], &[0xc9, 0xc9, 0x07, 0x00]] {
    ///     loop {
    ///         let written = decompressor.decompress(&mut chunk, &mut out)?;
    ///         message.extend_from_slice(&out[..written.len]);
    ///         if written.done {
    ///             break;
    ///         }
    ///     }
    /// }
    /// decompressor.finish()?;
    /// assert_eq!(message, b"Hello");
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn decompress(
        &mut self,
        payload: &mut &[u8],
        out: &mut [u8],
    ) -> Result<Written, ProtocolError> {
        let mut len = 0;
        while len < out.len() {
            let allowed = usize::try_from(self.left()).unwrap_or(usize::MAX).min(out.len() - len);
            let mut beyond = [0];
            let room = if allowed == 0 { &mut beyond[..] } else { &mut out[len..len + allowed] };
            let room_len = room.len();
            let (written, right) = self.step(payload, room)?;
            if allowed == 0 && written > 0 {
                let least = u64::from(self.max_message_len) + 1;
                return Err(self.fail(ProtocolError::MessageTooLong(least)));
            }
            if !right {
                return Err(self.fail(ProtocolError::InvalidDeflate));
            }
            len += written;
            self.len += written as u64;
            if written < room_len {
                return Ok(Written { len, done: true });
            }
        }
        Ok(Written { len, done: false })
    }

    /// Decompresses the next chunk of the payload of a text message, as [`decompress`](Self::decompress), and
    /// validates what comes of it. Returns the text, and whether the chunk is done.
    ///
    /// At the end of the message, call [`finish`](Self::finish) and then
    /// [`Utf8Validator::finish`].
    ///
    /// # Errors
    ///
    /// Those of [`decompress`](Self::decompress), and [`InvalidUtf8`](ProtocolError::InvalidUtf8) at the first
    /// byte that cannot be UTF-8, before more than `out` holds is decompressed.
    ///
    /// ```
    /// use wsframe::Utf8Validator;
    /// use wsframe::deflate::{Context, Decompressor};
    ///
    /// let mut decompressor = Decompressor::new(Context::FULL);
    /// let mut text = Utf8Validator::new();
    /// let mut payload = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..];
    /// let mut out = [0; 1024];
    /// let (checked, done) = decompressor.decompress_text(&mut payload, &mut out, &mut text)?;
    /// assert_eq!(checked.as_str(), Some("Hello"));
    /// assert!(done);
    /// decompressor.finish()?;
    /// text.finish()?;
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn decompress_text<'b>(
        &mut self,
        payload: &mut &[u8],
        out: &'b mut [u8],
        text: &mut Utf8Validator,
    ) -> Result<(Checked<'b>, bool), ProtocolError> {
        let Written { len, done } = self.decompress(payload, out)?;
        match text.unmask(&mut out[..len], &mut { Mask::NONE }) {
            Ok(checked) => Ok((checked, done)),
            Err(error) => Err(self.fail(error.into())),
        }
    }

    /// Ends the message: all of its payload was given to [`decompress`](Self::decompress), until it was done.
    /// Nothing more comes out; then the next message may begin.
    ///
    /// # Errors
    ///
    /// [`TruncatedDeflate`](ProtocolError::TruncatedDeflate) if the payload does not end as it must. A payload without
    /// any byte does not, either: an empty message is the byte 0x00 (§7.2.3.6).
    pub fn finish(&mut self) -> Result<(), ProtocolError> {
        self.ready()?;
        // Zlib is to stop at the end of the empty block, in front of the fifth byte.
        let [a, b, c, d] = TAIL;
        self.expect(&[a, b, c, d, 0], TAIL.len(), InflateFlush::Block)?;
        self.expect(&[0, a, b, c, d], 1 + TAIL.len(), InflateFlush::NoFlush)?;
        self.len = 0;
        self.stale = !self.takeover;
        if let (Some(inflate), true) = (&mut self.inflate, self.takeover) {
            if inflate.total_in().max(inflate.total_out()) >= RENEW_AFTER as u64 {
                renew(inflate);
            }
        }
        Ok(())
    }

    /// Decompresses a whole message, or what is left of one that was begun in pieces, and appends it to
    /// `out`, which grows with what is there and never beyond twice the limit.
    ///
    /// # Errors
    ///
    /// Those of [`decompress`](Self::decompress) and [`finish`](Self::finish). `out` is then as it was.
    pub fn append(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), ProtocolError> {
        let start = out.len();
        let outcome = self.append_fragment(payload, out).and_then(|()| self.finish());
        if outcome.is_err() {
            out.truncate(start);
        }
        outcome
    }

    /// Decompresses a chunk of the payload, and appends to `out` all that comes of it, as
    /// [`append`](Self::append) does of the last. After an error, what was appended is of no use.
    fn append_fragment(
        &mut self,
        mut payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let start = out.len();
        let mut room = payload.len().saturating_mul(4).clamp(64, 64 << 10);
        loop {
            let end = out.len();
            // A byte beyond the limit, so that the message which reaches it ends in one go.
            let most = usize::try_from(self.left()).unwrap_or(usize::MAX).saturating_add(1);
            out.resize(end + room.min(most), 0);
            let Written { len, done } = self.decompress(&mut payload, &mut out[end..])?;
            out.truncate(end + len);
            if done {
                return Ok(());
            }
            room = out.len() - start;
        }
    }

    /// Forgets everything but its settings: an error, an open message, the context.
    pub const fn reset(&mut self) {
        self.stale = self.inflate.is_some();
        self.len = 0;
        self.failed = None;
    }

    /// Serves another connection.
    pub(super) const fn serve(&mut self, context: Context) {
        self.takeover = context.takeover;
        self.reset();
    }

    /// How many bytes the message may still have.
    fn left(&self) -> u64 {
        if self.max_message_len == NO_LIMIT {
            u64::MAX
        } else {
            u64::from(self.max_message_len).saturating_sub(self.len)
        }
    }

    #[cold]
    fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        self.failed = Some(error);
        error
    }

    fn ready(&mut self) -> Result<&mut Inflate, ProtocolError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        // The window's size is that of the largest: a smaller one would be neither smaller nor checked.
        let inflate = self.inflate.get_or_insert_with(|| Box::new(Inflate::new(false, 15)));
        if self.stale {
            self.stale = false;
            inflate.reset(false);
        }
        Ok(inflate)
    }

    /// Calls zlib until the payload is used up, `out` is full, or the payload is wrong. Returns how much it
    /// wrote, and whether the payload is right so far.
    fn step(
        &mut self,
        payload: &mut &[u8],
        out: &mut [u8],
    ) -> Result<(usize, bool), ProtocolError> {
        let inflate = self.ready()?;
        let mut len = 0;
        loop {
            let before = (inflate.total_in(), inflate.total_out());
            let countable =
                usize::try_from(MAX_TOTAL.saturating_sub(before.0)).unwrap_or(usize::MAX);
            if countable == 0 && !payload.is_empty() {
                return Err(self.fail(ProtocolError::MessageTooLong(MAX_TOTAL)));
            }
            let piece = &payload[..payload.len().min(countable)];
            let outcome = inflate.decompress(piece, &mut out[len..], InflateFlush::NoFlush);
            *payload = &payload[(inflate.total_in() - before.0) as usize..];
            len += (inflate.total_out() - before.1) as usize;
            match outcome {
                // §7.2.3.4: a block with BFINAL ends a stream of zlib's, but not the message. Who makes
                // one ends a stream as well, and with it what later blocks refer to.
                Ok(Status::StreamEnd) => inflate.reset(false),
                // Slices longer than 4 GiB are taken in pieces.
                Ok(Status::Ok) if !payload.is_empty() && len < out.len() => {}
                Ok(_) => return Ok((len, true)),
                Err(_) => return Ok((len, false)),
            }
        }
    }

    /// Shows zlib these bytes, of which it is to use so many, write nothing, and see no end.
    fn expect(
        &mut self,
        bytes: &[u8],
        used: usize,
        flush: InflateFlush,
    ) -> Result<(), ProtocolError> {
        let inflate = self.ready()?;
        let before = (inflate.total_in(), inflate.total_out());
        let outcome = inflate.decompress(bytes, &mut [0], flush);
        let now = (inflate.total_in(), inflate.total_out());
        if outcome == Ok(Status::Ok) && now == (before.0 + used as u64, before.1) {
            Ok(())
        } else {
            Err(self.fail(ProtocolError::TruncatedDeflate))
        }
    }
}

/// Resets the state, which is between two blocks, and gives it the same window again.
fn renew(inflate: &mut Inflate) {
    let len =
        usize::try_from(inflate.total_out()).map_or(MAX_DISTANCE, |out| out.min(MAX_DISTANCE));
    let mut window = vec![0; len];
    if len > 0 {
        let _ = inflate.decompress(&repetition(len), &mut window, InflateFlush::NoFlush);
    }
    inflate.reset(false);

    let [low, high] = (len as u16).to_le_bytes();
    let _ = inflate.decompress(&[0, low, high, !low, !high], &mut [0], InflateFlush::NoFlush);
    let mut out = [0; 256];
    for piece in window.chunks(out.len()) {
        let _ = inflate.decompress(piece, &mut out, InflateFlush::NoFlush);
    }
    debug_assert_eq!(inflate.total_out(), len as u64);
}

/// A block of DEFLATE without its end: with fixed codes, and matches that repeat at least `distance` bytes
/// from that distance (RFC 1951 §3.2.5, §3.2.6).
fn repetition(distance: usize) -> Vec<u8> {
    // A code for each half of a power of two, and the position in that half as extra bits.
    let from = (distance - 1) as u64;
    let extra_len = from.max(2).ilog2() - 1;
    let code = u64::from(2 * extra_len) + (from >> extra_len);
    let extra = from & ((1 << extra_len) - 1);

    let mut block = Vec::new();
    let (mut bits, mut bits_len) = (0, 0);
    let mut push = |value: u64, len: u32| {
        bits |= value << bits_len;
        bits_len += len;
        while bits_len >= 8 {
            block.push(bits as u8);
            bits >>= 8;
            bits_len -= 8;
        }
    };
    push(0b010, 3); // not the last block; fixed codes
    for _ in 0..distance.div_ceil(MAX_MATCH) {
        // Codes begin with their highest bit, all else with the lowest.
        push(u64::from(0b1100_0101u8.reverse_bits()), 8); // 285: a match of 258 bytes
        push(u64::from((code as u8).reverse_bits() >> 3), 5);
        push(extra, extra_len);
    }
    push(0, 7); // what fills the last byte up
    block
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor")
            .field("takeover", &self.takeover)
            .field("max_message_len", &self.max_message_len)
            .field("len", &self.len)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
