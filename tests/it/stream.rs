//! `WebSocketStream` at the end of a connection, with two tasks, and its costs.
#![cfg(feature = "tokio")]

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;

use bytes::BytesMut;
use futures_util::stream::FusedStream;
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use wsframe::codec::CodecError;
use wsframe::stream::WebSocketStream;
use wsframe::{CloseCode, Connection, Limits, Message, Opcode};

use crate::pipe;
use pipe::{arrived, drained, masked, next_or_drop, poll_once, send, server};

/// Returns a stream whose sender has filled the pipe to a peer that does not read.
fn blocked(capacity: usize) -> (DuplexStream, WebSocketStream<DuplexStream>) {
    let (peer, io) = duplex(capacity);
    let mut ours = server(io);
    while poll_once(&mut pin!(poll_fn(|cx| Pin::new(&mut ours).poll_ready(cx)))).is_ready() {
        Pin::new(&mut ours).start_send(Message::binary(vec![7; 10_000])).unwrap();
    }
    (peer, ours)
}

/// §5.5.1, §7.1.5: the end of a connection is returned even if the peer reads nothing. The reply is
/// sent as soon as it reads.
#[test]
fn the_end_is_returned_while_the_peer_does_not_read() {
    for (bytes, code, reply) in [
        (masked(Opcode::Close, true, b"\x0F\xA0bye"), 4000, Some(&b"\x88\x02\x0F\xA0"[..])),
        (b"\x83\x80\0\0\0\0".to_vec(), 1006, Some(b"\x03\xEARFC 6455 \xC2\xA75.2")),
        (vec![], 1006, None),
    ] {
        let (mut peer, mut ours) = blocked(64);
        assert!(next_or_drop(&mut ours).is_pending());
        send(&mut peer, &bytes);
        if bytes.is_empty() {
            assert!(poll_once(&mut pin!(peer.shutdown())).is_ready());
        }
        let last = next_or_drop(&mut ours);
        match (code, last) {
            (4000, Poll::Ready(Some(Ok(message)))) => {
                assert_eq!(message, Message::close(CloseCode::new(4000), "bye"));
                assert_eq!(ours.close_frame().unwrap().reason, "bye");
                assert!(ours.error().is_none());
            }
            (1006, Poll::Ready(Some(Err(_)))) => {
                assert!(ours.close_frame().is_none());
                assert!(ours.error().is_some());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(ours.close_code(), Some(CloseCode::new(code)));

        // The end is returned at once, too.
        assert!(poll_once(&mut pin!(peer.shutdown())).is_ready());
        assert!(!ours.is_terminated());
        assert!(matches!(next_or_drop(&mut ours), Poll::Ready(None)));
        assert!(ours.is_terminated());
        if let Some(reply) = reply {
            let mut sent = Vec::new();
            for _ in 0..2000 {
                sent.extend(arrived(&mut peer));
                let _ = poll_once(&mut pin!(poll_fn(|cx| Pin::new(&mut ours).poll_close(cx))));
            }
            assert!(sent.ends_with(reply), "{:?}", &sent[sent.len() - 20..]);
        }
    }
}

/// The half of a writer that waits for the peer returns how the connection ended.
#[test]
fn both_halves_know_how_the_connection_ended() {
    let (mut peer, ours) = blocked(64);
    let (sink, mut stream) = ours.split();
    send(&mut peer, &masked(Opcode::Close, true, b"\x03\xE9away"));
    assert!(matches!(next_or_drop(&mut stream), Poll::Ready(Some(Ok(Message::Close(_))))));
    for (code, frame, error) in [
        (sink.close_code(), sink.close_frame(), sink.error()),
        (stream.close_code(), stream.close_frame(), stream.error()),
    ] {
        assert_eq!(code, Some(CloseCode::GOING_AWAY));
        assert_eq!(frame.unwrap().reason, "away");
        assert!(error.is_none());
    }

    let (mut peer, ours) = blocked(64);
    let (mut sink, mut stream) = ours.split();
    let mut ready = pin!(poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)));
    assert!(poll_once(&mut ready).is_pending());
    assert!(poll_once(&mut pin!(peer.shutdown())).is_ready());
    assert!(matches!(next_or_drop(&mut stream), Poll::Ready(Some(Err(CodecError::Io(_))))));
    assert!(matches!(poll_once(&mut ready), Poll::Ready(Err(CodecError::Io(_)))));
    assert_eq!(sink.close_code(), Some(CloseCode::ABNORMAL));
    assert!(matches!(sink.error(), Some(CodecError::Io(_))));

    let whole = stream.reunite(sink).unwrap();
    let (other_sink, _) = server(duplex(1).1).split();
    let (sink, stream) = whole.split();
    let error = stream.reunite(other_sink).unwrap_err();
    assert_eq!(error.to_string(), "the halves are not of the same stream");
    assert!(error.0.reunite(sink).is_ok());
}

/// A loop that ends after the Close and drops the stream has sent the answer.
#[cfg(not(target_family = "wasm"))]
#[tokio::test]
async fn a_loop_that_breaks_at_the_close_has_answered_it() {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    for _ in 0..200 {
        let serve = async {
            let mut ours =
                WebSocketStream::new(listener.accept().await.unwrap().0, Connection::server());
            while let Some(message) = ours.next().await {
                if message.unwrap().is_close() {
                    break;
                }
            }
        };
        let talk = async {
            let mut peer = TcpStream::connect(addr).await.unwrap();
            peer.write_all(&masked(Opcode::Text, true, b"Hello")).await.unwrap();
            peer.write_all(&masked(Opcode::Close, true, b"\x03\xE8")).await.unwrap();
            let mut replies = Vec::new();
            peer.read_to_end(&mut replies).await.unwrap();
            replies
        };
        let ((), replies) = tokio::join!(serve, talk);
        assert_eq!(replies, b"\x88\x02\x03\xE8");
    }
}

/// A transport that returns these bytes, and then fails, or returns bytes without end. It accepts
/// all writes.
struct Played {
    input: BytesMut,
    then: Then,
    reads: usize,
    read: usize,
}

enum Then {
    Fail(io::ErrorKind),
    /// Endless reads of this many bytes.
    Flood(usize),
}

fn played(input: &[u8], then: Then) -> WebSocketStream<Played> {
    let io = Played { input: input.into(), then, reads: 0, read: 0 };
    WebSocketStream::new(io, Connection::server())
}

impl AsyncRead for Played {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        assert!(self.reads < 1 << 20, "it reads for ever");
        let count = self.input.len().min(buf.remaining());
        if count > 0 {
            buf.put_slice(&self.input.split_to(count));
            return Poll::Ready(Ok(()));
        }
        match self.then {
            Then::Fail(kind) => Poll::Ready(Err(kind.into())),
            Then::Flood(count) => {
                let count = count.min(buf.remaining());
                buf.put_slice(&[0; 4096][..count.min(4096)]);
                self.read += count;
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Played {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// §7.1.5: a connection whose transport failed is closed with 1006, and nothing more is sent.
#[tokio::test]
async fn a_transport_that_failed_is_an_abnormal_end() {
    for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::TimedOut] {
        let mut ours = played(&masked(Opcode::Text, true, b"Hello"), Then::Fail(kind));
        assert_eq!(ours.next().await.unwrap().unwrap(), Message::text("Hello"));
        assert_eq!(ours.close_code(), None);
        let error = ours.next().await.unwrap().unwrap_err();
        assert_eq!(io::Error::from(error).kind(), kind);
        assert_eq!(ours.close_code(), Some(CloseCode::ABNORMAL));
        assert_eq!(ours.connection().close_code(), Some(CloseCode::ABNORMAL));
        assert!(matches!(ours.error(), Some(CodecError::Io(error)) if error.kind() == kind));
        for _ in 0..2 {
            let error = ours.send(Message::text("late")).await.unwrap_err();
            assert_eq!(io::Error::from(error).kind(), kind);
            let error = Pin::new(&mut ours).start_send(Message::text("late")).unwrap_err();
            assert_eq!(io::Error::from(error).kind(), kind);
        }
        assert!(ours.next().await.is_none());
    }
}

/// If a peer sends without end after the Close, a poll takes limited time, and not everything is
/// read.
#[test]
fn an_endless_peer_is_not_read_forever() {
    let close = masked(Opcode::Close, true, b"\x03\xE8");
    for bytes in [&b"\x81\x00"[..], &close] {
        for flood in [1, 4096] {
            let mut ours = played(bytes, Then::Flood(flood));
            assert!(matches!(next_or_drop(&mut ours), Poll::Ready(Some(_))));
            ours.get_mut().reads = 0;
            assert!(next_or_drop(&mut ours).is_pending());
            assert!(ours.get_ref().reads < 100, "{}", ours.get_ref().reads);
            if flood == 4096 {
                while next_or_drop(&mut ours).is_pending() {}
                assert!(ours.get_ref().read < 32 << 20, "{}", ours.get_ref().read);
                assert!(matches!(next_or_drop(&mut ours), Poll::Ready(None)));
            }
        }
    }
    // This is also true before the end, within a long frame: other tasks run, and this one is
    // woken.
    let limits = Limits::DEFAULT.max_frame_size(1 << 30).max_message_size(1 << 30);
    let header = b"\x82\xFF\0\0\0\0\x10\0\0\0\0\0\0\0";
    let io = Played { input: header[..].into(), then: Then::Flood(1), reads: 0, read: 0 };
    let mut ours = WebSocketStream::new(io, Connection::server().limits(limits));
    assert!(next_or_drop(&mut ours).is_pending());
    assert!(ours.get_ref().reads < 100, "{}", ours.get_ref().reads);
}

/// A transport in memory that counts calls. It returns the same bytes in each round, and accepts
/// all writes.
struct Counting {
    round: Vec<u8>,
    read: usize,
    at_once: usize,
    reads: usize,
    writes: usize,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let rest = &this.round[this.read..];
        let count = rest.len().min(buf.remaining()).min(this.at_once);
        if count == 0 {
            return Poll::Pending;
        }
        buf.put_slice(&rest[..count]);
        this.read += count;
        this.reads += 1;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes += 1;
        Poll::Ready(Ok(bytes.len().min(self.at_once)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes += 1;
        let len = slices.iter().map(|slice| slice.len()).sum::<usize>();
        Poll::Ready(Ok(len.min(self.at_once)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Echoes `depth` messages of `len` bytes per round. Returns reads, writes and allocations per
/// message.
fn cost_of_echoes(depth: usize, len: usize, at_once: usize) -> [f64; 3] {
    let round = masked(Opcode::Binary, true, &vec![7; len]).repeat(depth);
    let io = Counting { round, read: 0, at_once, reads: 0, writes: 0 };
    let mut ours = WebSocketStream::new(io, Connection::server());
    let mut echo = |rounds: usize| {
        for _ in 0..rounds {
            ours.get_mut().read = 0;
            let mut echoed = 0;
            while let Poll::Ready(Some(message)) = next_or_drop(&mut ours) {
                assert!(poll_once(&mut ours.feed(message.unwrap())).is_ready());
                echoed += 1;
            }
            assert_eq!(echoed, depth);
        }
        (ours.get_ref().reads, ours.get_ref().writes)
    };
    let before = echo(20);
    let mut after = (0, 0);
    let counted = allocation_counter::measure(|| after = echo(100));
    let per_message = |count: u64| count as f64 / (100 * depth) as f64;
    [(after.0 - before.0) as u64, (after.1 - before.1) as u64, counted.count_total].map(per_message)
}

/// Many messages share a read and a write, and nothing is allocated for them.
#[test]
fn an_echo_costs_few_reads_and_writes_and_no_allocations() {
    for len in [16, 125, 1024] {
        let [reads, writes, allocations] = cost_of_echoes(64, len, usize::MAX);
        println!(
            "depth 64, {len} bytes: {reads} reads, {writes} writes, {allocations} allocations"
        );
        assert!(reads <= 0.05 && writes <= 0.05, "{len} bytes: {reads} reads, {writes} writes");
        assert!(allocations == 0.0, "{len} bytes: {allocations} allocations");
    }
    for (depth, len) in [(1, 125), (1, 1024), (64, 16 << 10), (4, 1 << 20)] {
        let [reads, writes, allocations] = cost_of_echoes(depth, len, 200 << 10);
        println!(
            "depth {depth}, {len} bytes: {reads} reads, {writes} writes, {allocations} allocations"
        );
        assert!(allocations <= 0.1, "{len} bytes: {allocations} allocations");
    }
}

/// Returns the next message, which must arrive.
async fn next_of(stream: &mut WebSocketStream<DuplexStream>) -> Message {
    stream.next().await.unwrap().unwrap()
}

/// Returns the heap memory of a stream, without the stream itself.
#[test]
fn an_idle_stream_holds_little_memory() {
    let state = size_of::<WebSocketStream<()>>();
    assert!(state <= 512, "{state}");
    let (mut peer, mut io) = duplex(1 << 16);
    send(&mut peer, &[0; 1 << 16]);
    send(&mut io, &[0; 1 << 16]);
    arrived(&mut peer);
    arrived(&mut io);
    let mut ours = server(io);
    let mut echo = |len: usize| {
        let bytes = masked(Opcode::Binary, true, &vec![7; len]);
        for piece in bytes.chunks(1 << 16) {
            send(&mut peer, piece);
            while let Poll::Ready(message) = next_or_drop(&mut ours) {
                let mut message = Some(message.unwrap().unwrap());
                drained(&mut peer, |cx| {
                    if let Some(message) = message.take() {
                        Pin::new(&mut ours).start_send(message).unwrap();
                    }
                    Pin::new(&mut ours).poll_flush(cx)
                })
                .1
                .unwrap();
            }
        }
        arrived(&mut peer);
    };
    let mut held = 0;
    let mut measure = |what: &mut dyn FnMut()| {
        held += allocation_counter::measure(what).bytes_current;
        held as usize + state
    };
    let small = measure(&mut || (0..10).for_each(|_| echo(125)));
    let large = measure(&mut || {
        echo(1 << 20);
        (0..10).for_each(|_| echo(125));
    });
    let just_large = measure(&mut || echo(1 << 20));
    let released = measure(&mut || {
        ours.release_buffers();
        assert!(next_or_drop(&mut ours).is_pending());
    });
    println!("{small} bytes after small messages, {large} after a large one, {released} released");
    assert!(small <= 7 << 10, "{small}");
    assert!(large <= 7 << 10, "{large}");
    assert!(just_large > 1 << 20, "it stays while large messages go on: {just_large}");
    assert!(released <= 3 << 10, "{released}");
}

/// Between flushes, a stream that only sends keeps no write queue of several KiB, but one that
/// answers does.
#[test]
fn a_stream_that_only_sends_keeps_a_small_write_queue() {
    for answers in [false, true] {
        let (mut peer, io) = duplex(1 << 10);
        let io = tokio::io::join(io, tokio::io::sink());
        let mut ours = WebSocketStream::new(io, Connection::server());
        // The read buffer and the peer's.
        send(&mut peer, &masked(Opcode::Binary, true, b"request"));
        assert!(next_or_drop(&mut ours).is_ready());
        assert!(next_or_drop(&mut ours).is_pending());
        assert!(poll_once(&mut ours.send(Message::text("reply"))).is_ready());
        let mut send_eight = || {
            if answers {
                send(&mut peer, &masked(Opcode::Binary, true, b"request"));
                assert!(next_or_drop(&mut ours).is_ready());
            }
            for _ in 0..8 {
                let message = Message::binary(vec![7; 1 << 10]);
                assert!(poll_once(&mut ours.feed(message)).is_ready());
            }
            assert!(poll_once(&mut ours.flush()).is_ready());
        };
        let held = allocation_counter::measure(&mut send_eight).bytes_current;
        let again = allocation_counter::measure(send_eight);
        println!("answers: {answers}; {held} bytes held, then {again:?}");
        if answers {
            assert!(held > 7 << 10, "{held}");
        } else {
            assert!(held <= 0 && again.bytes_current == 0, "{held}, {again:?}");
            // The memory of eight payloads, and one allocation of the queue.
            assert_eq!(again.count_total, 9);
        }
    }
}

/// With `release_buffers_after`, a stream frees its memory after it was idle, and not before.
#[test]
fn an_idle_stream_gives_its_buffers_back_by_itself() {
    use tokio::time::{sleep, timeout};

    const IDLE: Duration = Duration::from_millis(100);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (mut peer, io) = duplex(2 << 20);
    send(&mut peer, &masked(Opcode::Ping, true, b""));
    let mut ours = server(io);
    ours.release_buffers_after(Some(IDLE));
    assert_eq!(runtime.block_on(next_of(&mut ours)), Message::Ping(b""[..].into()));
    let large = masked(Opcode::Binary, true, &vec![7; 1 << 20]);
    for is_used in [true, false, false] {
        send(&mut peer, &large);
        assert_eq!(runtime.block_on(next_of(&mut ours)).payload().unwrap().len(), 1 << 20);
        let waiting = async {
            if !is_used {
                assert!(timeout(4 * IDLE, ours.next()).await.is_err());
            }
            // A message arrives before the stream is polled again, also on a slow machine.
            for _ in 0..if is_used { 3 } else { 0 } {
                assert!(next_or_drop(&mut ours).is_pending());
                sleep(3 * IDLE / 5).await;
                send(&mut peer, &masked(Opcode::Ping, true, b""));
                next_of(&mut ours).await;
            }
        };
        let given_back = -allocation_counter::measure(|| runtime.block_on(waiting)).bytes_current;
        assert_eq!(given_back > 1 << 20, !is_used, "{given_back} bytes");
    }
}

/// Messages share the buffer while it has capacity. Detached messages do not keep it.
#[test]
fn messages_that_are_kept_take_little_memory() {
    for detach in [false, true] {
        let (mut peer, io) = duplex(1 << 10);
        let mut ours = server(io);
        let mut kept = Vec::with_capacity(1000);
        let mut receive = |count: usize| {
            for number in 0..count {
                send(&mut peer, &masked(Opcode::Text, true, format!("{number:010}").as_bytes()));
                let Poll::Ready(Some(Ok(message))) = next_or_drop(&mut ours) else { panic!() };
                kept.push(if detach { message.detach() } else { message });
            }
        };
        receive(10);
        let held = allocation_counter::measure(|| receive(900)).bytes_current;
        println!("900 messages of 10 bytes, detach: {detach}: {held} bytes");
        assert!(held < if detach { 20 * 900 } else { 50 * 900 }, "{held}");
        for (number, message) in kept.iter().skip(10).enumerate() {
            assert_eq!(*message, Message::text(format!("{number:010}")));
        }
    }
}
