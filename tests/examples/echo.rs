//! The echo server, straight and through the relay.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;

use crate::example;
use crate::peer::{Peer, REQUEST, close_body, masked};
use crate::running::{Running, straight_and_through_the_relay};
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
fn frames_right_behind_the_request_are_not_lost() {
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect_and_send(address, &masked(Opcode::Text, true, b"early"));
        assert_eq!(peer.server_frame(), (0x81, b"early".to_vec()));
    });
}

#[test]
fn a_long_message_comes_back() {
    // What has no period that a mask or a buffer has.
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
    // A frame of 1 MiB, of which no more than this comes.
    let header = FrameHeader {
        masking_key: Some(MaskingKey::new([0; 4])),
        ..FrameHeader::new(Opcode::Text, 1 << 20)
    };
    let mut unfinished = header.encode().expect("a right header").to_vec();
    unfinished.extend(b"na\xEFve");

    let cases = [
        (CloseCode::PROTOCOL_ERROR, unmasked),
        (CloseCode::PROTOCOL_ERROR, reserved),
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
        // What was right before it still comes back.
        let mut peer = Peer::connect(address);
        peer.send(&cases[1].1);
        assert_eq!(peer.server_frame(), (0x81, b"first".to_vec()));
        peer.fails_with(CloseCode::PROTOCOL_ERROR);
    });
}

/// A page of another name that leads here says that name in `Host` as well as in `Origin`.
#[test]
fn the_handshake_lets_in_its_own_pages() {
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

/// When all file descriptors are taken, a server waits until one is free.
#[test]
#[cfg(unix)]
fn servers_outlive_a_failed_accept() {
    let server = Running::echo_server();
    for (name, args) in [
        ("echo_server", &["127.0.0.1:0"][..]),
        ("handshake", &["serve", "127.0.0.1:0"]),
        ("hyper", &["127.0.0.1:0"]),
        ("h2", &["127.0.0.1:0"]),
        #[cfg(feature = "tokio-util")]
        ("framed", &["127.0.0.1:0"]),
        ("relay", &["127.0.0.1:0", &server.url()]),
    ] {
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 24 && exec \"$0\" \"$@\""]);
        limited.arg(example::command(name).get_program()).args(args).stderr(Stdio::piped());
        let mut running = Running::spawn(&mut limited);
        let crowd: Vec<TcpStream> = (0..40)
            .map(|_| TcpStream::connect(&running.address).expect("room in the queue"))
            .collect();
        let mut complaints = BufReader::new(running.child.stderr.take().expect("its errors"));
        let mut complaint = String::new();
        complaints.read_line(&mut complaint).expect("a line");
        assert!(complaint.contains("cannot accept a connection: "), "{name}: {complaint}");
        drop(crowd);

        let mut peer = Peer::reach(&running.address);
        peer.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n");
        peer.exactly::<1>();
    }
}

#[test]
fn compression_is_agreed_on_unless_a_relay_is_between() {
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
