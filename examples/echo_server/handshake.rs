//! The request that a connection begins with: a WebSocket handshake (RFC 6455 §4.2), or one for the
//! page.
//!
//! Any origin may connect: an echo reveals nothing to a page that it did not know.

use wsframe::deflate::DeflateParameters;
use wsframe::handshake::{HeadScanner, HttpReply, Rejection, Request};

use crate::echo::negotiation;

const PAGE: &str = include_str!("page.html");
const PAGE_HEADERS: [(&str, &str); 2] =
    [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];

pub(crate) struct Answer {
    pub(crate) response: String,
    /// If the connection is a WebSocket from here on. If not, it ends with the response.
    pub(crate) websocket: Option<WebSocket>,
}

pub(crate) struct WebSocket {
    /// Where in the received bytes it begins.
    pub(crate) at: usize,
    /// How messages are compressed, if they are.
    pub(crate) deflate: Option<DeflateParameters>,
}

/// The answer to the request that `received` begins with, which is all that came so far; `None`
/// while its head is not all there.
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

/// Writes the response to a request that is all right, and says whether the connection is a
/// WebSocket.
fn accept(head: &[u8], response: &mut String) -> Result<Option<WebSocket>, Rejection> {
    let request = Request::parse(head)?;
    // Whatever looks like a handshake must be a right one.
    if request.is_handshake() {
        let opening = request.handshake()?;
        let mut deflate = negotiation();
        let written = opening.accept().write(&mut [&mut deflate], response);
        written.expect("nothing was added to it that could not stand there");
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
