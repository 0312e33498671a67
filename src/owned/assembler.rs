//! Whole messages, split off the buffer that they were read into.
//!
//! A message in one frame stays in the buffer until it is all there. What has arrived of it is unmasked and
//! validated there at once, so that text fails at its first wrong byte; then it is split off. A message in
//! several frames has headers between its parts, so its parts are copied, by an [`Assembler`].

use alloc::borrow::Cow;
use core::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::{CloseFrame, Message, Utf8Bytes};
use crate::connection::{Connection, MaskingKeys, Output};
use crate::error::{ProtocolError, ReceiveError};
use crate::header::{Opcode, Rsv};
use crate::message::{Assembler, Event, MessageDecoder, MessageSpan};

/// Puts messages together as `Bytes`.
///
/// It goes beside a [`Connection`] or a [`MessageDecoder`], one for each, and is shown what was read. A
/// message that came in one frame is split off the buffer, and not copied. Only one in several frames is
/// collected, in memory that grows with the bytes that have arrived.
///
/// The buffer has to hold a message in one frame until its end has come, up to the decoder's limits
/// ([`FrameDecoder::max_payload_len`](crate::FrameDecoder::max_payload_len),
/// [`MessageDecoder::max_message_len`]). It grows with what has arrived, and never by a length that was only
/// declared: `None` has made room for no more bytes than it holds.
///
/// Text is validated in the pass that unmasks it, when it arrives. Where it came in several reads, what is
/// there at the end is validated again, since between two calls the buffer was not the assembler's.
///
/// ```
/// use bytes::BytesMut;
/// use wsframe::{BytesAssembler, Message, MessageDecoder, Role};
///
/// let mut decoder = MessageDecoder::new(Role::Client);
/// let mut assembler = BytesAssembler::new();
///
/// let mut input = BytesMut::from(&b"\x81\x05Hel"[..]);
/// assert_eq!(assembler.decode(&mut decoder, &mut input)?, None);
/// input.extend_from_slice(b"lo\x01\x03"); // the next read, behind what is there
/// assert_eq!(assembler.decode(&mut decoder, &mut input)?, Some(Message::text("Hello")));
/// assert_eq!(assembler.decode(&mut decoder, &mut input)?, None);
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BytesAssembler {
    /// Collects messages in fragments.
    fragments: Assembler,
    /// How many bytes at the beginning of the buffer are the open frame's, unmasked.
    unmasked: usize,
}

impl BytesAssembler {
    /// An assembler that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { fragments: Assembler::new(), unmasked: 0 }
    }

    /// Takes the next message or control frame from the beginning of `input`; `None` if more bytes are
    /// needed first. What is left in `input` is to be left there: it may be unmasked in part.
    ///
    /// After a Close frame it discards all of `input`.
    ///
    /// # Errors
    ///
    /// As [`MessageDecoder::decode`].
    ///
    /// # Panics
    ///
    /// Panics if `input` is shorter than the call before left it, unless that call failed.
    pub fn decode(
        &mut self,
        decoder: &mut MessageDecoder,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, ProtocolError> {
        self.next(decoder, input)
    }

    /// Takes the next message or control frame from the beginning of `input`; `None` if more bytes are
    /// needed first. What is left in `input` is to be left there: it may be unmasked in part. What the
    /// connection replies by itself is appended to `out`.
    ///
    /// After a Close frame it discards all of `input`.
    ///
    /// # Errors
    ///
    /// As [`Connection::receive`].
    ///
    /// # Panics
    ///
    /// Panics if `input` is shorter than the call before left it, unless that call failed.
    pub fn receive<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        self.next(&mut Replying { connection, out }, input)
    }

    fn next<S: Source>(
        &mut self,
        source: &mut S,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        let received = self.receive_from(source, input);
        if received.is_err() {
            // Nothing more comes of the open frame, so its caller may drop the bytes.
            self.unmasked = 0;
        }
        received
    }

    fn receive_from<S: Source>(
        &mut self,
        source: &mut S,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        while let Some(span) = source.locate(&input[self.unmasked..])? {
            if let Some(message) = self.take(source, span, input)? {
                return Ok(Some(message));
            }
        }
        if source.is_closed() {
            input.clear();
        } else if self.unmasked != 0 {
            // What has arrived can double before the buffer has to grow again.
            let missing = usize::try_from(source.remaining()).unwrap_or(usize::MAX);
            input.reserve(missing.min(input.len()));
        }
        Ok(None)
    }

    /// The located event, if a message or a control frame ends with it.
    fn take<S: Source>(
        &mut self,
        source: &mut S,
        span: MessageSpan,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        let header = *span.header();
        let len = span.end();
        let is_fragment = !header.fin || header.opcode == Opcode::Continuation;
        if is_fragment {
            let event = source.take(span, &mut input[..len])?;
            let message = self.collect(event);
            input.advance(len);
            return Ok(message);
        }
        let ends = source.remaining() == 0;
        if ends && self.unmasked == 0 {
            // All of a frame has arrived. This is what nearly all messages are.
            return Self::split(source, span, input.split_to(len));
        }

        // A part of a message stays where it is, and only the header goes.
        let header_len = span.header_len();
        let kind = Kind::unmask(source.take(span, &mut input[self.unmasked..])?);
        input.advance(header_len);
        self.unmasked += len - header_len;
        if !ends {
            return Ok(None);
        }
        let payload = input.split_to(mem::take(&mut self.unmasked)).freeze();
        Ok(Some(kind.message(payload)?))
    }

    /// The message, or the control frame, that these bytes are.
    #[inline]
    fn split<S: Source>(
        source: &mut S,
        span: MessageSpan,
        mut frame: BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        if span.is_text() {
            let text = Utf8Bytes::part_of(frame, |frame| {
                Ok(match source.take(span, frame)? {
                    Event::Text(chunk) => chunk.into_message().ok(),
                    _ => None,
                })
            });
            return text.map(|text| text.map(Message::Text));
        }
        let header_len = span.header_len();
        let kind = Kind::unmask(source.take(span, &mut frame)?);
        frame.advance(header_len);
        Ok(Some(kind.message(frame.freeze())?))
    }

    /// Copies a fragment, and gives the message if it was the last.
    fn collect(&mut self, event: Event<'_>) -> Option<Message> {
        match event {
            Event::Text(chunk) => {
                Some(Message::text(self.fragments.text(chunk).map(Cow::into_owned)?))
            }
            Event::Binary(chunk) => {
                Some(Message::binary(self.fragments.binary(chunk).map(Cow::into_owned)?))
            }
            Event::Raw(chunk) => {
                let (opcode, rsv) = (chunk.opcode, chunk.rsv);
                let payload = self.fragments.raw(chunk)?.into_owned().into();
                Some(Message::Raw { opcode, rsv, payload })
            }
            // No fragments: these have been split off.
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => None,
        }
    }
}

/// What bytes are that were unmasked where they lie.
enum Kind {
    Text,
    Binary,
    Raw(Opcode, Rsv),
    Ping,
    Pong,
    Close(Option<CloseFrame>),
}

impl Kind {
    #[inline]
    fn unmask(event: Event<'_>) -> Self {
        match event {
            Event::Text(_) => Self::Text,
            Event::Binary(chunk) => {
                chunk.payload.unmask();
                Self::Binary
            }
            Event::Raw(chunk) => {
                chunk.payload.unmask();
                Self::Raw(chunk.opcode, chunk.rsv)
            }
            Event::Ping(_) => Self::Ping,
            Event::Pong(_) => Self::Pong,
            Event::Close(body) => Self::Close(body.map(CloseFrame::from)),
        }
    }

    #[inline]
    fn message(self, payload: Bytes) -> Result<Message, ProtocolError> {
        Ok(match self {
            Self::Text => Message::Text(Utf8Bytes::try_from(payload)?),
            Self::Binary => Message::Binary(payload),
            Self::Raw(opcode, rsv) => Message::Raw { opcode, rsv, payload },
            Self::Ping => Message::Ping(payload),
            Self::Pong => Message::Pong(payload),
            Self::Close(frame) => Message::Close(frame),
        })
    }
}

/// Where events come from.
trait Source {
    type Error: From<ProtocolError>;

    fn locate(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, Self::Error>;
    fn take<'b>(&mut self, span: MessageSpan, used: &'b mut [u8])
    -> Result<Event<'b>, Self::Error>;
    /// Bytes of payload that the open frame has still to come.
    fn remaining(&self) -> u64;
    /// Whether a Close frame was received, so that all further input is discarded. The end of the input
    /// does not count: what arrived of an open frame stays in the buffer.
    fn is_closed(&self) -> bool;
}

impl Source for MessageDecoder {
    type Error = ProtocolError;

    #[inline(always)]
    fn locate(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        self.locate(input)
    }

    #[inline(always)]
    fn take<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, ProtocolError> {
        self.take(span, used)
    }

    #[inline(always)]
    fn remaining(&self) -> u64 {
        self.remaining()
    }

    #[inline(always)]
    fn is_closed(&self) -> bool {
        self.is_closed()
    }
}

/// A connection, and where it puts its replies.
struct Replying<'c, K, O> {
    connection: &'c mut Connection<K>,
    out: &'c mut O,
}

impl<K: MaskingKeys, O: Output> Source for Replying<'_, K, O> {
    type Error = ReceiveError;

    #[inline(always)]
    fn locate(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ReceiveError> {
        self.connection.locate(input, self.out)
    }

    #[inline(always)]
    fn take<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, ReceiveError> {
        self.connection.take(span, used, self.out)
    }

    #[inline(always)]
    fn remaining(&self) -> u64 {
        self.connection.remaining()
    }

    #[inline(always)]
    fn is_closed(&self) -> bool {
        self.connection.messages.is_closed()
    }
}
