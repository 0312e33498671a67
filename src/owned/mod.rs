//! Frames and messages that own their payload, as `Bytes` (feature `bytes`).
//!
//! A payload that was read into a `BytesMut` is unmasked in place and then split off. It is not
//! copied, and can be kept, sent on, or moved to another thread.
//!
//! | to | use |
//! |---|---|
//! | receive whole messages | [`BytesAssembler`], [`Message`] |
//! | receive whole frames | [`Frame::split`] |
//! | receive what has arrived of a frame | [`Span::split`](crate::Span::split) |
//! | write a frame to any `BufMut` | [`FrameEncoder::put`](crate::FrameEncoder::put) |
//! | send a payload without a copy | [`FrameEncoder::chain`](crate::FrameEncoder::chain) |
//! | queue a connection's output | `BytesMut`, which is an [`Output`](crate::Output) |
//! | send a [`Message`] | [`Connection::send_message`](crate::Connection::send_message) |
//!
//! `Bytes` share the buffer that they were split off, which lives as long as any of them. To keep a
//! short message for long, copy it (`Bytes::copy_from_slice`).
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
//!         texts.push(text); // owned, and not copied
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
