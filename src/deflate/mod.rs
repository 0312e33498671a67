//! permessage-deflate (RFC 7692): compressed messages.
//!
//! [`CompressedConnection`] is a [`Connection`](crate::Connection) with compression. Streams and
//! codecs (features `tokio` and `blocking`) have a method `deflate`. The other types work on message
//! payloads and on values of header fields alone, so a crate with its own frame layer can use them:
//!
//! 1. [`Negotiation`] negotiates [`DeflateParameters`] with the peer. They contain, for each
//!    direction, whether a message may refer to earlier ones (context takeover), and how far back.
//! 2. [`Compressor`] compresses a message into the payload of its frames. RSV1 marks the first
//!    frame.
//! 3. [`Decompressor`] decompresses such a payload, within a limit on the decompressed length.
//!
//! All three accept and return bytes in pieces of any size. [`Config`] contains an endpoint's
//! settings and decides which messages are compressed. [`Broadcast`] compresses a message once for
//! many receivers.
//!
//! ```
//! use wsframe::Role;
//! use wsframe::deflate::{Compressor, Config, Decompressor, CompressorOptions, DeflateParameters};
//!
//! let config = Config::new(DeflateParameters::DEFAULT);
//! let agreed = DeflateParameters::DEFAULT; // the result of `Negotiation::agreed`
//! let mut to_client = Compressor::new(agreed.sent_by(Role::Server), CompressorOptions::DEFAULT);
//! let mut from_server =
//!     Decompressor::new(agreed.received_by(Role::Client)).max_message_size(1 << 20);
//!
//! for text in ["{\"price\":42.1875} ".repeat(9), "{\"price\":42.25} ".repeat(9)] {
//!     assert!(config.should_compress(to_client.context(), text.len()));
//!     let (mut payload, mut message) = (Vec::new(), Vec::new());
//!     to_client.append(text.as_bytes(), &mut payload);
//!     assert!(payload.len() < text.len() / 2);
//!     from_server.append(&payload, &mut message)?;
//!     assert_eq!(message, text.as_bytes());
//! }
//! # Ok::<(), wsframe::ProtocolError>(())
//! ```
//!
//! # Memory
//!
//! On 64-bit targets a [`Decompressor`] takes 47 KiB for any window. A [`Compressor`] takes, in
//! KiB:
//!
//! | window bits | memory level 8 | 6 (the default) | 1 |
//! |---|---|---|---|
//! | 15 | 372 | 288 | 261 |
//! | 12 | 260 | 176 | 149 |
//! | 9 (and 8) | 246 | 162 | 135 |
//!
//! Of these, 128 KiB are a hash table of fixed size. `tests/it/rfc7692_memory.rs` counts them.
//!
//! Between messages, a connection keeps:
//!
//! | | without context takeover | with context takeover |
//! |---|---|---|
//! | to send | 32 bytes ([`PooledCompressor`]) | these and the compressor, until [`PooledCompressor::release`] |
//! | to receive | 48 bytes ([`PooledDecompressor`]) | these and the decompressor, until the connection ends |
//!
//! While a message is open, it takes what it lacks from a [`Pool`]. A [`CompressedConnection`] has
//! 168 bytes in all. A server can limit the memory of idle connections in three ways:
//!
//! - ask its clients for no context takeover
//! - release the compressors of quiet connections, which is allowed between any two messages
//! - use [`DeflateParameters::NO_TAKEOVER`], which does both from the start
//!
//! # The compressor
//!
//! The compressor is `zlib-rs`. Among Rust's compressors, it alone supports windows of every size,
//! and it can be used without `unsafe` and without `std`. Without `std` its memory comes from C's
//! `posix_memalign` (or `malloc`) and `free`, which a program without a C library must define.
//!
//! `miniz_oxide` needs neither, but has only one window size. It takes about twice the time for the
//! same compression, and produces larger output for short messages with context takeover. To
//! compare them:
//!
//! ```sh
//! cargo run --release --manifest-path benches/rivals/Cargo.toml -- deflate
//! ```
//!
//! zlib does not offer a window of 8 bits without its header, so one of 9 bits takes its place. In
//! a window of 9 bits, zlib refers back by at most 250 bytes.

mod broadcast;
mod compressor;
mod config;
mod connection;
mod decompressor;
mod negotiation;
mod parameters;
mod pool;
mod session;
#[cfg(feature = "std")]
mod shared;

pub use broadcast::Broadcast;
pub use compressor::{Compressor, CompressorOptions};
pub use config::Config;
pub use connection::CompressedConnection;
pub use decompressor::Decompressor;
pub use negotiation::{NAME, Negotiation, NegotiationError};
pub use parameters::{DeflateContext, DeflateParameters, WindowBits};
pub use pool::{ContextPool, Pool, PooledCompressor, PooledDecompressor};
#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub use shared::SharedPool;

/// The bytes that a sender removes from the end of a message, and that a receiver appends again
/// (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// How many bytes may pass through a zlib state, in or out, before it is renewed. See
/// [`compressor`] and [`decompressor`]. A renewal takes some microseconds.
const RENEW_AFTER: usize = 64 << 20;

/// The result of a call that writes to the caller's buffer.
///
/// ```
/// use wsframe::deflate::{Compressor, DeflateContext, CompressorOptions, Progress};
///
/// let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
/// let (mut payload, mut out) = (Vec::new(), [0; 4]);
/// let mut input = &b"Hello"[..];
/// loop {
///     let Progress { len, done, .. } = compressor.compress(&mut input, &mut out);
///     payload.extend_from_slice(&out[..len]);
///     if done {
///         break;
///     }
/// }
/// loop {
///     let Progress { len, done, .. } = compressor.finish(&mut out);
///     payload.extend_from_slice(&out[..len]);
///     if done {
///         break;
///     }
/// }
/// assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it contains how much was written, and whether to call again"]
pub struct Progress {
    /// The number of bytes written, from the beginning of the buffer.
    pub len: usize,
    /// Whether the call is complete. If not, consume the buffer and call again.
    pub done: bool,
}
