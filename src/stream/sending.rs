//! Sending fragments and prepared messages, with a whole stream or its sink half.

use core::future::poll_fn;
use core::pin::Pin;

use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{PreparedMessage, SplitSink, WebSocketStream};
use crate::codec::CodecError;
use crate::{MaskingKeys, MessageData};

macro_rules! impl_sending {
    ($sink:ident) => {
        /// # Fragments
        impl<T, K> $sink<T, K>
        where
            T: AsyncRead + AsyncWrite + Unpin,
            K: MaskingKeys + Unpin,
        {
            /// Sends the next fragment of a message (RFC 6455 §5.4), and returns when the transport
            /// has taken it. With `fin` it is the last one.
            ///
            /// Pings and other control frames may be sent between fragments, with `send`; messages
            /// may not. If compression was negotiated, a message in several fragments is
            /// compressed, and each fragment is flushed, so the peer can decompress it at once.
            ///
            /// If the future is dropped, the fragment may or may not be queued, as with `send`.
            ///
            /// # Errors
            ///
            /// - Errors of the transport.
            /// - The errors of [`Connection::send_fragment`](crate::Connection::send_fragment),
            ///   such as [`ExpectedContinuation`](crate::EncodeError::ExpectedContinuation) for
            ///   binary data within a text message. Nothing is queued then.
            ///
            /// ```
            /// use futures_util::SinkExt;
            /// use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
            /// use wsframe::codec::CodecError;
            /// use wsframe::stream::WebSocketStream;
            ///
            /// /// Sends a file as one binary message.
            /// async fn upload(
            ///     stream: &mut WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
            ///     file: &mut (impl AsyncRead + Unpin),
            /// ) -> Result<(), CodecError> {
            ///     let mut buf = vec![0; 64 << 10];
            ///     loop {
            ///         let count = file.read(&mut buf).await?;
            ///         stream.feed_fragment(&buf[..count], count == 0).await?;
            ///         if count == 0 {
            ///             return stream.flush().await;
            ///         }
            ///     }
            /// }
            /// ```
            pub async fn send_fragment<'d>(
                &mut self,
                fragment: impl Into<MessageData<'d>>,
                fin: bool,
            ) -> Result<(), CodecError> {
                self.feed_fragment(fragment, fin).await?;
                poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
            }

            /// Queues the next fragment of a message, after waiting until the write queue is not
            /// full. Same as [`send_fragment`](Self::send_fragment), but does not flush.
            ///
            /// # Errors
            ///
            /// - Errors of the transport.
            /// - The errors of [`Connection::send_fragment`](crate::Connection::send_fragment).
            ///   Nothing is queued then.
            pub async fn feed_fragment<'d>(
                &mut self,
                fragment: impl Into<MessageData<'d>>,
                fin: bool,
            ) -> Result<(), CodecError> {
                let fragment = fragment.into();
                poll_fn(|cx| Pin::new(&mut *self).poll_ready(cx)).await?;
                self.start_send_fragment(fragment, fin)
            }
        }

        /// # Prepared messages
        impl<T, K> $sink<T, K>
        where
            T: AsyncRead + AsyncWrite + Unpin,
            K: MaskingKeys + Unpin,
        {
            /// Sends a prepared message, and returns when the transport has taken it.
            ///
            /// If the future is dropped, the message may or may not be queued, as with `send`.
            ///
            /// # Errors
            ///
            /// Those of `send`.
            pub async fn send_prepared(
                &mut self,
                message: &PreparedMessage,
            ) -> Result<(), CodecError> {
                self.feed_prepared(message).await?;
                poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
            }

            /// Queues a prepared message, after waiting until the write queue is not full.
            ///
            /// # Errors
            ///
            /// Those of `feed`.
            pub async fn feed_prepared(
                &mut self,
                message: &PreparedMessage,
            ) -> Result<(), CodecError> {
                poll_fn(|cx| Pin::new(&mut *self).poll_ready(cx)).await?;
                self.start_send_prepared(message)
            }
        }
    };
}
impl_sending!(WebSocketStream);
impl_sending!(SplitSink);
