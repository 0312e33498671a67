//! RFC 6455 §4.1: a client sends its opening handshake, and checks the server's.
#![cfg(feature = "handshake")]

use crate::support;
use crate::support::handshake;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use wsframe::handshake::{
    ClientHandshake, HandshakeRules, HeadError, Response, ResponseError, Uri, WebSocketKey,
    WriteError,
};

const LINES: [&str; 4] = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

/// Returns a valid response, in which these lines replace the line with this beginning. If there is
/// no such line, they are appended.
fn with(begins: &str, lines: &[&str]) -> String {
    let kept = LINES.iter().filter(|line| begins.is_empty() || !line.starts_with(begins));
    let mut all: Vec<&str> = kept.copied().collect();
    let at = if begins == "HTTP" { 0 } else { all.len() };
    all.splice(at..at, lines.iter().copied());
    all.join("\r\n") + "\r\n\r\n"
}

fn client<'a>() -> ClientHandshake<'a> {
    let uri = Uri::parse("ws://server.example.com/chat").unwrap();
    ClientHandshake::new(uri, WebSocketKey::new(*b"the sample nonce"))
        .subprotocols(&["chat", "superchat"])
}

/// Checks the response with a client, and with the checks for any response. Returns the negotiated
/// subprotocol.
fn check(head: &str) -> Result<Option<&'static str>, ResponseError> {
    handshake::response(head.as_bytes(), &[]);
    let response = Response::parse(head.as_bytes())?;
    client().check(&response, &mut []).map(|agreed| agreed.subprotocol)
}

fn request(client: &ClientHandshake<'_>) -> Result<String, WriteError> {
    let mut request = String::new();
    let written = client.write(&[], &mut request);
    assert!(written.is_ok() || request.is_empty(), "nothing is written of what is wrong");
    written.map(|()| request)
}

#[test]
fn example_of_section_1_3() {
    assert_eq!(
        request(&client().origin("http://example.com")).unwrap(),
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\nOrigin: http://example.com\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n\r\n"
    );
    assert_eq!(check(&with("", &["Sec-WebSocket-Protocol: chat"])), Ok(Some("chat")));
    assert_eq!(check(&with("", &[])), Ok(None));
}

#[test]
fn requests_as_written() {
    for (uri, line, host) in [
        ("ws://a", "GET / HTTP/1.1", "Host: a"),
        ("ws://a:80/b", "GET /b HTTP/1.1", "Host: a"),
        ("ws://a:81?c", "GET /?c HTTP/1.1", "Host: a:81"),
        ("wss://[::1]:443/b?", "GET /b HTTP/1.1", "Host: [::1]"),
        ("wss://[::1]:80/b?c=%20", "GET /b?c=%20 HTTP/1.1", "Host: [::1]:80"),
        // RFC 6874 §4: the zone is not sent.
        ("ws://[fe80::1%25eth0]/", "GET / HTTP/1.1", "Host: [fe80::1]"),
        ("ws://[fe80::1%25eth0]:81/", "GET / HTTP/1.1", "Host: [fe80::1]:81"),
        ("ws://a/a|b[c]^d?q={%22a%22:1}", "GET /a|b[c]^d?q={%22a%22:1} HTTP/1.1", "Host: a"),
    ] {
        let uri = Uri::parse(uri).unwrap();
        let request = request(&ClientHandshake::new(uri, WebSocketKey::new([0; 16]))).unwrap();
        assert!(request.starts_with(&format!("{line}\r\n{host}\r\n")), "{request}");
        assert!(request.contains("\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
    }
    let headers = [("Authorization", "Basic bWU6c2VjcmV0"), ("Cookie", "a=b; c=d")];
    let request = request(&client().headers(&headers)).unwrap();
    assert!(request.ends_with("\r\nAuthorization: Basic bWU6c2VjcmV0\r\nCookie: a=b; c=d\r\n\r\n"));
}

#[test]
fn header_injection_is_refused() {
    for text in ["a\r\nb: c", "\n", "\0", "ä", "\u{7F}"] {
        let written = request(&client().headers(&[("x", "y"), ("a", text)]));
        if text == "ä" {
            // RFC 9110 §5.5: a value may contain obs-text.
            assert!(written.unwrap().ends_with("\r\nx: y\r\na: ä\r\n\r\n"));
        } else {
            assert_eq!(written.unwrap_err(), WriteError::HeaderValue(1));
        }
        let error = request(&client().headers(&[("x", "y"), (text, "a")])).unwrap_err();
        assert_eq!(error, WriteError::HeaderName(1));
        assert_eq!(request(&client().origin(text)), Err(WriteError::Origin));
        assert_eq!(request(&client().subprotocols(&["a", text])), Err(WriteError::Subprotocol));
    }
    assert_eq!(request(&client().origin("a b")), Err(WriteError::Origin));
    for wrong in [&[""][..], &["a b"], &["a,b"], &["a/b"], &["a", "b", "a"]] {
        assert_eq!(request(&client().subprotocols(wrong)), Err(WriteError::Subprotocol));
    }
    for name in ["Host", "upgrade", "Connection", "Sec-WebSocket-Key", "content-length", "Origin"] {
        let error = request(&client().headers(&[(name, "a")])).unwrap_err();
        assert_eq!(error, WriteError::ReservedHeader(0));
    }
}

#[test]
fn recorded_responses_are_accepted() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/handshake");
    for server in ["ws", "websockets"] {
        let head = fs::read_to_string(directory.join(format!("{server}-response.http"))).unwrap();
        // This response accepts permessage-deflate, which this client did not offer.
        assert_eq!(check(&head), Err(ResponseError::ExtensionNotOffered));
        let lines = head.lines().filter(|line| !line.starts_with("Sec-WebSocket-Extensions"));
        let without: String = lines.map(|line| line.to_owned() + "\r\n").collect();
        assert_eq!(check(&without), Ok(Some("chat")), "{without}");
    }
}

#[test]
fn names_and_values_in_any_case_where_the_rfc_says_so() {
    for lines in [
        ["HTTP/1.1 101 ", "UPGRADE: WebSocket", "CONNECTION: UPGRADE"],
        ["HTTP/1.1 101", "upgrade:\twebsocket \t", "connection: keep-alive ,upgrade"],
        ["HTTP/1.1 101 Web Socket Protocol Handshake", "Upgrade:websocket", "Connection:,Upgrade,"],
    ] {
        let head =
            lines.join("\r\n") + "\r\nSEC-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\r\n";
        assert_eq!(check(&head), Ok(None), "{head}");
    }
    assert_eq!(check(&with("", &["Server: x", "Date: y"])), Ok(None));
}

#[test]
fn invalid_responses_are_refused() {
    use ResponseError::*;
    for (begins, lines, why) in [
        ("HTTP", &["HTTP/1.1 200 OK"][..], Status(200)),
        ("HTTP", &["HTTP/1.1 301 Moved"], Status(301)),
        ("HTTP", &["HTTP/1.1 401 Unauthorized"], Status(401)),
        ("HTTP", &["HTTP/1.1 100 Continue"], Status(100)),
        ("HTTP", &["HTTP/1.1 102 Processing"], Status(102)),
        ("HTTP", &["HTTP/1.0 101 Switching Protocols"], HttpVersion),
        ("HTTP", &["HTTP/2.0 101 Switching Protocols"], Head(HeadError::Version)),
        ("HTTP", &["ICY 101 OK"], Head(HeadError::Version)),
        ("Upgrade", &[], Upgrade),
        ("Upgrade", &["Upgrade: h2c"], Upgrade),
        ("Upgrade", &["Upgrade: websocket, h2c"], Upgrade),
        ("Upgrade", &["Upgrade: websocket"; 2], Upgrade),
        ("Connection", &[], Connection),
        ("Connection", &["Connection: close"], Connection),
        ("Connection", &["Connection: Upgrades"], Connection),
        ("Connection", &["Connection: \"x, Upgrade, y\""], Connection),
        ("Connection", &["Connection: Upgrade, @@(;"], Connection),
        ("Sec-WebSocket-Accept", &[], Accept),
        ("Sec-WebSocket-Accept", &["Sec-WebSocket-Accept:"], Accept),
        ("Sec-WebSocket-Accept", &["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo"], Accept),
        ("Sec-WebSocket-Accept", &["Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo="], Accept),
        ("Sec-WebSocket-Accept", &["Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ=="], Accept),
        (
            "Sec-WebSocket-Accept",
            &["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; 2],
            Accept,
        ),
        ("", &["Sec-WebSocket-Protocol: other"], Subprotocol),
        ("", &["Sec-WebSocket-Protocol: Chat"], Subprotocol),
        ("", &["Sec-WebSocket-Protocol:"], Subprotocol),
        ("", &["Sec-WebSocket-Protocol: chat, superchat"], Subprotocol),
        ("", &["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: superchat"], Subprotocol),
        ("", &["Sec-WebSocket-Protocol: chat"; 2], Subprotocol),
        ("", &["Sec-WebSocket-Extensions: permessage-deflate"], ExtensionNotOffered),
    ] {
        assert_eq!(check(&with(begins, lines)), Err(why), "{lines:?}");
        assert!(why.to_string().contains("RFC "), "{why}");
    }
    let malformed = check(&with("", &["Sec-WebSocket-Extensions: a;"]));
    assert!(matches!(malformed, Err(Extensions(error)) if error.offset() == 2));
    for nothing in ["Sec-WebSocket-Extensions:", "Sec-WebSocket-Extensions: ,,"] {
        assert!(matches!(check(&with("", &[nothing])), Err(Extensions(_))), "{nothing}");
    }
    let none_offered = client().subprotocols(&[]);
    let head = with("", &["Sec-WebSocket-Protocol: chat"]);
    let response = Response::parse(head.as_bytes()).unwrap();
    assert_eq!(none_offered.check(&response, &mut []), Err(Subprotocol));
}

/// Each rule for the server's subprotocol can be relaxed alone.
#[test]
fn subprotocols_by_relaxed_rules() {
    let strict = HandshakeRules::new();
    let empty = strict.accept_empty_subprotocol();
    let unoffered = strict.accept_unoffered_subprotocol();
    for (lines, by_empty, by_unoffered) in [
        (&["Sec-WebSocket-Protocol:"][..], true, false),
        (&["Sec-WebSocket-Protocol: other"], false, true),
        (&["Sec-WebSocket-Protocol: Chat"], false, true),
        (&["Sec-WebSocket-Protocol: a, b"], false, false),
        (&["Sec-WebSocket-Protocol: chat, superchat"], false, false),
        (&["Sec-WebSocket-Protocol: ,"], false, false),
        (&["Sec-WebSocket-Protocol: \"a\""], false, false),
        (&["Sec-WebSocket-Protocol:"; 2], false, false),
        (&["Sec-WebSocket-Protocol: other"; 2], false, false),
    ] {
        let head = with("", lines);
        let response = Response::parse(head.as_bytes()).unwrap();
        for (rules, is_accepted) in [(strict, false), (empty, by_empty), (unoffered, by_unoffered)]
        {
            let checked = client().rules(rules).check(&response, &mut []);
            let expected = if is_accepted { Ok(None) } else { Err(ResponseError::Subprotocol) };
            assert_eq!(checked.map(|agreed| agreed.subprotocol), expected, "{lines:?} {rules:?}");
        }
    }
    // Offered subprotocols are still negotiated.
    let head = with("", &["Sec-WebSocket-Protocol: chat"]);
    let response = Response::parse(head.as_bytes()).unwrap();
    for rules in [strict, empty, unoffered] {
        let agreed = client().rules(rules).check(&response, &mut []).unwrap();
        assert_eq!(agreed.subprotocol, Some("chat"));
    }
}

#[test]
fn a_refusal_is_handed_out_with_what_has_arrived_of_its_body() {
    let received = b"HTTP/1.1 401 Who are you?\r\nWWW-Authenticate: Basic realm=\"chat\"\r\n\
        Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 1000\r\n\r\nPlease log";
    let len = handshake::head(received, &[1], 4096).unwrap();
    let response = Response::parse(&received[..len]).unwrap();
    assert_eq!(client().check(&response, &mut []), Err(ResponseError::Status(401)));
    assert_eq!((response.status(), response.reason()), (401, "Who are you?"));
    assert!(!response.is_interim());
    let challenge = response.header("www-authenticate").unwrap();
    assert_eq!(challenge, b"Basic realm=\"chat\"");
    let cookies: Vec<&[u8]> = response
        .headers()
        .filter(|(name, _)| *name == "Set-Cookie")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(cookies, [b"a", b"b"]);
    assert_eq!(&received[len..], b"Please log");
}

#[test]
fn interim_responses_are_skipped() {
    let received =
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 now\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x00";
    let head = handshake::final_head(received, &[], 4096).unwrap();
    let response = Response::parse(&received[head.clone()]).unwrap();
    assert!(client().check(&response, &mut []).is_ok());
    assert_eq!(&received[head.end..], b"\x81\x00");

    // The caller can read each of them.
    let mut rest = &received[..];
    let mut statuses = Vec::new();
    while statuses.last() != Some(&(101, false)) {
        let (head, behind) = rest.split_at(handshake::find(rest, &[], 4096).unwrap().unwrap());
        rest = behind;
        let response = Response::parse(head).unwrap();
        statuses.push((response.status(), response.is_interim()));
    }
    assert_eq!(statuses, [(103, true), (101, false)]);
    assert_eq!(rest, b"\x81\x00");
}

#[cfg(all(feature = "rand", feature = "std"))]
#[test]
fn each_handshake_draws_a_new_key() {
    let keys: Vec<WebSocketKey> = (0..100).map(|_| WebSocketKey::random()).collect();
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(WebSocketKey::parse(key.as_str().as_bytes()), Some(*key));
        assert!(!keys[..at].contains(key));
    }
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
                        "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: superchat",
                        "Sec-WebSocket-Extensions: a", "Connection: close", "Upgrade: h2c", "X: y",
                        "Sec-WebSocket-Extensions:", "Bad Line", "X: \u{80}",
                        "Sec-WebSocket-Protocol:", " continued", "\t \tX: y ", " ", "Connection: (",
                    ],
                ]
                .concat(),
            ),
            0..8,
        ),
        reads in prop::collection::vec(0usize..40, 0..4),
    ) {
        let head = format!("{}\r\n{}\r\n\r\n", LINES[0], lines.join("\r\n"));
        handshake::response(head.as_bytes(), &reads);
    }

    #[test]
    fn a_valid_response_with_one_byte_changed(at in 0usize..170, byte: u8) {
        let mut head = with("", &["Sec-WebSocket-Protocol: chat"]).into_bytes();
        let at = at % head.len();
        head[at] = byte;
        handshake::response(&head, &[]);
    }
}
