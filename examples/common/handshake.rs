//! The client's opening handshake, without I/O. It offers compression.

use std::io;

use wsframe::deflate::{DeflateParameters, Negotiation};
use wsframe::extensions::Extension;
use wsframe::handshake::{ClientHandshake, HeadScanner, Response, Uri, WebSocketKey};

/// A client's opening handshake.
pub(crate) struct Handshake<'u> {
    handshake: ClientHandshake<'u>,
    deflate: Negotiation<'static>,
    /// Whether the server must choose a subprotocol, because some were offered.
    must_choose: bool,
    reader: HeadScanner,
}

/// The result of a handshake.
pub(crate) struct Opened {
    /// The offset of the first frame in the received bytes.
    pub(crate) frames_at: usize,
    /// The negotiated compression, if any.
    pub(crate) deflate: Option<DeflateParameters>,
}

impl<'u> Handshake<'u> {
    /// Creates a handshake that offers these subprotocols. There may be none.
    pub(crate) fn new(uri: Uri<'u>, subprotocols: &'u [&'u str]) -> Self {
        let handshake =
            ClientHandshake::new(uri, WebSocketKey::random()).subprotocols(subprotocols);
        let deflate = Negotiation::new(DeflateParameters::DEFAULT);
        let must_choose = !subprotocols.is_empty();
        Self { handshake, deflate, must_choose, reader: HeadScanner::new() }
    }

    /// Returns the request.
    pub(crate) fn request(&self) -> String {
        let mut request = String::new();
        self.handshake.write(&[&self.deflate], &mut request).expect("a `String` has room");
        request
    }

    /// Checks the response. Pass all bytes that were received. Returns `None` while the head of the
    /// response is incomplete.
    ///
    /// # Errors
    ///
    /// Returns an error if the response does not open a WebSocket.
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
