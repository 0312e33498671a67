//! RFC 6455 §5: frames in a stream of bytes, cut anywhere.

use crate::support;

use proptest::prelude::*;
use support::checks;
use support::drive::{self, Way};
use support::naive::{self, Choices};
use support::odd_bytes;
use support::streams::{self, Spec};
use wsframe::{
    FrameDecoder, FrameHeader, MIN_BUFFER_LEN, MaskingKey, Opcode, Payload, ProtocolError, Role,
    Rsv,
};

const WAYS: [Way; 2] = [Way::Cursor, Way::Locate];

/// The examples of §5.7, decoded by their receivers.
#[test]
fn the_examples_of_section_5_7() {
    let bytes_256 = odd_bytes(256);
    let bytes_64k = odd_bytes(65_536);
    let whole = |header: &[u8], payload: &[u8]| [header, payload].concat();
    let examples: [(Role, Vec<u8>, Opcode, &[u8]); 6] = [
        (Role::Client, whole(&[0x81, 0x05], b"Hello"), Opcode::Text, b"Hello"),
        (
            Role::Server,
            vec![0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            Opcode::Text,
            b"Hello",
        ),
        (Role::Client, whole(&[0x89, 0x05], b"Hello"), Opcode::Ping, b"Hello"),
        (
            Role::Server,
            vec![0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            Opcode::Pong,
            b"Hello",
        ),
        (Role::Client, whole(&[0x82, 0x7E, 1, 0], &bytes_256), Opcode::Binary, &bytes_256),
        (
            Role::Client,
            whole(&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], &bytes_64k),
            Opcode::Binary,
            &bytes_64k,
        ),
    ];
    for (role, stream, opcode, payload) in examples {
        for way in WAYS {
            let decoded = drive::decode(FrameDecoder::new(role), &stream, &[], stream.len(), way);
            assert_eq!((decoded.error, decoded.chunks, decoded.consumed), (None, 1, stream.len()));
            let (header, found) = &decoded.frames[0];
            assert_eq!((header.opcode, header.fin, &found[..]), (opcode, true, payload));
        }
    }

    // A fragmented unmasked text message.
    let stream = b"\x01\x03Hel\x80\x02lo";
    let decoder = FrameDecoder::new(Role::Client);
    let decoded = drive::decode(decoder, stream, &[], 100, Way::Cursor);
    let first = FrameHeader { fin: false, ..FrameHeader::new(Opcode::Text, 3) };
    let second = FrameHeader::new(Opcode::Continuation, 2);
    assert_eq!(decoded.frames, [(first, b"Hel".to_vec()), (second, b"lo".to_vec())]);
}

#[test]
fn cut_at_every_byte_and_at_every_two() {
    let specs = [
        Spec { opcode: 1, fin: false, key: [1, 2, 3, 4], payload: b"Hello".to_vec() },
        Spec { opcode: 4, fin: true, key: [0, 0, 0, 0], payload: odd_bytes(20) },
        Spec { opcode: 0, fin: true, key: [9, 9, 9, 9], payload: vec![] },
        Spec { opcode: 2, fin: true, key: [5, 6, 7, 8], payload: odd_bytes(130) },
    ];
    for role in [Role::Client, Role::Server] {
        let (frames, stream) = streams::stream(&specs, role, Rsv::NONE);
        for first in 1..=stream.len() {
            for second in 1..=stream.len() + 1 - first {
                let cuts = [first, second];
                let decoder = FrameDecoder::new(role);
                let way = WAYS[second % 2];
                let decoded = drive::decode(decoder, &stream, &cuts, stream.len(), way);
                assert_eq!(decoded.frames, frames, "cut at {cuts:?}");
                assert_eq!((decoded.error, decoded.consumed), (None, stream.len()));
            }
        }
    }
}

#[test]
fn a_complete_frame_is_one_chunk() {
    for len in [0usize, 1, 125, 126, 4000] {
        let spec = Spec { opcode: 2, fin: true, key: [1, 2, 3, 4], payload: odd_bytes(len) };
        let (_, stream) = streams::stream(&[spec.clone(), spec], Role::Server, Rsv::NONE);
        let decoder = FrameDecoder::new(Role::Server);
        let decoded = drive::decode(decoder, &stream, &[], stream.len(), Way::Cursor);
        assert_eq!((decoded.frames.len(), decoded.chunks), (2, 2));
    }
}

#[test]
fn frames_up_to_a_length_are_returned_only_once_complete() {
    let payload = odd_bytes(992);
    let spec = Spec { opcode: 2, fin: true, key: [1, 2, 3, 4], payload };
    let (_, stream) = streams::stream(&[spec], Role::Server, Rsv::NONE);
    assert_eq!(stream.len(), 1000);
    let chunks = |whole_frames_up_to, cuts: &[usize]| {
        let decoder = FrameDecoder::new(Role::Server).whole_frames_up_to(whole_frames_up_to);
        let decoded = drive::decode(decoder, &stream, cuts, 1000, Way::Locate);
        assert_eq!((decoded.frames.len(), decoded.consumed), (1, 1000));
        decoded.chunks
    };
    assert_eq!(chunks(1000, &[1]), 1);
    assert_eq!(chunks(1000, &[300]), 1);
    assert_eq!(chunks(999, &[300]), 4);
    assert_eq!(chunks(999, &[1]), 992);
    assert_eq!(chunks(0, &[500]), 2);
}

#[test]
fn a_header_stays_until_its_payload_begins_to_arrive() {
    let mut decoder = FrameDecoder::new(Role::Client);
    let stream = b"\x82\x7E\x01\x00";
    assert!(decoder.next_span(stream).unwrap().is_none());
    assert_eq!(decoder.remaining(), 0);
    let span = decoder.next_span(b"\x82\x7E\x01\x00x").unwrap().unwrap();
    assert_eq!(
        (span.range(), span.consumed_len(), span.first(), span.last()),
        (4..5, 5, true, false)
    );
    assert_eq!(decoder.remaining(), 255);

    // A frame with an empty payload is complete.
    let mut decoder = FrameDecoder::new(Role::Client);
    let span = decoder.next_span(b"\x82\x00").unwrap().unwrap();
    assert_eq!((span.range(), span.first(), span.last()), (2..2, true, true));
}

/// For any part of a frame, spans are within the input, and the decoder waits for missing bytes.
#[test]
fn no_span_ends_after_the_input() {
    for role in [Role::Client, Role::Server] {
        for len in (0..140).chain([1000, 66_000]) {
            let spec = Spec { opcode: 2, fin: true, key: [1, 2, 3, 4], payload: odd_bytes(len) };
            let (_, stream) = streams::stream(&[spec], role, Rsv::NONE);
            let header_len = stream.len() - len;
            for there in (0..stream.len()).take(160) {
                let mut decoder = FrameDecoder::new(role);
                let found = decoder.next_span(&stream[..there]).unwrap();
                let expected = (there > header_len).then_some((header_len..there, there, false));
                let found = found.map(|span| (span.range(), span.consumed_len(), span.last()));
                assert_eq!(found, expected, "{there} of {header_len} + {len}");
                let remaining = if there > header_len { stream.len() - there } else { 0 };
                assert_eq!(decoder.remaining(), remaining as u64);
            }
        }
    }
}

#[test]
fn the_limit_acts_on_the_header() {
    let header = |len: u64| FrameHeader::new(Opcode::Binary, len).encode().unwrap();
    let limited = |limit| FrameDecoder::new(Role::Client).max_frame_size(limit);

    assert!(limited(1000).next_span(&header(1000)).unwrap().is_none());
    assert_eq!(
        limited(1000).next_span(&header(1001)).err(),
        Some(ProtocolError::FrameTooLong(1001))
    );
    assert!(limited(0).next_span(&header(0)).unwrap().is_some());
    assert_eq!(limited(0).next_span(&header(1)).err(), Some(ProtocolError::FrameTooLong(1)));
    let default = || FrameDecoder::new(Role::Client);
    assert!(default().next_span(&header(16 << 20)).unwrap().is_none());
    let over = (16 << 20) + 1;
    assert_eq!(default().next_span(&header(over)).err(), Some(ProtocolError::FrameTooLong(over)));

    // Without a limit, nothing is reserved for a very long frame, and its payload arrives in
    // chunks.
    let huge = 1 << 62;
    assert_eq!(limited(9).next_span(&header(huge)).err(), Some(ProtocolError::FrameTooLong(huge)));
    let mut unlimited = limited(u32::MAX);
    let stream = [&header(huge)[..], &[7; 90]].concat();
    let span = unlimited.next_span(&stream).unwrap().unwrap();
    assert_eq!((span.range(), span.last()), (10..100, false));
    assert_eq!(unlimited.remaining(), huge - 90);
}

#[test]
fn a_frame_of_71_gb_passes_through_16_kib() {
    let len = 71_000_000_000u64;
    let key = MaskingKey::new([1, 2, 3, 4]);
    let header = FrameHeader { masking_key: Some(key), ..FrameHeader::new(Opcode::Binary, len) };
    let mut decoder = FrameDecoder::new(Role::Server).max_frame_size(u32::MAX);
    let mut buf = vec![0; 16 << 10];
    let encoded = header.encode().unwrap();
    buf[..encoded.len()].copy_from_slice(&encoded);

    let mut taken = decoder.next_span(&buf).unwrap().unwrap().range().len() as u64;
    let mut chunks = 1;
    while decoder.remaining() > 0 {
        // The length is odd, so that the offset in the key changes.
        let span = decoder.next_span(&buf[..16_383]).unwrap().unwrap();
        assert_eq!(span.header(), &header);
        chunks += 1;
        if chunks % 100_000 == 0 || span.last() {
            let mut expected = vec![0; span.range().len()];
            naive::mask(&mut expected, key.to_bytes(), (taken % 4) as usize);
            buf.fill(0);
            taken += expected.len() as u64;
            assert_eq!(span.into_chunk(&mut buf).payload.unmask(), expected);
        } else {
            taken += span.range().len() as u64;
        }
    }
    assert_eq!(taken, len);
}

#[test]
fn bytes_read_directly_to_their_destination_are_located_there() {
    let mut decoder = FrameDecoder::new(Role::Server);
    let payload = odd_bytes(500);
    let spec = Spec { opcode: 2, fin: true, key: [4, 3, 2, 1], payload: payload.clone() };
    let (_, mut stream) = streams::stream(&[spec], Role::Server, Rsv::NONE);

    let (head, rest) = stream.split_at_mut(20);
    let mut input = head;
    let first = decoder.decode(&mut input).unwrap().unwrap().payload.unmask().to_vec();
    let mut message = vec![0; 500];
    message[..first.len()].copy_from_slice(&first);
    let place = &mut message[first.len()..];
    assert_eq!(decoder.remaining(), place.len() as u64);
    place.copy_from_slice(rest);
    let span = decoder.next_span(place).unwrap().unwrap();
    assert_eq!((span.first(), span.last()), (false, true));
    let _ = span.into_chunk(place).payload.unmask();
    assert_eq!(message, payload);
}

#[test]
fn payloads_are_unmasked_in_every_way() {
    let frame = b"\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let mut buf = *frame;
    let mut decoder = FrameDecoder::new(Role::Server);
    let span = decoder.next_span(&buf).unwrap().unwrap();

    let mut message = [0; 5];
    let payload = span.clone().into_chunk(&mut buf).payload;
    assert_eq!(payload.unmask_into(&mut message).unwrap(), b"Hello");
    let payload = span.clone().into_chunk(&mut buf).payload;
    let back = payload.unmask_into(&mut message[..4]).unwrap_err();
    assert_eq!((back.len(), back.is_empty()), (5, false));

    let (bytes, mask) = back.into_parts();
    assert_eq!((bytes, mask), (&mut [0x7f, 0x9f, 0x4d, 0x51, 0x58][..], span.header().mask()));
    let mut appended = b"> ".to_vec();
    span.clone().into_chunk(&mut buf).payload.unmask_append(&mut appended);
    assert_eq!(appended, b"> Hello");
    assert_eq!(buf, *frame);
    assert!(Payload::new(&mut [], span.header().mask()).is_empty());

    let mut new = wsframe::Mask::new(MaskingKey::new([1, 2, 3, 4]));
    let remasked = span.clone().into_chunk(&mut buf).payload.remask(&mut new).to_vec();
    assert_eq!(remasked, [b'H' ^ 1, b'e' ^ 2, b'l' ^ 3, b'l' ^ 4, b'o' ^ 1]);
    assert_eq!(new.key(), MaskingKey::new([2, 3, 4, 1]));
}

#[test]
#[should_panic(expected = "out of range")]
fn a_span_of_other_bytes_panics() {
    let mut decoder = FrameDecoder::new(Role::Client);
    let span = decoder.next_span(b"\x82\x02ab").unwrap().unwrap();
    let _ = span.into_chunk(&mut [0; 3]);
}

/// Generates a stream of a few frames, some of them invalid, for either role and any rules.
fn spec() -> impl Strategy<Value = Spec> {
    let len = prop_oneof![5 => 0usize..140, 2 => 60usize..300, 1 => 65_500usize..65_600];
    (any::<u8>(), any::<bool>(), any::<[u8; 4]>(), len).prop_map(|(opcode, fin, key, len)| Spec {
        opcode,
        fin,
        key,
        payload: odd_bytes(len),
    })
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1usize..20, 1usize..4000], 1..12)
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn frames_that_are_encoded_come_out_as_they_were(
        specs in prop::collection::vec(spec(), 0..8),
        role in prop::sample::select(vec![Role::Client, Role::Server]),
        rsv in prop::sample::select(vec![Rsv::NONE, Rsv::RSV1, Rsv::RSV2 | Rsv::RSV3]),
        cuts in cuts(),
        capacity in MIN_BUFFER_LEN..3000,
    ) {
        checks::round_trip(&specs, role, rsv, &cuts, capacity);
    }

    #[test]
    fn any_stream_cut_anywhere_gives_what_the_oracle_gives(
        specs in prop::collection::vec(spec(), 0..5),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        damage: Option<(prop::sample::Index, u8)>,
        choice in 0..Choices::COUNT,
        max_frame_size in prop_oneof![Just(u32::MAX), 0u32..300],
        cuts in cuts(),
    ) {
        let choices = Choices::all().nth(choice).unwrap();
        let (_, mut stream) = streams::stream(&specs, choices.role, Rsv::from_bits(choices.claimed));
        stream.extend(noise);
        if let (Some((index, byte)), false) = (damage, stream.is_empty()) {
            let at = index.index(stream.len());
            stream[at] = byte;
        }
        checks::frames(choices, max_frame_size, &cuts, &stream);
    }
}
