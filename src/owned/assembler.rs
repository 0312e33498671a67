//! Whole messages, split off the buffer that they were read into.
//!
//! A message in one frame stays in the buffer until it is complete. Each part of it is unmasked and
//! validated when it arrives, so text fails at its first invalid byte. Then the payload is split
//! off. A fragmented message has headers between its parts, so an [`Assembler`] copies the parts.

use core::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::{CloseFrame, Message, Utf8Bytes};
use crate::connection::{Connection, MaskingKeys, Output};
use crate::error::{ProtocolError, ReceiveError};
use crate::frame::Payload;
use crate::message::{Assembler, Event, MessageDecoder, MessageSpan, WholeMessage};
use crate::opcode::Opcode;
use crate::rsv::Rsv;
use crate::utf8::PartialStr;

/// Collects whole messages as `Bytes`.
///
/// Use one assembler per [`Connection`] or [`MessageDecoder`]. A message in one frame is split off
/// the buffer and not copied. Only fragmented messages are copied.
///
/// The buffer contains a message in one frame until it is complete, up to
/// [`Limits::max_frame_size`](crate::Limits::max_frame_size) and
/// [`Limits::max_message_size`](crate::Limits::max_message_size). Declared lengths never cause
/// allocation: a call reserves at most as many bytes as the buffer contains.
///
/// Text is validated in the pass that unmasks it. Text that arrived in several reads is validated
/// again when it is complete, because the caller could have changed the buffer between two calls.
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
/// input.extend_from_slice(b"lo\x01\x03"); // the next read, appended
/// assert_eq!(assembler.decode(&mut decoder, &mut input)?, Some(Message::text("Hello")));
/// assert_eq!(assembler.decode(&mut decoder, &mut input)?, None);
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[doc(alias = "FragmentCollector")]
pub struct BytesAssembler {
    /// Collects fragmented messages.
    fragments: Assembler,
    /// The number of bytes at the beginning of the buffer that are unmasked payload of the open
    /// frame.
    unmasked: usize,
}

impl BytesAssembler {
    /// Creates an empty assembler.
    #[must_use]
    pub const fn new() -> Self {
        Self { fragments: Assembler::new(), unmasked: 0 }
    }

    /// Returns the next message or control frame, and splits it off `input`. Returns `None` when
    /// more bytes are needed.
    ///
    /// Append the next read to `input`, and change nothing else in it: a part of it may be unmasked
    /// already. After a Close frame, all input is discarded.
    ///
    /// # Errors
    ///
    /// Returns the rule or limit that the input breaks. The error is sticky.
    ///
    /// # Panics
    ///
    /// Panics if `input` is shorter than the previous call left it, unless that call failed.
    pub fn decode(
        &mut self,
        decoder: &mut MessageDecoder,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, ProtocolError> {
        self.next(decoder, input)
    }

    /// Returns the next message or control frame, and splits it off `input`. Returns `None` when
    /// more bytes are needed. Appends the connection's replies to `out`.
    ///
    /// Append the next read to `input`, and change nothing else in it: a part of it may be unmasked
    /// already. After a Close frame, all input is discarded.
    ///
    /// # Errors
    ///
    /// - [`Protocol`](ReceiveError::Protocol) if the peer broke a rule or exceeded a limit. Send
    ///   the output, then end the transport. The error is sticky.
    /// - [`OutputFull`](ReceiveError::OutputFull) if the output has no capacity for a reply, or
    ///   [`max_pending_replies`](crate::Limits::max_pending_replies) is reached. Send the output,
    ///   clear it, and call again.
    ///
    /// # Panics
    ///
    /// Panics if `input` is shorter than the previous call left it, unless that call failed.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{BytesAssembler, Connection, Message, ReceiveError};
    ///
    /// /// Prints the messages in what was read.
    /// fn print(
    ///     connection: &mut Connection,
    ///     assembler: &mut BytesAssembler,
    ///     input: &mut BytesMut, // what was read is appended here
    ///     out: &mut BytesMut, // bytes to send, also after an error
    /// ) -> Result<(), ReceiveError> {
    ///     while let Some(message) = assembler.receive(connection, input, out)? {
    ///         match message {
    ///             Message::Text(text) => println!("{text}"),
    ///             Message::Binary(bytes) => println!("{} bytes", bytes.len()),
    ///             _ => {} // Pings and Closes are answered already
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[doc(alias = "read_message")]
    #[doc(alias = "recv")]
    #[doc(alias = "next_message")]
    pub fn receive<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        self.next(&mut Replying { connection, out }, input)
    }

    #[inline(always)]
    fn next<S: Source>(
        &mut self,
        source: &mut S,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        if self.unmasked == 0 {
            if let Some(message) = source.locate_whole(input) {
                // Fast path: the message has arrived completely, in one frame.
                return Self::split_whole(source, message, input);
            }
        }
        let received = self.receive_from(source, input);
        if received.is_err() {
            // The open frame is abandoned, so the caller may drop its bytes.
            self.unmasked = 0;
        }
        received
    }

    /// Splits off the located message. It does not create an event, which would be stored and read
    /// again.
    #[inline(always)]
    fn split_whole<S: Source>(
        source: &mut S,
        WholeMessage { start, end, mut mask, is_text }: WholeMessage,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        if is_text {
            let text = Utf8Bytes::split_from(input, end, |frame| {
                let payload = Payload::new(frame.get_mut(start..).unwrap_or_default(), mask);
                Ok(source.read_whole_text(payload)?.into_str())
            });
            return text.map(|text| text.map(Message::Text));
        }
        mask.apply(&mut input[start..end]);
        input.advance(start);
        Ok(Some(Message::Binary(input.split_to(end - start).freeze())))
    }

    #[inline(never)]
    fn receive_from<S: Source>(
        &mut self,
        source: &mut S,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        while let Some(span) = source.next_span(&input[self.unmasked..])? {
            if let Some(message) = self.take(source, span, input)? {
                return Ok(Some(message));
            }
        }
        if source.is_closed() {
            input.clear();
        } else if self.unmasked != 0 {
            // Reserve as much as has arrived, so that growing takes amortised linear time.
            let missing = usize::try_from(source.remaining()).unwrap_or(usize::MAX);
            input.reserve(missing.min(input.len()));
        }
        Ok(None)
    }

    /// Takes the located event. Returns the message or control frame if it ends with this event.
    fn take<S: Source>(
        &mut self,
        source: &mut S,
        span: MessageSpan,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        let header = *span.header();
        let len = span.consumed_len();
        let is_fragment = !header.fin || header.opcode == Opcode::Continuation;
        if is_fragment {
            let event = source.decode_span(span, &mut input[..len])?;
            let message = self.collect(event)?;
            input.advance(len);
            return Ok(message);
        }
        let ends = source.remaining() == 0;
        if ends && self.unmasked == 0 {
            // Fast path: the frame has arrived completely, as nearly all messages have.
            return Self::split(source, span, len, input);
        }

        // Slow path: remove only the header, and keep the part of the payload in the buffer.
        let header_len = span.header_len();
        let kind = Kind::unmask(source.decode_span(span, &mut input[self.unmasked..])?);
        input.advance(header_len);
        self.unmasked += len - header_len;
        if !ends {
            return Ok(None);
        }
        let payload = input.split_to(mem::take(&mut self.unmasked)).freeze();
        Ok(Some(kind.message(payload)?))
    }

    /// Splits off the message or control frame in the first `len` bytes.
    #[inline]
    fn split<S: Source>(
        source: &mut S,
        span: MessageSpan,
        len: usize,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, S::Error> {
        if span.is_text() {
            let text = Utf8Bytes::split_from(input, len, |frame| {
                Ok(match source.decode_span(span, frame)? {
                    Event::Text(chunk) => chunk.into_message().ok(),
                    _ => None,
                })
            });
            return text.map(|text| text.map(Message::Text));
        }
        let mut frame = input.split_to(len);
        let header_len = span.header_len();
        let kind = Kind::unmask(source.decode_span(span, &mut frame)?);
        frame.advance(header_len);
        Ok(Some(kind.message(frame.freeze())?))
    }

    /// Copies a fragment. Returns the message if it was the last.
    fn collect(&mut self, event: Event<'_>) -> Result<Option<Message>, ProtocolError> {
        Ok(match event {
            Event::Text(chunk) => {
                let text = self.fragments.text(chunk)?;
                text.map(|text| Message::text(text.into_owned()))
            }
            Event::Binary(chunk) => {
                let payload = self.fragments.binary(chunk);
                payload.map(|payload| Message::binary(payload.into_owned()))
            }
            Event::Raw(chunk) => {
                let (opcode, rsv) = (chunk.opcode, chunk.rsv);
                let payload = self.fragments.raw(chunk);
                payload.map(|payload| Message::Raw {
                    opcode,
                    rsv,
                    payload: payload.into_owned().into(),
                })
            }
            // Control frames are never fragmented; `split` handles them.
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => None,
        })
    }
}

/// The kind of an event whose payload was unmasked in place.
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

/// A source of events: a decoder, or a connection with its output.
trait Source {
    type Error: From<ProtocolError>;

    fn locate_whole(&self, input: &[u8]) -> Option<WholeMessage>;
    fn read_whole_text<'b>(&mut self, payload: Payload<'b>) -> Result<PartialStr<'b>, Self::Error>;
    fn next_span(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, Self::Error>;
    fn decode_span<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, Self::Error>;
    /// Returns how many payload bytes of the open frame have not been decoded yet.
    fn remaining(&self) -> u64;
    /// Returns whether a Close frame was received, so that all further input is discarded. After
    /// the end of the input, the beginning of an open frame stays in the buffer.
    fn is_closed(&self) -> bool;
}

impl Source for MessageDecoder {
    type Error = ProtocolError;

    #[inline(always)]
    fn locate_whole(&self, input: &[u8]) -> Option<WholeMessage> {
        self.locate_whole(input)
    }

    #[inline(always)]
    fn read_whole_text<'b>(
        &mut self,
        payload: Payload<'b>,
    ) -> Result<PartialStr<'b>, ProtocolError> {
        self.read_whole_text(payload)
    }

    #[inline(always)]
    fn next_span(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ProtocolError> {
        self.next_span(input)
    }

    #[inline(always)]
    fn decode_span<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, ProtocolError> {
        self.decode_span(span, used)
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

/// A connection and the output for its replies.
struct Replying<'c, K, O> {
    connection: &'c mut Connection<K>,
    out: &'c mut O,
}

impl<K: MaskingKeys, O: Output> Source for Replying<'_, K, O> {
    type Error = ReceiveError;

    #[inline(always)]
    fn locate_whole(&self, input: &[u8]) -> Option<WholeMessage> {
        self.connection.messages.locate_whole(input)
    }

    #[inline(always)]
    fn read_whole_text<'b>(
        &mut self,
        payload: Payload<'b>,
    ) -> Result<PartialStr<'b>, ReceiveError> {
        let read = self.connection.messages.read_whole_text(payload);
        read.map_err(|error| self.connection.fail(error, self.out))
    }

    #[inline(always)]
    fn next_span(&mut self, input: &[u8]) -> Result<Option<MessageSpan>, ReceiveError> {
        self.connection.next_span(input, self.out)
    }

    #[inline(always)]
    fn decode_span<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
    ) -> Result<Event<'b>, ReceiveError> {
        self.connection.receive_span(span, used, self.out)
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
