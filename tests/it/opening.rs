//! §4: `accept`, `accept_request` and `client` over tokio's I/O.
#![cfg(feature = "tokio")]

use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::io::ErrorKind;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use wsframe::handshake::{HandshakeError, HandshakeRules, HttpReply, Options, Rejection};
use wsframe::handshake::{HeadError, RefusedResponse, ResponseError, UriError, WriteError};
use wsframe::stream::{self, WebSocketStream};
use wsframe::{Limits, Message, Opcode};

use crate::pipe::{masked, poll_once};

const REQUEST: &str = "GET /chat?room=7 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
    Origin: https://example.com\r\nCookie: a=b\r\n\r\n";
const URI: &str = "ws://example.com/chat";

fn limited() -> Options {
    Options::new().handshake_timeout(Duration::from_secs(5))
}

/// Sends these bytes to a server. Returns its result, and the bytes that it writes.
async fn accepted(
    request: &[u8],
    options: &Options,
) -> (Result<WebSocketStream<DuplexStream>, HandshakeError>, String) {
    let (mut peer, io) = duplex(1 << 16);
    peer.write_all(request).await.unwrap();
    let result = stream::accept(io, options).await;
    let mut written = vec![0; 1 << 16];
    let count = match &result {
        Ok(_) => peer.read(&mut written).await.unwrap(),
        Err(_) => {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).await.unwrap();
            written[..all.len()].copy_from_slice(&all);
            all.len()
        }
    };
    (result, String::from_utf8(written[..count].to_vec()).unwrap())
}

/// Sends this response to a client, with the right value in place of `ACCEPT`. Returns its result.
async fn answered(
    response: impl AsRef<[u8]>,
    ends: bool,
    options: &Options,
) -> Result<WebSocketStream<DuplexStream, wsframe::ThreadKeys>, HandshakeError> {
    let (mut peer, io) = duplex(1 << 16);
    let respond = async {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            peer.read_buf(&mut request).await.unwrap();
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap();
        let key = key.split("\r\n").next().unwrap();
        let key = wsframe::handshake::WebSocketKey::parse(key.as_bytes()).unwrap();
        let mut response = response.as_ref().to_vec();
        if let Some(at) = response.windows(6).position(|bytes| bytes == b"ACCEPT") {
            response.splice(at..at + 6, key.accept().as_str().bytes());
        }
        for byte in response {
            peer.write_all(&[byte]).await.unwrap();
        }
        if ends {
            peer.shutdown().await.unwrap();
        }
        peer
    };
    let (result, _peer) = tokio::join!(stream::client(io, URI, options), respond);
    result
}

fn refused(
    result: Result<WebSocketStream<DuplexStream, wsframe::ThreadKeys>, HandshakeError>,
) -> RefusedResponse {
    match result {
        Err(HandshakeError::Refused(response)) => *response,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn both_sides_open_through_a_pipe_of_one_byte() {
    let options = limited().subprotocols(["chat", "superchat"]).header("X-More", "1");
    #[cfg(feature = "deflate")]
    let options = options.deflate(wsframe::deflate::Config::default());
    let (client_io, server_io) = duplex(1);
    let (server, client) =
        tokio::join!(stream::accept(server_io, &options), stream::client(client_io, URI, &options));
    let (mut server, mut client) = (server.unwrap(), client.unwrap());
    assert_eq!(server.subprotocol(), Some("chat"));
    assert_eq!(client.subprotocol(), Some("chat"));

    let message = Message::text("Hello, Hello, ".repeat(100));
    let (sent, received) = tokio::join!(client.send(message.clone()), server.next());
    sent.unwrap();
    assert_eq!(received.unwrap().unwrap(), message);
}

/// Bytes that arrive together with the head are not lost.
#[tokio::test]
async fn bytes_after_the_head_are_not_lost() {
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend(masked(Opcode::Text, true, b"early"));
    let (stream, response) = accepted(&bytes, &Options::new()).await;
    assert!(response.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{response}");
    assert!(!response.contains("Sec-WebSocket-Protocol"), "{response}");
    assert_eq!(stream.unwrap().next().await.unwrap().unwrap(), Message::text("early"));

    let mut response = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 ok\r\nUpgrade: websocket\r\n\
        Connection: upgrade\r\nServer: old\r\n  device\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"
        .to_vec();
    response.extend(b"\x81\x05early");
    let mut stream = answered(&response, true, &Options::new()).await.unwrap();
    assert_eq!(stream.subprotocol(), None);
    assert_eq!(stream.next().await.unwrap().unwrap(), Message::text("early"));
}

/// §4.2.2: each rejection is answered, and returned.
#[tokio::test]
async fn a_server_rejects() {
    let options = Options::new().allow_origins(["https://other.example"]);
    for (request, options, status, expected) in [
        (REQUEST.replace("13", "8"), &options, 426, Rejection::Version),
        (REQUEST.replace("GET", "PUT"), &options, 405, Rejection::Method),
        (REQUEST.replace("dGhl", "dGhlHello"), &options, 400, Rejection::Key),
        (REQUEST.to_owned(), &options, 403, Rejection::Origin),
        (REQUEST.to_owned(), &Options::new().allow_same_origin(false), 403, Rejection::Origin),
        (REQUEST.to_owned(), &options.clone().allow_same_origin(false), 403, Rejection::Origin),
        ("\x16\x03\x01".into(), &options, 400, Rejection::Head(HeadError::StartLine)),
        (
            REQUEST.to_owned(),
            &Options::new().max_head_len(100),
            431,
            Rejection::Head(HeadError::TooLong),
        ),
        (
            REQUEST.replace("\r\n\r\n", &"\r\na: b".repeat(100)) + "\r\n\r\n",
            &options,
            431,
            Rejection::Head(HeadError::TooManyHeaders),
        ),
        ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n".into(), &options, 426, Rejection::NoHandshake),
    ] {
        let (result, response) = accepted(request.as_bytes(), options).await;
        match result {
            Err(HandshakeError::Rejected(rejection)) => assert_eq!(rejection, expected),
            other => panic!("{other:?}"),
        }
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    }

    for options in [
        Options::new().allow_same_origin(true),
        options.clone().allow_same_origin(true),
        options.allow_origins(["https://EXAMPLE.com:443"]),
        Options::new().allow_origins(["null"]).allow_same_origin(true),
    ] {
        assert!(accepted(REQUEST.as_bytes(), &options).await.0.is_ok());
    }
    let raw = REQUEST.replace("/chat", "/café");
    let relaxed = Options::new().handshake_rules(HandshakeRules::new().accept_utf8_target());
    assert!(accepted(raw.as_bytes(), &relaxed).await.0.is_ok());
    assert!(accepted(raw.as_bytes(), &Options::new()).await.0.is_err());
}

/// A caller may decide later. Nothing is sent before.
#[tokio::test]
async fn a_request_can_be_decided_on_later() {
    let (mut peer, io) = duplex(4096);
    peer.write_all(REQUEST.as_bytes()).await.unwrap();
    let request = stream::accept_request(io).await.unwrap();
    let view = request.request();
    assert_eq!((view.path(), view.query(), view.host()), ("/chat", Some("room=7"), "example.com"));
    assert_eq!(view.origin(), Some("https://example.com"));
    assert_eq!(view.header("cookie"), Some(&b"a=b"[..]));
    assert_eq!(view.headers().count(), 8);
    assert_eq!(view.headers().last(), Some(("Cookie", &b"a=b"[..])));
    assert!(view.subprotocols().eq(["chat", "superchat"]));
    tokio::task::yield_now().await;
    let mut nothing = [0];
    tokio::select! {
        biased;
        _ = peer.read(&mut nothing) => panic!("{nothing:?}"),
        () = tokio::task::yield_now() => {}
    }

    let options = Options::new().subprotocols(["superchat"]).header("Set-Cookie", "c=d");
    let stream = request.accept(&options).await.unwrap();
    assert_eq!(stream.subprotocol(), Some("superchat"));
    let mut response = vec![0; 4096];
    let count = peer.read(&mut response).await.unwrap();
    let response = core::str::from_utf8(&response[..count]).unwrap();
    assert!(response.contains("\r\nSec-WebSocket-Protocol: superchat\r\n"), "{response}");
    assert!(response.contains("\r\nSet-Cookie: c=d\r\n"), "{response}");

    let (mut peer, io) = duplex(4096);
    peer.write_all(REQUEST.as_bytes()).await.unwrap();
    let request = stream::accept_request(io).await.unwrap();
    request.reject(HttpReply::new(401, "who?")).await.unwrap();
    let mut response = String::new();
    peer.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nwho?"), "{response}");
}

/// An invalid option is an error of the caller, and nothing is written.
#[tokio::test]
async fn invalid_options_are_not_written() {
    let invalid = Options::new().header("X-More", "a\r\nb: c");
    let (result, response) = accepted(REQUEST.as_bytes(), &invalid).await;
    assert!(matches!(result, Err(HandshakeError::Write(WriteError::HeaderValue(0)))));
    assert_eq!(response, "");

    for (uri, options, expected) in [
        (URI, invalid, "the value of header field 0 contains a control character"),
        (URI, Options::new().origin("a b"), "the origin must contain only visible ASCII"),
        (URI, Options::new().subprotocols(["a b"]), "a subprotocol is not a token"),
        ("http://example.com/", Options::new(), &UriError::Scheme.to_string()),
    ] {
        let (mut peer, io) = duplex(4096);
        let error = stream::client(io, uri, &options).await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        let mut written = Vec::new();
        peer.read_to_end(&mut written).await.unwrap();
        assert_eq!(written, b"");
    }
}

/// §4.1: a client fails the connection, and returns the reason.
#[tokio::test]
async fn a_client_checks_the_response() {
    let right = "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
        Sec-WebSocket-Accept: ACCEPT\r\n\r\n";
    let options = Options::new().subprotocols(["chat"]);
    assert!(answered(right, false, &options).await.is_ok());
    for (response, expected) in [
        (right.replace("ACCEPT", "dGhl"), ResponseError::Accept),
        (right.replace("upgrade", "close"), ResponseError::Connection),
        (right.replace("websocket", "h2c"), ResponseError::Upgrade),
        (right.replace("1.1", "1.0"), ResponseError::HttpVersion),
        (
            right.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: other\r\n\r\n"),
            ResponseError::Subprotocol,
        ),
        (
            right.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
            ResponseError::ExtensionNotOffered,
        ),
        ("\x16\x03\x01\r\n\r\n".into(), ResponseError::Head(HeadError::StartLine)),
    ] {
        match answered(&response, false, &options).await {
            Err(HandshakeError::Response(error)) => assert_eq!(error, expected),
            other => panic!("{other:?}"),
        }
    }
    let short = Options::new().max_head_len(40);
    let error = answered(right, true, &short).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Response(ResponseError::Head(HeadError::TooLong))));
    match answered(&right.as_bytes()[..50], true, &options).await {
        Err(HandshakeError::Io(error)) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
        other => panic!("{other:?}"),
    }
}

/// The body of a refusal ends as its head declares, or at the limit of the options.
#[tokio::test]
async fn a_refusal_can_be_read() {
    let options = Options::new().max_refused_body(10);
    for (fields, body, ends, expected) in [
        ("Content-Length: 5", "Hello and more", false, "Hello"),
        ("Content-Length: 50", "Hello and more", false, "Hello and "),
        ("Content-Length: 50", "Hello", true, "Hello"),
        ("Content-Length: 0", "", false, ""),
        ("Content-Length: x", "Hello", true, "Hello"),
        ("A: b", "Hello", true, "Hello"),
        ("A: b", "Hello and more", false, "Hello and "),
        ("Transfer-Encoding: chunked", "2\r\nHe\r\n3;a=b\r\nllo\r\n0\r\n\r\n", false, "Hello"),
        ("Transfer-Encoding: gzip, Chunked", "20\r\nHello and more", false, "Hello and "),
        ("Transfer-Encoding: chunked", "5\r\nHello\r\n5", true, "Hello"),
        ("Transfer-Encoding: chunked", "5\r\nHello\r\nx\r\n", false, "Hello"),
        ("Transfer-Encoding: chunked", "ffffffffffffffff\r\nHello", true, "Hello"),
        ("Transfer-Encoding: gzip", "Hello", true, "Hello"),
    ] {
        let response = format!("HTTP/1.1 404 Not Found\r\n{fields}\r\n\r\n{body}");
        let response = refused(answered(&response, ends, &options).await);
        assert_eq!(response.status(), 404);
        assert_eq!(response.body(), expected, "{fields}");
        let (name, value) = response.headers().next().unwrap();
        assert_eq!(format!("{name}: {}", String::from_utf8_lossy(value)), fields);
        assert_eq!(response.header(&name.to_lowercase()), Some(value));
    }
    let response = refused(answered("HTTP/1.1 204 no\r\n\r\n", false, &options).await);
    assert_eq!((response.status(), response.body().len()), (204, 0));

    let error = answered("HTTP/1.1 404 no\r\nA: secret\r\n\r\n", true, &options).await.unwrap_err();
    assert!(!format!("{error:?}").contains("secret"));
    let text = "the server responded with status 404 instead of 101 (RFC 6455 §4.1)";
    assert_eq!(error.to_string(), text);
    let error = std::io::Error::from(error);
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::ConnectionRefused, text));
}

/// The time limit of the options applies to a peer that does not answer.
#[tokio::test(start_paused = true)]
async fn the_time_limit_covers_the_whole_handshake() {
    let options = limited();
    let timed_out = |error| matches!(error, Some(HandshakeError::Timeout));
    let (mut peer, io) = duplex(64);
    peer.write_all(&REQUEST.as_bytes()[..30]).await.unwrap();
    assert!(timed_out(stream::accept(io, &options).await.err()));

    let (_peer, io) = duplex(64);
    assert!(timed_out(stream::accept_request_with(io, &options).await.err()));

    // The response cannot be written.
    let (mut peer, io) = duplex(64);
    let writing = async {
        peer.write_all(REQUEST.as_bytes()).await.unwrap();
        core::future::pending::<()>().await;
    };
    tokio::select! {
        result = stream::accept(io, &options) => assert!(timed_out(result.err())),
        () = writing => {}
    }

    // The request cannot be written either, and there is no response.
    for capacity in [1, 4096] {
        let (_peer, io) = duplex(capacity);
        assert!(timed_out(stream::client(io, URI, &options).await.err()));
    }

    // The received part of a refusal is returned.
    let response = "HTTP/1.1 503 later\r\nContent-Length: 50\r\n\r\nHello";
    let response = refused(answered(response, false, &options).await);
    assert_eq!((response.status(), &response.body()[..]), (503, &b"Hello"[..]));
}

/// Dropping a future or a request also drops the transport.
#[tokio::test]
async fn a_handshake_that_is_given_up_ends_the_transport() {
    let options = Options::new();
    for len in [0, 30, REQUEST.len()] {
        let (mut peer, io) = duplex(4096);
        peer.write_all(&REQUEST.as_bytes()[..len]).await.unwrap();
        match poll_once(&mut pin!(stream::accept_request(io))) {
            Poll::Ready(request) => drop(request.unwrap()),
            Poll::Pending => assert_ne!(len, REQUEST.len()),
        }
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);

        let (mut peer, io) = duplex(len + 1);
        assert!(poll_once(&mut pin!(stream::client(io, URI, &options))).is_pending());
        let mut request = Vec::new();
        peer.read_to_end(&mut request).await.unwrap();
        assert!(request.starts_with(b"G"));
    }
}

#[tokio::test]
async fn the_limits_are_those_of_the_stream() {
    let options = Options::new().limits(Limits::DEFAULT.max_message_size(4));
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend(masked(Opcode::Text, true, b"early"));
    let (stream, _) = accepted(&bytes, &options).await;
    assert!(matches!(stream.unwrap().next().await, Some(Err(_))));
    assert!(format!("{:?}", options.header("A", "secret")).find("secret").is_none());
}

/// Futures that move to other threads must be `Send`.
#[test]
fn the_futures_are_send() {
    fn check<T: Send>(_: T) {}
    let options = Options::new();
    check(stream::accept(duplex(1).0, &options));
    check(stream::accept_request(duplex(1).0));
    check(stream::client(duplex(1).0, URI, &options));
}
