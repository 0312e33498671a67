//! The opening handshake of servers and clients (RFC 6455 §4), sans-I/O.
//!
//! | to | use |
//! |---|---|
//! | find the end of a head in bytes that arrive in pieces | [`HeadScanner`] |
//! | accept a connection | [`Request`], [`HandshakeRequest`], [`HandshakeResponse`] |
//! | refuse a request | [`Rejection`] |
//! | serve other pages on the same port | [`Request::is_handshake`], [`HttpReply`] |
//! | open a connection | [`Uri`], [`WebSocketKey`], [`ClientHandshake`], [`Response`] |
//! | negotiate extensions | [`Extension`](crate::extensions::Extension), `deflate::Negotiation` |
//! | relax rules | [`HandshakeRules`] |
//!
//! This module neither allocates nor needs `std`, except for [the types of the crate
//! `http`](#http-types). Results borrow the bytes that the caller read. Bytes after the head belong
//! to frames, and are left to the caller.
//!
//! # A server
//!
//! ```
//! use wsframe::handshake::{HeadScanner, Rejection, HttpReply, Request};
//! use wsframe::{Role, Rules};
//!
//! #[derive(Debug, PartialEq)]
//! enum Answer {
//!     NotYet,
//!     Close,
//!     WebSocket { frames_at: usize, rules: Rules },
//! }
//!
//! /// Reads the request at the beginning of `received`, and writes the response to `out`.
//! fn answer(reader: &mut HeadScanner, received: &[u8], out: &mut String) -> Answer {
//!     try_answer(reader, received, out).unwrap_or_else(|rejection| {
//!         rejection.write(out).expect("a String accepts all writes");
//!         Answer::Close
//!     })
//! }
//!
//! fn try_answer(
//!     reader: &mut HeadScanner,
//!     received: &[u8],
//!     out: &mut String,
//! ) -> Result<Answer, Rejection> {
//!     let Some(head_len) = reader.find_request(received)? else { return Ok(Answer::NotYet) };
//!     let request = Request::parse(&received[..head_len])?;
//!     if !request.is_handshake() {
//!         HttpReply::new(404, "not found").write(out).expect("a valid status");
//!         return Ok(Answer::Close);
//!     }
//!
//!     let opening = request.handshake()?; // §4.2.1
//!     opening.check_origin(&["https://example.com"])?; // §10.2
//!     let chosen = opening.choose_subprotocol(&["superchat", "chat"]);
//!     let acceptance = opening.accept().subprotocol(chosen);
//!     let agreed = acceptance.write(&mut [], out).expect("valid values");
//!     Ok(Answer::WebSocket { frames_at: head_len, rules: agreed.rules(Role::Server) })
//! }
//!
//! // RFC 6455 §1.2, and the first bytes of a frame.
//! let received = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Origin: https://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
//!     Sec-WebSocket-Version: 13\r\n\r\n\x81\x85";
//! let (mut reader, mut out) = (HeadScanner::new(), String::new());
//! assert_eq!(answer(&mut reader, &received[..100], &mut out), Answer::NotYet);
//! assert_eq!(
//!     answer(&mut reader, received, &mut out),
//!     Answer::WebSocket { frames_at: received.len() - 2, rules: Rules::new(Role::Server) }
//! );
//! assert_eq!(
//!     out,
//!     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
//!      Sec-WebSocket-Protocol: superchat\r\n\r\n"
//! );
//! ```
//!
//! To negotiate extensions, pass them in place of `&mut []`: see
//! [`Extension`](crate::extensions::Extension).
//!
//! # A client
//!
//! ```
//! use std::io::{self, Read, Write};
//! use wsframe::handshake::{ClientHandshake, HeadScanner, WebSocketKey};
//! use wsframe::handshake::{Response, ResponseError, Uri};
//! use wsframe::{Role, Rules};
//!
//! /// Opens a WebSocket on a connection to the URI's host. Returns the rules for frames from the
//! /// server, and the bytes of frames that have already arrived.
//! fn open(mut socket: impl Read + Write, uri: Uri<'_>, key: WebSocketKey) -> io::Result<(Rules, Vec<u8>)> {
//!     let handshake = ClientHandshake::new(uri, key).headers(&[("Authorization", "Bearer 7")]);
//!     let mut request = String::new();
//!     handshake.write(&[], &mut request)?;
//!     socket.write_all(request.as_bytes())?;
//!
//!     let (mut received, mut chunk) = (Vec::new(), [0; 4096]);
//!     let mut reader = HeadScanner::new();
//!     let head = loop {
//!         let count = socket.read(&mut chunk)?;
//!         if count == 0 {
//!             return Err(io::ErrorKind::UnexpectedEof.into());
//!         }
//!         received.extend(&chunk[..count]);
//!         // Interim responses, such as 103 (Early Hints), are skipped.
//!         if let Some(head) = reader.find_response(&received)? {
//!             break head;
//!         }
//!     };
//!     let rest = &received[head.end..];
//!     let response = Response::parse(&received[head])?;
//!     match handshake.check(&response, &mut []) {
//!         Ok(agreed) => Ok((agreed.rules(Role::Client), rest.to_vec())),
//!         Err(ResponseError::Status(401)) => {
//!             // The response is available, for example its challenge.
//!             let challenge = response.header("WWW-Authenticate").unwrap_or_default();
//!             Err(io::Error::other(String::from_utf8_lossy(challenge)))
//!         }
//!         Err(error) => Err(error.into()), // after a status, `rest` begins the body
//!     }
//! }
//! # struct Peer(io::Cursor<Vec<u8>>);
//! # impl Read for Peer {
//! #     fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> { self.0.read(&mut buf[..1]) }
//! # }
//! # impl Write for Peer {
//! #     fn write(&mut self, buf: &[u8]) -> io::Result<usize> { Ok(buf.len()) }
//! #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! # }
//! # let uri = Uri::parse("ws://localhost/").unwrap();
//! # let key = || WebSocketKey::new(*b"the sample nonce");
//! # let accepts = b"HTTP/1.1 103 soon\r\n\r\nHTTP/1.1 101 ok\r\nUpgrade: websocket\r\n\
//! #     Connection: upgrade\r\n\
//! #     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
//! # let opened = open(Peer(io::Cursor::new(accepts.to_vec())), uri, key()).unwrap();
//! # assert_eq!(opened, (Rules::new(Role::Client), vec![]));
//! # let asks = b"HTTP/1.1 401 who?\r\nWWW-Authenticate: Bearer\r\n\r\n".to_vec();
//! # assert_eq!(open(Peer(io::Cursor::new(asks)), uri, key()).unwrap_err().to_string(), "Bearer");
//! ```
//!
//! With feature `rand`, `WebSocketKey::random` creates the key.
//!
//! # Strict and relaxed
//!
//! A peer's handshake must satisfy every rule of RFC 6455 §4. These can be relaxed by name:
//!
//! | to accept | call |
//! |---|---|
//! | raw UTF-8 in a request target, on either side | [`HandshakeRules::accept_utf8_target`] |
//! | an empty `Sec-WebSocket-Protocol` in a response | [`HandshakeRules::accept_empty_subprotocol`] |
//! | a subprotocol in a response that was not offered | [`HandshakeRules::accept_unoffered_subprotocol`] |
//! | a header field of a response that continues on the next line (obs-fold) | [`Response::unfold`] |
//!
//! By default, both sides accept all visible ASCII except `#` in a path and a query, and a percent
//! sign without two digits. Browsers and URL parsers send these. Lists may have empty elements,
//! such as `a,,b`, but not only empty ones (RFC 9110 §5.6.1).
//!
//! A server that acts for its users must check [`HandshakeRequest::origin`] itself. See
//! [`HandshakeRequest::check_origin`] and [`HandshakeRequest::check_same_origin`].
//!
//! # HTTP types
//!
//! Feature `http` makes the same decisions on requests and responses that another library has
//! parsed:
//!
//! | | server | client |
//! |---|---|---|
//! | HTTP/1.1 | `HandshakeRequest::from_http`, `HandshakeResponse::to_http` | `ClientHandshake::to_http`, `ClientHandshake::check_http` |
//! | HTTP/2 (RFC 8441), HTTP/3 (RFC 9220) | `HandshakeRequest::from_extended_connect`, `HandshakeResponse::to_http` | `ClientHandshake::to_extended_connect`, `ClientHandshake::check_http` |
//!
//! Over HTTP/2 and HTTP/3 a WebSocket is a stream that an extended CONNECT opens. The examples
//! `hyper`, `axum`, `h2`, `hyper_http2` and `http3` show complete programs.
//!
#![cfg_attr(feature = "http", doc = "```")]
#![cfg_attr(not(feature = "http"), doc = "```ignore")]
//! use wsframe::handshake::{HandshakeRequest, Rejection};
//!
//! /// Returns the response to a request. If its status is 101, the connection is a WebSocket.
//! fn answer<B>(request: &http::Request<B>) -> http::Response<&'static str> {
//!     let accepted = HandshakeRequest::from_http(request).and_then(|opening| {
//!         opening.check_origin(&["https://example.com"])?;
//!         Ok(opening.accept().to_http(&mut []).expect("valid values"))
//!     });
//!     match accepted {
//!         Ok((response, _agreed)) => response,
//!         Err(rejection) => rejection.to_http(request.version()),
//!     }
//! }
//!
//! let request = http::Request::builder()
//!     .uri("/chat")
//!     .header("Host", "server.example.com")
//!     .header("Upgrade", "websocket")
//!     .header("Connection", "Upgrade")
//!     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
//!     .header("Sec-WebSocket-Version", "13")
//!     .body(())?;
//! assert_eq!(answer(&request).headers()["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
//! # Ok::<(), http::Error>(())
//! ```

mod client;
mod fields;
mod head;
#[cfg(feature = "http")]
mod http;
mod key;
mod negotiation;
#[cfg(feature = "alloc")]
mod owned;
mod rejection;
mod response_error;
mod rules;
mod server;
mod subprotocol;
mod uri;
mod write;

pub use client::ClientHandshake;
pub use head::{
    DEFAULT_MAX_HEAD_LEN, DEFAULT_MAX_HEADERS, HeadError, HeadScanner, Request, Response,
};
pub use key::{AcceptValue, WebSocketKey};
pub use negotiation::Negotiated;
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use owned::OwnedHandshakeRequest;
pub use rejection::Rejection;
pub use response_error::ResponseError;
pub use rules::HandshakeRules;
pub use server::{HandshakeRequest, HandshakeResponse};
pub use uri::{Uri, UriError};
pub use write::{HttpReply, WriteError};

#[cfg(any(feature = "blocking", feature = "tokio"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "blocking", feature = "tokio"))))]
pub use crate::opening::{HandshakeError, Options, RefusedResponse};
