//! Drives the decoders as callers do, and checks the guarantees of each call.

use super::naive::{self, Broken, Frame, Item};
use wsframe::{
    Assembler, BinaryChunk, Event, FrameChunk, FrameDecoder, MaskingKey, MessageDecoder, Opcode,
    Payload, ProtocolError, RawChunk, Relay, Role,
};

/// The result of decoding a stream.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// All frames. The last one may be incomplete.
    pub frames: Vec<Frame>,
    /// The error that ended the stream.
    pub error: Option<ProtocolError>,
    /// The number of bytes that were consumed.
    pub consumed: usize,
    /// The number of chunks.
    pub chunks: usize,
}

/// The way in which chunks are decoded. All ways must give the same result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// [`FrameDecoder::decode`] with a cursor.
    Cursor,
    /// [`FrameDecoder::next_span`], then [`wsframe::FrameSpan::into_chunk`] on the whole buffer.
    Locate,
}

/// Decodes a stream in a buffer of `capacity` bytes. It arrives in reads of these lengths
/// (repeated; without lengths, each read fills the buffer).
pub fn decode(
    mut decoder: FrameDecoder,
    stream: &[u8],
    cuts: &[usize],
    capacity: usize,
    way: Way,
) -> Decoded {
    let mut decoded = Decoded::default();
    let mut buffer: Vec<u8> = Vec::with_capacity(capacity);
    let mut unread = stream;
    let mut cuts = cuts.iter().copied().cycle();
    loop {
        let room = capacity - buffer.len();
        assert!(room > 0, "the decoder wants more than {capacity} bytes at once");
        let cut = cuts.next().unwrap_or(usize::MAX).clamp(1, room).min(unread.len());
        let (read, rest) = unread.split_at(cut);
        buffer.extend(read);
        unread = rest;

        let consumed = match consume(&mut decoder, &mut buffer, way, &mut decoded) {
            Ok(consumed) => consumed,
            Err((consumed, error)) => {
                decoded.error = Some(error);
                decoded.consumed += consumed;
                return decoded;
            }
        };
        decoded.consumed += consumed;
        buffer.drain(..consumed);
        if unread.is_empty() {
            return decoded;
        }
    }
}

/// Decodes all chunks in the buffer.
fn consume(
    decoder: &mut FrameDecoder,
    buffer: &mut [u8],
    way: Way,
    decoded: &mut Decoded,
) -> Result<usize, (usize, ProtocolError)> {
    let len = buffer.len();
    let mut input = buffer;
    loop {
        let before = input.len();
        let remaining = decoder.remaining();
        let chunk = match way {
            Way::Cursor => decoder.decode(&mut input),
            Way::Locate => match decoder.next_span(input) {
                Ok(Some(span)) => {
                    let (used, rest) = std::mem::take(&mut input).split_at_mut(span.consumed_len());
                    input = rest;
                    Ok(Some(span.into_chunk(used)))
                }
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            },
        };
        match chunk {
            Ok(Some(chunk)) => take(chunk, decoder, decoded),
            Ok(None) => {
                assert_eq!((input.len(), decoder.remaining()), (before, remaining), "not yet");
                return Ok(len - before);
            }
            Err(error) => {
                assert_eq!((input.len(), decoder.remaining()), (before, remaining), "an error");
                assert_eq!(decoder.next_span(input).err(), Some(error), "an error repeats");
                return Err((len - before, error));
            }
        }
    }
}

fn take(chunk: FrameChunk<'_>, decoder: &FrameDecoder, decoded: &mut Decoded) {
    decoded.chunks += 1;
    assert_eq!(chunk.last, decoder.remaining() == 0);
    if chunk.first {
        decoded.frames.push((chunk.header, Vec::new()));
    } else {
        assert!(!chunk.payload.is_empty());
    }
    let (header, payload) = decoded.frames.last_mut().expect("a first chunk comes first");
    assert_eq!(*header, chunk.header, "every chunk bears its frame's header");
    payload.extend_from_slice(chunk.payload.unmask());
    let arrived = payload.len() as u64;
    assert_eq!(arrived + decoder.remaining(), header.payload_len);
    if header.opcode.is_control() && header.payload_len <= 125 {
        assert!(chunk.first && chunk.last, "control frames come whole");
    }
}

impl Decoded {
    /// Returns the complete frames.
    pub fn whole_frames(&self) -> &[Frame] {
        match self.frames.split_last() {
            Some(((header, payload), whole)) if payload.len() as u64 != header.payload_len => whole,
            _ => &self.frames,
        }
    }
}

/// Decodes a stream of messages that arrives in reads of these lengths (repeated; without lengths,
/// in one read).
pub fn messages(
    mut decoder: MessageDecoder,
    stream: &[u8],
    cuts: &[usize],
    way: Way,
) -> naive::Messages {
    let mut found = Collector::default();
    let mut buffer: Vec<u8> = Vec::new();
    for (start, end) in pieces(stream.len(), cuts.iter().copied().cycle()) {
        buffer.extend(&stream[start..end]);
        let closed = decoder.is_closed();
        let mut input = &mut buffer[..];
        let error = loop {
            let event = match way {
                Way::Cursor => decoder.decode(&mut input),
                Way::Locate => match decoder.next_span(input) {
                    Ok(Some(span)) => {
                        let (used, rest) =
                            std::mem::take(&mut input).split_at_mut(span.consumed_len());
                        input = rest;
                        decoder.decode_span(span, used).map(Some)
                    }
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                },
            };
            match event {
                Ok(Some(event)) => {
                    assert!(!closed, "an event after Close");
                    found.add(event);
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = error {
            // The error is sticky.
            assert_eq!(decoder.error(), Some(error));
            assert_eq!(decoder.decode(&mut &mut b"\x81\x00".to_vec()[..]).unwrap_err(), error);
            assert_eq!(decoder.next_span(b"\x89\x00").unwrap_err(), error);
            return found.end_with(error);
        }
        if decoder.is_closed() && way == Way::Cursor {
            assert_eq!(input.len(), 0, "what follows a Close is discarded");
        }
        let left = input.len();
        buffer.drain(..buffer.len() - left);
    }
    assert_eq!(decoder.error(), None);
    found.messages
}

/// Collects messages from their chunks, without an [`Assembler`] and with one.
#[derive(Default)]
struct Collector {
    messages: naive::Messages,
    assembler: Assembler,
    within: bool,
}

impl Collector {
    fn add(&mut self, event: Event<'_>) {
        let (first, last, item) = match event {
            Event::Ping(data) => return self.messages.items.push(Item::Ping(data.to_vec())),
            Event::Pong(data) => return self.messages.items.push(Item::Pong(data.to_vec())),
            Event::Close(body) => {
                let body = body.map(|body| (body.code.get(), body.reason.to_owned()));
                return self.messages.items.push(Item::Close(body));
            }
            Event::Text(chunk) => {
                let (first, last) = (chunk.first, chunk.last);
                if let Some(str) = chunk.text.as_str() {
                    assert_eq!(str.as_bytes(), chunk.text.as_bytes());
                }
                self.open(first, chunk.text.as_bytes());
                let text = self.assembler.text(chunk).unwrap();
                assert_eq!(text.is_some(), last);
                (first, last, text.map(|text| Item::Text(text.into_owned().into())))
            }
            Event::Binary(BinaryChunk { payload, first, last }) => {
                let payload = self.open_masked(first, payload);
                let bytes = self.assembler.binary(BinaryChunk { payload, first, last });
                (first, last, bytes.map(|bytes| Item::Binary(bytes.into_owned())))
            }
            Event::Raw(RawChunk { opcode, rsv, payload, first, last }) => {
                let payload = self.open_masked(first, payload);
                let bytes = self.assembler.raw(RawChunk { opcode, rsv, payload, first, last });
                (first, last, bytes.map(|bytes| Item::Raw(opcode, rsv, bytes.into_owned())))
            }
        };
        assert_eq!(first, !self.within, "first is set on the first chunk alone");
        assert_eq!(last, item.is_some());
        self.within = !last;
        if let Some(item) = item {
            let open = std::mem::take(&mut self.messages.open);
            let (Item::Text(bytes) | Item::Binary(bytes) | Item::Raw(_, _, bytes)) = &item else {
                unreachable!()
            };
            assert_eq!(*bytes, open);
            self.messages.items.push(item);
        }
    }

    fn open(&mut self, first: bool, bytes: &[u8]) {
        assert!(!first || self.messages.open.is_empty());
        self.messages.open.extend(bytes);
    }

    fn open_masked<'b>(&mut self, first: bool, payload: Payload<'b>) -> Payload<'b> {
        let (bytes, mask) = payload.into_parts();
        let mut copy = bytes.to_vec();
        naive::mask(&mut copy, mask.key().to_bytes(), 0);
        self.open(first, &copy);
        Payload::new(bytes, mask)
    }

    /// Ends the stream with an error. Converts its offset to one from the beginning of the message.
    fn end_with(mut self, error: ProtocolError) -> naive::Messages {
        self.messages.error = Some(Broken::after(self.messages.open.len(), error));
        self.messages
    }
}

/// The result of relaying a stream.
#[derive(Debug, Default)]
pub struct Relayed {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// Whether the relay reports that a Close was forwarded.
    pub closed: bool,
    /// The error. Offsets in text count from the beginning of the message.
    pub error: Option<Broken>,
}

/// Returns the key of a relay's frame with this number, from 1.
pub fn relay_key(number: u32) -> [u8; 4] {
    number.wrapping_mul(0x9E37_79B1).to_ne_bytes()
}

/// Relays a stream that this role receives in reads of these lengths (repeated; without lengths, in
/// one read).
pub fn relay(role: Role, decoder: MessageDecoder, stream: &[u8], cuts: &[usize]) -> Relayed {
    let mut drawn = 0;
    let mut relay = Relay::new(decoder, || {
        drawn += 1;
        MaskingKey::new(relay_key(drawn))
    });
    let mut relayed = Relayed::default();
    // The payload bytes of the open message, and of the open frame.
    let (mut message_len, mut frame_len) = (0, 0);
    let mut buffer: Vec<u8> = Vec::new();
    for (start, end) in pieces(stream.len(), cuts.iter().copied().cycle()) {
        buffer.extend(&stream[start..end]);
        let mut input = &mut buffer[..];
        loop {
            let forwarded = match relay.forward(&mut input) {
                Ok(Some(forwarded)) => forwarded,
                Ok(None) => break,
                Err(error) => {
                    let mut ping = *b"\x89\x00";
                    let again = relay.forward(&mut &mut ping[..]).unwrap_err();
                    assert_eq!(again, error, "latched");
                    let mut close = Vec::new();
                    assert_eq!(relay.close(None, &mut close), Ok(frame_len == 0));
                    let masked = if role == Role::Server { 6 } else { 2 };
                    assert_eq!(close.len(), if frame_len == 0 { masked } else { 0 });
                    assert_eq!(relay.close(None, &mut close), Ok(false), "once");
                    relayed.error = Some(Broken::after(message_len, error));
                    return relayed;
                }
            };
            let received = forwarded.received;
            assert_eq!(forwarded.header.is_some(), frame_len == 0);
            relayed.bytes.extend(forwarded.header.iter().flat_map(|header| header.iter()));
            relayed.bytes.extend(&*forwarded.payload);
            frame_len += forwarded.payload.len() as u64;
            assert_eq!(forwarded.last, frame_len == received.payload_len);
            if !received.opcode.is_control() {
                message_len += forwarded.payload.len();
                message_len *= usize::from(!(forwarded.last && received.fin));
            }
            frame_len *= u64::from(!forwarded.last);
            let is_close = received.opcode == Opcode::Close;
            assert_eq!(relay.can_send_frame(), frame_len == 0 && !is_close);
        }
        relayed.closed = relay.is_closed();
        if relayed.closed {
            assert_eq!(input.len(), 0, "what follows a Close is discarded");
        }
        let left = input.len();
        buffer.drain(..buffer.len() - left);
    }
    relayed
}

/// Returns the beginnings and ends of the pieces into which these lengths cut `len` bytes.
pub fn pieces(
    len: usize,
    mut cuts: impl Iterator<Item = usize>,
) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0usize;
    std::iter::from_fn(move || {
        let piece = (start, len.min(start.saturating_add(cuts.next().unwrap_or(len).max(1))));
        start = piece.1;
        (piece.0 < len).then_some(piece)
    })
}
