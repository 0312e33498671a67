//! A peer on plain sockets.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use crate::running::LIMIT;
use wsframe::handshake::WebSocketKey;
use wsframe::{CloseBody, CloseCode, FrameEncoder, MaskingKey, Opcode};

/// An opening handshake, with the key of RFC 6455 §1.3. Offers an extension, as browsers do.
pub const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Extensions: x-unknown\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The masking key of the peer.
pub const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A WebSocket on plain sockets, which can send any frames, valid or not.
pub struct Peer {
    pub socket: TcpStream,
}

impl Peer {
    pub fn new(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(LIMIT)).expect("a time limit");
        socket.set_write_timeout(Some(LIMIT)).expect("a time limit");
        socket.set_nodelay(true).expect("an option");
        Self { socket }
    }

    /// Opens a connection on which nothing was sent yet.
    pub fn reach(address: &str) -> Self {
        Self::new(TcpStream::connect(address).expect("a listener"))
    }

    /// Opens a connection and sends this request. Also returns the head of the answer.
    pub fn asks(address: &str, request: impl AsRef<[u8]>) -> (Self, String) {
        let mut peer = Self::reach(address);
        peer.send(request.as_ref());
        let head = peer.head();
        (peer, head)
    }

    /// Opens a connection as a client, with the opening handshake.
    pub fn connect(address: &str) -> Self {
        Self::connect_and_send(address, b"")
    }

    /// Opens a connection as a client that sends frames before the answer, which is not allowed.
    pub fn connect_and_send(address: &str, frames: &[u8]) -> Self {
        let mut peer = Self::reach(address);
        peer.send(&[REQUEST, frames].concat());
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let (names, accept) = (head.to_lowercase(), ": s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
        assert!(names.contains("sec-websocket-accept: ") && head.contains(accept), "{head}");
        assert!(!names.contains("extensions"), "{head}");
        peer
    }

    /// Accepts a connection as a server, with the opening handshake. Also returns the request.
    pub fn accept(listener: &TcpListener) -> (Self, String) {
        Self::accept_and_send(listener, b"")
    }

    /// Accepts a connection as a server that sends frames together with its response.
    pub fn accept_and_send(listener: &TcpListener, frames: &[u8]) -> (Self, String) {
        Self::accept_and_say(listener, "", frames)
    }

    /// Accepts a connection as a server that also sends bytes before its response.
    pub fn accept_and_say(
        listener: &TcpListener,
        meanwhile: &str,
        frames: &[u8],
    ) -> (Self, String) {
        let mut peer = Self::new(accept(listener));
        let head = peer.head();
        let (_, key) = head.split_once("Sec-WebSocket-Key: ").expect("a key");
        let (key, _) = key.split_once("\r\n").expect("the end of a line");
        let accept = WebSocketKey::parse(key.as_bytes()).expect("16 bytes in base64").accept();
        let accept = accept.as_str();
        let response = format!(
            "{meanwhile}HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        peer.send(&[response.as_bytes(), frames].concat());
        (peer, head)
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the other side takes it");
    }

    pub fn exactly<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.socket.read_exact(&mut bytes).expect("more bytes");
        bytes
    }

    pub fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.exactly::<1>()[0]);
        }
        String::from_utf8(head).expect("a head in ASCII")
    }

    /// Reads the next frame. Returns its first byte, its key, and its payload, unmasked.
    pub fn frame(&mut self) -> (u8, Option<[u8; 4]>, Vec<u8>) {
        let [first, second] = self.exactly();
        let len = match second & 0x7F {
            126 => u16::from_be_bytes(self.exactly()).into(),
            127 => u64::from_be_bytes(self.exactly()),
            len => len.into(),
        };
        let key = (second & 0x80 != 0).then(|| self.exactly());
        let mut payload = vec![0; usize::try_from(len).expect("a length")];
        self.socket.read_exact(&mut payload).expect("the payload");
        for (byte, key) in payload.iter_mut().zip(key.unwrap_or_default().iter().cycle()) {
            *byte ^= key;
        }
        (first, key, payload)
    }

    /// Expects an unmasked frame. Returns its first byte and its payload.
    pub fn server_frame(&mut self) -> (u8, Vec<u8>) {
        let (first, key, payload) = self.frame();
        assert_eq!(key, None);
        (first, payload)
    }

    /// Expects a message. Returns its opcode and its payload. Control frames within it are passed
    /// to `control`.
    pub fn message(&mut self, control: &mut Vec<(u8, Vec<u8>)>) -> (u8, Vec<u8>) {
        let (mut opcode, mut message) = (None, Vec::new());
        loop {
            let (first, payload) = self.server_frame();
            if first & 0x08 != 0 {
                control.push((first, payload));
                continue;
            }
            assert_eq!(opcode.is_some(), first & 0x0F == 0, "{first:#x}");
            opcode = opcode.or(Some(first & 0x0F));
            message.extend(payload);
            if first & 0x80 != 0 {
                return (opcode.expect("a first frame"), message);
            }
        }
    }

    /// Expects a Close with this code, possibly after echoes, and then the end.
    pub fn fails_with(&mut self, code: CloseCode) {
        let (mut first, mut payload) = self.server_frame();
        while first & 0x08 == 0 {
            (first, payload) = self.server_frame();
        }
        let body = CloseBody::decode(&payload).expect("a right body").expect("a body");
        assert_eq!((first, body.code), (0x88, code));
        self.ends();
    }

    pub fn ends(&mut self) {
        let mut rest = Vec::new();
        self.socket.read_to_end(&mut rest).expect("an end");
        assert_eq!(rest, b"");
    }
}

/// Creates a listener on a free port. Returns it and its address.
pub fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    (listener, address)
}

/// Accepts the next connection. It waits for a limited time, because the client may have failed.
pub fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).expect("an option");
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(false).expect("an option");
                return socket;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && start.elapsed() < LIMIT => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) => panic!("nobody has connected: {error}"),
        }
    }
}

/// Returns a masked frame.
pub fn masked(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let encoder = FrameEncoder::new(opcode).fin(fin).masking_key(MaskingKey::new(KEY));
    encoder.encode_to_vec(payload, &mut frame).expect("a right frame");
    frame
}

pub fn close_body(code: CloseCode, reason: &str) -> Vec<u8> {
    CloseBody { code, reason }.encode().expect("a right body").to_vec()
}
