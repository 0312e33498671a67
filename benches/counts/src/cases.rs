//! The cases. Each runs one path of the library over many frames, and checks the results.
//!
//! Only instructions inside [`measured`] are counted. Buffers are prepared before it, and results
//! are checked after it. Inside is only the loop over the frames, and the code of the library.
//! `black_box` hides values from the compiler that the library would know only at run time.

use std::hint::black_box;
use std::mem;
use std::ops::RangeInclusive;

use bytes::BytesMut;
use wsframe::{
    Assembler, Connection, Event, FrameChunk, FrameDecoder, FrameEncoder, FrameHeader,
    MAX_HEADER_LEN, Mask, MessageDecoder, Opcode, Output, Payload, Role, Rules, Utf8Validator,
    arch,
};

use crate::frames::{Frame, Kind};

/// One line of the table.
pub struct Case {
    /// The path of the library.
    path: &'static str,
    kind: Kind,
    lengths: RangeInclusive<usize>,
    run: fn(&[Frame]),
}

impl Case {
    const fn new(
        path: &'static str,
        run: fn(&[Frame]),
        kind: Kind,
        lengths: RangeInclusive<usize>,
    ) -> Self {
        Self { path, kind, lengths, run }
    }

    pub fn name(&self) -> String {
        let (shortest, longest) = (self.lengths.start(), self.lengths.end());
        let kind = self.kind.name();
        if shortest == longest {
            format!("{}/{kind}/{longest}", self.path)
        } else {
            format!("{}/{kind}/{shortest}-{longest}", self.path)
        }
    }

    /// Runs the case once, over [`FRAMES`](crate::frames::FRAMES) frames.
    pub fn run(&self) {
        let frames = Frame::many(self.kind, self.lengths.clone());
        // The first call of a kernel detects the backend, which must not be counted.
        arch::active().mask(&mut [], 0);
        (self.run)(&frames);
    }
}

const SMALL: RangeInclusive<usize> = 16..=16;
const MIXED: RangeInclusive<usize> = 0..=125;

/// All cases, in the order of the table.
pub const CASES: &[Case] = &{
    use Kind::{Binary, Json, Korean};
    [
        Case::new("header/decode", decode_header, Binary, SMALL),
        Case::new("header/decode", decode_header, Binary, MIXED),
        Case::new("header/decode", decode_header, Binary, 126..=512),
        Case::new("header/encode/masked", encode_masked_header, Binary, MIXED),
        Case::new("header/encode/unmasked", encode_unmasked_header, Binary, MIXED),
        Case::new("mask/in-place", mask_in_place, Binary, SMALL),
        Case::new("mask/in-place", mask_in_place, Binary, 64..=64),
        Case::new("mask/in-place", mask_in_place, Binary, 125..=125),
        Case::new("mask/in-place", mask_in_place, Binary, MIXED),
        Case::new("mask/in-place", mask_in_place, Binary, 1024..=1024),
        Case::new("mask/copying", mask_copying, Binary, SMALL),
        Case::new("mask/copying", mask_copying, Binary, MIXED),
        Case::new("text/validate", validate, Json, SMALL),
        Case::new("text/validate", validate, Json, MIXED),
        Case::new("text/validate", validate, Korean, MIXED),
        Case::new("text/unmask", unmask_text, Json, SMALL),
        Case::new("text/unmask", unmask_text, Json, MIXED),
        Case::new("text/unmask", unmask_text, Korean, MIXED),
        Case::new("frame/decode", decode, Binary, SMALL),
        Case::new("frame/decode", decode, Binary, MIXED),
        Case::new("frame/decode", decode, Json, SMALL),
        Case::new("frame/decode", decode, Json, MIXED),
        Case::new("frame/decode", decode, Korean, MIXED),
        Case::new("frame/locate", locate, Binary, SMALL),
        Case::new("frame/locate", locate, Binary, MIXED),
        Case::new("frame/locate", locate, Json, SMALL),
        Case::new("frame/locate", locate, Json, MIXED),
        Case::new("frame/locate", locate, Korean, MIXED),
        Case::new("message/decode", decode_messages, Binary, SMALL),
        Case::new("message/decode", decode_messages, Binary, MIXED),
        Case::new("message/decode", decode_messages, Json, SMALL),
        Case::new("message/decode", decode_messages, Json, MIXED),
        Case::new("message/decode", decode_messages, Korean, MIXED),
        Case::new("message/locate", locate_messages, Binary, SMALL),
        Case::new("message/locate", locate_messages, Json, SMALL),
        Case::new("connection/receive", receive, Binary, SMALL),
        Case::new("connection/receive", receive, Json, SMALL),
        Case::new("connection/receive/in-two", receive_in_two, Binary, 1024..=1024),
        Case::new("connection/receive/in-two", receive_in_two, Json, 1024..=1024),
        Case::new("connection/assemble", assemble, Binary, SMALL),
        Case::new("connection/assemble", assemble, Json, SMALL),
        Case::new("connection/send", send, Binary, SMALL),
        Case::new("connection/send/plain", send_plain, Binary, SMALL),
        Case::new("frame/write", write, Binary, 0..=0),
        Case::new("frame/write", write, Binary, SMALL),
        Case::new("frame/write", write, Binary, 125..=125),
        Case::new("frame/write", write, Binary, 300..=300),
        Case::new("frame/write", write, Binary, MIXED),
        Case::new("frame/append", append, Binary, 0..=0),
        Case::new("frame/append", append, Binary, SMALL),
        Case::new("frame/append", append, Binary, 125..=125),
        Case::new("frame/append", append, Binary, 300..=300),
        Case::new("frame/append", append, Binary, MIXED),
        Case::new("frame/append/plain", append_plain, Binary, 0..=0),
        Case::new("frame/append/plain", append_plain, Binary, SMALL),
        Case::new("frame/append/plain", append_plain, Binary, 125..=125),
        Case::new("frame/append/plain", append_plain, Binary, 300..=300),
        Case::new("frame/append/plain", append_plain, Binary, MIXED),
        Case::new("frame/append/bytes", append_bytes, Binary, SMALL),
        Case::new("frame/append/bytes", append_bytes, Binary, MIXED),
        Case::new("frame/put", put, Binary, SMALL),
        Case::new("frame/put", put, Binary, 300..=300),
        Case::new("frame/in-place", in_place, Binary, 0..=0),
        Case::new("frame/in-place", in_place, Binary, SMALL),
        Case::new("frame/in-place", in_place, Binary, 300..=300),
    ]
};

/// The name of [`measured`] in callgrind.
pub const MEASURED: &str = "counts::cases::measured*";

/// Runs the function. Callgrind counts only its instructions, and those of all calls in it.
#[inline(never)]
fn measured<R>(work: impl FnOnce() -> R) -> R {
    work()
}

fn decode_header(frames: &[Frame]) {
    let encoded: Vec<Vec<u8>> = frames.iter().map(|frame| frame.header(true)).collect();
    let rules = black_box(Rules::new(Role::Server));
    let mut decoded = vec![(FrameHeader::new(Opcode::Close, 0), 0); frames.len()];
    measured(|| {
        for (bytes, decoded) in encoded.iter().zip(&mut decoded) {
            let header = FrameHeader::decode(bytes, rules).expect("a right header");
            *decoded = header.expect("a whole header");
        }
    });
    for ((frame, bytes), decoded) in frames.iter().zip(&encoded).zip(decoded) {
        assert_eq!(decoded, (decoded_header(frame, true), bytes.len()));
    }
}

fn encode_masked_header(frames: &[Frame]) {
    encode_header(frames, true);
}

fn encode_unmasked_header(frames: &[Frame]) {
    encode_header(frames, false);
}

fn encode_header(frames: &[Frame], masked: bool) {
    let headers: Vec<_> = frames.iter().map(|frame| decoded_header(frame, masked)).collect();
    let mut encoded = vec![None; frames.len()];
    measured(|| {
        for (header, encoded) in headers.iter().zip(&mut encoded) {
            *encoded = header.encode().ok();
        }
    });
    for (frame, encoded) in frames.iter().zip(encoded) {
        assert_eq!(*encoded.expect("a right header"), *frame.header(masked));
    }
}

fn mask_in_place(frames: &[Frame]) {
    let mut masked = frames.to_vec();
    measured(|| {
        for frame in &mut masked {
            Mask::new(frame.key).apply(&mut frame.payload);
        }
    });
    for (frame, masked) in frames.iter().zip(masked) {
        assert_eq!(masked.payload, frame.masked());
    }
}

fn mask_copying(frames: &[Frame]) {
    let mut masked: Vec<_> = frames.iter().map(|frame| vec![0; frame.payload.len()]).collect();
    measured(|| {
        for (frame, masked) in frames.iter().zip(&mut masked) {
            Mask::new(frame.key).apply_into(&frame.payload, masked);
        }
    });
    for (frame, masked) in frames.iter().zip(masked) {
        assert_eq!(masked, frame.masked());
    }
}

fn validate(frames: &[Frame]) {
    let mut text = Utf8Validator::new();
    measured(|| {
        for frame in frames {
            text.validate(&frame.payload).expect("UTF-8");
            text.finish().expect("whole characters");
        }
    });
    text.validate(b"\xFF").expect_err("what is not UTF-8 must be found");
}

fn unmask_text(frames: &[Frame]) {
    let mut unmasked = frames.to_vec();
    for frame in &mut unmasked {
        frame.payload = frame.masked();
    }
    let mut text = Utf8Validator::new();
    measured(|| {
        for frame in &mut unmasked {
            let payload = Payload::new(&mut frame.payload, Mask::new(frame.key));
            payload.unmask_text(&mut text).expect("UTF-8");
            text.finish().expect("whole characters");
        }
    });
    for (frame, unmasked) in frames.iter().zip(unmasked) {
        assert_eq!(unmasked.payload, frame.payload);
    }
}

fn decode(frames: &[Frame]) {
    let mut stream = stream(frames);
    let mut decoder = black_box(FrameDecoder::new(Role::Server));
    let mut text = Utf8Validator::new();
    let (messages, unread) = measured(|| {
        let mut messages = 0;
        let mut input = &mut stream[..];
        while let Some(chunk) = decoder.decode(&mut input).expect("a right stream") {
            messages += take(chunk, &mut text);
        }
        (messages, input.len())
    });
    assert_eq!((messages, unread), (frames.len(), 0));
    assert_eq!(stream, unmasked_stream(frames));
}

fn locate(frames: &[Frame]) {
    let mut stream = stream(frames);
    let mut decoder = black_box(FrameDecoder::new(Role::Server));
    let mut text = Utf8Validator::new();
    let (messages, unread) = measured(|| {
        let mut messages = 0;
        let mut input = &mut stream[..];
        while let Some(span) = decoder.next_span(input).expect("a right stream") {
            let (used, rest) = mem::take(&mut input).split_at_mut(span.consumed_len());
            messages += take(span.into_chunk(used), &mut text);
            input = rest;
        }
        (messages, input.len())
    });
    assert_eq!((messages, unread), (frames.len(), 0));
    assert_eq!(stream, unmasked_stream(frames));
}

fn decode_messages(frames: &[Frame]) {
    let mut stream = stream(frames);
    let mut decoder = black_box(MessageDecoder::new(Role::Server));
    let (messages, unread) = measured(|| {
        let mut messages = 0;
        let mut input = &mut stream[..];
        while let Some(event) = decoder.decode(&mut input).expect("a right stream") {
            messages += take_event(event);
        }
        (messages, input.len())
    });
    assert_eq!((messages, unread), (frames.len(), 0));
    assert_eq!(stream, unmasked_stream(frames));
}

fn locate_messages(frames: &[Frame]) {
    let mut stream = stream(frames);
    let mut decoder = black_box(MessageDecoder::new(Role::Server));
    let (messages, unread) = measured(|| {
        let mut messages = 0;
        let mut input = &mut stream[..];
        while let Some(span) = decoder.next_span(input).expect("a right stream") {
            let (used, rest) = mem::take(&mut input).split_at_mut(span.consumed_len());
            messages += take_event(decoder.decode_span(span, used).expect("UTF-8"));
            input = rest;
        }
        (messages, input.len())
    });
    assert_eq!((messages, unread), (frames.len(), 0));
    assert_eq!(stream, unmasked_stream(frames));
}

fn receive(frames: &[Frame]) {
    let mut stream = stream(frames);
    let mut connection = black_box(Connection::server());
    let mut out = Vec::new();
    let (messages, unread) = measured(|| {
        let mut messages = 0;
        let mut input = &mut stream[..];
        while let Some(event) = connection.receive(&mut input, &mut out).expect("a right stream") {
            messages += take_event(event);
        }
        (messages, input.len())
    });
    assert_eq!((messages, unread), (frames.len(), 0));
    assert_eq!(stream, unmasked_stream(frames));
}

/// Receives each frame in two reads.
fn receive_in_two(frames: &[Frame]) {
    let mut wires: Vec<_> = frames.iter().map(wire).collect();
    let mut connection = black_box(Connection::server());
    let mut out = Vec::new();
    let messages = measured(|| {
        let mut messages = 0;
        for wire in &mut wires {
            let (first, second) = wire.split_at_mut(512);
            for mut input in [first, second] {
                let event = connection.receive(&mut input, &mut out).expect("a right stream");
                messages += take_event(event.expect("a part of the frame"));
            }
        }
        messages
    });
    assert_eq!(messages, frames.len());
    assert_eq!(wires.concat(), unmasked_stream(frames));
}

fn assemble(frames: &[Frame]) {
    let mut stream = stream(frames);
    let mut connection = black_box(Connection::server());
    let mut assembler = Assembler::new();
    let mut out = Vec::new();
    let (bytes, unread) = measured(|| {
        let mut bytes = 0;
        let mut input = &mut stream[..];
        while let Some(event) = connection.receive(&mut input, &mut out).expect("a right stream") {
            bytes += match event {
                Event::Text(chunk) => {
                    assembler.text(chunk).expect("UTF-8").expect("a whole message").len()
                }
                Event::Binary(chunk) => assembler.binary(chunk).expect("a whole message").len(),
                _ => 0,
            };
        }
        (bytes, input.len())
    });
    let expected: usize = frames.iter().map(|frame| frame.payload.len()).sum();
    assert_eq!((bytes, unread), (expected, 0));
}

fn send(frames: &[Frame]) {
    let mut keys = frames.iter().map(|frame| frame.key);
    let mut connection = black_box(Connection::client(|| keys.next().expect("a key a frame")));
    let mut out = Vec::with_capacity(stream(frames).len());
    measured(|| {
        for frame in frames {
            connection.send(&frame.payload[..], &mut out).expect("a right message");
        }
    });
    assert_eq!(out, stream(frames));
}

/// Handles an event as a server does. Returns how many messages end with it.
#[inline(always)]
fn take_event(event: Event<'_>) -> usize {
    match event {
        Event::Text(chunk) => usize::from(chunk.last),
        Event::Binary(chunk) => {
            chunk.payload.unmask();
            usize::from(chunk.last)
        }
        _ => 0,
    }
}

/// Handles a chunk as a server does: unmasks it, and validates text. Returns how many messages end
/// with it.
#[inline(always)]
fn take(chunk: FrameChunk<'_>, text: &mut Utf8Validator) -> usize {
    let FrameChunk { header, payload, last, .. } = chunk;
    if header.opcode == Opcode::Text {
        payload.unmask_text(text).expect("UTF-8");
        if last {
            text.finish().expect("whole characters");
        }
    } else {
        payload.unmask();
    }
    usize::from(last && header.fin)
}

fn send_plain(frames: &[Frame]) {
    let mut connection = black_box(Connection::server());
    let mut out = Vec::with_capacity(stream(frames).len());
    measured(|| {
        for frame in frames {
            connection.send(&frame.payload[..], &mut out).expect("a right message");
        }
    });
    assert_eq!(out, plain_stream(frames));
}

fn append(frames: &[Frame]) {
    let mut out = Vec::with_capacity(stream(frames).len());
    let opcode = black_box(frames[0].kind.opcode());
    measured(|| {
        for frame in frames {
            let encoder = FrameEncoder::new(opcode).masking_key(frame.key);
            encoder.encode_to_vec(&frame.payload, &mut out).expect("a right frame");
        }
    });
    assert_eq!(out, stream(frames));
}

fn append_plain(frames: &[Frame]) {
    let mut out = Vec::with_capacity(stream(frames).len());
    let encoder = FrameEncoder::new(black_box(frames[0].kind.opcode()));
    measured(|| {
        for frame in frames {
            encoder.encode_to_vec(&frame.payload, &mut out).expect("a right frame");
        }
    });
    assert_eq!(out, plain_stream(frames));
}

fn append_bytes(frames: &[Frame]) {
    let mut out = BytesMut::with_capacity(stream(frames).len());
    let opcode = black_box(frames[0].kind.opcode());
    measured(|| {
        for frame in frames {
            let encoder = FrameEncoder::new(opcode).masking_key(frame.key);
            Output::append(&mut out, encoder, &frame.payload).expect("a right frame");
        }
    });
    assert_eq!(out, stream(frames));
}

fn put(frames: &[Frame]) {
    let mut out = BytesMut::with_capacity(stream(frames).len());
    let opcode = black_box(frames[0].kind.opcode());
    measured(|| {
        for frame in frames {
            let encoder = FrameEncoder::new(opcode).masking_key(frame.key);
            encoder.encode_to_buf(&frame.payload, &mut out).expect("a right frame");
        }
    });
    assert_eq!(out, stream(frames));
}

fn write(frames: &[Frame]) {
    let expected = stream(frames);
    let mut written = vec![0; expected.len()];
    let opcode = black_box(frames[0].kind.opcode());
    let unwritten = measured(|| {
        let mut out = &mut written[..];
        for frame in frames {
            let encoder = FrameEncoder::new(opcode).masking_key(frame.key);
            let len = encoder.encode_to_slice(&frame.payload, out).expect("a right frame").len();
            out = &mut out[len..];
        }
        out.len()
    });
    assert_eq!(unwritten, 0);
    assert_eq!(written, expected);
}

fn in_place(frames: &[Frame]) {
    let mut buffers: Vec<_> =
        frames.iter().map(|frame| [&[0; MAX_HEADER_LEN], &frame.payload[..]].concat()).collect();
    let opcode = black_box(frames[0].kind.opcode());
    let total: usize = measured(|| {
        let frame = |(frame, buffer): (&Frame, &mut Vec<u8>)| {
            let encoder = FrameEncoder::new(opcode).masking_key(frame.key);
            encoder.encode_in_place(buffer).expect("a right frame").len()
        };
        frames.iter().zip(&mut buffers).map(frame).sum()
    });
    assert_eq!(total, stream(frames).len());
    for (frame, buffer) in frames.iter().zip(buffers) {
        assert!(buffer.ends_with(&wire(frame)));
    }
}

/// Returns the header in the type of the library.
fn decoded_header(frame: &Frame, masked: bool) -> FrameHeader {
    FrameHeader {
        masking_key: masked.then_some(frame.key),
        ..FrameHeader::new(frame.kind.opcode(), frame.payload.len() as u64)
    }
}

/// Returns the masked frame.
fn wire(frame: &Frame) -> Vec<u8> {
    [frame.header(true), frame.masked()].concat()
}

/// Returns the masked frames one after another, so that their payloads have any alignment.
fn stream(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(wire).collect()
}

/// Returns the unmasked frames one after another.
fn plain_stream(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| [frame.header(false), frame.payload.clone()].concat()).collect()
}

/// Returns the stream after all payloads were unmasked in place.
fn unmasked_stream(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| [frame.header(true), frame.payload.clone()].concat()).collect()
}
