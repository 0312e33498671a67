//! RFC 6455 §5.4–§5.6, §8.1: messages in frames, control frames between them, text across
//! fragments.

use crate::support;

use proptest::prelude::*;
use support::checks;
use support::drive::{self, Way};
use support::naive::{self, Broken, Choices, Item, Limits};
use support::streams;
use wsframe::{
    Assembler, CloseBody, CloseCode, Event, FrameHeader, MaskingKey, MessageDecoder, NoKeys,
    Opcode, ProtocolError, Relay, Role, Rsv,
};

const UNLIMITED: Limits =
    Limits { frame: u64::MAX, message: u64::MAX, fragments: u64::MAX, exempt: 0 };

/// Encodes a frame for a client.
fn frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader { fin, ..FrameHeader::new(opcode, payload.len() as u64) };
    let mut bytes = Vec::new();
    naive::encode(&header, payload, naive::shortest_form(payload.len()), &mut bytes);
    bytes
}

/// Decodes these frames with a strict client, with a cut at each byte. All results must be equal.
fn found(frames: &[Vec<u8>]) -> naive::Messages {
    let stream = frames.concat();
    let choices = Choices::strict(Role::Client);
    for cut in 1..=stream.len() {
        checks::messages(choices, UNLIMITED, true, &[cut, usize::MAX], &stream);
    }
    naive::messages(&stream, choices, UNLIMITED, true)
}

fn error(frames: &[Vec<u8>]) -> Broken {
    found(frames).error.expect("an error")
}

#[test]
fn fragments_with_control_frames_between_them() {
    use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};
    let messages = found(&[
        frame(false, Text, "gr\u{fc}".as_bytes()),
        frame(true, Ping, b"are you there"),
        frame(false, Continuation, b""),
        frame(true, Pong, b""),
        frame(true, Continuation, "\u{df}e".as_bytes()),
        frame(true, Binary, b"\xFF"),
        frame(false, Binary, b""),
        frame(true, Close, b"\x03\xE8bye"),
        frame(true, Text, b"nobody hears this"),
    ]);
    assert_eq!(
        messages.items,
        [
            Item::Ping(b"are you there".to_vec()),
            Item::Pong(vec![]),
            Item::Text("gr\u{fc}\u{df}e".into()),
            Item::Binary(vec![0xFF]),
            Item::Close(Some((1000, "bye".into()))),
        ]
    );
    assert_eq!((messages.error, messages.open), (None, vec![]));
}

#[test]
fn fragments_out_of_order() {
    use Opcode::{Binary, Continuation, Text};
    let begun = frame(false, Text, b"a");
    for fin in [false, true] {
        let nothing_begun = frame(fin, Continuation, b"b");
        assert_eq!(
            error(std::slice::from_ref(&nothing_begun)),
            Broken::Rule(ProtocolError::UnexpectedContinuation)
        );
        let ended = frame(true, Text, b"a");
        assert_eq!(
            error(&[ended, nothing_begun]),
            Broken::Rule(ProtocolError::UnexpectedContinuation)
        );
        for opcode in [Text, Binary] {
            assert_eq!(
                error(&[begun.clone(), frame(fin, opcode, b"b")]),
                Broken::Rule(ProtocolError::ExpectedContinuation(opcode))
            );
        }
    }
    // The first byte suffices.
    let mut decoder = MessageDecoder::new(Role::Server);
    assert_eq!(decoder.next_span(&[0x80]).unwrap_err(), ProtocolError::UnexpectedContinuation);
    assert_eq!(decoder.error(), Some(ProtocolError::UnexpectedContinuation));
}

/// The end of a fragment, of a chunk, and an empty fragment may cut a character. The end of the
/// message must not.
#[test]
fn text_cut_inside_its_characters() {
    use Opcode::{Continuation, Text};
    let text = "a\u{e9}\u{20ac}\u{1f980}z".as_bytes();
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let pieces = [&text[..first], &text[first..second], &text[second..]];
            let whole = [
                frame(false, Text, pieces[0]),
                frame(false, Continuation, pieces[1]),
                frame(true, Continuation, pieces[2]),
            ];
            assert_eq!(found(&whole).items, [Item::Text(text.to_vec())]);

            // The message without its last piece, ended by an empty fragment.
            let [a, b, _] = whole;
            let cut = found(&[a, b, frame(true, Continuation, b"")]);
            match core::str::from_utf8(&text[..second]) {
                Ok(prefix) => assert_eq!(cut.items, [Item::Text(prefix.into())]),
                Err(_) => {
                    assert_eq!((cut.items, cut.error), (vec![], Some(Broken::TextEnd(second))))
                }
            }
        }
    }
}

/// Text is refused at its first invalid byte, before the frame is complete.
#[test]
fn invalid_text_fails_at_its_first_invalid_byte() {
    let wrong: [&[u8]; 9] = [
        b"\x80",
        b"\xC0",
        b"\xC1\x80",
        b"\xF5",
        b"\xE0\x80",
        b"\xED\xA0",
        b"\xF0\x80",
        b"\xF4\x90",
        b"\xE2\x82z",
    ];
    for bytes in wrong {
        // Only these bytes of the frame have arrived.
        let payload = [b"ok ", bytes].concat();
        let mut stream = FrameHeader::new(Opcode::Text, 1000).encode().unwrap().to_vec();
        stream.extend(&payload);
        let expected = naive::first_bad_byte(&payload).unwrap();
        for cut in 1..=stream.len() {
            let decoder = MessageDecoder::new(Role::Client);
            let found = drive::messages(decoder, &stream, &[cut], Way::Cursor);
            assert_eq!(found.error, Some(Broken::Text(expected)));
        }
    }
}

#[test]
fn limits_exactly_and_one_over() {
    use Opcode::{Binary, Continuation};
    let fragments: Vec<Vec<u8>> = [(false, Binary), (false, Continuation), (true, Continuation)]
        .map(|(fin, opcode)| frame(fin, opcode, b"12345"))
        .into();
    let stream = fragments.concat();
    let choices = Choices::strict(Role::Client);
    let run = |limits| {
        for cut in 1..=stream.len() {
            checks::messages(choices, limits, true, &[cut], &stream);
        }
        naive::messages(&stream, choices, limits, true).error
    };
    let rule = |error| Some(Broken::Rule(error));
    assert_eq!(run(Limits { frame: 5, message: 15, fragments: 3, exempt: 0 }), None);
    assert_eq!(run(Limits { frame: 4, ..UNLIMITED }), rule(ProtocolError::FrameTooLong(5)));
    assert_eq!(run(Limits { message: 14, ..UNLIMITED }), rule(ProtocolError::MessageTooLong(15)));
    assert_eq!(run(Limits { fragments: 2, ..UNLIMITED }), rule(ProtocolError::TooManyFragments(2)));

    // This is also true for a message in one frame, for any number of bytes after the header.
    for opcode in [Opcode::Text, Binary] {
        let whole = frame(true, opcode, b"12345");
        for (limits, error) in [
            (Limits { frame: 4, ..UNLIMITED }, ProtocolError::FrameTooLong(5)),
            (Limits { message: 4, ..UNLIMITED }, ProtocolError::MessageTooLong(5)),
        ] {
            for cut in 1..=whole.len() {
                checks::messages(choices, limits, true, &[cut, usize::MAX], &whole);
            }
            assert_eq!(naive::messages(&whole, choices, limits, true).error, rule(error));
        }
    }

    // The limit on messages applies to those in one frame too, and only the header is needed.
    let mut decoder =
        MessageDecoder::new(Role::Client).limits(wsframe::Limits::DEFAULT.max_message_size(4));
    assert_eq!(decoder.next_span(&[0x82, 5]).unwrap_err(), ProtocolError::MessageTooLong(5));
    let mut decoder =
        MessageDecoder::new(Role::Client).limits(wsframe::Limits::DEFAULT.max_message_size(5));
    assert!(decoder.next_span(&[0x82, 5]).unwrap().is_none());

    // A message in one frame has no fragments.
    let mut decoder =
        MessageDecoder::new(Role::Client).limits(wsframe::Limits::DEFAULT.max_fragments(0));
    assert!(decoder.next_span(&[0x82, 0]).unwrap().is_some());
    let mut decoder =
        MessageDecoder::new(Role::Client).limits(wsframe::Limits::DEFAULT.max_fragments(0));
    assert_eq!(decoder.next_span(&[0x02, 0]).unwrap_err(), ProtocolError::TooManyFragments(0));
}

/// Ten million empty fragments reach the limit, or are accepted if there is none. They take no
/// memory.
#[test]
fn a_flood_of_empty_fragments() {
    let flood = [0x00, 0x00].repeat(5000);
    let events = |mut decoder: MessageDecoder| -> Result<u32, ProtocolError> {
        let mut begin = [0x02, 0x00];
        assert!(decoder.decode(&mut &mut begin[..])?.is_some());
        let mut events = 1;
        let mut buffer = flood.clone();
        for _ in 0..2000 {
            let mut input = &mut buffer[..];
            while let Some(event) = decoder.decode(&mut input)? {
                assert!(matches!(event, Event::Binary(_)));
                events += 1;
            }
        }
        Ok(events)
    };
    let decoder = MessageDecoder::new(Role::Client);
    assert_eq!(events(decoder), Err(ProtocolError::TooManyFragments(1 << 17)));
    let decoder =
        MessageDecoder::new(Role::Client).limits(wsframe::Limits::DEFAULT.max_fragments(u32::MAX));
    assert_eq!(events(decoder), Ok(10_000_001));
}

/// Without limits, the sum of the greatest declared lengths does not overflow.
#[test]
fn declared_lengths_do_not_overflow() {
    let huge = |opcode, fin| {
        let header = FrameHeader { fin, ..FrameHeader::new(opcode, i64::MAX as u64) };
        header.encode().unwrap().to_vec()
    };
    let limited = |limit| {
        let limits = wsframe::Limits::UNLIMITED.max_message_size(limit);
        MessageDecoder::new(Role::Client).limits(limits)
    };
    let error = limited(u32::MAX - 1).next_span(&huge(Opcode::Binary, true)).unwrap_err();
    assert_eq!(error, ProtocolError::MessageTooLong(i64::MAX as u64));
    assert!(limited(u32::MAX).next_span(&huge(Opcode::Binary, true)).unwrap().is_none());
}

#[test]
fn text_that_is_not_validated_and_messages_of_extensions_come_raw() {
    let text = frame(true, Opcode::Text, b"\xFF");
    let decoder = MessageDecoder::new(Role::Client).validate_text(false);
    let found = drive::messages(decoder, &text, &[], Way::Cursor);
    assert_eq!(found.items, [Item::Raw(Opcode::Text, Rsv::NONE, vec![0xFF])]);
    let mut decoder = MessageDecoder::new(Role::Client).validate_text(false);
    let mut bytes = [frame(true, Opcode::Text, b"\xFF"), b"\x81\x02\xFF".to_vec()].concat();
    let mut input = &mut bytes[..];
    for whole in [Some(&b"\xFF"[..]), None] {
        let Ok(Some(Event::Raw(chunk))) = decoder.decode(&mut input) else { panic!() };
        assert_eq!(chunk.into_message().ok().as_deref(), whole);
    }

    // RSV1 is only on the first frame.
    let stream = [&[0x41, 0x01, 0xAA][..], &[0x80, 0x01, 0xBB], &[0xC2, 0x00]].concat();
    let rules = wsframe::Rules::new(Role::Client).allow_rsv(Rsv::RSV1);
    let decoder = MessageDecoder::with_rules(rules);
    let found = drive::messages(decoder, &stream, &[1], Way::Cursor);
    assert_eq!(
        found.items,
        [
            Item::Raw(Opcode::Text, Rsv::RSV1, vec![0xAA, 0xBB]),
            Item::Raw(Opcode::Binary, Rsv::RSV1, vec![]),
        ]
    );
}

/// `decode_frame` returns frames unchanged, and applies the same rules.
#[test]
fn frames_are_passed_on_unchanged() {
    let key = MaskingKey::new([7, 8, 9, 10]);
    let header = |fin, opcode, payload: &[u8]| FrameHeader {
        fin,
        masking_key: Some(key),
        ..FrameHeader::new(opcode, payload.len() as u64)
    };
    let frames: [(bool, Opcode, &[u8]); 4] = [
        (false, Opcode::Text, b"caf\xC3"),
        (true, Opcode::Ping, b"hi"),
        (true, Opcode::Continuation, b"\xA9"),
        (true, Opcode::Close, b"\x03\xE8"),
    ];
    for validate in [false, true] {
        let mut stream = Vec::new();
        for (fin, opcode, payload) in frames {
            naive::encode(&header(fin, opcode, payload), payload, 0, &mut stream);
        }
        let mut decoder = MessageDecoder::new(Role::Server).validate_text(validate);
        let mut input = &mut stream[..];
        for (fin, opcode, payload) in frames {
            let chunk = decoder.decode_frame(&mut input).unwrap().unwrap();
            assert_eq!(chunk.header, header(fin, opcode, payload));
            assert_eq!(chunk.payload.unmask(), payload);
        }
        assert!(decoder.decode_frame(&mut input).unwrap().is_none());
    }

    let mut wrong = frame(true, Opcode::Text, b"\xFF");
    let mut decoder = MessageDecoder::new(Role::Client);
    assert!(decoder.decode_frame(&mut &mut wrong[..]).is_err());
    assert!(decoder.error().is_some());
    let mut wrong = frame(true, Opcode::Close, b"\x03");
    let error = MessageDecoder::new(Role::Client).decode_frame(&mut &mut wrong[..]).unwrap_err();
    assert_eq!(error, ProtocolError::TruncatedCloseCode);
}

/// A located frame can be decoded later, from the same bytes, as an event or as a frame.
#[test]
fn located_frames_can_be_decoded_later() {
    let stream = [
        frame(true, Opcode::Binary, b"abc"),
        frame(false, Opcode::Binary, b"d"),
        frame(true, Opcode::Ping, b"?"),
        frame(true, Opcode::Continuation, b""),
        frame(true, Opcode::Text, b"e"),
        frame(false, Opcode::Text, b"f"),
    ]
    .concat();
    for as_frames in [false, true] {
        let mut bytes = stream.clone();
        let mut decoder = MessageDecoder::new(Role::Client);
        let mut at = 0;
        let mut whole = Vec::new();
        for (opcode, fin, payload) in [
            (Opcode::Binary, true, &b"abc"[..]),
            (Opcode::Binary, false, b"d"),
            (Opcode::Ping, true, b"?"),
            (Opcode::Continuation, true, b""),
            (Opcode::Text, true, b"e"),
            (Opcode::Text, false, b"f"),
        ] {
            let span = decoder.next_span(&bytes[at..]).unwrap().unwrap();
            let end = at + span.consumed_len();
            let header = FrameHeader { fin, ..FrameHeader::new(opcode, payload.len() as u64) };
            assert_eq!((*span.header(), span.consumed_len()), (header, 2 + payload.len()));
            let used = &mut bytes[at..end];
            if as_frames {
                let chunk = decoder.decode_span_as_frame(span, used).unwrap();
                assert_eq!((chunk.header, chunk.first, chunk.last), (header, true, true));
                assert_eq!(chunk.payload.unmask(), payload);
            } else {
                match decoder.decode_span(span, used).unwrap() {
                    Event::Binary(chunk) => {
                        whole.push(chunk.into_message().ok().map(|m| m.to_vec()))
                    }
                    Event::Text(chunk) => whole.push(chunk.into_message().ok().map(|m| m.into())),
                    Event::Ping(data) => assert_eq!(data, payload),
                    other => panic!("unexpected {other:?}"),
                }
            }
            at = end;
        }
        assert_eq!(at, bytes.len());
        // Fragments are chunks of a message, and not whole messages.
        let expected = [Some(b"abc".to_vec()), None, None, Some(b"e".to_vec()), None];
        assert_eq!(whole, if as_frames { &[] } else { &expected[..] });
    }
}

/// After a failure, every method of the decoder returns the error, and there are no more events.
#[test]
fn errors_are_sticky() {
    let error = ProtocolError::ReservedOpcode(3);
    let mut decoder = MessageDecoder::new(Role::Client);
    let mut text = frame(true, Opcode::Text, b"late");
    let located_before = [Opcode::Text, Opcode::Binary, Opcode::Ping, Opcode::Pong].map(|opcode| {
        let span = decoder.next_span(&frame(true, opcode, b"late")).unwrap();
        (opcode, span.unwrap())
    });
    assert_eq!(decoder.error(), None);
    let mut open = decoder.clone();
    assert!(open.next_span(b"\x82\x05ab").unwrap().is_some());
    assert_eq!((decoder.remaining(), open.remaining()), (0, 3));
    assert_eq!(decoder.next_span(&[0x83]).unwrap_err(), error);
    assert_eq!(
        (decoder.error(), decoder.remaining(), decoder.is_closed()),
        (Some(error), 0, false)
    );
    assert_eq!(decoder.next_span(&text).unwrap_err(), error);
    assert_eq!(decoder.next_span(&[]).unwrap_err(), error);
    assert_eq!(decoder.decode(&mut &mut text[..]).unwrap_err(), error);
    assert_eq!(decoder.decode_frame(&mut &mut text[..]).unwrap_err(), error);
    for (opcode, span) in located_before {
        let mut late = frame(true, opcode, b"late");
        assert_eq!(decoder.decode_span(span.clone(), &mut late).unwrap_err(), error);
        assert_eq!(decoder.decode_span_as_frame(span, &mut late).unwrap_err(), error);
    }
}

/// An assembler that misses a chunk never returns invalid text.
#[test]
fn an_assembler_with_a_chunk_left_out() {
    let mut stream = b"\x01\x02a\xC3\x00\x02\xA9\xC3\x80\x01\xA9".to_vec();
    for left_out in 0..3 {
        let mut decoder = MessageDecoder::new(Role::Client);
        let mut assembler = Assembler::new();
        let mut input = &mut stream[..];
        let mut chunks = 0;
        while let Some(event) = decoder.decode(&mut input).unwrap() {
            let Event::Text(chunk) = event else { panic!("only text was sent") };
            let taken = if chunks == left_out { Ok(None) } else { assembler.text(chunk) };
            // Without the middle piece the others join to valid text. Any other missing piece is an
            // error at the next chunk.
            match (left_out, chunks) {
                (1, 2) => assert_eq!(taken.unwrap().as_deref(), Some("a\u{e9}")),
                (0, 1..) => {
                    let error = taken.unwrap_err();
                    assert_eq!((error.offset(), error.is_incomplete()), (0, false));
                }
                _ => assert_eq!(taken, Ok(None)),
            }
            chunks += 1;
        }
        assert_eq!(chunks, 3);
        // The next message is received normally.
        let mut next = *b"\x01\x01b\x80\x01c";
        let mut input = &mut next[..];
        let mut messages = Vec::new();
        while let Some(Event::Text(chunk)) = decoder.decode(&mut input).unwrap() {
            messages.extend(assembler.text(chunk).unwrap().map(|text| text.into_owned()));
        }
        assert_eq!(messages, ["bc"]);
    }
}

/// A chunk that is marked as a whole message without being one is an error.
#[test]
fn an_assembler_of_half_a_character() {
    let mut stream = *b"\x01\x02a\xC3\x80\x01\xA9";
    let mut decoder = MessageDecoder::new(Role::Client);
    let mut input = &mut stream[..];
    for is_incomplete in [true, false] {
        let event = decoder.decode(&mut input).unwrap();
        let Some(Event::Text(mut chunk)) = event else { panic!("only text was sent") };
        (chunk.first, chunk.last) = (true, true);
        let error = Assembler::new().text(chunk).unwrap_err();
        assert_eq!(error.is_incomplete(), is_incomplete);
    }
}

/// A message whose end the assembler does not get is discarded when the next one begins.
#[test]
fn an_assembler_whose_message_was_broken_off() {
    let mut stream = b"\x01\x01a\x80\x01b\x01\x01c\x80\x01d\
                       \x02\x01a\x80\x01b\x02\x01c\x80\x01d"
        .to_vec();
    let mut decoder = MessageDecoder::new(Role::Client);
    let mut assembler = Assembler::new();
    let mut input = &mut stream[..];
    let mut messages = Vec::new();
    for number in 0..8 {
        let taken = match decoder.decode(&mut input).unwrap().unwrap() {
            _ if number % 4 == 1 => None,
            Event::Text(chunk) => {
                assembler.text(chunk).unwrap().map(|text| text.into_owned().into())
            }
            Event::Binary(chunk) => assembler.binary(chunk).map(|bytes| bytes.into_owned()),
            other => panic!("unexpected {other:?}"),
        };
        messages.extend(taken);
    }
    assert_eq!(messages, [b"cd", b"cd"]);
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_frames_cut_anywhere(
        frames in streams::nearly_right(Role::Server),
        cuts in prop::collection::vec(1usize..40, 1..6),
        claimed in any::<bool>(),
        validate in any::<bool>(),
        message in prop_oneof![Just(u64::MAX), 0u64..300],
        fragments in prop_oneof![Just(u64::MAX), 0u64..6],
    ) {
        let mut choices = Choices::strict(Role::Server);
        choices.claimed = if claimed { 0x40 } else { 0 };
        let limits = Limits { message, fragments, ..UNLIMITED };
        checks::messages(choices, limits, validate, &cuts, &frames.concat());
    }

    /// > An intermediary MUST NOT change the fragmentation of a message if any reserved bit values
    /// > are used and the meaning of these values is not known to the intermediary.
    #[test]
    fn any_frames_through_a_relay(
        (role, frames) in streams::any_role(),
        cuts in prop::collection::vec(1usize..40, 1..6),
        claimed in any::<bool>(),
        validate in any::<bool>(),
        message in prop_oneof![Just(u64::MAX), 0u64..300],
        fragments in prop_oneof![Just(u64::MAX), 0u64..6],
    ) {
        let mut choices = Choices::strict(role);
        choices.claimed = if claimed { 0x40 } else { 0 };
        choices.accept_non_minimal_lengths = claimed;
        let limits = Limits { message, fragments, ..UNLIMITED };
        checks::relay(choices, limits, validate, &cuts, &frames.concat());
    }
}

/// Same as after a Close that was forwarded (§1.4).
#[test]
fn a_relay_discards_input_after_its_own_close() {
    let mut relay = Relay::new(MessageDecoder::new(Role::Client), NoKeys);
    let mut out = Vec::new();
    let body = CloseBody { code: CloseCode::new(1001), reason: "" };
    assert_eq!(relay.close(Some(body), &mut out), Ok(true));
    assert_eq!(out, b"\x88\x02\x03\xE9");
    let mut received = frame(true, Opcode::Binary, b"a");
    let mut input = &mut received[..];
    assert!(relay.forward(&mut input).unwrap().is_none());
    assert!(input.is_empty());
}

/// §5.3: every frame has a fresh key, also a Close of the relay's own.
#[test]
fn a_relay_masks_every_frame_with_a_key_of_its_own() {
    let mut drawn = 0;
    let mut relay = Relay::new(MessageDecoder::new(Role::Server), || {
        drawn += 1;
        MaskingKey::new([drawn; 4])
    });
    let mut sent = Vec::new();
    let mut received = *b"\x81\x81\0\0\0\0a\x82\x81\0\0\0\0b";
    let mut input = &mut received[..];
    while let Some(frame) = relay.forward(&mut input).unwrap() {
        sent.extend_from_slice(frame.header.as_deref().unwrap());
        sent.extend_from_slice(frame.payload);
    }
    let body = CloseBody { code: CloseCode::NORMAL, reason: "" };
    assert_eq!(relay.close(Some(body), &mut sent), Ok(true));
    let expected = [
        &[0x81, 0x81, 1, 1, 1, 1, b'a' ^ 1][..],
        &[0x82, 0x81, 2, 2, 2, 2, b'b' ^ 2],
        &[0x88, 0x82, 3, 3, 3, 3, 0x03 ^ 3, 0xE8 ^ 3],
    ];
    assert_eq!(sent, expected.concat());
}

/// A relay implements `Debug` with any source of keys.
#[test]
fn a_relay_can_be_debugged() {
    let relay = Relay::new(MessageDecoder::new(Role::Server), || MaskingKey::new([0; 4]));
    let shown = format!("{relay:?}");
    assert!(shown.starts_with("Relay { messages: MessageDecoder("), "{shown}");
    assert!(shown.ends_with(", within_frame: false, .. }"), "{shown}");
}
