//! The client's side of the opening handshake of streams.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{MAX_HEADERS, Opened, Options, RefusedResponse, after_head};
#[cfg(feature = "deflate")]
use crate::deflate::Negotiation;
use crate::handshake::{
    ClientHandshake, HandshakeError, HeadScanner, Response, ResponseError, Uri, WebSocketKey,
};

/// A client that waits for the response.
#[derive(Debug)]
pub(crate) struct ClientOpening {
    /// The received bytes. After the head of a refusal they are its body.
    pub(crate) input: BytesMut,
    scanner: HeadScanner,
    key: WebSocketKey,
    #[cfg(feature = "deflate")]
    deflate: Option<Negotiation<'static>>,
    refused: Option<Refused>,
}

/// A refusal whose body has not been read completely.
#[derive(Debug)]
struct Refused {
    response: RefusedResponse,
    framing: Framing,
}

/// The rule by which the end of a body is found (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length(u64),
    Chunked,
    UntilEof,
}

impl ClientOpening {
    /// Returns the opening, and the request that the caller must send.
    pub(crate) fn new(uri: &str, options: &Options) -> Result<(Self, String), HandshakeError> {
        let uri = Uri::parse_with(uri, options.rules)?;
        let opening = Self {
            input: BytesMut::new(),
            scanner: HeadScanner::new().max_len(options.max_head_len),
            key: WebSocketKey::random(),
            #[cfg(feature = "deflate")]
            deflate: options.negotiation(),
            refused: None,
        };
        let (subprotocols, headers) = (options.subprotocol_list(), options.header_list());
        let mut handshake =
            ClientHandshake::new(uri, opening.key).subprotocols(&subprotocols).headers(&headers);
        if let Some(origin) = &options.origin {
            handshake = handshake.origin(origin);
        }
        let mut request = String::new();
        #[cfg(feature = "deflate")]
        match &opening.deflate {
            Some(deflate) => handshake.write(&[deflate], &mut request)?,
            None => handshake.write(&[], &mut request)?,
        }
        #[cfg(not(feature = "deflate"))]
        handshake.write(&[], &mut request)?;
        Ok((opening, request))
    }

    /// Returns what was negotiated, or `None` if more must be read.
    pub(crate) fn poll(&mut self, options: &Options) -> Result<Option<Opened>, HandshakeError> {
        if self.refused.is_none() {
            let Some(head) = self.scanner.find_response(&self.input)? else { return Ok(None) };
            let mut received = after_head(&mut self.input, head.end);
            let head = &mut self.input[head];
            Response::unfold(head);
            let response = Response::<MAX_HEADERS>::parse_with_max_headers(head)?;
            // The response does not depend on the URI.
            let subprotocols = options.subprotocol_list();
            let handshake = ClientHandshake::new(Uri::parse("ws://localhost")?, self.key)
                .subprotocols(&subprotocols)
                .rules(options.rules);
            #[cfg(feature = "deflate")]
            let checked = match &mut self.deflate {
                Some(deflate) => handshake.check(&response, &mut [deflate]),
                None => handshake.check(&response, &mut []),
            };
            #[cfg(not(feature = "deflate"))]
            let checked = handshake.check(&response, &mut []);
            match checked {
                Ok(negotiated) => {
                    return Ok(Some(Opened {
                        subprotocol: negotiated.subprotocol.map(Into::into),
                        #[cfg(feature = "deflate")]
                        deflate: self.deflate.as_ref().and_then(Negotiation::agreed),
                        received,
                    }));
                }
                Err(ResponseError::Status(_)) => {
                    let framing = Framing::of(&response);
                    let response = RefusedResponse::new(&response);
                    self.refused = Some(Refused { response, framing });
                    core::mem::swap(&mut self.input, &mut received);
                }
                Err(error) => return Err(error.into()),
            }
        }
        match self.body(options.max_refused_body) {
            Some((body, true)) => Err(self.refuse(body)),
            _ => Ok(None),
        }
    }

    /// Returns the error when no more can be read: the refusal if its head has arrived, otherwise
    /// `error`.
    pub(crate) fn end(&mut self, error: HandshakeError, options: &Options) -> HandshakeError {
        match self.body(options.max_refused_body) {
            Some((body, _)) => self.refuse(body),
            None => error,
        }
    }

    /// Returns the received part of a refusal's body, and whether reading can end: the body is
    /// complete, or has `max_len` bytes.
    fn body(&self, max_len: usize) -> Option<(Vec<u8>, bool)> {
        let refused = self.refused.as_ref()?;
        let (mut body, is_complete) = refused.framing.decode(&self.input, max_len);
        let is_complete = is_complete || body.len() >= max_len;
        body.truncate(max_len);
        Some((body, is_complete))
    }

    fn refuse(&mut self, body: Vec<u8>) -> HandshakeError {
        match self.refused.take() {
            Some(Refused { mut response, .. }) => {
                response.body = Bytes::from(body);
                HandshakeError::Refused(Box::new(response))
            }
            None => HandshakeError::eof(),
        }
    }
}

impl Framing {
    fn of(response: &Response<'_, MAX_HEADERS>) -> Self {
        if matches!(response.status(), 204 | 304) {
            return Self::Length(0);
        }
        if let Some(codings) = response.header("Transfer-Encoding") {
            let mut codings = codings.rsplit(|&byte| byte == b',').map(<[u8]>::trim_ascii);
            let last = codings.next().unwrap_or_default();
            return if last.eq_ignore_ascii_case(b"chunked") {
                Self::Chunked
            } else {
                Self::UntilEof
            };
        }
        let length = response.header("Content-Length");
        let length = length.and_then(|length| core::str::from_utf8(length).ok()?.parse().ok());
        length.map_or(Self::UntilEof, Self::Length)
    }

    /// Decodes the received part of a body, and returns whether it is complete. Decoding may stop
    /// after `max_len` bytes.
    fn decode(self, mut input: &[u8], max_len: usize) -> (Vec<u8>, bool) {
        match self {
            Self::UntilEof => (input.to_vec(), false),
            Self::Length(length) => {
                let len = usize::try_from(length).unwrap_or(usize::MAX).min(input.len());
                (input[..len].to_vec(), len as u64 == length)
            }
            Self::Chunked => {
                let mut body = Vec::new();
                // An invalid size ends the body, as the last chunk does.
                while body.len() < max_len {
                    let (at, len) = match httparse::parse_chunk_size(input) {
                        Ok(httparse::Status::Complete((at, len @ 1..))) => (at, len),
                        Ok(httparse::Status::Partial) => return (body, false),
                        _ => break,
                    };
                    let data = input.get(at..).unwrap_or_default();
                    let len = usize::try_from(len).unwrap_or(usize::MAX);
                    body.extend_from_slice(&data[..len.min(data.len())]);
                    // The data is followed by CRLF.
                    match len.checked_add(2).and_then(|end| data.get(end..)) {
                        Some(rest) => input = rest,
                        None => return (body, false),
                    }
                }
                (body, true)
            }
        }
    }
}
