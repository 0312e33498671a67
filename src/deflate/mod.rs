//! Compressed messages: permessage-deflate (RFC 7692).
//!
//! [`CompressedConnection`] is a [`Connection`](crate::Connection) that uses it; over tokio's I/O, `codec`
//! does (feature `tokio-util`). All else works on the payloads of messages and on values of header fields
//! alone, so that it serves a crate with a frame layer of its own:
//!
//! 1. [`Negotiation`] agrees with the peer on [`Parameters`]: for each direction, whether a message may
//!    refer to those before it (context takeover), and how far back.
//! 2. [`Compressor`] makes the payload of a message's frames; the first of them is marked with RSV1.
//! 3. [`Decompressor`] reads such a payload, within a limit on what comes out.
//!
//! All three take and give bytes in any pieces. [`Config`] holds an endpoint's settings, and says which
//! messages are worth it. [`Broadcast`] compresses a message once for many receivers.
//!
//! ```
//! use wsframe::Role;
//! use wsframe::deflate::{Compressor, Config, Decompressor, Effort, Parameters};
//!
//! let config = Config::new(Parameters::FULL);
//! let agreed = Parameters::FULL; // as a negotiation would have it
//! let mut to_client = Compressor::new(agreed.sent_by(Role::Server), Effort::DEFAULT);
//! let mut from_server = Decompressor::new(agreed.received_by(Role::Client)).max_message_len(1 << 20);
//!
//! for text in ["{\"price\":42.1875,\"side\":\"buy\"} ".repeat(9), "{\"price\":42.25} ".repeat(9)] {
//!     assert!(config.compresses(to_client.context(), text.len()));
//!     let (mut payload, mut message) = (Vec::new(), Vec::new());
//!     to_client.append(text.as_bytes(), &mut payload);
//!     assert!(payload.len() < text.len() / 2);
//!     from_server.append(&payload, &mut message)?;
//!     assert_eq!(message, text.as_bytes());
//! }
//! # Ok::<(), wsframe::ProtocolError>(())
//! ```
//!
//! # What a connection costs
//!
//! On a machine of 64 bits a [`Decompressor`] takes 47 KiB, whatever the window. A [`Compressor`] takes, in KiB:
//!
//! | window bits | memory level 8 | 6 (the default) | 1 |
//! |---|---|---|---|
//! | 15 | 372 | 288 | 261 |
//! | 12 | 260 | 176 | 149 |
//! | 9 (and 8) | 246 | 162 | 135 |
//!
//! of which 128 are a table of hashes that has always one size. `tests/it/rfc7692_memory.rs` counts them.
//!
//! Without context takeover, a connection keeps 80 bytes ([`Outgoing`], [`Incoming`]; a
//! [`CompressedConnection`] has 168 in all) and
//! takes one of either from a [`Pool`] while a message is open. With it, it keeps its compressor until it
//! lets go of it ([`Outgoing::release`]), which it may at any time, and its decompressor until it ends. So
//! a server bounds what idle connections cost by asking its clients for no takeover, by releasing the
//! compressors of quiet ones, or by both, as [`Parameters::NO_TAKEOVER`] does from the start.
//!
//! # The compressor underneath
//!
//! Is `zlib-rs`. Of the compressors in Rust it alone has windows of every size, and it can be used without
//! `unsafe` and without `std`. Its memory is then C's, from `posix_memalign` (or `malloc`) and `free`,
//! which a program without a C library has to define. `miniz_oxide`, which needs neither, has one size of
//! window, takes about twice the time for as few bytes, and makes more of short messages whose context is
//! taken over. To compare them:
//!
//! ```sh
//! cargo run --release --manifest-path benches/rivals/Cargo.toml -- deflate
//! ```
//!
//! A window of 8 bits, which zlib does not offer without its header, is served by one of 9 bits: in that,
//! zlib refers back by 250 bytes at most.

mod broadcast;
mod compressor;
mod config;
mod connection;
mod decompressor;
mod negotiation;
mod parameters;
mod pool;
mod session;

pub use broadcast::Broadcast;
pub use compressor::{Compressor, Effort};
pub use config::Config;
pub use connection::CompressedConnection;
pub use decompressor::Decompressor;
pub use negotiation::{NAME, Negotiation, NegotiationError};
pub use parameters::{Context, Parameters, WindowBits};
pub use pool::{Incoming, Outgoing, Pool};
#[cfg(feature = "tokio-util")]
pub(crate) use session::{AnyPool, Session};

/// What a sender cuts off the end of a message, and a receiver puts back (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// How many bytes may go through a state of zlib's before it is renewed, in or out: see [`compressor`] and
/// [`decompressor`]. A renewal costs some microseconds.
const RENEW_AFTER: usize = 64 << 20;

/// What a call wrote to the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says how much was written, and whether to call again"]
pub struct Written {
    /// How many bytes, from the beginning of the buffer.
    pub len: usize,
    /// Whether the call has done all it was to do. If not, call it again with room for more.
    pub done: bool,
}
