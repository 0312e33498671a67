//! `MessageCodec`: a connection for `Framed`.

use core::fmt;

use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use super::CodecError;
use super::buffer::Growth;
use super::messages::Messages;
#[cfg(feature = "deflate")]
use crate::deflate::{DeflateParameters, SharedPool};
use crate::{Connection, MaskingKeys, Message, NoKeys};

/// A codec of whole messages for `Framed`, over a [`Connection`].
///
/// `Framed` writes only when something is sent. But a connection must reply to a Ping, to a Close,
/// and to a broken rule. There are three ways to send these replies:
///
/// - Use [`WebSocketStream`](crate::stream::WebSocketStream) instead, which sends them
///   automatically.
/// - Disable automatic replies with [`auto_pong`](Connection::auto_pong) and
///   [`auto_close`](Connection::auto_close). Answer a [`Message::Ping`] with a [`Message::Pong`] and
///   a [`Message::Close`] with a [`Message::Close`], as the example does.
/// - Let replies wait: the codec sends them before the next message. If none may follow soon, take
///   them with [`take_replies`](Self::take_replies).
///
/// After a broken rule there is always a reply: a Close with the code of the error.
///
/// Waiting replies take no more memory than one Pong and one Close. If several Pings arrive before
/// the next message is sent, only the last one is answered:
///
/// > If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping
/// > frame(s), the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame.
/// > (RFC 6455 §5.5.3)
///
/// If the transport ends before the peer's Close, the stream returns an error with
/// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof).
///
/// # Memory
///
/// Between two messages a codec takes 112 bytes and a connection. It keeps heap memory only for
/// waiting replies and for compression (see [`deflate`](#method.deflate)).
///
/// `Framed` has a buffer of 8 KiB for each direction. The read buffer grows for a large message, and
/// the codec releases that memory afterwards. The write buffer stays as large as the largest message
/// that was sent.
///
/// # Bytes after the opening handshake
///
/// Put bytes that were read together with the opening handshake into `FramedParts::read_buf`, and
/// create the `Framed` with `Framed::from_parts`.
///
/// # Panics
///
/// `decode` and `decode_eof` panic if their buffer is shorter than the previous call left it,
/// unless that call failed. `Framed` never shortens its buffer.
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use tokio_util::codec::Framed;
/// use wsframe::codec::{CodecError, MessageCodec};
/// use wsframe::{Connection, Message};
///
/// # async fn example(socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> Result<(), CodecError> {
/// let connection = Connection::server().auto_pong(false).auto_close(false);
/// let mut framed = Framed::new(socket, MessageCodec::new(connection));
/// while let Some(message) = framed.next().await {
///     match message? {
///         Message::Ping(data) => framed.send(Message::Pong(data)).await?,
///         Message::Pong(_) => {}
///         // Text and binary messages are echoed, and so is a Close.
///         echo => framed.send(echo).await?,
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct MessageCodec<K = NoKeys> {
    messages: Messages<K>,
    /// Whether the read buffer has grown.
    growth: Growth,
}

impl<K> MessageCodec<K> {
    /// Creates a codec from a new connection, with its role, its rules and its limits.
    #[must_use]
    pub fn new(connection: Connection<K>) -> Self {
        Self { messages: Messages::new(connection), growth: Growth::NONE }
    }

    /// Sets the result of [`Negotiation::agreed`](crate::deflate::Negotiation::agreed), on a new
    /// codec. With `None` nothing is compressed, and a compressed message from the peer is a
    /// protocol error.
    ///
    /// Compressed messages are decompressed and, if they are text, validated. The connection fails
    /// if a decompressed message exceeds
    /// [`Limits::max_message_size`](crate::Limits::max_message_size).
    ///
    /// Messages are sent compressed if
    /// [`Config::should_compress`](crate::deflate::Config::should_compress) returns `true` for
    /// their length. Without context takeover, a message that would not become shorter is sent
    /// uncompressed. A [`Message::Raw`] is sent unchanged.
    ///
    /// # Memory
    ///
    /// With context takeover, the codec keeps its contexts from the first message to its end:
    /// [the module](crate::deflate#memory) lists their sizes. Without context takeover, an idle
    /// codec keeps 200 bytes, and takes contexts from `pool` while it handles a message.
    ///
    /// Many connections can use one [`SharedPool`]. It then holds as many contexts as there are
    /// messages in progress at the same time. A [`Config`](crate::deflate::Config) creates a pool
    /// for this codec alone, which keeps its contexts between messages unless
    /// [`Config::max_idle`](crate::deflate::Config::max_idle) is 0.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use tokio_util::codec::{Decoder, Encoder};
    /// use wsframe::codec::MessageCodec;
    /// use wsframe::deflate::{Config, DeflateParameters};
    /// use wsframe::{Connection, MaskingKey, Message};
    ///
    /// # let fresh_key = || MaskingKey::new([1, 2, 3, 4]);
    /// let agreed = Some(DeflateParameters::DEFAULT); // the result of `Negotiation::agreed`
    /// let config = Config::default();
    /// let mut client = MessageCodec::new(Connection::client(fresh_key)).deflate(agreed, config);
    /// let mut server = MessageCodec::new(Connection::server()).deflate(agreed, config);
    ///
    /// let message = Message::text("{\"price\":42.1875} ".repeat(100));
    /// let mut bytes = BytesMut::new();
    /// client.encode(message.clone(), &mut bytes)?;
    /// assert!(bytes.len() < 100);
    /// assert_eq!(server.decode(&mut bytes)?, Some(message));
    /// # Ok::<(), wsframe::codec::CodecError>(())
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

    /// Returns the connection.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        self.messages.connection()
    }

    /// Returns whether replies are waiting to be sent.
    #[must_use]
    pub fn has_replies(&self) -> bool {
        !self.messages.replies.is_empty()
    }

    /// Takes the waiting replies: the frames of at most one Pong and one Close. Send them before
    /// anything else.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use tokio_util::codec::Decoder;
    /// use wsframe::Connection;
    /// use wsframe::codec::MessageCodec;
    ///
    /// let mut codec = MessageCodec::new(Connection::server());
    /// let mut input = BytesMut::from(&b"\x89\x82\0\0\0\0hi\x88\x80\0\0\0\0"[..]);
    /// while codec.decode(&mut input)?.is_some() {}
    /// // With a `Framed`, they go to its write buffer, and then it is flushed.
    /// assert_eq!(&codec.take_replies()[..], b"\x8A\x02hi\x88\x00");
    /// # Ok::<(), wsframe::codec::CodecError>(())
    /// ```
    #[must_use = "the codec does not keep them"]
    pub fn take_replies(&mut self) -> BytesMut {
        self.messages.take_replies()
    }
}

impl<K: MaskingKeys> Decoder for MessageCodec<K> {
    type Item = Message;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        self.growth.note(src);
        let message = self.messages.receive(src)?;
        if message.is_none() {
            self.growth.undo(src);
        }
        Ok(message)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        match self.decode(src)? {
            None => self.messages.receive_end().map(|()| None),
            message => Ok(message),
        }
    }
}

impl<K: MaskingKeys> Encoder<Message> for MessageCodec<K> {
    type Error = CodecError;

    fn encode(&mut self, message: Message, dst: &mut BytesMut) -> Result<(), CodecError> {
        dst.extend_from_slice(&self.take_replies());
        Ok(self.messages.send(&message, dst)?)
    }
}

impl<K> fmt::Debug for MessageCodec<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageCodec")
            .field("connection", self.connection())
            .field("has_replies", &self.has_replies())
            .finish_non_exhaustive()
    }
}
