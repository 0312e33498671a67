//! The first request of a connection: a WebSocket handshake (RFC 6455 §4.2), or a request for the
//! page.
//!
//! Any origin may connect, because an echo reveals nothing that the page did not send.

use wsframe::deflate::DeflateParameters;
use wsframe::handshake::{HeadScanner, HttpReply, Rejection, Request};

use crate::echo::negotiation;

const PAGE: &str = include_str!("page.html");
const PAGE_HEADERS: [(&str, &str); 2] =
    [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];

pub(crate) struct Answer {
    pub(crate) response: String,
    /// The WebSocket, if the request opened one. Otherwise the connection ends after the response.
    pub(crate) websocket: Option<WebSocket>,
}

pub(crate) struct WebSocket {
    /// The offset of the first frame in the received bytes.
    pub(crate) at: usize,
    /// The negotiated compression, if any.
    pub(crate) deflate: Option<DeflateParameters>,
}

/// Answers the request in `received`, which must contain all received bytes. Returns `None` while
/// the head is incomplete.
pub(crate) fn answer(reader: &mut HeadScanner, received: &[u8]) -> Option<Answer> {
    let head = match reader.find_request(received) {
        Ok(head_len) => Ok(&received[..head_len?]),
        Err(error) => Err(error.into()),
    };
    let mut response = String::new();
    let websocket = match head.and_then(|head| accept(head, &mut response)) {
        Ok(websocket) => websocket,
        Err(rejection) => {
            rejection.write(&mut response).expect("a `String` has room");
            None
        }
    };
    Some(Answer { response, websocket })
}

/// Writes the response to a valid request. Returns the WebSocket if the request opened one.
fn accept(head: &[u8], response: &mut String) -> Result<Option<WebSocket>, Rejection> {
    let request = Request::parse(head)?;
    // A request that looks like a handshake must be valid.
    if request.is_handshake() {
        let opening = request.handshake()?;
        let mut deflate = negotiation();
        let written = opening.accept().write(&mut [&mut deflate], response);
        written.expect("no header field was added");
        return Ok(Some(WebSocket { at: head.len(), deflate: deflate.agreed() }));
    }
    if request.method() != "GET" {
        return Err(Rejection::Method);
    }
    let reply = match request.target().split('?').next() {
        Some("/") => HttpReply::new(200, PAGE).headers(&PAGE_HEADERS),
        _ => HttpReply::new(404, "the page is at /"),
    };
    reply.write(response).expect("nothing that could not stand there");
    Ok(None)
}
