//! Tests of the examples over HTTP/2: both ends, and the servers with a minimal client.

#[cfg(unix)]
#[path = "../../../tests/examples/crowd.rs"]
mod crowd;
#[path = "../../../tests/support/example.rs"]
mod example;
#[allow(dead_code)]
#[path = "../../../tests/examples/peer.rs"]
mod peer;
#[allow(dead_code, unexpected_cfgs)]
#[path = "../../../tests/examples/running.rs"]
mod running;

use core::time::Duration;
use std::io::Read;
use std::thread;

use peer::{Peer, masked};
use running::{Running, printed, run};
use wsframe::Opcode;

/// A client's connection of HTTP/2, with only what the tests need.
struct Http2(Peer);

impl Http2 {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const END_HEADERS: u8 = 4;
    const END_STREAM: u8 = 1;

    fn connect(address: &str) -> Self {
        let mut peer = Peer::reach(address);
        peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        peer.send(&Self::frame(Self::SETTINGS, 0, 0, b""));
        Self(peer)
    }

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let len = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
        [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// Returns an extended CONNECT. Its fields are literal, except `:scheme: http` and `:path: /`.
    fn ask(stream: u32) -> Vec<u8> {
        let fields = b"\x02\x07CONNECT\x86\x84\x01\x07example\x00\x09:protocol\x09websocket\
            \x00\x15sec-websocket-version\x0213";
        Self::frame(Self::HEADERS, Self::END_HEADERS, stream, fields)
    }

    /// Returns the flags and the payload of the next frame of this kind on this stream. Fails if a
    /// stream is reset before.
    fn next(&mut self, kind: u8, stream: u32) -> (u8, Vec<u8>) {
        loop {
            let [a, b, c, found, flags, d, e, f, g] = self.0.exactly::<9>();
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.0.socket.read_exact(&mut payload).expect("the payload");
            let on = u32::from_be_bytes([d, e, f, g]);
            assert_ne!(found, Self::RST_STREAM, "of stream {on}");
            if (found, on) == (kind, stream) {
                return (flags, payload);
            }
        }
    }

    fn opens(&mut self, stream: u32) {
        self.0.send(&Self::ask(stream));
        assert_eq!(self.next(Self::HEADERS, stream).1[0], 0x88, "`:status: 200`");
    }

    fn echoes(&mut self, stream: u32) {
        self.0.send(&Self::frame(Self::DATA, 0, stream, &masked(Opcode::Text, true, b"Hello")));
        assert_eq!(self.next(Self::DATA, stream).1, b"\x81\x05Hello");
    }
}

#[test]
fn both_ends() {
    let output = printed(run("h2", &[], b""));
    assert!(output.ends_with(" over HTTP/2 says: Hello\n"), "{output}");
}

#[test]
fn a_stream_that_is_cancelled_ends_alone() {
    for name in ["h2", "hyper_http2"] {
        let server = Running::local(name);
        let mut connection = Http2::connect(&server.address);
        connection.opens(1);
        let cancel = Http2::frame(Http2::RST_STREAM, 0, 3, &8u32.to_be_bytes());
        connection.0.send(&[Http2::ask(3), cancel].concat());
        connection.opens(5);
        connection.echoes(1);
        connection.echoes(5);
    }
}

/// RFC 8441 §3: the server's settings allow an extended CONNECT before one is sent.
#[test]
fn extended_connects_are_allowed_by_a_setting() {
    for name in ["h2", "hyper_http2"] {
        let server = Running::local(name);
        let mut connection = Http2::connect(&server.address);
        let (_, settings) = connection.next(Http2::SETTINGS, 0);
        let allows = settings.chunks(6).any(|setting| setting == [0, 8, 0, 0, 0, 1]);
        assert!(allows, "{name}: {settings:?}");
    }
}

#[test]
fn a_stream_ends_with_the_server_s_close_and_is_not_reset() {
    let server = Running::local("h2");
    let mut connection = Http2::connect(&server.address);
    connection.opens(1);
    let close = masked(Opcode::Close, true, b"\x03\xE8bye");
    connection.0.send(&Http2::frame(Http2::DATA, 0, 1, &close));
    let answer = (Http2::END_STREAM, b"\x88\x05\x03\xE8bye".to_vec());
    assert_eq!(connection.next(Http2::DATA, 1), answer);
    // The client ends its side late.
    thread::sleep(Duration::from_millis(50));
    connection.0.send(&Http2::frame(Http2::DATA, Http2::END_STREAM, 1, b""));
    connection.opens(3);
}

#[test]
#[cfg(unix)]
fn servers_outlive_a_failed_accept() {
    for name in ["hyper_http2", "h2"] {
        crowd::outlives_a_failed_accept(name, &["127.0.0.1:0"]);
    }
}
