//! A connection over tokio's I/O, as a `Stream` and a `Sink`.

mod parts;

use alloc::boxed::Box;
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::PreparedMessage;
use super::idle::IdleTimer;
use super::keep_alive::{Due, KeepAlive};
use super::read::ReadBuffer;
use super::split::{self, SplitSink, SplitStream};
use super::wakers::{Side, Wakers};
use super::write::WriteQueue;
use crate::codec::chunks::{OpenMessage, Received};
use crate::codec::{CodecError, Messages};
#[cfg(feature = "deflate")]
use crate::deflate::{DeflateParameters, SharedPool};
use crate::{
    CloseCode, CloseFrame, Connection, MaskingKeys, Message, NoKeys, Opcode, ReceiveError,
    TransportAction, Utf8Bytes,
};

/// The number of queued bytes from which a sender must wait.
const BACKPRESSURE_BOUNDARY: usize = 64 << 10;
/// The maximum number of reads per poll. After that, other tasks run.
const READS_PER_POLL: usize = 32;
/// The maximum number of bytes that are discarded at the end of a connection. This is more than can
/// be in flight.
const MAX_DRAINED: usize = 16 << 20;

/// A WebSocket connection over any `AsyncRead + AsyncWrite`. A `Stream` and a `Sink` of
/// [`Message`]s that answers Pings and Closes automatically.
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use tokio::io::{AsyncRead, AsyncWrite};
/// use wsframe::codec::CodecError;
/// use wsframe::stream::WebSocketStream;
///
/// /// Sends every message back.
/// async fn echo(
///     mut stream: WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
/// ) -> Result<(), CodecError> {
///     while let Some(message) = stream.next().await {
///         let message = message?;
///         if message.is_text() || message.is_binary() {
///             stream.feed(message).await?; // `next` sends it before it waits
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// [The module](super) describes what `send` and `feed` write.
///
/// # Receiving
///
/// While `next` is awaited,
///
/// - each Ping is answered, and returned. If several Pings arrive while the write queue is full,
///   only the last one is answered (RFC 6455 §5.5.3).
/// - a Close is answered, and a broken rule is reported to the peer with a Close. `next` returns the
///   Close or the error immediately, after writing as much of the reply as the transport accepts
///   without waiting.
/// - what was fed to the sink is flushed before `next` waits, as far as the transport accepts it.
///
/// The stream ends after the transport has ended. A server ends its side of the transport first,
/// after it has sent its Close (RFC 6455 §7.1.1). A caller may also stop at the Close: the reply was
/// sent, unless the transport was blocked. In that case, further calls of `next` or `close` send it.
///
/// If the transport ends before the peer's Close, `next` returns an error
/// ([`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof)). After the closing handshake, the stream
/// just ends, even if the transport fails.
///
/// If a reply cannot be sent, `next` still returns everything that has arrived, then the error or
/// the end of the transport.
///
/// # Sending
///
/// `close` sends a Close with code 1000, unless one was sent, and flushes. It does not wait for the
/// peer's Close. [`close_gracefully`](Self::close_gracefully) sends any code and a reason, and
/// waits.
///
/// After the transport has failed, every call of the sink fails.
///
/// # Two tasks
///
/// [`split`](Self::split) makes two halves for two tasks. Several tasks may also poll a stream in any
/// other way: the one that reads and the one that writes are both woken.
#[doc(alias = "recv")]
#[doc(alias = "read_message")]
#[doc(alias = "next_message")]
#[doc(alias = "write_message")]
#[doc(alias = "accept_async")]
#[doc(alias = "connect_async")]
pub struct WebSocketStream<T, K = NoKeys> {
    io: T,
    messages: Messages<K>,
    wakers: Wakers,
    /// The message that is received in chunks.
    open: OpenMessage,
    input: ReadBuffer,
    queue: WriteQueue,
    /// The memory of a payload that was sent, for the next read buffer.
    spare: Option<BytesMut>,
    idle: Option<Box<IdleTimer>>,
    boundary: usize,
    subprotocol: Option<Box<str>>,
    keep_alive: Option<Box<KeepAlive>>,
    /// The code and reason of the peer's Close.
    close_frame: Option<CloseFrame>,
    /// The kind of the transport's failure, which may be its end without a Close.
    failure: Option<io::ErrorKind>,
    /// The error of a write, until a call of the sink reports it.
    write_error: Option<io::Error>,
    /// The number of bytes that were discarded at the end.
    drained: usize,
    /// A Close, a broken rule or the end has arrived, so nothing more is received.
    ended: bool,
    /// The transport has ended, or `MAX_DRAINED` bytes were discarded.
    is_drained: bool,
    /// A write has failed, so nothing more is written.
    is_broken: bool,
    /// The transport may contain bytes that must be flushed.
    unflushed: bool,
    /// This side of the transport was ended, even if that has failed.
    shut_down: bool,
    /// The stream has returned its end.
    is_terminated: bool,
}

/// # Constructors
impl<T, K> WebSocketStream<T, K> {
    /// Creates a stream over `io`, after the opening handshake. The connection must be new.
    #[must_use]
    #[doc(alias = "from_raw_socket")]
    pub fn new(io: T, connection: Connection<K>) -> Self {
        Self::from_partially_read(io, connection, BytesMut::new())
    }

    /// Creates a stream that first receives `received`: the bytes that were read together with the
    /// opening handshake and follow it. The connection must be new.
    #[must_use]
    pub fn from_partially_read(io: T, connection: Connection<K>, received: BytesMut) -> Self {
        Self {
            io,
            messages: Messages::new(connection),
            wakers: Wakers::default(),
            open: None,
            input: ReadBuffer::new(received),
            queue: WriteQueue::default(),
            spare: None,
            idle: None,
            boundary: BACKPRESSURE_BOUNDARY,
            subprotocol: None,
            keep_alive: None,
            close_frame: None,
            failure: None,
            write_error: None,
            drained: 0,
            ended: false,
            is_drained: false,
            is_broken: false,
            // The transport may still contain the response of the opening handshake.
            unflushed: true,
            shut_down: false,
            is_terminated: false,
        }
    }

    /// Sets the negotiated compression, on a new stream. See
    /// [`MessageCodec::deflate`](crate::codec::MessageCodec::deflate).
    ///
    /// ```
    /// use wsframe::Connection;
    /// use wsframe::deflate::{Config, DeflateParameters, SharedPool};
    /// use wsframe::stream::WebSocketStream;
    ///
    /// # async fn example(socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    /// let pool = SharedPool::new(Config::new(DeflateParameters::NO_TAKEOVER)); // one for all connections
    /// let agreed = Some(DeflateParameters::NO_TAKEOVER); // what the handshake's `Negotiation::agreed` says
    /// let stream =
    ///     WebSocketStream::new(socket, Connection::server()).deflate(agreed, pool.clone());
    /// # }
    /// ```
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

    /// Sets what the opening handshake negotiated.
    pub(super) fn opened(mut self, subprotocol: Option<Box<str>>) -> Self {
        self.subprotocol = subprotocol;
        self
    }

    /// Sets the number of queued bytes from which `send` and `feed` wait for the peer. The default is
    /// 64 KiB. The last message may exceed it.
    pub fn set_backpressure_boundary(&mut self, bytes: usize) {
        self.boundary = bytes;
    }

    /// Sets the time without traffic after which the stream frees its buffers, as
    /// [`release_buffers`](Self::release_buffers) does. The default is `None`: never.
    ///
    /// This works while `next` or [`next_chunk`](Self::next_chunk) is awaited. The buffers are freed
    /// once to twice this time after the last traffic, so that messages need not restart the timer.
    /// A time of zero counts as one millisecond.
    ///
    /// # Panics
    ///
    /// `next` and `next_chunk` panic outside of a tokio runtime with timers, if a time is set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wsframe::Connection;
    /// use wsframe::stream::WebSocketStream;
    ///
    /// # fn example(socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    /// let mut stream = WebSocketStream::new(socket, Connection::server());
    /// stream.release_buffers_after(Some(Duration::from_secs(5)));
    /// # }
    /// ```
    pub fn release_buffers_after(&mut self, idle: Option<Duration>) {
        self.idle = idle.map(|after| Box::new(IdleTimer::new(after)));
    }

    /// Sets how often to send a Ping. If nothing arrives until the next one is due, the stream
    /// fails with [`TimedOut`](io::ErrorKind::TimedOut). The default is `None`: no Pings.
    ///
    /// This works while `next` is awaited. Bytes that have arrived are read first, so a task that
    /// polls late does not make its connection fail.
    ///
    /// # Panics
    ///
    /// `next` panics outside of a tokio runtime with time enabled, if an interval is set.
    ///
    /// ```
    /// use core::time::Duration;
    /// use futures_util::StreamExt;
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use wsframe::Connection;
    /// use wsframe::codec::CodecError;
    /// use wsframe::stream::WebSocketStream;
    ///
    /// async fn listen(io: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), CodecError> {
    ///     let mut stream = WebSocketStream::new(io, Connection::server());
    ///     stream.set_keep_alive(Some(Duration::from_secs(20)));
    ///     while let Some(message) = stream.next().await {
    ///         println!("{:?}", message?);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[doc(alias = "heartbeat")]
    #[doc(alias = "ping_interval")]
    pub fn set_keep_alive(&mut self, interval: Option<Duration>) {
        self.keep_alive = interval.map(|interval| Box::new(KeepAlive::new(interval)));
    }

    /// Splits the stream into halves that two tasks can use. Both know how the connection ended.
    ///
    /// ```
    /// use futures_util::{SinkExt, StreamExt};
    /// use wsframe::codec::CodecError;
    /// use wsframe::stream::WebSocketStream;
    /// use wsframe::{Connection, Message};
    ///
    /// # async fn example(socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) {
    /// let (mut sink, mut stream) = WebSocketStream::new(socket, Connection::server()).split();
    /// let sender = tokio::spawn(async move {
    ///     while sink.send(Message::text("tick")).await.is_ok() {
    ///         // wait for the next tick
    ///     }
    ///     sink.close_code() // as the peer said it, or 1006
    /// });
    /// while let Some(Ok(message)) = stream.next().await {
    ///     println!("{message:?}");
    /// }
    /// # let _ = sender;
    /// # }
    /// ```
    #[must_use]
    pub fn split(self) -> (SplitSink<T, K>, SplitStream<T, K>) {
        split::split(self)
    }
}

/// # Accessors
impl<T, K> WebSocketStream<T, K> {
    /// Returns the connection, for example its role.
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

    /// Returns the code that the connection was closed with (RFC 6455 §7.1.5). Returns `None` while
    /// the connection is open.
    ///
    /// Same as [`Connection::close_code`], but also returns [`ABNORMAL`](CloseCode::ABNORMAL) after
    /// the transport has failed.
    #[must_use]
    pub fn close_code(&self) -> Option<CloseCode> {
        let abnormal = self.failure.map(|_| CloseCode::ABNORMAL);
        self.connection().close_code().or(abnormal)
    }

    /// Returns the code and the reason of the peer's Close. Returns `None` before it has arrived,
    /// and if its body was empty.
    #[must_use]
    pub const fn close_frame(&self) -> Option<&CloseFrame> {
        self.close_frame.as_ref()
    }

    /// Returns what made the connection fail: a rule that the peer broke, or an error of the
    /// transport. Returns `None` while the connection is open and after a regular end.
    ///
    /// Of an error of the transport, only the kind is kept.
    #[must_use]
    pub fn error(&self) -> Option<CodecError> {
        match self.connection().error() {
            Some(error) => Some(error.into()),
            None => self.failure.map(|kind| io::Error::from(kind).into()),
        }
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

    /// Returns the transport. Bytes that were read and not returned yet are lost, and so are those
    /// that were not flushed.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.io
    }

    /// Returns the transport and the connection, with the bytes that were read and not returned yet,
    /// and those that were queued and not written.
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use wsframe::stream::WebSocketStream;
    ///
    /// /// Takes back the transport, to speak another protocol after the last message.
    /// fn take_back<T: AsyncRead + AsyncWrite + Unpin>(stream: WebSocketStream<T>) -> (T, Vec<u8>) {
    ///     let parts = stream.into_parts();
    ///     (parts.io, parts.read_buf.to_vec())
    /// }
    /// ```
    #[must_use]
    pub fn into_parts(mut self) -> StreamParts<T, K> {
        self.queue.append(&self.messages.replies);
        StreamParts {
            io: self.io,
            connection: self.messages.into_connection(),
            read_buf: self.input.bytes,
            write_buf: self.queue.into_bytes(),
        }
    }

    /// Frees the memory of both buffers, except that of bytes that wait in them. The next bytes that
    /// arrive or are sent allocate it again.
    ///
    /// Call it when a connection has been idle for some time. On a stream with traffic it costs an
    /// allocation and a copy of up to 4 KiB.
    pub fn release_buffers(&mut self) {
        self.input.release();
        self.queue.release();
        self.spare = None;
        if self.messages.replies.is_empty() {
            self.messages.replies = BytesMut::new();
        }
    }
}

/// # Closing
impl<T, K> WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    /// Closes the connection: sends a Close, unless one was sent, discards what still arrives, and
    /// waits for the peer's Close and the end of the transport. Drop the stream afterwards.
    ///
    /// # Errors
    ///
    /// - [`CodecError::Io`] with [`TimedOut`](io::ErrorKind::TimedOut) if that takes longer than
    ///   `timeout`
    /// - [`CodecError::Encode`] if the reason is too long
    /// - the errors of `next`
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime with time enabled.
    ///
    /// ```
    /// use core::time::Duration;
    /// use tokio::io::{AsyncRead, AsyncWrite};
    /// use wsframe::CloseCode;
    /// use wsframe::codec::CodecError;
    /// use wsframe::stream::WebSocketStream;
    ///
    /// async fn end(
    ///     mut stream: WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
    /// ) -> Result<(), CodecError> {
    ///     let timeout = Duration::from_secs(5);
    ///     stream.close_gracefully(CloseCode::GOING_AWAY, "the server restarts", timeout).await
    /// }
    /// ```
    #[doc(alias = "graceful_shutdown")]
    pub async fn close_gracefully(
        &mut self,
        code: CloseCode,
        reason: impl Into<Utf8Bytes>,
        timeout: Duration,
    ) -> Result<(), CodecError> {
        if self.connection().check_send(Opcode::Close).is_ok() {
            // A queue that is full is written while the peer is read from.
            Pin::new(&mut *self).start_send(Message::close(code, reason))?;
        }
        let ended = async {
            while let Some(message) = poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await {
                message?;
            }
            Ok(())
        };
        match tokio::time::timeout(timeout, ended).await {
            Ok(ended) => ended,
            Err(_) => {
                let error = "the peer has not closed the connection in time";
                Err(io::Error::new(io::ErrorKind::TimedOut, error).into())
            }
        }
    }
}

impl<T, K> WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    /// Returns the next message or chunk, or what ends the connection.
    #[inline(always)]
    fn poll_receive<R: Received>(
        &mut self,
        cx: &mut Context<'_>,
        receive: impl Fn(&mut Self) -> Result<Option<R>, ReceiveError>,
    ) -> Poll<Option<Result<R, CodecError>>> {
        if self.ended || self.connection().transport_action() != TransportAction::KeepOpen {
            self.ended = true;
            return self.poll_end(cx).map(|()| None);
        }
        for _ in 0..READS_PER_POLL {
            let received = receive(self);
            self.input.note();
            match received {
                Ok(Some(message)) => {
                    if let Message::Close(frame) = message.message() {
                        self.close_frame.clone_from(frame);
                        self.ended |= self.is_broken;
                        self.write_last(cx);
                    } else if !self.messages.replies.is_empty() {
                        // The answer to a Ping need not wait until the caller comes back.
                        self.queue_replies();
                        let _ = self.poll_write(Side::Reader, cx);
                    }
                    return Poll::Ready(Some(Ok(message)));
                }
                Ok(None) => {}
                Err(error) => {
                    self.ended = true;
                    self.open = None;
                    self.write_last(cx);
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
            if self.queue.len() >= self.boundary || self.queue.has_references() {
                // Nothing more can be fed, or payloads share the memory that the next read needs.
                let _ = self.poll_write(Side::Reader, cx);
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(1..)) => {
                    self.queue.note_received();
                    self.note_traffic();
                    if let Some(keep_alive) = &mut self.keep_alive {
                        keep_alive.note();
                    }
                }
                Poll::Ready(Ok(_)) => return Poll::Ready(self.receive_end(cx).map(Err)),
                Poll::Ready(Err(error)) => {
                    self.receive_failure(cx, &error);
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Pending => {
                    if let Some(error) = self.poll_keep_alive(cx) {
                        self.receive_failure(cx, &error);
                        return Poll::Ready(Some(Err(error.into())));
                    }
                    self.queue_replies();
                    let _ = self.poll_write(Side::Reader, cx);
                    if self.idle.as_mut().is_some_and(|idle| idle.poll(cx)) {
                        self.release_buffers();
                    }
                    return Poll::Pending;
                }
            }
        }
        let _ = self.poll_write(Side::Reader, cx);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Queues a Ping if it is due. Returns an error if the last one was not answered.
    #[inline]
    fn poll_keep_alive(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        match self.keep_alive.as_mut()?.poll(cx) {
            Due::Nothing => None,
            Due::Ping => {
                // A peer that does not read needs no Pings, which it could not answer.
                if self.queue.len() < self.boundary {
                    let ping = Message::Ping(Bytes::new());
                    // After a Close there are no Pings, and the peer's Close is waited for as long.
                    let _ = self.queue.send(&mut self.messages, ping, false);
                }
                None
            }
            Due::Failure => {
                let error = "the peer has not answered a Ping in time";
                Some(io::Error::new(io::ErrorKind::TimedOut, error))
            }
        }
    }

    /// Queues a prepared message. The sink must be ready.
    pub(super) fn start_send_prepared(
        &mut self,
        message: &PreparedMessage,
    ) -> Result<(), CodecError> {
        self.check()?;
        let Some(frame) = message.frame(&mut self.messages)? else {
            return Pin::new(self).start_send(message.message().clone());
        };
        self.queue_before();
        self.queue.append_shared(frame, self.io.is_write_vectored());
        Ok(())
    }

    /// Handles the end of the transport.
    fn receive_end(&mut self, cx: &mut Context<'_>) -> Option<CodecError> {
        self.ended = true;
        self.is_drained = true;
        let ended = self.messages.receive_end().err();
        if ended.is_some() {
            self.failure.get_or_insert(io::ErrorKind::UnexpectedEof);
        }
        self.write_last(cx);
        ended
    }

    /// Handles an error of the transport while reading.
    ///
    /// > If the TCP connection is closed after the WebSocket closing handshake is completed, the WebSocket
    /// > connection is said to have been closed _cleanly_ (§7.1.4)
    ///
    /// This holds for any kind of end: many servers reset it, or end TLS without a notification.
    fn receive_failure(&mut self, cx: &mut Context<'_>, error: &io::Error) {
        self.ended = true;
        self.is_drained = true;
        self.failure.get_or_insert(error.kind());
        self.messages.connection_mut().receive_eof();
        self.write_last(cx);
    }

    /// Writes and flushes the last replies without waiting, and wakes the other half. Ends this
    /// side of the transport if the connection requires it.
    fn write_last(&mut self, cx: &mut Context<'_>) {
        let _ = self.poll_shut_down(Side::Reader, cx);
        self.wakers.wake();
    }

    /// Reads and discards what the peer still sends, until the transport ends. Continues to write
    /// meanwhile.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = self.poll_shut_down(Side::Reader, cx);
        for _ in 0..READS_PER_POLL {
            if self.is_drained {
                self.messages.connection_mut().receive_eof();
                let _ = self.poll_shut_down(Side::Reader, cx);
                return Poll::Ready(());
            }
            self.input.bytes.clear();
            // A read that fails ends the transport too.
            let count = ready!(self.poll_read(cx)).unwrap_or(0);
            self.drained += count;
            self.is_drained = count == 0 || self.drained > MAX_DRAINED;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_read(&mut self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        let waker = self.wakers.register(Side::Reader, cx.waker());
        let rest = if self.ended { 0 } else { self.messages.connection().remaining() };
        self.input.poll_read(&mut self.io, &mut Context::from_waker(waker), rest, &mut self.spare)
    }

    /// Queues the replies. If more can be received, and so more replies can follow, only while the
    /// queue is not full.
    fn queue_replies(&mut self) {
        if self.messages.replies.is_empty() {
            return;
        }
        let is_last =
            self.ended || self.connection().transport_action() != TransportAction::KeepOpen;
        if self.queue.len() < self.boundary || is_last {
            self.queue.append(&self.messages.replies);
            self.messages.replies.clear();
        }
    }

    /// Reports traffic to the idle timer.
    fn note_traffic(&mut self) {
        if self.idle.as_mut().is_some_and(|idle| idle.note()) {
            // The reader polls the timer.
            self.wakers.wake();
        }
    }

    /// Queues the replies, which are sent before the next message.
    fn queue_before(&mut self) {
        self.note_traffic();
        if !self.messages.replies.is_empty() {
            self.queue.append(&self.messages.replies);
            self.messages.replies.clear();
        }
    }

    /// Writes and flushes what is queued.
    fn poll_write(&mut self, side: Side, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.is_broken {
            self.queue.clear();
            self.messages.replies.clear();
            return Poll::Ready(Ok(()));
        }
        if self.queue.len() == 0 && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let waker = self.wakers.register(side, cx.waker());
        let cx = &mut Context::from_waker(waker);
        self.unflushed |= self.queue.len() > 0;
        let written = match self.queue.poll_write(&mut self.io, cx, &mut self.spare) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.io).poll_flush(cx),
            other => other,
        };
        self.spare = self.spare.take().filter(|spare| self.input.wants(spare));
        match ready!(written) {
            Ok(()) => self.unflushed = false,
            Err(error) => return Poll::Ready(self.fail_writing(side, error)),
        }
        Poll::Ready(Ok(()))
    }

    #[cold]
    fn fail_writing(&mut self, side: Side, error: io::Error) -> io::Result<()> {
        self.is_broken = true;
        self.queue.clear();
        self.messages.replies.clear();
        if self.is_closed() {
            // After the closing handshake, a transport that ends in any way has not failed.
            return Ok(());
        }
        self.failure.get_or_insert(error.kind());
        self.wakers.wake();
        match side {
            Side::Writer => return Err(error),
            // The next call of the sink reports it.
            Side::Reader => self.write_error = Some(error),
        }
        Ok(())
    }

    /// Returns whether a Close was sent and one was received.
    fn is_closed(&self) -> bool {
        self.connection().close_code().is_some_and(|code| code != CloseCode::ABNORMAL)
            && self.connection().check_send(Opcode::Close).is_err()
    }

    /// Writes what is queued, with all replies, and ends this side of the transport if the
    /// connection requires it. Ignores a transport that has ended already.
    fn poll_shut_down(&mut self, side: Side, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.queue_replies();
        ready!(self.poll_write(side, cx))?;
        if !self.shut_down && self.connection().transport_action() == TransportAction::Close {
            let waker = self.wakers.register(side, cx.waker());
            let _ = ready!(Pin::new(&mut self.io).poll_shutdown(&mut Context::from_waker(waker)));
            self.shut_down = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Fails if the transport has failed.
    fn check(&mut self) -> Result<(), CodecError> {
        match self.failure {
            None => Ok(()),
            Some(kind) => Err(self.write_error.take().unwrap_or_else(|| kind.into()).into()),
        }
    }
}

impl<T, K> Stream for WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    type Item = Result<Message, CodecError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = this.poll_receive(cx, |this| match &mut this.open {
            None => this.messages.receive(&mut this.input.bytes),
            open => this.messages.receive_rest(open, &mut this.input.bytes),
        });
        this.is_terminated |= matches!(next, Poll::Ready(None));
        next
    }
}

impl<T, K> FusedStream for WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    fn is_terminated(&self) -> bool {
        self.is_terminated
    }
}

impl<T, K> Sink<Message> for WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    type Error = CodecError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        let this = self.get_mut();
        this.check()?;
        if this.queue.len() >= this.boundary {
            match this.poll_write(Side::Writer, cx) {
                Poll::Ready(written) => written?,
                Poll::Pending if this.queue.len() >= this.boundary => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), CodecError> {
        let this = self.get_mut();
        this.check()?;
        this.queue_before();
        let is_close = message.is_close();
        this.queue.send(&mut this.messages, message, this.io.is_write_vectored())?;
        if is_close {
            // The reader may now have to end the transport.
            this.wakers.wake();
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        let this = self.get_mut();
        this.check()?;
        this.queue_replies();
        ready!(this.poll_write(Side::Writer, cx))?;
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        let this = self.get_mut();
        if this.shut_down {
            return Poll::Ready(Ok(()));
        }
        this.check()?;
        if this.connection().check_send(Opcode::Close).is_ok() {
            Pin::new(&mut *this).start_send(Message::close(CloseCode::NORMAL, ""))?;
        }
        ready!(this.poll_shut_down(Side::Writer, cx))?;
        Poll::Ready(Ok(()))
    }
}

/// The parts of a stream, from [`WebSocketStream::into_parts`].
///
/// To create a stream from them, write `write_buf`, then call
/// [`WebSocketStream::from_partially_read`].
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamParts<T, K = NoKeys> {
    /// The transport.
    pub io: T,
    /// The connection, unless compression was negotiated: such a connection cannot be continued.
    pub connection: Option<Connection<K>>,
    /// The bytes that were read and not returned yet.
    pub read_buf: BytesMut,
    /// The bytes that were queued and not written.
    pub write_buf: BytesMut,
}

impl<T: fmt::Debug, K> fmt::Debug for WebSocketStream<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketStream")
            .field("io", &self.io)
            .field("connection", self.connection())
            .finish_non_exhaustive()
    }
}
