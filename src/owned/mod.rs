//! Frames and messages that own their payloads, as `Bytes` (feature `bytes`).
//!
//! What is read into a `BytesMut` is unmasked where it lies, and then split off: a payload is not copied,
//! and can be sent on, kept, or given to another thread. [`BytesAssembler`] does this for whole messages,
//! [`Frame::split`] for whole frames, [`Span::split`](crate::Span::split) for what has come of a frame.
//!
//! On the way out, [`FrameEncoder::put`](crate::FrameEncoder::put) writes a frame to any `BufMut`,
//! [`FrameEncoder::chain`](crate::FrameEncoder::chain) puts the header in front of a payload that is not
//! copied, for a vectored write, and a [`Connection`](crate::Connection) takes a `BytesMut` for its output.
//!
//! `Bytes` share the buffer that they were split off, which lives as long as any of them. A short message
//! that is to be kept for long is better copied (`Bytes::copy_from_slice`).
//!
//! ```
//! use bytes::BytesMut;
//! use wsframe::{BytesAssembler, Connection, Message};
//!
//! let mut connection = Connection::server();
//! let mut assembler = BytesAssembler::new();
//! let mut out = BytesMut::new();
//!
//! // Read: "Hello" in a masked text frame, and a masked Ping.
//! let mut input = BytesMut::from(
//!     &b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x80\0\0\0\0"[..],
//! );
//! let mut texts = Vec::new();
//! while let Some(message) = assembler.receive(&mut connection, &mut input, &mut out)? {
//!     if let Message::Text(text) = message {
//!         texts.push(text); // it is ours
//!     }
//! }
//! assert_eq!(texts, ["Hello"]);
//! assert_eq!(&out[..], b"\x8A\x00"); // the Pong
//! # Ok::<(), wsframe::ReceiveError>(())
//! ```

mod assembler;
mod encode;
mod frame;
mod message;
mod text;

pub use assembler::BytesAssembler;
pub use encode::HeaderBuf;
pub use frame::Frame;
pub use message::{CloseFrame, Message};
pub use text::Utf8Bytes;
