//! The request that a connection begins with: a WebSocket handshake (RFC 6455 §4.2), or one for the
//! page.
//!
//! Any origin may connect: an echo tells nobody anything that they did not know.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use httparse::{Header, Request, Status};
use sha1::{Digest, Sha1};

/// The longest head of a request that is read.
pub(crate) const MAX_HEAD_LEN: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

const PAGE: &str = include_str!("page.html");

/// Base64 that accepts stray bits in the last character: a key means nothing but itself, and the RFC's
/// own example (§4.1) has such bits.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));

pub(crate) struct Answer {
    pub(crate) response: String,
    /// Where in the received bytes the WebSocket begins. If it does not, the connection ends with the
    /// response.
    pub(crate) websocket_at: Option<usize>,
}

/// A request that gets neither the page nor a WebSocket.
struct Refusal {
    status: &'static str,
    /// What the status obliges to say, as whole lines of the head.
    headers: &'static str,
    why: &'static str,
}

const fn bad_request(why: &'static str) -> Refusal {
    Refusal { status: "400 Bad Request", headers: "", why }
}

const NOT_FOUND: Refusal =
    Refusal { status: "404 Not Found", headers: "", why: "the page is at /" };
/// Without a body, because HEAD must not get one.
const NOT_GET: Refusal =
    Refusal { status: "405 Method Not Allowed", headers: "Allow: GET\r\n", why: "" };
const NOT_VERSION_13: Refusal = Refusal {
    status: "426 Upgrade Required",
    headers: "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n",
    why: "Sec-WebSocket-Version must be 13",
};
const TOO_LARGE: Refusal = Refusal {
    status: "431 Request Header Fields Too Large",
    headers: "",
    why: "the head of a request has at most 16 KiB and 64 headers",
};

/// The answer to the request that `received` begins with; `None` while its head is not all there.
///
/// Expects to be shown no more than [`MAX_HEAD_LEN`] bytes.
pub(crate) fn answer(received: &[u8]) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = Request::new(&mut headers);
    let response = match request.parse(received) {
        Ok(Status::Complete(head_len)) => match websocket_key(&request) {
            Ok(Some(key)) => {
                return Some(Answer { response: upgrade(key), websocket_at: Some(head_len) });
            }
            Ok(None) => page(request.path),
            Err(refusal) => refusal.response(),
        },
        Ok(Status::Partial) if received.len() < MAX_HEAD_LEN => return None,
        Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => TOO_LARGE.response(),
        Err(_) => bad_request("this is not HTTP/1").response(),
    };
    Some(Answer { response, websocket_at: None })
}

/// The key of a handshake; `None` if the request is for a page.
fn websocket_key<'b>(request: &Request<'_, 'b>) -> Result<Option<&'b [u8]>, Refusal> {
    if request.method != Some("GET") {
        return Err(NOT_GET);
    }
    let headers = Headers(request.headers);
    // Whatever looks like a handshake must be a right one.
    let upgrades = headers.lists("Upgrade", "websocket");
    if !upgrades && headers.values("Sec-WebSocket-Key").next().is_none() {
        return Ok(None);
    }
    if request.version != Some(1) || headers.only("Host").is_none() {
        return Err(bad_request("a WebSocket handshake is HTTP/1.1, with a Host"));
    }
    if !upgrades || !headers.lists("Connection", "Upgrade") {
        return Err(bad_request("a WebSocket needs Upgrade: websocket and Connection: Upgrade"));
    }
    match headers.only("Sec-WebSocket-Version") {
        Some(b"13") => {}
        Some(_) => return Err(NOT_VERSION_13),
        None => return Err(bad_request("exactly one Sec-WebSocket-Version is needed")),
    }
    match headers.only("Sec-WebSocket-Key") {
        Some(key) if BASE64.decode(key).is_ok_and(|nonce| nonce.len() == 16) => Ok(Some(key)),
        _ => Err(bad_request("exactly one Sec-WebSocket-Key is needed, of 16 bytes in base64")),
    }
}

fn upgrade(key: &[u8]) -> String {
    let proof = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = BASE64.encode(proof.finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn page(target: Option<&str>) -> String {
    match target.and_then(|target| target.split('?').next()) {
        Some("/") => response("200 OK", "", "text/html", PAGE),
        _ => NOT_FOUND.response(),
    }
}

impl Refusal {
    fn response(&self) -> String {
        response(self.status, self.headers, "text/plain", self.why)
    }
}

fn response(status: &str, headers: &str, media_type: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nCache-Control: no-store\r\n\
         Content-Type: {media_type}; charset=utf-8\r\nContent-Length: {len}\r\n\r\n{body}"
    )
}

struct Headers<'h, 'b>(&'h [Header<'b>]);

impl<'b> Headers<'_, 'b> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        let named = self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value.trim_ascii())
    }

    /// The header's value, if it is there once.
    fn only(&self, name: &str) -> Option<&'b [u8]> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether the header, a list that may be spread over several lines, has this element.
    fn lists(&self, name: &str, element: &str) -> bool {
        let mut elements = self.values(name).flat_map(|value| value.split(|&byte| byte == b','));
        elements.any(|item| item.trim_ascii().eq_ignore_ascii_case(element.as_bytes()))
    }
}
