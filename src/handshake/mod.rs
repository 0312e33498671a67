//! The opening handshake of both sides (RFC 6455 §4), without I/O: bytes in, decisions, bytes out.
//!
//! Nothing here allocates or needs `std`, but for [the types of the crate `http`](#http-types). What is
//! handed out borrows what the caller read, and bytes behind the head stay where they are.
//!
//! # A server
//!
//! ```
//! use wsframe::handshake::{EMPTY_HEADER, HeadReader, Refusal, Reply, Request};
//! use wsframe::{Role, Rules};
//!
//! #[derive(Debug, PartialEq)]
//! enum Answer {
//!     NotYet,
//!     Close,
//!     WebSocket { frames_at: usize, rules: Rules },
//! }
//!
//! /// Answers the request that `received` begins with: writes to `out` what is to be sent.
//! fn answer(reader: &mut HeadReader, received: &[u8], out: &mut String) -> Answer {
//!     try_answer(reader, received, out).unwrap_or_else(|refusal| {
//!         refusal.write(out).expect("a String takes all"); // the status, and what it obliges to say
//!         Answer::Close
//!     })
//! }
//!
//! fn try_answer(reader: &mut HeadReader, received: &[u8], out: &mut String) -> Result<Answer, Refusal> {
//!     let Some(head_len) = reader.find(received)? else { return Ok(Answer::NotYet) };
//!     let mut storage = [EMPTY_HEADER; 64]; // as many header fields as are allowed
//!     let request = Request::parse(&received[..head_len], &mut storage)?;
//!     if !request.is_handshake() {
//!         Reply::new(404, "there are no pages here").write(out).expect("a right reply");
//!         return Ok(Answer::Close);
//!     }
//!
//!     let opening = request.opening()?; // §4.2.1
//!     opening.check_origin(&["https://example.com"])?; // §10.2
//!     let chosen = opening.choose_subprotocol(&["superchat", "chat"]);
//!     let agreed = opening.accept().subprotocol(chosen).write(&mut [], out).expect("a right answer");
//!     Ok(Answer::WebSocket { frames_at: head_len, rules: agreed.rules(Role::Server) })
//! }
//!
//! // RFC 6455 §1.2, and the first bytes of a frame.
//! let received = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Origin: https://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
//!     Sec-WebSocket-Version: 13\r\n\r\n\x81\x85";
//! let (mut reader, mut out) = (HeadReader::new(), String::new());
//! assert_eq!(answer(&mut reader, &received[..100], &mut out), Answer::NotYet);
//! assert_eq!(
//!     answer(&mut reader, received, &mut out),
//!     Answer::WebSocket { frames_at: received.len() - 2, rules: Rules::new(Role::Server) }
//! );
//! assert_eq!(
//!     out,
//!     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: superchat\r\n\r\n"
//! );
//! ```
//!
//! Extensions join where the empty list stands; see [`Negotiate`](crate::extensions::Negotiate).
//!
//! # A client
//!
//! ```
//! use std::io::{self, Read, Write};
//! use wsframe::handshake::{ClientHandshake, EMPTY_HEADER, HeadReader, Key, Response, ResponseError, Uri};
//! use wsframe::{Role, Rules};
//!
//! /// Opens a WebSocket on a connection to the URI's host. Gives the rules for frames from the server,
//! /// and what has already arrived of them.
//! fn open(mut socket: impl Read + Write, uri: Uri<'_>, key: Key) -> io::Result<(Rules, Vec<u8>)> {
//!     let handshake = ClientHandshake::new(uri, key).headers(&[("Authorization", "Bearer 7")]);
//!     let mut request = String::new();
//!     handshake.write(&[], &mut request)?;
//!     socket.write_all(request.as_bytes())?;
//!
//!     let (mut received, mut chunk) = (Vec::new(), [0; 4096]);
//!     let mut reader = HeadReader::new();
//!     let head = loop {
//!         let count = socket.read(&mut chunk)?;
//!         if count == 0 {
//!             return Err(io::ErrorKind::UnexpectedEof.into());
//!         }
//!         received.extend(&chunk[..count]);
//!         // 103 (Early Hints) and its like are passed over.
//!         if let Some(head) = reader.find_final(&received)? {
//!             break head;
//!         }
//!     };
//!     let rest = &received[head.end..];
//!     let mut storage = [EMPTY_HEADER; 64];
//!     let response = Response::parse(&received[head], &mut storage)?;
//!     match handshake.check(&response, &mut []) {
//!         Ok(agreed) => Ok((agreed.rules(Role::Client), rest.to_vec())),
//!         Err(ResponseError::Status(401)) => {
//!             // The response is there to be read: why, and what would help.
//!             let challenge = response.header("WWW-Authenticate").unwrap_or_default();
//!             Err(io::Error::other(String::from_utf8_lossy(challenge)))
//!         }
//!         Err(error) => Err(error.into()), // `rest` begins the body, if it is a status
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
//! # let key = || Key::new(*b"the sample nonce");
//! # let accepts = b"HTTP/1.1 103 soon\r\n\r\nHTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
//! #     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
//! # let opened = open(Peer(io::Cursor::new(accepts.to_vec())), uri, key()).unwrap();
//! # assert_eq!(opened, (Rules::new(Role::Client), vec![]));
//! # let asks = b"HTTP/1.1 401 who?\r\nWWW-Authenticate: Bearer\r\n\r\n".to_vec();
//! # assert_eq!(open(Peer(io::Cursor::new(asks)), uri, key()).unwrap_err().to_string(), "Bearer");
//! ```
//!
//! With feature `rand`, `Key::random` draws the key.
//!
//! # Strict and relaxed
//!
//! A peer's handshake must satisfy every rule of RFC 6455 §4. These are relaxed by name:
//!
//! | what | accepted by |
//! |---|---|
//! | raw UTF-8 in a request target | [`HandshakeRules::accept_utf8_target`], on either side |
//! | an empty `Sec-WebSocket-Protocol` in a response | [`HandshakeRules::accept_empty_subprotocol`] |
//! | a subprotocol in a response that was not offered | [`HandshakeRules::accept_unoffered_subprotocol`] |
//! | a header field of a response that is continued on the next line (obs-fold) | [`Response::unfold`] |
//!
//! Without a name, both sides accept in a path and a query what browsers and URL parsers leave there: all
//! visible ASCII but `#`, and a percent sign without its two digits. Lists may have empty elements among
//! others, such as `a,,b`, but not those alone (RFC 9110 §5.6.1).
//!
//! A server must check [`Opening::origin`] itself if it acts for its users: see
//! [`Opening::check_origin`] and [`Opening::check_same_origin`].
//!
//! # HTTP types
//!
//! Feature `http` makes the same decisions on requests and responses that another library has parsed:
//! `Opening::from_http` and `Acceptance::to_http` on a server, `ClientHandshake::to_http` and
//! `ClientHandshake::check_http` on a client. Over HTTP/2 and HTTP/3, where a WebSocket is a stream that
//! an extended CONNECT opens (RFC 8441, RFC 9220), it is `Opening::from_extended_connect` and
//! `ClientHandshake::to_extended_connect`. The examples `hyper`, `axum` and `h2` show them at work.
//!
#![cfg_attr(feature = "http", doc = "```")]
#![cfg_attr(not(feature = "http"), doc = "```ignore")]
//! use wsframe::handshake::{Opening, Refusal};
//!
//! /// The response to a request; if its status is 101, the connection is a WebSocket.
//! fn answer<B>(request: &http::Request<B>) -> http::Response<&'static str> {
//!     let accepted = Opening::from_http(request).and_then(|opening| {
//!         opening.check_origin(&["https://example.com"])?;
//!         Ok(opening.accept().to_http(&mut []).expect("nothing that could not stand in a response"))
//!     });
//!     match accepted {
//!         Ok((response, _agreed)) => response,
//!         Err(refusal) => refusal.to_http(request.version()),
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
mod refusal;
mod rules;
mod server;
mod subprotocol;
mod uri;
mod write;

pub use client::{ClientHandshake, ResponseError};
pub use head::{DEFAULT_MAX_HEAD_LEN, HeadError, HeadReader, Request, Response};
pub use httparse::{EMPTY_HEADER, Header};
pub use key::{AcceptValue, Key};
pub use negotiation::Agreed;
pub use refusal::Refusal;
pub use rules::HandshakeRules;
pub use server::{Acceptance, Opening};
pub use uri::{Uri, UriError};
pub use write::{Reply, WriteError};
