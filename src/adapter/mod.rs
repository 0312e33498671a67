//! A connection over a byte stream, whose events borrow from one receive buffer (feature `std`).
//!
//! An [`Adapter`] does the I/O that a [`Connection`] leaves to its caller. Each read returns a
//! [`Batch`] of events. Everything that is sent while they are handled is written at once, before the
//! next read. There is no allocation per message, and received payloads are not copied.
//!
//! - Blocking, over `Read + Write`: [`next_batch`](Adapter::next_batch), [`flush`](Adapter::flush),
//!   [`finish`](Adapter::finish).
//! - Over tokio's `AsyncRead + AsyncWrite` (feature `tokio`): the same methods with `_async`.
//!
//! Messages are returned in chunks, as they arrive. To receive whole messages, collect chunks with an
//! [`Assembler`](crate::Assembler), or set
//! [`whole_frames_up_to`](crate::FrameDecoder::whole_frames_up_to).
//!
//! An adapter does not read while it writes, which limits its memory: a peer that does not read is
//! not read from either. But two endpoints that both write without reading wait for each other. So a
//! connection that sends a lot without being asked should use a
#![cfg_attr(feature = "tokio", doc = "[`WebSocketStream`](crate::stream::WebSocketStream).")]
#![cfg_attr(not(feature = "tokio"), doc = "`WebSocketStream` (feature `tokio`).")]

mod buffer;
mod io;

use crate::{Connection, Event, MaskingKeys, ProtocolError, ReceiveError, TransportAction};
use alloc::vec::Vec;
use core::fmt;
use core::task::{Poll, ready};
use std::io::{ErrorKind, Read, Result, Write};

pub use buffer::ReadBuffer;
#[cfg(feature = "blocking")]
pub(crate) use io::uninterrupted;
use io::{Blocking, Io};

#[cfg(feature = "deflate")]
use crate::deflate::{CompressedConnection, ContextPool};

/// The number of bytes of output that end a batch. They are sent before more events are handled.
const MAX_OUTPUT: usize = 256 << 10;

/// A connection that an [`Adapter`] drives: a [`Connection`] or a `CompressedConnection`.
///
/// ```
/// use wsframe::adapter::{Adapter, Endpoint};
///
/// /// Gives back the memory of an idle connection of either kind.
/// fn shrink<T, C: Endpoint>(adapter: &mut Adapter<T, C>) {
///     adapter.release_buffers();
/// }
/// # let _ = shrink::<std::net::TcpStream, wsframe::Connection>;
/// ```
pub trait Endpoint: sealed::Endpoint {}

mod sealed {
    use super::{ProtocolError, TransportAction};

    pub trait Endpoint {
        fn error(&self) -> Option<ProtocolError>;
        fn transport_action(&self) -> TransportAction;
        fn receive_eof(&mut self);
    }
}

impl<K> Endpoint for Connection<K> {}

impl<K> sealed::Endpoint for Connection<K> {
    fn error(&self) -> Option<ProtocolError> {
        self.error()
    }

    fn transport_action(&self) -> TransportAction {
        self.transport_action()
    }

    fn receive_eof(&mut self) {
        self.receive_eof();
    }
}

#[cfg(feature = "deflate")]
impl<K> Endpoint for CompressedConnection<K> {}

#[cfg(feature = "deflate")]
impl<K> sealed::Endpoint for CompressedConnection<K> {
    fn error(&self) -> Option<ProtocolError> {
        self.connection().error()
    }

    fn transport_action(&self) -> TransportAction {
        self.connection().transport_action()
    }

    fn receive_eof(&mut self) {
        self.connection_mut().receive_eof();
    }
}

/// A connection over a byte stream, whose events borrow from its receive buffer.
///
/// ```no_run
/// use std::net::{Shutdown, TcpStream};
/// use wsframe::adapter::Adapter;
/// use wsframe::{Connection, Event};
///
/// /// Echoes messages, after the opening handshake.
/// fn echo(socket: TcpStream) -> std::io::Result<()> {
///     let mut adapter = Adapter::new(socket, Connection::server());
///     while let Some(mut batch) = adapter.next_batch()? {
///         while let Some(event) = batch.receive() {
///             match event {
///                 Event::Text(chunk) => {
///                     batch.connection.send_fragment(&chunk.text, chunk.last, batch.out)?;
///                 }
///                 Event::Binary(chunk) => {
///                     let payload = chunk.payload.unmask();
///                     batch.connection.send_fragment(&*payload, chunk.last, batch.out)?;
///                 }
///                 _ => {} // a Ping or a Close was answered
///             }
///         }
///     }
///     adapter.finish(|socket| socket.shutdown(Shutdown::Write))
/// }
/// ```
pub struct Adapter<T, C = Connection> {
    io: T,
    connection: C,
    buffer: ReadBuffer,
    out: Vec<u8>,
    /// How many bytes of the output are written.
    written: usize,
    /// Whether bytes were written and not flushed.
    unflushed: bool,
    /// Whether nothing more can be received before more is read.
    exhausted: bool,
}

/// The events of one read, with the connection and the output to reply to them.
///
/// A batch may be dropped early: the next one begins with the remaining events.
///
/// ```
/// use wsframe::Event;
/// use wsframe::adapter::Batch;
///
/// /// Counts the messages that end in this batch.
/// fn count(mut batch: Batch<'_>) -> usize {
///     let mut messages = 0;
///     while let Some(event) = batch.receive() {
///         match event {
///             Event::Text(chunk) if chunk.last => messages += 1,
///             Event::Binary(chunk) if chunk.last => messages += 1,
///             _ => {}
///         }
///     }
///     messages
/// }
/// # let _ = count;
/// ```
pub struct Batch<'a, C = Connection> {
    /// The connection, for sending. Receive with the batch only.
    pub connection: &'a mut C,
    /// The output, which is written before the next batch.
    pub out: &'a mut Vec<u8>,
    input: &'a mut [u8],
    /// Where the input ends in the buffer, and where it begins now.
    end: usize,
    start: &'a mut usize,
    exhausted: &'a mut bool,
}

/// # Constructors and accessors
impl<T, C: Endpoint> Adapter<T, C> {
    /// Creates an adapter for a connection that has not received anything yet.
    #[must_use]
    pub const fn new(io: T, connection: C) -> Self {
        Self::with_buffer(io, connection, ReadBuffer::new())
    }

    /// Creates an adapter that first receives what was read together with the opening handshake and
    /// follows it.
    #[must_use]
    pub fn from_partially_read(io: T, connection: C, received: &[u8]) -> Self {
        Self::with_buffer(io, connection, ReadBuffer::from_received(received))
    }

    const fn with_buffer(io: T, connection: C, buffer: ReadBuffer) -> Self {
        let exhausted = buffer.is_empty();
        let out = Vec::new();
        Self { io, connection, buffer, out, written: 0, unflushed: false, exhausted }
    }

    /// Returns the connection, for example its role or its close code.
    #[must_use]
    pub const fn connection(&self) -> &C {
        &self.connection
    }

    /// Returns the connection and its output, to send outside a batch. The output is written by the
    /// next flush, or before the next batch.
    ///
    /// ```
    /// use wsframe::Connection;
    /// use wsframe::adapter::Adapter;
    ///
    /// let mut adapter = Adapter::new(std::io::Cursor::new(Vec::new()), Connection::server());
    /// let (connection, out) = adapter.sending();
    /// connection.send("Hello", out)?;
    /// adapter.flush()?;
    /// assert_eq!(adapter.get_ref().get_ref(), b"\x81\x05Hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn sending(&mut self) -> (&mut C, &mut Vec<u8>) {
        (&mut self.connection, &mut self.out)
    }

    /// Returns the transport.
    #[must_use]
    pub const fn get_ref(&self) -> &T {
        &self.io
    }

    /// Returns the transport, to change its options. Do not read from it or write to it.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Returns the transport. Bytes that were read and not received are lost, and so are those that
    /// were not flushed.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.io
    }

    /// Frees the memory of empty buffers, for an idle connection. The next read and the next message
    /// that is sent allocate again.
    pub fn release_buffers(&mut self) {
        self.buffer.release();
        if self.out.is_empty() {
            self.out = Vec::new();
        }
    }

    fn batch(&mut self) -> Batch<'_, C> {
        let (input, start, end) = self.buffer.parts();
        let Self { connection, out, exhausted, .. } = self;
        Batch { connection, out, input, end, start, exhausted }
    }
}

/// # Blocking
impl<T: Read + Write, C: Endpoint> Adapter<T, C> {
    /// Writes the output, and returns the next events once any have arrived.
    ///
    /// Returns `None` when nothing more will be received: after the closing handshake, or when the
    /// transport has ended. [`close_code`](Connection::close_code) shows which. Call
    /// [`finish`](Self::finish) then.
    ///
    /// # Errors
    ///
    /// - Errors of the transport.
    /// - `InvalidData` with a [`ProtocolError`] if the peer broke a rule. The Close that reports it
    ///   has been written. Call [`finish`](Self::finish), so that the peer can read it.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_, C>>> {
        let more = io::block(self.poll_more(&mut Blocking))?;
        Ok(more.then(|| self.batch()))
    }

    /// Writes and flushes the output.
    ///
    /// # Errors
    ///
    /// Errors of the transport. Bytes that were not written stay in the output.
    pub fn flush(&mut self) -> Result<()> {
        io::block(self.poll_flush(&mut Blocking))
    }

    /// Writes the output, calls `shut_down` to end this side of the transport, and reads until the
    /// peer ends its side.
    ///
    /// If a socket is closed while bytes from the peer are unread, the system may reset the
    /// connection, and the peer may lose the last bytes. Set a read timeout, because the peer may
    /// never end its side.
    ///
    /// # Errors
    ///
    /// Errors of the transport, and of `shut_down`.
    pub fn finish(&mut self, shut_down: impl FnOnce(&mut T) -> Result<()>) -> Result<()> {
        self.flush()?;
        shut_down(&mut self.io)?;
        io::block(self.poll_discard(&mut Blocking))
    }
}

/// # Over tokio's I/O (feature `tokio`)
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
impl<T, C> Adapter<T, C>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    C: Endpoint,
{
    /// Writes the output, and returns the next events once any have arrived.
    ///
    /// Returns `None` when nothing more will be received: after the closing handshake, or when the
    /// transport has ended. [`close_code`](Connection::close_code) shows which. Call
    /// [`finish_async`](Self::finish_async) then.
    ///
    /// This method is cancel-safe: a dropped future loses nothing.
    ///
    /// # Errors
    ///
    /// - Errors of the transport.
    /// - `InvalidData` with a [`ProtocolError`] if the peer broke a rule. The Close that reports it
    ///   has been written. Call [`finish_async`](Self::finish_async), so that the peer can read it.
    ///
    /// ```
    /// use wsframe::adapter::Adapter;
    /// use wsframe::{Connection, Event};
    ///
    /// /// Echoes text, after the opening handshake.
    /// async fn echo(
    ///     socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    /// ) -> std::io::Result<()> {
    ///     let mut adapter = Adapter::new(socket, Connection::server());
    ///     while let Some(mut batch) = adapter.next_batch_async().await? {
    ///         while let Some(event) = batch.receive() {
    ///             if let Event::Text(chunk) = event {
    ///                 batch.connection.send_fragment(&chunk.text, chunk.last, batch.out)?;
    ///             }
    ///         }
    ///     }
    ///     adapter.finish_async().await
    /// }
    /// ```
    pub async fn next_batch_async(&mut self) -> Result<Option<Batch<'_, C>>> {
        let more = core::future::poll_fn(|cx| self.poll_more(&mut io::Async(cx))).await?;
        Ok(more.then(|| self.batch()))
    }

    /// Writes and flushes the output. This method is cancel-safe: bytes that were not written stay in
    /// the output.
    ///
    /// # Errors
    ///
    /// Errors of the transport. Bytes that were not written stay in the output.
    pub async fn flush_async(&mut self) -> Result<()> {
        core::future::poll_fn(|cx| self.poll_flush(&mut io::Async(cx))).await
    }

    /// Writes the output, ends this side of the transport, and reads until the peer ends its side.
    ///
    /// If a socket is closed while bytes from the peer are unread, the system may reset the
    /// connection, and the peer may lose the last bytes. Set a deadline, because the peer may never
    /// end its side.
    ///
    /// # Errors
    ///
    /// Errors of the transport.
    pub async fn finish_async(&mut self) -> Result<()> {
        self.flush_async().await?;
        core::future::poll_fn(|cx| core::pin::Pin::new(&mut self.io).poll_shutdown(cx)).await?;
        core::future::poll_fn(|cx| self.poll_discard(&mut io::Async(cx))).await
    }
}

impl<T, C: Endpoint> Adapter<T, C> {
    /// Returns whether there may be more events.
    fn poll_more(&mut self, io: &mut impl Io<T>) -> Poll<Result<bool>> {
        loop {
            ready!(self.poll_flush(io))?;
            if let Some(error) = self.connection.error() {
                return Poll::Ready(Err(error.into()));
            }
            let awaits_end = match self.connection.transport_action() {
                TransportAction::Close => return Poll::Ready(Ok(false)),
                TransportAction::AwaitEof => true,
                TransportAction::KeepOpen if !self.exhausted => return Poll::Ready(Ok(true)),
                TransportAction::KeepOpen => false,
            };
            let capacity = self.buffer.capacity();
            let space = self.buffer.space();
            match ready!(io.read(&mut self.io, space)) {
                // A server may reset a connection that it has closed, or end TLS without a
                // notification.
                Err(_) if awaits_end => self.connection.receive_eof(),
                Err(error) => return Poll::Ready(Err(error)),
                Ok(0) => self.connection.receive_eof(),
                Ok(_) if awaits_end => {}
                Ok(count) => {
                    self.buffer.advance(count);
                    self.exhausted = false;
                }
            }
            if self.buffer.capacity() < capacity {
                self.out = Vec::new();
            }
        }
    }

    fn poll_flush(&mut self, io: &mut impl Io<T>) -> Poll<Result<()>> {
        while let Some(rest @ [_, ..]) = self.out.get(self.written..) {
            match ready!(io.write(&mut self.io, rest))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
            self.unflushed = true;
        }
        self.out.clear();
        self.written = 0;
        if self.unflushed {
            ready!(io.flush(&mut self.io))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads until the transport ends.
    fn poll_discard(&mut self, io: &mut impl Io<T>) -> Poll<Result<()>> {
        self.buffer.consume_all_but(0);
        while ready!(io.read(&mut self.io, self.buffer.space()))? > 0 {}
        self.connection.receive_eof();
        Poll::Ready(Ok(()))
    }
}

impl<'a, C> Batch<'a, C> {
    /// Returns the event, and stores how much of the input is left.
    #[inline(always)]
    fn received<'e>(
        &mut self,
        received: core::result::Result<Option<Event<'e>>, ReceiveError>,
    ) -> Option<Event<'e>> {
        *self.start = self.end - self.input.len();
        match received {
            Ok(None) => {
                *self.exhausted = true;
                None
            }
            Ok(event) => event,
            // `next_batch` writes the output. Then it returns the error, or continues.
            Err(_) => None,
        }
    }
}

impl<'a, K: MaskingKeys> Batch<'a, Connection<K>> {
    /// Returns the next event, as [`Connection::receive`] does.
    ///
    /// Returns `None` when more bytes are needed, when the output has become large, and when the peer
    /// broke a rule. Then call [`next_batch`](Adapter::next_batch), which returns the error.
    #[inline(always)]
    pub fn receive(&mut self) -> Option<Event<'a>> {
        if self.out.len() >= MAX_OUTPUT {
            return None;
        }
        let received = self.connection.receive(&mut self.input, self.out);
        self.received(received)
    }
}

#[cfg(feature = "deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
impl<'a, K: MaskingKeys> Batch<'a, CompressedConnection<K>> {
    /// Returns the next event, as [`CompressedConnection::receive`] does. Compressed messages are
    /// decompressed into `buf`.
    ///
    /// Returns `None` when more bytes are needed, when the output has become large, and when the peer
    /// broke a rule. Then call [`next_batch`](Adapter::next_batch), which returns the error.
    ///
    /// # Panics
    ///
    /// Panics if `buf` is empty.
    #[inline]
    pub fn receive<'e>(
        &mut self,
        buf: &'e mut [u8],
        pool: &mut impl ContextPool,
    ) -> Option<Event<'e>>
    where
        'a: 'e,
    {
        if self.out.len() >= MAX_OUTPUT {
            return None;
        }
        let received = self.connection.receive(&mut self.input, buf, pool, self.out);
        self.received(received)
    }
}

impl<T: fmt::Debug, C: fmt::Debug> fmt::Debug for Adapter<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter")
            .field("io", &self.io)
            .field("connection", &self.connection)
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}

impl<C: fmt::Debug> fmt::Debug for Batch<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("connection", &self.connection).finish_non_exhaustive()
    }
}
