//! Frames and messages for tokio-util's `Framed` (feature `tokio`).
//!
//! | to get | use |
//! |---|---|
//! | a `Stream` and a `Sink` of messages that answers Pings and Closes automatically | `stream::WebSocketStream` |
//! | messages in a `Framed` of your own, where you answer Pings and Closes | `MessageCodec` |
//! | frames in a `Framed`, with no replies | `FrameCodec` |
//!
//! Both codecs return whole messages or frames, within the limits of their decoder. They do not copy
//! the payload of a message in one frame. Outgoing payloads are copied to the write buffer of
//! `Framed`; `WebSocketStream` queues long ones by reference. To receive messages that are too long
//! for memory, use `WebSocketStream::next_chunk`, or a [`Connection`](crate::Connection) with I/O of
//! your own.
//!
//! If the opening handshake negotiated compression, pass its result to the method `deflate` of the
//! codec or the stream (feature `deflate`).
//!
//! Reading is cancel-safe: a dropped `next` future loses nothing, because the `Framed` keeps all
//! bytes that have arrived. A dropped `send` future may or may not have queued its message, as with
//! every `Sink`. Sinks apply backpressure: `poll_ready` is pending while the write buffer holds 8
//! KiB that the peer has not taken (`Framed::set_backpressure_boundary`).
//!
#![cfg_attr(feature = "tokio", doc = "```")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use futures_util::{SinkExt, StreamExt};
//! use tokio_util::codec::Framed;
//! use wsframe::codec::{CodecError, MessageCodec};
//! use wsframe::{Connection, MaskingKey, Message};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), CodecError> {
//! # let (client_io, server_io) = tokio::io::duplex(64);
//! # let fresh_key = || MaskingKey::new([1, 2, 3, 4]);
//! let mut client = Framed::new(client_io, MessageCodec::new(Connection::client(fresh_key)));
//! let mut server = Framed::new(server_io, MessageCodec::new(Connection::server()));
//!
//! client.send(Message::text("Hello")).await?;
//! if let Some(message) = server.next().await {
//!     assert_eq!(message?, Message::text("Hello"));
//! }
//! # Ok(())
//! # }
//! ```

// Blocking connections use only a part of what codecs and streams share.
#![cfg_attr(not(feature = "tokio"), allow(dead_code, unreachable_pub))]

mod buffer;
pub(crate) mod chunks;
#[cfg(feature = "deflate")]
mod deflate;
mod error;
#[cfg(feature = "tokio")]
mod frame;
#[cfg(feature = "tokio")]
mod message;
mod messages;

#[cfg(feature = "blocking")]
pub(crate) use buffer::Growth;
pub use error::CodecError;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use frame::FrameCodec;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use message::MessageCodec;
pub(crate) use messages::Messages;
