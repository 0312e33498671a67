//! A connection over tokio's I/O, as a `Stream` and a `Sink`.

use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::codec::Framed;

use super::buffer::Growth;
#[cfg(feature = "deflate")]
use super::deflate::SharedPool;
use super::wakers::{Side, Wakers};
use super::{CodecError, MessageCodec};
use crate::close::CloseCode;
use crate::connection::{Connection, MaskingKeys, Transport, Unmasked};
#[cfg(feature = "deflate")]
use crate::deflate::Parameters;
use crate::header::Opcode;
use crate::owned::Message;

/// A connection after its opening handshake, over anything that reads and writes: a `Stream` and a `Sink`
/// of [`Message`]s, which sends by itself what the protocol wants to be replied.
///
/// Reading drives it. While `next` is awaited:
///
/// - Each Ping is answered, and handed out. (Of those that come while the write buffer is full, the last one
///   is answered. Reading goes on.)
/// - A Close is answered, and a broken rule is told to the peer, before it is handed out. A server ends its
///   side of the transport, too; a client leaves that to the server. The stream ends when the transport has
///   ended. Who does not wait for that risks that the peer's system throws the last bytes away.
/// - The end of the transport without a Close is an error
///   ([`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof)). After the closing handshake it is none, however
///   it comes.
///
/// If a reply cannot be sent, the stream does not fail: it still yields what has arrived, then the
/// transport's own error or end.
///
/// Closing the sink sends a Close with code 1000, unless one was sent, and flushes. It does not wait for the
/// peer's: read until the stream ends. For how long, is the caller's to say, for this wait as for any other:
/// there is no clock here. To close with another code and a reason, send [`Message::close`], and read until
/// the stream ends.
///
/// The halves of a stream that was split (`StreamExt::split`) may be polled by two tasks.
///
/// See [the module](super) for an example.
pub struct WebSocketStream<T, K = Unmasked> {
    framed: Framed<T, MessageCodec<K>>,
    wakers: Arc<Wakers>,
    /// That wakes both.
    waker: Waker,
    /// Of the write buffer.
    growth: Growth,
    /// What comes last, and is handed out when the replies to it are sent.
    last: Option<Result<Message, CodecError>>,
    /// Whether the write buffer holds replies, which are to be sent though nobody flushes.
    replying: bool,
    /// Whether nothing more is to be read.
    ended: bool,
    /// Whether this side of the transport was ended, or that has failed.
    shut_down: bool,
}

impl<T, K> WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    /// Speaks through `io`, as this connection says, which is new.
    #[must_use]
    pub fn new(io: T, connection: Connection<K>) -> Self {
        Self::with_received(io, connection, BytesMut::new())
    }

    /// The same, when some bytes have been received already: those that were read together with the
    /// opening handshake, and follow it.
    #[must_use]
    pub fn with_received(io: T, connection: Connection<K>, received: BytesMut) -> Self {
        let mut parts =
            tokio_util::codec::FramedParts::new::<Message>(io, MessageCodec::new(connection));
        parts.read_buf = received;
        let wakers = Arc::new(Wakers::default());
        Self {
            framed: Framed::from_parts(parts),
            waker: Waker::from(Arc::clone(&wakers)),
            wakers,
            growth: Growth::NONE,
            last: None,
            replying: false,
            ended: false,
            shut_down: false,
        }
    }

    /// The same, new as it is, where compression was agreed on: see [`MessageCodec::deflate`].
    ///
    /// ```
    /// use wsframe::Connection;
    /// use wsframe::codec::{SharedPool, WebSocketStream};
    /// use wsframe::deflate::{Config, Parameters};
    ///
    /// # async fn example(socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    /// let pool = SharedPool::new(Config::new(Parameters::NO_TAKEOVER)); // one for all connections
    /// let agreed = Some(Parameters::NO_TAKEOVER); // what the handshake's `Negotiation::agreed` says
    /// let stream =
    ///     WebSocketStream::new(socket, Connection::server()).deflate(agreed, pool.clone());
    /// # }
    /// ```
    #[cfg(feature = "deflate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
    #[must_use]
    pub fn deflate(mut self, agreed: Option<Parameters>, pool: impl Into<SharedPool>) -> Self {
        self.framed = self.framed.map_codec(|codec| codec.deflate(agreed, pool));
        self
    }

    /// The connection: its role, its close code, what made it fail.
    #[must_use]
    pub fn connection(&self) -> &Connection<K> {
        self.framed.codec().connection()
    }

    /// The transport.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.framed.get_ref()
    }

    /// The transport, to change its options. Reading and writing is the stream's.
    pub fn get_mut(&mut self) -> &mut T {
        self.framed.get_mut()
    }

    /// The transport, back. What was read from it and not handed out yet is lost, and so is what was not
    /// flushed.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.framed.into_inner()
    }

    /// How many bytes the write buffer may hold that the peer has not taken, before
    /// [`poll_ready`](Sink::poll_ready) waits for it: 8 KiB, unless this is called. The message that is
    /// taken last may exceed it.
    pub fn set_backpressure_boundary(&mut self, bytes: usize) {
        self.framed.set_backpressure_boundary(bytes);
    }

    /// Asks the sink underneath, such that the tasks of both sides are woken if it is pending.
    fn poll_writing<R>(
        &mut self,
        side: Side,
        cx: &Context<'_>,
        poll: impl FnOnce(Pin<&mut Framed<T, MessageCodec<K>>>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        self.wakers.register(side, cx.waker());
        self.growth.note(self.framed.write_buffer());
        let polled = poll(Pin::new(&mut self.framed), &mut Context::from_waker(&self.waker));
        self.growth.undo(self.framed.write_buffer_mut());
        polled
    }

    /// Sends what the connection has replied. If that fails, nothing more is replied.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.replying && !self.framed.codec().has_replies() {
            return Poll::Ready(());
        }
        // Not before the write buffer has room for them: else the replies could become many.
        let ready = ready!(self.poll_writing(Side::Reader, cx, Framed::poll_ready));
        // That it failed, who sends a message is told.
        if ready.is_ok() {
            self.queue_replies();
            let _ = ready!(self.poll_writing(Side::Reader, cx, Framed::poll_flush));
        } else {
            drop(self.framed.codec_mut().take_replies());
        }
        self.replying = false;
        Poll::Ready(())
    }

    /// Puts what the connection has replied into the write buffer, from which it is to be flushed.
    fn queue_replies(&mut self) {
        let replies = self.framed.codec_mut().take_replies();
        self.replying |= !replies.is_empty();
        self.framed.write_buffer_mut().extend_from_slice(&replies);
    }

    /// Sends what is to be sent, and ends this side of the transport. That it is gone already is no error.
    fn poll_shut_down(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.shut_down {
            let _ = ready!(self.poll_writing(Side::Reader, cx, Framed::poll_close));
            self.shut_down = true;
        }
        Poll::Ready(())
    }

    /// Reads what the peer still sends, and throws it away, until nothing more comes.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 512];
        loop {
            let mut rest = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(self.framed.get_mut()).poll_read(cx, &mut rest));
            if read.is_err() || rest.filled().is_empty() {
                return Poll::Ready(());
            }
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
        loop {
            let replied = this.poll_replies(cx);
            if this.last.is_some() {
                ready!(replied);
                if this.connection().transport() == Transport::Close {
                    ready!(this.poll_shut_down(cx));
                }
                return Poll::Ready(this.last.take());
            }
            if this.ended || this.connection().transport() == Transport::Close {
                ready!(this.poll_shut_down(cx));
                ready!(this.poll_rest(cx));
                return Poll::Ready(None);
            }
            let received = ready!(Pin::new(&mut this.framed).poll_next(cx));
            match received {
                Some(Ok(message)) if !matches!(message, Message::Close(_)) => {
                    // So that the answer to a Ping need not wait until more is read.
                    let _ = this.poll_replies(cx);
                    return Poll::Ready(Some(Ok(message)));
                }
                // > If the TCP connection is closed after the WebSocket closing handshake is completed, the
                // > WebSocket connection is said to have been closed _cleanly_ (§7.1.4)
                //
                // in whatever way: many a server resets it, or ends TLS without saying so.
                Some(Err(CodecError::Io(_)))
                    if this.connection().transport() == Transport::AwaitEnd =>
                {
                    this.ended = true;
                }
                Some(last) => {
                    this.ended = last.is_err();
                    this.last = Some(last);
                }
                None => this.ended = true,
            }
        }
    }
}

impl<T, K> Sink<Message> for WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    type Error = CodecError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        self.get_mut().poll_writing(Side::Writer, cx, Framed::poll_ready)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), CodecError> {
        let this = self.get_mut();
        // Replies go in front of it. They are to be flushed even if it is refused, or nobody flushes it.
        this.queue_replies();
        Pin::new(&mut this.framed).start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        self.get_mut().poll_writing(Side::Writer, cx, Framed::poll_flush)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        let this = self.get_mut();
        if this.shut_down {
            return Poll::Ready(Ok(()));
        }
        // One of them may be the Close.
        this.queue_replies();
        if this.connection().may_send(Opcode::Close).is_ok() {
            let bye = Message::close(CloseCode::NORMAL, "");
            Pin::new(&mut this.framed).start_send(bye)?;
        }
        Pin::new(this).poll_flush(cx)
    }
}

impl<T: fmt::Debug, K> fmt::Debug for WebSocketStream<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketStream")
            .field("io", self.framed.get_ref())
            .field("connection", self.framed.codec().connection())
            .finish_non_exhaustive()
    }
}
