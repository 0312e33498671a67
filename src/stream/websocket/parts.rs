//! Messages in parts: chunks of what is received, fragments of what is sent.

use core::future::poll_fn;
use core::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use super::WebSocketStream;
use crate::codec::CodecError;
use crate::codec::chunks::Chunk;
use crate::{MaskingKeys, MessageData};

/// # Messages in parts
impl<T, K> WebSocketStream<T, K>
where
    T: AsyncRead + AsyncWrite + Unpin,
    K: MaskingKeys + Unpin,
{
    /// Returns the next chunk of a message, or a control frame, as soon as any of it has arrived.
    /// Returns `None` when the stream has ended.
    ///
    /// Use it for messages that are too long to be held. A chunk has at most as many bytes as one
    /// read brings, or 64 KiB of a compressed message. The connection's limits apply to the whole
    /// message: see [`Limits::max_message_size`](crate::Limits::max_message_size).
    /// Control frames are answered as by `next`.
    ///
    /// Calls of `next` and of this method may alternate:
    ///
    /// - In the middle of a message, `next` returns the rest of it, from the end of the last chunk,
    ///   as one message.
    /// - A message of which a dropped future of `next` has received a part is returned as one
    ///   chunk.
    ///
    /// This method is cancel-safe: a future that is dropped loses nothing.
    ///
    /// # Errors
    ///
    /// Same as `next`: an error of the transport, or a rule that the peer broke. Chunks of the
    /// message that were returned before must then be discarded.
    ///
    /// ```
    /// use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
    /// use wsframe::Message;
    /// use wsframe::codec::CodecError;
    /// use wsframe::stream::WebSocketStream;
    ///
    /// /// Writes a binary message of any length to a file. Returns whether all of it has arrived.
    /// async fn download(
    ///     stream: &mut WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>,
    ///     file: &mut (impl AsyncWrite + Unpin),
    /// ) -> Result<bool, CodecError> {
    ///     while let Some(chunk) = stream.next_chunk().await {
    ///         let chunk = chunk?;
    ///         if let Message::Binary(bytes) = chunk.data {
    ///             file.write_all(&bytes).await?;
    ///             if chunk.last {
    ///                 return Ok(true);
    ///             }
    ///         }
    ///     }
    ///     Ok(false)
    /// }
    /// ```
    pub async fn next_chunk(&mut self) -> Option<Result<Chunk, CodecError>> {
        poll_fn(|cx| self.poll_next_chunk(cx)).await
    }

    /// Polls for the next chunk of a message, or a control frame: see
    /// [`next_chunk`](Self::next_chunk).
    pub fn poll_next_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Chunk, CodecError>>> {
        let next = self.poll_receive(cx, |this| {
            this.messages.receive_chunk(&mut this.open, &mut this.input.bytes)
        });
        self.is_terminated |= matches!(next, Poll::Ready(None));
        next
    }

    /// Queues the next fragment of a message, as `start_send` queues a message. Call it after
    /// `poll_ready` has returned `Ready`.
    ///
    /// # Errors
    ///
    /// - Errors of the transport.
    /// - The errors of [`Connection::send_fragment`](crate::Connection::send_fragment). Nothing is queued then.
    pub fn start_send_fragment<'d>(
        &mut self,
        fragment: impl Into<MessageData<'d>>,
        fin: bool,
    ) -> Result<(), CodecError> {
        self.check()?;
        self.queue_before();
        self.queue.send_fragment(&mut self.messages, fragment.into(), fin)?;
        Ok(())
    }
}
