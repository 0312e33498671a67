//! Compressed messages in codecs: they arrive as sent, with any cuts and within the limit, and an
//! invalid one fails the connection.
#![cfg(all(feature = "deflate", feature = "tokio"))]

use crate::support;
use crate::support::deflate;

use core::pin::Pin;
use core::task::{Context as TaskContext, Poll, Waker};

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, Stream, StreamExt};
use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, duplex};
use tokio_util::codec::{Decoder, Encoder};
use wsframe::codec::{CodecError, MessageCodec};
use wsframe::deflate::{
    Broadcast, Compressor, CompressorOptions, Config, ContextPool, DeflateContext,
    DeflateParameters, SharedPool,
};
use wsframe::stream::WebSocketStream;
use wsframe::{
    CloseBody, CloseCode, Connection, EncodeError, FrameEncoder, Limits, MaskingKey, MaskingKeys,
    Message, MessageDecoder, NoKeys, Opcode, ProtocolError, Role, Rsv, Rules, TransportAction,
};

/// "Hello", of RFC 7692 §7.2.3.1.
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

fn key() -> MaskingKey {
    MaskingKey::new([0x37, 0xFA, 0x21, 0x3D])
}

fn server(agreed: DeflateParameters, pool: impl Into<SharedPool>) -> MessageCodec {
    MessageCodec::new(Connection::server()).deflate(Some(agreed), pool)
}

/// Returns a server's codec with this limit on messages.
fn limited(max_message_size: u32) -> MessageCodec {
    let limits = Limits::DEFAULT.max_message_size(max_message_size);
    let connection = Connection::server().limits(limits);
    MessageCodec::new(connection).deflate(Some(DeflateParameters::DEFAULT), Config::default())
}

fn client(
    agreed: DeflateParameters,
    pool: impl Into<SharedPool>,
) -> MessageCodec<fn() -> MaskingKey> {
    MessageCodec::new(Connection::client(key as fn() -> MaskingKey)).deflate(Some(agreed), pool)
}

/// Returns a client's frame. `first` has FIN, RSV and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let opcode = match first & 0x0F {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        _ => Opcode::Ping,
    };
    let encoder = FrameEncoder::new(opcode).fin(first & 0x80 != 0).rsv(Rsv::from_bits(first));
    let mut frame = Vec::new();
    encoder.masking_key(key()).encode_to_vec(payload, &mut frame).unwrap();
    frame
}

/// Returns the payload of a compressed message.
fn compressed(message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(message, &mut payload);
    payload
}

/// Returns bytes that cannot be compressed.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    core::iter::repeat_with(next).take(len).collect()
}

/// Decodes these bytes in pieces. Returns all messages, and the error that ends the stream.
fn decode<K: MaskingKeys>(
    codec: &mut MessageCodec<K>,
    bytes: &[u8],
    cuts: &[usize],
) -> (Vec<Message>, Option<ProtocolError>) {
    let (mut input, mut messages) = (BytesMut::new(), Vec::new());
    for piece in deflate::pieces(bytes, cuts) {
        input.extend_from_slice(piece);
        loop {
            match codec.decode(&mut input) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(CodecError::Protocol(error)) => return (messages, Some(error)),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    (messages, None)
}

/// Messages of every kind, compressed and uncompressed, with control frames within them.
fn conversation() -> (Vec<u8>, Vec<Message>) {
    let euro = compressed("ein € mehr".as_bytes());
    let (before, after) = euro.split_at(6);
    let stream = [
        frame(0xC1, &HELLO),
        frame(0x81, b"plain"),
        frame(0x41, &HELLO[..3]),
        frame(0x89, b"ping"),
        frame(0x80, &HELLO[3..]),
        frame(0xC2, &[0x00]),
        frame(0x82, b""),
        frame(0x02, b"pl"),
        frame(0x80, b"ain"),
        // The first and the last fragment are empty. The last byte of the payload is alone.
        frame(0x42, b""),
        frame(0x00, &HELLO[..6]),
        frame(0x89, b""),
        frame(0x00, b""),
        frame(0x80, &[0x00]),
        // This refers to earlier messages.
        frame(0xC1, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
        frame(0x41, before),
        frame(0x80, after),
        frame(0x88, b"\x03\xE8bye"),
        frame(0xC1, &HELLO),
    ]
    .concat();
    let messages = vec![
        Message::text("Hello"),
        Message::text("plain"),
        Message::Ping("ping".into()),
        Message::text("Hello"),
        Message::binary(""),
        Message::binary(""),
        Message::binary("plain"),
        Message::Ping(Bytes::new()),
        Message::binary("Hello"),
        Message::text("Hello"),
        Message::text("ein € mehr"),
        Message::close(CloseCode::NORMAL, "bye"),
    ];
    (stream, messages)
}

#[test]
fn messages_marked_by_rsv1_come_decompressed_wherever_they_are_cut() {
    let (stream, expected) = conversation();
    for cut in 0..stream.len() {
        let mut codec = server(DeflateParameters::DEFAULT, Config::default());
        assert_eq!(decode(&mut codec, &stream, &[cut, stream.len()]), (expected.clone(), None));
        // Both Pings arrive before anything is sent. If both wait, only the last is answered.
        assert_eq!(&codec.take_replies()[..], b"\x8A\x00\x88\x02\x03\xE8");
    }
    let mut codec = server(DeflateParameters::DEFAULT, Config::default());
    assert_eq!(decode(&mut codec, &stream, &[1]), (expected, None));
    assert_eq!(codec.connection().transport_action(), TransportAction::Close);
}

/// Polls the future of `next` once, and drops it.
fn next_or_drop<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut TaskContext::from_waker(Waker::noop()))
}

/// At every byte of the stream, a future of the reader is polled and dropped.
#[tokio::test]
async fn a_reader_that_is_dropped_loses_nothing() {
    let (stream, expected) = conversation();
    let (mut peer, io) = duplex(1 << 10);
    let mut ours = WebSocketStream::new(io, Connection::server())
        .deflate(Some(DeflateParameters::DEFAULT), Config::default());
    let mut found = Vec::new();
    for &byte in &stream {
        if found.len() == expected.len() {
            break;
        }
        assert!(next_or_drop(&mut ours).is_pending());
        peer.write_all(&[byte]).await.unwrap();
        while let Poll::Ready(Some(message)) = next_or_drop(&mut ours) {
            found.push(message.unwrap());
        }
    }
    assert_eq!(found, expected);
}

/// This includes bytes that arrived together with the handshake.
#[tokio::test]
async fn two_streams_talk_in_all_contexts() {
    let messages = [
        Message::text("{\"price\":42.1875,\"side\":\"buy\"} ".repeat(100)),
        Message::binary(vec![7; 100_000]),
        Message::text("short"),
        Message::text("{\"price\":42.1875,\"side\":\"sell\"} ".repeat(100)),
    ];
    let pool = SharedPool::new(Config::default());
    for context in deflate::contexts() {
        let agreed = Some(DeflateParameters { server: context, client: context });
        let (client_io, server_io) = duplex(100);
        let mut client =
            WebSocketStream::new(client_io, Connection::client(key)).deflate(agreed, pool.clone());
        let mut early = BytesMut::new();
        let mut codec = MessageCodec::new(Connection::client(key)).deflate(agreed, pool.clone());
        codec.encode(messages[0].clone(), &mut early).unwrap();
        assert!(early.len() < 300, "{}", early.len());
        let mut server =
            WebSocketStream::from_partially_read(server_io, Connection::server(), early)
                .deflate(agreed, pool.clone());
        let echo = async {
            while let Some(message) = server.next().await {
                if let echo @ (Message::Text(_) | Message::Binary(_)) = message.unwrap() {
                    server.send(echo).await.unwrap();
                }
            }
        };
        let talk = async {
            assert_eq!(client.next().await.unwrap().unwrap(), messages[0]);
            for message in &messages {
                client.send(message.clone()).await.unwrap();
                assert_eq!(client.next().await.unwrap().unwrap(), *message);
            }
            client.close().await.unwrap();
            while let Some(message) = client.next().await {
                message.unwrap();
            }
        };
        tokio::join!(echo, talk);
    }
}

#[test]
fn what_cannot_be_decompressed_fails_the_connection() {
    let wrong_text = compressed(b"caf\xC3");
    let cases: [(&[u8], bool, u16); 6] = [
        (&[0xff, 0xff], false, 1007),
        (&HELLO[..6], false, 1007),
        (&[], false, 1007),
        (&[0xf2, 0x00, 0x11, 0x00, 0x00], false, 1007), // it refers to what was never sent
        (&wrong_text, true, 1007),
        (&compressed(&[b'a'; 1001]), false, 1009),
    ];
    for (payload, text, code) in cases {
        for cuts in [&[][..], &[1], &[7, 1000]] {
            let mut codec = limited(1000);
            let first = if text { 0xC1 } else { 0xC2 };
            let bytes =
                [frame(0x81, b"first"), frame(first, payload), frame(0xC1, &HELLO)].concat();
            let (messages, error) = decode(&mut codec, &bytes, cuts);
            assert_eq!(messages, [Message::text("first")]);
            let error = error.expect("it is wrong");
            let answer = codec.take_replies();
            let body = CloseBody::decode(&answer[2..]).unwrap().unwrap();
            assert_eq!((answer[0], body.code.get(), body.reason), (0x88, code, error.section()));

            // The error is sticky, even if a valid message follows, and nothing is sent.
            assert_eq!(codec.connection().error(), Some(error));
            assert_eq!(codec.connection().transport_action(), TransportAction::Close);
            assert_eq!(decode(&mut codec, &frame(0xC1, &HELLO), &[]), (vec![], Some(error)));
            assert!(!codec.has_replies(), "one Close is enough");
            let sent = codec.encode(Message::text("a".repeat(100)), &mut BytesMut::new());
            let after_close = EncodeError::FrameAfterClose;
            assert!(matches!(sent, Err(CodecError::Encode(error)) if error == after_close));
        }
    }
}

#[test]
fn texts_of_errors() {
    let long = |fragments: &[&[u8]]| {
        let mut codec = limited(4);
        decode(&mut codec, &fragments.concat(), &[]).1
    };
    let too_long = Some(ProtocolError::MessageTooLong(5));
    assert_eq!(long(&[&frame(0xC1, &HELLO)]), too_long);
    assert_eq!(long(&[&frame(0x41, &HELLO[..6]), &frame(0x80, &HELLO[6..])]), too_long);
    assert_eq!(long(&[&frame(0xC1, &HELLO[..2])]), Some(ProtocolError::TruncatedDeflate));
    assert_eq!(long(&[&frame(0xC1, &[0xff])]), Some(ProtocolError::InvalidDeflate));
    // The limit of the connection applies too.
    let messages = MessageDecoder::new(Role::Server).limits(Limits::DEFAULT.max_message_size(2000));
    let connection = Connection::with_message_decoder(messages, NoKeys);
    let mut limited =
        MessageCodec::new(connection).deflate(Some(DeflateParameters::DEFAULT), Config::default());
    let bomb = frame(0xC2, &compressed(&vec![0; 1 << 20]));
    let error = ProtocolError::MessageTooLong(2001);
    assert_eq!(decode(&mut limited, &bomb, &[]), (vec![], Some(error)));
    // RSV1 belongs on the first frame of a message, and is an error without negotiated compression.
    let rsv1 = Some(ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40)));
    assert_eq!(long(&[&frame(0x41, &HELLO[..3]), &frame(0xC0, &HELLO[3..])]), rsv1);
    let rules = Rules::new(Role::Server).allow_rsv(Rsv::RSV2).allow_rsv_on_all_frames();
    for fragments in
        [[frame(0x41, &HELLO[..3]), frame(0xC0, b"")], [frame(0x01, b"a"), frame(0xC0, b"")]]
    {
        let messages = MessageDecoder::with_rules(rules);
        let mut codec = MessageCodec::new(Connection::with_message_decoder(messages, NoKeys))
            .deflate(Some(DeflateParameters::DEFAULT), Config::default());
        assert_eq!(decode(&mut codec, &fragments.concat(), &[]), (vec![], rsv1));
    }
    let mut plain = MessageCodec::new(Connection::server()).deflate(None, Config::default());
    assert_eq!(decode(&mut plain, &frame(0xC1, &HELLO), &[]).1, rsv1);
    // Any broken rule ends an open message.
    let unmasked = [&frame(0x41, &HELLO[..3])[..], b"\x80\x00"];
    assert_eq!(long(&unmasked), Some(ProtocolError::UnmaskedByClient));
    let other = [&frame(0x41, &HELLO[..3])[..], &frame(0x81, b"plain")];
    assert_eq!(long(&other), Some(ProtocolError::ExpectedContinuation(Opcode::Text)));
}

#[test]
fn text_is_refused_before_its_message_ends() {
    let payload = compressed(&[&b"a\xFF"[..], &[b'a'; 5000]].concat());
    let (first, _) = payload.split_at(payload.len() - 4);
    let mut codec = server(DeflateParameters::DEFAULT, Config::default());
    let (_, error) = decode(&mut codec, &frame(0x41, first), &[]);
    assert!(matches!(error, Some(ProtocolError::InvalidUtf8(error)) if error.offset() == 1));
}

/// This is also true for a message in one chunk, of which only a piece is decompressed.
#[test]
fn text_is_refused_before_the_rest_of_its_chunk_is_decompressed() {
    let mut text = vec![b'a'; 60 << 20];
    text[0] = 0xFF;
    let bytes = frame(0xC1, &compressed(&text));
    drop(text);
    let mut codec = server(DeflateParameters::DEFAULT, Config::default());
    let counted = measure(|| {
        let (messages, error) = decode(&mut codec, &bytes, &[]);
        assert!(messages.is_empty());
        assert!(matches!(error, Some(ProtocolError::InvalidUtf8(error)) if error.offset() == 0));
    });
    // The memory is twice the input, a piece and a decompressor.
    assert!(counted.bytes_max < 300 << 10, "{counted:?}");
}

/// Text that is not validated arrives as `Raw`, compressed or not.
#[test]
fn text_is_not_validated_where_plain_text_is_not() {
    let raw = |text: &[u8]| {
        let payload = Bytes::copy_from_slice(text);
        Message::Raw { opcode: Opcode::Text, rsv: Rsv::NONE, payload }
    };
    let wrong = b"caf\xC3 \xFF".repeat(30);
    let payload = compressed(&wrong);
    let bytes = [
        frame(0x81, &wrong),
        frame(0xC1, &payload),
        frame(0xC1, &HELLO),
        frame(0x41, &payload[..3]),
        frame(0x80, &payload[3..]),
        frame(0xC2, &HELLO),
    ]
    .concat();
    for cuts in [&[][..], &[1]] {
        let messages = MessageDecoder::new(Role::Server).validate_text(false);
        let mut codec = MessageCodec::new(Connection::with_message_decoder(messages, NoKeys))
            .deflate(Some(DeflateParameters::NO_TAKEOVER), Config::default());
        let expected = [raw(&wrong), raw(&wrong), raw(b"Hello"), raw(&wrong)];
        let expected = [&expected[..], &[Message::binary("Hello")]].concat();
        assert_eq!(decode(&mut codec, &bytes, cuts), (expected, None));
    }
}

#[test]
fn a_message_may_be_as_long_as_the_limit() {
    for len in [0, 1, 63, 64, 65, 1000, 65_536, 100_000] {
        let payload = compressed(&vec![b'x'; len]);
        for (fin, cuts) in [(true, &[][..]), (true, &[1]), (false, &[])] {
            let bytes = if fin {
                frame(0xC2, &payload)
            } else {
                [frame(0x42, &payload[..1]), frame(0x80, &payload[1..])].concat()
            };
            let decoded = |limit: usize| decode(&mut limited(limit as u32), &bytes, cuts);
            assert_eq!(decoded(len), (vec![Message::binary(vec![b'x'; len])], None));
            if len > 0 {
                let error = Some(ProtocolError::MessageTooLong(len as u64));
                assert_eq!(decoded(len - 1), (vec![], error));
            }
        }
    }
}

/// A few bytes that expand take memory only up to the limit. A returned message takes at most twice
/// its length.
#[test]
fn a_bomb_takes_no_more_than_the_limit_allows() {
    let bytes = frame(0xC2, &compressed(&vec![0; 16 << 20]));
    let mut codec = limited(1 << 20);
    let counted = measure(|| {
        let (messages, error) = decode(&mut codec, &bytes, &[]);
        assert_eq!(
            (messages.len(), error),
            (0, Some(ProtocolError::MessageTooLong((1 << 20) + 1)))
        );
    });
    assert!(counted.bytes_max < 4 << 20, "{counted:?}");
    // A decompressor stays in the codec's pool.
    assert!(counted.bytes_current < 64 << 10, "{counted:?}");

    for message in [vec![7; 100], noise(10_000), support::odd_bytes(70_000)] {
        let bytes = frame(0xC2, &compressed(&message));
        let mut codec = server(DeflateParameters::DEFAULT, Config::default());
        decode(&mut codec, &bytes, &[]); // it has its context
        let mut messages = Vec::new();
        let held = measure(|| messages = decode(&mut codec, &bytes, &[]).0).bytes_current;
        assert!(held <= 2 * message.len() as i64 + 500, "{held}");
        assert_eq!(messages, [Message::binary(message)]);
    }
}

#[test]
fn short_messages_and_those_that_do_not_shrink_go_out_plain() {
    for (agreed, message, first) in [
        (DeflateParameters::DEFAULT, Message::text("a".repeat(63)), 0x81),
        (DeflateParameters::DEFAULT, Message::text("a".repeat(64)), 0xC1),
        (DeflateParameters::NO_TAKEOVER, Message::text("a".repeat(255)), 0x81),
        (DeflateParameters::NO_TAKEOVER, Message::text("a".repeat(256)), 0xC1),
        (DeflateParameters::NO_TAKEOVER, Message::binary(noise(1000)), 0x82),
        // The peer's context needs the bytes that this side's context has.
        (DeflateParameters::DEFAULT, Message::binary(noise(1000)), 0xC2),
        (DeflateParameters::DEFAULT, Message::Ping("a".repeat(100).into()), 0x89),
    ] {
        let mut out = BytesMut::from(&b"before"[..]);
        server(agreed, Config::default()).encode(message.clone(), &mut out).unwrap();
        assert_eq!(out[6], first);
        let received = decode(&mut client(agreed, Config::default()), &out[6..], &[]);
        assert_eq!(received, (vec![message], None));
    }
}

/// Pending replies are sent before a compressed message.
#[test]
fn replies_are_sent_before_messages() {
    let mut codec = server(DeflateParameters::DEFAULT, Config::default());
    decode(&mut codec, &frame(0x89, b"hi"), &[]);
    let mut out = BytesMut::new();
    codec.encode(Message::text("a".repeat(100)), &mut out).unwrap();
    assert_eq!(out[..5], *b"\x8A\x02hi\xC1");
    assert!(!codec.has_replies());
}

#[test]
fn a_broadcast_goes_between_messages_of_the_connection() {
    let text = "{\"tick\":1}".repeat(50);
    let mut codec = server(DeflateParameters::DEFAULT, Config::default());
    let mut out = BytesMut::new();
    codec.encode(Message::text(text.clone()), &mut out).unwrap();
    let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    let news = "[\"tock\",2]".repeat(61);
    let broadcast = Broadcast::new(news.as_bytes(), &mut compressor, &Config::default());
    // The codec releases its compressor itself.
    let (rsv, payload) = broadcast.payload(Some(DeflateContext::NO_TAKEOVER));
    let payload = Bytes::copy_from_slice(payload);
    codec.encode(Message::Raw { opcode: Opcode::Text, rsv, payload }, &mut out).unwrap();
    assert_eq!(rsv, Rsv::RSV1);
    codec.encode(Message::text(text.clone()), &mut out).unwrap();
    let received = decode(&mut client(DeflateParameters::DEFAULT, Config::default()), &out, &[]);
    let texts = [&text, &news, &text].map(|text| Message::text(text.clone()));
    assert_eq!(received, (texts.to_vec(), None));
}

/// An uncompressed message is not copied, as in a codec without compression.
#[test]
fn a_plain_message_is_not_copied() {
    let mut codec = server(DeflateParameters::DEFAULT, Config::default());
    let mut input = BytesMut::from(&frame(0x81, b"Hello")[..]);
    let buffer = input.as_ptr().addr()..input.as_ptr().addr() + input.len();
    let Some(Message::Text(text)) = codec.decode(&mut input).unwrap() else { panic!() };
    assert_eq!(text, "Hello");
    assert!(buffer.contains(&text.as_ptr().addr()));
}

/// The documentation promises this.
#[test]
fn memory_of_an_idle_codec() {
    let kept = |pool: SharedPool, agreed| {
        let text = Message::text("a".repeat(1000));
        let (mut from, mut to) = (client(agreed, pool.clone()), server(agreed, pool.clone()));
        let mut bytes = BytesMut::new();
        from.encode(text.clone(), &mut bytes).unwrap();
        assert_eq!(to.decode(&mut bytes).unwrap(), Some(text));
        (from, to)
    };
    let pool = SharedPool::new(Config::default());
    drop(kept(pool.clone(), DeflateParameters::NO_TAKEOVER));
    assert!(size_of::<MessageCodec>() <= size_of::<Connection>() + 112);
    let mut codec = None;
    let idle = measure(|| codec = Some(server(DeflateParameters::NO_TAKEOVER, pool.clone())));
    assert!(idle.bytes_current <= 200, "{idle:?}");

    // All others use the contexts of the first one.
    let mut others = Vec::new();
    let counted = measure(|| {
        others.extend((0..10).map(|_| kept(pool.clone(), DeflateParameters::NO_TAKEOVER)))
    });
    assert!(counted.bytes_current < 20_000, "{counted:?}");
    // With context takeover, each has its own contexts until it is dropped.
    let mut taken = None;
    let counted = measure(|| taken = Some(kept(pool.clone(), DeflateParameters::DEFAULT)));
    assert!(counted.count_current < 20, "{counted:?}");
    drop(taken);
    let counted = measure(|| drop(kept(pool.clone(), DeflateParameters::DEFAULT)));
    assert!(counted.bytes_total < 20_000, "{counted:?}");
}

/// A connection that fails within a compressed message returns its context, for any error.
#[test]
fn a_failed_connection_keeps_no_context() {
    let pool = SharedPool::new(Config::default());
    let mut failed = server(DeflateParameters::DEFAULT, pool.clone());
    let text_in_text = [frame(0x41, &HELLO[..3]), frame(0x81, b"")].concat();
    let (messages, error) = decode(&mut failed, &text_in_text, &[]);
    assert_eq!(
        (messages, error),
        (vec![], Some(ProtocolError::ExpectedContinuation(Opcode::Text)))
    );

    let mut next = server(DeflateParameters::DEFAULT, pool);
    let mut received = None;
    let counted = measure(|| received = Some(decode(&mut next, &frame(0xC1, &HELLO), &[])));
    assert_eq!(received, Some((vec![Message::text("Hello")], None)));
    assert!(counted.bytes_total < 20_000, "{counted:?}");
    drop(failed);
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let message =
        (0..700usize, any::<u8>(), 1..20u8, 0..8u8).prop_map(|(len, seed, period, kind)| {
            let bytes: Vec<u8> =
                (0..len).map(|i| b'a' + ((i as u8 % period) ^ seed) % 26).collect();
            match kind {
                0..=3 => Message::text(String::from_utf8(bytes).unwrap()),
                4..=6 => Message::binary(bytes),
                _ => Message::Pong(Bytes::from(bytes).slice(..len.min(125))),
            }
        });
    prop::collection::vec(message, 1..12)
}

/// Sends everything to one side, which must receive it.
fn arrives<K: MaskingKeys, L: MaskingKeys>(
    mut from: MessageCodec<K>,
    mut to: MessageCodec<L>,
    all: &[Message],
    cuts: &[usize],
) {
    let mut out = BytesMut::new();
    for message in all {
        from.encode(message.clone(), &mut out).unwrap();
    }
    assert_eq!(decode(&mut to, &out, cuts), (all.to_vec(), None));
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn all_that_is_sent_arrives(
        server_context in any::<u8>(),
        client_context in any::<u8>(),
        all in messages(),
        cuts in prop::collection::vec(0..300usize, 0..4),
        threshold in prop::sample::select(&[0, 64, 300][..]),
        shared in any::<bool>(),
    ) {
        let agreed = DeflateParameters {
            server: deflate::context(server_context),
            client: deflate::context(client_context),
        };
        let config = Config::default().threshold(threshold);
        let pool = SharedPool::new(config);
        let pools = || if shared { pool.clone() } else { config.into() };
        arrives(client(agreed, pools()), server(agreed, pools()), &all, &cuts);
        arrives(server(agreed, pools()), client(agreed, pools()), &all, &cuts);
    }

    /// A compressed message may come in any fragments, with Pings between them.
    #[test]
    fn fragments_arrive_as_one_message(
        len in 0..3000usize,
        text in any::<bool>(),
        fragments in prop::collection::vec(0..200usize, 1..6),
        cuts in prop::collection::vec(0..300usize, 0..4),
    ) {
        let message: Vec<u8> = "grüße € 🦀 ".bytes().cycle().take(len).collect();
        let message = String::from_utf8_lossy(&message).into_owned();
        let payload = compressed(message.as_bytes());
        let pieces = deflate::pieces(&payload, &fragments);
        let mut bytes = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let first = match (index, text) {
                (0, true) => 0x41,
                (0, false) => 0x42,
                _ => 0x00,
            };
            bytes.extend(frame(first, piece));
            bytes.extend(frame(0x89, &[index as u8]));
        }
        bytes.extend(frame(0x80, b""));
        let mut codec = server(DeflateParameters::DEFAULT, Config::default());
        let (mut found, error) = decode(&mut codec, &bytes, &cuts);
        prop_assert_eq!(error, None);
        let whole = if text { Message::text(message) } else { Message::binary(message) };
        prop_assert_eq!(found.pop(), Some(whole));
        prop_assert_eq!(found.len(), pieces.len());
    }
}

/// An error in a frame that is not compressed releases what context takeover keeps.
#[test]
fn a_failed_codec_gives_its_contexts_back() {
    let mut pool = SharedPool::new(Config::default());
    let mut codec = server(DeflateParameters::DEFAULT, pool.clone());
    let mut input = BytesMut::from(&frame(0xC1, &HELLO)[..]);
    assert_eq!(codec.decode(&mut input).unwrap(), Some(Message::text("Hello")));
    assert_eq!(pool.with_pool(|pool| pool.idle_decompressors()), 0);
    input.extend_from_slice(&frame(0xA1, b"")); // RSV2
    codec.decode(&mut input).unwrap_err();
    assert_eq!(pool.with_pool(|pool| pool.idle_decompressors()), 1);
}
