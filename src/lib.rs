//! The WebSocket protocol (RFC 6455) as a codec: headers, masking, incremental UTF-8, frames, messages and
//! connections, without I/O, without copies, without `std`.
//!
//! Each module is one idea of the RFC, and stands on those before it. Take the highest that fits, or only
//! the part that you lack:
//!
//! | to | take |
//! |---|---|
//! | open a connection, as a server or a client | `handshake` |
//! | speak the protocol: messages, replies, the closing handshake | [`Connection`] |
//! | read messages out of a stream of bytes | [`MessageDecoder`], [`Event`], `Assembler` |
//! | pass frames on from one connection to another | [`Relay`] |
//! | find frames in a stream of bytes | [`FrameDecoder`], [`FrameChunk`], [`Payload`] |
//! | make frames | [`FrameEncoder`] |
//! | read and write what a Close frame says | [`CloseBody`], [`CloseCode`] |
//! | validate text as it arrives | [`Utf8Validator`] |
//! | mask and unmask | [`MaskingKey`], [`Mask`] |
//! | read and write the header of a frame | [`FrameHeader`], [`Opcode`], [`Rsv`], [`Rules`] |
//! | read and write `Sec-WebSocket-Extensions` | [`extensions`] |
//! | compress messages (RFC 7692) | `deflate`, with a `CompressedConnection` |
//! | have messages as `Bytes`, split off the buffer that they were read into | `owned` |
//! | have a `Stream` and a `Sink` of messages over tokio's I/O | `codec` |
//!
//! What a peer may do wrong is a [`ProtocolError`], which knows the rule and the close code.
//!
//! # From a header to a connection
//!
//! One frame, as each layer sees it: the text "Hello" from a client (RFC 6455 §5.7). Each does what the one
//! before it leaves to be done.
//!
//! ```
//! const RECEIVED: [u8; 11] = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
//!
//! // The header: what kind of frame it is, how long its payload is, and which key masks it.
//! use wsframe::{FrameHeader, Opcode, Role, Rules};
//! let decoded = FrameHeader::decode(&RECEIVED, Rules::new(Role::Server))?;
//! let (header, header_len) = decoded.ok_or("more bytes are needed")?;
//! assert_eq!((header.opcode, header.payload_len, header_len), (Opcode::Text, 5, 6));
//!
//! // The mask: applied to any pieces, it keeps its position.
//! let mut frame = RECEIVED;
//! let payload = &mut frame[header_len..];
//! let mut mask = header.mask();
//! mask.apply(payload);
//!
//! // The text: in any pieces too, refused at its first wrong byte.
//! use wsframe::Utf8Validator;
//! let mut text = Utf8Validator::new();
//! text.validate(payload)?;
//! text.finish()?;
//!
//! // The frames: found in what was read so far, each payload in place and still masked. A frame that
//! // has not arrived whole comes in several chunks.
//! use wsframe::FrameDecoder;
//! let mut buf = RECEIVED;
//! let mut input = &mut buf[..];
//! let mut frames = FrameDecoder::new(Role::Server);
//! let mut payload = Vec::new();
//! while let Some(chunk) = frames.decode(&mut input)? {
//!     payload.extend_from_slice(chunk.payload.unmask());
//! }
//! assert_eq!(payload, b"Hello");
//!
//! // The messages: fragments in their order, control frames between them, limits, text validated.
//! use wsframe::{Event, MessageDecoder};
//! let mut buf = RECEIVED;
//! let mut input = &mut buf[..];
//! let mut messages = MessageDecoder::new(Role::Server);
//! let mut text = Vec::new();
//! while let Some(event) = messages.decode(&mut input)? {
//!     if let Event::Text(chunk) = event {
//!         text.extend_from_slice(chunk.text.as_bytes()); // may end inside a character
//!     }
//! }
//! assert_eq!(text, b"Hello");
//!
//! // The connection: what is to be said in reply, who closes, and when. This one echoes text.
//! use wsframe::{Connection, FixedOutput};
//! let mut buf = RECEIVED;
//! let mut input = &mut buf[..];
//! let mut room = [0; 256];
//! let mut out = FixedOutput::new(&mut room);
//! let mut connection = Connection::server();
//! while let Some(event) = connection.receive(&mut input, &mut out)? {
//!     if let Event::Text(chunk) = event {
//!         connection.send_fragment(&chunk.text, chunk.last, &mut out)?;
//!     }
//! }
//! assert_eq!(out.bytes(), b"\x81\x05Hello");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Before the first frame stands the opening handshake (`handshake`), which may agree on compression
//! (`deflate`); around a connection stand the types and traits of others (`owned`, `codec`).
//!
//! # Features
//!
//! - `std` (default): `alloc`, `io::Error` from this crate's errors, and with `rand` the thread's generator
//!   of masking keys.
//! - `alloc`: encoding into `Vec` and `Arc`, and collecting messages (`Assembler`).
//! - `bytes`: messages and frames as `Bytes`, and encoding into `BufMut`; with `alloc`.
//! - `deflate`: permessage-deflate. Without `std` its memory comes from C's `malloc`.
//! - `handshake`: the opening handshake, with neither `std` nor an allocator.
//! - `http`: the opening handshake on the types of the crate `http`, also over HTTP/2 and HTTP/3.
//! - `rand`: keys from the generators of the `rand` crate.
//! - `tokio-util`: codecs for `Framed`, and connections as a `Stream` and a `Sink`; with `bytes` and `std`.
//!
//! Without features the crate needs neither `std` nor an allocator, and has everything else.

#![no_std]
#![cfg_attr(wsframe_backend = "words", forbid(unsafe_code))]
#![deny(unreachable_pub)]
#![deny(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

// `unsafe` is a matter of the kernels alone.
#[doc(hidden)]
pub mod arch;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
mod buffer;
#[forbid(unsafe_code)]
pub mod close;
#[cfg(feature = "tokio-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio-util")))]
#[forbid(unsafe_code)]
pub mod codec;
#[forbid(unsafe_code)]
pub mod connection;
#[cfg(feature = "deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
#[forbid(unsafe_code)]
pub mod deflate;
#[forbid(unsafe_code)]
pub mod error;
#[forbid(unsafe_code)]
pub mod extensions;
#[forbid(unsafe_code)]
pub mod frame;
#[cfg(feature = "handshake")]
#[cfg_attr(docsrs, doc(cfg(feature = "handshake")))]
#[forbid(unsafe_code)]
pub mod handshake;
#[forbid(unsafe_code)]
pub mod header;
#[cfg(feature = "std")]
#[forbid(unsafe_code)]
mod io;
#[forbid(unsafe_code)]
pub mod mask;
#[forbid(unsafe_code)]
pub mod message;
#[cfg(feature = "bytes")]
#[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
#[forbid(unsafe_code)]
pub mod owned;
#[forbid(unsafe_code)]
pub mod relay;
#[forbid(unsafe_code)]
pub mod utf8;

pub use close::{CloseBody, CloseCode, EncodedCloseBody};
#[cfg(feature = "rand")]
pub use connection::RandomKeys;
#[cfg(all(feature = "rand", feature = "std"))]
pub use connection::ThreadKeys;
pub use connection::{Connection, Data, FixedOutput, MaskingKeys, Output, Transport, Unmasked};
pub use error::{EncodeError, ProtocolError, ReceiveError, Utf8Error};
pub use frame::{FrameChunk, FrameDecoder, FrameEncoder, MIN_BUFFER_LEN, NO_LIMIT, Payload, Span};
pub use header::{
    EncodedHeader, FrameHeader, MAX_CONTROL_PAYLOAD_LEN, MAX_HEADER_LEN, Opcode, Role, Rsv, Rules,
};
pub use mask::{Mask, MaskingKey};
#[cfg(feature = "alloc")]
pub use message::Assembler;
pub use message::{BinaryChunk, Event, MessageDecoder, MessageSpan, RawChunk, TextChunk};
#[cfg(feature = "bytes")]
pub use owned::{BytesAssembler, CloseFrame, Frame, Message, Utf8Bytes};
pub use relay::{Forwarded, Relay};
pub use utf8::{Checked, Utf8Validator};

/// The README's examples are tests.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

/// So are those of the page for authors of other crates.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../docs/adoption.md")]
struct AdoptionDoctests;
