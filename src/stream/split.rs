//! The two halves of a stream.

use alloc::sync::Arc;
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{PreparedMessage, WebSocketStream};
use crate::codec::CodecError;
use crate::codec::chunks::Chunk;
use crate::{CloseCode, CloseFrame, MaskingKeys, Message, MessageData, NoKeys};

/// A stream that both halves use. It is locked for one poll at a time.
struct Shared<T, K>(Arc<Mutex<WebSocketStream<T, K>>>);

impl<T, K> Shared<T, K> {
    /// Ignores a poisoned lock: after a panic of the transport, the stream is as usable as one that
    /// was not split.
    fn lock(&self) -> MutexGuard<'_, WebSocketStream<T, K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving half of a [`WebSocketStream`], made by [`WebSocketStream::split`].
///
/// Reading from it also sends the replies to Pings and Closes, and what was fed to the other half.
///
/// ```
/// use futures_util::StreamExt;
/// use tokio::net::TcpStream;
/// use wsframe::CloseCode;
/// use wsframe::stream::SplitStream;
///
/// /// Receives until the connection ends. Returns the code of the peer's Close.
/// async fn receive(mut messages: SplitStream<TcpStream>) -> Option<CloseCode> {
///     while let Some(Ok(message)) = messages.next().await {
///         println!("{message}");
///     }
///     messages.close_code()
/// }
/// # let _ = receive;
/// ```
pub struct SplitStream<T, K = NoKeys>(Shared<T, K>);

/// The sending half of a [`WebSocketStream`], made by [`WebSocketStream::split`].
///
/// Dropping it does not close the connection. Call `close` (`SinkExt::close`) to send a Close.
///
/// ```
/// use futures_util::SinkExt;
/// use tokio::net::TcpStream;
/// use wsframe::Message;
/// use wsframe::codec::CodecError;
/// use wsframe::stream::SplitSink;
///
/// /// Sends a text and a Close.
/// async fn say_goodbye(mut sink: SplitSink<TcpStream>) -> Result<(), CodecError> {
///     sink.send(Message::text("goodbye")).await?;
///     sink.close().await
/// }
/// # let _ = say_goodbye;
/// ```
pub struct SplitSink<T, K = NoKeys>(Shared<T, K>);

/// The error of [`SplitStream::reunite`] if the halves are not of the same stream. Contains both.
///
/// ```
/// use tokio::net::TcpStream;
/// use wsframe::stream::{ReuniteError, SplitSink, SplitStream, WebSocketStream};
///
/// fn whole(
///     stream: SplitStream<TcpStream>,
///     sink: SplitSink<TcpStream>,
/// ) -> Option<WebSocketStream<TcpStream>> {
///     match stream.reunite(sink) {
///         Ok(whole) => Some(whole),
///         Err(ReuniteError(_stream, _sink)) => None, // of two connections
///     }
/// }
/// # let _ = whole;
/// ```
pub struct ReuniteError<T, K = NoKeys>(pub SplitStream<T, K>, pub SplitSink<T, K>);

pub(super) fn split<T, K>(stream: WebSocketStream<T, K>) -> (SplitSink<T, K>, SplitStream<T, K>) {
    let stream = Arc::new(Mutex::new(stream));
    (SplitSink(Shared(Arc::clone(&stream))), SplitStream(Shared(stream)))
}

impl<T, K> SplitStream<T, K> {
    /// Reunites the two halves of a stream.
    ///
    /// # Errors
    ///
    /// Returns both halves if they are not of the same stream.
    pub fn reunite(
        self,
        sink: SplitSink<T, K>,
    ) -> Result<WebSocketStream<T, K>, ReuniteError<T, K>> {
        if !Arc::ptr_eq(&self.0.0, &sink.0.0) {
            return Err(ReuniteError(self, sink));
        }
        drop(sink);
        match Arc::try_unwrap(self.0.0) {
            Ok(stream) => Ok(stream.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Err(_) => unreachable!("there are two halves, and the other was dropped"),
        }
    }
}

macro_rules! impl_half {
    ($half:ident) => {
        impl<T, K> $half<T, K> {
            /// Returns the code that the connection was closed with: see
            /// [`WebSocketStream::close_code`].
            #[must_use]
            pub fn close_code(&self) -> Option<CloseCode> {
                self.0.lock().close_code()
            }

            /// Returns the peer's Close: see [`WebSocketStream::close_frame`].
            #[must_use]
            pub fn close_frame(&self) -> Option<CloseFrame> {
                self.0.lock().close_frame().cloned()
            }

            /// Returns what made the connection fail: see [`WebSocketStream::error`].
            #[must_use]
            pub fn error(&self) -> Option<CodecError> {
                self.0.lock().error()
            }
        }

        impl<T, K> fmt::Debug for $half<T, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($half))
                    .field("close_code", &self.close_code())
                    .finish_non_exhaustive()
            }
        }
    };
}
impl_half!(SplitStream);
impl_half!(SplitSink);

impl<T, K> SplitStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    /// Returns the next chunk of a message, or a control frame: see
    /// [`WebSocketStream::next_chunk`].
    ///
    /// # Errors
    ///
    /// Same as [`WebSocketStream::next_chunk`].
    pub async fn next_chunk(&mut self) -> Option<Result<Chunk, CodecError>> {
        poll_fn(|cx| self.poll_next_chunk(cx)).await
    }

    /// Polls for the next chunk of a message, or a control frame: see
    /// [`WebSocketStream::next_chunk`].
    pub fn poll_next_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Chunk, CodecError>>> {
        self.0.lock().poll_next_chunk(cx)
    }
}

impl<T, K> SplitSink<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    /// Queues the next fragment of a message: see [`WebSocketStream::start_send_fragment`].
    ///
    /// # Errors
    ///
    /// Same as [`WebSocketStream::start_send_fragment`].
    pub fn start_send_fragment<'d>(
        &mut self,
        fragment: impl Into<MessageData<'d>>,
        fin: bool,
    ) -> Result<(), CodecError> {
        self.0.lock().start_send_fragment(fragment, fin)
    }

    pub(super) fn start_send_prepared(
        &mut self,
        message: &PreparedMessage,
    ) -> Result<(), CodecError> {
        self.0.lock().start_send_prepared(message)
    }
}

impl<T, K> Stream for SplitStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    type Item = Result<Message, CodecError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.lock()).poll_next(cx)
    }
}

impl<T, K> FusedStream for SplitStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    fn is_terminated(&self) -> bool {
        self.0.lock().is_terminated()
    }
}

impl<T, K> Sink<Message> for SplitSink<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    type Error = CodecError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        Pin::new(&mut *self.0.lock()).poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), CodecError> {
        Pin::new(&mut *self.0.lock()).start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        Pin::new(&mut *self.0.lock()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        Pin::new(&mut *self.0.lock()).poll_close(cx)
    }
}

impl<T, K> fmt::Debug for ReuniteError<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReuniteError").finish_non_exhaustive()
    }
}

impl<T, K> fmt::Display for ReuniteError<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are not of the same stream")
    }
}

impl<T, K> core::error::Error for ReuniteError<T, K> {}
