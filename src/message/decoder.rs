//! The message decoder.
//!
//! [`next_span`](MessageDecoder::next_span) reads headers and applies every rule and limit that
//! they can break. [`decode_span`](MessageDecoder::decode_span) reads a payload.
//! [`decode`](MessageDecoder::decode) does both.
//!
//! Most messages are one plain frame that has arrived completely. They change no state. Each
//! function has an inlined fast path for them, and one out-of-line slow path for everything else.

use core::mem;

use super::{BinaryChunk, Event, RawChunk, TextChunk};
use crate::close::CloseBody;
use crate::error::ProtocolError;
use crate::frame::{FrameChunk, FrameDecoder, FrameSpan, Payload};
use crate::header::{FrameHeader, Role, Rules};
use crate::limits::{self, Limits};
use crate::mask::Mask;
use crate::opcode::Opcode;
use crate::rsv::Rsv;
use crate::utf8::{PartialStr, Utf8Validator};

/// Decodes a stream of bytes into messages, without replies.
///
/// It owns no buffer and never allocates. Its state takes 56 bytes.
/// [`Connection`](crate::Connection) adds replies.
///
/// ```
/// use wsframe::{Event, MessageDecoder, Role};
///
/// // "Hello" in two fragments with a Ping between them (RFC 6455 §5.7, unmasked).
/// let mut buf = *b"\x01\x03Hel\x89\x02hi\x80\x02lo";
/// let mut decoder = MessageDecoder::new(Role::Client);
/// let (mut text, mut texts) = (Vec::new(), Vec::new());
///
/// let mut input = &mut buf[..];
/// while let Some(event) = decoder.decode(&mut input)? {
///     match event {
///         Event::Text(chunk) => {
///             // A chunk may end inside a character; the message does not.
///             text.extend_from_slice(chunk.text.as_bytes());
///             if chunk.last {
///                 texts.push(String::from_utf8(core::mem::take(&mut text))?);
///             }
///         }
///         Event::Ping(data) => println!("answer with a Pong that contains {data:?}"),
///         _ => {}
///     }
/// }
/// assert_eq!(texts, ["Hello"]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Chunks and whole messages
///
/// A message is returned in chunks ([`Event::Text`], [`Event::Binary`]) as its bytes arrive. A
/// message in one frame that is completely in the buffer is one chunk. Control frames are always
/// complete, and may arrive between the chunks of a message. To receive whole messages, do one of
/// these:
///
/// - Use an `Assembler` (feature `alloc`). It collects the chunks of any message.
/// - Set [`whole_frames_up_to`](Self::whole_frames_up_to) to the size of your buffer. Every
///   unfragmented message that fits is then one chunk, and is not copied.
///
/// # Errors and the end
///
/// Errors are sticky: every later call returns the first error. After a Close frame there are no
/// more events, and the input must be discarded (RFC 6455 §1.4). [`decode`](Self::decode) does so.
#[derive(Clone, Debug)]
pub struct MessageDecoder(State);

// A failed decoder needs no other state, so the sticky error costs no memory.
#[derive(Clone, Debug)]
enum State {
    Running(Running),
    Failed(ProtocolError),
}

#[derive(Clone, Debug)]
struct Running {
    frames: FrameDecoder,
    /// Validates the open text message. In its initial state while none is open.
    text: Utf8Validator,
    /// The length of the open message that its headers so far declared. It saturates at
    /// [`limits::NONE`].
    len: u32,
    /// The number of frames of the open message that have begun.
    fragments: u32,
    max_message_size: u32,
    max_fragments: u32,
    position: Position,
    validate_text: bool,
}

/// The position between two chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// No message is open.
    Between,
    /// A message of this kind is open.
    Within(Kind),
    /// A Close frame was received.
    Closed,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
    /// A message that this layer does not interpret. The value is the opcode and the RSV bits of
    /// its first frame, as on the wire.
    Raw(u8),
}

/// The location of a message in one frame: the range of its payload, and its mask.
#[cfg(feature = "bytes")]
pub(crate) struct WholeMessage {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) mask: Mask,
    pub(crate) is_text: bool,
}

/// The location of a chunk or control frame in the input of [`MessageDecoder::next_span`].
///
/// The decoder has moved past it, so pass it to [`MessageDecoder::decode_span`] or
/// [`decode_span_as_frame`](MessageDecoder::decode_span_as_frame).
///
/// ```
/// use wsframe::{MessageDecoder, ProtocolError};
///
/// /// Returns the first event's length in bytes, its header included.
/// fn first_len(decoder: &mut MessageDecoder, input: &mut [u8]) -> Result<usize, ProtocolError> {
///     let Some(span) = decoder.next_span(input)? else { return Ok(0) };
///     let len = span.consumed_len();
///     println!("{:?}", span.header().opcode);
///     println!("{:?}", decoder.decode_span(span, input)?);
///     Ok(len)
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the decoder has moved past these bytes"]
pub struct MessageSpan {
    span: FrameSpan,
    /// The kind of the message, or `None` for a control frame.
    kind: Option<Kind>,
}

impl MessageSpan {
    /// Returns how many bytes of the input to consume.
    #[must_use]
    #[inline(always)]
    pub const fn consumed_len(&self) -> usize {
        self.span.consumed_len()
    }

    /// Returns the header of the frame.
    #[must_use]
    #[inline(always)]
    pub const fn header(&self) -> &FrameHeader {
        self.span.header()
    }

    /// Returns how many bytes of the input belong to the header.
    #[cfg(any(feature = "bytes", feature = "deflate"))]
    pub(crate) const fn header_len(&self) -> usize {
        self.span.range().start
    }

    /// Returns whether this is text that will be validated.
    #[cfg(feature = "bytes")]
    pub(crate) const fn is_text(&self) -> bool {
        matches!(self.kind, Some(Kind::Text))
    }

    #[inline(always)]
    const fn first(&self) -> bool {
        self.span.first() && !matches!(self.header().opcode, Opcode::Continuation)
    }

    #[inline(always)]
    const fn last(&self) -> bool {
        self.span.last() && self.header().fin
    }
}

impl MessageDecoder {
    /// Creates a decoder for an endpoint that receives in this role, with strict rules and the
    /// default limits.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self::with_rules(Rules::new(role))
    }

    /// Creates a decoder with these rules and the default limits.
    ///
    /// ```
    /// use wsframe::{Limits, MessageDecoder, Role, Rules};
    ///
    /// let messages = MessageDecoder::with_rules(Rules::new(Role::Server).accept_unmasked())
    ///     .limits(Limits::DEFAULT.max_message_size(4 << 20))
    ///     .whole_frames_up_to(16 * 1024);
    /// # let _ = messages;
    /// ```
    #[must_use]
    pub const fn with_rules(rules: Rules) -> Self {
        Self(State::Running(Running {
            frames: FrameDecoder::with_rules(rules.for_messages()),
            text: Utf8Validator::new(),
            len: 0,
            fragments: 0,
            max_message_size: Limits::DEFAULT.message_size,
            max_fragments: Limits::DEFAULT.fragments,
            position: Position::Between,
            validate_text: true,
        }))
    }

    /// Sets the limits on frames, messages and fragments.
    ///
    /// ```
    /// use wsframe::{Limits, MessageDecoder, Role};
    ///
    /// let limits = Limits::DEFAULT.max_message_size(1 << 20);
    /// let messages = MessageDecoder::new(Role::Server).limits(limits);
    /// # let _ = messages;
    /// ```
    #[doc(alias = "max_message_size")]
    #[doc(alias = "max_frame_size")]
    #[doc(alias = "max_fragments")]
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        if let State::Running(running) = &mut self.0 {
            running.frames.set_max_frame_size(limits.frame_size);
            running.max_message_size = limits.message_size;
            running.max_fragments = limits.fragments;
        }
        self
    }

    /// Sets the frame length up to which frames are returned only once complete, as
    /// [`FrameDecoder::whole_frames_up_to`] does.
    ///
    /// Set it to the size of your buffer to receive every unfragmented message that fits in one
    /// piece. Do not set it higher: a frame that does not fit would never be returned.
    #[must_use]
    pub const fn whole_frames_up_to(mut self, bytes: u32) -> Self {
        if let State::Running(running) = &mut self.0 {
            running.frames.set_whole_frames_up_to(bytes);
        }
        self
    }

    /// Sets whether text is validated. The default is `true`.
    ///
    /// Without validation, text arrives as [`Event::Raw`] with [`Rsv::NONE`](crate::Rsv::NONE). So
    /// does text that was decompressed (feature `deflate`). This suits relays that leave validation
    /// (§8.1) to the endpoints.
    #[must_use]
    pub const fn validate_text(mut self, validate: bool) -> Self {
        if let State::Running(running) = &mut self.0 {
            running.validate_text = validate;
        }
        self
    }

    /// Replaces the rules, but not the role.
    pub(crate) const fn set_rules(&mut self, rules: Rules) {
        if let State::Running(running) = &mut self.0 {
            running.frames.set_rules(rules.for_messages());
        }
    }

    /// Returns the rules for headers and whether text is validated, or `None` after an error.
    pub(crate) const fn rules(&self) -> Option<(Rules, bool)> {
        match &self.0 {
            State::Running(running) => Some((running.frames.rules(), running.validate_text)),
            State::Failed(_) => None,
        }
    }

    /// Returns the role of the endpoint that decodes, or `None` after an error.
    pub(crate) const fn role(&self) -> Option<Role> {
        match self.rules() {
            Some((rules, _)) => Some(rules.role()),
            None => None,
        }
    }

    /// Returns the error that failed the decoder, or `None`. The error is sticky.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        match self.0 {
            State::Running(_) => None,
            State::Failed(error) => Some(error),
        }
    }

    /// Returns whether a Close frame was received. No event follows it.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.0, State::Running(Running { position: Position::Closed, .. }))
    }

    /// Returns whether a part of a message was decoded, and not its end.
    #[must_use]
    pub const fn is_within_message(&self) -> bool {
        matches!(self.0, State::Running(Running { position: Position::Within(_), .. }))
    }

    /// Returns how many payload bytes of the open frame have not been decoded yet; 0 between two
    /// frames and after an error.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        match &self.0 {
            State::Running(running) => running.frames.remaining(),
            State::Failed(_) => 0,
        }
    }

    /// Locates the next chunk or control frame at the beginning of `input`.
    ///
    /// Returns `None` when more bytes are needed, or after a Close frame: then discard all input.
    /// After `Some`, pass the span to [`decode_span`](Self::decode_span) and consume
    /// [`MessageSpan::consumed_len`] bytes of the input. After `None` or an error, consume nothing.
    /// `decode_span` has an example.
    ///
    /// # Errors
    ///
    /// Returns the rule or limit that the next header breaks. The error is sticky.
    #[inline(always)]
    pub fn next_span(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        // Fast path: a message in one plain frame that has arrived completely.
        if let State::Running(running) = &mut self.0 {
            if let Some((span, kind)) = running.locate_plain(input) {
                return Ok(Some(MessageSpan { span, kind: Some(kind) }));
            }
        }
        self.locate_any(input)
    }

    #[inline(never)]
    fn locate_any(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        let running = match &mut self.0 {
            State::Running(running) => running,
            State::Failed(error) => return Err(*error),
        };
        // Callers poll until `None`, so every read ends with an empty slice; return early.
        if input.is_empty() {
            return Ok(None);
        }
        let found = running.locate(input);
        if let Err(error) = found {
            self.0 = State::Failed(error);
        }
        found
    }

    /// Returns the located event: unmasks text and control frames, and validates text.
    ///
    /// `used` is the input in which [`next_span`](Self::next_span) found the span, or only its
    /// consumed part.
    ///
    /// # Errors
    ///
    /// - [`InvalidUtf8`](ProtocolError::InvalidUtf8) in text or in the reason of a Close. The
    ///   offset counts from the beginning of the chunk or of the reason.
    /// - The other errors of [`CloseBody::decode`] in a Close.
    ///
    /// Errors are sticky.
    ///
    /// # Panics
    ///
    /// Panics if `used` is shorter than [`MessageSpan::consumed_len`].
    ///
    /// ```
    /// use wsframe::{Event, MessageDecoder, Role};
    ///
    /// let mut buf = *b"\x81\x05Hello\x82";
    /// let mut decoder = MessageDecoder::new(Role::Client);
    /// let mut texts = Vec::new();
    /// let mut start = 0;
    /// while let Some(span) = decoder.next_span(&buf[start..])? {
    ///     let end = start + span.consumed_len();
    ///     if let Event::Text(chunk) = decoder.decode_span(span, &mut buf[start..end])? {
    ///         texts.extend_from_slice(chunk.text.as_bytes());
    ///     }
    ///     start = end;
    /// }
    /// assert_eq!((&texts[..], start), (&b"Hello"[..], 7));
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[inline(always)]
    pub fn decode_span<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, ProtocolError> {
        let range = span.span.range();
        self.read(&span, &mut used[range])
    }

    /// Returns the located frame unchanged, for relays.
    ///
    /// Same as [`decode_span`](Self::decode_span), but with the frame's own header. Every rule of
    /// messages applies. Validated text and the payload of a Close are unmasked, because they must
    /// be read. All other payloads are still masked.
    ///
    /// # Errors
    ///
    /// - [`InvalidUtf8`](ProtocolError::InvalidUtf8) in text or in the reason of a Close. The
    ///   offset counts from the beginning of the chunk or of the reason.
    /// - The other errors of [`CloseBody::decode`] in a Close.
    ///
    /// Errors are sticky.
    ///
    /// # Panics
    ///
    /// Panics if `used` is shorter than [`MessageSpan::consumed_len`].
    #[inline(always)]
    pub fn decode_span_as_frame<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<FrameChunk<'b>, ProtocolError> {
        let range = span.span.range();
        self.read_frame(&span, &mut used[range])
    }

    /// Returns the next event and advances `input` past it. Returns `None` when more bytes are
    /// needed.
    ///
    /// After a Close frame, all input is discarded. [`MessageDecoder`] has an example.
    ///
    /// # Errors
    ///
    /// Returns the rule or limit that the input breaks. The error is sticky. An offset of
    /// [`InvalidUtf8`](ProtocolError::InvalidUtf8) counts from the beginning of the chunk, or of
    /// the reason of a Close.
    #[doc(alias = "read_message")]
    #[doc(alias = "recv")]
    #[inline(always)]
    pub fn decode<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        Self::decode_plain_or(self, |decoder| decoder, input, Self::decode_any)
    }

    /// Decodes a message in one plain frame that has arrived completely. Everything else is handled
    /// by `long_way`, the slow path, which also returns the error of invalid text.
    ///
    /// A type that is built on a decoder passes itself as `context`. Both paths return their event
    /// from here, so it stays in registers. The slow path takes the input by value and returns the
    /// rest. So the address of `input` is not passed on, and `input` stays in registers, too.
    #[inline(always)]
    pub(crate) fn decode_plain_or<'b, C, E>(
        context: &mut C,
        decoder: impl FnOnce(&mut C) -> &mut Self,
        input: &mut &'b mut [u8],
        long_way: impl FnOnce(&mut C, &'b mut [u8]) -> (Result<Option<Event<'b>>, E>, &'b mut [u8]),
    ) -> Result<Option<Event<'b>>, E> {
        let decoder = decoder(context);
        if let State::Running(running) = &mut decoder.0 {
            let plain = running.locate_plain(input);
            if let Some((bytes, span, kind)) =
                plain.and_then(|(span, kind)| Some((span.cut(input)?, span, kind)))
            {
                let payload = Payload::new(bytes, span.mask());
                if kind == Kind::Binary {
                    let chunk = BinaryChunk { payload, first: true, last: true };
                    return Ok(Some(Event::Binary(chunk)));
                }
                match running.read_text(payload, true) {
                    Ok(text) => {
                        return Ok(Some(Event::Text(TextChunk { text, first: true, last: true })));
                    }
                    Err(error) => decoder.0 = State::Failed(error),
                }
            }
        }
        let (result, rest) = long_way(context, mem::take(input));
        *input = rest;
        result
    }

    #[inline(never)]
    fn decode_any<'b>(
        &mut self,
        mut input: &'b mut [u8],
    ) -> (Result<Option<Event<'b>>, ProtocolError>, &'b mut [u8]) {
        let event = match self.decode_part(&mut input) {
            Some(event) => Some(event),
            None => match self.locate_any(input) {
                Ok(span) => self.cut(span, &mut input).map(|(span, bytes)| self.read(&span, bytes)),
                Err(error) => Some(Err(error)),
            },
        };
        (event.transpose(), input)
    }

    /// Decodes a chunk that needs no span: the first chunk of an incomplete plain frame, or a
    /// further chunk of any message. Returns `None` for anything else.
    ///
    /// This is the fast path for long messages, and for input that arrives in small pieces.
    #[inline(always)]
    pub(crate) fn decode_part<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Option<Result<Event<'b>, ProtocolError>> {
        let State::Running(running) = &mut self.0 else { return None };
        let (kind, payload, first, last) = match running.position {
            Position::Within(kind) => {
                let (payload, last) = running.frames.decode_open(input)?;
                if last {
                    running.end_message();
                }
                (kind, payload, false, last)
            }
            Position::Between => {
                let (kind, payload) = running.begin_plain(input)?;
                (kind, payload, true, false)
            }
            Position::Closed => return None,
        };
        Some(self.read_chunk(kind, payload, first, last))
    }

    /// Splits the located chunk off the input. After a Close frame, discards all input:
    ///
    /// > after receiving a control frame indicating the connection should be closed, a peer
    /// > discards any further data received (§1.4)
    pub(crate) fn cut<'b>(
        &self,
        span: Option<MessageSpan>,
        input: &mut &'b mut [u8],
    ) -> Option<(MessageSpan, &'b mut [u8])> {
        let Some(span) = span else {
            if self.is_closed() {
                *input = &mut [];
            }
            return None;
        };
        let bytes = span.span.cut(input)?;
        Some((span, bytes))
    }

    /// Returns the next frame unchanged, for relays, and advances `input` past it.
    ///
    /// Returns `None` when more bytes are needed. After a Close frame, all input is discarded.
    /// Validated text and the payload of a Close are unmasked, because they must be read. All other
    /// payloads are still masked.
    ///
    /// # Errors
    ///
    /// Returns the rule or limit that the input breaks. The error is sticky. An offset of
    /// [`InvalidUtf8`](ProtocolError::InvalidUtf8) counts from the beginning of the chunk, or of
    /// the reason of a Close.
    ///
    /// ```
    /// use wsframe::{MessageDecoder, ProtocolError};
    ///
    /// /// Prints the frames in what was read. Returns how many bytes of it were consumed.
    /// fn print(decoder: &mut MessageDecoder, read: &mut [u8]) -> Result<usize, ProtocolError> {
    ///     let len = read.len();
    ///     let mut input = read;
    ///     while let Some(chunk) = decoder.decode_frame(&mut input)? {
    ///         println!("{:?}, {} bytes", chunk.header.opcode, chunk.payload.len());
    ///     }
    ///     Ok(len - input.len())
    /// }
    /// ```
    #[inline(always)]
    pub fn decode_frame<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<FrameChunk<'b>>, ProtocolError> {
        let span = self.next_span(input)?;
        match self.cut(span, input) {
            Some((span, bytes)) => self.read_frame(&span, bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the event in `bytes`, unless an earlier span was found to be invalid.
    #[inline(always)]
    pub(crate) fn read<'b>(
        &mut self,
        span: &MessageSpan,
        bytes: &'b mut [u8],
    ) -> Result<Event<'b>, ProtocolError> {
        self.check_running()?;
        let payload = Payload::new(bytes, span.span.mask());
        match span.kind {
            Some(kind) => self.read_chunk(kind, payload, span.first(), span.last()),
            None => self.read_control(span.header().opcode, payload),
        }
    }

    #[inline(always)]
    fn read_chunk<'b>(
        &mut self,
        kind: Kind,
        payload: Payload<'b>,
        first: bool,
        last: bool,
    ) -> Result<Event<'b>, ProtocolError> {
        Ok(match kind {
            Kind::Text => {
                Event::Text(TextChunk { text: self.read_text(payload, last)?, first, last })
            }
            Kind::Binary => Event::Binary(BinaryChunk { payload, first, last }),
            Kind::Raw(byte) => Event::Raw(RawChunk::new(byte, payload, first, last)),
        })
    }

    #[inline(always)]
    fn read_text<'b>(
        &mut self,
        payload: Payload<'b>,
        last: bool,
    ) -> Result<PartialStr<'b>, ProtocolError> {
        let running = match &mut self.0 {
            State::Running(running) => running,
            State::Failed(error) => return Err(*error),
        };
        running.read_text(payload, last).map_err(|error| self.fail(error))
    }

    #[inline(never)]
    fn read_control<'b>(
        &mut self,
        opcode: Opcode,
        payload: Payload<'b>,
    ) -> Result<Event<'b>, ProtocolError> {
        let data = payload.unmask();
        match opcode {
            Opcode::Ping => Ok(Event::Ping(data)),
            Opcode::Pong => Ok(Event::Pong(data)),
            _ => self.read_close(data).map(Event::Close),
        }
    }

    fn read_close<'b>(&mut self, body: &'b [u8]) -> Result<Option<CloseBody<'b>>, ProtocolError> {
        if let State::Running(running) = &mut self.0 {
            running.position = Position::Closed;
        }
        CloseBody::decode(body).map_err(|error| self.fail(error))
    }

    /// Returns the frame. Reads its payload only where a rule requires it.
    fn read_frame<'b>(
        &mut self,
        span: &MessageSpan,
        bytes: &'b mut [u8],
    ) -> Result<FrameChunk<'b>, ProtocolError> {
        self.check_running()?;
        let payload = Payload::new(bytes, span.span.mask());
        let payload = if span.kind == Some(Kind::Text) {
            let text = self.read_text(payload, span.last())?;
            Payload::new(text.into_bytes(), Mask::IDENTITY)
        } else if span.header().opcode == Opcode::Close {
            let body = payload.unmask();
            self.read_close(body)?;
            Payload::new(body, Mask::IDENTITY)
        } else {
            payload
        };
        Ok(FrameChunk {
            header: *span.header(),
            payload,
            first: span.span.first(),
            last: span.span.last(),
        })
    }

    /// Locates a message in one plain frame that has arrived completely. Nearly all messages are.
    /// This changes no state, so the caller may first split the frame off its buffer and unmask it
    /// then.
    #[cfg(feature = "bytes")]
    #[inline(always)]
    pub(crate) fn locate_whole(&self, input: &[u8]) -> Option<WholeMessage> {
        let State::Running(running) = &self.0 else { return None };
        let (span, kind) = running.locate_plain(input)?;
        let is_text = kind == Kind::Text;
        Some(WholeMessage {
            start: span.range().start,
            end: span.consumed_len(),
            mask: span.mask(),
            is_text,
        })
    }

    /// Unmasks and validates the payload of a located text.
    #[cfg(feature = "bytes")]
    #[inline(always)]
    pub(crate) fn read_whole_text<'b>(
        &mut self,
        payload: Payload<'b>,
    ) -> Result<PartialStr<'b>, ProtocolError> {
        self.read_text(payload, true)
    }

    #[inline(always)]
    const fn check_running(&self) -> Result<(), ProtocolError> {
        match &self.0 {
            State::Running(_) => Ok(()),
            State::Failed(error) => Err(*error),
        }
    }

    /// Makes `error` sticky, unless there is an earlier error. Returns the sticky error.
    #[cold]
    pub(crate) fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        let first = self.error().unwrap_or(error);
        self.0 = State::Failed(first);
        first
    }

    /// Allows RSV1 for permessage-deflate. Call it before decoding anything.
    ///
    /// Returns the settings that also apply to decompressed messages: the limit on their length,
    /// and whether text is validated.
    #[cfg(feature = "deflate")]
    pub(crate) const fn claim_for_deflate(&mut self) -> (u32, bool) {
        let State::Running(running) = &mut self.0 else { return (0, true) };
        running.frames.claim_for_deflate();
        (running.max_message_size, running.validate_text)
    }
}

impl Running {
    /// Locates a message in one plain frame that has arrived completely. Nearly all messages are.
    #[inline(always)]
    fn locate_plain(&self, input: &[u8]) -> Option<(FrameSpan, Kind)> {
        let kind = self.kind_of_plain(input)?;
        if self.position != Position::Between {
            return None;
        }
        let span = self.frames.locate_plain(input)?;
        if span.header().payload_len > u64::from(self.max_message_size) {
            return None;
        }
        Some((span, kind))
    }

    /// Decodes the first chunk of a plain frame that has not arrived completely. Call it only
    /// between two messages.
    #[inline(always)]
    fn begin_plain<'b>(&mut self, input: &mut &'b mut [u8]) -> Option<(Kind, Payload<'b>)> {
        let kind = self.kind_of_plain(input)?;
        let (payload, len) = self.frames.begin_plain(self.max_message_size, input)?;
        self.len = len;
        self.fragments = 1;
        self.position = Position::Within(kind);
        Some((kind, payload))
    }

    /// Returns the kind of an unfragmented message, from the first byte: FIN, no RSV bits, the
    /// opcode.
    #[inline(always)]
    const fn kind_of_plain(&self, frame: &[u8]) -> Option<Kind> {
        match frame {
            [0x81, ..] if self.validate_text => Some(Kind::Text),
            [0x82, ..] => Some(Kind::Binary),
            _ => None,
        }
    }

    #[inline(always)]
    fn read_text<'b>(
        &mut self,
        payload: Payload<'b>,
        last: bool,
    ) -> Result<PartialStr<'b>, ProtocolError> {
        let text = payload.unmask_text(&mut self.text)?;
        if last {
            self.text.finish_at(text.as_bytes().len())?;
        }
        Ok(text)
    }

    /// The slow path of [`MessageDecoder::next_span`]. Checks each rule and limit as soon as the
    /// bytes for it have arrived.
    fn locate(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        if self.position == Position::Closed {
            return Ok(None);
        }
        if self.frames.remaining() != 0 {
            // Only data frames are opened: control frames arrive complete.
            let Some(span) = self.frames.locate_open(input.len()) else { return Ok(None) };
            return Ok(Some(self.advance(span)));
        }
        self.check_order(input)?;
        let Some((header, start)) = self.frames.decode_header(input)? else { return Ok(None) };
        if header.opcode.is_control() {
            let span = self.frames.locate_first(&header, start, input.len());
            return Ok(span.map(|span| MessageSpan { span, kind: None }));
        }
        let len = self.check_limits(&header)?;
        let Some(span) = self.frames.locate_first(&header, start, input.len()) else {
            return Ok(None);
        };
        self.len = len;
        self.fragments = self.fragments.saturating_add(1);
        Ok(Some(self.advance(span)))
    }

    /// Updates the position for a chunk of a message.
    fn advance(&mut self, span: FrameSpan) -> MessageSpan {
        let kind = match self.position {
            Position::Within(kind) => kind,
            _ => self.kind_of(span.header()),
        };
        self.position = Position::Within(kind);
        if span.last() && span.header().fin {
            self.end_message();
        }
        MessageSpan { span, kind: Some(kind) }
    }

    fn end_message(&mut self) {
        self.position = Position::Between;
        self.len = 0;
        self.fragments = 0;
    }

    fn kind_of(&self, header: &FrameHeader) -> Kind {
        match header.opcode {
            Opcode::Text if header.rsv.is_empty() && self.validate_text => Kind::Text,
            Opcode::Binary if header.rsv.is_empty() => Kind::Binary,
            opcode => Kind::Raw(header.rsv.bits() | opcode.bits()),
        }
    }

    /// Checks that a frame may follow the frames before it.
    ///
    /// > a fragmented message consists of a single frame with the FIN bit clear and an opcode
    /// > other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to
    /// > 0, and terminated by a single frame with the FIN bit set and an opcode of 0
    fn check_order(&self, frame: &[u8]) -> Result<(), ProtocolError> {
        let Some(&first) = frame.first() else { return Ok(()) };
        match (self.position, Opcode::from_bits(first)) {
            (Position::Within(_), opcode @ (Opcode::Text | Opcode::Binary)) => {
                Err(ProtocolError::ExpectedContinuation(opcode))
            }
            (Position::Between, Opcode::Continuation) => Err(ProtocolError::UnexpectedContinuation),
            _ => Ok(()),
        }
    }

    /// Returns whether the message that this frame begins or continues uses permessage-deflate.
    fn is_compressed(&self, header: &FrameHeader) -> bool {
        let rsv = match self.position {
            Position::Within(Kind::Raw(first)) => Rsv::from_bits(first),
            Position::Within(_) => Rsv::NONE,
            _ => header.rsv,
        };
        self.frames.rules().are_for_deflate() && rsv.contains(Rsv::RSV1)
    }

    /// Checks the limits, and returns the length of the message including the frame that begins.
    fn check_limits(&self, header: &FrameHeader) -> Result<u32, ProtocolError> {
        let len = u64::from(self.len).saturating_add(header.payload_len);
        // The limit applies to the decompressed length of a compressed message. The decompressor
        // checks it.
        let limit = if self.is_compressed(header) { limits::NONE } else { self.max_message_size };
        if len > u64::from(limit) && limit != limits::NONE {
            return Err(ProtocolError::MessageTooLong(len));
        }
        let is_fragment = !header.fin || header.opcode == Opcode::Continuation;
        if is_fragment && self.fragments >= self.max_fragments && self.max_fragments != limits::NONE
        {
            return Err(ProtocolError::TooManyFragments(self.max_fragments));
        }
        Ok(u32::try_from(len).unwrap_or(limits::NONE))
    }
}
