//! Polling the ends of a pipe in memory by hand.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wsframe::codec::CodecError;
use wsframe::stream::WebSocketStream;
use wsframe::{Connection, FrameEncoder, MaskingKey, Message, Opcode};

pub const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

pub fn key() -> MaskingKey {
    MaskingKey::new(KEY)
}

pub fn masked(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    FrameEncoder::new(opcode).fin(fin).masking_key(key()).encode_to_vec(payload, &mut out).unwrap();
    out
}

/// Polls a future once, with a waker that is a no-op.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls the future of `next` once, and drops it.
pub fn next_or_drop<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    poll_once(&mut stream.next())
}

/// Returns the next message, which must have arrived.
pub fn next<S: Stream<Item = Result<Message, CodecError>> + Unpin>(stream: &mut S) -> Message {
    match next_or_drop(stream) {
        Poll::Ready(Some(Ok(message))) => message,
        other => panic!("{other:?}"),
    }
}

/// Returns the bytes that have arrived at this end of a pipe.
pub fn arrived(pipe: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Poll::Ready(Ok(1..)) = poll_once(&mut pin!(pipe.read_buf(&mut bytes))) {}
    bytes
}

pub fn send(pipe: &mut DuplexStream, bytes: &[u8]) {
    assert!(poll_once(&mut pin!(pipe.write_all(bytes))).is_ready(), "there is room");
}

pub fn server(io: DuplexStream) -> WebSocketStream<DuplexStream> {
    WebSocketStream::new(io, Connection::server())
}

/// Reads everything that the peer gets while `poll` is pending. Returns it, and the result of
/// `poll`.
pub fn drained<T>(
    peer: &mut DuplexStream,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> (Vec<u8>, T) {
    let mut bytes = Vec::new();
    for _ in 0..1000 {
        if let Poll::Ready(ready) = poll(&mut Context::from_waker(Waker::noop())) {
            return (bytes, ready);
        }
        bytes.extend(arrived(peer));
    }
    panic!("it waits for ever");
}
