//! The opening handshake from a client's side (RFC 6455 §4.1), without I/O: what to send, and whether the
//! answer is right.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httparse::{Header, Response, Status};
use sha1::{Digest, Sha1};

use crate::url::Url;

const MAX_HEAD_LEN: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

/// One opening handshake.
pub(crate) struct Handshake {
    /// What the client sends.
    pub(crate) request: String,
    /// What the server must answer to the key in it.
    accept: String,
}

impl Handshake {
    pub(crate) fn new(url: &Url<'_>) -> Self {
        // > The request MUST include a header field with the name |Sec-WebSocket-Key|. The value […] MUST
        // > be a nonce consisting of a randomly selected 16-byte value that has been base64-encoded
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        let proof = Sha1::new()
            .chain_update(&key)
            .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
            .finalize();
        let Url { authority, target } = url;
        let slash = if target.starts_with('/') { "" } else { "/" };
        let request = format!(
            "GET {slash}{target} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        Self { request, accept: STANDARD.encode(proof) }
    }

    /// Where in the received bytes the first frame begins; `None` while the answer's head is not all
    /// there.
    ///
    /// # Errors
    ///
    /// Why the answer opens no WebSocket.
    pub(crate) fn check(&self, received: &[u8]) -> io::Result<Option<usize>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = Response::new(&mut headers);
        let head_len = match response.parse(received).map_err(io::Error::other)? {
            Status::Complete(len) => len,
            Status::Partial if received.len() < MAX_HEAD_LEN => return Ok(None),
            Status::Partial => return Err(io::Error::other("the answer's head does not end")),
        };
        if response.code != Some(101) {
            let status = response.code.unwrap_or_default();
            return Err(io::Error::other(format!("the server answers with status {status}")));
        }
        let headers = Headers(response.headers);
        let wrong = if !headers.say("Upgrade", "websocket") || !headers.say("Connection", "Upgrade")
        {
            "the server upgrades to something that is not a WebSocket"
        } else if !headers.values("Sec-WebSocket-Accept").eq([self.accept.as_bytes()]) {
            "the server's Sec-WebSocket-Accept is wrong"
        } else if headers.are_there("Sec-WebSocket-Extensions")
            || headers.are_there("Sec-WebSocket-Protocol")
        {
            "the server has chosen an extension or a subprotocol that nobody offered"
        } else {
            return Ok(Some(head_len));
        };
        Err(io::Error::other(wrong))
    }
}

struct Headers<'h, 'b>(&'h [Header<'b>]);

impl<'b> Headers<'_, 'b> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        let named = self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value.trim_ascii())
    }

    fn are_there(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Whether the header, a list, has this element.
    fn say(&self, name: &str, word: &str) -> bool {
        let mut elements = self.values(name).flat_map(|value| value.split(|&byte| byte == b','));
        elements.any(|element| element.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    }
}
