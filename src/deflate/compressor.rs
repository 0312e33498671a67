//! Compressing outgoing messages (RFC 7692 §7.2.1).
//!
//! > 1. Compress all the octets of the payload of the message using DEFLATE.
//! > 2. If the resulting data does not end with an empty DEFLATE block with no compression (the
//! >    "BTYPE" bits are set to 00), append an empty DEFLATE block with no compression to the tail
//! >    end.
//! > 3. Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end.
//!
//! zlib's sync flush does the first two steps. If the caller's buffer holds the whole output, the
//! four bytes are its last. If it does not, they might be split between two buffers. So the flush
//! is then done in two steps. The first ends the block in the caller's buffer. The second writes
//! the empty block, at most six bytes, to a buffer of our own, and the four bytes are the last
//! there.
//!
//! Without context takeover the flush is a full one, which makes zlib forget the message. This
//! takes less work than a reset.
//!
//! zlib-rs counts the bytes that pass through its state in a `c_ulong`. On Windows and on 32-bit
//! targets that has 32 bits and overflows. So the state is reset every [`RENEW_AFTER`] bytes:
//! between two messages if possible, otherwise after a flush within the message. The sender loses
//! at most one window of history, and the peer need not know.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::{fmt, mem};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::parameters::{DeflateContext, WindowBits};
use super::{Progress, RENEW_AFTER};

/// The compression level and memory level of a [`Compressor`].
///
/// ```
/// use wsframe::deflate::{Compressor, DeflateContext, CompressorOptions};
///
/// let fast = CompressorOptions::DEFAULT.level(1).memory(1);
/// let compressor = Compressor::new(DeflateContext::NO_TAKEOVER, fast);
/// assert_eq!(compressor.context(), DeflateContext::NO_TAKEOVER);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompressorOptions {
    level: u8,
    memory: u8,
}

impl CompressorOptions {
    /// Level 5 and memory level 6.
    ///
    /// | setting | time | size of JSON |
    /// |---|---|---|
    /// | zlib's default, 6 and 8 | 1 | 1 |
    /// | `DEFAULT` | 0.60 to 0.95 | up to 2 % more |
    ///
    /// Level 1 takes a third of this time (a tenth for messages of 100 bytes), and its output is 20
    /// to 60 % longer. To measure all three, run `benches/rivals` with `-- deflate`.
    pub const DEFAULT: Self = Self { level: 5, memory: 6 };

    /// Sets zlib's compression level: 1 (fastest) to 9 (smallest), or 0 for no compression. Higher
    /// values count as 9.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = if level > 9 { 9 } else { level };
        self
    }

    /// Sets zlib's memory level, 1 to 9. A block contains up to `2^(memory + 6)` symbols before it
    /// is written. Values out of range count as the nearest valid one.
    ///
    /// [The module](super#memory) lists the memory for each level. Levels above 6 help only with
    /// messages of 64 KiB and more; short ones become slower.
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

impl Default for CompressorOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Compresses messages, one after another.
///
/// With context takeover, a compressor serves one connection. Without, it serves any number of
/// connections.
///
/// - To compress a whole message, use [`append`](Self::append).
/// - To compress a message in pieces, call [`compress`](Self::compress) for each piece and
///   [`finish`](Self::finish) at its end. Only zlib holds bytes back, so no buffer for a whole
///   message is needed.
///
/// The output is the payload of the message's frames. It may be split anywhere; set RSV1 on the
/// first frame.
///
/// The memory is allocated in one piece when the first message begins. It is allocated again only
/// after a message was abandoned with [`reset`](Self::reset).
///
/// ```
/// use wsframe::deflate::{Compressor, DeflateContext, CompressorOptions};
///
/// let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
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
/// Every method that compresses panics if the allocator has no memory for the context.
pub struct Compressor {
    context: DeflateContext,
    effort: CompressorOptions,
    deflate: Option<Box<Deflate>>,
    stage: Stage,
    /// Whether zlib's state contains data of a message.
    has_history: bool,
    /// What must be done to zlib's state before it is used again.
    renewal: Renewal,
    /// zlib's last output, of which `end_len` bytes are not written yet. These are at most two
    /// bytes at the end of a message, where the four bytes are removed, otherwise at most six.
    end: [u8; 6],
    end_len: u8,
}

/// How much of the message was compressed and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No byte was compressed.
    Empty,
    /// Some bytes were compressed.
    Open,
    /// Some bytes were compressed. Their output is written and ends with an empty block.
    Flushed,
    /// Some bytes were compressed. Their output is written, except for `end`.
    Flushing,
    /// All bytes were compressed, and the last block is being written.
    EndingBlock,
    /// Everything is written, except for `end`.
    Ending,
}

/// How the history is removed from zlib's state before the next use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    /// The history stays: the next message may refer to it.
    None,
    /// The state is flushed. It is reset.
    Reset,
    /// The state contains part of an abandoned message. It is discarded, because zlib-rs's reset
    /// keeps parts of an open block, which corrupt the next message (`docs/upstream.md`).
    Discard,
}

impl Compressor {
    /// Creates a compressor for one direction of a connection.
    #[must_use]
    pub const fn new(context: DeflateContext, effort: CompressorOptions) -> Self {
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

    /// Returns the context that messages are compressed for.
    #[must_use]
    pub const fn context(&self) -> DeflateContext {
        self.context
    }

    /// Compresses the next piece of the message. Advances `input` past what was used, and writes
    /// the output so far to `out`, which is often nothing.
    ///
    /// Call it again until [`Progress::done`] says that `input` is used up. `out` must not be
    /// empty.
    ///
    /// ```
    /// use wsframe::deflate::{Compressor, DeflateContext, Decompressor, CompressorOptions};
    ///
    /// let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
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
    /// Decompressor::new(DeflateContext::DEFAULT).append(&payload, &mut message)?;
    /// assert_eq!(message, b"a message in two pieces");
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn compress(&mut self, input: &mut &[u8], out: &mut [u8]) -> Progress {
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
        Progress { len, done: input.is_empty() }
    }

    /// Ends the message. Call it again until [`Progress::done`] says that everything is written.
    /// `out` must not be empty. After that, the next message may begin.
    ///
    /// An empty message is compressed to the single byte 0x00 (§7.2.3.6).
    ///
    /// ```
    /// use wsframe::deflate::{Compressor, DeflateContext, CompressorOptions};
    ///
    /// let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    /// let mut out = [0; 16];
    /// let written = compressor.finish(&mut out);
    /// assert!(written.done);
    /// assert_eq!(&out[..written.len], [0x00]);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn finish(&mut self, out: &mut [u8]) -> Progress {
        let mut len = 0;
        if self.stage == Stage::Flushing {
            len += self.write_end(out);
        }
        match self.stage {
            Stage::Empty | Stage::Flushed => {
                // The history was not removed by a full flush.
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
        Progress { len, done: self.stage == Stage::Empty }
    }

    /// Ends the open block. If `out` has capacity left after that, flushes into `end` and enters
    /// the stage `then`. Returns the number of bytes written to `out`.
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

    /// Writes from `end` to `out`. Ends the stage once `end` is empty.
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

    /// Compresses a whole message and appends it to `out`. If a message was begun in pieces,
    /// compresses its rest.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn append(&mut self, mut message: &[u8], out: &mut Vec<u8>) {
        // A message that `finish` began to end is ended here. Without input, zlib has nothing to
        // do.
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

    /// Compresses a fragment that is not the message's last, and appends it to `out`. The fragment
    /// is flushed, so the peer can decompress all of it. This costs four or five bytes per
    /// fragment, which [`compress`](Self::compress) avoids. Pass the last fragment to
    /// [`append`](Self::append).
    ///
    /// At most `fragment.len() + fragment.len() / 8 + 64` bytes are appended.
    ///
    /// ```
    /// use wsframe::deflate::{Compressor, DeflateContext, Decompressor, CompressorOptions};
    ///
    /// let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    /// let mut payload = Vec::new();
    /// compressor.append_fragment(b"Hel", &mut payload);
    ///
    /// let mut out = [0; 16];
    /// let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    /// let written = decompressor.decompress(&mut &*payload, &mut out)?;
    /// assert_eq!(&out[..written.len], b"Hel");
    ///
    /// payload.clear();
    /// compressor.append(b"lo", &mut payload);
    /// let written = decompressor.decompress(&mut &*payload, &mut out)?;
    /// assert_eq!(&out[..written.len], b"lo");
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the context.
    pub fn append_fragment(&mut self, fragment: &[u8], out: &mut Vec<u8>) {
        // zlib reports an error for a second flush without input in between.
        if fragment.is_empty() && self.stage == Stage::Open {
            self.append_piece(fragment, DeflateFlush::SyncFlush, out);
        }
        for piece in fragment.chunks(RENEW_AFTER) {
            self.append_piece(piece, DeflateFlush::SyncFlush, out);
        }
    }

    /// Compresses at most [`RENEW_AFTER`] bytes and appends their whole output.
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

    /// Forgets earlier messages and abandons the open one. The next message refers to none of them.
    ///
    /// A sender may do this between any two messages, whatever was negotiated: context takeover is
    /// a permission. It must do this in two cases:
    ///
    /// - The peer received a compressed message that this compressor did not produce, such as a
    ///   [`Broadcast`](super::Broadcast).
    /// - The peer did not receive a message that this compressor produced.
    ///
    /// If a message was abandoned, the next one allocates the context again.
    ///
    /// ```
    /// use wsframe::deflate::{Compressor, DeflateContext, CompressorOptions};
    ///
    /// let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    /// let (mut first, mut second) = (Vec::new(), Vec::new());
    /// compressor.append(b"Hello", &mut first);
    /// compressor.reset();
    /// compressor.append(b"Hello", &mut second);
    /// assert_eq!(first, second); // the second does not refer to the first
    /// ```
    pub const fn reset(&mut self) {
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

    /// Schedules a reset of zlib's state, which is flushed, before its next use.
    const fn require_reset(&mut self) {
        if matches!(self.renewal, Renewal::None) {
            self.renewal = Renewal::Reset;
        }
    }

    /// Assigns the compressor to another connection with the same window.
    pub(super) const fn serve(&mut self, context: DeflateContext) {
        self.context = context;
        self.reset();
    }

    pub(super) const fn window_bits(&self) -> WindowBits {
        self.context.window_bits
    }

    /// Marks the message as open, and schedules a reset if a renewal is due.
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
        // The history was removed by a full flush, or the next message removes it.
        self.has_history &= self.context.takeover;
    }

    const fn flush(&self) -> DeflateFlush {
        if self.context.takeover { DeflateFlush::SyncFlush } else { DeflateFlush::FullFlush }
    }

    /// Calls zlib once. Returns the number of bytes written.
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
        // zlib fails if a stream is used after its end. This one never ends.
        let outcome = deflate.compress(input, out, flush);
        debug_assert!(outcome.is_ok(), "{outcome:?}");
        *input = &input[(deflate.total_in() - before.0) as usize..];
        (deflate.total_out() - before.1) as usize
    }
}

fn new_deflate(context: DeflateContext, effort: CompressorOptions) -> Box<Deflate> {
    // Without its header, zlib has no window of 256 bytes. In a window of 512 bytes it reserves 262
    // for its lookahead, so it refers back by at most 250, which is within 256.
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
