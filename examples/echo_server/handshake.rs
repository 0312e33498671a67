//! The request that a connection begins with: a WebSocket handshake (RFC 6455 §4.2), or one for the
//! page.
//!
//! Any origin may connect: an echo tells nobody anything that they did not know.

use wsframe::handshake::{EMPTY_HEADER, HeadReader, Refusal, Reply, Request};

/// The most header fields that a request may have.
const MAX_HEADERS: usize = 64;

const PAGE: &str = include_str!("page.html");
const PAGE_HEADERS: [(&str, &str); 2] =
    [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];

pub(crate) struct Answer {
    pub(crate) response: String,
    /// Where in the received bytes the WebSocket begins. If it does not, the connection ends with the
    /// response.
    pub(crate) websocket_at: Option<usize>,
}

/// The answer to the request that `received` begins with, which is all that came so far; `None` while its
/// head is not all there.
pub(crate) fn answer(reader: &mut HeadReader, received: &[u8]) -> Option<Answer> {
    let head = match reader.find(received) {
        Ok(head_len) => Ok(&received[..head_len?]),
        Err(error) => Err(error.into()),
    };
    let mut response = String::new();
    let websocket_at = match head.and_then(|head| accept(head, &mut response)) {
        Ok(websocket_at) => websocket_at,
        Err(refusal) => {
            refusal.write(&mut response).expect("a `String` has room");
            None
        }
    };
    Some(Answer { response, websocket_at })
}

/// Writes the response to a request that is all right, and says where the WebSocket begins, if it does.
fn accept(head: &[u8], response: &mut String) -> Result<Option<usize>, Refusal> {
    let mut storage = [EMPTY_HEADER; MAX_HEADERS];
    let request = Request::parse(head, &mut storage)?;
    // Whatever looks like a handshake must be a right one.
    if request.is_handshake() {
        let opening = request.opening()?;
        opening.accept().write(&mut [], response).expect("nothing was added to it");
        return Ok(Some(head.len()));
    }
    if request.method() != "GET" {
        return Err(Refusal::Method);
    }
    let reply = match request.target().split('?').next() {
        Some("/") => Reply::new(200, PAGE).headers(&PAGE_HEADERS),
        _ => Reply::new(404, "the page is at /"),
    };
    reply.write(response).expect("nothing that could not stand there");
    Ok(None)
}
