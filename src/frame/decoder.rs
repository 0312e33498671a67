//! Frames in bytes as they arrive: locate, then unmask.
//!
//! The decoder holds no bytes. It is shown what the caller has, answers with the [`Span`] of the next
//! chunk, and the caller consumes its bytes. All callers share this core, [`FrameDecoder::locate`]:
//!
//! - A loop over a buffer takes [`FrameDecoder::decode`], which moves a cursor slice on and lends the
//!   chunk from the buffer.
//! - Code with a buffer that can be split, such as `BytesMut`, locates in it and then splits the span
//!   off.
//! - A struct that owns buffer and decoder, and lends one chunk a call, locates, then turns the span
//!   into a chunk with [`Span::of`]. (A cursor would not outlive the call.)
//!
//! What is consumed is decided so that nothing is ever lost or copied:
//!
//! - A frame that lies whole in the buffer is one chunk, first and last at once.
//! - A longer one comes as several, as its bytes arrive: so its length has no bearing on memory, and
//!   text is validated as it arrives. But control frames come whole or not yet, and so do others of up
//!   to `whole_up_to` bytes.
//! - "Not yet" consumes nothing. A header whose payload has not begun to arrive stays where it is.
//! - An error consumes nothing either, and so repeats as long as the same bytes are shown.

use core::mem;
use core::ops::Range;

use super::Payload;
use crate::error::ProtocolError;
use crate::header::{FrameHeader, MAX_CONTROL_PAYLOAD_LEN, Opcode, Role, Rsv, Rules};
use crate::mask::{Mask, MaskingKey};

/// The least number of bytes that a buffer must hold for the decoder to get through any stream: a
/// control frame of the greatest length, masked (2 + 4 + 125).
pub const MIN_BUFFER_LEN: usize = 2 + 4 + MAX_CONTROL_PAYLOAD_LEN;

/// The limit on a frame's payload that a new [`FrameDecoder`] has: 16 MiB.
pub const DEFAULT_MAX_PAYLOAD_LEN: u32 = 16 << 20;

/// As a limit on frames, messages or fragments: none.
pub const NO_LIMIT: u32 = u32::MAX;

/// Finds frames in a stream of bytes.
///
/// It owns no buffer and never allocates; thirty-two bytes hold all its state.
///
/// ```
/// use wsframe::{FrameDecoder, Role};
///
/// let mut buf = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x82\x83";
/// let mut decoder = FrameDecoder::new(Role::Server);
///
/// let mut payload = Vec::new();
/// let mut input = &mut buf[..];
/// while let Some(chunk) = decoder.decode(&mut input)? {
///     payload.extend_from_slice(chunk.payload.unmask());
///     if chunk.last {
///         println!("{:?} frame of {} bytes", chunk.header.opcode, payload.len());
///     }
/// }
/// assert_eq!(payload, b"Hello");
/// assert_eq!(input, [0x82, 0x83]); // not consumed: it stays in front of the next read
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
///
/// After an error nothing was consumed. The stream has no frame boundaries any more: fail the
/// connection, and show the decoder no other bytes.
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    /// Bytes of the open frame's payload that are still to come; 0 if no frame is open.
    remaining: u64,
    /// The open frame's header. Meaningless while no frame is open.
    open: OpenHeader,
    whole_up_to: u32,
    max_payload_len: u32,
}

/// A header, and the rules beside it, in 16 bytes and no padding: a server may hold a million of them.
#[derive(Clone, Copy, Debug)]
struct OpenHeader {
    payload_len: u64,
    masking_key: MaskingKey,
    opcode: Opcode,
    /// FIN and the RSV bits where the wire has them, and MASK in the lowest bit.
    bits: u8,
    rules: Rules,
}

const FIN: u8 = 0x80;
const MASKED: u8 = 0x01;

impl OpenHeader {
    fn store(&mut self, header: &FrameHeader) {
        *self = Self {
            payload_len: header.payload_len,
            masking_key: header.masking_key.unwrap_or(MaskingKey::new([0; 4])),
            opcode: header.opcode,
            bits: header.rsv.bits()
                | if header.fin { FIN } else { 0 }
                | if header.masking_key.is_some() { MASKED } else { 0 },
            rules: self.rules,
        };
    }

    /// The mask at the first byte of the payload.
    const fn mask(&self) -> Mask {
        if self.bits & MASKED != 0 { Mask::new(self.masking_key) } else { Mask::NONE }
    }

    fn load(&self) -> FrameHeader {
        FrameHeader {
            fin: self.bits & FIN != 0,
            rsv: Rsv::from_bits(self.bits),
            opcode: self.opcode,
            masking_key: (self.bits & MASKED != 0).then_some(self.masking_key),
            payload_len: self.payload_len,
        }
    }
}

/// One frame, or a part of one, that lies in the caller's buffer.
#[derive(Debug)]
pub struct FrameChunk<'b> {
    /// The frame's header, the same for each of its chunks.
    pub header: FrameHeader,
    /// The chunk's part of the payload, still masked.
    pub payload: Payload<'b>,
    /// Whether the frame begins with this chunk.
    pub first: bool,
    /// Whether the frame ends with this chunk.
    pub last: bool,
}

/// Where the next chunk lies in the bytes that were shown to [`FrameDecoder::locate`].
///
/// The decoder has moved past it: the caller must take it, and consume [`end`](Self::end) bytes.
#[derive(Clone, Debug)]
#[must_use = "the decoder has moved past these bytes"]
pub struct Span {
    header: FrameHeader,
    start: usize,
    len: usize,
    mask: Mask,
    first: bool,
    last: bool,
}

impl FrameDecoder {
    /// A decoder for what an endpoint of this role receives, strict, with the default limit.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self::with_rules(Rules::new(role))
    }

    /// A decoder for what an endpoint receives under these rules.
    #[must_use]
    pub const fn with_rules(rules: Rules) -> Self {
        Self {
            remaining: 0,
            open: OpenHeader {
                payload_len: 0,
                masking_key: MaskingKey::new([0; 4]),
                opcode: Opcode::Continuation,
                bits: 0,
                rules,
            },
            whole_up_to: 0,
            max_payload_len: DEFAULT_MAX_PAYLOAD_LEN,
        }
    }

    /// Hands out a frame of at most this many bytes, header and payload, whole or not yet. A new decoder
    /// has 0: what has arrived of a text or binary frame is handed out, so that text is refused as early
    /// as it can be. Control frames come whole in any case.
    ///
    /// A caller that wants whole frames sets it to the size of its buffer. No more than that: a frame
    /// that must come whole and does not fit never comes. ([`NO_LIMIT`] stands for 4 GiB here.) The
    /// fragments of a message still come one by one.
    #[must_use]
    pub const fn whole_up_to(mut self, bytes: u32) -> Self {
        self.whole_up_to = bytes;
        self
    }

    /// Refuses a frame whose header declares more than this many bytes of payload, as soon as the
    /// header is there. [`NO_LIMIT`] lifts the limit; a new decoder has [`DEFAULT_MAX_PAYLOAD_LEN`].
    #[must_use]
    pub const fn max_payload_len(mut self, bytes: u32) -> Self {
        self.max_payload_len = bytes;
        self
    }

    /// The rules that headers are held to.
    #[must_use]
    pub const fn rules(&self) -> Rules {
        self.open.rules
    }

    #[cfg(feature = "deflate")]
    pub(crate) const fn claim_for_deflate(&mut self) {
        self.open.rules = self.open.rules.claim_for_deflate();
    }

    /// Bytes of payload that the open frame has still to come; 0 between two frames.
    ///
    /// A caller that knows where they shall lie may read up to this many bytes straight there and show
    /// them to the decoder where they are.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Finds the next chunk at the beginning of `input`; `None` if more bytes are needed first.
    ///
    /// After `Some`, the decoder has moved past the chunk: consume [`Span::end`] bytes of the input.
    /// After `None` or an error, consume nothing.
    ///
    /// # Errors
    ///
    /// The rule that the next header breaks. `input` begins with that header.
    #[inline(always)]
    pub fn locate(&mut self, input: &[u8]) -> Result<Option<Span>, ProtocolError> {
        if self.remaining == 0 {
            if let Some(span) = self.locate_plain(input) {
                return Ok(Some(span));
            }
        }
        self.locate_any(input)
    }

    /// A whole frame with a plain header, which is nearly all of them, and stays in registers. To be
    /// asked between two frames only.
    #[inline(always)]
    pub(crate) fn locate_plain(&self, input: &[u8]) -> Option<Span> {
        let (header, start) = FrameHeader::decode_plain(input, self.open.rules)?;
        let whole = header.payload_len <= u64::from(self.max_payload_len)
            && header.payload_len <= (input.len() - start) as u64;
        whole.then(|| Span::whole(header, start))
    }

    /// The first chunk of a frame with a plain header that has not arrived whole, and the length of all its
    /// payload, of `max_len` at most. To be asked between two frames only.
    #[inline(always)]
    pub(crate) fn begin_plain<'b>(
        &mut self,
        max_len: u32,
        input: &mut &'b mut [u8],
    ) -> Option<(Payload<'b>, u32)> {
        let (header, start) = FrameHeader::decode_plain(input, self.open.rules)?;
        let available = input.len() - start;
        let len = u32::try_from(header.payload_len).ok()?;
        if u64::from(len) <= available as u64 || len > max_len.min(self.max_payload_len) {
            return None;
        }
        let span = self.open_frame(&header, start, available)?;
        Some((Payload::new(span.cut(input)?, span.mask()), len))
    }

    #[inline(never)]
    fn locate_any(&mut self, input: &[u8]) -> Result<Option<Span>, ProtocolError> {
        if self.remaining != 0 {
            return Ok(self.locate_open(input.len()));
        }
        let Some((header, start)) = FrameHeader::decode(input, self.open.rules)? else {
            return Ok(None);
        };
        if header.payload_len > u64::from(self.max_payload_len) && self.max_payload_len != NO_LIMIT
        {
            return Err(ProtocolError::FrameTooLong(header.payload_len));
        }
        let available = input.len() - start;
        if header.payload_len > available as u64 {
            return Ok(self.open_frame(&header, start, available));
        }
        Ok(Some(Span::whole(header, start)))
    }

    /// The first chunk of a frame that is not all there.
    fn open_frame(&mut self, header: &FrameHeader, start: usize, available: usize) -> Option<Span> {
        let frame_len = header.payload_len.saturating_add(start as u64);
        let whole = header.opcode.is_control() || frame_len <= u64::from(self.whole_up_to);
        if whole || available == 0 {
            return None;
        }
        self.open.store(header);
        self.remaining = header.payload_len - available as u64;
        let mask = header.mask();
        Some(Span { header: *header, start, len: available, mask, first: true, last: false })
    }

    /// A further chunk of the open frame.
    fn locate_open(&mut self, available: usize) -> Option<Span> {
        let (len, mask) = self.advance_open(available)?;
        let header = self.open.load();
        Some(Span { header, start: 0, len, mask, first: false, last: self.remaining == 0 })
    }

    /// Moves on by a further chunk of the open frame: its length, and the mask at its first byte.
    #[inline(always)]
    fn advance_open(&mut self, available: usize) -> Option<(usize, Mask)> {
        let len = usize::try_from(self.remaining).map_or(available, |rest| rest.min(available));
        if len == 0 {
            return None;
        }
        let mut mask = self.open.mask();
        // Only the position modulo 4 matters, which the cast keeps.
        mask.advance((self.open.payload_len - self.remaining) as usize);
        self.remaining -= len as u64;
        Some((len, mask))
    }

    /// Takes a further chunk of the open frame, without its header; and whether the message ends with it.
    /// `None` if no frame is open, or nothing has come.
    #[inline(always)]
    pub(crate) fn decode_open<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Option<(Payload<'b>, bool)> {
        let (len, mask) = self.advance_open(input.len())?;
        let (bytes, rest) = mem::take(input).split_at_mut_checked(len)?;
        *input = rest;
        Some((Payload::new(bytes, mask), self.remaining == 0 && self.open.bits & FIN != 0))
    }

    /// Takes the next chunk from the beginning of `input`, which then begins behind it; `None` if more
    /// bytes are needed first.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate). `input` is not moved.
    #[inline(always)]
    pub fn decode<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<FrameChunk<'b>>, ProtocolError> {
        let Some(span) = self.locate(input)? else {
            return Ok(None);
        };
        let Some(payload) = span.cut(input) else { return Ok(None) };
        Ok(Some(span.chunk(payload)))
    }
}

impl Span {
    /// A frame that lies whole in the input.
    #[inline(always)]
    const fn whole(header: FrameHeader, start: usize) -> Self {
        let len = header.payload_len as usize;
        Self { header, start, len, mask: header.mask(), first: true, last: true }
    }

    /// How many bytes of the input to consume: header, if the chunk is the first, and payload.
    #[must_use]
    #[inline(always)]
    pub const fn end(&self) -> usize {
        self.start + self.len
    }

    /// Where the payload lies in the input.
    #[must_use]
    #[inline(always)]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end()
    }

    /// The frame's header.
    #[must_use]
    #[inline(always)]
    pub const fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Whether the frame begins with this chunk.
    #[must_use]
    #[inline(always)]
    pub const fn first(&self) -> bool {
        self.first
    }

    /// Whether the frame ends with this chunk.
    #[must_use]
    #[inline(always)]
    pub const fn last(&self) -> bool {
        self.last
    }

    /// The chunk itself, from the input in which it was located, or from the consumed part of it.
    ///
    /// # Panics
    ///
    /// If `used` is shorter than [`end`](Self::end): these are other bytes than the located ones.
    ///
    /// ```
    /// use wsframe::{FrameDecoder, Role};
    ///
    /// let mut buf = *b"\x89\x02hi\x82";
    /// let mut decoder = FrameDecoder::new(Role::Client);
    /// if let Some(span) = decoder.locate(&buf)? {
    ///     assert_eq!((span.range(), span.end()), (2..4, 4));
    ///     assert_eq!(span.of(&mut buf).payload.unmask(), b"hi");
    /// }
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[inline(always)]
    pub fn of(self, used: &mut [u8]) -> FrameChunk<'_> {
        let range = self.range();
        self.chunk(&mut used[range])
    }

    /// Cuts the chunk off the beginning of the input in which it was located, and gives its payload.
    #[inline(always)]
    pub(crate) fn cut<'b>(&self, input: &mut &'b mut [u8]) -> Option<&'b mut [u8]> {
        // A span ends within the bytes in which it was located, so neither split fails.
        let (_, behind) = mem::take(input).split_at_mut_checked(self.start)?;
        let (payload, rest) = behind.split_at_mut_checked(self.len)?;
        *input = rest;
        Some(payload)
    }

    /// The mask that stands at the first byte of the chunk's payload.
    #[inline(always)]
    pub(crate) fn mask(&self) -> Mask {
        self.mask.clone()
    }

    #[inline(always)]
    fn chunk(self, bytes: &mut [u8]) -> FrameChunk<'_> {
        FrameChunk {
            header: self.header,
            payload: Payload::new(bytes, self.mask),
            first: self.first,
            last: self.last,
        }
    }
}
