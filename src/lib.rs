//! A sans-I/O WebSocket codec (RFC 6455): frames, messages and connections, without copies and
//! without `std`. Unmasking and UTF-8 validation use SIMD, in a single pass.
//!
//! ```toml
//! wsframe = { version = "0.1", features = ["handshake", "rand"] }
//! ```
//!
//! # Overview
//!
//! Each layer is built on the ones below it, and can be used alone. Use the highest layer that
//! fits.
//!
//! - Streams receive and send whole messages: `WebSocketStream` over tokio, hyper and axum (feature
//!   `tokio`), and `blocking::WebSocket` over blocking sockets (feature `blocking`).
//! - A [`Connection`] turns received bytes into [`Event`]s, and answers Pings and Closes. You do
//!   the I/O. `adapter::Adapter` does it over `Read + Write`.
//! - [`MessageDecoder`] decodes messages without replies. [`Relay`] forwards frames.
//! - [`FrameDecoder`], [`FrameEncoder`] and [`FrameHeader`] decode and encode frames.
//! - [`Mask`] masks and unmasks. [`Utf8Validator`] validates text that arrives in chunks.
//!
//! Feature `handshake` adds the opening handshake, and feature `deflate` permessage-deflate.
//!
//! # Example: a server that echoes text
//!
//! This runs after the opening handshake. Pings, Closes and protocol errors are answered
//! automatically, and the memory does not depend on the lengths of messages.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use std::io;
//! use std::net::{Shutdown, TcpStream};
//! use wsframe::adapter::Adapter;
//! use wsframe::{Connection, Event};
//!
//! fn echo(adapter: &mut Adapter<TcpStream>) -> io::Result<()> {
//!     while let Some(mut batch) = adapter.next_batch()? {
//!         while let Some(event) = batch.receive() {
//!             // Text arrives in chunks, which are sent on as fragments.
//!             if let Event::Text(chunk) = event {
//!                 batch.connection.send_fragment(&chunk.text, chunk.last, batch.out)?;
//!             }
//!         }
//!     }
//!     Ok(())
//! }
//!
//! fn serve(socket: TcpStream) -> io::Result<()> {
//!     let mut adapter = Adapter::new(socket, Connection::server());
//!     let result = echo(&mut adapter);
//!     // Also after an error, so that the peer can read the Close.
//!     let ended = adapter.finish(|socket| socket.shutdown(Shutdown::Write));
//!     result.and(ended)
//! }
//! ```
//!
//! # Example: a connection without I/O
//!
//! The page of [`Connection`] also shows the loop around it.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use wsframe::{Connection, Event};
//!
//! let mut connection = Connection::server();
//! let mut out = Vec::new(); // bytes to send
//! let mut received = *b"\x89\x80\0\0\0\0\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
//!
//! let mut input = &mut received[..];
//! while let Some(event) = connection.receive(&mut input, &mut out)? {
//!     match event {
//!         Event::Ping(_) => println!("answered already"),
//!         Event::Text(chunk) => println!("{:?}", chunk.text.as_str()), // Some("Hello")
//!         other => println!("{other:?}"),
//!     }
//! }
//! connection.send("Hi", &mut out)?;
//! assert_eq!(out, b"\x8A\x00\x81\x02Hi"); // a Pong and a text message
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Example: unmasking and validating text
//!
//! ```
//! use wsframe::{Mask, MaskingKey, Utf8Validator};
//!
//! let mut mask = Mask::new(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
//! let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
//! let text = Utf8Validator::new().unmask_and_validate(&mut payload, &mut mask)?;
//! assert_eq!(text.as_str(), Some("Hello"));
//! # Ok::<(), wsframe::Utf8Error>(())
//! ```
//!
//! # Where to find what
//!
//! | to | use |
//! |---|---|
//! | receive and send messages, with automatic replies | [`Connection`] |
#![cfg_attr(
    feature = "tokio",
    doc = "| receive and send messages over tokio, as a `Stream` and a `Sink` | [`stream::WebSocketStream`] |"
)]
#![cfg_attr(
    feature = "tokio",
    doc = "| open a stream over tokio, as a server or a client | [`stream::accept`], [`stream::client`] |"
)]
#![cfg_attr(
    feature = "hyper",
    doc = "| open a stream over tokio in hyper or axum | [`stream::upgrade`] |"
)]
#![cfg_attr(
    feature = "blocking",
    doc = "| receive and send messages over blocking `Read + Write` | [`blocking::WebSocket`] |"
)]
#![cfg_attr(
    feature = "deflate",
    doc = "| compress messages (permessage-deflate, RFC 7692) | [`deflate::CompressedConnection`] |"
)]
#![cfg_attr(
    feature = "std",
    doc = "| receive events that borrow one buffer, over `Read + Write` or tokio | [`adapter`] |"
)]
//! | limit messages, frames and fragments | [`Limits`], [`Connection::limits`] |
//! | disable automatic Pongs or Closes | [`Connection::auto_pong`], [`Connection::auto_close`] |
//! | close with a code and a reason | [`Connection::close`], [`CloseCode`], [`CloseBody`] |
#![cfg_attr(feature = "alloc", doc = "| receive whole messages | [`Assembler`] |")]
#![cfg_attr(
    feature = "bytes",
    doc = "| receive whole messages as `Bytes` | [`BytesAssembler`], [`Message`] |"
)]
//! | receive messages without replies | [`MessageDecoder`], [`Event`] |
//! | forward frames between connections | [`Relay`] |
//! | decode and encode frames | [`FrameDecoder`], [`FrameEncoder`] |
//! | decode and encode frame headers | [`FrameHeader`], [`Rules`] |
//! | mask and unmask a payload | [`Mask`], [`mask::apply`] |
//! | validate UTF-8 text in chunks | [`Utf8Validator`] |
#![cfg_attr(
    feature = "handshake",
    doc = "| perform the opening handshake without I/O | [`handshake`] |"
)]
//! | parse and write `Sec-WebSocket-Extensions` | [`extensions`] |
#![cfg_attr(
    feature = "tokio",
    doc = "| use tokio-util's `Framed` | [`codec::MessageCodec`], [`codec::FrameCodec`] |"
)]
//!
//! Errors of a peer are [`ProtocolError`]s, with the RFC section and the close code. Errors of the
//! caller are [`EncodeError`]s.
//!
//! # Features
//!
//! Without features the crate needs neither `std` nor an allocator, and has everything that this
//! table does not list.
//!
//! | feature | adds |
//! |---|---|
//! | `std` (default) | `alloc`; `adapter`; `io::Error` from this crate's errors; with `rand`, `ThreadKeys` |
//! | `alloc` | encoding into `Vec` and `Arc`; `Assembler`, which collects messages |
//! | `bytes` | messages and frames as `Bytes`; encoding into `BufMut` |
//! | `deflate` | permessage-deflate; without `std`, its memory comes from C's `malloc` |
//! | `handshake` | the opening handshake; needs neither `std` nor an allocator |
//! | `http` | the opening handshake on the types of the crate `http`, also for HTTP/2 and HTTP/3 |
//! | `rand` | masking keys from the generators of the crate `rand` |
//! | `tokio` | `WebSocketStream` and its opening handshake; codecs for `Framed` |
//! | `blocking` | `blocking::WebSocket` and its opening handshake |
//! | `hyper` | `stream::upgrade`, which opens a `WebSocketStream` in hyper and axum |
//!
//! # SIMD and MSRV
//!
//! The first call of a kernel chooses it, also without `std`: AVX-512, AVX2 or SSSE3 on x86-64.
//! NEON and simd128 are known at compile time. Other machines use words of eight bytes. The MSRV is
//! 1.85. Compilers before 1.89 build without vectors. `--cfg wsframe_backend="words"` builds
//! without `unsafe`, and `"small"` for microcontrollers.

#![no_std]
#![cfg_attr(wsframe_backend = "words", forbid(unsafe_code))]
#![deny(unreachable_pub)]
#![deny(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
#[forbid(unsafe_code)]
pub mod adapter;
// Only the kernels contain `unsafe`.
#[doc(hidden)]
pub mod arch;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
#[forbid(unsafe_code)]
pub mod blocking;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
mod buffer;
#[forbid(unsafe_code)]
mod close;
#[cfg(any(feature = "blocking", feature = "tokio"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "blocking", feature = "tokio"))))]
#[forbid(unsafe_code)]
pub mod codec;
#[forbid(unsafe_code)]
mod connection;
#[cfg(feature = "deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
#[forbid(unsafe_code)]
pub mod deflate;
#[forbid(unsafe_code)]
mod error;
#[forbid(unsafe_code)]
pub mod extensions;
#[forbid(unsafe_code)]
mod frame;
#[cfg(feature = "handshake")]
#[cfg_attr(docsrs, doc(cfg(feature = "handshake")))]
#[forbid(unsafe_code)]
pub mod handshake;
#[forbid(unsafe_code)]
mod header;
#[cfg(feature = "std")]
#[forbid(unsafe_code)]
mod io;
#[forbid(unsafe_code)]
mod limits;
#[forbid(unsafe_code)]
pub mod mask;
#[forbid(unsafe_code)]
mod message;
#[forbid(unsafe_code)]
mod opcode;
#[cfg(any(feature = "blocking", feature = "tokio"))]
#[forbid(unsafe_code)]
mod opening;
#[cfg(feature = "bytes")]
#[forbid(unsafe_code)]
mod owned;
#[forbid(unsafe_code)]
mod relay;
#[forbid(unsafe_code)]
mod rsv;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[forbid(unsafe_code)]
pub mod stream;
#[forbid(unsafe_code)]
pub mod utf8;

pub use close::{CloseBody, CloseCode, EncodedCloseBody};
#[cfg(feature = "rand")]
pub use connection::RandomKeys;
#[cfg(all(feature = "rand", feature = "std"))]
pub use connection::ThreadKeys;
pub use connection::{
    Connection, MaskingKeys, MessageData, NoKeys, Output, SliceOutput, TransportAction,
};
pub use error::{EncodeError, ProtocolError, ReceiveError, Utf8Error};
pub use frame::{FrameChunk, FrameDecoder, FrameEncoder, FrameSpan, MIN_BUFFER_LEN, Payload};
pub use header::{
    EncodedHeader, FrameHeader, MAX_CONTROL_PAYLOAD_LEN, MAX_HEADER_LEN, Role, Rules,
};
pub use limits::Limits;
pub use mask::types::{Mask, MaskingKey};
#[cfg(feature = "alloc")]
pub use message::Assembler;
pub use message::{BinaryChunk, Event, MessageDecoder, MessageSpan, RawChunk, TextChunk};
pub use opcode::Opcode;
#[cfg(feature = "bytes")]
pub use owned::{BytesAssembler, CloseFrame, Frame, HeaderBuf, Message, Utf8Bytes};
pub use relay::{Relay, RelayedChunk};
pub use rsv::Rsv;
pub use utf8::validator::{PartialStr, Utf8Validator};

/// The README's examples are tests.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

/// The examples of the page for authors of other crates are tests.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../docs/adoption.md")]
struct AdoptionDoctests;

/// The recipes are tests.
#[cfg(all(doctest, feature = "deflate", feature = "tokio"))]
#[doc = include_str!("../docs/recipes.md")]
struct RecipesDoctests;
