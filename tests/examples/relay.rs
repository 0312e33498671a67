//! Tests of the relay, between a client and a server on plain sockets.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Instant;
use std::{io, thread};

use crate::peer::{KEY, Peer, REQUEST, accept, listener, masked};
use crate::running::{Running, resident_bytes};
use wsframe::{CloseCode, Opcode};

/// Connects a client through a relay to a server. Also returns the server's request.
fn around_a_relay() -> (Peer, Running, Peer, String) {
    let (listener, address) = listener();
    let relay = Running::relay(&address);
    let address = relay.address.clone();
    let client = thread::spawn(move || Peer::connect(&address));
    let (server, request) = Peer::accept_and_send(&listener, b"\x8A\x05early");
    let mut client = client.join().expect("a client");
    assert_eq!(client.server_frame(), (0x8A, b"early".to_vec()));
    (client, relay, server, request)
}

#[test]
fn the_relay_changes_masks_and_nothing_else() {
    let (mut client, _relay, mut server, request) = around_a_relay();
    assert!(request.starts_with("GET /chat HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("Host: example\r\n"), "{request}");
    assert!(!request.contains("Extensions"), "{request}");

    let mut keys = Vec::new();
    for (opcode, fin, payload) in [
        (Opcode::Text, false, &b"caf\xC3"[..]),
        (Opcode::Ping, true, b"now"),
        (Opcode::Continuation, true, b"\xA9"),
        (Opcode::Binary, true, &[7; 1000]),
    ] {
        client.send(&masked(opcode, fin, payload));
        let (first, key, received) = server.frame();
        assert_eq!((first, &received[..]), (opcode.bits() | u8::from(fin) << 7, payload));
        keys.push(key.expect("a masked frame"));
    }
    // Four random keys differ from the client's and from each other.
    keys.push(KEY);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 5);

    server.send(b"\x81\x05Hello");
    assert_eq!(client.server_frame(), (0x81, b"Hello".to_vec()));
}

#[test]
fn the_relay_tells_both_sides_what_a_server_did_wrong() {
    let (mut client, _relay, mut server, _) = around_a_relay();
    server.send(b"\x81\x05Hello\x81\x80\0\0\0\0"); // the second is masked
    assert_eq!(client.server_frame(), (0x81, b"Hello".to_vec()));
    client.fails_with(CloseCode::PROTOCOL_ERROR);

    // The client does not answer. The relay waits, and then sends a Close to the server itself.
    let (first, key, payload) = server.frame();
    assert_eq!((first, key.is_some(), &payload[..2]), (0x88, true, &[0x03, 0xEA][..]));
    server.ends();
}

#[test]
fn the_relay_ends_one_side_when_the_other_has_ended() {
    let (mut client, _relay, mut server, _) = around_a_relay();
    // In the middle of a frame, the relay cannot send a Close.
    server.send(b"\x82\x05Hel");
    server.socket.shutdown(Shutdown::Both).expect("an open socket");
    let mut rest = Vec::new();
    client.socket.read_to_end(&mut rest).expect("an end");
    assert_eq!(rest, b"\x82\x05Hel");
}

#[test]
fn the_relay_tells_one_side_at_once_that_the_other_has_reset_the_connection() {
    for server_resets in [true, false] {
        let (mut client, _relay, mut server, _) = around_a_relay();
        client.send(&masked(Opcode::Binary, true, b"c"));
        server.send(b"\x82\x01s");
        let (resets, mut told) = if server_resets {
            assert_eq!(client.server_frame().1, b"s");
            (server, client)
        } else {
            assert_eq!(server.frame().2, b"c");
            (client, server)
        };
        // A socket that is closed before all was read resets its connection.
        assert_eq!(resets.socket.peek(&mut [0]).expect("a frame"), 1);
        drop(resets);
        let start = Instant::now();
        let mut rest = Vec::new();
        told.socket.read_to_end(&mut rest).expect("an end");
        assert!(start.elapsed() < Duration::from_secs(1), "after {:?}", start.elapsed());
        assert_eq!(rest, b"");
    }
}

#[test]
fn the_relay_holds_no_more_than_its_buffers() {
    let (mut client, relay, _server, _) = around_a_relay();
    // The server does not read, so after some time the client cannot write.
    client.socket.set_write_timeout(Some(Duration::from_millis(500))).expect("a time limit");
    let block = masked(Opcode::Binary, true, &[7; 1 << 20]);
    let mut sent = 0;
    while client.socket.write_all(&block).is_ok() {
        sent += block.len();
        assert!(sent < 256 << 20, "the relay takes what it cannot pass on");
    }
    // The bytes that were accepted are in the system's buffers of two sockets.
    if let Some(resident) = resident_bytes(relay.child.id()) {
        assert!(resident < 16 << 20, "the relay takes {resident} bytes");
    }
}

#[test]
fn the_relay_passes_a_refusal_on() {
    let server = Running::echo_server();
    let relay = Running::relay(&server.address);
    let request = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";
    let (mut peer, head) = Peer::asks(&relay.address, request);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    let mut page = String::new();
    peer.socket.read_to_string(&mut page).expect("a page");
    assert!(page.trim_end().ends_with("</html>"), "{page}");
}

/// RFC 9110 §15.2: an interim response is not the answer.
#[test]
fn the_relay_passes_on_interim_responses() {
    let (listener, address) = listener();
    let relay = Running::relay(&address);
    let mut client = Peer::reach(&relay.address);
    client.send(REQUEST);
    let mut server = Peer::new(accept(&listener));
    server.head();
    server.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n");
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    let right = "HTTP/1.1 101 now\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    server.send(["Link: </a>\r\n\r\n", right, "\x01\x03Hel"].concat().as_bytes());
    assert_eq!(client.head(), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    assert_eq!(client.head(), right);
    // From now on, frames are forwarded in both directions.
    assert_eq!(client.server_frame(), (0x01, b"Hel".to_vec()));
    client.send(&masked(Opcode::Ping, true, b"there?"));
    assert_eq!(server.frame().2, b"there?");
}

#[test]
fn the_relay_refuses_invalid_requests() {
    let (listener, address) = listener();
    listener.set_nonblocking(true).expect("an option");
    let relay = Running::relay(&address);
    let request = str::from_utf8(REQUEST).expect("text");
    for (wrong, status) in [
        (request.replace("Version: 13", "Version: 8"), 426),
        (request.replace("HTTP/1.1", "HTTP/1.0"), 400),
        (request.replace("Host: example", "X: x\r\n".repeat(64).trim_end()), 431),
    ] {
        let (_, head) = Peer::asks(&relay.address, &wrong);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{wrong}");
        let error = listener.accept().expect_err("nobody asks the server");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
