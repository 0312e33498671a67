//! Tests of the servers of this package.

use std::io::Read;

use crate::peer::{KEY, Peer, REQUEST};
use crate::running::Running;
use wsframe::deflate::{Compressor, CompressorOptions, DeflateContext};
use wsframe::{FrameEncoder, MaskingKey, Opcode, Rsv};

#[test]
#[cfg(unix)]
fn a_server_outlives_a_failed_accept() {
    crate::crowd::outlives_a_failed_accept("hyper", &["127.0.0.1:0"]);
}

#[test]
fn a_route_of_axum_speaks_websocket() {
    let server = Running::local("axum");
    let asked = |request: &str| Peer::asks(&server.address, request);
    let (_, head) = asked("GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");

    let request = str::from_utf8(REQUEST).expect("text");
    let request = request.replace("/chat", "/").replace("x-unknown", "permessage-deflate");
    let request = request.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat, echo\r\n\r\n");
    let (mut peer, head) = asked(&request);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(": permessage-deflate\r\n"), "{head}");
    assert!(head.contains("sec-websocket-protocol: echo\r\n"), "{head}");
    let masked = |opcode, rsv, payload: &[u8]| {
        let (mut frame, key) = (Vec::new(), MaskingKey::new(KEY));
        let encoder = FrameEncoder::new(opcode).rsv(rsv).masking_key(key);
        encoder.encode_to_vec(payload, &mut frame).expect("a right frame");
        frame
    };
    let mut payload = Vec::new();
    let text = "grüße ".repeat(100);
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(text.as_bytes(), &mut payload);
    peer.send(&masked(Opcode::Text, Rsv::RSV1, &payload));
    assert_eq!(peer.server_frame(), (0xC1, payload));
    peer.send(&masked(Opcode::Binary, Rsv::NONE, b"\xFF"));
    assert_eq!(peer.server_frame(), (0x82, b"\xFF".to_vec()));
    peer.send(&masked(Opcode::Ping, Rsv::NONE, b"now"));
    assert_eq!(peer.server_frame(), (0x8A, b"now".to_vec()));
    peer.send(&masked(Opcode::Close, Rsv::NONE, b"\x10\xE1bye"));
    assert_eq!(peer.server_frame(), (0x88, b"\x10\xE1bye".to_vec()));
    assert_eq!(peer.socket.read(&mut [0]).expect("an end"), 0);
}
