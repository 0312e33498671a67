//! The adapter: no byte is lost in reads and writes of any length, replies are written before
//! errors and ends are returned, and memory follows the reads.
#![cfg(feature = "std")]

use std::io::{self, ErrorKind, Read, Write};

use wsframe::adapter::{Adapter, ReadBuffer};
use wsframe::{
    CloseBody, CloseCode, Connection, Event, FrameEncoder, MaskingKey, Opcode, ProtocolError,
};

fn key() -> MaskingKey {
    MaskingKey::new([0x37, 0xFA, 0x21, 0x3D])
}

fn masked(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    FrameEncoder::new(opcode).fin(fin).masking_key(key()).encode_to_vec(payload, &mut out).unwrap();
    out
}

fn plain(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    FrameEncoder::new(opcode).encode_to_vec(payload, &mut out).unwrap();
    out
}

/// A transport whose reads and writes have at most `piece` bytes. Every other call is interrupted,
/// or pending.
#[derive(Default)]
struct Script {
    input: Vec<u8>,
    read: usize,
    output: Vec<u8>,
    piece: usize,
    reads: usize,
    writes: usize,
    flushed: usize,
    /// Whether the next call is interrupted.
    busy: bool,
    /// The error at the end of the input, if any.
    end: Option<ErrorKind>,
}

impl Script {
    fn new(input: Vec<u8>, piece: usize) -> Self {
        Self { input, piece, ..Self::default() }
    }

    fn interrupt(&mut self) -> io::Result<()> {
        self.busy = !self.busy;
        if self.busy { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.interrupt()?;
        assert!(!buf.is_empty());
        let rest = &self.input[self.read..];
        let count = rest.len().min(self.piece).min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        self.reads += 1;
        match self.end {
            Some(end) if count == 0 => Err(end.into()),
            _ => Ok(count),
        }
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupt()?;
        let count = bytes.len().min(self.piece);
        self.output.extend_from_slice(&bytes[..count]);
        self.writes += 1;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = self.output.len();
        Ok(())
    }
}

/// Echoes the events of a batch.
macro_rules! echo {
    ($batch:expr) => {{
        let mut batch = $batch;
        while let Some(event) = batch.receive() {
            match event {
                Event::Text(chunk) => {
                    batch.connection.send_fragment(&chunk.text, chunk.last, batch.out).unwrap();
                }
                Event::Binary(chunk) => {
                    let payload = chunk.payload.unmask();
                    batch.connection.send_fragment(&*payload, chunk.last, batch.out).unwrap();
                }
                _ => {}
            }
        }
    }};
}

fn echo(adapter: &mut Adapter<Script>) -> io::Result<()> {
    while let Some(batch) = adapter.next_batch()? {
        echo!(batch);
    }
    Ok(())
}

/// Frames of each kind, and a Close.
fn conversation() -> Vec<u8> {
    [
        masked(Opcode::Text, true, "grüße 🦀".as_bytes()),
        masked(Opcode::Text, false, b"caf\xC3"),
        masked(Opcode::Ping, true, b"now"),
        masked(Opcode::Continuation, true, b"\xA9"),
        masked(Opcode::Binary, true, &[7; 300]),
        masked(Opcode::Close, true, b"\x03\xE8bye"),
    ]
    .concat()
}

/// Decodes the output of a server. Returns its messages and control frames, and its frames.
fn sent(mut output: Vec<u8>) -> Vec<(Opcode, Vec<u8>)> {
    let mut client = Connection::client(key);
    let mut input = &mut output[..];
    let (mut found, mut message) = (Vec::new(), Vec::new());
    while let Some(event) = client.receive(&mut input, &mut Vec::new()).unwrap() {
        match event {
            Event::Text(chunk) => {
                message.extend_from_slice(chunk.text.as_bytes());
                if chunk.last {
                    found.push((Opcode::Text, core::mem::take(&mut message)));
                }
            }
            Event::Binary(chunk) => {
                message.extend_from_slice(chunk.payload.unmask());
                if chunk.last {
                    found.push((Opcode::Binary, core::mem::take(&mut message)));
                }
            }
            Event::Pong(data) => found.push((Opcode::Pong, data.to_vec())),
            Event::Close(body) => {
                let code = body.map_or(CloseCode::NO_STATUS, |body| body.code);
                found.push((Opcode::Close, code.get().to_be_bytes().to_vec()));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(input.is_empty());
    found
}

fn expected() -> Vec<(Opcode, Vec<u8>)> {
    vec![
        (Opcode::Text, "grüße 🦀".into()),
        (Opcode::Pong, b"now".to_vec()),
        (Opcode::Text, "café".into()),
        (Opcode::Binary, vec![7; 300]),
        (Opcode::Close, b"\x03\xE8".to_vec()),
    ]
}

#[test]
fn an_echo_is_the_same_in_pieces_of_any_length() {
    for piece in (1..20).chain([50, 1000, usize::MAX]) {
        for received in [0, 3, 30, conversation().len()] {
            let (first, rest) = (&conversation()[..received], conversation()[received..].to_vec());
            let script = Script::new(rest, piece);
            let mut adapter = Adapter::from_partially_read(script, Connection::server(), first);
            echo(&mut adapter).unwrap();
            assert_eq!(adapter.connection().close_code(), Some(CloseCode::NORMAL));
            adapter.finish(|_| Ok(())).unwrap();
            let script = adapter.into_inner();
            assert_eq!(script.flushed, script.output.len());
            assert_eq!(sent(script.output), expected(), "{piece} {received}");
        }
    }
}

#[test]
fn one_read_is_answered_in_one_write() {
    let mut script = Script::new(masked(Opcode::Text, true, b"Hello").repeat(100), usize::MAX);
    script.piece = 110;
    let mut adapter = Adapter::new(script, Connection::server());
    echo(&mut adapter).unwrap();
    // The last read returns the end.
    let Script { reads, writes, output, .. } = adapter.into_inner();
    assert_eq!((reads, writes, output), (11, 10, b"\x81\x05Hello".repeat(100)));
}

#[test]
fn a_broken_rule_is_told_to_the_peer_before_it_is_reported() {
    let input = [masked(Opcode::Text, true, b"Hello"), b"\x83".to_vec(), vec![0; 1000]].concat();
    let mut adapter = Adapter::new(Script::new(input, 500), Connection::server());
    let error = echo(&mut adapter).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let error = error.downcast::<ProtocolError>().unwrap();
    assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    assert!(adapter.get_ref().output.starts_with(b"\x81\x05Hello\x88"));
    assert_eq!(adapter.get_ref().flushed, adapter.get_ref().output.len());
    // And again.
    assert_eq!(adapter.next_batch().unwrap_err().kind(), ErrorKind::InvalidData);
    let mut shut_down = false;
    adapter
        .finish(|_| {
            shut_down = true;
            Ok(())
        })
        .unwrap();
    assert!(shut_down);
    assert_eq!(adapter.get_ref().read, adapter.get_ref().input.len());
}

#[test]
fn an_end_without_a_close_shows_in_the_close_code() {
    let mut adapter = Adapter::new(Script::new(b"\x81".to_vec(), 1), Connection::server());
    echo(&mut adapter).unwrap();
    assert_eq!(adapter.connection().close_code(), Some(CloseCode::ABNORMAL));
    assert!(adapter.next_batch().unwrap().is_none());

    let script = Script { end: Some(ErrorKind::ConnectionReset), ..Script::new(Vec::new(), 1) };
    let mut adapter = Adapter::new(script, Connection::server());
    assert_eq!(echo(&mut adapter).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// A client waits until the server ends the connection, cleanly or not (RFC 6455 §7.1.1).
#[test]
fn a_client_waits_for_the_end() {
    for end in [None, Some(ErrorKind::ConnectionReset)] {
        let input = [plain(Opcode::Close, b"\x03\xE8"), vec![0x81; 10_000]].concat();
        let script = Script { end, ..Script::new(input, 1000) };
        let mut adapter = Adapter::new(script, Connection::client(key));
        let (connection, out) = adapter.sending();
        let bye = CloseBody { code: CloseCode::NORMAL, reason: "" };
        connection.close(Some(bye), out).unwrap();
        let mut closes = 0;
        while let Some(mut batch) = adapter.next_batch().unwrap() {
            while let Some(event) = batch.receive() {
                assert!(matches!(event, Event::Close(_)));
                closes += 1;
            }
        }
        assert_eq!((closes, adapter.get_ref().read), (1, 10_004));
        assert_eq!(adapter.connection().close_code(), Some(CloseCode::NORMAL));
    }
}

/// The rest of a batch is in the next one, before anything is read.
#[test]
fn unhandled_events_come_with_the_next_batch() {
    let input = masked(Opcode::Text, true, b"Hello").repeat(5);
    let mut adapter = Adapter::new(Script::new(input, usize::MAX), Connection::server());
    for _ in 0..5 {
        let mut batch = adapter.next_batch().unwrap().unwrap();
        assert!(batch.receive().is_some());
    }
    assert_eq!(adapter.get_ref().reads, 1);
}

#[test]
fn much_output_is_written_before_more_is_handled() {
    let input = masked(Opcode::Text, true, b"Hello").repeat(50);
    let mut adapter = Adapter::new(Script::new(input, usize::MAX), Connection::server());
    let (mut batches, mut events) = (0, 0);
    while let Some(mut batch) = adapter.next_batch().unwrap() {
        batches += 1;
        while batch.receive().is_some() {
            events += 1;
            batch.connection.send(&[0; 100_000][..], batch.out).unwrap();
            assert!(batch.out.len() < 400_000);
        }
    }
    assert_eq!((events, adapter.get_ref().reads), (50, 2));
    assert!(batches > 10);
}

/// More Pings in one read than Pongs may be pending.
#[test]
fn pings_in_any_number_are_answered() {
    let input = masked(Opcode::Ping, true, b"").repeat(10_000);
    let mut adapter = Adapter::new(Script::new(input, usize::MAX), Connection::server());
    echo(&mut adapter).unwrap();
    assert_eq!(adapter.get_ref().output, b"\x8A\0".repeat(10_000));
}

#[test]
fn the_capacity_of_a_buffer_follows_the_reads() {
    let mut buffer = ReadBuffer::new();
    assert_eq!(buffer.capacity(), 0);
    let mut capacities = Vec::new();
    for _ in 0..10 {
        let len = buffer.space().len();
        capacities.push(len >> 10);
        buffer.advance(len);
        buffer.consume_all_but(0);
    }
    assert_eq!(capacities, [4, 8, 16, 32, 64, 128, 256, 256, 256, 256]);

    // Occasional large reads keep it large.
    for round in 0..100 {
        buffer.space();
        buffer.advance(if round % 8 == 0 { 100_000 } else { 10 });
        buffer.consume_all_but(0);
    }
    assert_eq!(buffer.capacity(), 256 << 10);
    for _ in 0..9 {
        buffer.space();
        buffer.advance(10);
        buffer.consume_all_but(0);
    }
    assert_eq!(buffer.capacity(), 4 << 10);

    // Unread bytes are kept, and moved to a buffer of the right length.
    let space = buffer.space();
    let len = space.len();
    space.fill(1);
    space[len - 1] = 2;
    buffer.advance(len);
    buffer.consume_all_but(1);
    assert_eq!((buffer.space().len(), buffer.unread()), (8191, &mut [2][..]));
    buffer.release();
    assert_eq!(buffer.unread(), [2]);
    buffer.consume_all_but(0);
    buffer.release();
    assert_eq!(buffer.capacity(), 0);
}

#[cfg(feature = "deflate")]
#[test]
fn compressed_messages_are_received_too() {
    use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};

    let mut pool = Pool::new(Config::default());
    let agreed = Some(DeflateParameters::DEFAULT);
    let mut client = CompressedConnection::new(Connection::client(key), agreed);
    let message = "{\"price\":42.1875,\"side\":\"buy\"} ".repeat(100_000);
    let mut input = Vec::new();
    client.send(&*message, &mut pool, &mut input).unwrap();
    let bye = CloseBody { code: CloseCode::NORMAL, reason: "" };
    client.connection_mut().close(Some(bye), &mut input).unwrap();

    let server = CompressedConnection::new(Connection::server(), agreed);
    let mut adapter = Adapter::new(Script::new(input, 100), server);
    let (mut buf, mut text) = ([0; 1000], Vec::new());
    while let Some(mut batch) = adapter.next_batch().unwrap() {
        while let Some(event) = batch.receive(&mut buf, &mut pool) {
            if let Event::Text(chunk) = event {
                text.extend_from_slice(chunk.text.as_bytes());
            }
        }
    }
    assert!(text == message.as_bytes());
    assert_eq!(adapter.connection().connection().close_code(), Some(CloseCode::NORMAL));
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use core::pin::{Pin, pin};
    use core::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::*;
    use crate::pipe::poll_once;

    impl AsyncRead for Script {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            pending(self.read(buf.initialize_unfilled())).map_ok(|count| buf.advance(count))
        }
    }

    impl AsyncWrite for Script {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            pending(self.write(bytes))
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            pending(self.interrupt()).map_ok(|()| self.flushed = self.output.len())
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            pending(self.interrupt())
        }
    }

    fn pending<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
        match result {
            Err(error) if error.kind() == ErrorKind::Interrupted => Poll::Pending,
            result => Poll::Ready(result),
        }
    }

    /// Each future is polled once, and dropped if it is pending.
    #[test]
    fn a_future_that_is_dropped_loses_nothing() {
        for piece in (1..20).chain([50, 1000, usize::MAX]) {
            let script = Script::new(conversation(), piece);
            let mut adapter = Adapter::new(script, Connection::server());
            loop {
                match poll_once(&mut pin!(adapter.next_batch_async())) {
                    Poll::Pending => {}
                    Poll::Ready(Ok(Some(batch))) => echo!(batch),
                    Poll::Ready(Ok(None)) => break,
                    Poll::Ready(Err(error)) => panic!("{error}"),
                }
            }
            {
                let mut finish = pin!(adapter.finish_async());
                while poll_once(&mut finish).is_pending() {}
            }
            let script = adapter.into_inner();
            assert_eq!(script.flushed, script.output.len());
            assert_eq!(sent(script.output), expected(), "{piece}");
        }
    }
}
