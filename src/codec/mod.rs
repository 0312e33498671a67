//! Frames and messages for tokio (feature `tokio-util`).
//!
//! | to have | take |
//! |---|---|
//! | a `Stream` and a `Sink` of messages that speaks the protocol by itself | [`WebSocketStream`] |
//! | messages in a `Framed` of one's own, which answers Pings and Closes itself | [`MessageCodec`] |
//! | frames in a `Framed`, and nothing replied | [`FrameCodec`] |
//!
//! All three hold messages and frames whole, within the limits of their decoder, and each payload of a
//! message in one frame lies where it was read. What is sent is copied to the write buffer of `Framed`. Who
//! has messages too long to be held, or wants vectored writes, takes a connection and does the I/O.
//!
//! Messages are compressed where the opening handshake agreed on it: with feature `deflate`, tell the codec
//! or the stream what was agreed, by their method `deflate`.
//!
//! Reading is cancel-safe: a future of `next` that was dropped has lost nothing, since all that has arrived
//! is in the stream. Sinks push back: `poll_ready` is pending while the write buffer holds 8 KiB
//! (or what method `set_backpressure_boundary` says) that the peer does not read. A future of `send` that was dropped may
//! or may not have taken its message, as with every `Sink`.
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use wsframe::codec::{CodecError, WebSocketStream};
//! use wsframe::{Connection, MaskingKey, Message};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), CodecError> {
//! # let (client_io, server_io) = tokio::io::duplex(64);
//! # let fresh_key = || MaskingKey::new([1, 2, 3, 4]);
//! let server = async {
//!     let mut server = WebSocketStream::new(server_io, Connection::server());
//!     while let Some(message) = server.next().await {
//!         match message? {
//!             echo @ (Message::Text(_) | Message::Binary(_)) => server.send(echo).await?,
//!             _ => {} // a Ping or a Close was answered already
//!         }
//!     }
//!     Ok(())
//! };
//! let client = async {
//!     let mut client = WebSocketStream::new(client_io, Connection::client(fresh_key));
//!     client.send(Message::text("Hello")).await?;
//!     assert_eq!(client.next().await.unwrap()?, Message::text("Hello"));
//!     client.close().await?; // says so
//!     while let Some(message) = client.next().await {
//!         message?; // until the server's Close has come, and the end
//!     }
//!     Ok::<_, CodecError>(())
//! };
//! tokio::try_join!(server, client)?;
//! # Ok(())
//! # }
//! ```

mod buffer;
#[cfg(feature = "deflate")]
mod deflate;
mod error;
mod frame;
mod message;
mod stream;
mod wakers;

#[cfg(feature = "deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
pub use deflate::SharedPool;
pub use error::CodecError;
pub use frame::FrameCodec;
pub use message::MessageCodec;
pub use stream::WebSocketStream;
