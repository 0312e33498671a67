//! Messages in chunks, as they arrive.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use bytes::{Buf, Bytes, BytesMut};

#[cfg(feature = "deflate")]
use super::messages::Link;
use super::messages::{Messages, Replies};
use crate::{
    BinaryChunk, CloseFrame, Event, MaskingKeys, Message, Opcode, ProtocolError, RawChunk,
    ReceiveError, Rsv, TextChunk, Utf8Bytes,
};

/// A chunk of a message, or a control frame, from
/// [`WebSocketStream::next_chunk`](crate::stream::WebSocketStream::next_chunk).
///
/// The chunks of a message arrive in order. Control frames may arrive between them.
///
/// ```
/// use wsframe::Message;
/// use wsframe::stream::Chunk;
///
/// /// Appends the chunk to the bytes of its message.
/// fn collect(chunk: Chunk, message: &mut Vec<u8>) {
///     if let Message::Text(_) | Message::Binary(_) = chunk.data {
///         if chunk.first {
///             message.clear();
///         }
///         message.extend(chunk.data.into_data());
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The chunk, as a message of the same kind, or the control frame. Text is always cut between
    /// characters, even if its frames are not. Only the last chunk of a message can be empty.
    pub data: Message,
    /// Whether this is the first chunk of its message. `true` for a control frame.
    pub first: bool,
    /// Whether this is the last chunk of its message. `true` for a control frame.
    pub last: bool,
}

/// A whole message, or a control frame.
impl From<Message> for Chunk {
    fn from(data: Message) -> Self {
        Self { data, first: true, last: true }
    }
}

/// A message or a chunk.
pub(crate) trait Received {
    /// Returns the message, or the data of the chunk.
    fn message(&self) -> &Message;
}

impl Received for Message {
    #[inline(always)]
    fn message(&self) -> &Message {
        self
    }
}

impl Received for Chunk {
    fn message(&self) -> &Message {
        &self.data
    }
}

/// The kind of a message that arrives in chunks.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Binary,
    Raw(Opcode, Rsv),
}

/// A part of a message. Its bytes are unmasked, decompressed and, in a text, valid as the
/// continuation of what came before.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) len: usize,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// The next part of a message, or a control frame.
pub(super) enum Next<P> {
    Part(P),
    Control(Message),
}

impl Next<Part> {
    /// Describes an event and unmasks its payload.
    pub(super) fn new(event: Event<'_>) -> Self {
        Self::Part(match event {
            Event::Text(TextChunk { text, first, last }) => {
                Part { kind: Kind::Text, len: text.as_bytes().len(), first, last }
            }
            Event::Binary(BinaryChunk { payload, first, last }) => {
                Part { kind: Kind::Binary, len: payload.unmask().len(), first, last }
            }
            Event::Raw(RawChunk { opcode, rsv, payload, first, last }) => {
                Part { kind: Kind::Raw(opcode, rsv), len: payload.unmask().len(), first, last }
            }
            Event::Ping(data) => return Self::Control(Message::ping(data.to_vec())),
            Event::Pong(data) => return Self::Control(Message::pong(data.to_vec())),
            Event::Close(body) => {
                return Self::Control(Message::Close(body.map(CloseFrame::from)));
            }
        })
    }

    /// Adds the bytes of the part.
    pub(super) fn with_payload(self, payload: impl FnOnce(&Part) -> Bytes) -> Next<Piece> {
        match self {
            Self::Part(part) => Next::Part(Piece { payload: payload(&part), part }),
            Self::Control(frame) => Next::Control(frame),
        }
    }
}

/// A part of a message, with its bytes.
pub(super) struct Piece {
    part: Part,
    payload: Bytes,
}

impl Piece {
    /// Converts the piece to a chunk. Returns `None` if there is nothing to return yet: no bytes, or
    /// only the beginning of a character.
    fn chunk(self, open: &mut OpenMessage) -> Result<Option<Chunk>, ProtocolError> {
        let Self { part: Part { kind, first, last, .. }, payload } = self;
        if first && last {
            return message(kind, payload).map(|data| Some(data.into()));
        }
        let opened = open.get_or_insert_with(|| Box::new(Open::new(kind)));
        let data = match kind {
            Kind::Text => Message::Text(opened.text(payload)?),
            kind => message(kind, payload)?,
        };
        if !last && data.payload().is_none_or(Bytes::is_empty) {
            return Ok(None);
        }
        let first = !mem::replace(&mut opened.returned, true);
        if last {
            *open = None;
        }
        Ok(Some(Chunk { data, first, last }))
    }
}

/// The state of a message that is received in chunks.
pub(crate) struct Open {
    kind: Kind,
    /// Whether a chunk was returned.
    returned: bool,
    /// The beginning of a character that the last chunk ended in: at most three bytes.
    cut: Vec<u8>,
    /// The bytes that were collected for a caller that wants the rest as one message.
    rest: Vec<u8>,
}

/// The message that is received in chunks, or `None` between two messages.
pub(crate) type OpenMessage = Option<Box<Open>>;

impl Open {
    const fn new(kind: Kind) -> Self {
        Self { kind, returned: false, cut: Vec::new(), rest: Vec::new() }
    }

    /// Returns the text up to its last whole character. The next chunk begins with the rest.
    fn text(&mut self, payload: Bytes) -> Result<Utf8Bytes, ProtocolError> {
        let mut payload = payload;
        if !self.cut.is_empty() {
            let mut joined = mem::take(&mut self.cut);
            joined.extend_from_slice(&payload);
            payload = joined.into();
        }
        self.cut.extend_from_slice(&payload.split_off(whole_characters(&payload)));
        Ok(Utf8Bytes::try_from(payload)?)
    }
}

/// Returns the length of the text without an incomplete character at its end.
fn whole_characters(text: &[u8]) -> usize {
    for (at, byte) in text.iter().enumerate().rev().take(3) {
        let len = match byte {
            0x80..0xC0 => continue,
            0xC0..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4,
            _ => 1,
        };
        return if at + len > text.len() { at } else { text.len() };
    }
    text.len()
}

const fn is_control(message: &Message) -> bool {
    matches!(message, Message::Ping(_) | Message::Pong(_) | Message::Close(_))
}

/// Creates a message of this kind. Text is validated again, because a safe conversion to `str`
/// requires it.
pub(super) fn message(kind: Kind, payload: Bytes) -> Result<Message, ProtocolError> {
    Ok(match kind {
        Kind::Text => Message::Text(Utf8Bytes::try_from(payload)?),
        Kind::Binary => Message::Binary(payload),
        Kind::Raw(opcode, rsv) => Message::Raw { opcode, rsv, payload },
    })
}

impl<K: MaskingKeys> Messages<K> {
    /// Returns the next chunk or control frame, and splits it off `input`. Returns `None` when more
    /// bytes are needed. A message that [`receive`](Self::receive) has begun is returned whole.
    pub(crate) fn receive_chunk(
        &mut self,
        open: &mut OpenMessage,
        input: &mut BytesMut,
    ) -> Result<Option<Chunk>, ReceiveError> {
        match open {
            None if self.connection().is_within_message() => {
                return Ok(self.receive(input)?.map(Chunk::from));
            }
            Some(open) if !open.rest.is_empty() => {
                // The call that collected it was cancelled.
                let rest = Bytes::from(mem::take(&mut open.rest));
                let first = !mem::replace(&mut open.returned, true);
                let data = message(open.kind, rest)?;
                return Ok(Some(Chunk { data, first, last: false }));
            }
            _ => {}
        }
        self.superseding(|messages| messages.receive_any_chunk(open, input))
    }

    /// Returns a control frame, or the rest of the message that was begun in chunks, as one message.
    /// Returns `None` when more bytes are needed.
    #[cold]
    pub(crate) fn receive_rest(
        &mut self,
        open: &mut OpenMessage,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, ReceiveError> {
        self.superseding(|messages| messages.receive_any_rest(open, input))
    }

    fn receive_any_chunk(
        &mut self,
        open: &mut OpenMessage,
        input: &mut BytesMut,
    ) -> Result<Option<Chunk>, ReceiveError> {
        loop {
            let piece = match self.receive_piece(input)? {
                None => return Ok(None),
                Some(Next::Control(frame)) => return Ok(Some(frame.into())),
                Some(Next::Part(piece)) => piece,
            };
            if let Some(chunk) = piece.chunk(open)? {
                return Ok(Some(chunk));
            }
        }
    }

    fn receive_any_rest(
        &mut self,
        open: &mut OpenMessage,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, ReceiveError> {
        let Some(opened) = open else { return Ok(None) };
        let (mut rest, returned) = (mem::take(&mut opened.rest), opened.returned);
        let kind = opened.kind;
        loop {
            match self.receive_any_chunk(open, input)? {
                Some(Chunk { data, last, .. }) if !is_control(&data) => {
                    rest.extend_from_slice(data.payload().map_or(&[], |payload| payload));
                    if last {
                        return Ok(Some(message(kind, rest.into())?));
                    }
                }
                other => {
                    if let Some(open) = open {
                        (open.rest, open.returned) = (rest, returned);
                    }
                    return Ok(other.map(|chunk| chunk.data));
                }
            }
        }
    }

    /// Returns the next part of a message, or a control frame, and splits it off `input`.
    fn receive_piece(&mut self, input: &mut BytesMut) -> Result<Option<Next<Piece>>, ReceiveError> {
        let Self { link, replies, .. } = self;
        let out = &mut Replies(replies);
        #[cfg(feature = "deflate")]
        if let Link::Compressed(compressed) = link {
            if let Some(next) = compressed.receive_piece(input, out)? {
                return Ok(Some(next));
            }
        }
        let connection = link.connection_mut();
        let Some(span) = connection.next_span(input, out)? else {
            if connection.is_closed() {
                input.clear();
            }
            return Ok(None);
        };
        let mut frame = input.split_to(span.consumed_len());
        let next = Next::new(connection.receive_span(span, &mut frame, out)?);
        Ok(Some(next.with_payload(|part| {
            frame.advance(frame.len() - part.len);
            frame.freeze()
        })))
    }
}
