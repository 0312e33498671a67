//! RFC 6455 §4.2: a server reads the client's opening handshake, and sends its own.
#![cfg(feature = "handshake")]

use crate::support;
use crate::support::handshake;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use support::Room;
use wsframe::handshake::{
    HandshakeRequest, HandshakeRules, HeadError, Rejection, Request, WebSocketKey, WriteError,
};

/// A valid request, whose lines a test changes.
const LINES: [&str; 6] = [
    "GET /chat HTTP/1.1",
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

/// Returns the valid request, in which these lines replace the line with this beginning. If there
/// is no such line, they are appended.
fn with(begins: &str, lines: &[&str]) -> String {
    let kept = LINES.iter().filter(|line| begins.is_empty() || !line.starts_with(begins));
    let mut all: Vec<&str> = kept.copied().collect();
    let at = if begins == "GET" { 0 } else { all.len() };
    all.splice(at..at, lines.iter().copied());
    all.join("\r\n") + "\r\n\r\n"
}

/// Parses the request with a server, and with the checks for any request. Returns the result of
/// `look`.
fn read<T>(head: &str, see: impl FnOnce(Result<HandshakeRequest<'_>, Rejection>) -> T) -> T {
    handshake::request(head.as_bytes(), &[]);
    match Request::parse(head.as_bytes()) {
        Ok(request) => see(request.handshake()),
        Err(error) => see(Err(error.into())),
    }
}

fn rejection(head: &str) -> Option<Rejection> {
    read(head, |opening| opening.err())
}

fn accepted(head: &str) -> bool {
    rejection(head).is_none()
}

fn response(head: &str) -> String {
    read(head, |opening| {
        let mut response = String::new();
        opening.expect(head).accept().write(&mut [], &mut response).unwrap();
        response
    })
}

/// Returns the status, and the lines of the head, of the response to a refused request.
fn refused(head: &str) -> (u16, String) {
    let rejection = rejection(head).expect(head);
    let mut response = String::new();
    rejection.write(&mut response).unwrap();
    (rejection.status(), response)
}

#[test]
fn example_of_section_1_3() {
    let head = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";
    read(head, |opening| {
        let opening = opening.unwrap();
        assert_eq!((opening.path(), opening.query()), ("/chat", None));
        assert_eq!(opening.resource_name(), "/chat");
        assert_eq!(opening.host(), "server.example.com");
        assert_eq!(opening.origin(), Some("http://example.com"));
        assert_eq!(opening.header("upgrade"), Some(&b"websocket"[..]));
        assert_eq!(opening.headers().count(), 7);
        assert_eq!(opening.headers().nth(1), Some(("Upgrade", &b"websocket"[..])));

        let mut response = String::new();
        let chosen = opening.choose_subprotocol(&["chat"]);
        let agreed = opening.accept().subprotocol(chosen).write(&mut [], &mut response).unwrap();
        assert_eq!(agreed.subprotocol, Some("chat"));
        assert_eq!(
            response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
             Sec-WebSocket-Protocol: chat\r\n\r\n"
        );
    });
}

#[test]
fn the_key_that_has_stray_bits() {
    let head = with("Sec-WebSocket-Key", &["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]);
    assert!(response(&head).contains("\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"));
    for last in ["A", "Q", "g", "w", "x", "/"] {
        assert!(WebSocketKey::parse(format!("x3JJHMbDL1EzLkh9GBhXD{last}==").as_bytes()).is_some());
    }
}

#[test]
fn recorded_requests_are_accepted() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/handshake");
    for client in ["ws", "websockets", "chromium", "curl"] {
        let head = fs::read_to_string(directory.join(format!("{client}-request.http"))).unwrap();
        read(&head, |opening| {
            let opening = opening.expect(client);
            assert_eq!((opening.path(), opening.query()), ("/chat", Some("room=7")));
            assert!(opening.host().starts_with("127.0.0.1:"));
            assert_eq!(Vec::from_iter(opening.subprotocols()), ["chat", "superchat"]);
            let extensions: Vec<String> = opening.extensions().map(|e| e.to_string()).collect();
            assert_eq!(extensions, ["permessage-deflate; client_max_window_bits"]);
            assert_eq!(opening.choose_subprotocol(&["superchat", "chat"]), Some("superchat"));
            assert_eq!(opening.choose_subprotocol(&["Chat", "cha"]), None);
        });
    }
}

#[test]
fn names_in_any_case_and_values_where_the_rfc_says_so() {
    for lines in [
        ["GET /chat HTTP/1.1", "HOST: a", "UPGRADE: WebSocket", "CONNECTION: UPGRADE"],
        ["GET /chat HTTP/1.1", "host:a", "upgrade:\twebsocket ", "connection:keep-alive, Upgrade"],
        ["GET / HTTP/1.1", "Host: a:80", "Upgrade: h2c, websocket", "Connection: upgrade ,close"],
    ] {
        let head = lines.join("\r\n")
            + "\r\nSEC-websocket-KEY:   dGhlIHNhbXBsZSBub25jZQ==\t\r\nsec-websocket-version: 13 \r\n\r\n";
        assert!(response(&head).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    }
    let split = ["Connection: keep-alive", "Connection: Upgrade", "Connection:"];
    assert!(accepted(&with("Connection", &split)));
    assert!(accepted(&with("Upgrade", &["Upgrade:, h2c/1 ,, websocket,"])));
    assert!(accepted(&with("Upgrade", &["Upgrade: h2c", "Upgrade: websocket"])));
    assert!(accepted(&with("", &["X-Any: thing", "Content-Length: 0", "Cookie: a=\"b\""])));
}

/// With feature `http`, `read` also checks each on the types of that crate.
#[test]
fn resource_names() {
    for (target, host, resource_name) in [
        ("/", "server.example.com", "/"),
        ("/a/b;c?d=e&f", "server.example.com", "/a/b;c?d=e&f"),
        ("/?", "server.example.com", "/?"),
        ("//a", "server.example.com", "//a"),
        ("/http://a/", "server.example.com", "/http://a/"),
        ("/%C3%A4|\"<[]>{}^`\\", "server.example.com", "/%C3%A4|\"<[]>{}^`\\"),
        // A percent sign need not begin an escape.
        ("/?q=100%", "server.example.com", "/?q=100%"),
        ("/a%zz%2", "server.example.com", "/a%zz%2"),
        // RFC 9112 §3.2.2: the host of the target is used, and not `Host`.
        ("http://server.example.com/chat?x", "server.example.com", "/chat?x"),
        ("HTTPS://other.example:443/", "other.example:443", "/"),
        ("http://[::1]:8080/a://b", "[::1]:8080", "/a://b"),
        ("http://other.example", "other.example", "/"),
    ] {
        read(&with("GET", &[&format!("GET {target} HTTP/1.1")]), |opening| {
            let opening = opening.expect(target);
            assert_eq!((opening.host(), opening.resource_name()), (host, resource_name));
        });
        // `Host` must be valid even so.
        for wrong in [&["Host: a b"][..], &["Host: a"; 2], &[]] {
            let request = with("Host", wrong).replacen("/chat", target, 1);
            assert_eq!(rejection(&request), Some(Rejection::Host), "{request}");
        }
    }
    for target in [
        "*",
        "a",
        "a/b",
        "?a",
        "server:80",
        "ws://a/",
        "ftp://a/",
        "://a/",
        "http:/a",
        "http:///",
        "http://a?b",
        "http://me@a/",
        "http://me:secret@a/",
        "http://a:b/",
        "http://[a]/",
        "/#a",
        "http://a#b",
        "/\u{e4}",
    ] {
        let head = with("GET", &[&format!("GET {target} HTTP/1.1")]);
        assert_eq!(rejection(&head), Some(Rejection::Target), "{target}");
    }
}

#[test]
fn refused_with_the_right_status() {
    use Rejection::*;
    for (begins, lines, why, status) in [
        ("GET", &["POST / HTTP/1.1"][..], Method, 405),
        ("GET", &["HEAD / HTTP/1.1"], Method, 405),
        ("GET", &["get / HTTP/1.1"], Method, 405),
        ("GET", &["CONNECT a:1 HTTP/1.1"], Method, 405),
        ("GET", &["GET / HTTP/1.0"], HttpVersion, 400),
        ("GET", &["GET / HTTP/2.0"], Head(HeadError::Version), 400),
        ("GET", &["GET /"], Head(HeadError::StartLine), 400),
        ("Host", &[], Host, 400),
        ("Host", &["Host:"], Host, 400),
        ("Host", &["Host: a", "Host: a"], Host, 400),
        ("Host", &["Host: a b"], Host, 400),
        ("Host", &["Host: a/b"], Host, 400),
        ("Host", &["Host: me@a"], Host, 400),
        ("Host", &["Host: a:b"], Host, 400),
        ("Host", &["Host: a, b"], Host, 400),
        ("Host", &["Host: [fe80::1%25eth0]"], Host, 400),
        ("Upgrade", &[], Upgrade, 400),
        ("Upgrade", &["Upgrade: h2c"], Upgrade, 400),
        ("Upgrade", &["Upgrade: websockets"], Upgrade, 400),
        ("Upgrade", &["Upgrade: websocket/13"], Upgrade, 400),
        ("Connection", &[], Connection, 400),
        ("Connection", &["Connection: keep-alive"], Connection, 400),
        ("Connection", &["Connection: close"], Connection, 400),
        ("Connection", &["Connection: Upgraded"], Connection, 400),
        ("Connection", &["Connection:"], Connection, 400),
        ("Connection", &["Connection: ,"], Connection, 400),
        ("Connection", &["Connection: \"x, Upgrade, y\""], Connection, 400),
        ("Connection", &["Connection: Upgrade, @@(;"], Connection, 400),
        ("Connection", &["Connection: Upgrade", "Connection: a b"], Connection, 400),
        ("Connection", &["Connection: Upgrade, keep-alive; timeout=5"], Connection, 400),
        ("Connection", &["Connection: Upgrade, \u{e9}"], Connection, 400),
        ("Upgrade", &["Upgrade: \"(, websocket,="], Upgrade, 400),
        ("Upgrade", &["Upgrade: \"a, websocket, b\""], Upgrade, 400),
        ("Upgrade", &["Upgrade: websocket, a/"], Upgrade, 400),
        ("Upgrade", &["Upgrade: websocket, a/b/c"], Upgrade, 400),
        ("Upgrade", &["Upgrade: websocket, /1"], Upgrade, 400),
        ("Upgrade", &["Upgrade: websocket", "Upgrade: a b"], Upgrade, 400),
        ("Upgrade", &["Upgrade: websocket, a, b, c d"], Upgrade, 400),
        ("Sec-WebSocket-Key", &[], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key:"], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="; 2], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQo=="], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA"], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ==="], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-Q=="], Key, 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25 ZQ=="], Key, 400),
        ("Sec-WebSocket-Version", &[], NoVersion, 400),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 13"; 2], NoVersion, 400),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version:"], Version, 426),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 8"], Version, 426),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 14"], Version, 426),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 013"], Version, 426),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 13, 8"], Version, 426),
        ("", &["Origin: http://a", "Origin: http://a"], Origin, 403),
        ("", &["Content-Length: 1"], Body, 400),
        ("", &["Content-Length: 00"], Body, 400),
        ("", &["Content-Length: 0", "Content-Length: 5"], Body, 400),
        ("", &["Transfer-Encoding: chunked"], Body, 400),
        ("", &["Sec-WebSocket-Protocol: a b"], Subprotocols, 400),
        ("", &["Sec-WebSocket-Protocol: a, \"b\""], Subprotocols, 400),
        ("", &["Sec-WebSocket-Protocol: a/b"], Subprotocols, 400),
        ("", &["Sec-WebSocket-Protocol:"], Subprotocols, 400),
        ("", &["Sec-WebSocket-Protocol: ,"], Subprotocols, 400),
        ("", &["Sec-WebSocket-Protocol:", "Sec-WebSocket-Protocol: , ,"], Subprotocols, 400),
        ("", &["Sec-WebSocket-Protocol: chat, chat"], Subprotocols, 400),
        (
            "",
            &["Sec-WebSocket-Protocol: chat, a", "Sec-WebSocket-Protocol: chat"],
            Subprotocols,
            400,
        ),
    ] {
        let head = with(begins, lines);
        assert_eq!(rejection(&head), Some(why), "{lines:?}");
        let (refused_with, response) = refused(&head);
        assert_eq!(refused_with, status, "{lines:?}");
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")));
        assert_eq!(response.contains("\r\nAllow: GET\r\n"), status == 405);
        assert_eq!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"), status == 426);
        assert_eq!(response.contains("\r\nUpgrade: websocket\r\n"), status == 426);
        assert!(response.contains("\r\nConnection: close"));
        assert_eq!(response.ends_with("\r\n\r\n"), status == 405, "a HEAD request gets no body");
        assert!(status == 405 || response.ends_with(&why.to_string()));
    }
    let malformed = with("", &["Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: a; b="]);
    let Some(Extensions(error)) = rejection(&malformed) else { panic!() };
    assert_eq!((error.offset(), refused(&malformed).0), (5, 400));
    // §9.1: a list must have an element. Empty ones beside others are skipped, on the same line or
    // another.
    for (lines, offset) in [
        (&["Sec-WebSocket-Extensions:"][..], 0),
        (&["Sec-WebSocket-Extensions: ,,"], 2),
        (&["Sec-WebSocket-Extensions: ,", "Sec-WebSocket-Extensions:"], 0),
    ] {
        let head = with("", lines);
        let Some(Extensions(error)) = rejection(&head) else { panic!("{lines:?}") };
        assert_eq!((error.offset(), refused(&head).0), (offset, 400));
    }
    assert!(accepted(&with("", &["Sec-WebSocket-Extensions: a,,b"])));
    assert!(accepted(&with("", &["Sec-WebSocket-Extensions:", "Sec-WebSocket-Extensions: a"])));
    assert_eq!(Head(HeadError::TooLong).status(), 431);
    assert_eq!(Head(HeadError::TooManyHeaders).status(), 431);
}

/// Subprotocols are compared with each other, so their number is limited.
#[test]
fn the_number_of_subprotocols_is_capped_exactly() {
    let offer = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("p{number}")).collect();
        with("", &[&format!("Sec-WebSocket-Protocol: {}", names.join(","))])
    };
    read(&offer(64), |opening| assert_eq!(opening.unwrap().subprotocols().count(), 64));
    assert_eq!(rejection(&offer(65)), Some(Rejection::Subprotocols));
    // Names that differ only in case are different.
    assert!(accepted(&with("", &["Sec-WebSocket-Protocol: chat, Chat"])));
}

/// Raw UTF-8 in a target is refused, unless the rules are relaxed.
#[test]
fn targets_in_utf8() {
    let rules = HandshakeRules::new().accept_utf8_target();
    for (target, is_accepted) in [
        ("/caf\u{e9}?q=\u{1F980}", true),
        ("http://server.example.com/\u{4e2d}", true),
        ("/\u{a0}", true),
        ("/\u{85}", false),
        ("/a\u{9f}", false),
        ("http://\u{e9}/", false),
        ("/\u{e9}#", false),
        ("\u{e9}", false),
    ] {
        let head = with("GET", &[&format!("GET {target} HTTP/1.1")]);
        assert_eq!(rejection(&head), Some(Rejection::Target), "{target}");
        let request = Request::parse(head.as_bytes()).unwrap();
        match request.handshake_with(rules) {
            Ok(opening) => assert!(is_accepted && target.ends_with(opening.resource_name())),
            Err(rejection) => assert!(!is_accepted && rejection == Rejection::Target, "{target}"),
        }
    }
    // A request-line must be UTF-8.
    let head = with("GET", &["GET /X HTTP/1.1"]).into_bytes();
    let head: Vec<u8> =
        head.into_iter().map(|byte| if byte == b'X' { 0xE9 } else { byte }).collect();
    assert!(Request::parse(&head).is_err());
}

#[test]
fn ordinary_requests_are_recognised() {
    for (head, is_handshake) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", false),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n", true),
        ("POST / HTTP/1.1\r\nUpgrade: WEBSOCKET\r\n\r\n", true),
    ] {
        let request = Request::parse(head.as_bytes()).unwrap();
        assert_eq!(request.is_handshake(), is_handshake, "{head}");
    }
    let (status, response) = refused("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(status, 426);
    assert!(response.contains("\r\nUpgrade: websocket\r\n"));
    assert!(response.contains("\r\nConnection: close, Upgrade\r\n"));
}

#[test]
fn origins_are_compared_exactly() {
    let allowed = ["https://example.com", "http://localhost:3000"];
    let check = |origin: &str, allowed: &[&str]| {
        read(&with("", &[&format!("Origin: {origin}")]), |opening| {
            opening.unwrap().check_origin(allowed)
        })
    };
    for origin in allowed.into_iter().chain(["HTTPS://Example.com", "https://example.com:443"]) {
        assert_eq!(check(origin, &allowed), Ok(()));
    }
    assert_eq!(check("http://a", &["http://a:80"]), Ok(()));
    assert_eq!(check("https://a", &["HTTPS://A:443"]), Ok(()));
    assert_eq!(check("moz-extension://a", &["moz-extension://a"]), Ok(()));
    for (origin, allowed) in [
        ("http://a:443", "http://a"),
        ("https://a:80", "https://a"),
        ("ws://a", "http://a"),
        ("moz-extension://a:80", "moz-extension://a"),
        ("http://a/", "http://a"),
        ("http://me@a", "http://a"),
    ] {
        assert_eq!(check(origin, &[allowed]), Err(Rejection::Origin), "{origin}");
    }
    for origin in [
        "http://example.com",
        "https://example.com:80",
        "https://example.com.evil.org",
        "https://evil.org/https://example.com",
        "https://example.com ,",
        "https://example.co",
        "null",
        "",
    ] {
        assert_eq!(check(origin, &allowed), Err(Rejection::Origin), "{origin}");
        assert_eq!(check(origin, &[]), Err(Rejection::Origin));
    }
    assert_eq!(check("null", &["null"]), Ok(()));
    // A client that is not a browser has no origin.
    read(&with("", &[]), |opening| {
        let opening = opening.unwrap();
        assert_eq!(opening.origin(), None);
        assert_eq!(opening.check_origin(&allowed), Ok(()));
    });
    let not_text = [with("", &["Origin: "]).trim_end().as_bytes(), b"\xFF\r\n\r\n"].concat();
    let request = Request::parse(&not_text).unwrap();
    assert_eq!(request.handshake().unwrap_err(), Rejection::Origin);
}

/// RFC 6454 §5: the same scheme, host and port, those of the connection.
#[test]
fn same_origin_compares_scheme_host_and_port() {
    let check = |host: &str, is_secure: bool, origin: &str| {
        let lines = [format!("Host: {host}"), format!("Origin: {origin}")];
        read(&with("Host", &[&lines[0], &lines[1]]), |opening| {
            opening.unwrap().check_same_origin(is_secure).is_ok()
        })
    };
    for (host, is_secure, origin) in [
        ("a.example", false, "http://a.example"),
        ("a.example", true, "https://a.example"),
        ("A.Example:443", true, "HTTPS://a.example"),
        ("a.example", true, "https://a.example:443"),
        ("a.example:80", false, "http://a.example"),
        ("a.example:8080", false, "http://a.example:8080"),
        ("[::1]:8080", false, "http://[::1]:8080"),
    ] {
        assert!(check(host, is_secure, origin), "{host} {origin}");
        assert!(!check(host, !is_secure, origin), "{host} {origin}");
    }
    for origin in [
        "http://a.example:8080",
        "http://b.a.example",
        "http://a.example.evil.example",
        "http://a.example/",
        "http://me@a.example",
        "http://a.example http://a.example",
        "ws://a.example",
        "a.example",
        "://a.example",
        "null",
        "",
    ] {
        assert!(!check("a.example", false, origin), "{origin}");
    }
    // A client that is not a browser has no origin.
    read(&with("", &[]), |opening| {
        assert_eq!(opening.unwrap().check_same_origin(true), Ok(()));
    });
    // The target names the host, if it is an absolute URI.
    let head = with("GET", &["GET http://b.example/ HTTP/1.1", "Origin: http://b.example"]);
    read(&head, |opening| assert_eq!(opening.unwrap().check_same_origin(false), Ok(())));
}

#[test]
fn subprotocols_in_one_line_or_many() {
    for lines in [
        &["Sec-WebSocket-Protocol: a, b, c"][..],
        &["Sec-WebSocket-Protocol: a,b,c"],
        &["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b", "sec-websocket-protocol: c"],
        &[
            "Sec-WebSocket-Protocol: a,, b ,",
            "Sec-WebSocket-Protocol:",
            "Sec-WebSocket-Protocol: c",
        ],
    ] {
        read(&with("", lines), |opening| {
            let opening = opening.unwrap();
            assert_eq!(Vec::from_iter(opening.subprotocols()), ["a", "b", "c"]);
            assert_eq!(opening.choose_subprotocol(&["x", "c", "a"]), Some("c"));
            assert_eq!(opening.choose_subprotocol(&["x"]), None);
            assert_eq!(opening.choose_subprotocol(&[]), None);

            let mut response = String::new();
            let accept = opening.accept().subprotocol(Some("x"));
            assert_eq!(
                accept.write(&mut [], &mut response),
                Err(WriteError::SubprotocolNotOffered)
            );
            assert_eq!(response, "");
        });
    }
    read(&with("", &[]), |opening| {
        let opening = opening.unwrap();
        assert_eq!(opening.subprotocols().count(), 0);
        let accept = opening.accept().subprotocol(Some("a"));
        assert_eq!(
            accept.write(&mut [], &mut String::new()),
            Err(WriteError::SubprotocolNotOffered)
        );
    });
}

#[test]
fn further_headers_and_no_injection() {
    let write = |headers: &[(&str, &str)]| {
        read(&with("", &[]), |opening| {
            let mut response = String::new();
            let written = opening.unwrap().accept().headers(headers).write(&mut [], &mut response);
            assert!(written.is_ok() || response.is_empty(), "nothing is written of what is wrong");
            written.map(|_| response)
        })
    };
    let response = write(&[("Set-Cookie", "a=\"b\"; Path=/"), ("X-Empty", "")]).unwrap();
    assert!(response.ends_with("\r\nSet-Cookie: a=\"b\"; Path=/\r\nX-Empty: \r\n\r\n"));

    for name in ["", "a b", "a:", "a\r\nb", "a\n", "ä", "(a)"] {
        assert_eq!(write(&[("x", "y"), (name, "v")]), Err(WriteError::HeaderName(1)), "{name}");
    }
    // RFC 9110 §5.5: a value may contain obs-text.
    let response = write(&[("X-City", "K\u{f6}ln \u{1F980}\t~")]).unwrap();
    assert!(response.ends_with("\r\nX-City: K\u{f6}ln \u{1F980}\t~\r\n\r\n"));
    for value in ["a\r\nb: c", "\r", "\n", "a\0", "\x7F", "\x1F", "ä\x1B", "\r\n\r\n\u{81}"] {
        assert_eq!(write(&[("x", "y"), ("a", value)]), Err(WriteError::HeaderValue(1)), "{value}");
    }
    for name in [
        "connection",
        "UPGRADE",
        "Content-Length",
        "Transfer-Encoding",
        "Sec-WebSocket-Accept",
        "sec-websocket-protocol",
        "Sec-WebSocket-Anything",
        "Host",
        "TE",
        "Trailer",
        "Origin",
    ] {
        assert_eq!(write(&[(name, "v")]), Err(WriteError::ReservedHeader(0)), "{name}");
    }
    assert!(write(&[("Sec-WebSocket", "v"), ("X-Sec-WebSocket-Accept", "v")]).is_ok());
}

/// A response that is not written to its end is an error, wherever it is cut.
#[test]
fn a_writer_that_is_too_small_is_an_error() {
    let headers = [("X-Served-By", "7")];
    read(&with("", &[]), |opening| {
        let acceptance = opening.unwrap().accept().headers(&headers);
        let mut whole = String::new();
        acceptance.write(&mut [], &mut whole).unwrap();
        for room in 0..whole.len() {
            let written = acceptance.write(&mut [], &mut Room(room)).map(drop);
            assert_eq!(written, Err(WriteError::Format), "{room} of {}", whole.len());
        }
        assert!(acceptance.write(&mut [], &mut Room(whole.len())).is_ok());
    });

    let reply = Rejection::Version.reply().headers(&headers);
    let mut whole = String::new();
    reply.write(&mut whole).unwrap();
    for room in 0..whole.len() {
        assert_eq!(reply.write(&mut Room(room)), Err(WriteError::Format));
    }
    assert_eq!(reply.write(&mut Room(whole.len())), Ok(()));
}

#[test]
fn keys_that_are_not_16_bytes_in_base64_are_refused() {
    let right = b"dGhlIHNhbXBsZSBub25jZQ==";
    for at in 0..right.len() {
        for byte in 0..=255 {
            let mut key = *right;
            key[at] = byte;
            let is_digit = byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
            let is_right = if at < 22 { is_digit } else { byte == b'=' };
            assert_eq!(WebSocketKey::parse(&key).is_some(), is_right, "{}", key.escape_ascii());
        }
    }
    for len in (0..24).chain(25..60) {
        assert_eq!(WebSocketKey::parse(&vec![b'A'; len]), None);
    }
    assert_eq!(WebSocketKey::parse(right).unwrap().as_str().as_bytes(), right);
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_lines_in_any_order(
        lines in prop::collection::vec(
            prop::sample::select(
                [
                    &LINES[1..],
                    &[
                        "Origin: http://a", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Version: 8",
                        "Sec-WebSocket-Extensions: a; b=\"c\"", "Content-Length: 0",
                        "Connection: keep-alive", "Sec-WebSocket-Protocol: c", "Upgrade: h2c",
                        "Sec-WebSocket-Extensions: ;", "Host: a", "Bad Line", "X: \u{80}",
                        "Sec-WebSocket-Extensions: ,", "Sec-WebSocket-Protocol:", "Upgrade: (, websocket",
                        "Connection: \"a, Upgrade\"",
                    ],
                ]
                .concat(),
            ),
            0..12,
        ),
        reads in prop::collection::vec(0usize..40, 0..4),
    ) {
        let head = format!("{}\r\n{}\r\n\r\n", LINES[0], lines.join("\r\n"));
        handshake::request(head.as_bytes(), &reads);
    }

    #[test]
    fn a_valid_request_with_one_byte_changed(at in 0usize..170, byte: u8) {
        let mut head = with("", &[]).into_bytes();
        let at = at % head.len();
        head[at] = byte;
        handshake::request(&head, &[]);
    }
}
