//! Messages in parts: received in chunks, sent in fragments.

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
    /// Returns the next chunk of a message as soon as it arrives, or a control frame. Returns `None`
    /// when the stream has ended.
    ///
    /// Use it for messages that are too long for memory. A chunk has at most as many bytes as one
    /// read, or 64 KiB of a compressed message. The connection's limits apply to the whole message:
    /// see [`Limits::max_message_size`](crate::Limits::max_message_size). Control frames are
    /// answered as by `next`.
    ///
    /// Calls of `next` and of this method may alternate:
    ///
    /// - Within a message, `next` returns the rest after the last chunk as one message.
    /// - If a dropped future of `next` has received a part of a message, this method returns that
    ///   message whole.
    ///
    /// This method is cancel-safe: a dropped future loses nothing.
    ///
    /// # Errors
    ///
    /// Same as `next`: an error of the transport, or a rule that the peer broke. Then discard the
    /// earlier chunks of the message.
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

    /// Queues the next fragment of a message. Call it after `poll_ready` has returned `Ready`.
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
