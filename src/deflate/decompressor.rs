//! Decompressing incoming messages (RFC 7692 §7.2.2).
//!
//! > 1. Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message.
//! > 2. Decompress the resulting data using DEFLATE.
//!
//! zlib leaves two things to its caller.
//!
//! **Detecting a truncated message.** zlib waits for more input and does not tell where in the
//! stream it waits. The next message would then be read as the rest of this one. So a fifth byte
//! follows the four, and zlib is told to stop at the first end of a block. If the payload is right,
//! zlib expects the length of an empty block and stops before the fifth byte. Otherwise it reads
//! the fifth byte too, stops earlier, or writes output. One case is left: a block may end inside
//! the fourth byte, whose remaining bits are ones. So another empty block is read. Those bits would
//! turn its header into that of a final or an invalid block, which zlib reports.
//!
//! **Limiting the output.** zlib is never given more capacity than the limit leaves. At the limit,
//! it gets one byte of our own. If it writes that byte, the message is too long.
//!
//! zlib-rs counts the bytes that pass through its state in a `c_ulong`. On Windows and on 32-bit
//! targets that has 32 bits and overflows. Without context takeover the state is reset for every
//! message. With it, the state is renewed every [`RENEW_AFTER`] bytes, between two messages, and
//! the new state must have the same window. zlib-rs has no access to its window, but DEFLATE has:
//! matches that refer back by the window's length repeat it from its first byte. A stored block
//! then copies it to the new state. Nothing can be renewed within a message, so on those targets a
//! message with 4 GiB of payload is too long.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::c_ulong;
use core::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::parameters::DeflateContext;
use super::{Progress, RENEW_AFTER, TAIL};
use crate::error::ProtocolError;
use crate::limits::{self, Limits};
use crate::mask::Mask;
use crate::utf8::{PartialStr, Utf8Validator};

/// The number of bytes that zlib-rs can count, minus those that [`Decompressor::finish`] adds.
const MAX_TOTAL: u64 = (u64::MAX >> (u64::BITS - c_ulong::BITS)) - 64;

/// The maximum distance of a DEFLATE match.
const MAX_DISTANCE: usize = 1 << 15;

/// The maximum length of a DEFLATE match.
const MAX_MATCH: usize = 258;

/// Decompresses messages, one after another, within a limit on the decompressed length.
///
/// With context takeover, a decompressor serves one connection. Without, it serves any number of
/// connections.
///
/// - To decompress a whole message, use [`append`](Self::append).
/// - To decompress a message in pieces, call [`decompress`](Self::decompress) or
///   [`decompress_text`](Self::decompress_text) for each chunk of the payload and
///   [`finish`](Self::finish) at its end. The output goes to the caller's buffers, so no message is
///   held whole.
///
/// An error is sticky until [`reset`](Self::reset).
///
/// The memory is allocated in one piece of 47 KiB, for any window, when the first message begins.
/// With context takeover, a renewal takes another 33 KiB for a moment every 64 MiB.
///
/// ```
/// use wsframe::deflate::{DeflateContext, Decompressor};
///
/// let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
/// let mut message = Vec::new();
/// decompressor.append(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &mut message)?;
/// assert_eq!(message, b"Hello");
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
///
/// # Panics
///
/// Every method that decompresses panics if the allocator has no memory for the context.
#[doc(alias = "inflate")]
pub struct Decompressor {
    takeover: bool,
    /// Whether the window contains an abandoned message, or data that the next message must not
    /// refer to.
    stale: bool,
    max_message_size: u32,
    /// The length of the open message so far: at most `max_message_size`, unless there is no limit.
    len: u64,
    failed: Option<ProtocolError>,
    inflate: Option<Box<Inflate>>,
}

impl Decompressor {
    /// Creates a decompressor for one direction of a connection.
    #[must_use]
    pub const fn new(context: DeflateContext) -> Self {
        Self {
            takeover: context.takeover,
            stale: false,
            max_message_size: Limits::DEFAULT.message_size,
            len: 0,
            failed: None,
            inflate: None,
        }
    }

    /// Sets the limit on the decompressed length of a message. The default is that of [`Limits`];
    /// `u32::MAX` disables the limit.
    #[must_use]
    pub const fn max_message_size(mut self, bytes: u32) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Decompresses the next chunk of the payload. Advances `payload` past what was used, and
    /// writes the output to `out`.
    ///
    /// Call it again until [`Progress::done`] says that the chunk is used up and its output is
    /// written. `out` must not be empty.
    ///
    /// # Errors
    ///
    /// [`InvalidDeflate`](ProtocolError::InvalidDeflate) and
    /// [`MessageTooLong`](ProtocolError::MessageTooLong), as early as they can be detected. Discard
    /// what was written to `out` then. Where `c_ulong` has 32 bits, a payload of nearly 4 GiB is
    /// too long under any limit.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    ///
    /// ```
    /// use wsframe::deflate::{DeflateContext, Decompressor};
    ///
    /// let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
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
    ) -> Result<Progress, ProtocolError> {
        let mut len = 0;
        while len < out.len() {
            let allowed = usize::try_from(self.left()).unwrap_or(usize::MAX).min(out.len() - len);
            let mut beyond = [0];
            let room = if allowed == 0 { &mut beyond[..] } else { &mut out[len..len + allowed] };
            let room_len = room.len();
            let (written, right) = self.step(payload, room)?;
            if allowed == 0 && written > 0 {
                let least = u64::from(self.max_message_size) + 1;
                return Err(self.fail(ProtocolError::MessageTooLong(least)));
            }
            if !right {
                return Err(self.fail(ProtocolError::InvalidDeflate));
            }
            len += written;
            self.len += written as u64;
            if written < room_len {
                return Ok(Progress { len, done: true });
            }
        }
        Ok(Progress { len, done: false })
    }

    /// Decompresses the next chunk of the payload of a text message, and validates the output as
    /// UTF-8. Returns the text, and whether the chunk is used up and its output is written.
    ///
    /// Same as [`decompress`](Self::decompress) otherwise. At the end of the message, call
    /// [`finish`](Self::finish) and then [`Utf8Validator::finish`].
    ///
    /// # Errors
    ///
    /// Those of [`decompress`](Self::decompress), and [`InvalidUtf8`](ProtocolError::InvalidUtf8)
    /// at the first byte that cannot be UTF-8. At most the length of `out` is decompressed before
    /// that is detected.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    ///
    /// ```
    /// use wsframe::Utf8Validator;
    /// use wsframe::deflate::{DeflateContext, Decompressor};
    ///
    /// let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
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
    ) -> Result<(PartialStr<'b>, bool), ProtocolError> {
        let Progress { len, done } = self.decompress(payload, out)?;
        match text.unmask_and_validate(&mut out[..len], &mut { Mask::IDENTITY }) {
            Ok(checked) => Ok((checked, done)),
            Err(error) => Err(self.fail(error.into())),
        }
    }

    /// Ends the message, after all of its payload was passed to [`decompress`](Self::decompress)
    /// until it was done. This produces no output. After that, the next message may begin.
    ///
    /// # Errors
    ///
    /// [`TruncatedDeflate`](ProtocolError::TruncatedDeflate) if the payload ends inside a block. An
    /// empty payload does, too: an empty message is the byte 0x00 (§7.2.3.6).
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn finish(&mut self) -> Result<(), ProtocolError> {
        self.ready()?;
        // zlib must stop at the end of the empty block, before the fifth byte.
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

    /// Decompresses a whole message and appends it to `out`. If a message was begun in pieces,
    /// decompresses its rest. `out` grows with the decompressed data, and never beyond twice the
    /// limit.
    ///
    /// # Errors
    ///
    /// Those of [`decompress`](Self::decompress) and [`finish`](Self::finish). `out` is unchanged
    /// then.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn append(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), ProtocolError> {
        let start = out.len();
        let outcome = self.append_fragment(payload, out).and_then(|()| self.finish());
        if outcome.is_err() {
            out.truncate(start);
        }
        outcome
    }

    /// Decompresses a chunk of the payload and appends its whole output to `out`. After an error,
    /// discard what was appended.
    fn append_fragment(
        &mut self,
        mut payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let start = out.len();
        let mut room = payload.len().saturating_mul(4).clamp(64, 64 << 10);
        loop {
            let end = out.len();
            // One byte more than the limit, so that a message of exactly that length is done in one
            // call.
            let most = usize::try_from(self.left()).unwrap_or(usize::MAX).saturating_add(1);
            out.resize(end + room.min(most), 0);
            let Progress { len, done } = self.decompress(&mut payload, &mut out[end..])?;
            out.truncate(end + len);
            if done {
                return Ok(());
            }
            room = out.len() - start;
        }
    }

    /// Removes a sticky error, an open message and the context. The settings stay.
    pub const fn reset(&mut self) {
        self.stale = self.inflate.is_some();
        self.len = 0;
        self.failed = None;
    }

    /// Assigns the decompressor to another connection.
    pub(super) const fn serve(&mut self, context: DeflateContext) {
        self.takeover = context.takeover;
        self.reset();
    }

    /// Returns how many more bytes the message may have.
    fn left(&self) -> u64 {
        if self.max_message_size == limits::NONE {
            u64::MAX
        } else {
            u64::from(self.max_message_size).saturating_sub(self.len)
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
        // The window has the maximum size: a smaller one would neither take less memory nor be
        // checked.
        let inflate = self.inflate.get_or_insert_with(|| Box::new(Inflate::new(false, 15)));
        if self.stale {
            self.stale = false;
            inflate.reset(false);
        }
        Ok(inflate)
    }

    /// Calls zlib until the payload is used up, `out` is full, or the payload is invalid. Returns
    /// the number of bytes written, and whether the payload is valid so far.
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
                // §7.2.3.4: a block with BFINAL ends a zlib stream, but not the message. Its sender
                // has ended its own stream too, so later blocks refer to nothing before it.
                Ok(Status::StreamEnd) => inflate.reset(false),
                // Slices longer than 4 GiB are passed in pieces.
                Ok(Status::Ok) if !payload.is_empty() && len < out.len() => {}
                Ok(_) => return Ok((len, true)),
                Err(_) => return Ok((len, false)),
            }
        }
    }

    /// Feeds `bytes` to zlib. Fails unless zlib consumes exactly `used` of them, writes nothing and
    /// does not end the stream.
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

/// Resets the state, which is between two blocks, and restores its window.
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

/// Creates a DEFLATE block without its end, with fixed codes. Its matches repeat at least
/// `distance` bytes from that distance (RFC 1951 §3.2.5, §3.2.6).
fn repetition(distance: usize) -> Vec<u8> {
    // There is one code for each half of a power of two. Extra bits contain the position in that
    // half.
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
        // Codes begin with their highest bit, everything else with the lowest.
        push(u64::from(0b1100_0101u8.reverse_bits()), 8); // 285: a match of 258 bytes
        push(u64::from((code as u8).reverse_bits() >> 3), 5);
        push(extra, extra_len);
    }
    push(0, 7); // fills the last byte
    block
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor")
            .field("takeover", &self.takeover)
            .field("max_message_size", &self.max_message_size)
            .field("len", &self.len)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
