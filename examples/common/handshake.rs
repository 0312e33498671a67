//! The opening handshake from a client's side, without I/O: what to send, and where the frames
//! begin in what comes back. Offers compression.

use std::io;

use wsframe::deflate::{DeflateParameters, Negotiation};
use wsframe::extensions::Extension;
use wsframe::handshake::{ClientHandshake, HeadScanner, Response, Uri, WebSocketKey};

/// One opening handshake.
pub(crate) struct Handshake<'u> {
    handshake: ClientHandshake<'u>,
    deflate: Negotiation<'static>,
    /// Whether the server must choose a subprotocol: if any was offered.
    must_choose: bool,
    reader: HeadScanner,
}

/// A connection that was opened.
pub(crate) struct Opened {
    /// Where in all that was received the first frame begins.
    pub(crate) frames_at: usize,
    /// How messages are compressed, if they are.
    pub(crate) deflate: Option<DeflateParameters>,
}

impl<'u> Handshake<'u> {
    /// With subprotocols to offer, or none.
    pub(crate) fn new(uri: Uri<'u>, subprotocols: &'u [&'u str]) -> Self {
        let handshake =
            ClientHandshake::new(uri, WebSocketKey::random()).subprotocols(subprotocols);
        let deflate = Negotiation::new(DeflateParameters::DEFAULT);
        let must_choose = !subprotocols.is_empty();
        Self { handshake, deflate, must_choose, reader: HeadScanner::new() }
    }

    /// What the client sends.
    pub(crate) fn request(&self) -> String {
        let mut request = String::new();
        self.handshake.write(&[&self.deflate], &mut request).expect("a `String` has room");
        request
    }

    /// What came of it, from all that was received; `None` while the answer's head is not all
    /// there.
    ///
    /// # Errors
    ///
    /// Why the answer opens no WebSocket.
    pub(crate) fn check(&mut self, received: &[u8]) -> io::Result<Option<Opened>> {
        let Some(head) = self.reader.find_response(received)? else { return Ok(None) };
        let frames_at = head.end;
        let response = Response::parse(&received[head])?;
        let extensions: &mut [&mut dyn Extension] = &mut [&mut self.deflate];
        let agreed = self.handshake.check(&response, extensions)?;
        if self.must_choose && agreed.subprotocol.is_none() {
            return Err(io::Error::other("the server speaks no subprotocol that was offered"));
        }
        Ok(Some(Opened { frames_at, deflate: self.deflate.agreed() }))
    }
}
