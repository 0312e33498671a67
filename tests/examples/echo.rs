//! Tests of the echo server, directly and through the relay.

use core::time::Duration;
use std::io::Write;
use std::thread;

#[cfg(unix)]
use crate::crowd::outlives_a_failed_accept;
use crate::peer::{Peer, REQUEST, close_body, masked};
use crate::running::{Running, complaint, run, straight_and_through_the_relay};
use wsframe::{CloseCode, FrameHeader, MaskingKey, Opcode};

#[test]
fn fragments_come_back_and_pings_are_answered_between_them() {
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect(address);
        // Cut inside the second character.
        peer.send(&masked(Opcode::Text, false, b"gr\xC3"));
        peer.send(&masked(Opcode::Ping, true, b"now"));
        peer.send(&masked(Opcode::Continuation, false, b""));
        peer.send(&masked(Opcode::Continuation, true, b"\xBC\xC3\x9Fe"));
        let mut control = Vec::new();
        assert_eq!(peer.message(&mut control), (1, "grüße".into()));
        assert_eq!(control, [(0x8A, b"now".to_vec())]);
    });
}

#[test]
fn frames_right_after_the_request_are_not_lost() {
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect_and_send(address, &masked(Opcode::Text, true, b"early"));
        assert_eq!(peer.server_frame(), (0x81, b"early".to_vec()));
    });
}

#[test]
fn a_long_message_is_echoed() {
    // Bytes whose period is not that of a mask or a buffer.
    let message: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 251) as u8).collect();
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect(address);
        let mut sender = Peer::new(peer.socket.try_clone().expect("the same socket"));
        thread::scope(|scope| {
            scope.spawn(|| sender.send(&masked(Opcode::Binary, true, &message)));
            let (opcode, echo) = peer.message(&mut Vec::new());
            assert_eq!(opcode, 2);
            assert!(echo == message);
        });
    });
}

#[test]
fn a_close_comes_back_and_then_the_end() {
    straight_and_through_the_relay(|address| {
        let bodies = [
            vec![],
            close_body(CloseCode::NORMAL, ""),
            close_body(CloseCode::GOING_AWAY, "bye"),
            close_body(CloseCode::new(4999), "grüße"),
        ];
        for body in bodies {
            let mut peer = Peer::connect(address);
            peer.send(&masked(Opcode::Close, true, &body));
            peer.send(&masked(Opcode::Text, true, b"too late"));
            assert_eq!(peer.server_frame(), (0x88, body));
            peer.ends();
        }
    });
}

#[test]
fn a_broken_rule_closes_with_its_code() {
    let unmasked = b"\x81\x02hi".to_vec();
    let reserved = [masked(Opcode::Text, true, b"first"), b"\x83\x80\0\0\0\0".to_vec()].concat();
    // The beginning of a frame of 1 MiB.
    let header = FrameHeader {
        masking_key: Some(MaskingKey::new([0; 4])),
        ..FrameHeader::new(Opcode::Text, 1 << 20)
    };
    let mut unfinished = header.encode().expect("a right header").to_vec();
    unfinished.extend(b"na\xEFve");

    let two = |first, second: &[u8], payload: &[u8]| {
        [masked(Opcode::Text, first, payload), masked(Opcode::Continuation, true, second)].concat()
    };
    let in_three_bytes = [&b"\x81\xFE\0\x02\0\0\0\0"[..], b"hi"].concat();
    let longest = [&b"\x82\xFF"[..], &(1u64 << 63).to_be_bytes(), &[0; 4]].concat();
    let long_ping = [&b"\x89\xFE"[..], &[0; 6 + 126]].concat();
    // The last of its bytes is not UTF-8.
    let mut long_text = "안녕하세요".repeat(1 << 16).into_bytes();
    *long_text.last_mut().expect("a byte") = b'A';

    let cases = [
        (CloseCode::PROTOCOL_ERROR, unmasked),
        (CloseCode::PROTOCOL_ERROR, in_three_bytes),
        (CloseCode::PROTOCOL_ERROR, longest),
        (CloseCode::PROTOCOL_ERROR, long_ping),
        (CloseCode::PROTOCOL_ERROR, b"\xC1\x80\0\0\0\0".to_vec()), // RSV1 without an extension
        (CloseCode::PROTOCOL_ERROR, b"\x09\x80\0\0\0\0".to_vec()),
        (CloseCode::PROTOCOL_ERROR, masked(Opcode::Text, false, b"hi").repeat(2)),
        (CloseCode::PROTOCOL_ERROR, two(true, b"", b"hi")),
        (CloseCode::PROTOCOL_ERROR, b"\x88\x81\0\0\0\0\x03".to_vec()),
        (CloseCode::INVALID_PAYLOAD, masked(Opcode::Close, true, b"\x03\xE8\xFF")),
        (CloseCode::INVALID_PAYLOAD, two(false, b"\xA0\x80", b"\xED")), // a surrogate
        (CloseCode::INVALID_PAYLOAD, masked(Opcode::Text, true, &"🌍".as_bytes()[..3])),
        (CloseCode::INVALID_PAYLOAD, masked(Opcode::Text, true, &long_text)),
        (CloseCode::PROTOCOL_ERROR, reserved.clone()),
        (CloseCode::PROTOCOL_ERROR, masked(Opcode::Continuation, true, b"")),
        (CloseCode::PROTOCOL_ERROR, masked(Opcode::Close, true, b"\x03\xED")),
        (CloseCode::INVALID_PAYLOAD, masked(Opcode::Text, true, b"\xFF")),
        (CloseCode::INVALID_PAYLOAD, unfinished),
    ];
    straight_and_through_the_relay(|address| {
        for (code, bytes) in &cases {
            let mut peer = Peer::connect(address);
            peer.send(bytes);
            peer.fails_with(*code);
        }
        // Valid messages before it are still echoed.
        let mut peer = Peer::connect(address);
        peer.send(&reserved);
        assert_eq!(peer.server_frame(), (0x81, b"first".to_vec()));
        peer.fails_with(CloseCode::PROTOCOL_ERROR);
    });
}

/// If another name resolves to this server, a page of that name has it in both `Host` and `Origin`.
#[test]
fn the_handshake_accepts_its_own_origin() {
    let server = Running::start("handshake", &["serve", "127.0.0.1:0"]);
    let port = server.address.split_once(':').expect("a port").1;
    for (origin, status) in [
        (&*format!("http://{}", server.address), 101),
        (&format!("http://localhost:{port}"), 101),
        ("http://example", 403),
        (&format!("http://example:{port}"), 403),
    ] {
        let request = str::from_utf8(REQUEST).expect("text");
        let host = origin.trim_start_matches("http://");
        let lines = format!("Host: {host}\r\nOrigin: {origin}\r\n");
        let request = request.replace("Host: example\r\n", &lines);
        let (_, head) = Peer::asks(&server.address, request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}");
    }
}

#[test]
#[cfg(unix)]
fn servers_outlive_a_failed_accept() {
    let server = Running::echo_server();
    outlives_a_failed_accept("echo_server", &["127.0.0.1:0"]);
    outlives_a_failed_accept("handshake", &["serve", "127.0.0.1:0"]);
    #[cfg(feature = "tokio")]
    outlives_a_failed_accept("framed", &["127.0.0.1:0"]);
    outlives_a_failed_accept("relay", &["127.0.0.1:0", &server.url()]);
}

#[test]
fn the_server_explains_why_it_cannot_start() {
    let server = Running::echo_server();
    for (argument, status) in [(&*server.address, 1), ("nowhere", 1), ("--verbose", 2)] {
        assert!(!complaint(run("echo_server", &[argument], b""), status).is_empty(), "{argument}");
    }
}

#[test]
fn compression_is_negotiated_unless_there_is_a_relay() {
    let request = str::from_utf8(REQUEST).expect("text").replace("x-unknown", "permessage-deflate");
    let server = Running::echo_server();
    let relay = Running::relay(&server.address);
    for (address, agreed) in [(&server.address, true), (&relay.address, false)] {
        let (_, head) = Peer::asks(address, &request);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let answer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
        assert_eq!(head.contains(answer), agreed, "{head}");
    }
}

#[test]
fn requests_get_their_status() {
    let server = Running::echo_server();
    let handshake = str::from_utf8(REQUEST).expect("text");
    let without = |line: &str| {
        let lines = handshake.split_inclusive("\r\n").filter(|found| !found.starts_with(line));
        lines.collect::<String>()
    };
    let with_key = |key: &str| handshake.replace("dGhlIHNhbXBsZSBub25jZQ==", key);
    let requests = [
        (101, handshake.replace("Upgrade: websocket", "upgrade: WebSocket")),
        (101, handshake.replace("Connection: Upgrade", "Connection: keep-alive , upGRADE")),
        (200, "GET / HTTP/1.1\r\nHost: example\r\n\r\n".into()),
        (404, "GET /nothing HTTP/1.1\r\nHost: example\r\n\r\n".into()),
        (405, "HEAD / HTTP/1.1\r\nHost: example\r\n\r\n".into()),
        (405, "POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 2\r\n\r\nhi".into()),
        (405, handshake.replace("GET", "POST")),
        (400, "\x16\x03\x01\x02\0\x01\0\x01".into()), // TLS
        (400, handshake.replace("HTTP/1.1", "HTTP/1.0")),
        (400, without("Host")),
        (400, without("Upgrade")),
        (400, without("Connection")),
        (400, without("Sec-WebSocket-Version")),
        (400, without("Sec-WebSocket-Key")),
        (400, with_key("AAAAAAAAAAAAAAAAAAAA")),
        (400, with_key(&"?".repeat(24))),
        (400, with_key("dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")),
        (426, handshake.replace("Version: 13", "Version: 8")),
        (431, format!("GET / HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(65))),
        (431, format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000))),
    ];
    for (status, request) in requests {
        let (_, head) = Peer::asks(&server.address, &request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.200}\n{head}");
        assert!(status != 405 || head.contains("\r\nAllow: GET\r\n"), "{head}");
        assert!(status != 426 || head.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{head}");
    }
}

#[test]
fn byte_by_byte_from_the_handshake_to_the_close() {
    let server = Running::echo_server();
    let mut peer = Peer::reach(&server.address);
    let close = close_body(CloseCode::NORMAL, "");
    let frames = [
        masked(Opcode::Text, true, "Hello, 🌍!".as_bytes()),
        masked(Opcode::Ping, true, b"?"),
        masked(Opcode::Close, true, &close),
    ];
    for byte in [REQUEST, &frames.concat()].concat() {
        peer.send(&[byte]);
    }
    assert!(peer.head().starts_with("HTTP/1.1 101 "));
    let mut control = Vec::new();
    assert_eq!(peer.message(&mut control), (1, "Hello, 🌍!".into()));
    control.push(peer.server_frame());
    assert_eq!(control[..1], [(0x8A, b"?".to_vec())]);
    assert_eq!(peer.server_frame(), (0x88, close));
    peer.ends();
}

/// Many Pings, and a text in fragments of all lengths, sent while the echoes are read.
#[test]
fn many_pings_and_fragments_at_once_are_echoed() {
    let text = "안녕하세요 🌍 ".repeat(50_000).into_bytes();
    let (mut fragments, mut rest, mut len) = (Vec::new(), &text[..], 1);
    while !rest.is_empty() {
        let (fragment, behind) = rest.split_at(len.min(rest.len()));
        let opcode = if fragments.is_empty() { Opcode::Text } else { Opcode::Continuation };
        fragments.extend(masked(opcode, behind.is_empty(), fragment));
        (rest, len) = (behind, len % 100 + 1);
    }
    let pings: Vec<_> =
        (0..100_000u32).flat_map(|n| masked(Opcode::Ping, true, &n.to_be_bytes())).collect();

    let server = Running::echo_server();
    let mut peer = Peer::connect(&server.address);
    let mut sender = Peer::new(peer.socket.try_clone().expect("the same socket"));
    thread::scope(|scope| {
        scope.spawn(|| sender.send(&[pings, fragments].concat()));
        for n in 0..100_000u32 {
            assert_eq!(peer.server_frame(), (0x8A, n.to_be_bytes().to_vec()));
        }
        let (opcode, echo) = peer.message(&mut Vec::new());
        assert!(opcode == 1 && echo == text);
    });
}

/// A connection that ends in the middle of a frame, and one whose client never reads, do not block
/// others. A client that sends bytes after a violation still gets the close code.
#[test]
fn stalled_connections_do_not_block_others() {
    let server = Running::echo_server();
    let header = FrameHeader {
        masking_key: Some(MaskingKey::new([0; 4])),
        ..FrameHeader::new(Opcode::Binary, 1 << 30)
    };
    let mut left = Peer::connect(&server.address);
    left.send(&header.encode().expect("a right header"));
    drop(left);

    let mut deaf = Peer::connect(&server.address);
    let block = masked(Opcode::Binary, true, &vec![7; 1 << 20]);
    deaf.socket.set_write_timeout(Some(Duration::from_secs(1))).expect("a time limit");
    let taken = (0..256).take_while(|_| deaf.socket.write_all(&block).is_ok()).count();
    assert!(taken < 256, "{taken} MiB were taken");

    let mut peer = Peer::connect(&server.address);
    peer.send(&masked(Opcode::Text, true, b"and me?"));
    assert_eq!(peer.server_frame(), (0x81, b"and me?".to_vec()));
    peer.send(&[masked(Opcode::Text, true, b"\xFF"), vec![0; 16 << 20]].concat());
    peer.fails_with(CloseCode::INVALID_PAYLOAD);
}
