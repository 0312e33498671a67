//! The frame decoder. It locates a chunk of a frame, which the caller then unmasks.

use core::mem;
use core::ops::Range;

use super::Payload;
use crate::error::ProtocolError;
use crate::header::{FrameHeader, MAX_CONTROL_PAYLOAD_LEN, Role, Rules};
use crate::limits::{self, Limits};
use crate::mask::{Mask, MaskingKey};
use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// The smallest buffer that suffices for any stream, in bytes: a masked control frame of the
/// greatest length (2 + 4 + 125).
pub const MIN_BUFFER_LEN: usize = 2 + 4 + MAX_CONTROL_PAYLOAD_LEN;

/// A decoder for frames in a stream of bytes.
///
/// It has no buffer and never allocates. Its state takes 32 bytes.
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
/// assert_eq!(input, [0x82, 0x83]); // not consumed: the next read goes after it
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
///
/// # Input and buffers
///
/// There are three ways to call it:
///
/// - A loop over a buffer calls [`decode`](Self::decode), which advances the input and borrows the
///   chunk from it.
/// - Code with a buffer that can be split, such as `BytesMut`, calls
///   [`next_span`](Self::next_span), and then splits the span off.
/// - A struct that owns both the buffer and the decoder calls `next_span`, then
///   [`FrameSpan::into_chunk`], because it cannot store a slice of its own buffer.
///
/// # Chunks
///
/// - A frame that has arrived completely is one chunk.
/// - A frame that has not is returned in several chunks as its bytes arrive, so its length does not
///   affect memory.
/// - Control frames are returned only once complete. So are other frames of up to
///   [`whole_frames_up_to`](Self::whole_frames_up_to) bytes.
/// - Incomplete input consumes nothing. A header stays in the input until its payload begins to
///   arrive.
/// - An error consumes nothing, so it repeats. The stream has no frame boundaries after it: fail
///   the connection, and decode no further bytes.
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    /// The number of payload bytes of the open frame that have not arrived; 0 if no frame is open.
    remaining: u64,
    /// The open frame's header. It has no meaning while no frame is open.
    open: OpenHeader,
    whole_frames_up_to: u32,
    max_frame_size: u32,
}

/// A header and the rules, in 16 bytes without padding, because a server may have a million of
/// them.
#[derive(Clone, Copy, Debug)]
struct OpenHeader {
    payload_len: u64,
    masking_key: MaskingKey,
    opcode: Opcode,
    /// FIN and the RSV bits as on the wire, and MASK in the lowest bit.
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

    /// Returns the mask at the first byte of the payload.
    const fn mask(&self) -> Mask {
        if self.bits & MASKED != 0 { Mask::new(self.masking_key) } else { Mask::IDENTITY }
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

/// A frame, or a part of one, in the caller's buffer.
///
/// ```
/// use wsframe::{FrameDecoder, Role};
///
/// let mut decoder = FrameDecoder::new(Role::Client);
/// let mut buf = *b"\x82\x05Hel"; // two bytes have not arrived
/// if let Some(chunk) = decoder.decode(&mut &mut buf[..])? {
///     assert_eq!(chunk.header.payload_len, 5);
///     assert!(chunk.first && !chunk.last);
///     assert_eq!(chunk.payload.unmask(), b"Hel");
/// }
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
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

/// The position of the next chunk in the input of [`FrameDecoder::next_span`].
///
/// The decoder has advanced past the chunk: take it, and consume
/// [`consumed_len`](Self::consumed_len) bytes of the input.
///
/// ```
/// use wsframe::{FrameDecoder, Role};
///
/// let mut decoder = FrameDecoder::new(Role::Client);
/// let mut input = b"\x82\x05Hello".to_vec();
/// if let Some(span) = decoder.next_span(&input)? {
///     let end = span.consumed_len();
///     assert_eq!(span.into_chunk(&mut input).payload.unmask(), b"Hello");
///     input.drain(..end);
/// }
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "the decoder has moved past these bytes"]
pub struct FrameSpan {
    header: FrameHeader,
    start: usize,
    len: usize,
    mask: Mask,
    first: bool,
    last: bool,
}

impl FrameDecoder {
    /// Creates a decoder for what an endpoint of this role receives, with strict rules and the
    /// default limit.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self::with_rules(Rules::new(role))
    }

    /// Creates a decoder with these rules and the default limit.
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
            whole_frames_up_to: 0,
            max_frame_size: Limits::DEFAULT.frame_size,
        }
    }

    /// Sets the frame length up to which frames are returned only once complete.
    ///
    /// The length counts header and payload. The default is 0: text and binary frames are returned
    /// in chunks as they arrive, so invalid text fails early. Control frames are always returned
    /// complete.
    ///
    /// To receive whole frames, set this to the size of your buffer. Do not set it higher: a frame
    /// that does not fit would never be returned. `u32::MAX` is 4 GiB here, and not "no limit". The
    /// fragments of a message are still returned one by one.
    #[must_use]
    pub const fn whole_frames_up_to(mut self, bytes: u32) -> Self {
        self.whole_frames_up_to = bytes;
        self
    }

    /// Sets the greatest payload length of a frame, in bytes. The default is 16 MiB, as in
    /// [`Limits`].
    ///
    /// A longer frame fails as soon as its header has arrived. `u32::MAX` disables the limit.
    #[doc(alias = "max_payload_len")]
    #[must_use]
    pub const fn max_frame_size(mut self, bytes: u32) -> Self {
        self.max_frame_size = bytes;
        self
    }

    pub(crate) const fn set_whole_frames_up_to(&mut self, bytes: u32) {
        self.whole_frames_up_to = bytes;
    }

    pub(crate) const fn set_max_frame_size(&mut self, bytes: u32) {
        self.max_frame_size = bytes;
    }

    /// Replaces the rules, but not the role.
    pub(crate) const fn set_rules(&mut self, rules: Rules) {
        self.open.rules = rules.with_role(self.open.rules.role());
    }

    /// Returns the rules for headers.
    #[must_use]
    pub const fn rules(&self) -> Rules {
        self.open.rules
    }

    #[cfg(feature = "deflate")]
    pub(crate) const fn claim_for_deflate(&mut self) {
        self.open.rules = self.open.rules.claim_for_deflate();
    }

    /// Returns how many payload bytes of the open frame have not arrived; 0 between frames.
    ///
    /// A caller may read up to this many bytes directly to their destination, and decode them
    /// there.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Locates the next chunk at the beginning of `input`. Returns `None` when more bytes are
    /// needed.
    ///
    /// After `Some`, consume [`FrameSpan::consumed_len`] bytes of the input: the decoder has
    /// advanced past the chunk. After `None` or an error, consume nothing.
    ///
    /// # Errors
    ///
    /// Returns the first rule that the next header breaks, or
    /// [`FrameTooLong`](ProtocolError::FrameTooLong). The input begins with that header.
    #[inline(always)]
    pub fn next_span(&mut self, input: &[u8]) -> Result<Option<FrameSpan>, ProtocolError> {
        if self.remaining == 0 {
            if let Some(span) = self.locate_plain(input) {
                return Ok(Some(span));
            }
        }
        self.locate_any(input)
    }

    /// Locates a complete frame with a plain header, on the fast path. Nearly all frames are. Its
    /// result stays in registers. Call it only between frames.
    #[inline(always)]
    pub(crate) fn locate_plain(&self, input: &[u8]) -> Option<FrameSpan> {
        let (header, start) = FrameHeader::decode_plain(input, self.open.rules)?;
        let whole = header.payload_len <= u64::from(self.max_frame_size)
            && header.payload_len <= (input.len() - start) as u64;
        whole.then(|| FrameSpan::whole(header, start))
    }

    /// Takes the first chunk of an incomplete frame with a plain header. Returns it with the length
    /// of the whole payload, which is at most `max_len`. Call it only between frames.
    #[inline(always)]
    pub(crate) fn begin_plain<'b>(
        &mut self,
        max_len: u32,
        input: &mut &'b mut [u8],
    ) -> Option<(Payload<'b>, u32)> {
        let (header, start) = FrameHeader::decode_plain(input, self.open.rules)?;
        let available = input.len() - start;
        let len = u32::try_from(header.payload_len).ok()?;
        if u64::from(len) <= available as u64 || len > max_len.min(self.max_frame_size) {
            return None;
        }
        if !self.open_frame(&header, start, available) {
            return None;
        }
        let payload = mem::take(input).get_mut(start..)?;
        Some((Payload::new(payload, header.mask()), len))
    }

    /// Same as [`next_span`](Self::next_span), but waits for the end of the frame.
    #[cfg(feature = "bytes")]
    #[inline]
    pub(crate) fn next_whole_span(
        &mut self,
        input: &[u8],
    ) -> Result<Option<FrameSpan>, ProtocolError> {
        if self.remaining != 0 {
            let arrived = self.remaining <= input.len() as u64;
            return Ok(arrived.then(|| self.locate_open(input.len())).flatten());
        }
        if let Some(span) = self.locate_plain(input) {
            return Ok(Some(span));
        }
        let Some((header, start)) = self.decode_header(input)? else { return Ok(None) };
        let arrived = header.payload_len <= (input.len() - start) as u64;
        Ok(arrived.then(|| FrameSpan::whole(header, start)))
    }

    /// Decodes the next header and applies the limit. Call it only between frames.
    pub(crate) fn decode_header(
        &self,
        input: &[u8],
    ) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
        let found = FrameHeader::decode(input, self.open.rules)?;
        match found {
            Some((FrameHeader { payload_len, .. }, _))
                if payload_len > u64::from(self.max_frame_size)
                    && self.max_frame_size != limits::NONE =>
            {
                Err(ProtocolError::FrameTooLong(payload_len))
            }
            _ => Ok(found),
        }
    }

    #[inline(never)]
    fn locate_any(&mut self, input: &[u8]) -> Result<Option<FrameSpan>, ProtocolError> {
        if self.remaining != 0 {
            return Ok(self.locate_open(input.len()));
        }
        let Some((header, start)) = self.decode_header(input)? else { return Ok(None) };
        Ok(self.locate_first(&header, start, input.len()))
    }

    /// Returns the first chunk of the frame with this header, which [`decode_header`] returned for
    /// `input_len` bytes of input. Returns `None` while the frame must wait for more of them.
    ///
    /// [`decode_header`]: Self::decode_header
    #[inline]
    pub(crate) fn locate_first(
        &mut self,
        header: &FrameHeader,
        start: usize,
        input_len: usize,
    ) -> Option<FrameSpan> {
        let available = input_len - start;
        if header.payload_len <= available as u64 {
            return Some(FrameSpan::whole(*header, start));
        }
        self.open_frame(header, start, available).then(|| {
            let (header, mask) = (*header, header.mask());
            FrameSpan { header, start, len: available, mask, first: true, last: false }
        })
    }

    /// Opens an incomplete frame of which `available` bytes of payload have arrived. Returns
    /// `false` if the frame must wait for more.
    #[inline(always)]
    fn open_frame(&mut self, header: &FrameHeader, start: usize, available: usize) -> bool {
        let frame_len = header.payload_len.saturating_add(start as u64);
        let is_short_control =
            header.opcode.is_control() && header.payload_len <= MAX_CONTROL_PAYLOAD_LEN as u64;
        let whole = is_short_control || frame_len <= u64::from(self.whole_frames_up_to);
        if whole || available == 0 {
            return false;
        }
        self.open.store(header);
        self.remaining = header.payload_len - available as u64;
        true
    }

    /// Returns a further chunk of the open frame.
    pub(crate) fn locate_open(&mut self, available: usize) -> Option<FrameSpan> {
        let (len, mask) = self.advance_open(available)?;
        let header = self.open.load();
        Some(FrameSpan { header, start: 0, len, mask, first: false, last: self.remaining == 0 })
    }

    /// Advances past a further chunk of the open frame. Returns its length, and the mask at its
    /// first byte.
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

    /// Takes a further chunk of the open frame, without its header. Also returns whether the
    /// message ends with it. Returns `None` if no frame is open or no byte has arrived.
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

    /// Returns the next chunk and advances `input` past it. Returns `None` when more bytes are
    /// needed.
    ///
    /// The chunk borrows the buffer, not the decoder.
    ///
    /// # Errors
    ///
    /// Returns the first rule that the next header breaks, or
    /// [`FrameTooLong`](ProtocolError::FrameTooLong). `input` is not advanced.
    #[doc(alias = "read_frame")]
    #[doc(alias = "next_frame")]
    #[inline(always)]
    pub fn decode<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<FrameChunk<'b>>, ProtocolError> {
        let Some(span) = self.next_span(input)? else {
            return Ok(None);
        };
        let Some(payload) = span.cut(input) else { return Ok(None) };
        Ok(Some(span.chunk(payload)))
    }
}

impl FrameSpan {
    /// Creates the span of a frame that has arrived completely.
    #[inline(always)]
    const fn whole(header: FrameHeader, start: usize) -> Self {
        let len = header.payload_len as usize;
        Self { header, start, len, mask: header.mask(), first: true, last: true }
    }

    /// Returns how many bytes of the input to consume: the payload, and the header if this is the
    /// first chunk.
    #[must_use]
    #[inline(always)]
    pub const fn consumed_len(&self) -> usize {
        self.start + self.len
    }

    /// Returns the range of the payload in the input.
    #[must_use]
    #[inline(always)]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.consumed_len()
    }

    /// Returns the frame's header.
    #[must_use]
    #[inline(always)]
    pub const fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Returns whether the frame begins with this chunk.
    #[must_use]
    #[inline(always)]
    pub const fn first(&self) -> bool {
        self.first
    }

    /// Returns whether the frame ends with this chunk.
    #[must_use]
    #[inline(always)]
    pub const fn last(&self) -> bool {
        self.last
    }

    /// Returns the chunk. `used` is the input in which it was located, or only the consumed part.
    ///
    /// # Panics
    ///
    /// Panics if `used` is shorter than [`consumed_len`](Self::consumed_len).
    ///
    /// ```
    /// use wsframe::{FrameDecoder, Role};
    ///
    /// let mut buf = *b"\x89\x02hi\x82";
    /// let mut decoder = FrameDecoder::new(Role::Client);
    /// if let Some(span) = decoder.next_span(&buf)? {
    ///     assert_eq!((span.range(), span.consumed_len()), (2..4, 4));
    ///     assert_eq!(span.into_chunk(&mut buf).payload.unmask(), b"hi");
    /// }
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[inline(always)]
    pub fn into_chunk(self, used: &mut [u8]) -> FrameChunk<'_> {
        let range = self.range();
        self.chunk(&mut used[range])
    }

    /// Advances the input past the chunk, and returns the chunk's payload.
    #[inline(always)]
    pub(crate) fn cut<'b>(&self, input: &mut &'b mut [u8]) -> Option<&'b mut [u8]> {
        // A span ends within the input in which it was located, so neither split fails.
        let (_, behind) = mem::take(input).split_at_mut_checked(self.start)?;
        let (payload, rest) = behind.split_at_mut_checked(self.len)?;
        *input = rest;
        Some(payload)
    }

    /// Returns the mask at the first byte of the chunk's payload.
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
