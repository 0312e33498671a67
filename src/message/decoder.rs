//! Messages in bytes as they arrive.
//!
//! The decoder locates frames with [`FrameDecoder`] and keeps, besides, where in a message it is. Two
//! steps, as in the layer below: [`locate`](MessageDecoder::locate) reads headers and applies every rule
//! and limit that they can break; [`take`](MessageDecoder::take) reads a payload as what it is. One call
//! does both where a cursor suits ([`decode`](MessageDecoder::decode)).
//!
//! Most messages are one plain frame that has arrived whole. They change no state: each function looks
//! for them first, and leaves what remains to be told apart to one that is not inlined.

use core::mem;

use super::{BinaryChunk, Event, RawChunk, TextChunk};
use crate::close::CloseBody;
use crate::error::ProtocolError;
use crate::frame::{FrameChunk, FrameDecoder, NO_LIMIT, Payload, Span};
use crate::header::{FrameHeader, Opcode, Role, Rules};
use crate::mask::Mask;
use crate::utf8::{Checked, Utf8Validator};

/// The limit on a message's length that a new [`MessageDecoder`] has: 64 MiB.
pub const DEFAULT_MAX_MESSAGE_LEN: u32 = 64 << 20;

/// The limit on the number of a message's fragments that a new [`MessageDecoder`] has.
pub const DEFAULT_MAX_FRAGMENTS: u32 = 1 << 17;

/// Finds messages in a stream of bytes.
///
/// It owns no buffer and never allocates; 56 bytes hold all its state.
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
///         Event::Ping(data) => println!("to be answered with {data:?}"),
///         _ => {}
///     }
/// }
/// assert_eq!(texts, ["Hello"]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// After an error the decoder is latched: every call fails with the same error. After a Close frame it
/// finds nothing more: what follows is to be discarded (RFC 6455 §1.4), and
/// [`decode`](Self::decode) does so.
#[derive(Clone, Debug)]
pub struct MessageDecoder(State);

// The error lies where a running decoder has its state, so that keeping it costs nothing.
#[derive(Clone, Debug)]
enum State {
    Running(Running),
    Failed(ProtocolError),
}

#[derive(Clone, Debug)]
struct Running {
    frames: FrameDecoder,
    /// The open message's text. At the beginning of a text while none is open.
    text: Utf8Validator,
    /// What the headers of the open message have declared so far, at most [`NO_LIMIT`].
    len: u32,
    /// How many frames of the open message have begun.
    fragments: u32,
    max_message_len: u32,
    max_fragments: u32,
    position: Position,
    validate_text: bool,
}

/// Where in a message the stream is, between two chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// No message is open.
    Between,
    /// A message is open: its kind.
    Within(Kind),
    /// A Close frame has come.
    Closed,
}

/// What the payload of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
    /// Nothing that this layer reads: the opcode and the RSV bits of the first frame in one byte, as on
    /// the wire.
    Raw(u8),
}

/// Where the next chunk of a message, or the next control frame, lies in the bytes that were shown to
/// [`MessageDecoder::locate`].
///
/// The decoder has moved past it: it must be given to [`MessageDecoder::take`] (or `take_frame`).
#[derive(Clone, Debug)]
#[must_use = "the decoder has moved past these bytes"]
pub struct MessageSpan {
    span: Span,
    /// The kind of the message; `None` for a control frame.
    kind: Option<Kind>,
}

impl MessageSpan {
    /// How many bytes of the input to consume.
    #[must_use]
    #[inline(always)]
    pub const fn end(&self) -> usize {
        self.span.end()
    }

    /// The frame's header.
    #[must_use]
    #[inline(always)]
    pub const fn header(&self) -> &FrameHeader {
        self.span.header()
    }

    /// How many bytes of the input are the header's.
    #[cfg(any(feature = "bytes", feature = "deflate"))]
    pub(crate) const fn header_len(&self) -> usize {
        self.span.range().start
    }

    /// Whether it is of a text message, and will be validated.
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
    /// A decoder for what an endpoint of this role receives, strict, with the default limits.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self::over(FrameDecoder::new(role))
    }

    /// A decoder over frames that are decoded by this one, which must not have decoded anything yet: with
    /// its rules and its limits.
    ///
    /// ```
    /// use wsframe::{FrameDecoder, MessageDecoder, Role, Rules};
    ///
    /// let frames = FrameDecoder::with_rules(Rules::new(Role::Server).accept_unmasked())
    ///     .max_payload_len(1 << 20)
    ///     .whole_up_to(16 * 1024);
    /// let messages = MessageDecoder::over(frames).max_message_len(4 << 20);
    /// # let _ = messages;
    /// ```
    #[must_use]
    pub const fn over(frames: FrameDecoder) -> Self {
        Self(State::Running(Running {
            frames,
            text: Utf8Validator::new(),
            len: 0,
            fragments: 0,
            max_message_len: DEFAULT_MAX_MESSAGE_LEN,
            max_fragments: DEFAULT_MAX_FRAGMENTS,
            position: Position::Between,
            validate_text: true,
        }))
    }

    /// Refuses a message when the headers of its frames have declared more than this many bytes, as
    /// soon as they have. [`NO_LIMIT`] lifts the limit; a new decoder has [`DEFAULT_MAX_MESSAGE_LEN`].
    ///
    /// Where compression was agreed on (feature `deflate`), a message may not become longer than this
    /// when it is decompressed, either.
    #[must_use]
    pub const fn max_message_len(mut self, bytes: u32) -> Self {
        if let State::Running(running) = &mut self.0 {
            running.max_message_len = bytes;
        }
        self
    }

    /// Refuses a message in more than this many fragments, empty ones included. [`NO_LIMIT`] lifts the
    /// limit; a new decoder has [`DEFAULT_MAX_FRAGMENTS`].
    #[must_use]
    pub const fn max_fragments(mut self, fragments: u32) -> Self {
        if let State::Running(running) = &mut self.0 {
            running.max_fragments = fragments;
        }
        self
    }

    /// Sets whether text is validated. If not, it comes as [`Event::Raw`], with [`Rsv::NONE`](crate::Rsv::NONE)
    /// also where it was compressed (feature `deflate`): for a relay that leaves §8.1 to the endpoints.
    #[must_use]
    pub const fn validate_text(mut self, validate: bool) -> Self {
        if let State::Running(running) = &mut self.0 {
            running.validate_text = validate;
        }
        self
    }

    /// The rules that headers are held to, and whether text is validated; `None` if the decoder has failed.
    pub(crate) const fn rules(&self) -> Option<(Rules, bool)> {
        match &self.0 {
            State::Running(running) => Some((running.frames.rules(), running.validate_text)),
            State::Failed(_) => None,
        }
    }

    /// The role of the endpoint that decodes; `None` if the decoder has failed.
    pub(crate) const fn role(&self) -> Option<Role> {
        match self.rules() {
            Some((rules, _)) => Some(rules.role()),
            None => None,
        }
    }

    /// What made the decoder fail, if it did.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        match self.0 {
            State::Running(_) => None,
            State::Failed(error) => Some(error),
        }
    }

    /// Whether a Close frame has come: no event follows.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.0, State::Running(Running { position: Position::Closed, .. }))
    }

    /// Bytes of payload that the open frame has still to come, as [`FrameDecoder::remaining`]; 0 between
    /// two frames.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        match &self.0 {
            State::Running(running) => running.frames.remaining(),
            State::Failed(_) => 0,
        }
    }

    /// Finds the next chunk or control frame at the beginning of `input`; `None` if more bytes are
    /// needed first, or if a Close frame has come.
    ///
    /// After `Some`, [`take`](Self::take) the span and consume [`MessageSpan::end`] bytes of the input.
    /// After `None` or an error, consume nothing.
    ///
    /// # Errors
    ///
    /// The rule or limit that the next header breaks.
    #[inline(always)]
    pub fn locate(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        // A message that is one plain frame, which has arrived whole.
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
        // So ends each read: it is asked for as often as bytes arrive.
        if input.is_empty() {
            return Ok(None);
        }
        let found = running.locate(input);
        if let Err(error) = found {
            self.0 = State::Failed(error);
        }
        found
    }

    /// Unmasks the located chunk, and validates it if it is text. `used` is the input in which it was
    /// located, or the consumed part of it.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`](ProtocolError::InvalidUtf8) in text and in the reason of a Close frame (offsets
    /// count from the beginning of the chunk or of the reason), and what else can be wrong with a Close
    /// frame ([`CloseBody::decode`]).
    ///
    /// # Panics
    ///
    /// If `used` is shorter than [`MessageSpan::end`].
    ///
    /// ```
    /// use wsframe::{Event, MessageDecoder, Role};
    ///
    /// let mut buf = *b"\x81\x05Hello\x82";
    /// let mut decoder = MessageDecoder::new(Role::Client);
    /// let mut texts = Vec::new();
    /// let mut start = 0;
    /// while let Some(span) = decoder.locate(&buf[start..])? {
    ///     let end = start + span.end();
    ///     if let Event::Text(chunk) = decoder.take(span, &mut buf[start..end])? {
    ///         texts.extend_from_slice(chunk.text.as_bytes());
    ///     }
    ///     start = end;
    /// }
    /// assert_eq!((&texts[..], start), (&b"Hello"[..], 7));
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[inline(always)]
    pub fn take<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, ProtocolError> {
        let range = span.span.range();
        self.read(&span, &mut used[range])
    }

    /// As [`take`](Self::take), but gives the frame as it is, for who passes frames on: with every rule
    /// of messages applied and nothing resolved. Its payload is still masked, but for what had to be
    /// read: text, if it is validated, and Close frames.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    ///
    /// # Panics
    ///
    /// As [`take`](Self::take).
    #[inline(always)]
    pub fn take_frame<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<FrameChunk<'b>, ProtocolError> {
        let range = span.span.range();
        self.read_frame(&span, &mut used[range])
    }

    /// Takes the next chunk or control frame from the beginning of `input`, which then begins behind it;
    /// `None` if more bytes are needed first. After a Close frame it discards all of `input`.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate) and [`take`](Self::take).
    #[inline(always)]
    pub fn decode<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        Self::decode_plain_or(self, |decoder| decoder, input, Self::decode_any)
    }

    /// A message that is one plain frame, which has arrived whole; for what is more, `long_way` is gone,
    /// which also knows the error if text was wrong.
    ///
    /// What stands on a decoder can take it too, as its `context`. An event stays in registers since both
    /// ways return it from here; the cursor stays there since nothing that is not inlined gets to know
    /// where it lies: the long way is given the input, and gives back the rest.
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

    /// A part of a frame that has not arrived whole, which nothing has to be found out about: the first
    /// chunk of a plain frame, or a further one of any. Long messages are made of these, and such as come
    /// byte by byte. `None` if what comes next is anything else.
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

    /// Cuts the located chunk off the input. After a Close frame it discards all of it:
    ///
    /// > after receiving a control frame indicating the connection should be closed, a peer discards any
    /// > further data received (§1.4)
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

    /// As [`decode`](Self::decode), but gives frames as [`take_frame`](Self::take_frame) does.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    #[inline(always)]
    pub fn decode_frame<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<FrameChunk<'b>>, ProtocolError> {
        let span = self.locate(input)?;
        match self.cut(span, input) {
            Some((span, bytes)) => self.read_frame(&span, bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Reads a chunk or control frame as what it is; no more, if what was located before it was wrong.
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
    ) -> Result<Checked<'b>, ProtocolError> {
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

    /// Reads what must be read of a frame that is passed on.
    fn read_frame<'b>(
        &mut self,
        span: &MessageSpan,
        bytes: &'b mut [u8],
    ) -> Result<FrameChunk<'b>, ProtocolError> {
        self.check_running()?;
        let payload = Payload::new(bytes, span.span.mask());
        let payload = if span.kind == Some(Kind::Text) {
            let text = self.read_text(payload, span.last())?;
            Payload::new(text.into_bytes(), Mask::NONE)
        } else if span.header().opcode == Opcode::Close {
            let body = payload.unmask();
            self.read_close(body)?;
            Payload::new(body, Mask::NONE)
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

    #[inline(always)]
    const fn check_running(&self) -> Result<(), ProtocolError> {
        match &self.0 {
            State::Running(_) => Ok(()),
            State::Failed(error) => Err(*error),
        }
    }

    /// Latches the first error that comes, and returns it.
    #[cold]
    pub(crate) fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        let first = self.error().unwrap_or(error);
        self.0 = State::Failed(first);
        first
    }

    /// Claims RSV1 on top of the decoder's rules, before anything was decoded. Returns what holds for messages
    /// that are decompressed too: the limit on their length, and whether text is validated.
    #[cfg(feature = "deflate")]
    pub(crate) const fn claim_for_deflate(&mut self) -> (u32, bool) {
        let State::Running(running) = &mut self.0 else { return (0, true) };
        running.frames.claim_for_deflate();
        (running.max_message_len, running.validate_text)
    }
}

impl Running {
    /// A message that is one plain frame, which has arrived whole: nearly all are.
    #[inline(always)]
    fn locate_plain(&self, input: &[u8]) -> Option<(Span, Kind)> {
        let kind = self.kind_of_plain(input)?;
        if self.position != Position::Between {
            return None;
        }
        let span = self.frames.locate_plain(input)?;
        if span.header().payload_len > u64::from(self.max_message_len) {
            return None;
        }
        Some((span, kind))
    }

    /// The first chunk of such a message, if not all of it has arrived. To be asked between two messages
    /// only.
    #[inline(always)]
    fn begin_plain<'b>(&mut self, input: &mut &'b mut [u8]) -> Option<(Kind, Payload<'b>)> {
        let kind = self.kind_of_plain(input)?;
        let (payload, len) = self.frames.begin_plain(self.max_message_len, input)?;
        self.len = len;
        self.fragments = 1;
        self.position = Position::Within(kind);
        Some((kind, payload))
    }

    /// What a message is whose first frame is its last, by the first byte: FIN, no RSV bit, and the opcode.
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
    ) -> Result<Checked<'b>, ProtocolError> {
        let text = payload.unmask_text(&mut self.text)?;
        if last {
            self.text.finish_at(text.as_bytes().len())?;
        }
        Ok(text)
    }

    fn locate(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        if self.position == Position::Closed {
            return Ok(None);
        }
        // Order first: it is broken by a frame's first byte, whether more of it has come or not.
        if self.frames.remaining() == 0 {
            self.check_order(input)?;
        }
        let Some(span) = self.frames.locate(input)? else {
            self.check_limits_ahead(input)?;
            return Ok(None);
        };
        let kind =
            if span.header().opcode.is_control() { None } else { Some(self.advance(&span)?) };
        Ok(Some(MessageSpan { span, kind }))
    }

    /// Moves on by a chunk of a message.
    fn advance(&mut self, span: &Span) -> Result<Kind, ProtocolError> {
        let header = span.header();
        if span.first() {
            self.len = self.check_limits(header)?;
            self.fragments = self.fragments.saturating_add(1);
        }
        let kind = match self.position {
            Position::Within(kind) => kind,
            _ => self.kind_of(header),
        };
        self.position = Position::Within(kind);
        if span.last() && header.fin {
            self.end_message();
        }
        Ok(kind)
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

    /// > a fragmented message consists of a single frame with the FIN bit clear and an opcode other than
    /// > 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0, and
    /// > terminated by a single frame with the FIN bit set and an opcode of 0
    fn check_order(&self, frame: &[u8]) -> Result<(), ProtocolError> {
        let opcode = frame.first().and_then(|first| Opcode::from_bits(first & 0x0F));
        match (self.position, opcode) {
            (Position::Within(_), Some(Opcode::Text | Opcode::Binary)) => {
                Err(ProtocolError::ExpectedContinuation)
            }
            (Position::Between, Some(Opcode::Continuation)) => {
                Err(ProtocolError::UnexpectedContinuation)
            }
            _ => Ok(()),
        }
    }

    /// Nothing was located, but a header may be there already whose payload is still to come.
    fn check_limits_ahead(&self, input: &[u8]) -> Result<(), ProtocolError> {
        if self.frames.remaining() != 0 {
            return Ok(());
        }
        match FrameHeader::decode(input, self.frames.rules())? {
            Some((header, _)) if !header.opcode.is_control() => {
                self.check_limits(&header).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The length of the message with the frame that begins, as far as it is counted.
    fn check_limits(&self, header: &FrameHeader) -> Result<u32, ProtocolError> {
        let len = u64::from(self.len).saturating_add(header.payload_len);
        if len > u64::from(self.max_message_len) && self.max_message_len != NO_LIMIT {
            return Err(ProtocolError::MessageTooLong(len));
        }
        let is_fragment = !header.fin || header.opcode == Opcode::Continuation;
        if is_fragment && self.fragments >= self.max_fragments && self.max_fragments != NO_LIMIT {
            return Err(ProtocolError::TooManyFragments(self.max_fragments));
        }
        Ok(u32::try_from(len).unwrap_or(NO_LIMIT))
    }
}
