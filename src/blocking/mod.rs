//! WebSocket connections over blocking I/O: any `Read + Write` (feature `blocking`).
//!
//! [`WebSocket`] receives and sends whole [`Message`](crate::Message)s, and answers Pings and
//! Closes automatically. [`accept`] and [`client`] open it, with the same [`Options`] as streams
//! over tokio.
//!
//! ```
//! use std::net::TcpStream;
//! use wsframe::blocking;
//! use wsframe::handshake::Options;
//!
//! fn echo(socket: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut websocket = blocking::accept(socket, &Options::new())?;
//!     while let Some(message) = websocket.read()? {
//!         if message.is_text() || message.is_binary() {
//!             websocket.send(message)?;
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Timeouts and non-blocking sockets
//!
//! A call whose transport returns `WouldBlock` or `TimedOut` loses nothing, and can be repeated.
//!
//! | call | after such an error |
//! |---|---|
//! | [`read`](WebSocket::read), [`flush`](WebSocket::flush) | call it again |
//! | [`send`](WebSocket::send), [`feed`](WebSocket::feed) | the message was not queued: flush, then call it again |
//! | [`Accepting::read_request`], [`Connecting::read_response`] | call it again |
//! | [`accept`], [`accept_request`], [`client`] | the connection is lost: use [`Accepting`] or [`Connecting`] |
//!
//! The next call of any method that reads or writes also writes the messages that are still queued.
//!
//! # Backpressure
//!
//! A connection writes all queued messages before it reads. If both endpoints send without reading,
//! they wait for each other for ever. If that can happen, use a non-blocking socket, or a stream
//! over tokio.

mod open;
mod websocket;

pub use open::{
    AcceptRequest, Accepting, Connecting, accept, accept_request, accept_request_with, client,
};
pub use websocket::WebSocket;

#[cfg(doc)]
use crate::handshake::Options;

use std::io::{Error, ErrorKind, Read, Result, Write};

use bytes::{Buf, BytesMut};

use crate::adapter::uninterrupted;

/// Returns whether a call can be repeated after this error.
fn is_repeatable(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Appends up to `max_len` bytes to `input`.
fn read(io: &mut impl Read, input: &mut BytesMut, max_len: usize) -> Result<usize> {
    let len = input.len();
    input.resize(len + max_len, 0);
    let count = uninterrupted(|| io.read(&mut input[len..]));
    input.truncate(len + count.as_ref().map_or(0, |&count| count.min(max_len)));
    count
}

/// Bytes to be written.
#[derive(Debug, Default)]
struct Output {
    bytes: BytesMut,
    /// Whether bytes were written to the transport and not flushed.
    unflushed: bool,
}

impl Output {
    fn new(bytes: &str) -> Self {
        Self { bytes: BytesMut::from(bytes), unflushed: false }
    }

    /// Writes and flushes all bytes.
    fn write(&mut self, io: &mut impl Write) -> Result<()> {
        while !self.bytes.is_empty() {
            match uninterrupted(|| io.write(&self.bytes))? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => self.bytes.advance(count.min(self.bytes.len())),
            }
            self.unflushed = true;
        }
        if self.unflushed {
            uninterrupted(|| io.flush())?;
            self.unflushed = false;
        }
        Ok(())
    }
}
