//! Checks that must pass for any bytes that a handshake reads. The property tests and the fuzz
//! targets call them. The oracle splits heads at their line ends, and checks the rules of RFC 6455.

// No test program uses all of this.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::Range;
use std::str;

use wsframe::handshake::{
    ClientHandshake, HandshakeRequest, HandshakeRules, HeadError, HeadScanner, Negotiated,
    Rejection, Request, Response, ResponseError, Uri, WebSocketKey,
};

/// Returns the length of the head that a scanner finds, in reads of these lengths (repeated; in one
/// read if there are none, or if one is 0).
pub fn find(received: &[u8], reads: &[usize], max_len: usize) -> Result<Option<usize>, HeadError> {
    let mut reader = HeadScanner::new().max_len(max_len);
    in_reads(received, reads, |received| reader.find_request(received))
}

/// Same as [`find`], but returns the range of the final response.
pub fn find_response(
    received: &[u8],
    reads: &[usize],
    max_len: usize,
) -> Result<Option<Range<usize>>, HeadError> {
    let mut reader = HeadScanner::new().max_len(max_len);
    in_reads(received, reads, |received| reader.find_response(received))
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

/// Returns the end of the head, found byte by byte.
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

/// Compares a scanner with the oracle, on any bytes in any reads.
pub fn head(received: &[u8], reads: &[usize], max_len: usize) -> Option<usize> {
    let found = find(received, reads, max_len);
    assert_eq!(found, naive_find(received, max_len), "{}", received.escape_ascii());
    found.ok().flatten()
}

/// Returns the range of the final response, found head by head.
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

/// Returns whether the status-line is valid, with a status of 1xx other than 101.
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

/// Compares a scanner with the oracle, on any bytes with interim responses, in any reads.
pub fn final_head(received: &[u8], reads: &[usize], max_len: usize) -> Option<Range<usize>> {
    let found = find_response(received, reads, max_len);
    assert_eq!(found, naive_find_final(received, max_len), "{}", received.escape_ascii());
    found.ok().flatten()
}

/// The header fields of a head, as lines.
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
        let elements = elements.map(|element| element.trim_matches([' ', '\t']));
        elements.filter(|element| !element.is_empty()).collect()
    }

    /// Returns whether each element is up to `parts` tokens with slashes between them, and one is
    /// this element, ignoring case.
    fn lists(&self, name: &str, element: &str, parts: usize) -> bool {
        let elements = self.elements(name);
        let is_right =
            |listed: &&str| listed.split('/').count() <= parts && listed.split('/').all(is_token);
        elements.iter().all(is_right)
            && elements.iter().any(|listed| listed.eq_ignore_ascii_case(element))
    }

    fn upgrades(&self) -> bool {
        self.lists("upgrade", "websocket", 2)
    }

    fn connection_upgrades(&self) -> bool {
        self.lists("connection", "upgrade", 1)
    }

    /// Returns whether the subprotocols are 1 to 64 different tokens, or the field is missing.
    fn offers_subprotocols_rightly(&self) -> bool {
        let name = "sec-websocket-protocol";
        let offered = self.elements(name);
        let unique = BTreeSet::from_iter(&offered);
        let is_right = offered.iter().all(|name| is_token(name)) && unique.len() == offered.len();
        self.all(name).is_empty() || is_right && (1..=64).contains(&offered.len())
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// The strict rules, and those with everything relaxed.
const RULES: [HandshakeRules; 2] = [
    HandshakeRules::new(),
    HandshakeRules::new()
        .accept_utf8_target()
        .accept_empty_subprotocol()
        .accept_unoffered_subprotocol(),
];

/// Checks any bytes as a request. An accepted request satisfies §4.2.1, and a client with the same
/// key accepts the answer. The response to a rejected request is valid.
pub fn request(received: &[u8], reads: &[usize]) {
    let Some(len) = head(received, reads, 4096) else { return };
    // Values that the handshake does not use may contain bytes beyond ASCII.
    let head = String::from_utf8_lossy(&received[..len]);
    let request = match Request::parse(&received[..len]) {
        Ok(request) => request,
        Err(error) => return refused(error.into()),
    };
    for rules in RULES {
        #[cfg(feature = "http")]
        same_on_http_types(&request, start_line(&head), rules);
        match request.handshake_with(rules) {
            Ok(opening) => accepted(&opening, &head, rules),
            Err(rejection) => {
                let lines = Lines::new(&head);
                match rejection {
                    Rejection::Upgrade => assert!(!lines.upgrades(), "{head}"),
                    Rejection::Connection => assert!(!lines.connection_upgrades(), "{head}"),
                    Rejection::Subprotocols => {
                        assert!(!lines.offers_subprotocols_rightly(), "{head}")
                    }
                    _ => {}
                }
                refused(rejection);
            }
        }
    }
}

fn start_line(head: &str) -> &str {
    head.trim_start_matches("\r\n").split("\r\n").next().unwrap()
}

/// Checks that the types of the crate `http` give the same result, if they can represent the
/// request. They drop fragments.
#[cfg(feature = "http")]
fn same_on_http_types(request: &Request<'_>, start_line: &str, rules: HandshakeRules) {
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
    let both = [request.handshake_with(rules), HandshakeRequest::from_http_with(&on_types, rules)];
    let [of_head, of_types] = both.map(|opening| {
        let opening = opening?;
        let mut response = String::new(); // depends on the key and the extensions
        opening.accept().write(&mut [], &mut response).unwrap();
        let subprotocols: Vec<&str> = opening.subprotocols().collect();
        let extensions: Vec<String> = opening.extensions().map(|one| one.to_string()).collect();
        Ok::<_, Rejection>((
            (opening.host(), opening.resource_name(), opening.origin()),
            (subprotocols, extensions, response),
        ))
    });
    assert_eq!(of_head, of_types, "{request:?}");
}

fn accepted(opening: &HandshakeRequest<'_>, head: &str, rules: HandshakeRules) {
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
    assert!(lines.upgrades());
    assert!(lines.connection_upgrades());
    assert!(lines.offers_subprotocols_rightly());
    let name = "sec-websocket-extensions";
    assert_eq!(opening.extensions().count() == 0, lines.all(name).is_empty());
    assert_eq!(lines.all("sec-websocket-version"), ["13"]);
    assert!(lines.all("transfer-encoding").is_empty());
    assert!(lines.all("content-length").iter().all(|length| *length == "0"));
    assert_eq!(lines.all("origin"), Vec::from_iter(opening.origin()));
    let offered: Vec<&str> = opening.subprotocols().collect();
    assert_eq!(offered, lines.elements("sec-websocket-protocol"));
    let [key] = lines.all("sec-websocket-key")[..] else { panic!("one key") };
    assert_eq!(key.len(), 24);
    assert!(key.ends_with("==") && !key[..22].contains('='), "16 bytes in base64: {key}");

    // A client can send the URI that a server accepts.
    let uri = format!("ws://{}{}", opening.host(), opening.resource_name());
    let uri = Uri::parse_with(&uri, rules).expect(&uri);
    assert_eq!((uri.path(), uri.query()), (opening.path(), opening.query()));

    let chosen = offered.last().copied();
    let mut response = String::new();
    opening.accept().subprotocol(chosen).write(&mut [], &mut response).unwrap();
    assert_eq!(find(response.as_bytes(), &[], 4096), Ok(Some(response.len())));
    let response = Response::parse(response.as_bytes()).unwrap();
    let uri = Uri::parse("ws://localhost/").unwrap();
    let client = ClientHandshake::new(uri, WebSocketKey::parse(key.as_bytes()).unwrap());
    let chosen = Vec::from_iter(chosen);
    let agreed = client.subprotocols(&chosen).check(&response, &mut []).unwrap();
    assert_eq!(agreed.subprotocol, chosen.first().copied());
}

fn refused(rejection: Rejection) {
    let mut response = String::new();
    rejection.write(&mut response).unwrap();
    let len = find(response.as_bytes(), &[], 4096).unwrap().unwrap();
    let parsed = Response::parse(&response.as_bytes()[..len]).unwrap();
    assert_eq!(parsed.status(), rejection.status());
    assert!([400, 403, 405, 426, 431].contains(&parsed.status()));
    let body_len = str::from_utf8(parsed.header("content-length").unwrap()).unwrap();
    assert_eq!(body_len, (response.len() - len).to_string());
}

/// Checks any bytes as a response to the RFC's example of a request. An accepted response satisfies
/// §4.1.
pub fn response(received: &[u8], reads: &[usize]) {
    let Some(head) = final_head(received, reads, 4096) else { return };
    let head = &received[head];
    let mut unfolded = head.to_vec();
    Response::unfold(&mut unfolded);
    assert_eq!(unfolded.len(), head.len());
    assert_eq!(words(&unfolded), naive_unfold(head), "{}", head.escape_ascii());
    for head in [head, &unfolded] {
        let Ok(response) = Response::parse(head) else { continue };
        for rules in RULES {
            let uri = Uri::parse("ws://server.example.com/chat").unwrap();
            let client = ClientHandshake::new(uri, WebSocketKey::new(*b"the sample nonce"));
            let client = client.subprotocols(&["chat", "superchat"]).rules(rules);
            let checked = client.check(&response, &mut []);
            let head = String::from_utf8_lossy(head);
            #[cfg(feature = "http")]
            same_response_on_http_types(&client, &response, start_line(&head), checked);
            answered(checked, &Lines::new(&head), start_line(&head), rules);
        }
    }
}

/// Returns the lines of a head, split into words at blanks.
fn words(head: &[u8]) -> Vec<Vec<&[u8]>> {
    let words = |line| {
        let words = <[u8]>::split(line, |byte| b" \t\r".contains(byte));
        words.filter(|word| !word.is_empty()).collect()
    };
    head.split(|byte| *byte == b'\n').map(words).collect()
}

/// Returns the head after unfolding. A line that begins with a blank continues the line before it,
/// unless that is the first line or empty.
fn naive_unfold(head: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut unfolded = Vec::<Vec<&[u8]>>::new();
    let mut fields = None;
    for (line, words) in head.split(|byte| *byte == b'\n').zip(words(head)) {
        match fields {
            Some(1..) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                unfolded.last_mut().unwrap().extend(words);
            }
            Some(count) => {
                fields = Some(count + 1);
                unfolded.push(words);
            }
            None => {
                fields = Some(0).filter(|_| line != b"\r");
                unfolded.push(words);
            }
        }
    }
    unfolded
}

/// Checks that the types of the crate `http` give the same result, if they can represent the
/// response.
#[cfg(feature = "http")]
fn same_response_on_http_types(
    client: &ClientHandshake<'_>,
    response: &Response<'_>,
    start_line: &str,
    checked: Result<Negotiated<'_>, ResponseError>,
) {
    use http::Version;
    let is_1_0 = start_line.starts_with("HTTP/1.0");
    let version = if is_1_0 { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut builder = http::Response::builder().status(response.status()).version(version);
    for (name, value) in response.headers() {
        builder = builder.header(name, value);
    }
    if let Ok(on_types) = builder.body(()) {
        assert_eq!(client.check_http(&on_types, &mut []), checked, "{response:?}");
    }
}

fn answered(
    checked: Result<Negotiated<'_>, ResponseError>,
    lines: &Lines<'_>,
    start_line: &str,
    rules: HandshakeRules,
) {
    let agreed = match checked {
        Ok(agreed) => agreed,
        Err(ResponseError::Connection) => return assert!(!lines.connection_upgrades()),
        Err(_) => return,
    };
    assert!(start_line.starts_with("HTTP/1.1 101"));
    assert_eq!(lines.all("upgrade").join("+").to_ascii_lowercase(), "websocket");
    assert!(lines.connection_upgrades());
    assert_eq!(lines.all("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
    let chosen = lines.all("sec-websocket-protocol");
    match (agreed.subprotocol, &chosen[..]) {
        (None, []) => {}
        (Some(agreed), [chosen]) => {
            assert_eq!(agreed, *chosen);
            assert!(["chat", "superchat"].contains(chosen));
        }
        (None, [chosen]) => assert!(rules == RULES[1] && (chosen.is_empty() || is_token(chosen))),
        _ => panic!("{chosen:?}"),
    }
    assert!(lines.all("sec-websocket-extensions").is_empty());
}

/// Splits a host name off the beginning (RFC 3986 §2): unreserved characters, sub-delimiters, and
/// percent-encoded bytes.
fn take_name<'a>(rest: &mut &'a str) -> &'a str {
    let bytes = rest.as_bytes();
    let mut len = 0;
    loop {
        len += match &bytes[len..] {
            [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 3,
            [byte, ..] if byte.is_ascii_alphanumeric() => 1,
            [byte, ..] if b"-._~!$&'()*+,;=".contains(byte) => 1,
            _ => break,
        };
    }
    let (taken, left) = rest.split_at(len);
    *rest = left;
    taken
}

/// Splits a path or a query off the beginning, up to `end`: all visible characters except `#`, and
/// those beyond ASCII if `utf8`.
fn take_resource<'a>(rest: &mut &'a str, end: &str, utf8: bool) -> &'a str {
    let may_stand = |character: char| match character {
        '\0'..='\x7F' => {
            !"#\x7F".contains(character) && character > ' ' && !end.contains(character)
        }
        '\u{80}'..='\u{9F}' => false,
        _ => utf8,
    };
    let (taken, left) =
        rest.split_at(rest.find(|character| !may_stand(character)).unwrap_or(rest.len()));
    *rest = left;
    taken
}

/// Returns whether the text between brackets is an IPv6 address, with or without a zone (RFC 6874
/// §2).
fn naive_address(text: &str) -> bool {
    let is_ipv6 = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    match text.find('%') {
        None => is_ipv6(text),
        Some(at) => {
            let mut zone = text[at..].strip_prefix("%25").unwrap_or("!");
            let sub_delims = "!$&'()*+,;=";
            is_ipv6(&text[..at])
                && !zone.is_empty()
                && !zone.contains(|character| sub_delims.contains(character))
                && !take_name(&mut zone).is_empty()
                && zone.is_empty()
        }
    }
}

/// Parses a URI from left to right by the grammar of RFC 6455 §3, with the paths and queries that
/// browsers send. Returns whether it is secure, and its host, port, path and query.
fn naive_uri(text: &str, utf8: bool) -> Option<(bool, &str, u16, &str, Option<&str>)> {
    let (secure, scheme) = match text.to_ascii_lowercase() {
        lower if lower.starts_with("ws://") => (false, "ws://"),
        lower if lower.starts_with("wss://") => (true, "wss://"),
        _ => return None,
    };
    let mut rest = &text[scheme.len()..];
    let host = if rest.starts_with('[') {
        let (host, behind) = rest.split_at(rest.find(']')? + 1);
        rest = behind;
        Some(host).filter(|host| naive_address(&host[1..host.len() - 1]))?
    } else {
        take_name(&mut rest)
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
    let path = if rest.starts_with('/') { take_resource(&mut rest, "?", utf8) } else { "/" };
    let query = rest.strip_prefix('?').map(|behind| {
        rest = behind;
        take_resource(&mut rest, "", utf8)
    });
    rest.is_empty().then_some((secure, host, port, path, query))
}

/// Checks any text as a URI. An accepted one has the parts that the naive parser finds. It displays
/// as an equal URI, and a server accepts the request for it.
pub fn uri(text: &str) {
    RULES.into_iter().for_each(|rules| uri_by(text, rules));
}

fn uri_by(text: &str, rules: HandshakeRules) {
    let parsed = Uri::parse_with(text, rules);
    let parts =
        parsed.ok().map(|uri| (uri.is_secure(), uri.host(), uri.port(), uri.path(), uri.query()));
    assert_eq!(parts, naive_uri(text, rules == RULES[1]), "{text}");
    let Ok(uri) = parsed else { return };
    let shown = uri.to_string();
    let again = Uri::parse_with(&shown, rules).unwrap();
    assert_eq!((again.host(), again.port()), (uri.host(), uri.port()));
    assert_eq!((again.is_secure(), again.path()), (uri.is_secure(), uri.path()));
    assert_eq!(again.query(), uri.query().filter(|query| !query.is_empty()));
    assert_eq!(again.to_string(), shown);

    let mut request = String::new();
    ClientHandshake::new(uri, WebSocketKey::new([0; 16])).write(&[], &mut request).unwrap();
    let request = Request::parse(request.as_bytes()).unwrap();
    let opening = request.handshake_with(rules).unwrap();
    assert_eq!(opening.path(), uri.path());
    assert_eq!(opening.query(), again.query());
    // The zone of an address stays with the client.
    let zone = uri.zone().map_or(String::new(), |zone| format!("%25{zone}"));
    let sent = shown.replacen(&zone, "", 1);
    assert!(sent.contains(&format!("://{}{}", opening.host(), opening.resource_name())));
    assert!(uri.zone().is_none() || opening.host().starts_with(&format!("[{}]", uri.address())));
}
