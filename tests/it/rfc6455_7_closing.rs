//! RFC 6455 §5.5, §7: automatic replies, the closing handshake in all orders, and failed
//! connections.

use crate::support;

use proptest::prelude::*;
use support::conversation::{self, Act};
use wsframe::{
    CloseBody, CloseCode, Connection, EncodeError, Event, Limits, MIN_BUFFER_LEN, Mask, MaskingKey,
    MaskingKeys, MessageDecoder, NoKeys, Output, ProtocolError, ReceiveError, Role, SliceOutput,
    TransportAction, Utf8Validator,
};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn client() -> Connection<impl MaskingKeys> {
    Connection::client(|| MaskingKey::new(KEY))
}

/// Passes these bytes to a connection until it returns no more events.
fn show<K: MaskingKeys>(
    connection: &mut Connection<K>,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<Vec<String>, ReceiveError> {
    let mut bytes = bytes.to_vec();
    let mut input = &mut bytes[..];
    let mut events = Vec::new();
    while let Some(event) = connection.receive(&mut input, out)? {
        events.push(match event {
            Event::Text(chunk) => chunk.into_message().expect("a whole message").to_owned(),
            Event::Binary(chunk) => format!("{:?}", chunk.payload.unmask()),
            Event::Raw(chunk) => format!("{chunk:?}"),
            Event::Ping(data) => format!("ping {}", data.escape_ascii()),
            Event::Pong(data) => format!("pong {}", data.escape_ascii()),
            Event::Close(None) => "close".into(),
            Event::Close(Some(body)) => format!("close {} {}", body.code.get(), body.reason),
        });
    }
    Ok(events)
}

#[test]
fn pings_are_answered_with_their_data() {
    let mut out = Vec::new();
    let events = show(&mut client(), b"\x89\x02hi\x8A\x00\x89\x00", &mut out);
    assert_eq!(events.unwrap(), ["ping hi", "pong ", "ping "]);
    // A client sends it, so it is masked.
    let hi = [b'h' ^ KEY[0], b'i' ^ KEY[1]];
    let expected = [&[0x8A, 0x82], &KEY[..], &hi, &[0x8A, 0x80], &KEY].concat();
    assert_eq!(out, expected);

    let mut out = Vec::new();
    show(&mut Connection::server(), b"\x89\x82\0\0\0\0hi", &mut out).unwrap();
    assert_eq!(out, b"\x8A\x02hi");

    let mut left = Connection::server().auto_pong(false);
    let mut out = Vec::new();
    assert_eq!(show(&mut left, b"\x89\x82\0\0\0\0hi", &mut out).unwrap(), ["ping hi"]);
    assert_eq!(out, b"");
    left.pong(b"hi", &mut out).unwrap();
    assert_eq!(out, b"\x8A\x02hi");
}

#[test]
fn a_close_is_answered_with_its_code() {
    let cases: [(&[u8], &[u8], CloseCode); 3] = [
        (b"\x88\x00", b"\x88\x80", CloseCode::NO_STATUS),
        (b"\x88\x02\x03\xE8", b"\x88\x82", CloseCode::NORMAL),
        (b"\x88\x05\x0F\xA0bye", b"\x88\x82", CloseCode::new(4000)),
    ];
    for (close, answer, code) in cases {
        let mut connection = client();
        let mut out = Vec::new();
        assert_eq!(connection.close_code(), None);
        show(&mut connection, close, &mut out).unwrap();
        let mut expected = [answer, &KEY].concat();
        if code != CloseCode::NO_STATUS {
            let [high, low] = code.get().to_be_bytes();
            expected.extend([high ^ KEY[0], low ^ KEY[1]]);
        }
        assert_eq!(out, expected);
        assert_eq!(connection.close_code(), Some(code));
        // The server ends TCP first, and a client waits for that.
        assert_eq!(connection.transport_action(), TransportAction::AwaitEof);
        connection.receive_eof();
        assert_eq!(connection.transport_action(), TransportAction::Close);
        assert_eq!(connection.close_code(), Some(code));
    }
}

#[test]
fn the_closing_handshake_from_this_side() {
    let mut connection = Connection::server();
    let mut out = Vec::new();
    connection
        .close(Some(CloseBody { code: CloseCode::GOING_AWAY, reason: "bye" }), &mut out)
        .unwrap();
    assert_eq!(out, b"\x88\x05\x03\xE9bye");
    assert_eq!(connection.transport_action(), TransportAction::KeepOpen);

    // No frame follows a Close.
    let refused = EncodeError::FrameAfterClose;
    out.clear();
    assert_eq!(connection.send("late", &mut out), Err(refused));
    assert_eq!(connection.ping(b"", &mut out), Err(refused));
    assert_eq!(connection.close(None, &mut out), Err(refused));
    assert_eq!(connection.frame_encoder(wsframe::Opcode::Text, true).unwrap_err(), refused);

    // Frames that the peer has already sent still arrive. Its Ping gets no Pong, and its Close no
    // answer.
    let late = b"\x81\x82\0\0\0\0ok\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xE9\x81\x80\0\0\0\0";
    assert_eq!(show(&mut connection, late, &mut out).unwrap(), ["ok", "ping ", "close 1001 "]);
    assert_eq!(out, b"");
    assert_eq!(connection.transport_action(), TransportAction::Close);
}

#[test]
fn what_follows_a_close_is_discarded() {
    let mut connection = client();
    let mut out = Vec::new();
    // A second Close, text, and invalid bytes.
    let stream = b"\x88\x00\x88\x00\x81\x01a\xFF\xFF\xFF";
    assert_eq!(show(&mut connection, stream, &mut out).unwrap(), ["close"]);
    assert_eq!(show(&mut connection, b"\xFF\xFF", &mut out).unwrap(), [""; 0]);
    assert_eq!(out.len(), 6);
    assert_eq!(connection.error(), None);

    // `next_span`, which does not consume, returns nothing.
    assert!(connection.next_span(b"\x81\x00", &mut out).unwrap().is_none());
}

#[test]
fn a_close_within_a_message() {
    let mut connection = client();
    let mut out = Vec::new();
    let mut stream = *b"\x01\x01a\x88\x00\x80\x01b";
    let mut input = &mut stream[..];
    assert!(matches!(connection.receive(&mut input, &mut out), Ok(Some(Event::Text(_)))));
    assert!(matches!(connection.receive(&mut input, &mut out), Ok(Some(Event::Close(None)))));
    assert!(matches!(connection.receive(&mut input, &mut out), Ok(None)));
    assert_eq!(connection.transport_action(), TransportAction::AwaitEof);
}

#[test]
fn the_answer_to_a_close_may_be_left_to_the_caller() {
    let mut connection = Connection::server().auto_close(false);
    let mut out = Vec::new();
    connection.send_fragment("half ", false, &mut out).unwrap();
    show(&mut connection, b"\x88\x80\0\0\0\0", &mut out).unwrap();
    assert_eq!(connection.transport_action(), TransportAction::KeepOpen);
    connection.send_fragment("whole", true, &mut out).unwrap();
    connection.close(None, &mut out).unwrap();
    assert_eq!(out, b"\x01\x05half \x80\x05whole\x88\x00");
    assert_eq!(connection.transport_action(), TransportAction::Close);

    // Its code may be any.
    for code in (0..=u16::MAX).map(CloseCode::new).filter(|code| code.may_be_sent()) {
        let mut connection = Connection::server().auto_close(false);
        let [high, low] = code.get().to_be_bytes();
        let mut out = Vec::new();
        show(&mut connection, &[0x88, 0x82, 0, 0, 0, 0, high, low], &mut out).unwrap();
        assert_eq!((&out[..], connection.close_code()), (&b""[..], Some(code)));
        assert_eq!(connection.transport_action(), TransportAction::KeepOpen);
        connection.close(Some(CloseBody { code, reason: "" }), &mut out).unwrap();
        assert_eq!(out, [0x88, 2, high, low]);
    }
}

#[test]
fn a_failure_is_sticky_and_sends_a_close() {
    let cases: [(&[u8], u16, ProtocolError); 5] = [
        (b"\x83", 1002, ProtocolError::ReservedOpcode(3)),
        (b"\x81\x05", 1002, ProtocolError::UnmaskedByClient),
        (b"\x80\x80", 1002, ProtocolError::UnexpectedContinuation),
        (b"\x82\xFF\0\0\0\0\x10\0\0\0", 1009, ProtocolError::FrameTooLong(1 << 28)),
        (b"\x88\x81\0\0\0\0\x03", 1002, ProtocolError::TruncatedCloseCode),
    ];
    for (bytes, code, error) in cases {
        let bytes = [bytes, &[0; 4]].concat();
        let mut connection = Connection::server();
        let mut out = Vec::new();
        let result = show(&mut connection, &bytes, &mut out);
        assert_eq!(result, Err(ReceiveError::Protocol(error)), "{bytes:02x?}");
        assert_eq!(out[..2], [0x88, 2 + error.section().len() as u8]);
        assert_eq!(out[2..4], u16::to_be_bytes(code));
        assert_eq!(out[4..], *error.section().as_bytes());
        assert_eq!(connection.transport_action(), TransportAction::Close);
        assert_eq!(connection.close_code(), Some(CloseCode::ABNORMAL));

        // The Close is sent once. Nothing more is sent or received.
        out.clear();
        assert_eq!(show(&mut connection, b"\x89\x80\0\0\0\0", &mut out), result);
        assert!(connection.send("late", &mut out).is_err());
        assert_eq!(out, b"");
        assert_eq!(connection.error(), Some(error));
    }

    // Invalid text. After a Close was sent, a failure sends no second one.
    let mut connection = Connection::server();
    let mut out = Vec::new();
    assert!(show(&mut connection, b"\x81\x81\0\0\0\0\xFF", &mut out).is_err());
    assert_eq!(out[2..4], u16::to_be_bytes(1007));

    let mut connection = Connection::server();
    connection.close(None, &mut Vec::new()).unwrap();
    let mut out = Vec::new();
    assert!(show(&mut connection, b"\xFF", &mut out).is_err());
    assert_eq!(out, b"");
}

#[test]
fn a_connection_that_ends_without_a_close() {
    let mut connection = Connection::server();
    connection.receive_eof();
    assert_eq!(connection.close_code(), Some(CloseCode::ABNORMAL));
    assert_eq!(connection.transport_action(), TransportAction::Close);
}

#[test]
fn messages_and_fragments_go_out_in_order() {
    let mut connection = Connection::server();
    let mut out = Vec::new();
    let open = EncodeError::ExpectedContinuation;
    let (text, binary) = (open(wsframe::Opcode::Text), open(wsframe::Opcode::Binary));
    let none = EncodeError::UnexpectedContinuation;

    assert_eq!(connection.frame_encoder(wsframe::Opcode::Continuation, true).unwrap_err(), none);
    connection.send_fragment("a", false, &mut out).unwrap();
    assert_eq!(connection.send("b", &mut out), Err(text));
    assert_eq!(connection.send_fragment(b"b", true, &mut out), Err(binary));
    assert_eq!(connection.check_send(wsframe::Opcode::Binary), Err(binary));
    connection.ping(b"", &mut out).unwrap();
    connection.send_fragment("", false, &mut out).unwrap();
    connection.send_fragment("c", true, &mut out).unwrap();
    connection.send(b"d", &mut out).unwrap();
    assert_eq!(out, b"\x01\x01a\x89\x00\x00\x00\x80\x01c\x82\x01d");

    let long = [0; 126];
    let too_long = EncodeError::ControlTooLong(126);
    assert_eq!(connection.ping(&long, &mut out), Err(too_long));
    let reason = "x".repeat(124);
    let body = CloseBody { code: CloseCode::NORMAL, reason: &reason };
    assert_eq!(connection.close(Some(body), &mut out), Err(too_long));
    let body = CloseBody { code: CloseCode::ABNORMAL, reason: "" };
    assert!(connection.close(Some(body), &mut out).is_err());
    // None of these was sent.
    assert_eq!(out.len(), 13);
    connection.send("still open", &mut out).unwrap();
}

/// A connection whose caller owns the buffer: events are located, and then decoded and answered.
#[test]
fn located_frames_can_be_decoded_later() {
    let mut connection = Connection::server();
    let mut out = Vec::new();
    let mut bytes = *b"\x89\x82\0\0\0\0hi\x81\x81\0\0\0\0!\x88\x82\0\0\0\0\x03\xE8";
    let mut at = 0;
    for reply in [&b"\x8A\x02hi"[..], b"", b"\x88\x02\x03\xE8"] {
        let span = connection.next_span(&bytes[at..], &mut out).unwrap().unwrap();
        let end = at + span.consumed_len();
        assert_eq!(out, b"", "what is located is not replied to before it is taken");
        connection.receive_span(span, &mut bytes[at..end], &mut out).unwrap();
        assert_eq!(out, reply);
        out.clear();
        at = end;
    }
    assert!(connection.next_span(&bytes[at..], &mut out).unwrap().is_none());
    assert_eq!((at, connection.transport_action()), (bytes.len(), TransportAction::Close));
}

#[test]
fn over_a_decoder_that_has_failed() {
    let mut messages = MessageDecoder::new(Role::Client);
    let error = messages.next_span(&[0x83]).unwrap_err();
    let mut connection = Connection::with_message_decoder(messages, NoKeys);
    assert_eq!(
        (connection.error(), connection.close_code()),
        (Some(error), Some(CloseCode::ABNORMAL))
    );
    let mut out = Vec::new();
    assert_eq!(show(&mut connection, b"", &mut out), Err(ReceiveError::Protocol(error)));
    assert_eq!(out, b"\x88\x10\x03\xEARFC 6455 \xC2\xA75.2");
}

/// `MessageData` of every kind, and received text that is cut inside its characters.
#[test]
fn types_of_payloads_that_can_be_sent() {
    let mut connection = Connection::server();
    let mut out = Vec::new();
    connection.send(&mut [7u8, 8][..], &mut out).unwrap();
    connection.send(&[7u8, 8][..], &mut out).unwrap();
    connection.send(&[7u8, 8], &mut out).unwrap();
    assert_eq!(out, b"\x82\x02\x07\x08".repeat(3));

    out.clear();
    let (mut text, mut unmasked) = (Utf8Validator::new(), Mask::IDENTITY);
    let (mut first, mut second) = (*b"caf\xC3", *b"\xA9");
    let first = text.unmask_and_validate(&mut first, &mut unmasked).unwrap();
    connection.send_fragment(&first, false, &mut out).unwrap();
    let second = text.unmask_and_validate(&mut second, &mut unmasked).unwrap();
    connection.send_fragment(&second, true, &mut out).unwrap();
    assert_eq!(out, b"\x01\x04caf\xC3\x80\x01\xA9");
}

/// Every frame has a fresh key. A server generates none.
#[test]
fn every_frame_has_a_key_of_its_own() {
    let mut drawn = 0u32;
    let mut connection = Connection::client(|| {
        drawn += 1;
        MaskingKey::new(drawn.to_be_bytes())
    });
    let mut out = Vec::new();
    connection.send("", &mut out).unwrap();
    connection.send_fragment("", false, &mut out).unwrap();
    connection.ping(b"", &mut out).unwrap();
    connection.send_fragment("", true, &mut out).unwrap();
    connection.close(None, &mut out).unwrap();
    let keys: Vec<&[u8]> = out.chunks(6).map(|frame| &frame[2..]).collect();
    let expected: Vec<[u8; 4]> = (1..=5u32).map(u32::to_be_bytes).collect();
    assert_eq!(keys, expected);
}

/// A chunk that ends inside a character cannot be sent as a whole message, nor as the end of one.
#[test]
fn received_text_is_not_sent_on_without_its_other_half() {
    let mut text = Utf8Validator::new();
    let (mut front, mut back) = (*b"caf\xC3", *b"\xA9!");
    let mut unmasked = Mask::IDENTITY;
    let front = text.unmask_and_validate(&mut front, &mut unmasked).unwrap();
    let back = text.unmask_and_validate(&mut back, &mut unmasked).unwrap();
    let wrong = |result: Result<(), EncodeError>| match result.unwrap_err() {
        EncodeError::InvalidUtf8(at) => (at.offset(), at.is_incomplete()),
        other => panic!("{other}"),
    };

    let mut connection = Connection::server();
    let mut out = Vec::new();
    assert_eq!(wrong(connection.send(&front, &mut out)), (4, true));
    assert_eq!(wrong(connection.send(&back, &mut out)), (0, false));
    assert_eq!(wrong(connection.send_fragment(&front, true, &mut out)), (4, true));
    assert_eq!(wrong(connection.send_fragment(&back, false, &mut out)), (0, false));
    assert!(out.is_empty());

    connection.send_fragment(&front, false, &mut out).unwrap();
    assert_eq!(wrong(connection.send_fragment(&front, true, &mut out)), (0, false));
    connection.send_fragment(&back, true, &mut out).unwrap();
    assert_eq!(out, b"\x01\x04caf\xC3\x80\x02\xA9!");
}

/// Fragments of different valid texts can be joined only if the result is valid.
#[test]
fn fragments_of_two_texts_are_joined_only_where_the_whole_is_utf8() {
    // Each text is cut so that another open character is left.
    let texts: [(&[u8], &[u8]); 10] = [
        (b"a", b"b"),
        (b"\xC3", b"\xA9"),
        (b"\xE0", b"\xA0\x80"),
        (b"\xE1", b"\x80\x80"),
        (b"\xED", b"\x80\x80"),
        (b"\xF1\x80", b"\x80\x80"),
        (b"\xF4\x80\x80", b"\x80"),
        (b"\xF0", b"\x90\x80\x80"),
        (b"\xF1", b"\x80\x80\x80"),
        (b"\xF4", b"\x80\x80\x80"),
    ];
    for (front, _) in texts {
        for (other_front, back) in texts {
            for cut in 0..=back.len() {
                let parts = [front, other_front, &back[..cut], &back[cut..]];
                let mut parts = parts.map(<[u8]>::to_vec);
                let [first, skipped, middle, end] = &mut parts;
                let none = &mut { Mask::IDENTITY };
                let first = Utf8Validator::new().unmask_and_validate(first, none).unwrap();
                let mut text = Utf8Validator::new();
                text.unmask_and_validate(skipped, none).unwrap();
                let middle = text.unmask_and_validate(middle, none).unwrap();
                let end = text.unmask_and_validate(end, none).unwrap();

                let (mut connection, mut out) = (Connection::server(), Vec::new());
                connection.send_fragment(&first, false, &mut out).unwrap();
                let sent = connection
                    .send_fragment(&middle, false, &mut out)
                    .and_then(|()| connection.send_fragment(&end, true, &mut out));
                let whole = [front, back].concat();
                match sent {
                    Ok(()) => assert!(std::str::from_utf8(&whole).is_ok(), "{whole:02X?}"),
                    Err(EncodeError::InvalidUtf8(_)) => assert_ne!(front, other_front),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    // A `str` begins between two characters.
    let mut chunk = *b"\xC3";
    let mut text = Utf8Validator::new();
    let chunk = text.unmask_and_validate(&mut chunk, &mut { Mask::IDENTITY }).unwrap();
    let (mut connection, mut out) = (Connection::server(), Vec::new());
    connection.send_fragment(&chunk, false, &mut out).unwrap();
    for (fragment, fin) in [("", true), ("", false), ("a", true)] {
        assert!(connection.send_fragment(fragment, fin, &mut out).is_err());
    }
    assert_eq!(out, b"\x01\x01\xC3");
}

/// Frames to a server must be masked.
#[test]
#[should_panic(expected = "`NoKeys` has no keys")]
fn a_client_without_keys_panics() {
    let decoder = || MessageDecoder::new(Role::Client);
    assert_eq!(
        Connection::with_message_decoder(decoder(), || MaskingKey::new([1; 4])).role(),
        Role::Client
    );
    let _ = Connection::with_message_decoder(decoder(), NoKeys);
}

/// A peer sends many Pings and never reads. Replies stop at the limit, and nothing is lost.
#[test]
fn pending_replies_are_bounded() {
    let ping = b"\x89\x84\0\0\0\0ping";
    let mut connection = Connection::server().limits(Limits::DEFAULT.max_pending_replies(100));
    let mut out = Vec::new();
    let mut pings = 0;
    let mut flood = ping.repeat(1000);
    let mut input = &mut flood[..];
    let refused = loop {
        match connection.receive(&mut input, &mut out) {
            Ok(Some(Event::Ping(data))) => {
                assert_eq!(data, b"ping");
                pings += 1;
            }
            Ok(_) => panic!("nothing but pings was sent"),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, ReceiveError::OutputFull);
    assert_eq!((pings, out.len()), (100, 600));
    let left = input.len();
    assert_eq!(connection.receive(&mut input, &mut out).unwrap_err(), ReceiveError::OutputFull);
    assert_eq!((input.len(), out.len()), (left, 600), "asking again changes nothing");

    out.clear();
    assert!(connection.receive(&mut input, &mut out).unwrap().is_some());
    assert_eq!(out, b"\x8A\x04ping");

    // The limit also applies to a buffer of fixed length with more capacity.
    let mut connection = Connection::server().limits(Limits::DEFAULT.max_pending_replies(3));
    let mut buf = [0; 1000];
    let mut out = SliceOutput::new(&mut buf);
    let mut flood = ping.repeat(10);
    let mut input = &mut flood[..];
    for pings in 1..=3 {
        assert!(connection.receive(&mut input, &mut out).unwrap().is_some());
        assert_eq!(out.pending(), 6 * pings);
    }
    assert_eq!(connection.receive(&mut input, &mut out).unwrap_err(), ReceiveError::OutputFull);
    out.consume(usize::MAX);
    assert!(connection.receive(&mut input, &mut out).unwrap().is_some());
    assert_eq!(out.bytes(), b"\x8A\x04ping");

    // Replies that were sent do not count, also if another frame is first in the empty output.
    let mut connection = Connection::server().limits(Limits::DEFAULT.max_pending_replies(3));
    for _ in 0..10 {
        let mut out = Vec::new();
        connection.send("an answer", &mut out).unwrap();
        show(&mut connection, ping, &mut out).unwrap();
        assert_eq!(out.len(), 11 + 6);
    }

    // Other frames are still received.
    let mut connection = Connection::server().limits(Limits::DEFAULT.max_pending_replies(0));
    let mut out = vec![0; 10];
    show(&mut connection, b"\x81\x80\0\0\0\0\x8A\x80\0\0\0\0", &mut out).unwrap();
    assert!(show(&mut connection, b"\x88\x80\0\0\0\0", &mut out).is_ok());
}

/// With a full output of fixed length, replies, answers and the Close of a failure are written once
/// there is capacity.
#[test]
fn a_full_output_delays_replies() {
    let mut buf = [0; 140];
    for (bytes, reply) in [
        (&b"\x89\x84\0\0\0\0ping"[..], &b"\x8A\x04ping"[..]),
        (b"\x88\x82\0\0\0\0\x03\xE8", b"\x88\x02\x03\xE8"),
        (b"\x83", b"\x88\x10\x03\xEARFC 6455 \xC2\xA75.2"),
    ] {
        let mut connection = Connection::server();
        let mut out = SliceOutput::new(&mut buf);
        connection.send(&[0; 130], &mut out).unwrap();
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        let full = connection.receive(&mut input, &mut out).unwrap_err();
        assert_eq!(full, ReceiveError::OutputFull);
        assert_eq!(out.bytes().len(), 134);
        assert!(connection.send(&[0; 130], &mut out).is_err(), "nor is there room for a message");

        // The connection has failed before its Close is written, so nothing is sent before it.
        if connection.error().is_some() {
            let refused = connection.send("", &mut SliceOutput::new(&mut [0; 10])).unwrap_err();
            assert_eq!(refused, EncodeError::FrameAfterClose);
        }

        out.consume(133);
        assert_eq!(out.bytes(), [0], "the last byte of the message");
        out.consume(2);
        let _ = connection.receive(&mut input, &mut out);
        assert_eq!(out.bytes(), reply);
    }

    // A Ping that gets no reply needs no capacity for one.
    let mut left_to_the_caller = Connection::server().auto_pong(false);
    let mut closing = Connection::server();
    closing.close(None, &mut Vec::new()).unwrap();
    for connection in [&mut left_to_the_caller, &mut closing] {
        let mut ping = *b"\x89\x80\0\0\0\0";
        let event = connection.receive(&mut &mut ping[..], &mut SliceOutput::new(&mut []));
        assert!(matches!(event, Ok(Some(Event::Ping(_)))));
    }
}

/// The exact capacity that replies need: a client's masked Pong, and the code of a Close.
#[test]
fn the_least_capacity_that_replies_need() {
    let mut buf = [0; MIN_BUFFER_LEN];
    for len in 0..=125 {
        let ping = [&[0x89, len as u8], &[b'?'; 125][..len]].concat();
        let reply_len = 2 + 4 + len;
        for (room, expected) in [(reply_len, Ok(reply_len)), (reply_len - 1, Err(()))] {
            let mut bytes = ping.clone();
            let mut out = SliceOutput::new(&mut buf[..room]);
            let received = client().receive(&mut &mut bytes[..], &mut out).map(|_| ());
            assert_eq!(received, expected.map(drop).map_err(|()| ReceiveError::OutputFull));
            assert_eq!(out.bytes().len(), expected.unwrap_or(0), "a Ping of {len} in {room}");
        }
    }
    for (room, expected) in
        [(MIN_BUFFER_LEN, Ok(())), (MIN_BUFFER_LEN - 1, Err(ReceiveError::OutputFull))]
    {
        let mut bytes = *b"\x88\x02\x03\xE8";
        let mut out = SliceOutput::new(&mut buf[..room]);
        let mut connection = client();
        assert_eq!(connection.receive(&mut &mut bytes[..], &mut out).map(|_| ()), expected);
    }

    // An endpoint that has sent a Close sends no reply.
    let mut connection = client();
    connection.close(None, &mut Vec::new()).unwrap();
    for mut bytes in [*b"\x89\x02hi", *b"\x88\x02\x03\xE8"] {
        let mut none = SliceOutput::new(&mut []);
        let received = connection.receive(&mut &mut bytes[..], &mut none);
        assert!(received.is_ok_and(|event| event.is_some()));
    }
    assert_eq!(connection.close_code(), Some(CloseCode::NORMAL));
}

/// Frames that the caller encodes count like those that the connection encodes.
#[test]
fn frames_from_an_encoder_count_as_sent() {
    use wsframe::Opcode::{Binary, Close, Continuation, Ping, Text};
    let mut connection = Connection::server();
    for (opcode, fin, result) in [
        (Text, false, Ok(())),
        (Binary, true, Err(EncodeError::ExpectedContinuation(Binary))),
        (Ping, true, Ok(())),
        (Continuation, false, Ok(())),
        (Continuation, true, Ok(())),
        (Continuation, true, Err(EncodeError::UnexpectedContinuation)),
        (Binary, true, Ok(())),
        (Close, true, Ok(())),
        (Ping, true, Err(EncodeError::FrameAfterClose)),
    ] {
        assert_eq!(connection.frame_encoder(opcode, fin).map(|_| ()), result, "{opcode:?}");
    }
    assert!(connection.send("late", &mut Vec::new()).is_err());
}

/// Headers that declare 2^62 bytes, without limits and with the default ones.
#[test]
fn declared_lengths_take_no_memory() {
    let header = [0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5];
    let counted = allocation_counter::measure(|| {
        let messages = MessageDecoder::new(Role::Server).limits(Limits::UNLIMITED);
        let mut connection = Connection::with_message_decoder(messages, NoKeys);
        let mut buf = [0; 200];
        let mut out = SliceOutput::new(&mut buf);
        let mut bytes = header;
        let event = connection.receive(&mut &mut bytes[..], &mut out).unwrap();
        assert!(matches!(event, Some(Event::Binary(_))));
        assert_eq!(connection.remaining(), (1 << 62) - 1);

        let mut bytes = header;
        let error = Connection::server().receive(&mut &mut bytes[..], &mut out).unwrap_err();
        assert_eq!(error, ReceiveError::Protocol(ProtocolError::FrameTooLong(1 << 62)));
    });
    assert_eq!(counted.count_total, 0);
}

/// One side closes first, or both at once. Any number of bytes is delivered in between.
#[test]
fn the_closing_handshake_in_all_its_orders() {
    for first in 0..2 {
        for delay in 0..12 {
            let deliver = |side| Act::Deliver { side, bytes: delay };
            let acts = [
                Act::Send { side: first, text: true, payload: b"hello".to_vec() },
                Act::Fragment { side: 1 - first, text: false, payload: vec![1], fin: false },
                Act::Close { side: first, code: 1 },
                deliver(0),
                deliver(1),
                Act::Ping { side: 1 - first, payload: b"?".to_vec() },
                Act::Close { side: 1 - first, code: 2 },
                deliver(0),
                deliver(1),
            ];
            conversation::play(&acts, 512);
        }
    }
}

fn acts() -> impl Strategy<Value = Act> {
    let payload = || prop::collection::vec(any::<u8>(), 0..150);
    let side = 0..2u8;
    prop_oneof![
        4 => (side.clone(), any::<bool>(), payload())
            .prop_map(|(side, text, payload)| Act::Send { side, text, payload }),
        4 => (side.clone(), any::<bool>(), payload(), any::<bool>())
            .prop_map(|(side, text, payload, fin)| Act::Fragment { side, text, payload, fin }),
        2 => (side.clone(), payload()).prop_map(|(side, payload)| Act::Ping { side, payload }),
        1 => (side.clone(), any::<u16>()).prop_map(|(side, code)| Act::Close { side, code }),
        8 => (side, 0..300u16).prop_map(|(side, bytes)| Act::Deliver { side, bytes }),
    ]
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn two_connections_with_any_script(
        acts in prop::collection::vec(acts(), 0..40),
        max_pending_replies in prop_oneof![Just(512), 0..9u16],
    ) {
        conversation::play(&acts, max_pending_replies);
    }
}

#[cfg(feature = "std")]
#[test]
fn errors_become_io_errors() {
    use std::io::{Error, ErrorKind};
    let rule = ProtocolError::UnmaskedByClient;
    let cases = [
        (Error::from(rule), ErrorKind::InvalidData, rule.to_string()),
        (Error::from(ReceiveError::Protocol(rule)), ErrorKind::InvalidData, rule.to_string()),
        (
            Error::from(ReceiveError::OutputFull),
            ErrorKind::WouldBlock,
            ReceiveError::OutputFull.to_string(),
        ),
        (
            Error::from(EncodeError::FrameAfterClose),
            ErrorKind::InvalidInput,
            EncodeError::FrameAfterClose.to_string(),
        ),
    ];
    for (error, kind, text) in cases {
        assert_eq!((error.kind(), error.to_string()), (kind, text));
    }
}
