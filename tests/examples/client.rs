//! Tests of the echo client and the Autobahn client, with servers on plain sockets.

use std::net::Shutdown;
use std::process::Output;
use std::sync::mpsc;
use std::{io, thread};

use crate::peer::{Peer, accept, close_body, listener};
use crate::running::{Running, complaint, printed, run, straight_and_through_the_relay};
use tokio::net::TcpSocket;
use wsframe::CloseCode;

#[test]
fn the_client_prints_what_comes_back() {
    straight_and_through_the_relay(|address| {
        let url = format!("ws://{address}/?a=b");
        let output = run("echo_client", &[&url, "Hello", "", "grüße 🦀"], b"");
        assert_eq!(printed(output), "Hello\n\ngrüße 🦀\n");

        // A message of 1 MiB, in which no character ends at the end of a fragment.
        let lines = format!("one\n{}\nthree\n", "a🦀".repeat((1 << 20) / 5));
        let output = run("echo_client", &[&url], lines.as_bytes());
        assert!(printed(output) == lines);

        let output = run("echo_client", &[&url], b"");
        assert_eq!(printed(output), "");
    });
}

#[test]
fn the_client_prints_errors() {
    for args in [&[][..], &["wss://127.0.0.1/"], &["ws://"], &["ws://127.0.0.1/#a"]] {
        assert!(complaint(run("echo_client", args, b""), 2).contains("usage: "));
    }
    let server = Running::echo_server();
    assert!(
        complaint(run("echo_client", &[&server.url()], b"\xFF\n"), 1).contains("UTF-8"),
        "a line that is not text"
    );
    // The port is bound, so that no other program gets it, but nothing listens.
    let nobody = TcpSocket::new_v4().expect("a socket");
    nobody.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let url = format!("ws://{}", nobody.local_addr().expect("its address"));
    complaint(run("echo_client", &[&url, "Hello"], b""), 1);
}

/// Runs the client with a server that sends these bytes after its message.
fn client_gets(bytes: &[u8]) -> (Output, Vec<(u8, Vec<u8>)>) {
    let (listener, address) = listener();
    let url = format!("ws://{address}/");
    thread::scope(|scope| {
        let output = scope.spawn(|| run("echo_client", &[&url, "Hello"], b""));
        let (mut server, _) = Peer::accept(&listener);
        let mut frames = Vec::new();
        let (first, key, payload) = server.frame();
        assert!(key.is_some());
        frames.push((first, payload));
        server.send(bytes);
        let (first, _, payload) = server.frame();
        frames.push((first, payload));
        drop(server);
        (output.join().expect("its output"), frames)
    })
}

#[test]
fn the_client_sends_a_close_and_waits() {
    let hello = (0x81, b"Hello".to_vec());
    // The server closes before it has echoed.
    for code in [CloseCode::INTERNAL_ERROR, CloseCode::NORMAL] {
        let body = close_body(code, "");
        let (output, frames) = client_gets(&[b"\x88\x02", &body[..]].concat());
        assert!(complaint(output, 1).contains(&code.get().to_string()));
        assert_eq!(frames, [hello.clone(), (0x88, body)]);
    }

    // The server breaks a rule.
    let (output, frames) = client_gets(b"\x81\x01\xFF");
    assert!(complaint(output, 1).contains("broke a rule: text is not UTF-8"));
    assert_eq!((frames[1].0, &frames[1].1[..2]), (0x88, &b"\x03\xEF"[..]));

    // The server sends a Ping and an echo, and ends without a Close.
    let (output, frames) = client_gets(b"\x89\x01!\x81\x05Hello");
    assert_eq!(output.stdout, b"Hello\n");
    complaint(output, 1);
    assert_eq!(frames, [hello, (0x8A, b"!".to_vec())]);
}

#[test]
fn the_client_sends_a_long_message_in_fragments() {
    let (listener, address) = listener();
    let url = format!("ws://{address}/");
    let text = "€".repeat(20_000); // 60,000 bytes
    thread::scope(|scope| {
        let output = scope.spawn(|| run("echo_client", &[&url], text.as_bytes()));
        let (mut server, _) = Peer::accept_and_send(&listener, b"\x89\x05early");
        let (first, _, payload) = server.frame();
        assert_eq!((first, &payload[..]), (0x8A, &b"early"[..]));
        let (mut firsts, mut message) = (Vec::new(), Vec::new());
        while message.len() < text.len() {
            let (first, _, payload) = server.frame();
            assert!(payload.len() <= 16 << 10, "{}", payload.len());
            firsts.push(first);
            message.extend(payload);
        }
        assert_eq!((&firsts[..], &message[..]), (&[0x01, 0x00, 0x00, 0x80][..], text.as_bytes()));
        server.send(b"\x81\x02ok");
        assert_eq!(server.frame().2, b"\x03\xE8");
        server.send(b"\x88\x02\x03\xE8");
        drop(server);
        assert_eq!(printed(output.join().expect("its output")), "ok\n");
    });
}

#[test]
fn the_client_checks_the_accept_value() {
    let (listener, address) = listener();
    let url = format!("ws://{address}/");
    for (head, why) in [
        ("HTTP/1.1 404 Not Found\r\n", "404"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
            "Sec-WebSocket-Accept",
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade"),
    ] {
        thread::scope(|scope| {
            let output = scope.spawn(|| run("echo_client", &[&url, "Hello"], b""));
            let mut server = Peer::new(accept(&listener));
            server.head();
            server.send(format!("{head}\r\n").as_bytes());
            let said = complaint(output.join().expect("its output"), 1);
            assert!(said.contains(why), "{said}");
        });
    }
}

#[test]
fn clients_skip_interim_responses() {
    let (listener, address) = listener();
    let url = format!("ws://{address}/");
    for (name, args, says) in [
        ("echo_client", [&*url, "Hello, 🌍!"], "Hello, 🌍!\n"),
        ("handshake", ["connect", &url], "subprotocol none\necho Hello, 🌍!\n"),
    ] {
        thread::scope(|scope| {
            let output = scope.spawn(|| run(name, &args, b""));
            let meanwhile = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(2);
            let (mut server, _) = Peer::accept_and_say(&listener, &meanwhile, b"");
            let message = server.frame().2;
            server.send(&[&[0x81, message.len() as u8][..], &message].concat());
            let (first, _, body) = server.frame();
            assert_eq!(first, 0x88);
            server.send(&[b"\x88\x02", &body[..]].concat());
            drop(server);
            assert_eq!(printed(output.join().expect("its output")), says);
        });
    }
}

#[test]
fn the_autobahn_client_runs_all_cases() {
    let (listener, address) = listener();
    let url = format!("ws://{address}/");
    let (sender, targets) = mpsc::channel();
    thread::spawn(move || -> io::Result<()> {
        loop {
            let (mut server, request) = Peer::accept(&listener);
            let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
            if target == "/getCaseCount" {
                server.send(b"\x81\x012");
            }
            if target.starts_with("/runCase") {
                // Whole messages are echoed whole. One is in two fragments, with a Ping between
                // them.
                server.send(b"\x01\x03Hel\x89\x00\x80\x02lo\x82\x01!");
                assert_eq!(server.frame().0, 0x8A);
                let (first, _, payload) = server.frame();
                assert_eq!((first, &payload[..]), (0x81, &b"Hello"[..]));
                let (first, _, payload) = server.frame();
                assert_eq!((first, &payload[..]), (0x82, &b"!"[..]));
            }
            server.send(b"\x88\x02\x03\xE8");
            let (first, key, payload) = server.frame();
            assert_eq!((first, key.is_some(), &payload[..]), (0x88, true, &b"\x03\xE8"[..]));
            // The server ends first.
            server.socket.shutdown(Shutdown::Write)?;
            server.ends();
            if sender.send(target).is_err() {
                return Ok(());
            }
        }
    });

    let output = printed(run("autobahn_client", &[&url, "me"], b""));
    assert!(output.starts_with("2 cases"), "{output}");
    let targets: Vec<String> = (0..4).map(|_| targets.recv().expect("a connection")).collect();
    assert_eq!(
        targets,
        [
            "/getCaseCount",
            "/runCase?case=1&agent=me",
            "/runCase?case=2&agent=me",
            "/updateReports?agent=me"
        ]
    );
}
