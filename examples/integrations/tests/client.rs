//! Tests of the example `tokio_client`, over TCP and over TLS.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::net::TcpListener;
use wsframe::handshake::Options;
use wsframe::{CloseCode, Message, stream};

use crate::example;
use crate::peer::{Peer, listener};
use crate::running::{LIMIT, printed, run};
use crate::tls;

#[test]
fn the_client_connects_again_until_it_is_closed_with_1000() {
    let (listener, address) = listener();
    let mut child = example::command("tokio_client")
        .arg(format!("ws://{address}/ticks"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the example starts");
    // One connection ends without a handshake, one in the middle, and one with a code.
    drop(crate::peer::accept(&listener));
    let (mut peer, head) = Peer::accept(&listener);
    assert!(head.starts_with("GET /ticks HTTP/1.1\r\n"), "{head}");
    assert_eq!(peer.frame().2, b"0");
    drop(peer);
    for code in [b"\x0F\xA0", b"\x03\xE8"] {
        let (mut peer, _) = Peer::accept(&listener);
        let (first, key, payload) = peer.frame();
        assert_eq!((first, payload), (0x81, b"0".to_vec()));
        assert!(key.is_some());
        peer.send(&[b"\x81\x05Hello\x89\x01?\x88\x02", &code[..]].concat());
        assert_eq!((peer.frame().0, peer.frame().0), (0x8A, 0x88));
    }
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let lines: Vec<String> = lines.map(|line| line.expect("text")).collect();
    assert!(child.wait().expect("its end").success());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[0].starts_with("closed: 1006 "), "{lines:?}");
    assert_eq!((lines[1], lines[3]), ("Hello", "Hello"));
    assert!(lines[2].starts_with("closed: 4000 ") && lines[4].starts_with("closed: 1000 "));
}

#[tokio::test]
async fn the_client_trusts_the_authority_that_it_is_told() {
    let (acceptor, certificate) = tls::acceptor("localhost").expect("a certificate");
    let file = std::env::temp_dir().join(format!("wsframe-{}.pem", std::process::id()));
    fs::write(&file, certificate).expect("a file");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let uri = format!("wss://localhost:{}/", listener.local_addr().expect("its address").port());
    let path = file.to_str().expect("a path").to_owned();
    let client =
        tokio::task::spawn_blocking(move || printed(run("tokio_client", &[&uri, &path], b"")));
    let serve = async {
        let (socket, _) = listener.accept().await.expect("a client");
        let io = acceptor.accept(socket).await.expect("a client that trusts this server");
        let mut stream = stream::accept(io, &Options::new()).await.expect("a WebSocket");
        let first = stream.next().await.expect("a message").expect("a right message");
        assert_eq!(first, Message::text("0"));
        let limit = Duration::from_secs(5);
        stream.close_gracefully(CloseCode::NORMAL, "", limit).await.expect("its Close");
    };
    tokio::time::timeout(LIMIT, serve).await.expect("a client in time");
    assert!(client.await.expect("its output").starts_with("closed: 1000 "));
    fs::remove_file(file).expect("the file");
}
