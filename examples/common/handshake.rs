//! The opening handshake from a client's side, without I/O: what to send, and where the frames begin in
//! what comes back. Offers no extensions.

use std::io;

use wsframe::handshake::{ClientHandshake, EMPTY_HEADER, HeadReader, Key, Response, Uri};

/// The most header fields that an answer may have.
const MAX_HEADERS: usize = 64;

/// One opening handshake.
pub(crate) struct Handshake<'u> {
    handshake: ClientHandshake<'u>,
    /// Whether the server must choose a subprotocol: if any was offered.
    must_choose: bool,
    reader: HeadReader,
}

impl<'u> Handshake<'u> {
    /// With subprotocols to offer, or none.
    pub(crate) fn new(uri: Uri<'u>, subprotocols: &'u [&'u str]) -> Self {
        let handshake = ClientHandshake::new(uri, Key::random()).subprotocols(subprotocols);
        Self { handshake, must_choose: !subprotocols.is_empty(), reader: HeadReader::new() }
    }

    /// What the client sends.
    pub(crate) fn request(&self) -> String {
        let mut request = String::new();
        self.handshake.write(&[], &mut request).expect("a `String` has room");
        request
    }

    /// Where in all that was received the first frame begins; `None` while the answer's head is not all
    /// there.
    ///
    /// # Errors
    ///
    /// Why the answer opens no WebSocket.
    pub(crate) fn check(&mut self, received: &[u8]) -> io::Result<Option<usize>> {
        let Some(head_len) = self.reader.find(received).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let mut storage = [EMPTY_HEADER; MAX_HEADERS];
        let response =
            Response::parse(&received[..head_len], &mut storage).map_err(io::Error::other)?;
        let agreed = self.handshake.check(&response, &mut []).map_err(io::Error::other)?;
        if self.must_choose && agreed.subprotocol.is_none() {
            return Err(io::Error::other("the server speaks no subprotocol that was offered"));
        }
        Ok(Some(head_len))
    }
}
