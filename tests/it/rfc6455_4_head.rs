//! RFC 6455 §4: the head of either message, as bytes arrive.
#![cfg(feature = "handshake")]

use crate::support;
use crate::support::handshake;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use wsframe::handshake::{
    ClientHandshake, HeadError, HeadScanner, HttpReply, Request, Response, Uri, WebSocketKey,
};

const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// Returns a head of this many bytes, with one long header field, or with very many.
fn long_head(len: usize, field: usize) -> Vec<u8> {
    let mut head = b"GET / HTTP/1.1\r\n".to_vec();
    while head.len() + field + 2 <= len {
        head.extend(b"a: ");
        head.resize(head.len() + field - 5, b'x');
        head.extend(b"\r\n");
    }
    head.resize(len - 4, b'y');
    head.extend(b"\r\n\r\n");
    head
}

#[test]
fn what_follows_the_head_is_left_to_the_caller() {
    for rest in [&b""[..], b"\x81\x85", b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", &[0; 100_000]] {
        let received = [REQUEST, rest].concat();
        assert_eq!(handshake::find(&received, &[], 16 << 10), Ok(Some(REQUEST.len())));
        handshake::head(&received[..received.len().min(1000)], &[1], 16 << 10);
    }
}

#[test]
fn cut_at_every_byte_nothing_is_found_and_nothing_is_lost() {
    for cut in 0..REQUEST.len() {
        let mut reader = HeadScanner::new();
        assert_eq!(reader.find_request(&REQUEST[..cut]), Ok(None));
        assert_eq!(reader.find_request(REQUEST), Ok(Some(REQUEST.len())));
    }
}

#[test]
fn requests_of_other_methods_are_parsed() {
    let received = b"DELETE /a?b HTTP/1.0\r\nHost: x\r\nHOST:  y \r\n\r\n";
    let len = HeadScanner::default().find_request(received).unwrap().unwrap();
    let request = Request::parse(&received[..len]).unwrap();
    assert_eq!((request.method(), request.target()), ("DELETE", "/a?b"));
    assert_eq!((request.header("host"), request.header("hos")), (Some(&b"x"[..]), None));
    assert_eq!(request.headers().collect::<Vec<_>>(), [("Host", &b"x"[..]), ("HOST", b"y")]);
    assert!(!request.is_handshake());
}

/// A head of 64 KiB that arrives byte by byte takes linear time. Bytes that were searched are not
/// read again, because here they have changed by then. Only the last byte stays.
#[test]
fn each_byte_is_scanned_once() {
    for field in [16, 100, 60_000] {
        let head = long_head(64 << 10, field);
        let mut reader = HeadScanner::new().max_len(64 << 10);
        let mut received = Vec::new();
        for (at, &byte) in head.iter().enumerate() {
            received.push(byte);
            let found = reader.find_request(&received);
            let expected = if at + 1 == head.len() { Some(head.len()) } else { None };
            assert_eq!(found, Ok(expected), "at byte {at}");
            if at > 0 {
                received[at - 1] = b'\n'; // alone, it would be an error
            }
        }
    }
}

#[test]
fn length_is_capped_exactly() {
    for len in [100, 4096, 64 << 10] {
        let head = long_head(len, 50);
        for reads in [&[][..], &[1], &[7, 100]] {
            assert_eq!(handshake::find(&head, reads, len), Ok(Some(len)));
            assert_eq!(handshake::find(&head, reads, len - 1), Err(HeadError::TooLong));
            // A head that never ends is refused at the limit, and not before.
            assert_eq!(handshake::find(&head[..len - 1], reads, len), Ok(None));
            let endless = vec![b'x'; len];
            assert_eq!(handshake::find(&endless, reads, len), Err(HeadError::TooLong));
            assert_eq!(handshake::find(&endless[1..], reads, len), Ok(None));
        }
    }
    assert_eq!(handshake::find(&[b'x'; 16 << 10][1..], &[], 16 << 10), Ok(None));
    assert_eq!(HeadScanner::new().find_request(&[b'x'; 16 << 10]), Err(HeadError::TooLong));
}

#[test]
fn the_number_of_fields_is_capped_exactly() {
    let head = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(count));
    assert!(Request::parse(head(64).as_bytes()).is_ok());
    let error = Request::parse(head(65).as_bytes()).unwrap_err();
    assert_eq!(error, HeadError::TooManyHeaders);
    assert!(Request::<8>::parse_with_max_headers(head(8).as_bytes()).is_ok());
    let error = Request::<8>::parse_with_max_headers(head(9).as_bytes()).unwrap_err();
    assert_eq!(error, HeadError::TooManyHeaders);
}

/// RFC 9110 §15.2: a client must be able to take any number of interim responses before the final
/// one.
#[test]
fn interim_responses_are_skipped() {
    let accepts = "HTTP/1.1 101 now\r\nUpgrade: websocket\r\n\r\n";
    let interim = ["HTTP/1.1 100 Continue\r\n\r\n", "\r\nHTTP/1.0 199\r\nLink: </a>\r\nb:\r\n\r\n"];
    for before in [String::new(), interim[0].into(), interim.concat(), interim.concat().repeat(3)] {
        let received = before.clone() + accepts + "\x01\x00HTTP/1.1 200\r\n\r\n";
        let head = before.len()..before.len() + accepts.len();
        for reads in [&[][..], &[1], &[2, 7], &[40]] {
            assert_eq!(handshake::final_head(received.as_bytes(), reads, 4096), Some(head.clone()));
        }
        // Together they must not exceed the limit for one head.
        let found = handshake::find_response(received.as_bytes(), &[], head.end);
        assert_eq!(found, Ok(Some(head.clone())));
        let found = handshake::find_response(received.as_bytes(), &[1], head.end - 1);
        assert_eq!(found, Err(HeadError::TooLong));
        for cut in 0..head.end {
            let mut reader = HeadScanner::new();
            assert_eq!(reader.find_response(&received.as_bytes()[..cut]), Ok(None));
            assert_eq!(reader.find_response(received.as_bytes()), Ok(Some(head.clone())));
        }
    }
    let endless = "HTTP/1.1 102 wait\r\n\r\n".repeat(1000);
    assert_eq!(
        handshake::find_response(endless.as_bytes(), &[], 16 << 10),
        Err(HeadError::TooLong)
    );
    // The parser refuses an invalid status-line.
    for wrong in ["HTTP/1.1 10 x", "HTTP/1.1 102x", "HTTP/2 103 x", "HTTP/1.1 103 \0", "103"] {
        let received = format!("{wrong}\r\n\r\n{accepts}");
        let head = handshake::final_head(received.as_bytes(), &[3], 4096);
        assert_eq!(head, Some(0..wrong.len() + 4), "{wrong}");
    }
}

#[test]
fn lines_end_in_crlf() {
    for head in [
        &b"\n"[..],
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\n",
        b"GET / HTTP/1.1\r\n\r\r\n\n",
    ] {
        for reads in [&[][..], &[1]] {
            assert_eq!(handshake::find(head, reads, 1000), Err(HeadError::LineEnd));
        }
    }
    // A CR alone does not end a line, and is an error inside one.
    let head = b"GET / HTTP/1.1\r\nHost: a\rb: c\r\n\r\n";
    assert_eq!(handshake::find(head, &[], 1000), Ok(Some(head.len())));
    assert!(Request::parse(head).is_err());
    // A field of a request must not continue on the next line.
    let head = b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n";
    let error = Request::parse(head).unwrap_err();
    assert_eq!(error, HeadError::ObsFold);
}

/// RFC 9112 §5.2: a field of a response that continues on the next line is refused, unless the
/// caller unfolds it.
#[test]
fn obs_folds_are_refused_or_unfolded() {
    for (folded, unfolded) in [
        ("a: b\r\n c\r\n", "a: b   c\r\n"),
        ("a: b \t\r\n\t c\r\nd: e\r\n", "a: b      c\r\nd: e\r\n"),
        ("a:\r\n b\r\n\tc\r\n", "a:   b   c\r\n"),
        ("a: b\r\n \r\n", "a: b   \r\n"),
        ("a: b\r\n \r\n \t \r\n c\r\n", "a: b           c\r\n"),
    ] {
        for before in ["", "\r\n"] {
            let whole = |fields| format!("{before}HTTP/1.1 101 ok\r\n{fields}\r\n").into_bytes();
            let mut head = whole(folded);
            handshake::response(&head, &[]);
            assert_eq!(handshake::final_head(&head, &[1], 4096), Some(0..head.len()));
            let error = Response::parse(&head).unwrap_err();
            assert_eq!(error, HeadError::ObsFold, "{folded:?}");
            Response::unfold(&mut head);
            assert_eq!(head.escape_ascii().to_string(), whole(unfolded).escape_ascii().to_string());
            assert!(Response::parse(&head).is_ok());
        }
    }
    // Nothing else is changed. A status-line cannot be continued.
    for head in [
        "HTTP/1.1 101 ok\r\n a: b\r\n\r\n",
        "\r\nHTTP/1.1 101 ok\r\n a: b\r\n\r\n",
        "HTTP/1.1 101 ok\r\na: b \r\nc: \t d\r\n\r\n",
        "HTTP/1.1 101 ok\r\na: b\n c\r\n\r\n",
        "HTTP/1.1 101 ok\r\n",
        "HTTP/1.1 101",
        "\r\n ",
        "",
    ] {
        let mut unfolded = head.as_bytes().to_vec();
        Response::unfold(&mut unfolded);
        assert_eq!(unfolded, head.as_bytes());
    }
    let head = b"HTTP/1.1 101 ok\r\n a: b\r\n\r\n";
    let error = Response::parse(head).unwrap_err();
    assert_eq!(error, HeadError::Header);
}

#[test]
fn empty_lines_before_the_head_are_skipped() {
    let received = [b"\r\n\r\n", REQUEST].concat();
    for reads in [&[][..], &[1], &[3], &[30]] {
        assert_eq!(handshake::head(&received, reads, 1000), Some(received.len()));
    }
    assert!(Request::parse(&received).unwrap().handshake().is_ok());
}

#[test]
fn bytes_other_than_http_are_refused_at_the_first_byte() {
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for received in [&tls[..], b"\x81\x85", b" GET", b"\0", b"\r\n\x16", b"\"", b"\xEF\xBB\xBFGET"]
    {
        assert_eq!(handshake::find(received, &[1], 1000), Err(HeadError::StartLine));
        handshake::head(received, &[], 1000);
    }
}

#[test]
fn malformed_heads_are_refused() {
    let parse = |head: &str| Request::parse(head.as_bytes()).map(drop);
    for (head, error) in [
        ("GET /\r\n\r\n", HeadError::StartLine),
        ("GET HTTP/1.1\r\n\r\n", HeadError::StartLine),
        ("GET / HTTP/2.0\r\n\r\n", HeadError::Version),
        ("PRI * HTTP/2.0\r\n\r\n", HeadError::Version),
        ("GET / HTTP/1.1\r\n: a\r\n\r\n", HeadError::Header),
        ("GET / HTTP/1.1\r\na b: c\r\n\r\n", HeadError::Header),
        ("GET / HTTP/1.1\r\na : c\r\n\r\n", HeadError::Header),
        ("GET / HTTP/1.1\r\na: \0\r\n\r\n", HeadError::Header),
        ("\r\rGET / HTTP/1.1\r\n\r\n", HeadError::LineEnd),
        ("GET / HTTP/1.1\r\nHost: a\r\n", HeadError::Incomplete),
        ("", HeadError::Incomplete),
    ] {
        assert_eq!(parse(head), Err(error), "{head}");
        assert!(error.to_string().len() > 10);
    }
    // Another parser would find the end of the head here, and a second request.
    let smuggled = "GET / HTTP/1.1\r\na: b\n\nGET /other HTTP/1.1\r\n\r\n";
    assert_eq!(parse(smuggled), Err(HeadError::LineEnd));
    let respond = |head: &str| Response::parse(head.as_bytes()).map(drop);
    assert_eq!(respond("HTTP/1.1 10 x\r\n\r\n"), Err(HeadError::StartLine));
    assert_eq!(respond("HTTP/3 101 x\r\n\r\n"), Err(HeadError::Version));
    assert_eq!(respond("HTTP/1.1 101\r\n\r\n"), Ok(()));
}

#[test]
fn neither_side_allocates() {
    let key = WebSocketKey::new(*b"the sample nonce");
    let uri = Uri::parse("ws://server.example.com/chat").unwrap();
    let client = ClientHandshake::new(uri, key).subprotocols(&["chat", "superchat"]);
    let mut request = String::with_capacity(1000);
    let mut response = String::with_capacity(1000);
    let counted = allocation_counter::measure(|| {
        client.write(&[], &mut request).unwrap();
        let len = HeadScanner::new().find_request(request.as_bytes()).unwrap().unwrap();
        let request = Request::parse(&request.as_bytes()[..len]).unwrap();
        let opening = request.handshake().unwrap();
        let chosen = opening.choose_subprotocol(&["superchat"]);
        opening.accept().subprotocol(chosen).write(&mut [], &mut response).unwrap();

        let len = HeadScanner::new().find_request(response.as_bytes()).unwrap().unwrap();
        let response = Response::parse(&response.as_bytes()[..len]).unwrap();
        let agreed = client.check(&response, &mut []).unwrap();
        assert_eq!(agreed.subprotocol, Some("superchat"));
    });
    assert_eq!(counted.count_total, 0);
}

/// A `String` for the answer takes less memory than the head, also while it grows.
#[test]
fn an_answer_allocates_no_more_than_the_head() {
    for (client, head) in recorded() {
        if !client.contains("request") {
            continue;
        }
        let counted = allocation_counter::measure(|| {
            let request = Request::parse(&head).unwrap();
            let mut response = String::new();
            request.handshake().unwrap().accept().write(&mut [], &mut response).unwrap();
            assert!(response.len() <= head.len());
        });
        assert!(counted.bytes_total as usize <= head.len(), "{client}: {counted:?}");
    }
}

#[test]
fn replies_as_written() {
    let mut out = String::new();
    HttpReply::new(404, "no").headers(&[("X", "y")]).write(&mut out).unwrap();
    assert_eq!(
        out,
        "HTTP/1.1 404 Not Found\r\nX: y\r\nConnection: close\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nno"
    );
    let mut out = String::new();
    HttpReply::new(204, "").write(&mut out).unwrap();
    assert_eq!(out, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    let mut out = String::new();
    HttpReply::new(205, "").write(&mut out).unwrap();
    assert_eq!(out, "HTTP/1.1 205 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let mut out = String::new();
    HttpReply::new(599, "").write(&mut out).unwrap();
    assert_eq!(out, "HTTP/1.1 599 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    for (status, body) in
        [(99, ""), (100, ""), (101, ""), (199, ""), (1000, ""), (204, "a"), (205, "a"), (304, "a")]
    {
        let mut out = String::new();
        let error = HttpReply::new(status, body).write(&mut out).unwrap_err();
        assert!(error.to_string().contains(&status.to_string()));
        assert_eq!(out, "");
    }
}

/// The reason phrase of a status is that of the registry, or empty.
#[test]
fn reason_phrases_are_those_of_the_registry() {
    let mut in_words = Vec::new();
    for status in 200..1000 {
        let mut out = String::new();
        HttpReply::new(status, "").write(&mut out).unwrap();
        let line = out.split("\r\n").next().unwrap();
        let words = line.strip_prefix(&format!("HTTP/1.1 {status} ")).unwrap();
        if !words.is_empty() {
            let registered = http::StatusCode::from_u16(status).unwrap().canonical_reason();
            assert_eq!(Some(words), registered, "{status}");
            in_words.push(status);
        }
    }
    let common = [
        200, 204, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 410, 426, 429, 431,
        500, 502, 503,
    ];
    assert_eq!(in_words, common);
}

/// The end of heads that real peers sent is found at any cut.
#[test]
fn recorded_heads_in_any_reads() {
    for (_, head) in recorded() {
        for read in 0..head.len() {
            assert_eq!(handshake::head(&head, &[read], 16 << 10), Some(head.len()));
        }
    }
}

/// Returns the names and contents of the recorded heads.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/handshake");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let heads = paths.filter(|path| path.extension().is_some_and(|extension| extension == "http"));
    let heads: Vec<_> =
        heads.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    assert_eq!(heads.len(), 6);
    heads
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_bytes_in_any_reads(
        received in prop::collection::vec(
            prop::sample::select(vec!["\r\n", "\r\n\r\n", "\n", "\r", "a: b", "\0"]),
            0..12,
        ),
        reads in prop::collection::vec(0usize..4, 0..4),
        max_len in 1usize..30,
    ) {
        handshake::head(received.concat().as_bytes(), &reads, max_len);
    }

    #[test]
    fn any_heads_in_any_reads(
        received in prop::collection::vec(
            prop::sample::select(vec!["\r\n", "\r\n\r\n", "HTTP/1.1 10", "HTTP/1.0 1", "0", "1", "3", " ", "a: b", "\u{80}"]),
            0..20,
        ),
        reads in prop::collection::vec(0usize..20, 0..4),
        max_len in 1usize..60,
    ) {
        handshake::final_head(received.concat().as_bytes(), &reads, max_len);
    }
}
