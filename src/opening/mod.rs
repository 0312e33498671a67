//! The opening handshake of streams, without I/O. `stream` and `blocking` use it.
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

/// The greatest number of header fields in a head.
const MAX_HEADERS: usize = 100;
/// The number of bytes that are read at once.
pub(crate) const READ_LEN: usize = 4 << 10;

/// The result of the handshake, and the bytes that arrived after the head.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) subprotocol: Option<Box<str>>,
    #[cfg(feature = "deflate")]
    pub(crate) deflate: Option<DeflateParameters>,
    pub(crate) received: BytesMut,
}

/// Removes the head from the beginning of the input, and returns the rest. If there is no rest, it
/// frees the memory, because an idle stream should have no buffer.
fn after_head(input: &mut BytesMut, head_len: usize) -> BytesMut {
    let rest = input.split_off(head_len);
    if rest.is_empty() { BytesMut::new() } else { rest }
}
