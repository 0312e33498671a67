//! What must hold for any bytes that a handshake reads: the bodies of the property tests and of the fuzz
//! targets. The oracle splits heads at their line ends, and looks for what RFC 6455 asks for.

// Each test takes what it needs; nothing here is an API.
#![allow(dead_code)]

use std::fmt::Debug;
use std::ops::Range;
use std::str;

use wsframe::handshake::{
    ClientHandshake, EMPTY_HEADER, HeadError, HeadReader, Key, Opening, Refusal, Request, Response,
    Uri,
};

/// The head's length as a reader finds it that is shown the bytes in reads of these lengths, over and
/// over (all at once if there are none, or if one is 0).
pub fn find(received: &[u8], reads: &[usize], max_len: usize) -> Result<Option<usize>, HeadError> {
    let mut reader = HeadReader::new().max_len(max_len);
    in_reads(received, reads, |received| reader.find(received))
}

/// In the same way, where the head is of the first response that is not interim.
pub fn find_final(
    received: &[u8],
    reads: &[usize],
    max_len: usize,
) -> Result<Option<Range<usize>>, HeadError> {
    let mut reader = HeadReader::new().max_len(max_len);
    in_reads(received, reads, |received| reader.find_final(received))
}

fn in_reads<T: Debug + PartialEq>(
    received: &[u8],
    reads: &[usize],
    mut find: impl FnMut(&[u8]) -> Result<Option<T>, HeadError>,
) -> Result<Option<T>, HeadError> {
    let mut end = 0;
    for read in reads.iter().copied().chain([0]).cycle() {
        let rest = received.len() - end;
        end += if read == 0 { rest } else { read.min(rest) };
        let found = find(&received[..end]);
        assert_eq!(found, find(&received[..end]), "the same bytes say the same again");
        if found != Ok(None) || end == received.len() {
            return found;
        }
    }
    unreachable!("the reads go round")
}

/// Where the head ends, byte by byte.
fn naive_find(received: &[u8], max_len: usize) -> Result<Option<usize>, HeadError> {
    let mut lines = 0;
    let mut line = Vec::new();
    for (at, &byte) in received.iter().enumerate().take(max_len) {
        line.push(byte);
        if lines == 0 && line.len() == 1 && !matches!(byte, b'\r' | b'\n') && !is_token_byte(byte) {
            return Err(HeadError::StartLine);
        }
        if byte == b'\n' {
            if !line.ends_with(b"\r\n") {
                return Err(HeadError::LineEnd);
            }
            if line != b"\r\n" {
                if lines == 0 && line[0] == b'\r' {
                    return Err(HeadError::StartLine);
                }
                lines += 1;
            } else if lines > 0 {
                return Ok(Some(at + 1));
            }
            line.clear();
        }
    }
    if received.len() >= max_len { Err(HeadError::TooLong) } else { Ok(None) }
}

fn is_token_byte(byte: u8) -> bool {
    (33..127).contains(&byte) && !b"()<>@,;:\\\"/[]?={}".contains(&byte)
}

/// Any bytes in any reads: the head ends where the oracle sees it end.
pub fn head(received: &[u8], reads: &[usize], max_len: usize) -> Option<usize> {
    let found = find(received, reads, max_len);
    assert_eq!(found, naive_find(received, max_len), "{}", received.escape_ascii());
    found.ok().flatten()
}

/// Where the head of the first response that is not interim stands, head by head.
fn naive_find_final(received: &[u8], max_len: usize) -> Result<Option<Range<usize>>, HeadError> {
    let mut start = 0;
    while let Some(len) = naive_find(&received[start..], max_len - start)? {
        let head = start..start + len;
        if !is_interim(&received[head.clone()]) {
            return Ok(Some(head));
        }
        start = head.end;
    }
    Ok(None)
}

/// Whether the status-line is right, and its status one of 1xx that is not 101.
fn is_interim(head: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    let mut lines = head.split(|byte| *byte == b'\n').filter(|line| *line != b"\r");
    let line = lines.next().and_then(|line| line.strip_suffix(b"\r")).unwrap_or_default();
    match line.split_at_checked(b"HTTP/1.1 100".len()) {
        Some((b"HTTP/1.0 101" | b"HTTP/1.1 101", _)) => false,
        Some((
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', b' ', b'1', status @ ..],
            reason,
        )) => {
            status.iter().all(u8::is_ascii_digit)
                && reason.first().is_none_or(|space| *space == b' ')
                && reason.iter().all(is_text)
        }
        _ => false,
    }
}

/// Any bytes in any reads: the head that answers is where the oracle sees it.
pub fn final_head(received: &[u8], reads: &[usize], max_len: usize) -> Option<Range<usize>> {
    let found = find_final(received, reads, max_len);
    assert_eq!(found, naive_find_final(received, max_len), "{}", received.escape_ascii());
    found.ok().flatten()
}

/// Header fields as lines.
struct Lines<'a>(Vec<(String, &'a str)>);

impl<'a> Lines<'a> {
    fn new(head: &'a str) -> Self {
        let lines = head.trim_start_matches("\r\n").trim_end_matches("\r\n").split("\r\n").skip(1);
        let field = |line: &'a str| {
            let (name, value) = line.split_once(':').expect("a header field");
            (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']))
        };
        Self(lines.map(field).collect())
    }

    fn all(&self, name: &str) -> Vec<&'a str> {
        self.0.iter().filter(|(other, _)| other == name).map(|(_, value)| *value).collect()
    }

    fn elements(&self, name: &str) -> Vec<&'a str> {
        let elements = self.all(name).into_iter().flat_map(|value| value.split(','));
        elements.map(str::trim).filter(|element| !element.is_empty()).collect()
    }

    fn lists(&self, name: &str, element: &str) -> bool {
        self.elements(name).iter().any(|listed| listed.eq_ignore_ascii_case(element))
    }
}

/// Any bytes as a request: what is accepted is what §4.2.1 asks for, and the answer to it is one that a
/// client with the same key takes; what is refused is answered with a right response.
pub fn request(received: &[u8], reads: &[usize]) {
    let Some(len) = head(received, reads, 4096) else { return };
    // Bytes beyond ASCII may stand in values that the handshake does not look at.
    let head = String::from_utf8_lossy(&received[..len]);
    let mut storage = [EMPTY_HEADER; 16];
    let request = match Request::parse(&received[..len], &mut storage) {
        Ok(request) => request,
        Err(error) => return refused(error.into()),
    };
    #[cfg(feature = "http")]
    same_on_http_types(&request, start_line(&head));
    match request.opening() {
        Ok(opening) => accepted(&opening, &head),
        Err(refusal) => refused(refusal),
    }
}

fn start_line(head: &str) -> &str {
    head.trim_start_matches("\r\n").split("\r\n").next().unwrap()
}

/// The types of the crate `http` say the same, where they can hold the request. They drop fragments.
#[cfg(feature = "http")]
fn same_on_http_types(request: &Request<'_>, start_line: &str) {
    use http::Version;
    let is_1_0 = start_line.ends_with("1.0");
    let version = if is_1_0 { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut builder = http::Request::builder();
    builder = builder.method(request.method()).uri(request.target()).version(version);
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    let Some(on_types) = builder.body(()).ok().filter(|_| !request.target().contains('#')) else {
        return;
    };
    let [of_head, of_types] = [request.opening(), Opening::from_http(&on_types)].map(|opening| {
        let opening = opening?;
        let mut response = String::new(); // from which the key and the extensions can be told
        opening.accept().write(&mut [], &mut response).unwrap();
        let subprotocols: Vec<&str> = opening.subprotocols().collect();
        let extensions: Vec<String> = opening.extensions().map(|one| one.to_string()).collect();
        Ok::<_, Refusal>((
            (opening.host(), opening.resource_name(), opening.origin()),
            (subprotocols, extensions, response),
        ))
    });
    assert_eq!(of_head, of_types, "{request:?}");
}

fn accepted(opening: &Opening<'_>, head: &str) {
    let lines = Lines::new(head);
    let start = start_line(head);
    assert!(start.starts_with("GET ") && start.ends_with(" HTTP/1.1"), "{start}");
    assert!(start.contains(opening.resource_name()) || opening.resource_name() == "/");
    assert_eq!(lines.all("host").len(), 1);
    let target = start.split(' ').nth(1).unwrap();
    let host = match target.split_once("://").filter(|_| !target.starts_with('/')) {
        Some((_, rest)) => rest.split('/').next().unwrap(),
        None => lines.all("host")[0],
    };
    assert_eq!(opening.host(), host);
    assert!(lines.lists("upgrade", "websocket"));
    assert!(lines.lists("connection", "upgrade"));
    assert_eq!(lines.all("sec-websocket-version"), ["13"]);
    assert!(lines.all("transfer-encoding").is_empty());
    assert!(lines.all("content-length").iter().all(|length| *length == "0"));
    assert_eq!(lines.all("origin"), Vec::from_iter(opening.origin()));
    let offered: Vec<&str> = opening.subprotocols().collect();
    assert_eq!(offered, lines.elements("sec-websocket-protocol"));
    let [key] = lines.all("sec-websocket-key")[..] else { panic!("one key") };
    assert_eq!(key.len(), 24);
    assert!(key.ends_with("==") && !key[..22].contains('='), "16 bytes in base64: {key}");

    let chosen = offered.last().copied();
    let mut response = String::new();
    opening.accept().subprotocol(chosen).write(&mut [], &mut response).unwrap();
    assert_eq!(find(response.as_bytes(), &[], 4096), Ok(Some(response.len())));
    let mut storage = [EMPTY_HEADER; 8];
    let response = Response::parse(response.as_bytes(), &mut storage).unwrap();
    let uri = Uri::parse("ws://localhost/").unwrap();
    let client = ClientHandshake::new(uri, Key::parse(key.as_bytes()).unwrap());
    let chosen = Vec::from_iter(chosen);
    let agreed = client.subprotocols(&chosen).check(&response, &mut []).unwrap();
    assert_eq!(agreed.subprotocol, chosen.first().copied());
}

fn refused(refusal: Refusal) {
    let mut response = String::new();
    refusal.write(&mut response).unwrap();
    let len = find(response.as_bytes(), &[], 4096).unwrap().unwrap();
    let mut storage = [EMPTY_HEADER; 8];
    let parsed = Response::parse(&response.as_bytes()[..len], &mut storage).unwrap();
    assert_eq!(parsed.status(), refusal.status());
    assert!([400, 403, 405, 426, 431].contains(&parsed.status()));
    let body_len = str::from_utf8(parsed.header("content-length").unwrap()).unwrap();
    assert_eq!(body_len, (response.len() - len).to_string());
}

/// Any bytes as a response to the RFC's example of a request: what is accepted is what §4.1 asks for.
pub fn response(received: &[u8], reads: &[usize]) {
    let Some(head) = final_head(received, reads, 4096) else { return };
    let head = &received[head];
    let mut storage = [EMPTY_HEADER; 16];
    let Ok(response) = Response::parse(head, &mut storage) else { return };
    let uri = Uri::parse("ws://server.example.com/chat").unwrap();
    let key = Key::new(*b"the sample nonce");
    let client = ClientHandshake::new(uri, key).subprotocols(&["chat", "superchat"]);
    let Ok(agreed) = client.check(&response, &mut []) else { return };

    let head = String::from_utf8_lossy(head);
    let lines = Lines::new(&head);
    assert!(head.trim_start_matches("\r\n").starts_with("HTTP/1.1 101"));
    assert_eq!(lines.all("upgrade").join("+").to_ascii_lowercase(), "websocket");
    assert!(lines.lists("connection", "upgrade"));
    assert_eq!(lines.all("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
    assert_eq!(lines.all("sec-websocket-protocol"), Vec::from_iter(agreed.subprotocol));
    assert!(agreed.subprotocol.is_none_or(|chosen| ["chat", "superchat"].contains(&chosen)));
    assert!(lines.elements("sec-websocket-extensions").is_empty());
}

/// Takes what a part of a URI may hold off its beginning (RFC 3986 §2): unreserved characters, sub-delims,
/// what is percent-encoded, and `more`.
fn take<'a>(rest: &mut &'a str, more: &[u8]) -> &'a str {
    let bytes = rest.as_bytes();
    let mut len = 0;
    loop {
        len += match &bytes[len..] {
            [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 3,
            [byte, ..] if byte.is_ascii_alphanumeric() => 1,
            [byte, ..] if b"-._~!$&'()*+,;=".contains(byte) || more.contains(byte) => 1,
            _ => break,
        };
    }
    let (taken, left) = rest.split_at(len);
    *rest = left;
    taken
}

/// The parts of a URI, read from left to right by the grammar of RFC 6455 §3: whether it is secure, host,
/// port, path and query.
fn naive_uri(text: &str) -> Option<(bool, &str, u16, &str, Option<&str>)> {
    let (secure, scheme) = match text.to_ascii_lowercase() {
        lower if lower.starts_with("ws://") => (false, "ws://"),
        lower if lower.starts_with("wss://") => (true, "wss://"),
        _ => return None,
    };
    let mut rest = &text[scheme.len()..];
    let host = if rest.starts_with('[') {
        let (host, behind) = rest.split_at(rest.find(']')? + 1);
        host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().ok()?;
        rest = behind;
        host
    } else {
        take(&mut rest, b"")
    };
    if host.is_empty() {
        return None;
    }
    let mut port = if secure { 443 } else { 80 };
    if let Some(behind) = rest.strip_prefix(':') {
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            port = behind[..digits].parse().ok()?;
        }
        rest = &behind[digits..];
    }
    let path = if rest.starts_with('/') { take(&mut rest, b":@/") } else { "/" };
    let query = rest.strip_prefix('?').map(|behind| {
        rest = behind;
        take(&mut rest, b":@/?")
    });
    rest.is_empty().then_some((secure, host, port, path, query))
}

/// Any text as a URI: what is taken has the parts that the naive reader finds, displays as a URI that means the
/// same, and asks for it in a request that a server accepts.
pub fn uri(text: &str) {
    let parsed = Uri::parse(text);
    let parts =
        parsed.ok().map(|uri| (uri.is_secure(), uri.host(), uri.port(), uri.path(), uri.query()));
    assert_eq!(parts, naive_uri(text), "{text}");
    let Ok(uri) = parsed else { return };
    let shown = uri.to_string();
    let again = Uri::parse(&shown).unwrap();
    assert_eq!((again.host(), again.port()), (uri.host(), uri.port()));
    assert_eq!((again.is_secure(), again.path()), (uri.is_secure(), uri.path()));
    assert_eq!(again.query(), uri.query().filter(|query| !query.is_empty()));
    assert_eq!(again.to_string(), shown);

    let mut request = String::new();
    ClientHandshake::new(uri, Key::new([0; 16])).write(&[], &mut request).unwrap();
    let mut storage = [EMPTY_HEADER; 8];
    let opening = Request::parse(request.as_bytes(), &mut storage).unwrap().opening().unwrap();
    assert_eq!(opening.path(), uri.path());
    assert_eq!(opening.query(), again.query());
    assert!(shown.contains(&format!("://{}{}", opening.host(), opening.resource_name())));
}
