//! The memory of codecs and streams.
#![cfg(feature = "tokio")]

use core::pin::Pin;
use core::task::Poll;

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, Stream, StreamExt};
use tokio::io::{DuplexStream, duplex};
use tokio_util::codec::{Decoder, Encoder, Framed};
use wsframe::codec::{CodecError, FrameCodec, MessageCodec};
use wsframe::stream::WebSocketStream;
use wsframe::{
    Connection, FrameDecoder, FrameHeader, Limits, Message, NoKeys, Opcode, ProtocolError, Role,
};

use crate::pipe;
use pipe::{arrived, drained, key, masked, next, next_or_drop, send, server};

/// Returns the error in place of a next message or frame.
fn next_error<S: Stream<Item = Result<T, CodecError>> + Unpin, T: core::fmt::Debug>(
    stream: &mut S,
) -> CodecError {
    match next_or_drop(stream) {
        Poll::Ready(Some(Err(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// Memory is allocated for bytes that have arrived, and not for declared lengths.
#[test]
fn a_declared_length_allocates_nothing() {
    let header =
        FrameHeader { masking_key: Some(key()), ..FrameHeader::new(Opcode::Binary, 1 << 62) };
    let header = header.encode().unwrap();
    let unlimited = || FrameDecoder::new(Role::Server).max_frame_size(u32::MAX);

    let (mut peer, io) = duplex(64);
    let mut ours = WebSocketStream::new(io, Connection::server().limits(Limits::UNLIMITED));
    assert!(next_or_drop(&mut ours).is_pending());
    let counted = allocation_counter::measure(|| {
        send(&mut peer, &header);
        assert!(next_or_drop(&mut ours).is_pending());
        for _ in 0..1000 {
            send(&mut peer, &[7; 64]);
            assert!(next_or_drop(&mut ours).is_pending());
        }
    });
    // 64,000 bytes have arrived.
    assert!(counted.bytes_max < 4 * 64_000, "{counted:?}");

    // A limit applies before anything is allocated.
    let (mut peer, io) = duplex(64);
    let mut ours = server(io);
    send(&mut peer, &header);
    let error = next_error(&mut ours);
    assert!(
        matches!(error, CodecError::Protocol(ProtocolError::FrameTooLong(len)) if len == 1 << 62)
    );

    let (mut peer, io) = duplex(64);
    let mut framed = Framed::new(io, FrameCodec::with_frame_decoder(unlimited(), NoKeys));
    assert!(next_or_drop(&mut framed).is_pending());
    let counted = allocation_counter::measure(|| {
        send(&mut peer, &header);
        send(&mut peer, b"x");
        assert!(next_or_drop(&mut framed).is_pending());
    });
    assert!(counted.bytes_max < 64_000, "{counted:?}");
}

/// Returns a pipe that has allocated all its memory.
fn used_pipe() -> (DuplexStream, DuplexStream) {
    let (mut peer, mut io) = duplex(1 << 16);
    send(&mut peer, &[0; 1 << 16]);
    send(&mut io, &[0; 1 << 16]);
    arrived(&mut peer);
    arrived(&mut io);
    (peer, io)
}

/// Receives and drops a message of this length. Returns how many more bytes are allocated than
/// before.
fn left_by_reading<S>(peer: &mut DuplexStream, stream: &mut S, len: usize) -> i64
where
    S: Stream<Item = Result<Message, CodecError>> + Unpin,
{
    let bytes = masked(Opcode::Binary, true, &vec![7; len]);
    let mut received = 0;
    let counted = allocation_counter::measure(|| {
        for piece in bytes.chunks(1 << 16) {
            send(peer, piece);
            while let Poll::Ready(message) = next_or_drop(stream) {
                assert!(matches!(message, Some(Ok(Message::Binary(data))) if data.len() == len));
                received += 1;
            }
        }
    });
    assert_eq!(received, 1);
    counted.bytes_current
}

/// A large message does not leave a large buffer.
#[test]
fn a_large_message_leaves_no_large_buffer() {
    // Some lengths fill the buffer nearly to its end, so that little capacity is visible after they
    // were removed.
    for len in [70_000, 131_072 - 14, 131_072 - 30, 300_000, (1 << 20) - 14, 4 << 20] {
        // A stream has no buffer at first. It keeps a large one until a few small messages have
        // arrived.
        let (mut peer, io) = used_pipe();
        let mut ours = server(io);
        let left: i64 = [len, 10, 10, 10, 10, 10, 10]
            .into_iter()
            .map(|len| left_by_reading(&mut peer, &mut ours, len))
            .sum();
        assert!((4 << 10..5 << 10).contains(&left), "{left} bytes after {len}");
        let (mut peer, io) = used_pipe();
        let mut framed = Framed::new(io, MessageCodec::new(Connection::server()));
        assert_eq!(left_by_reading(&mut peer, &mut framed, len), 0);
        let (mut peer, io) = used_pipe();
        let framed = Framed::new(io, FrameCodec::server());
        let mut messages = framed.map(|frame| frame.map(|frame| Message::Binary(frame.payload)));
        assert_eq!(left_by_reading(&mut peer, &mut messages, len), 0);

        let (mut peer, io) = used_pipe();
        let mut ours = server(io);
        let message = Message::binary(vec![7; len]);
        let counted = allocation_counter::measure(|| {
            Pin::new(&mut ours).start_send(message).unwrap();
            let (mut sent, flushed) = drained(&mut peer, |cx| Pin::new(&mut ours).poll_flush(cx));
            flushed.unwrap();
            sent.extend(arrived(&mut peer));
            assert_eq!(&sent[10..], vec![7; len]);
        });
        // The message was dropped too, and a small buffer for headers was allocated.
        let left = counted.bytes_current + len as i64;
        assert!((0..2 << 10).contains(&left), "{left} bytes after {len}");
    }
}

/// A buffer of 64 KiB may stay, and one that contains 8 KiB or more.
#[test]
fn what_is_left_in_a_large_buffer_moves_to_a_small_one() {
    let frame = masked(Opcode::Binary, true, &[7; 10_000]);
    for (capacity, len, stays) in [
        (65_536, 10, true),
        (65_537, 10, false),
        (65_537, 0, false),
        (1 << 20, 8191, false),
        (1 << 20, 8192, true),
    ] {
        let mut input = BytesMut::with_capacity(capacity);
        input.extend_from_slice(&frame[..len]);
        let at = input.as_ptr();
        let mut codec = FrameCodec::server();
        assert!(codec.decode(&mut input).unwrap().is_none());
        assert_eq!((&input[..], input.as_ptr() == at), (&frame[..len], stays));
        assert!(stays || input.capacity() == 8192);
        // It moves only once, and when it contains little.
        let at = input.as_ptr();
        assert!(codec.decode(&mut input).unwrap().is_none());
        assert_eq!(input.as_ptr(), at);
        input.extend_from_slice(&frame[len..]);
        assert_eq!(codec.decode(&mut input).unwrap().unwrap().payload, vec![7; 10_000]);
        assert!(codec.decode(&mut input).unwrap().is_none());
        assert!(input.capacity() <= 65_536, "{}", input.capacity());
    }
}

/// A message in one frame, in one read, shares the read buffer of `Framed`.
#[test]
fn a_message_is_not_copied() {
    let (mut peer, io) = duplex(1 << 10);
    let mut framed = Framed::new(io, MessageCodec::new(Connection::server()));
    let buffer = framed.read_buffer().as_ptr().addr();
    let buffer = buffer..buffer + framed.read_buffer().capacity();
    send(&mut peer, &masked(Opcode::Text, true, b"Hello"));
    let Message::Text(text) = next(&mut framed) else { panic!() };
    assert!(buffer.contains(&text.as_ptr().addr()));
}

#[test]
fn the_state_of_a_connection_is_small() {
    // The documentation promises this.
    assert!(size_of::<MessageCodec>() <= size_of::<Connection>() + 112);
    let make = || drop(MessageCodec::new(Connection::server()));
    assert_eq!(allocation_counter::measure(make).count_total, 0);
    // This is also true after a Ping that was answered.
    let mut codec = MessageCodec::new(Connection::server());
    let mut input = BytesMut::from(&masked(Opcode::Ping, true, b"hi").repeat(2)[..]);
    let mut out = BytesMut::with_capacity(64);
    let answered = allocation_counter::measure(|| {
        assert!(codec.decode(&mut input).unwrap().is_some());
        out.extend_from_slice(&codec.take_replies());
        assert!(codec.decode(&mut input).unwrap().is_some());
        codec.encode(Message::Pong(Bytes::new()), &mut out).unwrap();
        input = BytesMut::new();
    });
    assert!(answered.bytes_current <= 0, "{answered:?}");
    assert_eq!(&out[..], b"\x8A\x02hi\x8A\x02hi\x8A\x00");
}
