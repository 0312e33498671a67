//! The opening handshake of streams, without I/O: what `stream` and `blocking` have in common.
//!
//! The caller reads into `input`, and calls `poll` after each read.

mod client;
mod error;
mod options;
mod server;

use alloc::boxed::Box;

use bytes::BytesMut;

pub(crate) use client::ClientOpening;
pub use error::{HandshakeError, RefusedResponse};
pub use options::Options;
#[cfg(feature = "hyper")]
pub(crate) use server::respond;
pub(crate) use server::{ReceivedRequest, RequestReader};

#[cfg(feature = "deflate")]
use crate::deflate::DeflateParameters;

/// The most header fields that a head may have.
const MAX_HEADERS: usize = 100;
/// How many bytes are read at once.
pub(crate) const READ_LEN: usize = 4 << 10;

/// What was negotiated, and what arrived after the head.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) subprotocol: Option<Box<str>>,
    #[cfg(feature = "deflate")]
    pub(crate) deflate: Option<DeflateParameters>,
    pub(crate) received: BytesMut,
}

/// Removes the head from the beginning of what was received. Returns the rest, without its memory
/// if there is none: an idle stream should have no buffer.
fn after_head(input: &mut BytesMut, head_len: usize) -> BytesMut {
    let rest = input.split_off(head_len);
    if rest.is_empty() { BytesMut::new() } else { rest }
}
