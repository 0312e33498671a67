//! `blocking`, over a pipe that often would block, and whose reads and writes have one byte.
#![cfg(feature = "blocking")]

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Cursor, Error, ErrorKind, Read, Result, Write};
use std::rc::Rc;
use std::time::Duration;

use wsframe::blocking::{self, AcceptRequest, Accepting, Connecting, WebSocket};
use wsframe::codec::CodecError;
use wsframe::handshake::{HandshakeError, HttpReply, Options, Rejection};
use wsframe::{CloseCode, Connection, EncodeError, Limits, Message, ThreadKeys};

const URI: &str = "ws://example.com/chat";
const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nOrigin: https://example.com\r\n\r\n";

/// One direction of a pipe.
#[derive(Clone, Debug, Default)]
struct Way(Rc<(RefCell<VecDeque<u8>>, Cell<bool>)>);

impl Way {
    fn end(&self) {
        self.0.1.set(true);
    }

    fn push(&self, bytes: &[u8]) {
        self.0.0.borrow_mut().extend(bytes);
    }

    fn take(&self) -> Vec<u8> {
        self.0.0.borrow_mut().drain(..).collect()
    }
}

/// One end of a pipe.
#[derive(Debug)]
struct End {
    from: Way,
    to: Way,
    calls: u32,
    /// The number of bytes after which a write would block.
    capacity: usize,
}

impl End {
    /// Makes two of five calls fail, with each error kind after which a call can be repeated.
    fn stumble(&mut self) -> Result<()> {
        self.calls += 1;
        match self.calls % 5 {
            1 => Err(ErrorKind::WouldBlock.into()),
            3 => Err(ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.stumble()?;
        match self.from.0.0.borrow_mut().pop_front() {
            Some(byte) => {
                buf[0] = byte;
                Ok(1)
            }
            None if self.from.0.1.get() => Ok(0),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.stumble()?;
        if self.to.0.1.get() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if self.to.0.0.borrow().len() >= self.capacity {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.to.push(&buf[..1]);
        Ok(1)
    }

    fn flush(&mut self) -> Result<()> {
        self.stumble()
    }
}

fn pipe() -> (End, End) {
    let (to, from) = (Way::default(), Way::default());
    let end = |from: &Way, to: &Way| End {
        from: from.clone(),
        to: to.clone(),
        calls: 0,
        capacity: usize::MAX,
    };
    (end(&from, &to), end(&to, &from))
}

/// Repeats a call until it does not return that it would block.
fn repeat<R, E: Into<Error>>(mut call: impl FnMut() -> core::result::Result<R, E>) -> Result<R> {
    for _ in 0..100_000 {
        match call().map_err(Into::into) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            result => return result,
        }
    }
    panic!("it would block for ever");
}

fn opened(options: &Options) -> (WebSocket<End>, WebSocket<End, ThreadKeys>) {
    let (server_io, client_io) = pipe();
    let mut connecting = Connecting::new(client_io, URI, options).unwrap();
    let mut accepting = Accepting::new(server_io, options);
    // The request is written, and the response has not arrived.
    for _ in 0..10_000 {
        assert!(connecting.read_response().is_err());
    }
    let request = repeat(|| accepting.read_request()).unwrap();
    assert_eq!(request.request().path(), "/chat");
    let mut server = request.accept(options).unwrap();
    repeat(|| server.flush()).unwrap();
    (server, repeat(|| connecting.read_response()).unwrap())
}

/// Everything that one side sends arrives at the other.
#[test]
fn no_call_that_would_block_loses_anything() {
    let options = Options::new().subprotocols(["chat"]);
    #[cfg(feature = "deflate")]
    let options = options.deflate(wsframe::deflate::Config::default());
    let (mut server, mut client) = opened(&options);
    assert_eq!((server.subprotocol(), client.subprotocol()), (Some("chat"), Some("chat")));

    let messages = ["a", "Hello, ".repeat(40).leak(), "", "b"];
    for text in messages {
        client.send(Message::text(text)).unwrap();
        server.feed(Message::text(text)).unwrap();
        server.feed(Message::Ping("?".into())).unwrap();
    }
    repeat(|| client.flush()).unwrap();
    repeat(|| server.flush()).unwrap();
    for text in messages {
        assert_eq!(repeat(|| server.read()).unwrap(), Some(Message::text(text)));
        assert_eq!(repeat(|| client.read()).unwrap(), Some(Message::text(text)));
        assert_eq!(repeat(|| client.read()).unwrap(), Some(Message::Ping("?".into())));
    }
    // Each Ping was answered by a call that read.
    repeat(|| client.flush()).unwrap();
    assert_eq!(repeat(|| server.read()).unwrap(), Some(Message::Pong("?".into())));
    while client.connection().close_code().is_none() {
        server.close(CloseCode::GOING_AWAY, "bye").unwrap();
        let _ = client.read();
    }
    assert_eq!(client.close_frame().unwrap().reason, "bye");
    for _ in 0..100 {
        let _ = client.read(); // goes on writing the Close
    }
    while let Some(message) = repeat(|| server.read()).unwrap() {
        assert!(matches!(message, Message::Pong(_) | Message::Close(_)));
    }
    assert_eq!(server.close_code(), Some(CloseCode::GOING_AWAY));
    server.get_ref().to.end();
    assert_eq!(repeat(|| client.read()).unwrap(), None);
    assert_eq!(repeat(|| client.read()).unwrap(), None);
    match client.send(Message::text("too late")) {
        Err(CodecError::Encode(EncodeError::FrameAfterClose)) => {}
        other => panic!("{other:?}"),
    }
}

/// Bytes that arrive together with the request are not lost, and a rejection is written completely.
#[test]
fn a_server_answers_byte_by_byte() {
    let accept = |request: &[u8], options: &Options| -> (Result<AcceptRequest<End>>, Way) {
        let (io, peer) = pipe();
        peer.to.push(request);
        let mut accepting = Accepting::new(io, options);
        (repeat(|| accepting.read_request()), peer.from)
    };
    let mut bytes = REQUEST.to_vec();
    bytes.extend(b"\x81\x85\0\0\0\0early");
    let (request, _) = accept(&bytes, &Options::new());
    let mut server = request.unwrap().accept(&Options::new()).unwrap();
    assert_eq!(repeat(|| server.read()).unwrap(), Some(Message::text("early")));

    let (request, out) = accept(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &Options::new());
    assert_eq!(request.unwrap_err().kind(), ErrorKind::InvalidData);
    let response = String::from_utf8(out.take()).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
    assert!(response.ends_with("accepts only WebSocket connections (RFC 6455 §4.2.1)"));

    let (request, out) = accept(REQUEST, &Options::new().max_head_len(64));
    assert!(request.is_err());
    assert!(out.take().starts_with(b"HTTP/1.1 431 "));

    let (io, peer) = pipe();
    peer.to.push(&REQUEST[..20]);
    peer.to.end();
    let mut accepting = Accepting::new(io, &Options::new());
    let error = repeat(|| accepting.read_request()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

/// `accept` and `client`, over a transport that never blocks.
#[test]
fn the_short_forms_read_and_write_all() {
    let options = Options::new().allow_origins(["https://other.example"]);
    let mut io = Duplex::new(REQUEST);
    let error = blocking::accept(&mut io, &options).unwrap_err();
    assert!(matches!(error, HandshakeError::Rejected(Rejection::Origin)));
    assert!(io.output.starts_with(b"HTTP/1.1 403 Forbidden\r\n"));

    let mut io = Duplex::new(REQUEST);
    let request = blocking::accept_request(&mut io).unwrap();
    assert_eq!(request.get_ref().output, b"");
    request.reject(HttpReply::new(401, "who?")).unwrap();
    assert!(io.output.ends_with(b"who?"));

    let limits = Limits::DEFAULT.max_message_size(4);
    let mut request = REQUEST.to_vec();
    request.extend(b"\x81\x85\0\0\0\0early");
    let mut server =
        blocking::accept(Duplex::new(&request), &Options::new().limits(limits)).unwrap();
    assert!(matches!(server.read(), Err(CodecError::Protocol(_))));
    assert_eq!(server.read().unwrap(), None);
    server.finish(|_| Ok(())).unwrap();
    let output = server.into_inner().output;
    assert!(output.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2..] == [0x03, 0xF1]));

    let response = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here.";
    match blocking::client(Duplex::new(response), URI, &Options::new()) {
        Err(HandshakeError::Refused(response)) => {
            assert_eq!((response.status(), &response.body()[..]), (404, &b"not here."[..]));
        }
        other => panic!("{other:?}"),
    }
    match blocking::client(Duplex::new(&response[..40]), URI, &Options::new()) {
        Err(HandshakeError::Io(error)) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
        other => panic!("{other:?}"),
    }
}

/// The time is checked before each read, so a slow peer that sends single bytes cannot extend it.
#[test]
fn the_time_limit_covers_the_whole_handshake() {
    let options = Options::new().handshake_timeout(Duration::ZERO);
    match blocking::accept(Duplex::new(REQUEST), &options) {
        Err(HandshakeError::Timeout) => {}
        other => panic!("{other:?}"),
    }
    match blocking::client(Duplex::new(b""), URI, &options) {
        Err(HandshakeError::Timeout) => {}
        other => panic!("{other:?}"),
    }
}

/// Messages of a peer that does not read are received, and the queue does not grow.
#[test]
fn the_queue_is_bounded() {
    let (mut io, peer) = pipe();
    io.capacity = 10;
    let mut server = WebSocket::new(io, Connection::server());
    let mut count = 0;
    let error = loop {
        match server.feed(Message::binary(vec![7; 1000])) {
            Ok(()) => count += 1,
            Err(error) => break std::io::Error::from(error),
        }
        assert!(count < 100);
    };
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert!(count >= 60, "{count}");
    for number in 0..1000u16 {
        peer.to.push(b"\x89\x82\0\0\0\0");
        peer.to.push(&number.to_be_bytes());
        assert!(matches!(repeat(|| server.read()).unwrap(), Some(Message::Ping(_))));
    }
    // Only the last Ping is answered, after the queued messages.
    let mut sent = Vec::new();
    while server.flush().is_err() {
        sent.extend(peer.from.take());
    }
    sent.extend(peer.from.take());
    assert_eq!(sent.len(), count * 1004 + 4);
    assert!(sent.ends_with(b"\x8A\x02\x03\xE7"));

    // If writes fail, reads continue.
    peer.from.end();
    let error = std::io::Error::from(loop {
        match server.send(Message::text("a")) {
            Ok(()) => {}
            Err(error) => break error,
        }
    });
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    peer.to.push(b"\x81\x82\0\0\0\0hi");
    assert_eq!(repeat(|| server.read()).unwrap(), Some(Message::text("hi")));
    peer.to.end();
    assert_eq!(repeat(|| server.read()).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(repeat(|| server.read()).unwrap(), None);
}

/// A transport with all input available, which accepts all output.
#[derive(Debug)]
struct Duplex {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Duplex {
    fn new(input: &[u8]) -> Self {
        Self { input: Cursor::new(input.to_vec()), output: Vec::new() }
    }
}

impl Read for Duplex {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.input.read(buf)
    }
}

impl Write for Duplex {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.output.write(buf)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
