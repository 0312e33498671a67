//! Messages on their way out (RFC 7692 §7.2.1).
//!
//! > 1. Compress all the octets of the payload of the message using DEFLATE.
//! > 2. If the resulting data does not end with an empty DEFLATE block with no compression (the "BTYPE"
//! >    bits are set to 00), append an empty DEFLATE block with no compression to the tail end.
//! > 3. Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end.
//!
//! Zlib's sync flush does the first two steps. Where the caller's buffer takes the message whole, the
//! four bytes are its last. Where it does not, they might lie on both sides of a cut; so there the flush
//! is done in two: one that ends the block in the caller's buffer, and then the empty block, six bytes at
//! most, into a buffer of our own, in which the four bytes are the last again.
//!
//! Where the context is not taken over, the flush is a full one, by which zlib forgets what it has seen.
//! That is less work than to reset it.
//!
//! zlib-rs counts all that goes through its state in a `c_ulong`, which has 32 bits on Windows and on 32-bit
//! targets, and overflows. So the state is reset every [`RENEW_AFTER`] bytes: between two messages if
//! possible, else behind a flush within the message. The sender loses at most a window of history by it, and
//! the peer need not know.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::{fmt, mem};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::parameters::{Context, WindowBits};
use super::{RENEW_AFTER, Written};

/// How hard a [`Compressor`] tries, and what memory it takes for that.
///
/// ```
/// use wsframe::deflate::Effort;
///
/// let frugal = Effort::DEFAULT.level(1).memory(1);
/// # let _ = frugal;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effort {
    level: u8,
    memory: u8,
}

impl Effort {
    /// Level 5, memory 6. JSON becomes up to 2 % longer by it than by zlib's own default, 6 and 8, in 60
    /// to 95 % of the time. Level 1 takes a third of the time again, a tenth for messages of 100 bytes, and
    /// makes 20 to 60 % more of them. `benches/rivals` measures all three (`-- deflate`).
    pub const DEFAULT: Self = Self { level: 5, memory: 6 };

    /// Zlib's compression level: 1 (fastest) to 9 (smallest), and 0 for none at all. What is greater is
    /// taken for 9.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = if level > 9 { 9 } else { level };
        self
    }

    /// Zlib's memory level: how many symbols a block may have before it is written, `2^(memory + 6)`. 1
    /// to 9; what lies outside is taken for the nearer end. The module says what each costs. More than 6
    /// is for messages of 64 KiB and more; short ones only get slower by it.
    #[must_use]
    pub const fn memory(mut self, memory: u8) -> Self {
        self.memory = match memory {
            0 => 1,
            1..=9 => memory,
            _ => 9,
        };
        self
    }
}

impl Default for Effort {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Compresses messages, one after another: those of one connection, if they share a context, or those
/// of any number of connections whose [`Context`] has no takeover.
///
/// In whole, with [`append`](Self::append). In pieces, with [`compress`](Self::compress) as the message
/// comes and [`finish`](Self::finish) at its end: nothing is held back but what zlib holds, so that no
/// buffer for a whole message is needed anywhere. What comes out are the payloads of the message's
/// frames, cut wherever the caller likes, with RSV1 set on the first.
///
/// It allocates its memory in one piece when the first message begins. It allocates again only when a
/// message was given up ([`forget`](Self::forget)).
///
/// ```
/// use wsframe::deflate::{Compressor, Context, Effort};
///
/// let mut compressor = Compressor::new(Context::FULL, Effort::DEFAULT);
/// let mut payload = Vec::new();
/// compressor.append(b"Hello", &mut payload);
/// assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
///
/// // The second refers to the first.
/// payload.clear();
/// compressor.append(b"Hello", &mut payload);
/// assert_eq!(payload, [0xf2, 0x00, 0x11, 0x00, 0x00]);
/// ```
///
/// # Panics
///
/// Any method that takes a message, if the allocator has no memory for the context.
pub struct Compressor {
    context: Context,
    effort: Effort,
    deflate: Option<Box<Deflate>>,
    stage: Stage,
    /// Zlib knows something of a message.
    has_history: bool,
    /// What must happen to zlib's state before it is used again.
    renewal: Renewal,
    /// What zlib wrote last, of which so many bytes are left: two bytes at most at the end of a message, which
    /// lacks the four bytes, and else six.
    end: [u8; 6],
    end_len: u8,
}

/// How far the message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No byte of it has come.
    Empty,
    /// Some have.
    Open,
    /// Some have, and all that came of them is written; an empty block is the last of it.
    Flushed,
    /// Some have, and of what came of them all is written but `end`.
    Flushing,
    /// All have, and the last block is being written.
    EndingBlock,
    /// All is written but `end`.
    Ending,
}

/// How the history is removed from zlib's state before the next use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    /// The next message may refer to what came before.
    None,
    /// The state is flushed, and is reset.
    Reset,
    /// The state holds a part of a message that was given up, and is discarded. zlib-rs's reset leaves
    /// parts of an open block behind, which corrupts the next message (`docs/upstream.md`).
    Discard,
}

impl Compressor {
    /// A compressor for one direction of a connection.
    #[must_use]
    pub const fn new(context: Context, effort: Effort) -> Self {
        Self {
            context,
            effort,
            deflate: None,
            stage: Stage::Empty,
            has_history: false,
            renewal: Renewal::None,
            end: [0; 6],
            end_len: 0,
        }
    }

    /// The context that its messages are compressed for.
    #[must_use]
    pub const fn context(&self) -> Context {
        self.context
    }

    /// Compresses the next piece of the message. Takes what it uses off the front of `input`, and writes
    /// to `out` what there is to be written so far, which often is nothing.
    ///
    /// Call it again, with an `out` that is not empty, until [`Written::done`] says that `input` is used
    /// up.
    ///
    /// ```
    /// use wsframe::deflate::{Compressor, Context, Decompressor, Effort};
    ///
    /// let mut compressor = Compressor::new(Context::FULL, Effort::DEFAULT);
    /// let mut payload = Vec::new();
    /// let mut out = [0; 16];
    /// for mut piece in [&b"a message "[..], b"in two pieces"] {
    ///     loop {
    ///         let written = compressor.compress(&mut piece, &mut out);
    ///         payload.extend_from_slice(&out[..written.len]);
    ///         if written.done {
    ///             break;
    ///         }
    ///     }
    /// }
    /// loop {
    ///     let written = compressor.finish(&mut out);
    ///     payload.extend_from_slice(&out[..written.len]);
    ///     if written.done {
    ///         break;
    ///     }
    /// }
    ///
    /// let mut message = Vec::new();
    /// Decompressor::new(Context::FULL).append(&payload, &mut message)?;
    /// assert_eq!(message, b"a message in two pieces");
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn compress(&mut self, input: &mut &[u8], out: &mut [u8]) -> Written {
        let mut len = 0;
        while !input.is_empty() && len < out.len() {
            let room = &mut out[len..];
            len += match self.stage {
                Stage::Flushing => self.write_end(room),
                Stage::Open if self.renewal_is_due() => {
                    self.end_block(room, DeflateFlush::SyncFlush, Stage::Flushing)
                }
                _ => {
                    self.open();
                    let given = input.len().min(RENEW_AFTER);
                    let room_len = room.len().min(RENEW_AFTER);
                    let mut piece = &input[..given];
                    let written =
                        self.step(&mut piece, &mut room[..room_len], DeflateFlush::NoFlush);
                    *input = &input[given - piece.len()..];
                    written
                }
            };
        }
        Written { len, done: input.is_empty() }
    }

    /// Ends the message. Call it until [`Written::done`] says that all of it has been written, with an
    /// `out` that is not empty; then the next message may begin.
    ///
    /// An empty message comes out as the one byte 0x00 (§7.2.3.6).
    pub fn finish(&mut self, out: &mut [u8]) -> Written {
        let mut len = 0;
        if self.stage == Stage::Flushing {
            len += self.write_end(out);
        }
        match self.stage {
            Stage::Empty | Stage::Flushed => {
                // No full flush has been done.
                if self.has_history && !self.context.takeover {
                    self.require_reset();
                }
                self.end_with(&[0], Stage::Ending);
            }
            Stage::Open => self.stage = Stage::EndingBlock,
            Stage::Flushing | Stage::EndingBlock | Stage::Ending => {}
        }
        if self.stage == Stage::EndingBlock {
            len += self.end_block(&mut out[len..], self.flush(), Stage::Ending);
        }
        if self.stage == Stage::Ending {
            len += self.write_end(&mut out[len..]);
        }
        Written { len, done: self.stage == Stage::Empty }
    }

    /// Ends the open block. If there is room left in `out` after that, flushes into `end`, for that stage.
    /// Returns how much it wrote to `out`.
    fn end_block(&mut self, out: &mut [u8], flush: DeflateFlush, then: Stage) -> usize {
        let len = self.step(&mut &[][..], out, DeflateFlush::Block);
        if len < out.len() {
            let mut block = [0; 8];
            let block_len = self.step(&mut &[][..], &mut block, flush);
            let cut = if then == Stage::Ending { super::TAIL.len() } else { 0 };
            self.end_with(&block[..block_len.saturating_sub(cut)], then);
        }
        len
    }

    /// Writes what is left in `end`, and ends the stage if that is all.
    fn write_end(&mut self, out: &mut [u8]) -> usize {
        let end = &self.end[..usize::from(self.end_len)];
        let fits = end.len().min(out.len());
        out[..fits].copy_from_slice(&end[..fits]);
        self.end.rotate_left(fits);
        self.end_len -= fits as u8;
        if self.end_len == 0 {
            match self.stage {
                Stage::Ending => self.message_ended(),
                _ => self.stage = Stage::Flushed,
            }
        }
        fits
    }

    /// Compresses a whole message, or what is left of one that was begun in pieces, and appends it to
    /// `out`.
    pub fn append(&mut self, mut message: &[u8], out: &mut Vec<u8>) {
        // What was begun by `finish` is ended by it; and where there is nothing to compress, nothing is to
        // be asked of zlib.
        match self.stage {
            Stage::EndingBlock | Stage::Ending => return self.append_end(out),
            Stage::Empty | Stage::Flushed | Stage::Flushing if message.is_empty() => {
                return self.append_end(out);
            }
            _ => {}
        }
        while message.len() > RENEW_AFTER {
            let (piece, rest) = message.split_at(RENEW_AFTER);
            self.append_piece(piece, DeflateFlush::SyncFlush, out);
            message = rest;
        }
        let start = out.len();
        self.append_piece(message, self.flush(), out);
        // The empty block was written whole, so its four bytes are the last.
        out.truncate(out.len().saturating_sub(super::TAIL.len()).max(start));
        self.message_ended();
    }

    /// Compresses a fragment that is not the message's last, and appends it to `out` so that the peer can
    /// decompress all of it. That costs four or five bytes a fragment, which [`compress`](Self::compress)
    /// does not. [`append`](Self::append) is for the last.
    ///
    /// What is appended are `fragment.len() + fragment.len() / 8 + 64` bytes at most.
    ///
    /// ```
    /// use wsframe::deflate::{Compressor, Context, Decompressor, Effort};
    ///
    /// let mut compressor = Compressor::new(Context::FULL, Effort::DEFAULT);
    /// let mut payload = Vec::new();
    /// compressor.append_fragment(b"Hel", &mut payload);
    ///
    /// let mut out = [0; 16];
    /// let mut decompressor = Decompressor::new(Context::FULL);
    /// let written = decompressor.decompress(&mut &*payload, &mut out)?;
    /// assert_eq!(&out[..written.len], b"Hel");
    ///
    /// payload.clear();
    /// compressor.append(b"lo", &mut payload);
    /// let written = decompressor.decompress(&mut &*payload, &mut out)?;
    /// assert_eq!(&out[..written.len], b"lo");
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn append_fragment(&mut self, fragment: &[u8], out: &mut Vec<u8>) {
        // Zlib takes it for a mistake to be flushed when nothing has come since.
        if fragment.is_empty() && self.stage == Stage::Open {
            self.append_piece(fragment, DeflateFlush::SyncFlush, out);
        }
        for piece in fragment.chunks(RENEW_AFTER) {
            self.append_piece(piece, DeflateFlush::SyncFlush, out);
        }
    }

    /// Compresses at most [`RENEW_AFTER`] bytes, and appends all that comes of them.
    fn append_piece(&mut self, mut input: &[u8], flush: DeflateFlush, out: &mut Vec<u8>) {
        if self.stage == Stage::Flushing {
            let mut end = [0; 6];
            let len = self.write_end(&mut end);
            out.extend_from_slice(&end[..len]);
        }
        self.open();
        let start = out.len();
        let mut end = start;
        let mut room = input.len() / 2 + 64;
        loop {
            out.resize(end + room, 0);
            let len = self.step(&mut input, &mut out[end..], flush);
            end += len;
            if len < room && input.is_empty() {
                break;
            }
            room = end - start;
        }
        out.truncate(end);
        self.stage = Stage::Flushed;
    }

    fn append_end(&mut self, out: &mut Vec<u8>) {
        let mut piece = [0; 256];
        loop {
            let written = self.finish(&mut piece);
            out.extend_from_slice(&piece[..written.len]);
            if written.done {
                return;
            }
        }
    }

    /// Forgets what the messages so far have said, and the message that is open, if there is one. The
    /// next message refers to none of them.
    ///
    /// A sender may do that between any two messages, whatever was agreed on: context takeover is a
    /// permission. It has to, if the peer got a compressed message that this compressor did not make
    /// ([`Broadcast`](super::Broadcast)), or did not get one that it made.
    ///
    /// After an open message, the next one allocates the context again.
    pub const fn forget(&mut self) {
        match self.stage {
            Stage::Open | Stage::EndingBlock => self.renewal = Renewal::Discard,
            Stage::Empty | Stage::Flushed | Stage::Flushing | Stage::Ending if self.has_history => {
                self.require_reset();
            }
            Stage::Empty | Stage::Flushed | Stage::Flushing | Stage::Ending => {}
        }
        self.stage = Stage::Empty;
        self.end_len = 0;
    }

    /// Has zlib's state, which is flushed, reset before it is used again.
    const fn require_reset(&mut self) {
        if matches!(self.renewal, Renewal::None) {
            self.renewal = Renewal::Reset;
        }
    }

    /// Serves another connection, of the same window.
    pub(super) const fn serve(&mut self, context: Context) {
        self.context = context;
        self.forget();
    }

    pub(super) const fn window_bits(&self) -> WindowBits {
        self.context.window_bits
    }

    /// Some of the message comes.
    fn open(&mut self) {
        if matches!(self.stage, Stage::Empty | Stage::Flushed) && self.renewal_is_due() {
            self.require_reset();
        }
        self.stage = Stage::Open;
    }

    fn renewal_is_due(&self) -> bool {
        let most = |deflate: &Deflate| deflate.total_in().max(deflate.total_out());
        self.deflate.as_deref().is_some_and(|deflate| most(deflate) >= RENEW_AFTER as u64)
    }

    fn end_with(&mut self, end: &[u8], stage: Stage) {
        self.stage = stage;
        self.end[..end.len()].copy_from_slice(end);
        self.end_len = end.len() as u8;
    }

    const fn message_ended(&mut self) {
        self.stage = Stage::Empty;
        // A full flush has seen to it, or the message that comes will.
        self.has_history &= self.context.takeover;
    }

    const fn flush(&self) -> DeflateFlush {
        if self.context.takeover { DeflateFlush::SyncFlush } else { DeflateFlush::FullFlush }
    }

    /// One call of zlib; returns how much it wrote.
    fn step(&mut self, input: &mut &[u8], out: &mut [u8], flush: DeflateFlush) -> usize {
        match mem::replace(&mut self.renewal, Renewal::None) {
            Renewal::None => {}
            Renewal::Reset => {
                if let Some(deflate) = &mut self.deflate {
                    deflate.reset();
                }
            }
            Renewal::Discard => self.deflate = None,
        }
        self.has_history = true;
        let deflate = self.deflate.get_or_insert_with(|| new_deflate(self.context, self.effort));
        let before = (deflate.total_in(), deflate.total_out());
        // Zlib fails where a stream is used after its end, and this one is never ended.
        let outcome = deflate.compress(input, out, flush);
        debug_assert!(outcome.is_ok(), "{outcome:?}");
        *input = &input[(deflate.total_in() - before.0) as usize..];
        (deflate.total_out() - before.1) as usize
    }
}

fn new_deflate(context: Context, effort: Effort) -> Box<Deflate> {
    // Zlib has no window of 256 bytes where there is no header to say so. In one of 512 bytes it keeps
    // 262 free for what it looks ahead, and so refers back by 250 at most, which is within 256.
    let window_bits = context.window_bits.get().max(9);
    Box::new(Deflate::new_with_config(DeflateConfig {
        level: effort.level.into(),
        mem_level: effort.memory.into(),
        // Negative: without zlib's header.
        window_bits: -i32::from(window_bits),
        ..DeflateConfig::default()
    }))
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor")
            .field("context", &self.context)
            .field("effort", &self.effort)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
