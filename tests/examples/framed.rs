//! Tests of the example `framed`, a server on the codecs.

use crate::peer::{KEY, Peer, REQUEST};
use crate::running::Running;
use wsframe::deflate::{Compressor, CompressorOptions, DeflateContext};
use wsframe::{CloseCode, FrameEncoder, FrameHeader, MaskingKey, Opcode, Rsv};

#[test]
fn the_server_on_framed_speaks_permessage_deflate_too() {
    let server = Running::local("framed");
    let request = str::from_utf8(REQUEST).expect("text").replace("x-unknown", "permessage-deflate");
    let (mut peer, head) = Peer::asks(&server.address, request);
    let (_, answer) = head.split_once("\r\nSec-WebSocket-Extensions: ").expect("an answer");
    assert!(answer.starts_with("permessage-deflate; server_no_context_takeover"), "{head}");

    let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    let mut compressed = |text: &str| {
        let (mut payload, mut frame) = (Vec::new(), Vec::new());
        compressor.append(text.as_bytes(), &mut payload);
        let encoder = FrameEncoder::new(Opcode::Text).rsv(Rsv::RSV1);
        let encoder = encoder.masking_key(MaskingKey::new(KEY));
        encoder.encode_to_vec(&payload, &mut frame).expect("a right frame");
        (frame, payload)
    };
    let (frame, payload) = compressed(&"grüße ".repeat(100));
    peer.send(&frame);
    assert_eq!(peer.server_frame(), (0xC1, payload));
    // The limit applies to the decompressed length.
    peer.send(&compressed(&"a".repeat((1 << 20) + 1)).0);
    peer.fails_with(CloseCode::TOO_BIG);
}

#[test]
fn the_server_on_framed_holds_no_message_that_is_too_long() {
    let server = Running::local("framed");
    let mut peer = Peer::connect(&server.address);
    let header = FrameHeader {
        masking_key: Some(MaskingKey::new(KEY)),
        ..FrameHeader::new(Opcode::Binary, (1 << 20) + 1)
    };
    peer.send(&header.encode().expect("a right header"));
    peer.fails_with(CloseCode::TOO_BIG);

    let (_, head) = Peer::asks(&server.address, "GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 426 "), "no page here");
}
