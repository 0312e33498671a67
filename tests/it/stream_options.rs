//! Options of a `WebSocketStream`: keep-alive, a graceful end, prepared messages, and its parts.
#![cfg(feature = "tokio")]

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use std::io::ErrorKind;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{advance, timeout};
use wsframe::codec::CodecError;
use wsframe::stream::{PreparedMessage, WebSocketStream};
use wsframe::{CloseCode, Connection, EncodeError, Message, Opcode};

use crate::pipe::{arrived, key, masked, next, next_or_drop, poll_once, send, server};

const INTERVAL: Duration = Duration::from_secs(10);
const PING: &[u8] = b"\x89\x00";

fn is_timeout(result: Option<Result<Message, CodecError>>) -> bool {
    matches!(result, Some(Err(CodecError::Io(error))) if error.kind() == ErrorKind::TimedOut)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_a_ping_is_given_up() {
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    ours.set_keep_alive(Some(INTERVAL));
    assert!(timeout(INTERVAL / 2, ours.next()).await.is_err());
    assert_eq!(arrived(&mut peer), b"");
    assert!(timeout(INTERVAL, ours.next()).await.is_err());
    assert_eq!(arrived(&mut peer), PING);
    assert!(is_timeout(ours.next().await));
    assert_eq!(ours.close_code(), Some(CloseCode::ABNORMAL));
    assert!(ours.next().await.is_none());
    assert!(ours.send(Message::text("late")).await.is_err());

    // Not even the Ping can be written.
    let (_peer, io) = duplex(1);
    let mut ours = server(io);
    ours.set_keep_alive(Some(INTERVAL));
    ours.feed(Message::text("a")).await.unwrap();
    assert!(is_timeout(ours.next().await));

    // A Close that is not answered ends the same way.
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    ours.set_keep_alive(Some(INTERVAL));
    SinkExt::close(&mut ours).await.unwrap();
    assert!(is_timeout(ours.next().await));
    assert_eq!(arrived(&mut peer), b"\x88\x02\x03\xE8");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_anything_is_kept() {
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    ours.set_keep_alive(Some(INTERVAL));
    assert!(timeout(INTERVAL / 2, ours.next()).await.is_err());
    for bytes in [&masked(Opcode::Pong, true, b"")[..], &masked(Opcode::Text, true, b"a"), b"\x81"]
    {
        assert!(timeout(INTERVAL, ours.next()).await.is_err());
        assert_eq!(arrived(&mut peer), PING);
        send(&mut peer, bytes);
        // A part of a frame also counts as received.
        if bytes.len() > 1 {
            next(&mut ours);
        } else {
            assert!(next_or_drop(&mut ours).is_pending());
        }
    }
}

/// A task that runs late first receives the bytes that have arrived.
#[tokio::test(start_paused = true)]
async fn what_has_arrived_counts_however_late_it_is_read() {
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    ours.set_keep_alive(Some(INTERVAL));
    assert!(timeout(INTERVAL + INTERVAL / 2, ours.next()).await.is_err());
    assert_eq!(arrived(&mut peer), PING);
    send(&mut peer, &masked(Opcode::Text, true, b"a"));
    advance(10 * INTERVAL).await;
    assert_eq!(next(&mut ours), Message::text("a"));
    assert!(next_or_drop(&mut ours).is_pending());
    assert_eq!(arrived(&mut peer), PING);
    assert!(next_or_drop(&mut ours).is_pending());
    assert_eq!(arrived(&mut peer), b"");

    ours.set_keep_alive(None);
    assert!(timeout(10 * INTERVAL, ours.next()).await.is_err());
}

/// The timer is created when it is first needed, so a stream can be created outside of a runtime.
#[test]
fn a_stream_with_keep_alive_is_made_anywhere() {
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    ours.set_keep_alive(Some(INTERVAL));
    send(&mut peer, &masked(Opcode::Text, true, b"a"));
    assert_eq!(next(&mut ours), Message::text("a"));
}

#[tokio::test(start_paused = true)]
async fn a_graceful_end_waits_for_the_peer() {
    let end = |mut ours: WebSocketStream<_>| async move {
        let ended = ours.close_gracefully(CloseCode::GOING_AWAY, "bye", INTERVAL).await;
        (ended, ours)
    };
    // Later messages are discarded, and a Ping is answered.
    let (peer, io) = duplex(64);
    let mut theirs = WebSocketStream::new(peer, Connection::client(key));
    let answering = async {
        for _ in 0..20 {
            theirs.send(Message::text("more ".repeat(10))).await.unwrap();
        }
        let mut last = None;
        while let Some(message) = theirs.next().await {
            last = Some(message.unwrap());
        }
        last
    };
    let ((ended, ours), last) = tokio::join!(end(server(io)), answering);
    ended.unwrap();
    assert_eq!(ours.close_code(), Some(CloseCode::GOING_AWAY));
    assert_eq!(last, Some(Message::close(CloseCode::GOING_AWAY, "bye")));

    // A peer that does not answer, with and without reading.
    for capacity in [1, 64] {
        let (_peer, io) = duplex(capacity);
        let mut ours = server(io);
        assert!(poll_once(&mut pin!(ours.send(Message::binary(vec![7; 100])))).is_pending());
        let (ended, _) = end(ours).await;
        let error = std::io::Error::from(ended.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    // If the peer's Close has arrived, the stream only waits for the end.
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    send(&mut peer, &masked(Opcode::Close, true, b"\x03\xE8"));
    assert!(next(&mut ours).is_close());
    peer.shutdown().await.unwrap();
    let (ended, _) = end(ours).await;
    ended.unwrap();

    let (_peer, io) = duplex(64);
    let long = "a".repeat(124);
    let result = server(io).close_gracefully(CloseCode::NORMAL, long, INTERVAL).await;
    assert!(matches!(result, Err(CodecError::Encode(_))));
}

#[test]
fn a_prepared_message_is_sent_as_any_other() {
    let (mut peer, io) = duplex(1 << 16);
    let mut ours = server(io);
    let short = PreparedMessage::new(Message::text("Hello"));
    assert_eq!(short.message(), &Message::text("Hello"));
    let long = PreparedMessage::new(Message::binary(vec![7; 10_000]));
    // The reply to a Ping is written first.
    send(&mut peer, &masked(Opcode::Ping, true, b"?"));
    let _ = next(&mut ours);
    assert!(matches!(poll_once(&mut pin!(ours.feed_prepared(&short))), Poll::Ready(Ok(()))));
    assert!(matches!(poll_once(&mut pin!(ours.send_prepared(&long))), Poll::Ready(Ok(()))));
    let sent = arrived(&mut peer);
    assert!(sent.starts_with(b"\x8A\x01?\x81\x05Hello\x82\x7E\x27\x10\x07\x07"));
    assert_eq!(sent.len(), 3 + 7 + 4 + 10_000);

    let (mut sink, mut stream) = ours.split();
    assert!(poll_once(&mut pin!(sink.send_prepared(&short))).is_ready());
    assert_eq!(arrived(&mut peer), b"\x81\x05Hello");
    let ping = PreparedMessage::new(Message::Ping("?".into()));
    assert!(poll_once(&mut pin!(sink.send_prepared(&ping))).is_ready());
    let close = PreparedMessage::new(Message::close(CloseCode::NORMAL, ""));
    assert!(poll_once(&mut pin!(sink.send_prepared(&close))).is_ready());
    assert_eq!(arrived(&mut peer), b"\x89\x01?\x88\x02\x03\xE8");
    match poll_once(&mut pin!(sink.feed_prepared(&short))) {
        Poll::Ready(Err(CodecError::Encode(EncodeError::FrameAfterClose))) => {}
        other => panic!("{other:?}"),
    }
    assert!(next_or_drop(&mut stream).is_pending());

    // A client masks it.
    let (mut peer, io) = duplex(64);
    let mut ours = WebSocketStream::new(io, Connection::client(key));
    assert!(poll_once(&mut pin!(ours.send_prepared(&short))).is_ready());
    assert_eq!(arrived(&mut peer), masked(Opcode::Text, true, b"Hello"));
}

/// Each receiver gets a frame that it can decompress. Later messages do not refer to bytes that the
/// peer has not received.
#[cfg(feature = "deflate")]
#[test]
fn a_prepared_message_is_compressed_once_for_all_contexts() {
    use wsframe::deflate::{Config, DeflateContext, DeflateParameters, SharedPool, WindowBits};

    let pool = SharedPool::new(Config::default());
    let text = "{\"price\":42.1875} ".repeat(100);
    let prepared = PreparedMessage::compressed(Message::text(text.clone()), &pool);
    let small = DeflateContext { takeover: true, window_bits: WindowBits::MIN };
    for (agreed, is_compressed) in [
        (Some(DeflateParameters::DEFAULT), true),
        (Some(DeflateParameters::NO_TAKEOVER), true),
        (Some(DeflateParameters { server: small, client: small }), false),
        (None, false),
    ] {
        let (mut sent, io) = duplex(1 << 16);
        let mut ours = server(io).deflate(agreed, pool.clone());
        let (mut relayed, io) = duplex(1 << 16);
        let client = Connection::client(key);
        let mut theirs = WebSocketStream::new(io, client).deflate(agreed, pool.clone());
        for round in 0..4 {
            let own = Message::text(format!("{round} {text}"));
            assert!(poll_once(&mut pin!(ours.send(own.clone()))).is_ready());
            send(&mut relayed, &arrived(&mut sent));
            assert_eq!(next(&mut theirs), own);
            for _ in 0..round {
                assert!(poll_once(&mut pin!(ours.send_prepared(&prepared))).is_ready());
                let frame = arrived(&mut sent);
                assert_eq!(frame.len() < 100, is_compressed, "{agreed:?}");
                send(&mut relayed, &frame);
                assert_eq!(next(&mut theirs), Message::text(text.clone()));
            }
        }
    }
    // A message that is too short for compression is sent uncompressed.
    let short = PreparedMessage::compressed(Message::text("a"), &pool);
    let (mut peer, io) = duplex(64);
    let mut ours = server(io).deflate(Some(DeflateParameters::DEFAULT), pool);
    assert!(poll_once(&mut pin!(ours.send_prepared(&short))).is_ready());
    assert_eq!(arrived(&mut peer), b"\x81\x01a");
}

/// Bytes that were read or queued are not lost.
#[tokio::test]
async fn the_parts_make_another_stream() {
    let (mut peer, io) = duplex(8);
    let mut ours = server(io);
    send(&mut peer, &masked(Opcode::Ping, true, b"?"));
    let _ = next(&mut ours);
    send(&mut peer, &masked(Opcode::Text, true, b"a")[..3]);
    assert!(next_or_drop(&mut ours).is_pending());
    ours.feed(Message::text("Hello, World")).await.unwrap();
    ours.feed(Message::binary(vec![7; 5000])).await.unwrap();
    assert!(
        poll_once(&mut pin!(poll_fn(|cx| {
            futures_util::Sink::poll_flush(Pin::new(&mut ours), cx)
        })))
        .is_pending()
    );

    let mut parts = ours.into_parts();
    assert_eq!(&parts.read_buf[..], &masked(Opcode::Text, true, b"a")[..3]);
    let reading = async {
        let mut bytes = vec![0; 3 + 14 + 4 + 5000];
        peer.read_exact(&mut bytes).await.unwrap();
        peer.write_all(&masked(Opcode::Text, true, b"a")[3..]).await.unwrap();
        bytes
    };
    let writing = async { parts.io.write_all(&parts.write_buf).await.unwrap() };
    let (bytes, ()) = tokio::join!(reading, writing);
    assert!(bytes.starts_with(b"\x8A\x01?\x81\x0CHello, World\x82\x7E\x13\x88\x07"));
    let connection = parts.connection.expect("messages are not compressed");
    let mut again = WebSocketStream::from_partially_read(parts.io, connection, parts.read_buf);
    assert_eq!(next(&mut again), Message::text("a"));
}
