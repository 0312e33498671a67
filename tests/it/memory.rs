//! Memory: the sizes of the types that a connection keeps, and the absence of allocations.

use crate::support;

use support::odd_bytes;
use support::streams::{self, Spec};
use wsframe::{
    Assembler, CloseBody, CloseCode, Connection, Event, FrameDecoder, FrameEncoder, FrameHeader,
    MAX_HEADER_LEN, Mask, MessageDecoder, Opcode, ProtocolError, Role, Rsv, Rules, Utf8Error,
    Utf8Validator,
};

#[test]
fn the_state_of_a_connection_is_small() {
    assert!(size_of::<FrameDecoder>() <= 32, "{}", size_of::<FrameDecoder>());
    assert!(size_of::<Connection>() <= 64, "{}", size_of::<Connection>());
    assert!(size_of::<MessageDecoder>() <= 56, "{}", size_of::<MessageDecoder>());
    assert!(size_of::<Utf8Validator>() <= 4);
    assert!(size_of::<Mask>() <= 4);
    assert!(size_of::<Rules>() <= 2);
    assert!(size_of::<FrameHeader>() <= 16);
    assert!(size_of::<ProtocolError>() <= 16);
    assert!(size_of::<Utf8Error>() <= 16);
}

/// A message is returned together with its memory, so an assembler has none between messages.
#[test]
fn an_assembler_keeps_no_memory() {
    for first in [1, 2] {
        // The first byte of a text or binary message, and its continuation.
        let mut stream = [&[first, 126, 0x20, 0][..], &[b'a'; 0x2000], &[0x80, 1, b'b']].concat();
        let mut decoder = MessageDecoder::new(Role::Client);
        let mut assembler = Assembler::new();
        let mut len = None;
        let counted = allocation_counter::measure(|| {
            let mut input = &mut stream[..];
            while let Some(event) = decoder.decode(&mut input).unwrap() {
                len = match event {
                    Event::Text(chunk) => assembler.text(chunk).unwrap().map(|text| text.len()),
                    Event::Binary(chunk) => assembler.binary(chunk).map(|bytes| bytes.len()),
                    other => panic!("unexpected {other:?}"),
                };
            }
        });
        assert_eq!(len, Some(0x2001));
        assert!(counted.count_total > 0, "collected");
        assert_eq!((counted.count_current, counted.bytes_current), (0, 0));
    }
}

#[test]
fn decoding_and_encoding_without_allocating() {
    let specs = [
        Spec { opcode: 1, fin: true, key: [1, 2, 3, 4], payload: "grüße 🦀".into() },
        Spec { opcode: 2, fin: true, key: [1, 2, 3, 4], payload: odd_bytes(5000) },
        Spec { opcode: 4, fin: true, key: [1, 2, 3, 4], payload: odd_bytes(125) },
    ];
    let (_, mut stream) = streams::stream(&specs, Role::Server, Rsv::NONE);
    let huge = FrameHeader {
        masking_key: Some([1, 2, 3, 4].into()),
        ..FrameHeader::new(Opcode::Binary, 1 << 62)
    };
    stream.extend(&*huge.encode().unwrap());
    stream.extend([0; 100]);
    let mut out = vec![0; 6000];

    let mut bytes = 0;
    let counted = allocation_counter::measure(|| {
        let mut decoder = FrameDecoder::new(Role::Server).max_frame_size(u32::MAX);
        let mut text = Utf8Validator::new();
        let mut input = &mut stream[..];
        while let Some(chunk) = decoder.decode(&mut input).unwrap() {
            bytes += chunk.payload.len();
            match chunk.header.opcode {
                Opcode::Text => {
                    assert!(chunk.payload.unmask_text(&mut text).unwrap().as_str().is_some());
                    text.finish().unwrap();
                }
                Opcode::Ping => {
                    let pong = FrameEncoder::new(Opcode::Pong);
                    pong.encode_to_slice(chunk.payload.unmask(), &mut out).unwrap();
                }
                _ => {
                    let _ = chunk.payload.unmask();
                }
            }
        }
        let bye = CloseBody { code: CloseCode::NORMAL, reason: "bye" }.encode().unwrap();
        FrameEncoder::new(Opcode::Close).encode_to_slice(&bye, &mut out).unwrap();
        FrameEncoder::new(Opcode::Binary).encode_in_place(&mut out[..MAX_HEADER_LEN + 9]).unwrap();

        // Errors do not allocate either.
        assert!(decoder.remaining() > 0);
        assert!(FrameDecoder::new(Role::Server).next_span(b"\x83").is_err());
        assert!(CloseBody::decode(b"\x03\xE8\xFF").is_err());
    });
    assert_eq!(bytes, "grüße 🦀".len() + 5000 + 125 + 100);
    assert_eq!(counted.count_total, 0);

    // This shows that the counter works.
    assert!(
        allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1u8)))).count_total > 0
    );
}
