//! Codecs and streams over tokio's I/O: calls are cancel-safe, senders wait for peers that do not
//! read, replies are sent, and connections end correctly.
#![cfg(feature = "tokio")]

use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio_util::codec::{Decoder, Encoder, Framed};
use wsframe::Message;
use wsframe::codec::{CodecError, FrameCodec, MessageCodec};
use wsframe::stream::WebSocketStream;
use wsframe::{
    CloseCode, Connection, EncodeError, Frame, FrameDecoder, MaskingKey, NoKeys, Opcode,
    ProtocolError, Role, Rsv, Rules,
};

use crate::pipe;
use pipe::{arrived, drained, key, masked, next, next_or_drop, poll_once, send, server};

/// Returns the bytes of messages of every kind, and the messages.
fn conversation() -> (Vec<u8>, Vec<Message>) {
    let stream = [
        masked(Opcode::Text, true, "grüße 🦀".as_bytes()),
        masked(Opcode::Text, false, b"caf\xC3"),
        masked(Opcode::Ping, true, b"now"),
        masked(Opcode::Continuation, true, b"\xA9"),
        masked(Opcode::Binary, true, &[7; 300]),
        masked(Opcode::Pong, true, b""),
        masked(Opcode::Close, true, b"\x03\xE8bye"),
    ]
    .concat();
    let messages = vec![
        Message::text("grüße 🦀"),
        Message::Ping("now".into()),
        Message::text("café"),
        Message::binary(vec![7; 300]),
        Message::Pong(Bytes::new()),
        Message::close(CloseCode::NORMAL, "bye"),
    ];
    (stream, messages)
}

/// At every byte of the stream, a future of the reader is polled and dropped.
#[test]
fn a_reader_that_is_dropped_loses_nothing() {
    let (stream, expected) = conversation();
    let (mut peer, io) = duplex(16);
    let mut ours = server(io);
    let mut found = Vec::new();
    let mut replies = Vec::new();
    for &byte in &stream {
        assert!(next_or_drop(&mut ours).is_pending());
        send(&mut peer, &[byte]);
        if let Poll::Ready(Some(message)) = next_or_drop(&mut ours) {
            found.push(message.unwrap());
        }
        replies.extend(arrived(&mut peer));
    }
    assert_eq!(found, expected);
    assert_eq!(replies, b"\x8A\x03now\x88\x02\x03\xE8");

    // This is also true for `Framed`.
    let (mut peer, io) = duplex(16);
    let mut framed = Framed::new(io, MessageCodec::new(Connection::server()));
    let mut found = Vec::new();
    for &byte in &stream {
        assert!(next_or_drop(&mut framed).is_pending());
        send(&mut peer, &[byte]);
        if let Poll::Ready(Some(message)) = next_or_drop(&mut framed) {
            found.push(message.unwrap());
        }
    }
    assert_eq!(found, expected);
    assert_eq!(&framed.codec_mut().take_replies()[..], b"\x8A\x03now\x88\x02\x03\xE8");
    assert!(!framed.codec().has_replies());

    // It is also true for frames.
    let (mut peer, io) = duplex(16);
    let mut framed = Framed::new(io, FrameCodec::server());
    let mut payloads = Vec::new();
    for &byte in &stream {
        assert!(next_or_drop(&mut framed).is_pending());
        send(&mut peer, &[byte]);
        if let Poll::Ready(Some(frame)) = next_or_drop(&mut framed) {
            payloads.push((frame.as_ref().unwrap().opcode.bits(), frame.unwrap().payload.len()));
        }
    }
    assert_eq!(payloads, [(1, 12), (1, 4), (9, 3), (0, 1), (2, 300), (10, 0), (8, 5)]);
}

/// A stream that is cut anywhere between two reads gives the same messages.
#[tokio::test]
async fn every_cut_equals_the_whole() {
    let (stream, expected) = conversation();
    for cut in 0..=stream.len() {
        let (mut peer, io) = duplex(1 << 10);
        let mut received = BytesMut::from(&stream[..cut]);
        received.reserve(1);
        let mut ours = WebSocketStream::from_partially_read(io, Connection::server(), received);
        peer.write_all(&stream[cut..]).await.unwrap();
        peer.shutdown().await.unwrap();
        let mut found = Vec::new();
        while let Some(message) = ours.next().await {
            found.push(message.unwrap());
        }
        assert_eq!(found, expected);
        assert_eq!(ours.connection().close_code(), Some(CloseCode::NORMAL));
    }
}

/// Returns how many messages a sink accepts while the peer does not read. Then it waits until the
/// peer reads.
fn fill<S: Sink<Message, Error = CodecError> + Unpin>(sink: &mut S, len: usize) -> usize {
    let mut taken = 0;
    loop {
        let ready = Pin::new(&mut *sink).poll_ready(&mut Context::from_waker(Waker::noop()));
        match ready {
            Poll::Ready(result) => result.unwrap(),
            Poll::Pending => return taken,
        }
        Pin::new(&mut *sink).start_send(Message::binary(vec![7; len])).unwrap();
        taken += 1;
        assert!(taken < 1000, "it never waits");
    }
}

#[test]
fn a_sink_waits_for_a_peer_that_does_not_read() {
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    // These are 64 KiB of its own buffer, and 64 bytes in the pipe.
    assert_eq!(fill(&mut ours, 1000), 66);
    assert_eq!(fill(&mut ours, 1000), 0);
    let mut read = 0;
    while read < 66 * 1004 {
        let bytes = arrived(&mut peer).len();
        assert_ne!(bytes, 0, "what was taken goes out");
        read += bytes;
        let _ = Pin::new(&mut ours).poll_flush(&mut Context::from_waker(Waker::noop()));
    }
    assert_eq!(fill(&mut ours, 1000), 66);

    let (_peer, io) = duplex(64);
    assert_eq!(fill(&mut Framed::new(io, MessageCodec::new(Connection::server())), 1000), 9);
}

#[test]
fn a_sink_takes_as_much_as_it_is_told_to() {
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    ours.set_backpressure_boundary(100);
    assert_eq!(fill(&mut ours, 1000), 1);
    // The transport can be taken back, with the bytes that were not read.
    send(&mut peer, b"rest");
    assert_eq!(arrived(&mut ours.into_inner()), b"rest");
}

#[test]
fn each_ping_is_answered_by_reading_alone() {
    let (mut peer, io) = duplex(1 << 10);
    let mut ours = server(io);
    for data in [&b"one"[..], b"", b"three"] {
        send(&mut peer, &masked(Opcode::Ping, true, data));
    }
    for data in ["one", "", "three"] {
        assert_eq!(next(&mut ours), Message::Ping(data.into()));
        // This is sent before the next call.
        assert_eq!(arrived(&mut peer)[2..], *data.as_bytes());
    }
    assert!(next_or_drop(&mut ours).is_pending());
}

/// A peer that sends Pings and does not read takes no memory, and its messages are received.
#[test]
fn a_flood_of_pings_does_not_pile_up_pongs() {
    let (mut peer, io) = duplex(1 << 10);
    let mut ours = server(io);
    fill(&mut ours, 1000);
    arrived(&mut peer);
    fill(&mut ours, 1000);
    let count = 10_000u32;
    let counted = allocation_counter::measure(|| {
        for number in 0..count {
            send(&mut peer, &masked(Opcode::Ping, true, &number.to_be_bytes()));
            assert!(matches!(next(&mut ours), Message::Ping(_)));
        }
    });
    assert!(counted.bytes_max < 64 << 10, "{counted:?}");
    send(&mut peer, &masked(Opcode::Text, true, b"still there"));
    assert_eq!(next(&mut ours), Message::text("still there"));

    // When the peer reads, it gets the Pongs that fit in the write buffer, and the last one.
    let mut bytes = Vec::new();
    for _ in 0..100 {
        bytes.extend(arrived(&mut peer));
        assert!(next_or_drop(&mut ours).is_pending());
    }
    let pongs: Vec<_> = bytes
        .windows(6)
        .filter(|bytes| bytes[..2] == [0x8A, 4])
        .map(|bytes| u32::from_be_bytes(bytes[2..].try_into().unwrap()))
        .collect();
    let (last, before) = pongs.split_last().unwrap();
    assert_eq!(*last, count - 1);
    assert!(before.len() < 200, "{}", before.len());
    assert!(before.iter().copied().eq(0..before.len() as u32), "{before:?}");
}

type Client = WebSocketStream<DuplexStream, fn() -> MaskingKey>;

/// Returns a client whose write buffer is full and to which the server has sent these bytes, and
/// the server's end of the pipe.
fn client_that_cannot_reply(received: &[u8]) -> (DuplexStream, Client) {
    let (mut peer, io) = duplex(64);
    let mut ours = WebSocketStream::new(io, Connection::client(key as fn() -> MaskingKey));
    ours.set_backpressure_boundary(8 << 10);
    fill(&mut ours, 1000);
    send(&mut peer, received);
    (peer, ours)
}

/// Sending a message also sends pending replies, even without a flush.
#[test]
fn any_write_sends_pending_replies() {
    let answer = masked(Opcode::Close, true, b"\x03\xE8");
    let (mut peer, mut ours) = client_that_cannot_reply(b"\x88\x02\x03\xE8");
    // The Close is returned at once, although its answer must wait.
    assert_eq!(next(&mut ours), Message::close(CloseCode::NORMAL, ""));
    let (_, ready) = drained(&mut peer, |cx| Pin::new(&mut ours).poll_ready(cx));
    ready.unwrap();
    let refused = Pin::new(&mut ours).start_send(Message::text("late"));
    assert!(matches!(refused, Err(CodecError::Encode(_))), "{refused:?}");
    let mut bytes = Vec::new();
    for _ in 0..200 {
        assert!(next_or_drop(&mut ours).is_pending());
        bytes.extend(arrived(&mut peer));
    }
    assert!(bytes.ends_with(&answer));

    let (mut peer, mut ours) = client_that_cannot_reply(b"\x89\x02hi");
    assert_eq!(next(&mut ours), Message::Ping("hi".into()));
    let (_, ready) = drained(&mut peer, |cx| Pin::new(&mut ours).poll_ready(cx));
    ready.unwrap();
    Pin::new(&mut ours).start_send(Message::text("fed")).unwrap();
    let mut bytes = Vec::new();
    for _ in 0..200 {
        assert!(next_or_drop(&mut ours).is_pending());
        bytes.extend(arrived(&mut peer));
    }
    let sent = [masked(Opcode::Pong, true, b"hi"), masked(Opcode::Text, true, b"fed")].concat();
    assert!(bytes.ends_with(&sent));

    // Reading flushes queued messages, also if there is no reply.
    Pin::new(&mut ours).start_send(Message::text("fed")).unwrap();
    assert!(next_or_drop(&mut ours).is_pending());
    assert_eq!(arrived(&mut peer), masked(Opcode::Text, true, b"fed"));
}

/// A sink is not closed before the Close is sent: the answer to the peer's, or that of a failure.
#[test]
fn a_sink_is_closed_when_the_close_was_sent() {
    for (received, code) in [(&b"\x88\x02\x0F\xA0"[..], 4000u16), (b"\x83\x00", 1002)] {
        let (mut peer, mut ours) = client_that_cannot_reply(received);
        assert!(next_or_drop(&mut ours).is_ready());
        let (mut bytes, closed) = drained(&mut peer, |cx| Pin::new(&mut ours).poll_close(cx));
        closed.unwrap();
        bytes.extend(arrived(&mut peer));
        let reason = if code == 1002 { ProtocolError::ReservedOpcode(3).section() } else { "" };
        let body = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
        assert!(bytes.ends_with(&masked(Opcode::Close, true, &body)));
    }
}

/// In a plain `Framed`, replies are sent before the next message, or the caller takes them.
#[test]
fn a_codec_keeps_replies_for_the_next_message() {
    let mut codec = MessageCodec::new(Connection::server());
    let mut input = BytesMut::new();
    for number in 0..1000u32 {
        input.extend_from_slice(&masked(Opcode::Ping, true, &number.to_be_bytes()));
    }
    while codec.decode(&mut input).unwrap().is_some() {}
    let mut out = BytesMut::from(&b"before"[..]);
    codec.encode(Message::text("Hello"), &mut out).unwrap();
    let last = 999u32.to_be_bytes();
    assert_eq!(out, [&b"before\x8A\x04"[..], &last, b"\x81\x05Hello"].concat());
    assert!(!codec.has_replies());

    // A Close does not replace a Pong.
    input.extend_from_slice(&masked(Opcode::Ping, true, b""));
    input.extend_from_slice(&masked(Opcode::Close, true, b"\x03\xE8"));
    while codec.decode(&mut input).unwrap().is_some() {}
    out.clear();
    let error = codec.encode(Message::text("late"), &mut out).unwrap_err();
    assert!(matches!(error, CodecError::Encode(EncodeError::FrameAfterClose)));
    assert_eq!(&out[..], b"\x8A\x00\x88\x02\x03\xE8", "replies all the same");

    // The Close of a failure has the error's code.
    let mut codec = MessageCodec::new(Connection::server());
    let error = codec.decode(&mut BytesMut::from(&b"\x81\x05"[..])).unwrap_err();
    assert!(matches!(error, CodecError::Protocol(ProtocolError::UnmaskedByClient)));
    assert_eq!(codec.take_replies()[2..4], [0x03, 0xEA]);
    assert_eq!(codec.connection().error(), Some(ProtocolError::UnmaskedByClient));

    // If the caller replies itself, there are no automatic replies.
    let left = Connection::server().auto_pong(false).auto_close(false);
    let mut codec = MessageCodec::new(left);
    let mut input = BytesMut::from(
        &[masked(Opcode::Ping, true, b"hi"), masked(Opcode::Close, true, b"")].concat()[..],
    );
    while codec.decode(&mut input).unwrap().is_some() {}
    assert!(!codec.has_replies());
    codec.encode(Message::Pong("hi".into()), &mut out).unwrap();
    codec.encode(Message::Close(None), &mut out).unwrap();
    assert!(out.ends_with(b"\x8A\x02hi\x88\x00"));
}

#[tokio::test]
async fn a_server_answers_a_close_and_ends_the_transport() {
    let (mut peer, io) = duplex(1 << 10);
    let mut ours = server(io);
    peer.write_all(&masked(Opcode::Close, true, b"\x0F\xA0")).await.unwrap();
    let closed = ours.next().await.unwrap().unwrap();
    assert_eq!(closed, Message::close(CloseCode::new(4000), ""));
    // The answer and the end were sent before.
    assert_eq!(arrived(&mut peer), b"\x88\x02\x0F\xA0");
    assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);

    // Later bytes are discarded until the peer ends its side.
    peer.write_all(&masked(Opcode::Text, true, &[b'a'; 900])).await.unwrap();
    assert!(next_or_drop(&mut ours).is_pending());
    drop(peer);
    assert!(ours.next().await.is_none());
    assert!(ours.next().await.is_none());
    assert!(ours.close().await.is_ok());
    assert!(ours.send(Message::text("late")).await.is_err());
}

#[tokio::test]
async fn a_client_closes_and_waits_for_the_server() {
    let (mut peer, io) = duplex(1 << 10);
    let mut ours = WebSocketStream::new(io, Connection::client(key));
    assert_eq!(ours.connection().role(), Role::Client);
    ours.close().await.unwrap();
    let close = arrived(&mut peer);
    assert_eq!(close, masked(Opcode::Close, true, b"\x03\xE8"));
    ours.close().await.unwrap();
    assert_eq!(arrived(&mut peer), b"", "one Close is enough");

    // Messages that the server has already sent still arrive.
    peer.write_all(b"\x81\x05Hello\x88\x02\x03\xE8").await.unwrap();
    assert_eq!(ours.next().await.unwrap().unwrap(), Message::text("Hello"));
    assert_eq!(ours.next().await.unwrap().unwrap(), Message::close(CloseCode::NORMAL, ""));
    assert!(next_or_drop(&mut ours).is_pending(), "the server ends the transport");
    assert!(poll_once(&mut pin!(peer.read(&mut [0]))).is_pending(), "and not the client");
    peer.shutdown().await.unwrap();
    assert!(ours.next().await.is_none());
    assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_caller_may_answer_the_close_itself() {
    let (mut peer, io) = duplex(1 << 10);
    let mut ours = WebSocketStream::new(io, Connection::server().auto_close(false));
    peer.write_all(&masked(Opcode::Close, true, b"\x03\xE8")).await.unwrap();
    let close = ours.next().await.unwrap().unwrap();
    assert_eq!(arrived(&mut peer), b"");
    ours.send(Message::text("one thing more")).await.unwrap();
    ours.send(close).await.unwrap();
    drop(peer.write_all(b"").await);
    assert_eq!(arrived(&mut peer), b"\x81\x0Eone thing more\x88\x02\x03\xE8");
    assert!(next_or_drop(&mut ours).is_pending());
    assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_broken_rule_is_told_before_it_is_handed_out() {
    let cases = [
        (b"\x81\x02hi".to_vec(), 1002u16),
        (masked(Opcode::Text, true, b"\xFF"), 1007),
        (masked(Opcode::Binary, true, &[0; 200]), 1009),
    ];
    for (bytes, code) in cases {
        let (mut peer, io) = duplex(1 << 10);
        let connection = Connection::server().limits(wsframe::Limits::DEFAULT.max_frame_size(100));
        let mut ours = WebSocketStream::new(io, connection);
        peer.write_all(&masked(Opcode::Text, true, b"first")).await.unwrap();
        peer.write_all(&bytes).await.unwrap();
        assert_eq!(ours.next().await.unwrap().unwrap(), Message::text("first"));
        let error = ours.next().await.unwrap().unwrap_err();
        let CodecError::Protocol(rule) = error else { panic!("{error:?}") };
        assert_eq!(rule.close_code().get(), code);
        assert_eq!(arrived(&mut peer)[2..4], code.to_be_bytes());
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        drop(peer);
        assert!(ours.next().await.is_none());
    }
}

#[tokio::test]
async fn an_end_without_a_close_is_an_error() {
    for stream in [vec![], masked(Opcode::Text, true, b"Hello"), b"\x82\x85\0".to_vec()] {
        let (mut peer, io) = duplex(1 << 10);
        let mut ours = server(io);
        peer.write_all(&stream).await.unwrap();
        drop(peer);
        let error = loop {
            match ours.next().await.unwrap() {
                Ok(message) => assert_eq!(message, Message::text("Hello")),
                Err(error) => break error,
            }
        };
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
        assert!(ours.next().await.is_none());
        assert_eq!(ours.connection().close_code(), Some(CloseCode::ABNORMAL));
    }
    // Messages that had arrived are returned before it.
    let mut codec = MessageCodec::new(Connection::server());
    let mut input = BytesMut::from(&masked(Opcode::Text, true, b"Hello")[..]);
    assert_eq!(codec.decode_eof(&mut input).unwrap(), Some(Message::text("Hello")));
    let error = codec.decode_eof(&mut input).unwrap_err();
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
    // Every further call returns the error too, also within a message.
    input.extend_from_slice(&masked(Opcode::Text, true, b"Hello")[..9]);
    for _ in 0..3 {
        let error = codec.decode_eof(&mut input).unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
    }
    // A frame codec does not interpret a Close, but reports the end.
    for (stream, kind) in [(&b"\x82\x85\0"[..], Some(io::ErrorKind::UnexpectedEof)), (b"", None)] {
        let (mut peer, io) = duplex(1 << 10);
        let mut framed = Framed::new(io, FrameCodec::server());
        peer.write_all(stream).await.unwrap();
        drop(peer);
        let end = framed.next().await.map(|error| io::Error::from(error.unwrap_err()).kind());
        assert_eq!(end, kind);
    }
}

/// Runs one side of a connection, which sends its messages while it reads. It closes when it has
/// sent all of them, and read this many. Returns the messages that it has read.
async fn talk<K: wsframe::MaskingKeys + Unpin + Send + 'static>(
    ours: WebSocketStream<DuplexStream, K>,
    messages: Vec<Message>,
    close_after: Option<usize>,
) -> Vec<Message> {
    let (mut sink, mut stream) = ours.split();
    let (enough, is_enough) = tokio::sync::oneshot::channel();
    let mut enough = Some(enough);
    let sent = tokio::spawn(async move {
        for message in messages {
            sink.send(message).await.unwrap();
        }
        if close_after.is_some() {
            is_enough.await.unwrap();
            sink.close().await.unwrap();
        }
    });
    let mut received = Vec::new();
    let mut count = 0;
    while let Some(message) = stream.next().await {
        let message = message.unwrap();
        count += usize::from(message.is_text() || message.is_binary());
        if Some(count) == close_after {
            if let Some(enough) = enough.take() {
                enough.send(()).unwrap();
            }
        }
        if !matches!(message, Message::Ping(_) | Message::Close(_)) {
            received.push(message);
        }
    }
    sent.await.unwrap();
    received
}

/// Both sides send, reply and read in two tasks each, through a pipe so short that all wait for
/// each other. After a lost wake-up, one would wait for ever. They run on two threads, if there are
/// any.
#[cfg_attr(not(target_family = "wasm"), tokio::test(flavor = "multi_thread", worker_threads = 2))]
#[cfg_attr(target_family = "wasm", tokio::test)]
async fn two_tasks_a_side_do_not_lose_each_other() {
    for capacity in [1, 7, 64] {
        let (client_io, server_io) = duplex(capacity);
        let messages: Vec<_> = (0..200u32)
            .map(|number| match number % 4 {
                0 => Message::Ping(Bytes::copy_from_slice(&number.to_be_bytes())),
                1 => Message::text(format!("{number}")),
                2 => Message::binary(vec![7; number as usize]),
                // The lengths depend on the pipe, so that every pipe needs about the same number of
                // writes. Each write wakes tasks on both threads.
                _ => Message::text("x".repeat(number as usize * capacity.min(20))),
            })
            .collect();
        let expected: Vec<_> =
            messages.iter().filter(|m| !matches!(m, Message::Ping(_))).cloned().collect();
        let client = WebSocketStream::new(client_io, Connection::client(key));
        let mut from_server = messages.clone();
        from_server.push(Message::text("the end"));
        // The server closes when only Pongs are in flight to it.
        let client = talk(client, messages, None);
        let server = talk(server(server_io), from_server, Some(expected.len()));
        let both = async { tokio::join!(client, server) };
        let (client, server) = tokio::time::timeout(Duration::from_secs(30), both)
            .await
            .expect("nobody waits for ever");
        let is_pong = |message: &Message| matches!(message, Message::Pong(_));
        let without_pongs =
            |all: Vec<Message>| all.into_iter().filter(|m| !is_pong(m)).collect::<Vec<_>>();
        assert!(client.iter().any(is_pong) && server.iter().any(is_pong));
        let client = without_pongs(client);
        assert_eq!(client[..expected.len()], expected);
        assert_eq!(client[expected.len()..], [Message::text("the end")]);
        assert_eq!(without_pongs(server), expected);
    }
}

/// A transport that remembers only the last task that waits to write, as sockets do.
#[derive(Default)]
struct Stuck {
    input: BytesMut,
    waiting: Option<Waker>,
}

impl AsyncRead for Stuck {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.input.is_empty() {
            return Poll::Pending;
        }
        buf.put_slice(&self.input.split());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn both_tasks_are_woken_whichever_waited_last() {
    for writer_last in [true, false] {
        let io = Stuck { input: masked(Opcode::Ping, true, b"")[..].into(), waiting: None };
        let mut ours = WebSocketStream::new(io, Connection::server());
        let [reader, writer] = [(); 2].map(|()| Arc::new(Woken::default()));
        let [reading, writing] = [&reader, &writer].map(|task| Waker::from(Arc::clone(task)));
        let read = |ours: &mut WebSocketStream<Stuck>| {
            Pin::new(ours).poll_next(&mut Context::from_waker(&reading))
        };
        let write = |ours: &mut WebSocketStream<Stuck>| {
            Pin::new(ours).poll_flush(&mut Context::from_waker(&writing)).is_pending()
        };

        Pin::new(&mut ours).start_send(Message::text("Hello")).unwrap();
        assert!(!writer_last || read(&mut ours).is_ready());
        assert!(write(&mut ours));
        assert!(writer_last || read(&mut ours).is_ready());
        ours.get_mut().waiting.take().expect("somebody waits").wake();
        assert_eq!((reader.0.load(Ordering::Relaxed), writer.0.load(Ordering::Relaxed)), (1, 1));
    }
}

/// The tasks that polled last are woken, for any event that they wait for, and any order of polls.
#[test]
fn the_tasks_that_polled_last_are_woken() {
    type Write =
        fn(Pin<&mut WebSocketStream<Stuck>>, &mut Context<'_>) -> Poll<Result<(), CodecError>>;
    let writes: [Write; 3] = [
        <WebSocketStream<_> as Sink<Message>>::poll_ready,
        <WebSocketStream<_> as Sink<Message>>::poll_flush,
        <WebSocketStream<_> as Sink<Message>>::poll_close,
    ];
    for (write, writer_last) in writes.iter().flat_map(|write| [(write, true), (write, false)]) {
        let io = Stuck { input: masked(Opcode::Ping, true, b"")[..].into(), waiting: None };
        let mut ours = WebSocketStream::new(io, Connection::server());
        // This is longer than any write buffer, so its sender must wait.
        Pin::new(&mut ours).start_send(Message::binary(vec![7; 1 << 20])).unwrap();
        let tasks = [(); 4].map(|()| Arc::new(Woken::default()));
        let [first_reader, first_writer, reader, writer] =
            tasks.each_ref().map(|task| Waker::from(Arc::clone(task)));
        let mut read =
            |task| Pin::new(&mut ours).poll_next(&mut Context::from_waker(task)).is_pending();
        assert!(!read(&first_reader), "the Ping is handed out");
        assert!(read(&first_reader));
        assert!(!writer_last || read(&reader));
        for task in [&first_writer, &writer] {
            assert!(write(Pin::new(&mut ours), &mut Context::from_waker(task)).is_pending());
        }
        let mut read =
            |task| Pin::new(&mut ours).poll_next(&mut Context::from_waker(task)).is_pending();
        assert!(writer_last || read(&reader));
        ours.get_mut().waiting.take().expect("somebody waits").wake();
        for task in &tasks[2..] {
            assert_ne!(task.0.load(Ordering::Relaxed), 0);
        }
    }
}

/// A transport that returns these bytes, up to 1000 per read, and then ends or fails.
struct Played {
    input: BytesMut,
    end: Option<io::ErrorKind>,
    /// Whether it accepts all writes.
    takes: bool,
}

impl Played {
    fn deaf(input: &[u8]) -> Self {
        Self { input: input.into(), end: None, takes: false }
    }

    fn taken<T>(&self, taken: T) -> Poll<io::Result<T>> {
        Poll::Ready(if self.takes { Ok(taken) } else { Err(io::ErrorKind::BrokenPipe.into()) })
    }
}

impl AsyncRead for Played {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.end {
            Some(error) if self.input.is_empty() => return Poll::Ready(Err(error.into())),
            _ => {
                let count = self.input.len().min(buf.remaining()).min(1000);
                buf.put_slice(&self.input.split_to(count));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Played {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.taken(bytes.len())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.taken(())
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.taken(())
    }
}

/// §7.1.4: after the closing handshake, any end of the transport is normal. Before it, any is an
/// error.
#[tokio::test]
async fn a_transport_that_fails_after_the_closing_handshake_has_ended() {
    for error in [
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::NotConnected,
        io::ErrorKind::TimedOut,
        io::ErrorKind::Other,
    ] {
        let played = |input: &[u8]| Played { input: input.into(), end: Some(error), takes: true };
        let io = played(b"\x88\x02\x03\xE8");
        let mut ours = WebSocketStream::new(io, Connection::client(key));
        assert_eq!(ours.next().await.unwrap().unwrap(), Message::close(CloseCode::NORMAL, ""));
        assert!(ours.next().await.is_none());
        assert!(ours.next().await.is_none());
        assert_eq!(ours.connection().close_code(), Some(CloseCode::NORMAL));

        // The peer's Close has arrived, and the caller has not answered it yet.
        let connection = Connection::client(key).auto_close(false);
        let mut ours = WebSocketStream::new(played(b"\x88\x02\x03\xE8"), connection);
        assert!(matches!(ours.next().await, Some(Ok(Message::Close(_)))));
        let found = ours.next().await.unwrap().unwrap_err();
        assert_eq!(io::Error::from(found).kind(), error);

        let mut ours = WebSocketStream::new(played(b"\x81\x02hi"), Connection::client(key));
        ours.close().await.unwrap();
        assert_eq!(ours.next().await.unwrap().unwrap(), Message::text("hi"));
        let found = ours.next().await.unwrap().unwrap_err();
        assert_eq!(io::Error::from(found).kind(), error);
        assert!(ours.next().await.is_none());
    }
}

/// Reading continues if a reply cannot be sent.
#[tokio::test]
async fn what_has_arrived_is_read_though_nothing_can_be_sent() {
    let (stream, expected) = conversation();
    let mut ours = WebSocketStream::new(Played::deaf(&stream), Connection::server());
    let mut found = Vec::new();
    while let Some(message) = ours.next().await {
        found.push(message.unwrap());
    }
    assert_eq!(found, expected);

    // Replies that cannot be sent do not take more and more memory.
    let pings = masked(Opcode::Ping, true, &[7; 125]).repeat(1000);
    let mut ours = WebSocketStream::new(Played::deaf(&pings), Connection::server());
    let mut answered = 0;
    let counted = allocation_counter::measure(|| {
        while let Poll::Ready(Some(Ok(message))) = next_or_drop(&mut ours) {
            assert!(matches!(message, Message::Ping(_)));
            answered += 1;
        }
    });
    assert_eq!(answered, 1000);
    assert!(counted.bytes_max < 64 << 10, "{counted:?}");

    // The sender gets the error.
    let mut ours = WebSocketStream::new(Played::deaf(b""), Connection::server());
    let error = ours.send(Message::text("Hello")).await.unwrap_err();
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn frames_are_masked_by_clients_alone() {
    let (mut peer, io) = duplex(64);
    let mut client = Framed::new(io, FrameCodec::client(key));
    let frame = Frame { fin: false, ..Frame::new(Opcode::Text, "Hello") };
    client.send(frame.clone()).await.unwrap();
    assert_eq!(arrived(&mut peer), masked(Opcode::Text, false, b"Hello"));
    send(&mut peer, b"\x01\x05Hello");
    assert_eq!(client.next().await.unwrap().unwrap(), frame);

    let (mut peer, io) = duplex(64);
    let mut server = Framed::new(io, FrameCodec::server());
    server.send(frame).await.unwrap();
    assert_eq!(arrived(&mut peer), b"\x01\x05Hello");
    let error = server.send(Frame::new(Opcode::Ping, vec![0; 126])).await.unwrap_err();
    assert!(matches!(error, CodecError::Encode(EncodeError::ControlTooLong(126))));

    // RSV bits must be allowed for such a frame.
    let frames = FrameDecoder::with_rules(Rules::new(Role::Server).allow_rsv(Rsv::RSV1));
    let mut codec = FrameCodec::with_frame_decoder(frames, NoKeys);
    let mut out = BytesMut::new();
    let with = |opcode, rsv| Frame { rsv, ..Frame::new(opcode, "") };
    codec.encode(with(Opcode::Text, Rsv::RSV1), &mut out).unwrap();
    for frame in [with(Opcode::Text, Rsv::RSV2), with(Opcode::Ping, Rsv::RSV1)] {
        let error = codec.encode(frame.clone(), &mut out).unwrap_err();
        let refused = EncodeError::UnexpectedRsv(frame.rsv);
        assert!(matches!(error, CodecError::Encode(error) if error == refused));
    }
    assert_eq!(&out[..], b"\xC1\x00");
}

#[test]
fn texts_of_errors() {
    let received = CodecError::from(ProtocolError::UnmaskedByClient);
    assert_eq!(received.to_string(), ProtocolError::UnmaskedByClient.to_string());
    let refused = CodecError::from(EncodeError::FrameAfterClose);
    assert_eq!(
        refused.to_string(),
        "not sent: no frame may be sent after a Close frame (RFC 6455 §5.5.1)"
    );
    let full = CodecError::from(wsframe::ReceiveError::OutputFull);
    let transport = CodecError::from(io::Error::from(io::ErrorKind::BrokenPipe));
    assert_eq!(transport.to_string(), io::Error::from(io::ErrorKind::BrokenPipe).to_string());
    for error in [&received, &refused, &full, &transport] {
        assert!(error.source().is_none(), "{error}: all that is known is said");
    }
    // The source is that of the transport's error, because the text of the error is displayed.
    #[derive(Debug)]
    struct Caused;
    impl std::fmt::Display for Caused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the transport failed")
        }
    }
    impl Error for Caused {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&std::fmt::Error)
        }
    }
    let caused = CodecError::from(io::Error::other(Caused));
    assert_eq!(caused.to_string(), "the transport failed");
    assert!(caused.source().is_some_and(|source| source.is::<std::fmt::Error>()));
    for (error, kind) in [
        (transport, io::ErrorKind::BrokenPipe),
        (received, io::ErrorKind::InvalidData),
        (refused, io::ErrorKind::InvalidInput),
        (full, io::ErrorKind::WouldBlock),
    ] {
        assert_eq!(io::Error::from(error).kind(), kind);
    }
}

/// This is true even if the source of keys does not implement `Debug`.
#[test]
fn all_types_implement_debug() {
    let shown = format!("{:?}", FrameCodec::client(key));
    assert!(shown.starts_with("FrameCodec { decoder: FrameDecoder"), "{shown}");
    let stream = WebSocketStream::new(duplex(1).1, Connection::client(key));
    let shown = format!("{stream:?}");
    assert!(shown.starts_with("WebSocketStream { io: DuplexStream"), "{shown}");
    assert!(format!("{:?}", stream.get_ref()).starts_with("DuplexStream"));
    let shown = format!("{:?}", MessageCodec::new(Connection::client(key)));
    assert!(shown.starts_with("MessageCodec { connection: Connection { role: Client"), "{shown}");
    #[cfg(feature = "deflate")]
    {
        use wsframe::deflate::{CompressedConnection, DeflateParameters};
        let connection = Connection::client(key);
        let compressed = CompressedConnection::new(connection, Some(DeflateParameters::DEFAULT));
        let shown = format!("{compressed:?}");
        assert!(shown.starts_with("CompressedConnection { connection: Connection"), "{shown}");
        assert!(shown.contains("context: Some(DeflateContext { takeover: true"), "{shown}");
    }
}

/// No message is lost if `select!` drops the future of `next`.
#[tokio::test]
async fn select_loses_nothing() {
    let (stream, expected) = conversation();
    let (mut peer, io) = duplex(8);
    let mut ours = server(io);
    let writer = tokio::spawn(async move {
        for byte in stream {
            peer.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        peer.shutdown().await.unwrap();
        let mut replies = Vec::new();
        peer.read_to_end(&mut replies).await.unwrap();
        replies
    });
    let mut found = Vec::new();
    loop {
        tokio::select! {
            biased;
            message = ours.next() => match message {
                Some(message) => found.push(message.unwrap()),
                None => break,
            },
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(found, expected);
    assert_eq!(writer.await.unwrap(), b"\x8A\x03now\x88\x02\x03\xE8");
}
