//! Messages in parts (§5.4): received chunks and sent fragments, mixed with whole messages.
#![cfg(feature = "tokio")]

use core::pin::pin;
use core::task::Poll;

use futures_util::SinkExt;
use proptest::prelude::*;
use tokio::io::{DuplexStream, duplex};
use wsframe::codec::CodecError;
use wsframe::stream::{Chunk, WebSocketStream};
use wsframe::{
    CloseCode, Connection, EncodeError, Limits, MaskingKey, Message, Opcode, ProtocolError,
};

use crate::pipe;
use pipe::{arrived, key, masked, next, next_or_drop, poll_once, send, server};

/// Returns the next chunk. Drops the future if there is none.
fn chunk_or_drop(
    stream: &mut WebSocketStream<DuplexStream>,
) -> Poll<Option<Result<Chunk, CodecError>>> {
    poll_once(&mut pin!(stream.next_chunk()))
}

/// Returns the next chunk, which must have arrived.
fn chunk(stream: &mut WebSocketStream<DuplexStream>) -> Chunk {
    match chunk_or_drop(stream) {
        Poll::Ready(Some(Ok(chunk))) => chunk,
        other => panic!("{other:?}"),
    }
}

fn part(data: Message, first: bool, last: bool) -> Chunk {
    Chunk { data, first, last }
}

/// Joins chunks, and checks the fields of each.
#[derive(Default)]
struct Collector {
    open: Option<(bool, Vec<u8>)>,
    received: Vec<Message>,
}

impl Collector {
    fn chunk(&mut self, chunk: Chunk) {
        let is_text = chunk.data.is_text();
        let Some(payload) = chunk.data.payload().filter(|_| is_text || chunk.data.is_binary())
        else {
            assert!(chunk.first && chunk.last, "{chunk:?}");
            return self.received.push(chunk.data);
        };
        assert_eq!(chunk.first, self.open.is_none());
        assert!(chunk.last || !payload.is_empty());
        let (_, collected) = self.open.get_or_insert((is_text, Vec::new()));
        collected.extend_from_slice(payload);
        if chunk.last {
            self.rest(Message::binary(vec![]));
        }
    }

    /// Adds the rest of a message, a whole message, or a control frame.
    fn rest(&mut self, message: Message) {
        if !message.is_text() && !message.is_binary() {
            return self.received.push(message);
        }
        let Some((is_text, mut collected)) = self.open.take() else {
            return self.received.push(message);
        };
        collected.extend_from_slice(message.payload().unwrap());
        self.received.push(match String::from_utf8(collected) {
            Ok(text) if is_text => Message::text(text),
            Ok(text) => Message::binary(text.into_bytes()),
            Err(error) => Message::binary(error.into_bytes()),
        });
    }
}

/// Generates a message, and the lengths of its fragments. A Ping follows each of them.
fn messages() -> impl Strategy<Value = Vec<(Message, Vec<usize>)>> {
    let text = "[a-zé€𝄞]{0,40}".prop_map(Message::text);
    let long = ("[ßa語]{1,9}", 1..4000_usize).prop_map(|(text, n)| Message::text(text.repeat(n)));
    let binary = prop::collection::vec(any::<u8>(), 0..300).prop_map(Message::binary);
    let fragments = prop::collection::vec(0..200_usize, 0..4);
    prop::collection::vec((prop_oneof![text, long, binary], fragments), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// With any cuts, and with any choice of calls, nothing is lost, and text is cut between
    /// characters.
    #[test]
    fn chunks_put_together_are_the_messages(
        sent in messages(),
        cuts in prop::collection::vec(1..300_usize, 1..20),
        whole in prop::collection::vec(0..4_u8, 1..20),
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (message, lens) in sent {
            let mut opcode = if message.is_text() { Opcode::Text } else { Opcode::Binary };
            let mut payload = &message.payload().unwrap()[..];
            for len in lens {
                let (fragment, rest) = payload.split_at(len.min(payload.len()));
                bytes.extend(masked(opcode, false, fragment));
                bytes.extend(masked(Opcode::Ping, true, b"?"));
                expected.push(Message::Ping(b"?"[..].into()));
                (payload, opcode) = (rest, Opcode::Continuation);
            }
            bytes.extend(masked(opcode, true, payload));
            expected.push(message);
        }

        let (mut peer, io) = duplex(1 << 20);
        let mut ours = server(io);
        let mut collector = Collector::default();
        let mut whole = whole.iter().cycle();
        let mut cuts = cuts.iter().cycle();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            send(&mut peer, now);
            rest = later;
            loop {
                if *whole.next().unwrap() == 0 {
                    let Poll::Ready(message) = next_or_drop(&mut ours) else { break };
                    collector.rest(message.unwrap().unwrap());
                } else {
                    let Poll::Ready(chunk) = chunk_or_drop(&mut ours) else { break };
                    collector.chunk(chunk.unwrap().unwrap());
                }
            }
        }
        prop_assert_eq!(collector.received, expected);
    }
}

/// A chunk is returned as soon as it has arrived, and Pings between fragments are answered at once.
#[test]
fn chunks_are_returned_as_they_arrive() {
    let (mut peer, io) = duplex(1 << 16);
    let mut ours = server(io);
    let text = masked(Opcode::Text, false, "grün".as_bytes());
    send(&mut peer, &text[..9]); // the header, "gr" and half of "ü"
    assert_eq!(chunk(&mut ours), part(Message::text("gr"), true, false));
    assert!(chunk_or_drop(&mut ours).is_pending());
    send(&mut peer, &text[9..]);
    assert_eq!(chunk(&mut ours), part(Message::text("ün"), false, false));

    send(&mut peer, &masked(Opcode::Ping, true, b"1"));
    send(&mut peer, &masked(Opcode::Ping, true, b"2"));
    assert_eq!(chunk(&mut ours), Message::Ping(b"1"[..].into()).into());
    assert_eq!(arrived(&mut peer), b"\x8A\x011");
    // Whole messages are received the same way.
    assert_eq!(next(&mut ours), Message::Ping(b"2"[..].into()));
    assert_eq!(arrived(&mut peer), b"\x8A\x012");

    send(&mut peer, &masked(Opcode::Continuation, true, b""));
    assert_eq!(chunk(&mut ours), part(Message::text(""), false, true));
    send(&mut peer, &masked(Opcode::Binary, true, b"whole"));
    assert_eq!(chunk(&mut ours), Message::binary(&b"whole"[..]).into());
    send(&mut peer, &masked(Opcode::Close, true, b"\x03\xE8"));
    assert_eq!(chunk(&mut ours), Message::close(CloseCode::NORMAL, "").into());
    assert_eq!(arrived(&mut peer), b"\x88\x02\x03\xE8");
    assert_eq!(ours.close_code(), Some(CloseCode::NORMAL));
}

/// `next` and `next_chunk` can continue each other's messages.
#[test]
fn whole_messages_and_chunks_alternate() {
    let (mut peer, io) = duplex(1 << 16);
    let mut ours = server(io);

    // After chunks, `next` returns the rest.
    send(&mut peer, &masked(Opcode::Text, false, b"one "));
    assert_eq!(chunk(&mut ours), part(Message::text("one "), true, false));
    send(&mut peer, &masked(Opcode::Continuation, false, b"two "));
    assert!(next_or_drop(&mut ours).is_pending());
    send(&mut peer, &masked(Opcode::Continuation, true, b"three"));
    assert_eq!(next(&mut ours), Message::text("two three"));

    // A call of `next` that was dropped has lost nothing.
    send(&mut peer, &masked(Opcode::Text, false, b"one "));
    assert_eq!(chunk(&mut ours), part(Message::text("one "), true, false));
    send(&mut peer, &masked(Opcode::Continuation, false, b"two "));
    assert!(next_or_drop(&mut ours).is_pending());
    assert_eq!(chunk(&mut ours), part(Message::text("two "), false, false));
    send(&mut peer, &masked(Opcode::Continuation, true, b"three"));
    assert_eq!(chunk(&mut ours), part(Message::text("three"), false, true));

    // An empty first fragment is not returned as a chunk.
    send(&mut peer, &masked(Opcode::Binary, false, b""));
    assert!(chunk_or_drop(&mut ours).is_pending());
    send(&mut peer, &masked(Opcode::Continuation, false, b"one "));
    assert!(next_or_drop(&mut ours).is_pending());
    assert_eq!(chunk(&mut ours), part(Message::binary(&b"one "[..]), true, false));
    send(&mut peer, &masked(Opcode::Continuation, true, b"two"));
    assert_eq!(next(&mut ours), Message::binary(&b"two"[..]));

    // After `next`, the message is one chunk.
    for opcode in [Opcode::Text, Opcode::Continuation, Opcode::Continuation] {
        assert!(next_or_drop(&mut ours).is_pending());
        assert!(chunk_or_drop(&mut ours).is_pending());
        send(&mut peer, &masked(opcode, false, b"once "));
        assert!(next_or_drop(&mut ours).is_pending());
    }
    send(&mut peer, &masked(Opcode::Continuation, true, b""));
    assert_eq!(chunk(&mut ours), Message::text("once once once ").into());
    let frame = masked(Opcode::Binary, true, b"a frame");
    send(&mut peer, &frame[..8]);
    assert!(next_or_drop(&mut ours).is_pending());
    send(&mut peer, &frame[8..]);
    assert_eq!(chunk(&mut ours), Message::binary(&b"a frame"[..]).into());
}

/// A stream that is read in chunks also reports its end.
#[test]
fn a_stream_is_terminated_after_the_last_chunk() {
    use futures_util::stream::FusedStream;

    let (mut peer, io) = duplex(1 << 10);
    let mut ours = server(io);
    send(&mut peer, &masked(Opcode::Close, true, b""));
    assert_eq!(chunk(&mut ours), Message::Close(None).into());
    assert!(!ours.is_terminated());
    drop(peer);
    assert!(matches!(chunk_or_drop(&mut ours), Poll::Ready(None)));
    assert!(ours.is_terminated());
}

/// A long message passes through a buffer that does not grow with it.
#[test]
fn a_long_message_takes_little_memory() {
    let (mut peer, io) = duplex(1 << 20);
    let limits = Limits::DEFAULT.max_frame_size(1 << 30).max_message_size(1 << 30);
    let mut ours = WebSocketStream::new(io, Connection::server().limits(limits));
    // The header of a frame of 256 MiB, masked with zeros.
    send(&mut peer, b"\x82\xFF\0\0\0\0\x10\0\0\0\0\0\0\0");
    assert!(chunk_or_drop(&mut ours).is_pending());
    let piece = vec![7; 1 << 20];
    let mut received = 0;
    let held = allocation_counter::measure(|| {
        while received < 256 << 20 {
            send(&mut peer, &piece);
            while let Poll::Ready(chunk) = chunk_or_drop(&mut ours) {
                let chunk = chunk.unwrap().unwrap();
                assert_eq!(chunk.first, received == 0);
                received += chunk.data.payload().unwrap().len();
                assert_eq!(chunk.last, received == 256 << 20);
            }
        }
    });
    assert!(held.bytes_max < 2 << 20, "{held:?}");
}

/// The limits and rules of whole messages apply, as early as possible.
#[test]
fn limits_and_rules_apply_to_chunks() {
    let limited = |io| {
        let limits = Limits::DEFAULT.max_message_size(10);
        WebSocketStream::new(io, Connection::server().limits(limits))
    };
    let is_too_long = |error| matches!(error, ProtocolError::MessageTooLong(11));
    let is_not_text = |error| matches!(error, ProtocolError::InvalidUtf8(_));
    let is_new = |error| matches!(error, ProtocolError::ExpectedContinuation(_));
    let cases: [(_, _, &dyn Fn(ProtocolError) -> bool); 3] = [
        ((Opcode::Binary, &[7; 8][..]), (Opcode::Continuation, &[7; 3][..]), &is_too_long),
        // The second byte of the character is invalid.
        ((Opcode::Text, b"ok\xE2"), (Opcode::Continuation, b"("), &is_not_text),
        ((Opcode::Text, b"ok"), (Opcode::Text, b""), &is_new),
    ];
    for (first, second, is_right) in cases {
        let (mut peer, io) = duplex(1 << 10);
        let mut ours = limited(io);
        send(&mut peer, &masked(first.0, false, first.1));
        send(&mut peer, &masked(second.0, false, second.1));
        assert!(chunk(&mut ours).first);
        let failed = chunk_or_drop(&mut ours);
        let Poll::Ready(Some(Err(CodecError::Protocol(error)))) = failed else {
            panic!("{failed:?}")
        };
        assert!(is_right(error), "{error}");
        assert_eq!(arrived(&mut peer)[0], 0x88);
        assert!(matches!(ours.error(), Some(CodecError::Protocol(sticky)) if sticky == error));
    }
}

/// Fragments are written at once, with Pings between them. No other message can be sent before the
/// last fragment.
#[test]
fn fragments_are_sent_with_pings_between_them() {
    let (mut peer, io) = duplex(1 << 20);
    let mut ours = server(io);
    let now = |polled: Poll<Result<(), CodecError>>| match polled {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("there is room"),
    };
    now(poll_once(&mut pin!(ours.send_fragment("Hel", false)))).unwrap();
    assert_eq!(arrived(&mut peer), b"\x01\x03Hel");
    now(poll_once(&mut ours.send(Message::Ping(b"?"[..].into())))).unwrap();
    assert_eq!(arrived(&mut peer), b"\x89\x01?");
    let refused = [
        now(poll_once(&mut ours.send(Message::text("x")))),
        now(poll_once(&mut ours.send(Message::binary(vec![7; 10_000])))),
        now(poll_once(&mut pin!(ours.send_fragment(b"x", true)))),
    ];
    for refused in refused {
        let Err(CodecError::Encode(EncodeError::ExpectedContinuation(_))) = refused else {
            panic!("{refused:?}")
        };
    }
    assert_eq!(arrived(&mut peer), b"");
    now(poll_once(&mut pin!(ours.feed_fragment("lo", true)))).unwrap();
    assert_eq!(arrived(&mut peer), b"");
    now(poll_once(&mut ours.send(Message::text("whole")))).unwrap();
    assert_eq!(arrived(&mut peer), b"\x80\x02lo\x81\x05whole");

    // The halves of a stream do the same.
    let (mut sink, mut stream) = ours.split();
    now(poll_once(&mut pin!(sink.send_fragment(b"a", false)))).unwrap();
    now(poll_once(&mut pin!(sink.feed_fragment(b"b", true)))).unwrap();
    now(poll_once(&mut sink.flush())).unwrap();
    assert_eq!(arrived(&mut peer), b"\x02\x01a\x80\x01b");
    send(&mut peer, &masked(Opcode::Text, false, b"in"));
    let Poll::Ready(Some(Ok(received))) = poll_once(&mut pin!(stream.next_chunk())) else {
        panic!()
    };
    assert_eq!(received, part(Message::text("in"), true, false));
}

/// A writer of fragments waits for a peer that does not read.
#[test]
fn fragments_wait_for_the_peer() {
    let (mut peer, io) = duplex(100);
    let mut ours = server(io);
    ours.set_backpressure_boundary(1000);
    let mut fed = 0;
    while poll_once(&mut pin!(ours.feed_fragment(&[7; 100], false))).is_ready() {
        fed += 1;
    }
    assert_eq!(fed, 11, "100 bytes in the pipe, and 1000 in the queue");
    let read = arrived(&mut peer);
    assert_eq!(read.len(), 100);
    assert!(poll_once(&mut pin!(ours.feed_fragment(&[7; 100], true))).is_ready());
}

/// RFC 7692 §7.2: a compressed message in parts, in both directions.
#[cfg(feature = "deflate")]
#[test]
fn compressed_messages_in_parts() {
    use wsframe::deflate::{Config, DeflateParameters};

    for agreed in [DeflateParameters::DEFAULT, DeflateParameters::NO_TAKEOVER] {
        let (theirs, ours) = duplex(1 << 20);
        let config = Config::default();
        let connection = Connection::client(key as fn() -> MaskingKey);
        let mut client = WebSocketStream::new(theirs, connection).deflate(Some(agreed), config);
        let connection = Connection::server().limits(Limits::DEFAULT.max_message_size(1 << 20));
        let mut ours = WebSocketStream::new(ours, connection).deflate(Some(agreed), config);
        let text = "grün und blau, ".repeat(2000);
        let mut collector = Collector::default();
        for round in 0..3 {
            let (mut rest, mut fragments) = (&text[..], 0);
            while !rest.is_empty() {
                let mut len = rest.len().min(7000);
                while !rest.is_char_boundary(len) {
                    len -= 1;
                }
                let (fragment, later) = rest.split_at(len);
                rest = later;
                fragments += 1;
                let sent = poll_once(&mut pin!(client.send_fragment(fragment, rest.is_empty())));
                assert!(matches!(sent, Poll::Ready(Ok(()))));
                assert!(poll_once(&mut client.send(Message::Ping(b"?"[..].into()))).is_ready());
                // Each fragment can be decompressed at once.
                while let Poll::Ready(received) = chunk_or_drop(&mut ours) {
                    collector.chunk(received.unwrap().unwrap());
                }
                if round == 1 && fragments == 2 {
                    // The rest is received as one message.
                    break;
                }
            }
            if !rest.is_empty() {
                assert!(poll_once(&mut pin!(client.send_fragment(rest, true))).is_ready());
                collector.rest(next(&mut ours));
            }
            let received = core::mem::take(&mut collector.received);
            let (pings, messages): (Vec<_>, Vec<_>) =
                received.into_iter().partition(|message| matches!(message, Message::Ping(_)));
            assert_eq!(pings.len(), fragments);
            assert_eq!(messages, [Message::text(text.clone())]);
            // Whole messages follow, with the same contexts.
            assert!(poll_once(&mut client.send(Message::text(text.clone()))).is_ready());
            assert_eq!(next(&mut ours), Message::text(text.clone()));
        }

        // A few bytes that expand too much are refused when the output exceeds the limit.
        let zeros = vec![0; 1 << 20];
        assert!(poll_once(&mut pin!(client.send_fragment(&zeros[..], false))).is_ready());
        assert!(poll_once(&mut pin!(client.send_fragment(&zeros[..], true))).is_ready());
        let mut received = 0;
        let failed = loop {
            match chunk_or_drop(&mut ours) {
                Poll::Ready(Some(Ok(chunk))) => {
                    let len = chunk.data.payload().unwrap().len();
                    assert!(len <= 64 << 10);
                    received += len;
                }
                Poll::Ready(Some(Err(error))) => break error,
                other => panic!("{other:?}"),
            }
        };
        assert!(received <= 1 << 20, "{received}");
        assert!(
            matches!(failed, CodecError::Protocol(ProtocolError::MessageTooLong(_))),
            "{failed}"
        );
    }
}
