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
//! [`Options`](crate::handshake::Options) say what is negotiated, and what the peer may do.
//!
//! # Sending
//!
//! | call | writes |
//! |---|---|
//! | `send` | the message, and returns when the transport has taken it |
//! | `feed` | when 64 KiB are queued ([`set_backpressure_boundary`](WebSocketStream::set_backpressure_boundary)), or when `next` finds nothing more to read |
//! | `flush` | all that is queued |
//!
//! A loop that echoes with `feed` therefore writes the answers to one read together, and need not
//! flush. A task that never reads must call `flush` (or `send`) itself.
//!
//! # Messages in parts
//!
//! A message that is too long to be held can be received and sent in parts:
//! [`next_chunk`](WebSocketStream::next_chunk) returns what has arrived of a message, and
//! [`send_fragment`](WebSocketStream::send_fragment) sends a message in several frames, with Pings
//! between them. Both can be used beside whole messages.
//!
//! # Many clients
//!
//! A [`PreparedMessage`] is encoded and compressed once, and sent to any number of streams.
//!
//! # Cancel safety
//!
//! `next` and `next_chunk` are cancel-safe: all that has arrived is in the stream, so a future that
//! is dropped loses nothing. A future of `send` or `feed` that is dropped may or may not have
//! queued its message, as with every `Sink`. A future of `accept` or `client` that is dropped drops
//! the transport, and so ends the connection.
//!
//! # Memory
//!
//! A stream has no buffers until the first bytes arrive. Then its read buffer has 4 KiB; it grows
//! up to 256 KiB while reads fill it, beyond that for a long frame that arrives, and is small again
//! after a few small reads. The write queue of a stream that sends without receiving is freed by
//! each flush if it has 2 to 16 KiB, so hundreds of such streams do not keep one each.
//! [`release_buffers`](WebSocketStream::release_buffers) frees both
//! buffers of an idle stream, and [`release_buffers_after`](WebSocketStream::release_buffers_after)
//! has the stream do so by itself. This takes a timer of tokio, which is off unless it is asked
//! for: it costs an idle stream two allocations while it runs.
//!
//! The payload of a message that arrived in one frame shares the memory of the read buffer. A
//! message that is kept keeps all of that memory, and the stream allocates another buffer when this
//! one is full. To keep a short message for long, call [`Message::detach`](crate::Message::detach),
//! which copies the payload.

#[cfg(feature = "hyper")]
mod hyper;
mod idle;
mod keep_alive;
mod open;
mod prepared;
mod read;
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
