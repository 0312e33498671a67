//! A sans-I/O WebSocket codec (RFC 6455): frames, messages and connections, without copies and
//! without `std`. Unmasking and UTF-8 validation use SIMD, in a single pass.
//!
//! ```toml
//! wsframe = { version = "0.1", features = ["handshake", "rand"] }
//! ```
//!
//! A server that echoes text, after the opening handshake, over any `Read + Write`:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use std::io::{self, Read, Write};
//! use wsframe::{Connection, Event, ReceiveError, TransportAction};
//!
//! fn echo(mut io: impl Read + Write) -> io::Result<()> {
//!     let (mut connection, mut out) = (Connection::server(), Vec::new());
//!     let (mut buf, mut len) = ([0; 4096], 0);
//!     while connection.transport_action() == TransportAction::KeepOpen {
//!         match io.read(&mut buf[len..])? {
//!             0 => connection.receive_eof(),
//!             n => len += n,
//!         }
//!         let mut input = &mut buf[..len];
//!         // Text arrives in chunks, which are sent on as fragments.
//!         let result = loop {
//!             match connection.receive(&mut input, &mut out) {
//!                 Ok(Some(Event::Text(chunk))) => {
//!                     connection.send_fragment(&chunk.text, chunk.last, &mut out)?;
//!                 }
//!                 Ok(Some(_)) => {} // Pings and Closes are answered already
//!                 Ok(None) => break Ok(()),
//!                 Err(ReceiveError::OutputFull) => {
//!                     io.write_all(&out)?; // many Pings at once
//!                     out.clear();
//!                 }
//!                 Err(error) => break Err(error),
//!             }
//!         };
//!         let rest = input.len();
//!         buf.copy_within(len - rest..len, 0);
//!         len = rest;
//!         io.write_all(&out)?; // after an error, this is the Close that tells the peer
//!         out.clear();
//!         result?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Where to find what
//!
//! | to | use |
//! |---|---|
//! | receive and send messages, with automatic replies | [`Connection`] |
#![cfg_attr(
    feature = "tokio",
    doc = "| the same over tokio's I/O, as a `Stream` and a `Sink` | [`stream::WebSocketStream`] |"
)]
#![cfg_attr(
    feature = "tokio",
    doc = "| open such a stream, as a server and as a client | [`stream::accept`], [`stream::client`] |"
)]
#![cfg_attr(
    feature = "hyper",
    doc = "| open such a stream in hyper or axum | [`stream::upgrade`] |"
)]
#![cfg_attr(
    feature = "blocking",
    doc = "| the same over blocking `Read + Write` | [`blocking::WebSocket`] |"
)]
#![cfg_attr(
    feature = "deflate",
    doc = "| the same with permessage-deflate (RFC 7692) | [`deflate::CompressedConnection`] |"
)]
#![cfg_attr(
    feature = "std",
    doc = "| the same with events that borrow, over `Read + Write` or tokio's I/O | [`adapter`] |"
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
#![cfg_attr(feature = "handshake", doc = "| accept or open a connection | [`handshake`] |")]
//! | parse and write `Sec-WebSocket-Extensions` | [`extensions`] |
#![cfg_attr(
    feature = "tokio",
    doc = "| use tokio-util's `Framed` | [`codec::MessageCodec`], [`codec::FrameCodec`] |"
)]
//!
//! Each layer is built on the ones below it, and can be used alone. Use the highest layer that
//! fits. Errors of a peer are [`ProtocolError`], which knows its RFC section and its close code.
//! Errors of the caller are [`EncodeError`].
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `std` (default) | `alloc`; `io::Error` from this crate's errors; with `rand`, the thread's generator of keys |
//! | `alloc` | encoding into `Vec` and `Arc`; collecting messages |
//! | `bytes` | messages and frames as `Bytes`; encoding into `BufMut` |
//! | `deflate` | permessage-deflate; without `std`, its memory comes from C's `malloc` |
//! | `handshake` | the opening handshake; needs neither `std` nor an allocator |
//! | `http` | the opening handshake on the types of the crate `http`, also for HTTP/2 and HTTP/3 |
//! | `rand` | keys from the generators of the crate `rand` |
//! | `tokio` | `WebSocketStream` and its opening handshake; codecs for `Framed` |
//! | `blocking` | the same over blocking I/O |
//! | `hyper` | the same over hyper's upgrades, and so in axum |
//!
//! Without features the crate needs neither `std` nor an allocator.
//!
//! # SIMD and MSRV
//!
//! The kernels are chosen at the first call, also without `std`: AVX-512, AVX2 or SSSE3 on x86-64.
//! NEON and simd128 are known at compile time. Other machines use words of eight bytes. The MSRV is
//! 1.85; compilers before 1.89 build without vectors. `--cfg wsframe_backend="words"` builds
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
// `unsafe` is a matter of the kernels alone.
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

/// So are those of the page for authors of other crates.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../docs/adoption.md")]
struct AdoptionDoctests;

/// And the recipes.
#[cfg(all(doctest, feature = "deflate", feature = "tokio"))]
#[doc = include_str!("../docs/recipes.md")]
struct RecipesDoctests;
