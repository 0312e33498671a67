//! The server's side of the opening handshake of streams.

use alloc::string::String;

use bytes::BytesMut;

use super::{MAX_HEADERS, Opened, Options, after_head};
use crate::extensions::Extension;
use crate::handshake::{
    HandshakeError, HandshakeRequest, HandshakeRules, HeadScanner, OwnedHandshakeRequest,
    Rejection, Request, WriteError,
};

/// A server that waits for the request.
#[derive(Debug)]
pub(crate) struct RequestReader {
    /// The received bytes.
    pub(crate) input: BytesMut,
    scanner: HeadScanner,
    rules: HandshakeRules,
}

impl RequestReader {
    pub(crate) fn new(options: &Options) -> Self {
        let scanner = HeadScanner::new().max_len(options.max_head_len);
        Self { input: BytesMut::new(), scanner, rules: options.rules }
    }

    /// Returns the request, or `None` if more must be read.
    pub(crate) fn poll(&mut self) -> Result<Option<ReceivedRequest>, Rejection> {
        let Some(head_len) = self.scanner.find_request(&self.input)? else { return Ok(None) };
        let head = &self.input[..head_len];
        let request = Request::<MAX_HEADERS>::parse_with_max_headers(head)?;
        let request = request.handshake_with(self.rules)?.into_owned();
        let received = after_head(&mut self.input, head_len);
        Ok(Some(ReceivedRequest { request, received }))
    }
}

/// A validated request, and the bytes that arrived after it.
#[derive(Debug)]
pub(crate) struct ReceivedRequest {
    request: OwnedHandshakeRequest,
    received: BytesMut,
}

impl ReceivedRequest {
    pub(crate) fn request(&self) -> HandshakeRequest<'_> {
        self.request.as_request()
    }

    /// Returns the response that accepts the request, and what was negotiated. Returns
    /// [`HandshakeError::Rejected`] if the options do not accept it.
    pub(crate) fn accept(self, options: &Options) -> Result<(String, Opened), HandshakeError> {
        let request = self.request.as_request();
        options.check_origin(&request)?;
        let mut response = String::new();
        let opened = respond(&request, options, |accepted, extensions| {
            accepted.write(extensions, &mut response).map(drop)
        })?;
        Ok((response, Opened { received: self.received, ..opened }))
    }
}

/// Calls `write` to write the response that accepts the request. Returns what was negotiated.
pub(crate) fn respond(
    request: &HandshakeRequest<'_>,
    options: &Options,
    write: impl FnOnce(
        &crate::handshake::HandshakeResponse<'_, '_>,
        &mut [&mut dyn Extension],
    ) -> Result<(), WriteError>,
) -> Result<Opened, WriteError> {
    let subprotocols = options.subprotocol_list();
    let subprotocol = request.choose_subprotocol(&subprotocols);
    let headers = options.header_list();
    let accepted = request.accept().subprotocol(subprotocol).headers(&headers);
    #[cfg(feature = "deflate")]
    let mut deflate = options.negotiation();
    #[cfg(feature = "deflate")]
    match &mut deflate {
        Some(deflate) => write(&accepted, &mut [deflate])?,
        None => write(&accepted, &mut [])?,
    }
    #[cfg(not(feature = "deflate"))]
    write(&accepted, &mut [])?;
    Ok(Opened {
        subprotocol: subprotocol.map(Into::into),
        #[cfg(feature = "deflate")]
        deflate: deflate.and_then(|deflate| deflate.agreed()),
        received: BytesMut::new(),
    })
}
