//! A connection over blocking I/O.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use std::io::{self, Read, Write};

use bytes::BytesMut;

use super::{Output, is_repeatable, read};
use crate::codec::{CodecError, Growth, Messages};
#[cfg(feature = "deflate")]
use crate::deflate::{DeflateParameters, SharedPool};
use crate::opening::READ_LEN;
use crate::{
    CloseCode, CloseFrame, Connection, MaskingKeys, Message, NoKeys, Opcode, TransportAction,
};

/// The number of queued bytes above which they must be written first.
const BACKPRESSURE_BOUNDARY: usize = 64 << 10;
/// The greatest number of bytes of a long frame that are read at once.
const MAX_READ_LEN: usize = 64 << 10;

/// A WebSocket connection over any `Read + Write`.
///
/// It receives and sends whole [`Message`]s, and answers Pings and Closes automatically.
/// [`accept`](super::accept) and [`client`](super::client) open one. [The module](super) describes
/// non-blocking transports.
///
/// ```
/// use std::net::TcpStream;
/// use wsframe::blocking::WebSocket;
/// use wsframe::codec::CodecError;
///
/// /// Sends every message back, until the connection ends.
/// fn echo(mut socket: WebSocket<TcpStream>) -> Result<(), CodecError> {
///     while let Some(message) = socket.read()? {
///         if message.is_text() || message.is_binary() {
///             socket.send(message)?;
///         }
///     }
///     Ok(())
/// }
/// # let _ = echo;
/// ```
pub struct WebSocket<S, K = NoKeys> {
    io: S,
    messages: Messages<K>,
    input: BytesMut,
    growth: Growth,
    out: Output,
    subprotocol: Option<Box<str>>,
    close_frame: Option<CloseFrame>,
    /// Whether the transport has ended.
    is_eof: bool,
    /// The error of a failed write, after which nothing more is written.
    broken: Option<io::ErrorKind>,
}

/// # Constructors
impl<S, K> WebSocket<S, K> {
    /// Creates a connection over `io` after the opening handshake. `connection` must be unused.
    #[must_use]
    #[doc(alias = "from_raw_socket")]
    pub fn new(io: S, connection: Connection<K>) -> Self {
        Self::from_partially_read(io, connection, BytesMut::new())
    }

    /// Creates a connection over `io`, with bytes that were read from it already.
    ///
    /// Same as [`new`](Self::new), but `received` contains the bytes that arrived after the opening
    /// handshake and were read together with it.
    #[must_use]
    pub fn from_partially_read(io: S, connection: Connection<K>, received: BytesMut) -> Self {
        Self {
            io,
            messages: Messages::new(connection),
            input: received,
            growth: Growth::NONE,
            out: Output::default(),
            subprotocol: None,
            close_frame: None,
            is_eof: false,
            broken: None,
        }
    }

    /// Enables negotiated compression. Call it before the first use.
    ///
    /// [`Negotiation::agreed`](crate::deflate::Negotiation::agreed) returns `agreed`. `None`
    /// enables nothing.
    #[cfg(feature = "deflate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
    #[must_use]
    pub fn deflate(
        mut self,
        agreed: Option<DeflateParameters>,
        pool: impl Into<SharedPool>,
    ) -> Self {
        self.messages = self.messages.deflate(agreed, pool.into());
        self
    }

    /// Sets the negotiated subprotocol, and the rest of the response that must still be written.
    pub(super) fn opened(mut self, subprotocol: Option<Box<str>>, out: Output) -> Self {
        self.subprotocol = subprotocol;
        self.out = out;
        self
    }
}

/// # Accessors
impl<S, K> WebSocket<S, K> {
    /// Returns the connection, for its role, error and close code.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        self.messages.connection()
    }

    /// Returns the subprotocol that [`accept`](super::accept) or [`client`](super::client)
    /// negotiated (RFC 6455 §1.9).
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Returns the code that the connection was closed with (RFC 6455 §7.1.5), or `None` while it
    /// is open.
    ///
    /// Same as [`Connection::close_code`].
    #[must_use]
    pub const fn close_code(&self) -> Option<CloseCode> {
        self.messages.connection().close_code()
    }

    /// Returns the code and the reason of the peer's Close. Returns `None` before it has arrived,
    /// and if its body was empty.
    #[must_use]
    pub const fn close_frame(&self) -> Option<&CloseFrame> {
        self.close_frame.as_ref()
    }

    /// Returns the transport.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.io
    }

    /// Returns the transport, to change its options. Do not read from it or write to it.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.io
    }

    /// Returns the transport. Bytes that were read and not returned as messages are lost, and so
    /// are queued messages that were not flushed.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.io
    }
}

impl<S: Read + Write, K: MaskingKeys> WebSocket<S, K> {
    /// Waits for the next message and returns it. Returns `None` at the end of the connection.
    ///
    /// Queued messages are written first. Pings and Closes are answered automatically, and returned
    /// too. A client gets `None` when the server has ended the transport. A server gets `None` as
    /// soon as both Closes were exchanged: drop the connection then. After an error, call
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// - [`CodecError::Protocol`] if the peer broke a rule. A Close with the error's code was
    ///   written, unless the transport would have blocked.
    /// - [`CodecError::Io`] if the transport failed. Call it again after `WouldBlock` and
    ///   `TimedOut`. The end of the transport without a Close is
    ///   [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
    #[doc(alias = "read_message")]
    #[doc(alias = "next_message")]
    #[doc(alias = "recv")]
    pub fn read(&mut self) -> Result<Option<Message>, CodecError> {
        while self.connection().transport_action() == TransportAction::KeepOpen && !self.is_eof {
            self.growth.note(&self.input);
            match self.messages.receive(&mut self.input) {
                Ok(Some(message)) => {
                    if let Message::Close(frame) = &message {
                        self.close_frame.clone_from(frame);
                    }
                    if !self.messages.replies.is_empty() {
                        let _ = self.flush();
                    }
                    return Ok(Some(message));
                }
                Ok(None) => {}
                Err(error) => {
                    let _ = self.flush();
                    return Err(error.into());
                }
            }
            self.growth.undo(&mut self.input);
            // Reading continues even if nothing can be written.
            let _ = self.flush();
            let rest = usize::try_from(self.connection().remaining()).unwrap_or(usize::MAX);
            let max_len = rest.clamp(READ_LEN, MAX_READ_LEN);
            if read(&mut self.io, &mut self.input, max_len)? == 0 {
                self.is_eof = true;
                self.messages.receive_end()?;
            }
        }
        self.read_end()
    }

    /// Writes the last replies. A client then reads until the transport ends, and discards what it
    /// reads.
    #[cold]
    fn read_end(&mut self) -> Result<Option<Message>, CodecError> {
        match self.flush() {
            Err(CodecError::Io(error)) if is_repeatable(&error) => return Err(error.into()),
            _ => {}
        }
        while self.connection().transport_action() == TransportAction::AwaitEof && !self.is_eof {
            self.input.clear();
            match read(&mut self.io, &mut self.input, READ_LEN) {
                Err(error) if is_repeatable(&error) => return Err(error.into()),
                // After the closing handshake, any end of the transport is normal.
                Ok(0) | Err(_) => {
                    self.is_eof = true;
                    self.messages.connection_mut().receive_eof();
                }
                Ok(_) => {}
            }
        }
        Ok(None)
    }

    /// Sends a message: queues it, and writes all queued messages.
    ///
    /// If the transport would block, the message stays in the queue, and `send` succeeds.
    ///
    /// # Errors
    ///
    /// After an error, the message was not queued.
    ///
    /// - [`CodecError::Encode`] if the message would break a rule, or a Close was sent
    /// - [`CodecError::Io`] if the transport failed, or the queue is full and the transport would
    ///   block
    #[doc(alias = "write_message")]
    pub fn send(&mut self, message: Message) -> Result<(), CodecError> {
        self.feed(message)?;
        self.flush_if_ready()
    }

    /// Queues a message. [`flush`](Self::flush) or the next [`read`](Self::read) writes it,
    /// together with others.
    ///
    /// If 64 KiB or more are queued already, they are written first.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`send`](Self::send).
    #[doc(alias = "write")]
    pub fn feed(&mut self, message: Message) -> Result<(), CodecError> {
        self.check()?;
        if self.out.bytes.len() >= BACKPRESSURE_BOUNDARY {
            self.flush()?;
        }
        // Replies go first.
        self.queue_replies();
        Ok(self.messages.send(&message, &mut self.out.bytes)?)
    }

    /// Sends a Close with this code and reason, unless one was sent.
    ///
    /// All queued messages are written. To wait for the peer's Close, call [`read`](Self::read)
    /// until it returns `None`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`send`](Self::send).
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use wsframe::CloseCode;
    /// use wsframe::blocking::WebSocket;
    /// use wsframe::codec::CodecError;
    ///
    /// /// Set a read timeout on the socket first: a peer may wait for ever.
    /// fn close(websocket: &mut WebSocket<impl Read + Write>) -> Result<(), CodecError> {
    ///     websocket.close(CloseCode::GOING_AWAY, "until tomorrow")?;
    ///     while websocket.read()?.is_some() {}
    ///     Ok(())
    /// }
    /// ```
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), CodecError> {
        if self.connection().check_send(Opcode::Close).is_err() {
            return self.flush_if_ready();
        }
        self.send(Message::close(code, String::from(reason)))
    }

    /// Writes and flushes all queued messages.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError::Io`] if the transport failed. After `WouldBlock` and `TimedOut` the
    /// rest stays in the queue: call it again.
    pub fn flush(&mut self) -> Result<(), CodecError> {
        self.check()?;
        self.queue_replies();
        let written = self.out.write(&mut self.io);
        if let Err(error) = &written {
            if !is_repeatable(error) {
                self.broken = Some(error.kind());
                self.out = Output::default();
            }
        }
        Ok(written?)
    }

    /// Ends the connection: writes all queued messages, calls `shut_down` to end this side of the
    /// transport, and reads until the peer ends its side.
    ///
    /// If a socket is closed while bytes from the peer are unread, the system may reset the
    /// connection, and the peer may lose the last bytes. Set a read timeout, because a peer may
    /// never end its side.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError::Io`] with the error of the transport or of `shut_down`.
    ///
    /// ```
    /// use std::io;
    /// use std::net::{Shutdown, TcpStream};
    /// use wsframe::blocking::WebSocket;
    /// use wsframe::codec::CodecError;
    ///
    /// fn receive(websocket: &mut WebSocket<TcpStream>) -> Result<(), CodecError> {
    ///     while let Some(message) = websocket.read()? {
    ///         println!("{message:?}");
    ///     }
    ///     Ok(())
    /// }
    ///
    /// fn serve(mut websocket: WebSocket<TcpStream>) -> Result<(), CodecError> {
    ///     let result = receive(&mut websocket);
    ///     websocket.finish(|socket| socket.shutdown(Shutdown::Write))?;
    ///     result
    /// }
    /// ```
    pub fn finish(
        &mut self,
        shut_down: impl FnOnce(&mut S) -> io::Result<()>,
    ) -> Result<(), CodecError> {
        self.flush()?;
        shut_down(&mut self.io)?;
        loop {
            self.input.clear();
            if read(&mut self.io, &mut self.input, READ_LEN)? == 0 {
                self.is_eof = true;
                self.messages.connection_mut().receive_eof();
                return Ok(());
            }
        }
    }

    /// Writes queued messages until the transport would block.
    fn flush_if_ready(&mut self) -> Result<(), CodecError> {
        match self.flush() {
            Err(CodecError::Io(error)) if is_repeatable(&error) => Ok(()),
            result => result,
        }
    }

    /// Queues the replies, unless the queue is full: a peer could cause any number of replies.
    fn queue_replies(&mut self) {
        let is_last = self.connection().transport_action() != TransportAction::KeepOpen;
        if self.out.bytes.len() < BACKPRESSURE_BOUNDARY || is_last {
            self.out.bytes.extend_from_slice(&self.messages.replies);
            self.messages.replies.clear();
        }
    }

    /// Fails if the transport has failed.
    fn check(&self) -> Result<(), CodecError> {
        self.broken.map_or(Ok(()), |kind| Err(io::Error::from(kind).into()))
    }
}

impl<S: fmt::Debug, K> fmt::Debug for WebSocket<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("io", &self.io)
            .field("connection", self.connection())
            .finish_non_exhaustive()
    }
}
