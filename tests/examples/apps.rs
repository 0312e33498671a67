//! Tests of the examples in one file: `tokio_echo`, `blocking`, `price_feed`.
#![cfg(all(feature = "blocking", feature = "tokio"))]

use std::fs;
use std::io::{ErrorKind, Read};

use crate::peer::{Peer, REQUEST, close_body, masked};
use crate::running::{Running, printed, run};
use wsframe::deflate::{Config, DeflateParameters};
use wsframe::{CloseCode, Opcode, Role};

/// Examples for copying are short, need no other file, and have the lengths in docs/layers.md.
#[test]
fn the_examples_to_copy_are_short_and_whole() {
    let layers = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/layers.md");
    let layers = fs::read_to_string(layers).expect("the page of layers");
    for (name, max) in [
        ("tokio_echo", 21),
        ("blocking", 46),
        ("price_feed", 110),
        ("integrations/axum", 20),
        ("integrations/tokio_client", 61),
    ] {
        let path = format!("{}/examples/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = fs::read_to_string(path).expect("the example");
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        let count = source.lines().filter(is_code).count();
        assert!(count <= max, "{name}: {count} lines");
        let row = format!("| `{}` | {count} |", name.trim_start_matches("integrations/"));
        assert!(layers.contains(&row), "docs/layers.md lacks {row}");
        assert!(!source.contains("#[path") && !source.contains("\nmod "), "{name}");
    }
}

#[test]
fn the_short_servers_echo() {
    for name in ["tokio_echo", "blocking"] {
        let server = Running::local(name);
        let mut early = masked(Opcode::Text, true, b"early");
        early.extend(masked(Opcode::Binary, false, b"in "));
        let mut peer = Peer::connect_and_send(&server.address, &early);
        assert_eq!(peer.server_frame(), (0x81, b"early".to_vec()), "{name}");
        peer.send(&masked(Opcode::Ping, true, b"?"));
        assert_eq!(peer.server_frame(), (0x8A, b"?".to_vec()), "{name}");
        peer.send(&masked(Opcode::Continuation, true, b"parts"));
        assert_eq!(peer.server_frame(), (0x82, b"in parts".to_vec()), "{name}");
        peer.send(&masked(Opcode::Close, true, &close_body(CloseCode::GOING_AWAY, "")));
        peer.fails_with(CloseCode::GOING_AWAY);

        let mut wrong = Peer::connect(&server.address);
        wrong.send(b"\x83\x80\0\0\0\0");
        wrong.fails_with(CloseCode::PROTOCOL_ERROR);
        let (_, head) = Peer::asks(&server.address, "GET / HTTP/1.1\r\nHost: example\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 426 "), "{head}");

        let said = printed(run("blocking", &[&server.url(), "Hello", "grüße"], b""));
        assert_eq!(said, "Hello\ngrüße\n", "{name}");
    }
}

/// Connects a client to the feed, which offers this extension.
fn subscribed(address: &str, extension: &str) -> (Peer, String) {
    let request = core::str::from_utf8(REQUEST).expect("text").replace("x-unknown", extension);
    let more = "\r\nSec-WebSocket-Protocol: prices.v1\r\nOrigin: https://prices.example\r\n\r\n";
    Peer::asks(address, request.replace("\r\n\r\n", more))
}

#[test]
fn the_price_feed_is_the_same_with_and_without_compression() {
    let mut feed = Running::start("price_feed", &["127.0.0.1:0", "https://prices.example"]);
    let (mut plain, head) = subscribed(&feed.address, "x-unknown");
    assert!(head.contains("\r\nSec-WebSocket-Protocol: prices.v1\r\n"), "{head}");
    let (mut compressed, head) = subscribed(&feed.address, "permessage-deflate");
    assert!(head.contains("permessage-deflate; server_no_context_takeover"), "{head}");
    let mut decompressor = Config::new(DeflateParameters::NO_TAKEOVER).decompressor(Role::Client);
    let (mut prices, mut saved) = (Vec::new(), 0);
    for _ in 0..500 {
        let (first, payload) = plain.server_frame();
        assert_eq!(first, 0x81);
        prices.push(payload);
    }
    for _ in 0..400 {
        let (first, payload) = compressed.server_frame();
        let mut price = Vec::new();
        match first {
            0xC1 => decompressor.append(&payload, &mut price).expect("a right payload"),
            _ => price.clone_from(&payload),
        }
        saved += price.len() - payload.len();
        // It arrived a little later.
        assert!(prices.contains(&price) || price > prices[499], "{price:?}");
    }
    let text = String::from_utf8(prices[0].clone()).expect("text");
    assert!(text.starts_with(r#"{"symbol":"WSF","number":"#), "{text}");
    assert!(saved < usize::MAX / 2);

    let request = core::str::from_utf8(REQUEST).expect("text");
    for (more, status) in [
        ("", 400),
        ("Sec-WebSocket-Protocol: other\r\n", 400),
        ("Sec-WebSocket-Protocol: prices.v1\r\nOrigin: https://other.example\r\n", 403),
    ] {
        let request = request.replace("\r\n\r\n", &format!("\r\n{more}\r\n"));
        let (_, head) = Peer::asks(&feed.address, request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }

    // This is Ctrl-C.
    #[cfg(unix)]
    {
        let process = feed.child.id().to_string();
        let kill = std::process::Command::new("kill").args(["-INT", &process]).status();
        assert!(kill.expect("a command").success());
        for peer in [&mut plain, &mut compressed] {
            let (mut first, mut payload) = peer.server_frame();
            while first & 0x08 == 0 {
                (first, payload) = peer.server_frame();
            }
            assert_eq!((first, &payload[..2]), (0x88, &b"\x03\xE9"[..]));
            peer.send(&masked(Opcode::Close, true, b"\x03\xE9"));
        }
        assert!(feed.child.wait().expect("its end").success());
    }
}

/// A client that does not read is disconnected, and the others are served meanwhile.
#[test]
#[cfg(target_os = "linux")]
fn the_price_feed_leaves_slow_clients_behind() {
    let feed = Running::start("price_feed", &["127.0.0.1:0", "https://prices.example"]);
    // With a small window, the system does not buffer for seconds.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let slow = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(1024).expect("an option");
        socket.connect(feed.address.parse().expect("an address")).await.expect("a connection")
    });
    let slow = slow.into_std().expect("a socket");
    slow.set_nonblocking(false).expect("an option");
    let mut slow = Peer::new(slow);
    let request = core::str::from_utf8(REQUEST).expect("text");
    let more = "\r\nSec-WebSocket-Protocol: prices.v1\r\n\r\n";
    slow.send(request.replace("\r\n\r\n", more).as_bytes());
    slow.head();

    let (mut other, _) = subscribed(&feed.address, "x-unknown");
    for _ in 0..6000 {
        assert_eq!(other.server_frame().0, 0x81);
    }
    // The queued prices arrive, and then a Close or the end, because the server has not waited.
    let mut last = Vec::new();
    match slow.socket.read_to_end(&mut last) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert_eq!(other.server_frame().0, 0x81);
}
