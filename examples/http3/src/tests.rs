//! Tests of the server and the client with each other, and with invalid input.

use std::net::SocketAddr;

use quinn::ConnectionError;
use tokio::io::AsyncReadExt;

use super::*;

/// Starts a server. Returns its address and its certificate.
fn server() -> (SocketAddr, CertificateDer<'static>) {
    let (endpoint, certificate, _) = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let addr = endpoint.local_addr().unwrap();
    tokio::spawn(serve(endpoint));
    (addr, certificate)
}

/// Waits for the future, and fails the test if that takes too long.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("in time")
}

const ASK: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":authority", "localhost"),
    (":path", "/"),
    ("sec-websocket-version", "13"),
];

fn bytes<'f>(fields: &'f [(&'f str, &'f str)]) -> impl Iterator<Item = (&'f str, &'f [u8])> {
    fields.iter().map(|(name, value)| (*name, value.as_bytes()))
}

#[tokio::test]
async fn a_message_is_echoed() {
    let (addr, certificate) = server();
    // The last one is longer than a flight of packets, and than a frame of HTTP/3.
    for message in ["Hello".to_owned(), String::new(), "grüße ".repeat(50_000)] {
        let echo = soon(say(addr, "wss://localhost/echo?a=b", certificate.clone(), &message));
        assert_eq!(echo.await.unwrap(), message);
    }
}

#[tokio::test]
async fn streams_of_a_connection_are_apart() {
    let (addr, certificate) = server();
    let quic = soon(connect(addr, "localhost", certificate)).await.unwrap();
    let mut http = Http3::start(quic).await.unwrap();
    let mut websockets = Vec::new();
    for _ in 0..3 {
        let mut stream = soon(http.open()).await.unwrap();
        stream.send_headers(bytes(&ASK)).await.unwrap();
        let response = to_response(soon(stream.receive_headers()).await.unwrap()).unwrap();
        assert_eq!(response.status(), 200);
        websockets.push(WebSocketStream::new(stream, Connection::client(ThreadKeys)));
    }
    // One is dropped in the middle of a message. The others continue.
    drop(websockets.swap_remove(1));
    for (number, websocket) in websockets.iter_mut().enumerate() {
        websocket.send(Message::text(number.to_string())).await.unwrap();
        let echo = soon(websocket.next()).await.unwrap().unwrap();
        assert_eq!(echo, Message::text(number.to_string()));
    }
}

#[tokio::test]
async fn other_requests_are_refused() {
    let (addr, certificate) = server();
    let quic = soon(connect(addr, "localhost", certificate)).await.unwrap();
    let mut http = Http3::start(quic).await.unwrap();
    let other_protocol =
        ASK.map(|(name, value)| (name, if name == ":protocol" { "connect-udp" } else { value }));
    let get = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")];
    let no_version = &ASK[..5];
    for (fields, status) in [(&other_protocol[..], 501), (&get, 405), (no_version, 400)] {
        let mut stream = soon(http.open()).await.unwrap();
        stream.send_headers(bytes(fields)).await.unwrap();
        let response = to_response(soon(stream.receive_headers()).await.unwrap()).unwrap();
        assert_eq!(response.status(), status, "{fields:?}");
        // A reason may follow, and then the end.
        soon(stream.read_to_end(&mut Vec::new())).await.unwrap();
    }
    // The stream of a malformed request is reset without a response.
    let twice = [ASK[0], ASK[0]];
    let late = [ASK[0], ASK[5], ASK[1]];
    let unknown = [ASK[0], (":other", "")];
    let capital = [ASK[0], ("Accept", "*/*")];
    for fields in [&twice[..], &late, &unknown, &capital, &ASK[1..]] {
        let mut stream = soon(http.open()).await.unwrap();
        stream.send_headers(bytes(fields)).await.unwrap();
        assert!(soon(stream.receive_headers()).await.is_err(), "{fields:?}");
    }
    assert!(http.quic.close_reason().is_none(), "the connection goes on");
}

/// A violation of HTTP/3 ends the connection with the error's code.
#[tokio::test]
async fn broken_framing_closes_the_connection() {
    let (addr, certificate) = server();
    for (code, is_control, bytes) in [
        (0x10A, true, &b"\x00\x07\x00"[..]), // no SETTINGS at first
        (0x106, true, b"\x00\x04\x01\x08"),  // a setting without a value
        (0x107, true, b"\x00\x04\x80\xFF\xFF\xFF"), // SETTINGS that are too long
        (0x105, false, b"\x00\x01a"),        // DATA before HEADERS
        (0x105, false, b"\x04\x00"),         // SETTINGS on a request's stream
        (0x106, false, b"\x01\x7Fa"),        // HEADERS that are cut
        (0x200, false, b"\x01\x03\x00\x00\x80"), // a field of the dynamic table
        (0x200, false, b"\x01\x04\x00\x00\xFF\x7F"), // beyond the static table
    ] {
        let quic = soon(connect(addr, "localhost", certificate.clone())).await.unwrap();
        let (mut stream, _from_server) = match is_control {
            true => (quic.open_uni().await.unwrap(), None),
            false => quic.open_bi().await.map(|(to, from)| (to, Some(from))).unwrap(),
        };
        stream.write_all(bytes).await.unwrap();
        stream.finish().unwrap();
        match soon(quic.closed()).await {
            ConnectionError::ApplicationClosed(close) => {
                assert_eq!(close.error_code, VarInt::from_u32(code), "{bytes:?}");
            }
            other => panic!("{bytes:?}: {other}"),
        }
    }
}

#[test]
fn fields_round_trip_and_equal_the_examples_of_the_rfc() {
    // RFC 9204 §B.1.
    let section = b"\x00\x00\x51\x0b/index.html";
    let path = vec![(":path".to_owned(), b"/index.html".to_vec())];
    assert_eq!(qpack::decode(section).unwrap(), path);
    assert_eq!(qpack::encode([(":path", &b"/index.html"[..])]), section);
    // RFC 7541 §C.4.1: a Huffman-coded string.
    let section = b"\x00\x00\x50\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
    let authority = vec![(":authority".to_owned(), b"www.example.com".to_vec())];
    assert_eq!(qpack::decode(section).unwrap(), authority);
    // Lengths around the greatest values of all prefixes.
    for len in [0, 1, 6, 7, 8, 126, 127, 128, 254, 255, 5000] {
        let (name, value) = ("n".repeat(len.max(1)), vec![b'v'; len]);
        let section =
            qpack::encode([(&*name, &value[..]), (":method", b"CONNECT"), (":scheme", b"x")]);
        let fields = qpack::decode(&section).unwrap();
        assert_eq!(fields[0], (name, value));
        assert_eq!(fields[1], (":method".to_owned(), b"CONNECT".to_vec()));
        assert_eq!(fields[2], (":scheme".to_owned(), b"x".to_vec()));
        for cut in 0..section.len() {
            // A cut section is an error, or ends between two fields.
            assert!(qpack::decode(&section[..cut]).map_or(true, |fields| fields.len() < 3));
        }
    }
}
