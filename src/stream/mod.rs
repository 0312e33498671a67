//! WebSocket connections over tokio's I/O (feature `tokio`).
//!
//! [`WebSocketStream`] is a `Stream` and a `Sink` of [`Message`](crate::Message)s over any
//! `AsyncRead + AsyncWrite`. It answers Pings and Closes automatically.
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use wsframe::Message;
//! use wsframe::handshake::Options;
//! use wsframe::stream;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (client_io, server_io) = tokio::io::duplex(64);
//! let options = Options::new();
//! let server = async {
//!     let mut server = stream::accept(server_io, &options).await?;
//!     while let Some(message) = server.next().await {
//!         match message? {
//!             echo @ (Message::Text(_) | Message::Binary(_)) => server.feed(echo).await?,
//!             _ => {} // a Ping or a Close was answered already
//!         }
//!     }
//!     Ok(())
//! };
//! let client = async {
//!     let mut client = stream::client(client_io, "ws://localhost/", &options).await?;
//!     client.send(Message::text("Hello")).await?;
//!     if let Some(echo) = client.next().await {
//!         assert_eq!(echo?, Message::text("Hello"));
//!     }
//!     client.close().await?; // sends a Close
//!     while let Some(message) = client.next().await {
//!         message?; // until the server's Close has arrived and the transport has ended
//!     }
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! };
//! tokio::try_join!(server, client)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Opening a connection
//!
//! | to | call |
//! |---|---|
//! | accept a client | [`accept`] |
//! | decide on its request first | [`accept_request`] |
#![cfg_attr(feature = "hyper", doc = "| accept a client in hyper or axum | [`upgrade`] |")]
//! | connect to a server | [`client`] |
//! | use another opening handshake | [`WebSocketStream::new`] |
//!
//! [`Options`](crate::handshake::Options) contain what to negotiate and the limits on the peer.
//!
//! # Sending
//!
//! | call | writes |
//! |---|---|
//! | `send` | the message, and returns when the transport has taken it |
//! | `feed` | when 64 KiB are queued ([`set_backpressure_boundary`](WebSocketStream::set_backpressure_boundary)), or when `next` finds nothing more to read |
//! | `flush` | all that is queued |
//!
//! So a loop that echoes with `feed` writes the answers to one read together, and needs no `flush`.
//! A task that never reads must call `flush` or `send`.
//!
//! # Messages in parts
//!
//! Messages that are too long for memory can be received and sent in parts.
//! [`next_chunk`](WebSocketStream::next_chunk) returns the bytes of a message as they arrive.
//! [`send_fragment`](WebSocketStream::send_fragment) sends a message in several frames, and Pings
//! may be sent between them. Both can be mixed with whole messages.
//!
//! # Many clients
//!
//! A [`PreparedMessage`] is encoded and compressed once, and sent to any number of streams.
//!
//! # Cancel safety
//!
//! `next` and `next_chunk` are cancel-safe: a dropped future loses nothing, because the stream keeps
//! all bytes that have arrived. A dropped future of `send` or `feed` may or may not have queued its
//! message, as with every `Sink`. Dropping a future of `accept` or `client` drops the transport, so
//! it ends the connection.
//!
//! # Memory
//!
//! A stream has no buffers until the first bytes arrive. Its read buffer then has 4 KiB. It grows to
//! 256 KiB while reads fill it, and further while a long frame arrives. After a few small reads it
//! has 4 KiB again. The write queue grows with what is sent, and shrinks in the same way. If a stream
//! only sends, each flush frees a queue of 2 to 16 KiB, so that many such streams can share memory.
//!
//! [`release_buffers`](WebSocketStream::release_buffers) frees both buffers of an idle stream.
//! [`release_buffers_after`](WebSocketStream::release_buffers_after) does this automatically. It is
//! off by default, because a running timer costs the stream two allocations.
//!
//! The payload of a message in one frame shares the memory of the read buffer. A message that the
//! caller keeps therefore keeps the whole buffer allocated, and the stream allocates another one
//! when it is full. To keep a short message for long, copy its payload with
//! [`Message::detach`](crate::Message::detach).

#[cfg(feature = "hyper")]
mod hyper;
mod idle;
mod keep_alive;
mod open;
mod prepared;
mod read;
mod sending;
mod split;
mod timer;
mod wakers;
mod websocket;
mod write;

pub use crate::codec::chunks::Chunk;
#[cfg(feature = "hyper")]
pub use hyper::upgrade;
pub use open::{AcceptRequest, accept, accept_request, accept_request_with, client};
pub use prepared::PreparedMessage;
pub use split::{ReuniteError, SplitSink, SplitStream};
pub use websocket::{StreamParts, WebSocketStream};
