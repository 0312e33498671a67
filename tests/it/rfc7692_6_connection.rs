//! RFC 7692 §6: connections with compressed and uncompressed messages.
#![cfg(feature = "deflate")]

use crate::support;
use crate::support::compressed;

use allocation_counter::measure;
use compressed::{Received, deflate, eager, receive};
use proptest::prelude::*;
use wsframe::deflate::{
    Broadcast, CompressedConnection, Compressor, CompressorOptions, Config, DeflateContext,
    DeflateParameters, Pool,
};
#[cfg(feature = "std")]
use wsframe::deflate::{ContextPool, SharedPool};
use wsframe::{
    CloseBody, CloseCode, Connection, EncodeError, Event, FrameEncoder, Limits, MAX_HEADER_LEN,
    MaskingKey, MaskingKeys, MessageData, MessageDecoder, NoKeys, Opcode, Output, ProtocolError,
    ReceiveError, Role, Rsv, Rules, SliceOutput,
};

const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

/// Returns a source of keys that are all different.
#[derive(Clone, Debug)]
struct Counting(u32);

impl MaskingKeys for Counting {
    fn next_key(&mut self) -> MaskingKey {
        self.0 = self.0.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15);
        MaskingKey::new(self.0.to_be_bytes())
    }
}

fn client(agreed: DeflateParameters) -> CompressedConnection<Counting> {
    CompressedConnection::new(Connection::client(Counting(1)), Some(agreed))
}

fn server(agreed: DeflateParameters) -> CompressedConnection {
    CompressedConnection::new(Connection::server(), Some(agreed))
}

/// Receives the bytes with a server that uses FULL, with all cuts. Returns the output.
fn everywhere(bytes: &[u8]) -> Received {
    let run = |cuts: &[usize], buffers: &[usize]| {
        let mut out = Vec::new();
        let mut connection = server(DeflateParameters::DEFAULT);
        (receive(&mut connection, bytes, cuts, buffers, &mut eager(), &mut out), out)
    };
    let whole = run(&[], &[]);
    for cut in 1..bytes.len() {
        for buffer in [1, 2, 7] {
            assert_eq!(run(&[cut, bytes.len()], &[buffer]), whole, "cut at {cut}");
        }
    }
    assert_eq!(run(&[1], &[1]), whole);
    whole.0
}

/// Returns a client's frame, masked with zeros. `first` has FIN, RSV and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = payload.len();
    let header = match len {
        0..=125 => vec![first, 0x80 | len as u8],
        _ => [&[first, 0xFE], &(len as u16).to_be_bytes()[..]].concat(),
    };
    [&header, &[0; 4][..], payload].concat()
}

#[test]
fn messages_marked_by_rsv1_are_compressed_6_2() {
    let received = everywhere(
        &[
            frame(0xC1, &HELLO),
            frame(0x81, b"plain"),
            // Two fragments, as in §7.2.3.1, with a Ping between them.
            frame(0x41, &HELLO[..3]),
            frame(0x89, b"ping"),
            frame(0x80, &HELLO[3..]),
            frame(0xC2, &[0x00]),
            frame(0x82, b""),
            // The first and the last fragment are empty. The last byte of the payload is alone.
            frame(0x42, b""),
            frame(0x00, &HELLO[..6]),
            frame(0x00, b""),
            frame(0x80, &[0x00]),
            // This refers to the first message. Those in between were not compressed, or empty.
            frame(0xC1, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
        ]
        .concat(),
    );
    let expected: [(bool, &[u8]); 7] = [
        (true, b"Hello"),
        (true, b"plain"),
        (true, b"Hello"),
        (false, b""),
        (false, b""),
        (false, b"Hello"),
        (true, b"Hello"),
    ];
    assert_eq!(received.whole(), expected);
    assert_eq!(received.error, None);
    // Only the cut decides whether the third has begun. Here there is none.
    assert_eq!(received.control[0].1, b"ping");
}

#[test]
fn rsv1_belongs_on_the_first_frame_of_a_message_6_1() {
    let rsv1 = ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40));
    let cases: [(&[Vec<u8>], ProtocolError); 6] = [
        (&[frame(0x41, &HELLO[..3]), frame(0xC0, &HELLO[3..])], rsv1),
        (&[frame(0x01, b"Hel"), frame(0xC0, b"lo")], rsv1),
        (&[frame(0xC9, b"")], rsv1),
        (&[frame(0x41, &HELLO[..3]), frame(0xC8, b"")], rsv1),
        (&[frame(0xE1, &HELLO)], ProtocolError::UnexpectedRsv(Rsv::from_bits(0x20))),
        (
            &[frame(0x41, &HELLO[..3]), frame(0xC1, &HELLO)],
            ProtocolError::ExpectedContinuation(Opcode::Text),
        ),
    ];
    for (frames, error) in cases {
        assert_eq!(everywhere(&frames.concat()).error, Some(error));
    }
    // This is also true if bits of another extension are allowed on every frame, and whether the
    // opening handshake has allowed RSV1 or not.
    let rules = Rules::new(Role::Server).allow_rsv(Rsv::RSV2).allow_rsv_on_all_frames();
    for rules in [rules, rules.allow_rsv(Rsv::RSV1)] {
        let receive = |bytes: &[u8]| {
            let messages = MessageDecoder::with_rules(rules);
            let connection = Connection::with_message_decoder(messages, NoKeys);
            let mut ours = CompressedConnection::new(connection, Some(DeflateParameters::DEFAULT));
            receive(&mut ours, bytes, &[], &[], &mut eager(), &mut Vec::new())
        };
        for (frames, error) in cases {
            // RSV2 is allowed here.
            let expected = (frames[0][0] & 0x20 == 0).then_some(error);
            assert_eq!(receive(&frames.concat()).error, expected);
        }
        let ping_between =
            [frame(0x41, &HELLO[..3]), frame(0xA9, b""), frame(0xA0, &HELLO[3..])].concat();
        let received = receive(&ping_between);
        assert_eq!((received.whole(), received.error), (vec![(true, &b"Hello"[..])], None));
    }
    // Without negotiated compression, it is an error everywhere.
    let mut plain = CompressedConnection::new(Connection::server(), None);
    let mut out = Vec::new();
    let received = receive(&mut plain, &frame(0xC1, &HELLO), &[], &[], &mut eager(), &mut out);
    assert_eq!(received.error, Some(rsv1));
    plain.send("Hello", &mut eager(), &mut out).unwrap_err();
    assert_eq!(plain.context(), None);
}

#[test]
fn what_cannot_be_decompressed_fails_the_connection() {
    let utf8_cut = {
        let mut payload = Vec::new();
        Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
            .append(b"caf\xC3", &mut payload);
        payload
    };
    for (payload, code) in [
        (&[0xff, 0xff][..], 1007),
        (&HELLO[..6], 1007),
        (&[], 1007),
        (&[0xf2, 0x00, 0x11, 0x00, 0x00], 1007), // it refers to what was never sent
        (&utf8_cut, 1007),
    ] {
        for cuts in [&[][..], &[1]] {
            let mut out = Vec::new();
            let mut connection = server(DeflateParameters::DEFAULT);
            let bytes = [frame(0xC1, payload), frame(0xC1, &HELLO)].concat();
            let mut pool = eager();
            let received = receive(&mut connection, &bytes, cuts, &[3], &mut pool, &mut out);
            assert!(received.error.is_some(), "{payload:?}");
            assert_eq!(pool.idle_decompressors(), 1);
            assert!(received.messages.iter().all(|message| !message.2));
            let answer = CloseBody::decode(&out[2..]).unwrap().unwrap();
            assert_eq!((out[0], answer.code.get()), (0x88, code));
            assert_eq!(answer.reason, received.error.unwrap().section());
            // Later bytes are not read, and nothing is sent.
            assert!(connection.send("Hello", &mut eager(), &mut out).is_err());
        }
    }
}

#[test]
fn text_is_refused_at_the_first_piece_that_is_wrong() {
    let mut payload = Vec::new();
    let mut text = vec![b'a'; 100_000];
    text[50_000] = 0xFF;
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(&text, &mut payload);
    let mut out = Vec::new();
    let bytes = frame(0xC1, &payload);
    let mut connection = server(DeflateParameters::DEFAULT);
    let received = receive(&mut connection, &bytes, &[], &[1000], &mut eager(), &mut out);
    let Some(ProtocolError::InvalidUtf8(error)) = received.error else { panic!("{received:?}") };
    assert_eq!((error.offset(), received.messages[0].1.len()), (0, 50_000));
}

/// Text that is not validated arrives as a `Raw` event, compressed or not.
#[test]
fn text_is_not_validated_where_plain_text_is_not() {
    let wrong = b"caf\xC3 \xFF".repeat(30);
    let mut payload = Vec::new();
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(&wrong, &mut payload);
    let messages = MessageDecoder::new(Role::Server).validate_text(false);
    let mut ours = CompressedConnection::new(
        Connection::with_message_decoder(messages, NoKeys),
        Some(DeflateParameters::NO_TAKEOVER),
    );
    let mut bytes = [frame(0x81, &wrong), frame(0xC1, &payload), frame(0xC2, &HELLO)].concat();
    let (mut input, mut buf) = (&mut bytes[..], [0; 7]);
    let (mut messages, mut message) = (Vec::new(), Vec::new());
    while let Some(event) =
        ours.receive(&mut input, &mut buf, &mut eager(), &mut Vec::new()).unwrap()
    {
        let (raw, payload, first, last) = match event {
            Event::Raw(chunk) => {
                assert_eq!((chunk.opcode, chunk.rsv), (Opcode::Text, Rsv::NONE));
                (true, chunk.payload, chunk.first, chunk.last)
            }
            Event::Binary(chunk) => (false, chunk.payload, chunk.first, chunk.last),
            other => panic!("{other:?}"),
        };
        assert_eq!(first, message.is_empty());
        message.extend_from_slice(payload.unmask());
        if last {
            messages.push((raw, core::mem::take(&mut message)));
        }
    }
    let expected = [(true, wrong.clone()), (true, wrong), (false, b"Hello".to_vec())];
    assert_eq!(messages, expected);
}

#[test]
fn the_limit_is_exact_and_never_cuts_short() {
    let mut payload = Vec::new();
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(&[b'a'; 5000], &mut payload);
    assert!(payload.len() < 50);
    for (limit, fits) in [(5000, true), (4999, false), (u32::MAX, true), (50, false)] {
        for buffer in [1, 999, 1000, 5000, 5001, 9999] {
            let mut pool = Pool::new(Config::default());
            let mut out = Vec::new();
            let connection = Connection::server().limits(Limits::DEFAULT.max_message_size(limit));
            let mut connection =
                CompressedConnection::new(connection, Some(DeflateParameters::NO_TAKEOVER));
            let bytes = [frame(0xC2, &payload), frame(0xC2, &payload)].concat();
            let received = receive(&mut connection, &bytes, &[], &[buffer], &mut pool, &mut out);
            if fits {
                assert_eq!(received.error, None);
                assert_eq!(received.whole(), [(false, &[b'a'; 5000][..]); 2]);
                // No memory is kept between messages.
                assert_eq!(pool.idle_decompressors(), 1);
            } else {
                let error = ProtocolError::MessageTooLong(u64::from(limit) + 1);
                assert_eq!(received.error, Some(error));
                assert_eq!(out[2..4], CloseCode::TOO_BIG.get().to_be_bytes());
                assert!(received.messages.iter().all(|message| !message.2));
            }
        }
    }
}

#[test]
fn a_bomb_is_decompressed_no_further_than_it_is_asked_for() {
    let mut payload = Vec::new();
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(&vec![0; 40 << 20], &mut payload);
    assert!(payload.len() < 1 << 16);
    let mut bytes = frame(0xC2, &payload);
    let (mut pool, mut buf, mut out) = (eager(), [0; 1024], Vec::new());
    let mut connection = server(DeflateParameters::DEFAULT);
    let counted = measure(|| {
        let mut input = &mut bytes[..];
        for _ in 0..100 {
            let event = connection.receive(&mut input, &mut buf, &mut pool, &mut out).unwrap();
            assert!(matches!(event, Some(Event::Binary(chunk)) if chunk.payload.len() == 1024));
        }
        assert!(input.len() > 39_000);
    });
    assert!(counted.bytes_max < 50 << 10, "{counted:?}");
}

#[test]
fn a_close_ends_a_message_that_is_open() {
    let bytes = [
        frame(0x41, &HELLO[..3]),
        frame(0x88, &[&1000u16.to_be_bytes()[..], b"enough"].concat()),
        frame(0x80, &HELLO[3..]),
        frame(0xFF, b"anything"),
    ]
    .concat();
    let mut out = Vec::new();
    let mut connection = server(DeflateParameters::DEFAULT);
    let received = receive(&mut connection, &bytes, &[1], &[1], &mut eager(), &mut out);
    assert_eq!((received.error, received.control.len()), (None, 1));
    assert!(received.messages.iter().all(|message| !message.2));
    assert_eq!(out, [0x88, 2, 0x03, 0xE8]);
    assert_eq!(connection.connection().close_code(), Some(CloseCode::NORMAL));
}

#[test]
fn nothing_is_lost_when_the_output_is_full() {
    let bytes = [
        frame(0x41, &HELLO[..3]),
        frame(0x89, &[b'p'; 100]),
        frame(0x89, &[b'q'; 100]),
        frame(0x80, &HELLO[3..]),
    ]
    .concat();
    let (mut connection, mut pool) = (server(DeflateParameters::DEFAULT), eager());
    let (mut room, mut buf, mut bytes) = ([0; 131], [0; 64], bytes);
    let mut out = SliceOutput::new(&mut room);
    let mut input = &mut bytes[..];
    let (mut received, mut times_full) = (Received::default(), 0);
    loop {
        match connection.receive(&mut input, &mut buf, &mut pool, &mut out) {
            Ok(Some(event)) => received.event(event),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error, ReceiveError::OutputFull);
                times_full += 1;
                out.consume(usize::MAX);
            }
        }
    }
    assert_eq!((received.whole(), times_full), (vec![(true, &b"Hello"[..])], 1));
    assert_eq!(received.control.len(), 2);
}

#[test]
fn a_bounded_output_takes_a_message_or_nothing() {
    let message = "{\"price\":42.1875} ".repeat(20);
    // The documentation of `send` promises this.
    let most = MAX_HEADER_LEN + message.len() + message.len() / 8 + 64;
    for takeover in [true, false] {
        let context = DeflateContext { takeover, ..DeflateContext::DEFAULT };
        let agreed = DeflateParameters { server: context, client: context };
        let (mut sender, mut receiver, mut pool) = (server(agreed), client(agreed), eager());
        for room_len in (0..600).step_by(50).chain([most - 1, most]) {
            let mut room = vec![0; room_len];
            let mut out = SliceOutput::new(&mut room);
            match sender.send(&*message, &mut pool, &mut out) {
                Ok(()) => assert!(room_len >= most && out.bytes().len() < 60),
                Err(EncodeError::NoRoom { needed }) => {
                    assert!(out.bytes().is_empty() && room_len < needed);
                    assert_eq!(needed, most);
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            // A message that was not sent does not affect the next one.
            let sent = out.bytes().to_vec();
            let received = receive(&mut receiver, &sent, &[], &[], &mut pool, &mut Vec::new());
            assert_eq!(received.whole(), [(true, message.as_bytes())]);
        }
    }
}

#[test]
fn short_messages_and_those_that_do_not_shrink_go_out_plain() {
    let config = Config::default(); // 64 bytes with context takeover, else 256
    let mut state = 1u32;
    let noise = [(); 1000].map(|()| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    });
    for (agreed, len, text, rsv1) in [
        (DeflateParameters::DEFAULT, 63, true, false),
        (DeflateParameters::DEFAULT, 64, true, true),
        (DeflateParameters::NO_TAKEOVER, 255, true, false),
        (DeflateParameters::NO_TAKEOVER, 256, true, true),
        (DeflateParameters::NO_TAKEOVER, 1000, false, false),
        // The peer's context needs the bytes that this side's context has.
        (DeflateParameters::DEFAULT, 1000, false, true),
    ] {
        let mut out = Vec::new();
        let letters = "a".repeat(len);
        let message = if text { MessageData::Text(&letters) } else { MessageData::Binary(&noise) };
        server(agreed).send(message, &mut Pool::new(config), &mut out).unwrap();
        assert_eq!(out[0], if text { 0x81 } else { 0x82 } | if rsv1 { 0x40 } else { 0 }, "{len}");
    }
    // The length of a message in fragments is not known in advance.
    let (mut out, mut connection) = (Vec::new(), server(DeflateParameters::DEFAULT));
    let mut pool = Pool::new(config);
    connection.send_fragment("a", false, &mut pool, &mut out).unwrap();
    assert_eq!(out[0], 0x41);
    let start = out.len();
    connection.send("b", &mut pool, &mut Vec::new()).unwrap_err();
    connection.send_fragment(b"b", true, &mut pool, &mut Vec::new()).unwrap_err();
    connection.send_fragment("b", true, &mut pool, &mut out).unwrap();
    assert_eq!(out[start], 0x80);
    connection.send_fragment("c", true, &mut pool, &mut out).unwrap();
    let received = receive(
        &mut client(DeflateParameters::DEFAULT),
        &out,
        &[],
        &[],
        &mut pool,
        &mut Vec::new(),
    );
    assert_eq!(received.whole(), [(true, &b"ab"[..]), (true, b"c")]);
}

#[test]
fn a_broadcast_goes_between_messages_of_the_connection() {
    let message = "{\"tick\":1}".repeat(50);
    let (mut sender, mut receiver) =
        (server(DeflateParameters::DEFAULT), client(DeflateParameters::DEFAULT));
    let (mut pool, mut out) = (eager(), Vec::new());
    let news = "[\"tock\",2]".repeat(61);
    let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    let broadcast = Broadcast::new(news.as_bytes(), &mut compressor, pool.config());
    let frame =
        |(rsv, payload)| FrameEncoder::new(Opcode::Text).rsv(rsv).encode_to_arc(payload).unwrap();

    sender.send(&*message, &mut pool, &mut out).unwrap();
    let form = sender.broadcast(&broadcast, &mut pool).unwrap();
    assert_eq!(form.0, Rsv::RSV1);
    out.extend_from_slice(&frame(form));
    sender.send(&*message, &mut pool, &mut out).unwrap();
    // With context takeover, a frame that does not release the compressor is not compressed.
    out.extend_from_slice(&frame(broadcast.payload(sender.context())));
    sender.send(&*message, &mut pool, &mut out).unwrap();
    let received = receive(&mut receiver, &out, &[5], &[9], &mut pool, &mut Vec::new());
    let (message, news) = ((true, message.as_bytes()), (true, news.as_bytes()));
    assert_eq!(received.whole(), [message, news, message, news, message]);

    // If it cannot be sent, nothing is released.
    sender.send_fragment("begun", false, &mut pool, &mut out).unwrap();
    let refused = sender.broadcast(&broadcast, &mut pool);
    assert_eq!(refused, Err(EncodeError::ExpectedContinuation(Opcode::Text)));
    sender.send_fragment("", true, &mut pool, &mut out).unwrap();
    sender.connection_mut().close(None, &mut out).unwrap();
    let refused = sender.broadcast(&broadcast, &mut pool);
    assert_eq!(refused, Err(EncodeError::FrameAfterClose));
    let mut plain = CompressedConnection::new(Connection::server(), None);
    assert_eq!(plain.broadcast(&broadcast, &mut pool), Ok((Rsv::NONE, news.1)));
}

#[test]
fn idle_connections_return_memory_to_the_pool() {
    // The module's documentation promises this.
    assert!(size_of::<CompressedConnection>() <= 168, "{}", size_of::<CompressedConnection>());
    let message = "Hello ".repeat(100);
    for (agreed, kept) in [(DeflateParameters::DEFAULT, 0), (DeflateParameters::NO_TAKEOVER, 1)] {
        let (mut sender, mut receiver, mut pool) = (client(agreed), server(agreed), eager());
        let mut out = Vec::new();
        // A fragmented message keeps its compressor until its end.
        sender.send_fragment(&*message, false, &mut pool, &mut out).unwrap();
        sender.release(&mut pool);
        assert_eq!(pool.idle_compressors(), 0);
        sender.send_fragment(&*message, true, &mut pool, &mut out).unwrap();
        assert_eq!(pool.idle_compressors(), kept);
        receive(&mut receiver, &out, &[], &[], &mut pool, &mut Vec::new());
        assert_eq!(pool.idle_decompressors(), kept);
        sender.release(&mut pool);
        assert_eq!(pool.idle_compressors(), 1);
        receiver.recycle(&mut pool);
        assert_eq!(pool.idle_decompressors(), 1);
    }
}

/// The buffer of a payload is used again for the next one, unless it was long.
#[test]
fn a_pool_keeps_memory_for_short_payloads_alone() {
    let (mut sender, mut pool) = (server(DeflateParameters::DEFAULT), eager());
    let mut out = Vec::with_capacity(1 << 20);
    sender.send("Hello", &mut pool, &mut out).unwrap();
    let counted = measure(|| sender.send("Hello", &mut pool, &mut out).unwrap());
    assert_eq!(counted.count_total, 0);

    let long = [0; 200_000];
    let counted = measure(|| sender.send(&long[..], &mut pool, &mut out).unwrap());
    assert!(counted.count_total > 0 && counted.bytes_current <= 0);
}

#[test]
#[should_panic(expected = "`buf` must not be empty")]
fn an_empty_buffer_panics() {
    let mut bytes = frame(0xC1, &HELLO);
    let _ = server(DeflateParameters::DEFAULT).receive(
        &mut &mut bytes[..],
        &mut [],
        &mut eager(),
        &mut Vec::new(),
    );
}

/// A message to send: whether it is text, its fragments, and whether a Ping is before each.
#[derive(Clone, Debug)]
struct Sent {
    text: bool,
    fragments: Vec<Vec<u8>>,
    pings: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let fragment = (0..400usize, any::<u8>(), 1..20u8).prop_map(|(len, seed, period)| {
        (0..len).map(|i| b'a' + ((i as u8 % period) ^ seed) % 26).collect()
    });
    (any::<bool>(), prop::collection::vec(fragment, 1..4), any::<bool>())
        .prop_map(|(text, fragments, pings)| Sent { text, fragments, pings })
}

/// Sends everything to one side, which must receive it.
fn arrives<K: MaskingKeys, L: MaskingKeys>(
    mut from: CompressedConnection<K>,
    mut to: CompressedConnection<L>,
    config: Config,
    all: &[Sent],
    cuts: &[usize],
    buffers: &[usize],
) {
    let (mut pool, mut out, mut pings) = (Pool::new(config), Vec::new(), 0);
    for sent in all {
        for (index, fragment) in sent.fragments.iter().enumerate() {
            let last = index + 1 == sent.fragments.len();
            if sent.pings {
                from.connection_mut().ping(b"between", &mut out).unwrap();
                pings += 1;
            }
            let data = if sent.text {
                MessageData::Text(std::str::from_utf8(fragment).unwrap())
            } else {
                MessageData::Binary(fragment)
            };
            from.send_fragment(data, last, &mut pool, &mut out).unwrap();
        }
    }
    let mut replies = Vec::new();
    let received = receive(&mut to, &out, cuts, buffers, &mut pool, &mut replies);
    assert_eq!(received.error, None);
    let expected: Vec<_> = all.iter().map(|sent| (sent.text, sent.fragments.concat())).collect();
    let whole = received.whole();
    assert_eq!(whole, expected.iter().map(|(text, all)| (*text, &all[..])).collect::<Vec<_>>());
    assert_eq!(received.control.len(), pings);
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn all_that_is_sent_arrives(
        server_context in any::<u8>(),
        client_context in any::<u8>(),
        all in prop::collection::vec(sent(), 1..12),
        cuts in prop::collection::vec(0..300usize, 0..4),
        buffers in prop::collection::vec(0..500usize, 0..4),
        threshold in prop::sample::select(&[0, 64, 300][..]),
        level in 0..10u8,
        memory in 1..10u8,
    ) {
        let agreed = DeflateParameters {
            server: deflate::context(server_context),
            client: deflate::context(client_context),
        };
        let effort = CompressorOptions::DEFAULT.level(level).memory(memory);
        let config = Config::new(agreed).threshold(threshold).compressor_options(effort);
        arrives(client(agreed), server(agreed), config, &all, &cuts, &buffers);
        arrives(server(agreed), client(agreed), config, &all, &cuts, &buffers);
    }

    /// [`Compressor::append_fragment`] promises this, and `send_fragment` relies on it.
    #[test]
    fn a_fragment_becomes_longer_by_an_eighth_at_most(
        context in any::<u8>(),
        fragments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 1..5),
        level in 0..10u8,
        memory in 1..10u8,
    ) {
        let effort = CompressorOptions::DEFAULT.level(level).memory(memory);
        let mut compressor = Compressor::new(deflate::context(context), effort);
        for fragment in &fragments {
            let most = fragment.len() + fragment.len() / 8 + 64;
            let mut payload = Vec::new();
            compressor.append_fragment(fragment, &mut payload);
            prop_assert!(payload.len() <= most);
        }
        let mut payload = Vec::new();
        compressor.append(&fragments[0], &mut payload);
        prop_assert!(payload.len() <= fragments[0].len() + fragments[0].len() / 8 + 64);
    }
}

/// An output that refuses frames unless the flag is set, although it reports capacity.
struct Unreliable(Vec<u8>, bool);

impl Output for Unreliable {
    fn pending(&self) -> usize {
        self.0.len()
    }

    fn remaining_capacity(&self) -> usize {
        usize::MAX
    }

    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        if self.1 {
            Output::append(&mut self.0, frame, payload)
        } else {
            Err(EncodeError::NoRoom { needed: 1 })
        }
    }
}

/// No message refers to bytes that the peer has not received, and a refused fragment can be sent
/// again.
#[test]
fn a_refused_message_leaves_no_trace() {
    for agreed in [DeflateParameters::DEFAULT, DeflateParameters::NO_TAKEOVER] {
        let (mut sender, mut receiver, mut pool) = (server(agreed), client(agreed), eager());
        let mut out = Unreliable(Vec::new(), true);
        let (one, other) = ("{\"price\":42.1875} ".repeat(9), "[\"side\",\"buy\"] ".repeat(9));
        sender.send(&*one, &mut pool, &mut out).unwrap();
        out.1 = false;
        sender.send(&*other, &mut pool, &mut out).unwrap_err();
        sender.send_fragment(&*other, false, &mut pool, &mut out).unwrap_err();
        out.1 = true;
        sender.send(&*other, &mut pool, &mut out).unwrap();
        sender.send_fragment(&*one, false, &mut pool, &mut out).unwrap();
        for (fragment, fin) in [("not that", false), ("nor that", true), ("", true)] {
            out.1 = false;
            sender.send_fragment(fragment, fin, &mut pool, &mut out).unwrap_err();
        }
        out.1 = true;
        sender.send_fragment(&*other, false, &mut pool, &mut out).unwrap();
        sender.send_fragment("!", true, &mut pool, &mut out).unwrap();
        sender.send(&*one, &mut pool, &mut out).unwrap();

        let received = receive(&mut receiver, &out.0, &[], &[], &mut pool, &mut Vec::new());
        assert_eq!(received.error, None);
        let both = [&one, &other, "!"].concat();
        let expected = [&one, &other, &both, &one].map(|text| (true, text.as_bytes()));
        assert_eq!(received.whole(), expected);
    }
}

/// The connection's limit on messages also applies to decompressed lengths.
#[test]
fn a_connection_has_one_limit_for_messages_of_both_kinds() {
    let mut payload = Vec::new();
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(&[b'a'; 3000], &mut payload);
    let bytes = [frame(0xC2, &payload), frame(0xC2, &payload)].concat();
    // All connections share a pool, but not the limit.
    let mut pool = Pool::new(Config::default());
    for limit in [u32::MAX, 3000, 2999, u32::MAX, 2000, 0] {
        let connection = Connection::server().limits(Limits::DEFAULT.max_message_size(limit));
        let mut ours = CompressedConnection::new(connection, Some(DeflateParameters::NO_TAKEOVER));
        let received = receive(&mut ours, &bytes, &[], &[], &mut pool, &mut Vec::new());
        if limit >= 3000 {
            assert_eq!((received.error, received.whole().len()), (None, 2));
        } else {
            let error = ProtocolError::MessageTooLong(u64::from(limit) + 1);
            assert_eq!(received.error, Some(error));
        }
        ours.recycle(&mut pool);
    }
}

/// A connection over a decoder with limits of its own.
#[test]
fn the_limit_on_what_arrives_holds_besides() {
    let connection = Connection::server().limits(Limits::DEFAULT.max_frame_size(6));
    let mut connection = CompressedConnection::new(connection, Some(DeflateParameters::DEFAULT));
    let mut out = Vec::new();
    let received = receive(&mut connection, &frame(0xC1, &HELLO), &[], &[], &mut eager(), &mut out);
    assert_eq!(received.error, Some(ProtocolError::FrameTooLong(7)));
}

/// Without compression, and in a message that began without it, fragments are sent uncompressed.
#[test]
fn a_connection_without_compression_sends_fragments_plain() {
    let plain = b"\x01\x04aaaa\x80\x04aaaa";
    let mut connection = CompressedConnection::new(Connection::server(), None);
    let mut out = Vec::new();
    connection.send_fragment("aaaa", false, &mut eager(), &mut out).unwrap();
    connection.send_fragment("aaaa", true, &mut eager(), &mut out).unwrap();
    assert_eq!(out, plain);

    let mut connection = server(DeflateParameters::DEFAULT);
    out.clear();
    connection.connection_mut().send_fragment("aaaa", false, &mut out).unwrap();
    connection.send_fragment("aaaa", true, &mut eager(), &mut out).unwrap();
    assert_eq!(out, plain);
}

#[test]
fn compressed_len_counts_the_bytes_that_receive_decompresses() {
    let bytes = [frame(0x41, &HELLO[..3]), frame(0x89, b"hi"), frame(0x80, &HELLO[3..])].concat();
    let mut connection = server(DeflateParameters::DEFAULT);
    // The first byte shows that the message is compressed. Six header bytes come before the payload.
    assert_eq!(connection.compressed_len(b""), None);
    for end in 1..bytes.len() {
        assert_eq!(connection.compressed_len(&bytes[..end]), Some(end.saturating_sub(6).min(3)));
    }
    // Inside a frame, and inside the message.
    let (mut first, mut buf, mut pool) = (bytes[..7].to_vec(), [0; 100], eager());
    let mut input = &mut first[..];
    connection.receive(&mut input, &mut buf, &mut pool, &mut Vec::new()).unwrap();
    assert_eq!(connection.compressed_len(&bytes[7..8]), Some(1));
    assert_eq!(connection.compressed_len(&bytes[7..]), Some(2));
    // What was located and not decompressed yet, because the buffer was full.
    let (mut rest, mut buf) = (bytes[7..].to_vec(), [0; 1]);
    let mut input = &mut rest[..];
    while let Some(event) =
        connection.receive(&mut input, &mut buf, &mut pool, &mut Vec::new()).unwrap()
    {
        let is_last = matches!(event, Event::Text(chunk) if chunk.last);
        assert_eq!(connection.compressed_len(input).is_none(), is_last);
    }
    // A plain message, and a connection without compression.
    assert_eq!(connection.compressed_len(&frame(0x81, b"Hello")), None);
    let plain = CompressedConnection::new(Connection::server(), None);
    assert_eq!(plain.compressed_len(&bytes), None);
}

/// A context that was given back does not know what came before.
#[test]
fn a_recycled_connection_returns_compressed_messages_as_they_are() {
    let bytes = [frame(0x41, &HELLO[..3]), frame(0x80, &HELLO[3..]), frame(0xC1, &HELLO)].concat();
    for first_len in [0, 6 + 3] {
        let (mut connection, mut pool) = (server(DeflateParameters::DEFAULT), eager());
        let (mut bytes, mut buf, mut out) = (bytes.clone(), [0; 100], Vec::new());
        let (first, rest) = bytes.split_at_mut(first_len);
        let mut first = first;
        while connection.receive(&mut first, &mut buf, &mut pool, &mut out).unwrap().is_some() {}
        connection.recycle(&mut pool);
        let mut rest = rest;
        let mut received = Vec::new();
        while let Some(event) =
            connection.receive(&mut rest, &mut buf, &mut pool, &mut out).unwrap()
        {
            let Event::Raw(chunk) = event else { panic!("{event:?}") };
            received.push((chunk.rsv, chunk.payload.unmask().to_vec()));
        }
        let expected = [&HELLO[..3], &HELLO[3..], &HELLO].map(|raw| (Rsv::RSV1, raw.to_vec()));
        assert_eq!(received, expected[usize::from(first_len > 0)..]);
        // It sends everything plain, and the contexts are in the pool.
        connection.send(&*"Hello ".repeat(100), &mut pool, &mut out).unwrap();
        assert_eq!(out[0], 0x81);
        assert_eq!(pool.idle_decompressors(), usize::from(first_len > 0));
    }
}

/// The decompressor of a message that will not end is free for others.
#[test]
fn a_failed_connection_gives_its_decompressor_back() {
    let bytes = [frame(0x41, &HELLO[..3]), frame(0x81, b"no continuation")].concat();
    let (mut connection, mut pool) = (server(DeflateParameters::DEFAULT), eager());
    let received = receive(&mut connection, &bytes, &[], &[], &mut pool, &mut Vec::new());
    assert_eq!(received.error, Some(ProtocolError::ExpectedContinuation(Opcode::Text)));
    assert_eq!(pool.idle_decompressors(), 1);
}

#[test]
#[cfg(feature = "std")]
fn connections_on_several_threads_share_a_pool() {
    let pool = SharedPool::new(Config::new(DeflateParameters::NO_TAKEOVER).max_idle(2));
    let text = "Hello ".repeat(100);
    let talk = |mut pool: SharedPool| {
        let agreed = DeflateParameters::NO_TAKEOVER;
        let (mut sender, mut receiver) = (client(agreed), server(agreed));
        let (mut out, mut buf) = (Vec::new(), vec![0; text.len() + 1]);
        for _ in 0..100 {
            out.clear();
            sender.send(&*text, &mut pool, &mut out).unwrap();
            assert!(out.len() < 50);
            let mut input = &mut out[..];
            let event = receiver.receive(&mut input, &mut buf, &mut pool, &mut Vec::new());
            let Ok(Some(Event::Text(chunk))) = event else { panic!("{event:?}") };
            assert_eq!(chunk.text.as_bytes(), text.as_bytes());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| talk(pool.clone()));
        }
    });
    let idle = pool.clone().with_pool(|pool| (pool.idle_compressors(), pool.idle_decompressors()));
    assert!((1..=2).contains(&idle.0) && (1..=2).contains(&idle.1), "{idle:?}");
}
