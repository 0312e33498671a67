//! Frames and messages as `Bytes`. They equal those of the decoders, wherever the stream is cut,
//! are not copied, and take memory only for bytes that have arrived.
#![cfg(feature = "bytes")]

use crate::support;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use allocation_counter::measure;
use bytes::{Buf, Bytes, BytesMut};
use proptest::prelude::*;
use support::drive::{self, Way};
use support::naive::{self, Choices, Item, Limits};
use support::owned::{assemble, same_error};
use support::{boundary_lengths, odd_bytes, streams};
use wsframe::{
    BytesAssembler, CloseCode, CloseFrame, Connection, EncodeError, Frame, FrameDecoder,
    FrameEncoder, FrameHeader, MaskingKey, Message, MessageDecoder, Opcode, Output, ProtocolError,
    ReceiveError, Role, Rsv, Rules, Utf8Bytes,
};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Encodes a frame for a server.
fn masked(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = FrameEncoder::new(opcode).fin(fin).masking_key(MaskingKey::new(KEY));
    encoder.encode_to_vec(payload, &mut out).unwrap();
    out
}

/// Returns the addresses of the bytes.
fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start + bytes.len()
}

fn lies_in(part: &[u8], whole: &Range<usize>) -> bool {
    let part = addresses(part);
    whole.start <= part.start && part.end <= whole.end
}

proptest! {
    #![proptest_config(support::proptest_config())]

    /// The messages are those of the oracle on the whole stream, and of the decoder with the same
    /// cuts.
    #[test]
    fn every_cut_equals_the_whole(
        (role, frames) in streams::any_role(),
        cuts in prop::collection::vec(1usize..40, 0..6),
        claimed in any::<bool>(),
        validate in any::<bool>(),
        limits in (50u64..300, 50u64..300, 2u64..6),
    ) {
        let stream = frames.concat();
        let rsv1 = if claimed { 0x40 } else { 0 };
        let choices = Choices { claimed: rsv1, ..Choices::strict(role) };
        let limits = Limits { frame: limits.0, message: limits.1, fragments: limits.2, exempt: 0 };
        let decoder = || {
            MessageDecoder::with_rules(choices.rules())
                .limits(wsframe::Limits::DEFAULT.max_frame_size(limits.frame as u32).max_message_size(limits.message as u32).max_fragments(limits.fragments as u32))
                .validate_text(validate)
        };
        let expected = naive::messages(&stream, choices, limits, validate);
        for cuts in [&cuts[..], &[1], &[]] {
            let (items, error) = assemble(decoder(), &stream, cuts);
            prop_assert_eq!(&items, &expected.items);
            same_error(error, expected.error);
            let in_place = drive::messages(decoder(), &stream, cuts, Way::Locate);
            prop_assert_eq!(&items, &in_place.items);
            same_error(error, in_place.error);
        }
    }
}

#[test]
fn every_single_cut_equals_the_whole() {
    let stream = [
        masked(Opcode::Text, true, "grüße 🦀".as_bytes()),
        masked(Opcode::Text, false, b"caf\xC3"),
        masked(Opcode::Ping, true, b"now"),
        masked(Opcode::Continuation, true, b"\xA9"),
        masked(Opcode::Binary, true, &odd_bytes(300)),
        masked(Opcode::Binary, true, b""),
        masked(Opcode::Text, true, b""),
        masked(Opcode::Close, true, b"\x03\xE8bye"),
        masked(Opcode::Text, true, b"nobody hears this"),
    ]
    .concat();
    let expected = [
        Item::Text("grüße 🦀".into()),
        Item::Ping(b"now".to_vec()),
        Item::Text("café".into()),
        Item::Binary(odd_bytes(300)),
        Item::Binary(vec![]),
        Item::Text(vec![]),
        Item::Close(Some((1000, "bye".into()))),
    ];
    for cut in 1..=stream.len() {
        for cuts in [vec![cut], vec![cut, usize::MAX]] {
            let (items, error) = assemble(MessageDecoder::new(Role::Server), &stream, &cuts);
            assert_eq!((&items[..], error), (&expected[..], None), "{cuts:?}");
        }
    }
}

#[test]
fn text_fails_at_its_first_invalid_byte() {
    let mut frame = masked(Opcode::Text, true, &[b'a'; 1000]);
    frame[8 + 10] ^= b'a' ^ 0xFF;
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let mut input = BytesMut::from(&frame[..8 + 10]);
    assert_eq!(assembler.decode(&mut decoder, &mut input), Ok(None));
    input.extend_from_slice(&frame[8 + 10..8 + 11]);
    let error = assembler.decode(&mut decoder, &mut input).unwrap_err();
    assert!(matches!(error, ProtocolError::InvalidUtf8(_)), "989 bytes are still to come");
}

/// The assembler does not trust the buffer: if the caller changes it, the result is an error and
/// never an invalid `str`.
#[test]
fn a_buffer_changed_by_the_caller_is_validated_again() {
    let frame = masked(Opcode::Text, true, b"Hello");
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let mut input = BytesMut::from(&frame[..8]);
    assert_eq!(assembler.decode(&mut decoder, &mut input), Ok(None));
    assert_eq!(&input[..], b"He");
    input[1] = 0xFF;
    input.extend_from_slice(&frame[8..]);
    let error = assembler.decode(&mut decoder, &mut input).unwrap_err();
    let ProtocolError::InvalidUtf8(at) = error else { panic!("{error:?}") };
    assert_eq!(at.offset(), 1);
}

#[test]
fn a_connection_replies_while_it_is_assembled() {
    let stream = [
        masked(Opcode::Text, false, b"Hel"),
        masked(Opcode::Ping, true, b"hi"),
        masked(Opcode::Continuation, true, b"lo"),
        masked(Opcode::Close, true, b"\x0F\xA0"),
        masked(Opcode::Text, true, b"late"),
    ]
    .concat();
    for cut in 1..=stream.len() {
        let mut connection = Connection::server();
        let mut assembler = BytesAssembler::new();
        let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
        let mut messages = Vec::new();
        for read in stream.chunks(cut) {
            input.extend_from_slice(read);
            while let Some(message) =
                assembler.receive(&mut connection, &mut input, &mut out).unwrap()
            {
                messages.push(message);
            }
        }
        assert_eq!(
            messages,
            [
                Message::Ping(Bytes::from_static(b"hi")),
                Message::text("Hello"),
                Message::close(CloseCode::new(4000), ""),
            ]
        );
        assert_eq!(&out[..], b"\x8A\x02hi\x88\x02\x0F\xA0");
        assert!(input.is_empty());
    }

    // Nothing is lost when the output is full.
    let mut connection =
        Connection::server().limits(wsframe::Limits::DEFAULT.max_pending_replies(1));
    let mut assembler = BytesAssembler::new();
    let ping = masked(Opcode::Ping, true, b"");
    let mut input = BytesMut::from(&[&ping[..], &ping].concat()[..]);
    let mut out = BytesMut::new();
    let mut receive = |out: &mut BytesMut| assembler.receive(&mut connection, &mut input, out);
    assert!(receive(&mut out).unwrap().is_some());
    assert_eq!(receive(&mut out), Err(ReceiveError::OutputFull));
    out.clear();
    assert!(receive(&mut out).unwrap().is_some());
    assert_eq!(receive(&mut out), Ok(None));
    assert_eq!(&out[..], b"\x8A\x00");
}

/// Received messages equal the sent ones.
#[test]
fn messages_round_trip() {
    let messages = [
        Message::text("grüße"),
        Message::text(String::from("grüße")),
        Message::from("grüße"),
        Message::binary(odd_bytes(70_000)),
        Message::from(Bytes::from_static(b"\xFF")),
        Message::Raw { opcode: Opcode::Binary, rsv: Rsv::RSV1, payload: "squeezed".into() },
        Message::Ping("p".into()),
        Message::Pong(Bytes::new()),
        Message::close(CloseCode::GOING_AWAY, "bye"),
    ];
    let over = |role| MessageDecoder::with_rules(Rules::new(role).allow_rsv(Rsv::RSV1));
    let mut client = Connection::with_message_decoder(over(Role::Client), || MaskingKey::new(KEY));
    let (mut wire, mut out) = (BytesMut::new(), Vec::new());
    for message in &messages {
        client.send_message(message, &mut wire).unwrap();
    }
    let late = client.send_message(&Message::Close(None), &mut wire).unwrap_err();
    assert_eq!(late, EncodeError::FrameAfterClose);

    let mut server = Connection::with_message_decoder(over(Role::Server), wsframe::NoKeys);
    let mut assembler = BytesAssembler::new();
    let mut received = Vec::new();
    while let Some(message) = assembler.receive(&mut server, &mut wire, &mut out).unwrap() {
        received.push(message);
    }
    assert_eq!(received, messages);
    assert_eq!(out, b"\x8A\x01p\x88\x02\x03\xE9");
}

#[test]
fn message_kinds_and_conversions() {
    let raw = Message::Raw { opcode: Opcode::Text, rsv: Rsv::RSV1, payload: "p".into() };
    for (message, kind) in [
        (Message::text("p"), (true, false, false)),
        (Message::from("p"), (true, false, false)),
        (Message::from("p".to_owned()), (true, false, false)),
        (Message::from(Utf8Bytes::from("p")), (true, false, false)),
        (Message::from(b"p".to_vec()), (false, true, false)),
        (Message::from(BytesMut::from("p")), (false, true, false)),
        (raw, (false, false, false)),
        (Message::Ping("p".into()), (false, false, false)),
        (Message::Pong("p".into()), (false, false, false)),
        (Message::close(CloseCode::NORMAL, "p"), (false, false, true)),
    ] {
        assert_eq!((message.is_text(), message.is_binary(), message.is_close()), kind);
        let is_raw = matches!(message, Message::Raw { .. });
        assert_eq!(message.is_data(), message.is_text() || message.is_binary() || is_raw);
        assert_eq!(message.is_control(), message.is_ping() || message.is_pong() || kind.2);
        assert!(message.is_data() != message.is_control());
        let payload = (!message.is_close()).then(|| Bytes::from("p"));
        assert_eq!(message.payload(), payload.as_ref());
        // For a Close this is the reason.
        assert_eq!((message.len(), message.is_empty()), (1, false));
        assert_eq!(message.to_text(), Ok("p"));
        assert_eq!(message.clone().into_text(), Ok(Utf8Bytes::from_static("p")));
        assert_eq!(message.into_data(), "p");
    }
    for empty in [Message::Close(None), Message::text(""), Message::ping("")] {
        assert!(empty.is_empty() && empty.to_text() == Ok(""));
        assert!(empty.clone().into_text() == Ok(Utf8Bytes::default()));
        assert!(empty.into_data().is_empty());
    }
    for (message, shown) in [
        (Message::binary("p"), "binary message of 1 byte"),
        (Message::ping(""), "Ping of 0 bytes"),
        (Message::pong("po"), "Pong of 2 bytes"),
        (Message::Close(None), "Close"),
        (Message::close(CloseCode::NORMAL, ""), "Close 1000 (normal closure)"),
        (Message::close(CloseCode::GOING_AWAY, "bye"), "Close 1001 (going away): bye"),
    ] {
        assert_eq!(message.to_string(), shown);
    }
    for (message, offset) in [(Message::binary(&b"a\xFF"[..]), 1), (Message::pong(&b"\xFF"[..]), 0)]
    {
        assert_eq!(message.to_text().unwrap_err().offset(), offset);
        assert_eq!(message.into_text().unwrap_err().offset(), offset);
    }
}

/// Messages can be created from all types of text and bytes, also from short-lived references.
#[test]
fn messages_of_any_type() {
    let (text, bytes) = ("grüße".to_owned(), vec![1, 2]);
    for message in [
        Message::from(text.as_str()),
        Message::from(&text),
        Message::from(Cow::Borrowed(text.as_str())),
        Message::from(text.clone()),
        Message::text(&*text),
        Message::text(&text),
    ] {
        assert_eq!(message, Message::Text(Utf8Bytes::from_static("grüße")));
        assert_eq!(message.to_string(), "grüße");
    }
    for message in [Message::from(&bytes[..]), Message::from(bytes.clone())] {
        assert_eq!(message, Message::Binary(Bytes::from_static(&[1, 2])));
    }
    let mut out = BytesMut::new();
    let mut connection = Connection::server();
    for _ in 0..2 {
        connection.send(&text, &mut out).unwrap();
        connection.send(&text.clone().into_boxed_str(), &mut out).unwrap();
        connection.send(&Cow::Borrowed(text.as_str()), &mut out).unwrap();
        connection.send(&Utf8Bytes::from(&text), &mut out).unwrap();
    }
    assert_eq!(out, [b"\x81\x07", text.as_bytes()].concat().repeat(8));
    out.clear();
    connection.send(&bytes, &mut out).unwrap();
    connection.send(&bytes.clone().into_boxed_slice(), &mut out).unwrap();
    connection.send(&Cow::Borrowed(&bytes[..]), &mut out).unwrap();
    connection.send(&Bytes::from(bytes.clone()), &mut out).unwrap();
    connection.send(&BytesMut::from(&bytes[..]), &mut out).unwrap();
    assert_eq!(&out[..], b"\x82\x02\x01\x02".repeat(5));
}

/// A refused message is not sent: a Close that is too long does not close the connection.
#[test]
fn a_refused_message_does_not_change_the_connection() {
    let mut connection = Connection::server();
    let mut out = BytesMut::new();
    let raw = |opcode, rsv, payload: &'static [u8]| Message::Raw {
        opcode,
        rsv,
        payload: Bytes::from_static(payload),
    };
    let not_utf8 = wsframe::utf8::from_utf8(b"a\xFF").unwrap_err();
    for (message, error) in [
        // Control frames are not messages, neither valid ones nor invalid ones.
        (raw(Opcode::Ping, Rsv::NONE, b""), EncodeError::NotAMessage(Opcode::Ping)),
        (raw(Opcode::Pong, Rsv::RSV2, b""), EncodeError::NotAMessage(Opcode::Pong)),
        (raw(Opcode::Close, Rsv::NONE, b"x"), EncodeError::NotAMessage(Opcode::Close)),
        (raw(Opcode::Close, Rsv::NONE, &[0; 200]), EncodeError::NotAMessage(Opcode::Close)),
        (raw(Opcode::Continuation, Rsv::NONE, b""), EncodeError::UnexpectedContinuation),
        (raw(Opcode::Binary, Rsv::RSV1, b""), EncodeError::UnexpectedRsv(Rsv::from_bits(0x40))),
        (raw(Opcode::Text, Rsv::NONE, b"a\xFF"), EncodeError::InvalidUtf8(not_utf8)),
        (Message::Ping(Bytes::from_static(&[0; 126])), EncodeError::ControlTooLong(126)),
        (Message::close(CloseCode::ABNORMAL, ""), EncodeError::InvalidCloseCode(1006)),
        (Message::close(CloseCode::NORMAL, "x".repeat(124)), EncodeError::ControlTooLong(126)),
    ] {
        assert_eq!(connection.send_message(&message, &mut out), Err(error), "{message:?}");
    }
    connection.send_message(&raw(Opcode::Text, Rsv::NONE, b"Hello"), &mut out).unwrap();
    assert_eq!(&out[..], b"\x81\x05Hello");

    // If received text is not validated, sent text is not validated either.
    let decoder = MessageDecoder::new(Role::Server).validate_text(false);
    let mut connection = Connection::with_message_decoder(decoder, wsframe::NoKeys);
    connection.send_message(&raw(Opcode::Text, Rsv::NONE, b"a\xFF"), &mut out).unwrap();
    assert!(out.ends_with(b"\x81\x02a\xFF"));
}

/// A message in one frame is not copied, for any number of reads. One in several frames is copied
/// once.
#[test]
fn a_message_in_one_frame_is_not_copied() {
    for opcode in [Opcode::Text, Opcode::Binary] {
        let frame = masked(opcode, true, &[b'a'; 5000]);
        for read in [frame.len(), 1000, 1] {
            let mut decoder = MessageDecoder::new(Role::Server);
            let mut assembler = BytesAssembler::new();
            let mut input = BytesMut::with_capacity(frame.len());
            let buffer = input.as_ptr().addr()..input.as_ptr().addr() + input.capacity();
            let mut message = None;
            let copies = measure(|| {
                for read in frame.chunks(read) {
                    assert_eq!(message, None);
                    input.extend_from_slice(read);
                    message = assembler.decode(&mut decoder, &mut input).unwrap();
                }
            });
            let payload = match message.unwrap() {
                Message::Text(text) => text.into(),
                Message::Binary(bytes) => bytes,
                other => panic!("{other:?}"),
            };
            assert_eq!(payload, &[b'a'; 5000][..]);
            assert!(lies_in(&payload, &buffer));
            // The only allocation is the reference count of the shared buffer.
            assert!(copies.count_total <= 1 && copies.bytes_total <= 64, "{copies:?}");
        }
    }
}

#[test]
fn several_messages_in_one_buffer_share_it() {
    let frames = [masked(Opcode::Text, true, b"one"), masked(Opcode::Ping, true, b"two")].concat();
    let mut input = BytesMut::from(&frames[..]);
    let buffer = addresses(&input);
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let mut next = || assembler.decode(&mut decoder, &mut input).unwrap();
    let (Some(Message::Text(one)), Some(Message::Ping(two))) = (next(), next()) else { panic!() };
    assert_eq!(next(), None);
    assert!(lies_in(one.as_bytes(), &buffer) && lies_in(&two, &buffer));
    assert_eq!((&*one, &two[..]), ("one", &b"two"[..]));
}

/// Declared lengths do not cause allocation, under any limits.
#[test]
fn a_declared_length_allocates_nothing() {
    for opcode in [Opcode::Text, Opcode::Binary] {
        for fin in [true, false] {
            let header = FrameHeader {
                fin,
                masking_key: Some(MaskingKey::new(KEY)),
                ..FrameHeader::new(opcode, 1 << 62)
            };
            let header = header.encode().unwrap();
            let limits = wsframe::Limits::UNLIMITED;
            let mut decoder = MessageDecoder::new(Role::Server).limits(limits);
            let mut assembler = BytesAssembler::new();
            let mut input = BytesMut::with_capacity(256);
            let text = masked(Opcode::Binary, true, &[b'a'; 100]).split_off(6);

            input.extend_from_slice(&header);
            input.extend_from_slice(&text);
            let counted = measure(|| {
                assert_eq!(assembler.decode(&mut decoder, &mut input), Ok(None));
            });
            assert!(counted.bytes_max <= 256, "{counted:?}");
            assert!(input.capacity() <= 512);
        }
    }
    // For whole frames, the limit applies before anything is allocated.
    let header = FrameHeader::new(Opcode::Binary, 1 << 24).encode().unwrap();
    let mut decoder = FrameDecoder::new(Role::Client).whole_frames_up_to(u32::MAX);
    let mut input = BytesMut::from(&header[..]);
    let counted = measure(|| assert_eq!(Frame::split(&mut decoder, &mut input), Ok(None)));
    assert_eq!(counted.bytes_total, 0);
    let header = FrameHeader::new(Opcode::Binary, (1 << 24) + 1).encode().unwrap();
    let mut input = BytesMut::from(&header[..]);
    let error = Frame::split(&mut decoder, &mut input).unwrap_err();
    assert_eq!(error, ProtocolError::FrameTooLong((1 << 24) + 1));
}

/// The buffer has at most about twice the length of the bytes that have arrived. It has capacity
/// for the rest of the frame, or as much again.
#[test]
fn the_buffer_grows_with_what_arrives() {
    let payload = odd_bytes(1 << 20);
    let frame = masked(Opcode::Binary, true, &payload);
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let mut input = BytesMut::new();
    let mut message = None;
    for (at, read) in frame.chunks(1 << 10).enumerate() {
        input.extend_from_slice(read);
        message = assembler.decode(&mut decoder, &mut input).unwrap();
        let arrived = (at + 1) << 10;
        assert!(input.capacity() <= 4 * arrived, "{} after {arrived}", input.capacity());
        let ahead = input.len().min(frame.len().saturating_sub(arrived));
        let capacity = input.capacity() - input.len();
        assert!(message.is_some() || capacity >= ahead, "{capacity} after {arrived}");
    }
    assert_eq!(message, Some(Message::binary(payload)));
}

#[test]
fn an_assembler_keeps_no_memory() {
    assert!(size_of::<BytesAssembler>() <= 64, "{}", size_of::<BytesAssembler>());
    let frames =
        [masked(Opcode::Text, false, &[b'a'; 5000]), masked(Opcode::Continuation, true, b"b")];
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let counted = measure(|| {
        let mut input = BytesMut::from(&frames.concat()[..]);
        let message = assembler.decode(&mut decoder, &mut input).unwrap();
        assert!(matches!(message, Some(Message::Text(text)) if text.len() == 5001));
    });
    assert!(counted.count_total > 0);
    assert_eq!((counted.count_current, counted.bytes_current), (0, 0));
}

/// The end of the input is not a Close: an incomplete message stays in the buffer, in every call.
#[test]
fn an_assembler_may_be_asked_again_after_the_end_and_after_an_error() {
    let frame = masked(Opcode::Text, true, b"Hello");
    let (mut connection, mut assembler) = (Connection::server(), BytesAssembler::new());
    let (mut input, mut out) = (BytesMut::from(&frame[..9]), Vec::new());
    assert_eq!(assembler.receive(&mut connection, &mut input, &mut out), Ok(None));
    connection.receive_eof();
    for _ in 0..3 {
        assert_eq!(assembler.receive(&mut connection, &mut input, &mut out), Ok(None));
        assert_eq!(&input[..], b"Hel");
    }
    input.extend_from_slice(&frame[9..]);
    let message = assembler.receive(&mut connection, &mut input, &mut out);
    assert_eq!(message, Ok(Some(Message::text("Hello"))));

    // After an error the caller may drop the bytes.
    let wrong = masked(Opcode::Text, true, b"Hel\xFFo");
    let (mut decoder, mut assembler) = (MessageDecoder::new(Role::Server), BytesAssembler::new());
    let mut input = BytesMut::from(&wrong[..9]);
    assert_eq!(assembler.decode(&mut decoder, &mut input), Ok(None));
    input.extend_from_slice(&wrong[9..]);
    let error = assembler.decode(&mut decoder, &mut input).unwrap_err();
    input.clear();
    assert_eq!(assembler.decode(&mut decoder, &mut input), Err(error));
}

#[test]
fn frames_are_split_off_without_copying() {
    let specs: Vec<_> = boundary_lengths()
        .map(|len| streams::Spec { opcode: 2, fin: true, key: KEY, payload: odd_bytes(len) })
        .collect();
    for role in [Role::Client, Role::Server] {
        let (frames, stream) = streams::stream(&specs, role, Rsv::NONE);
        for cut in [stream.len(), 7, 1000] {
            let mut decoder = FrameDecoder::new(role).whole_frames_up_to(u32::MAX);
            // There is capacity for all bytes, so that nothing moves.
            let mut input = BytesMut::with_capacity(stream.len());
            let buffer = input.as_ptr().addr()..input.as_ptr().addr() + input.capacity();
            let mut found = Vec::new();
            for read in stream.chunks(cut) {
                input.extend_from_slice(read);
                while let Some(frame) = Frame::split(&mut decoder, &mut input).unwrap() {
                    assert!(frame.payload.is_empty() || lies_in(&frame.payload, &buffer));
                    found.push((frame.opcode, frame.payload.to_vec()));
                }
            }
            let expected: Vec<_> =
                frames.iter().map(|(header, payload)| (header.opcode, payload.clone())).collect();
            assert!(found == expected);
        }
    }

    // If the beginning of a frame was returned as a chunk, the rest is returned.
    let mut decoder = FrameDecoder::new(Role::Server);
    let frame = masked(Opcode::Binary, true, b"Hello");
    let mut input = BytesMut::from(&frame[..8]);
    let chunk = decoder.next_span(&input).unwrap().unwrap();
    assert_eq!(chunk.split(&mut input), "He");
    input.extend_from_slice(&frame[8..10]);
    assert_eq!(Frame::split(&mut decoder, &mut input), Ok(None));
    input.extend_from_slice(&frame[10..]);
    let rest = Frame::split(&mut decoder, &mut input).unwrap();
    assert_eq!(rest, Some(Frame::new(Opcode::Binary, "llo")));
}

/// Every way to encode a frame gives the bytes of the oracle.
#[test]
fn put_and_chain_encode_as_the_oracle() {
    for len in (0..140).chain(boundary_lengths()).chain([65_535, 65_536]) {
        for masking_key in [None, Some(MaskingKey::new(KEY))] {
            let header =
                FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, len as u64) };
            let payload = odd_bytes(len);
            let mut expected = Vec::new();
            naive::encode(&header, &payload, naive::shortest_form(len), &mut expected);
            let mut encoder = FrameEncoder::new(Opcode::Binary);
            if let Some(key) = masking_key {
                encoder = encoder.masking_key(key);
            }

            let mut put = BytesMut::from(&b"before"[..]);
            encoder.encode_to_buf(&payload, &mut put).unwrap();
            assert_eq!(put, [&b"before"[..], &expected].concat());
            let mut appended = BytesMut::from(&b"before"[..]);
            appended.append(encoder, &payload).unwrap();
            assert_eq!(appended, put);
            let mut appended = BytesMut::from(&b"before"[..]);
            header.append_to_bytes_mut(&payload, &mut appended);
            assert_eq!(appended, put);

            // A slice is a `BufMut` that can be full.
            let mut room = vec![0xEE; expected.len() + 1];
            let mut rest = &mut room[..];
            encoder.encode_to_buf(&payload, &mut rest).unwrap();
            assert_eq!(rest.len(), 1);
            assert_eq!(room[..expected.len()], expected);
            let mut exact = vec![0xEE; expected.len()];
            encoder.encode_to_buf(&payload, &mut &mut exact[..]).unwrap();
            assert_eq!(exact, expected);
            let mut room = vec![0xEE; expected.len() + 150];
            encoder.encode_to_buf(&payload, &mut &mut room[..]).unwrap();
            assert_eq!(room[..expected.len()], expected);
            assert!(room[expected.len()..].iter().all(|&byte| byte == 0xEE));
            let mut short = vec![0xEE; expected.len() - 1];
            let no_room = EncodeError::NoRoom { needed: expected.len() };
            assert_eq!(encoder.encode_to_buf(&payload, &mut &mut short[..]), Err(no_room));
            assert!(short.iter().all(|&byte| byte == 0xEE));

            let ours = Bytes::from(payload.clone());
            let address = ours.as_ptr();
            let chain = encoder.encode_chain(ours).unwrap();
            assert_eq!(chain.last_ref().as_ptr(), address, "masked where it lies");
            assert_eq!(taken(chain), expected);

            let shared = Bytes::from(payload.clone());
            let chain = encoder.encode_chain(shared.clone()).unwrap();
            let copied = len != 0 && masking_key.is_some();
            assert_eq!(chain.last_ref().as_ptr() != shared.as_ptr(), copied);
            assert_eq!(taken(chain), expected);
            assert_eq!(shared, payload, "somebody else has it, unmasked");
        }
    }
    let long = odd_bytes(126);
    let error =
        FrameEncoder::new(Opcode::Ping).encode_to_buf(&long, &mut BytesMut::new()).unwrap_err();
    assert_eq!(error, EncodeError::ControlTooLong(126));
    let error = FrameEncoder::new(Opcode::Ping).encode_chain(long.into()).unwrap_err();
    assert_eq!(error, EncodeError::ControlTooLong(126));
}

/// Reads a `Buf` a few bytes at a time, and checks its slices for a vectored write.
fn taken(mut buf: impl Buf) -> Vec<u8> {
    let mut bytes = Vec::new();
    while buf.has_remaining() {
        #[cfg(feature = "std")]
        {
            let mut slices = [std::io::IoSlice::new(&[]); 4];
            let count = buf.chunks_vectored(&mut slices);
            let shown: usize = slices[..count].iter().map(|slice| slice.len()).sum();
            assert_eq!(shown, buf.remaining(), "header and payload at once");
        }
        let count = buf.remaining().min(if bytes.len() < 20 { 1 } else { 4096 });
        bytes.extend_from_slice(&buf.copy_to_bytes(count));
    }
    bytes
}

#[test]
#[should_panic = "a header has no 3 bytes more"]
fn a_header_is_not_advanced_beyond_its_end() {
    let chain = FrameEncoder::new(Opcode::Ping).encode_chain(Bytes::new()).unwrap();
    chain.into_inner().0.advance(3);
}

#[test]
fn utf8_bytes_derefs_to_str() {
    let text = Utf8Bytes::from(String::from("grüße"));
    let same = Utf8Bytes::try_from(Bytes::from("grüße")).unwrap();
    assert_eq!(text, same);
    assert_eq!(text, "grüße");
    assert_eq!(text, *"grüße");
    assert_eq!((&*text, text.as_ref() as &[u8]), ("grüße", "grüße".as_bytes()));
    assert_eq!(AsRef::<str>::as_ref(&text), "grüße");
    assert_eq!(format!("{text} {text:?} {text:>6}"), "grüße \"grüße\"  grüße");
    assert_eq!(String::from(text.clone()), "grüße");
    assert_eq!(Utf8Bytes::default(), "");
    // In both directions, and from all types of text and bytes.
    let (part, whole) = ("grüße", String::from("grüße"));
    assert!(text == part && text == *part && text == whole);
    assert!(part == text && *part == text && whole == text);
    let (part, whole) = ("grü", String::from("grüßt"));
    assert!(text != part && text != *part && text != whole);
    assert!(part != text && *part != text && whole != text);
    assert_ne!(text, Utf8Bytes::from("grüßt"));
    let (part, whole) = ("grüße", String::from("grüße"));
    for other in [
        Utf8Bytes::from(whole.clone().into_boxed_str()),
        Utf8Bytes::from(Cow::Borrowed("grüße")),
        Utf8Bytes::from(Cow::<str>::Owned(whole.clone())),
        Utf8Bytes::try_from(whole.clone().into_bytes()).unwrap(),
        Utf8Bytes::try_from(BytesMut::from(part)).unwrap(),
    ] {
        assert_eq!(other, text);
    }
    assert_eq!(Utf8Bytes::try_from(vec![b'a', 0xFF]).unwrap_err().offset(), 1);
    assert_eq!(Utf8Bytes::try_from(BytesMut::from(&b"\xFF"[..])).unwrap_err().offset(), 0);
    let mut sorted = ["c", "a", "b"].map(Utf8Bytes::from);
    sorted.sort();
    assert_eq!(sorted, ["a", "b", "c"]);
    assert!(sorted[0] < sorted[1]);

    // A `str` finds it in a map, because their hashes are equal.
    let map = HashMap::from([(text.clone(), 1)]);
    assert_eq!((map.get("grüße"), map.get("grüsse")), (Some(&1), None));
    assert_eq!(HashSet::from([text.clone(), same]).len(), 1);

    // None of these conversions copies.
    let owned = String::from("kept where it is");
    let address = owned.as_ptr();
    let text = Utf8Bytes::from(owned);
    assert_eq!((text.as_ptr(), text.clone().as_ptr()), (address, address));
    let bytes = Bytes::from(text);
    assert_eq!(bytes.as_ptr(), address);
    assert_eq!(Utf8Bytes::try_from(bytes).unwrap().as_ptr(), address);
    const HELLO: Utf8Bytes = Utf8Bytes::from_static("Hello");
    assert_eq!(HELLO, "Hello");

    for (bytes, offset, incomplete) in
        [(&b"a\xFF"[..], 1, false), (b"\xE2\x82", 2, true), (b"\xED\xA0\x80", 1, false)]
    {
        let error = Utf8Bytes::try_from(Bytes::copy_from_slice(bytes)).unwrap_err();
        assert_eq!((error.offset(), error.is_incomplete()), (offset, incomplete), "{bytes:?}");
    }
    assert_eq!(Utf8Bytes::try_from(Bytes::new()).unwrap(), "");
    let frame = CloseFrame { code: CloseCode::NORMAL, reason: "bye".into() };
    assert_eq!(CloseFrame::from(frame.body()), frame);
}
