//! A connection for `Framed`.

#[cfg(feature = "deflate")]
use alloc::boxed::Box;
use core::{fmt, mem};
use std::io;

use bytes::{Buf, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::CodecError;
use super::buffer::Growth;
#[cfg(feature = "deflate")]
use super::deflate::{Deflate, SharedPool};
use crate::close::CloseCode;
use crate::connection::{Connection, MaskingKeys, Output, Unmasked};
#[cfg(feature = "deflate")]
use crate::deflate::Parameters;
use crate::error::{EncodeError, ReceiveError};
use crate::frame::FrameEncoder;
use crate::owned::{BytesAssembler, Message};

/// A [`Connection`] for `Framed`: whole messages in and out.
///
/// `Framed` sends what it is told to send, and nothing while it is only read from. But a connection has
/// something to say when it receives: a Pong for a Ping, the answer to a Close, the code of a failure. So
/// take one of three ways:
///
/// - [`WebSocketStream`](super::WebSocketStream), which is `Framed` and sends the replies by itself.
/// - `Framed`, with a connection that leaves replies to its caller
///   ([`leave_pongs`](Connection::leave_pongs), [`leave_close`](Connection::leave_close)): answer a
///   [`Message::Ping`] with a [`Message::Pong`] and a [`Message::Close`] with a [`Message::Close`], as the
///   example does.
/// - `Framed`, and replies that go out in front of the next message, whatever that is. Where none may
///   follow for long, or none at all, [`take_replies`](Self::take_replies).
///
/// When the peer has broken a rule, there is a reply in any case: a Close with the code.
///
/// Replies that wait take no more memory than one Pong and one Close. Of several Pings only the last is
/// answered, if nothing was sent since the first:
///
/// > If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping
/// > frame(s), the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame.
/// > (RFC 6455 §5.5.3)
///
/// When the transport ends and the peer has sent no Close, the stream ends with
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
///
/// Between two messages it keeps 112 bytes besides the connection, and no heap but for replies that wait
/// and, if messages are compressed, what method `deflate` says. `Framed` keeps a buffer for each direction,
/// of 8 KiB at first. A large message makes the one that is read into grow; the codec gives that memory back
/// when it wants more bytes, and holds few. The one that is written from stays as large as the largest
/// message that was sent, unless its owner sees to it, as `WebSocketStream` does.
///
/// Bytes that were read together with the opening handshake go into `FramedParts::read_buf`, of which
/// `Framed::from_parts` is made: in a `Framed` that was made without them they would wait for the next
/// read.
///
/// # Panics
///
/// `decode` and `decode_eof` panic if their buffer is shorter than the call before left it, unless that
/// call failed. `Framed` never shortens its buffer.
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use tokio_util::codec::Framed;
/// use wsframe::codec::{CodecError, MessageCodec};
/// use wsframe::{Connection, Message};
///
/// # async fn example(socket: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> Result<(), CodecError> {
/// let connection = Connection::server().leave_pongs().leave_close();
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
pub struct MessageCodec<K = Unmasked> {
    connection: Connection<K>,
    assembler: BytesAssembler,
    /// What the connection has replied, and nobody has sent yet.
    replies: BytesMut,
    /// Of the buffer that is read into.
    growth: Growth,
    #[cfg(feature = "deflate")]
    deflate: Option<Box<Deflate>>,
}

impl<K> MessageCodec<K> {
    /// A codec for this connection, which is new: with its role, its rules and its limits.
    #[must_use]
    pub fn new(connection: Connection<K>) -> Self {
        Self {
            connection,
            assembler: BytesAssembler::new(),
            replies: BytesMut::new(),
            growth: Growth::NONE,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// A codec, which is new, for a connection on which this was agreed: see
    /// [`Negotiation::agreed`](crate::deflate::Negotiation::agreed). With `None` nothing is compressed, and
    /// whoever sends a compressed message breaks a rule.
    ///
    /// Messages then come and go as they do without, whether they are compressed or not. A compressed one
    /// comes decompressed and, if it is text, validated, in memory that grows with what comes out; it fails
    /// the connection if it becomes longer than
    /// [`Config::max_message_len`](crate::deflate::Config::max_message_len) or the connection's own limit
    /// ([`MessageDecoder::max_message_len`](crate::MessageDecoder::max_message_len)). One that goes is
    /// compressed if [`Config::compresses`](crate::deflate::Config::compresses) says so of its length, and sent as it is
    /// if it would not become shorter, unless the context is taken over. A [`Message::Raw`] goes out as it
    /// is.
    ///
    /// What contexts cost, [the module](crate::deflate#memory) says. With context
    /// takeover the codec keeps its own from the first message to its end. Without it, an idle codec keeps
    /// 160 bytes, and takes contexts while it handles a message, from this pool: a
    /// [`SharedPool`] of many connections, which then cost as much as those that are busy at the same
    /// time; or one of its own, if this is a [`Config`](crate::deflate::Config), in which they wait for
    /// its next message, unless [`Config::max_idle`](crate::deflate::Config::max_idle) is 0.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use tokio_util::codec::{Decoder, Encoder};
    /// use wsframe::codec::MessageCodec;
    /// use wsframe::deflate::{Config, Parameters};
    /// use wsframe::{Connection, MaskingKey, Message};
    ///
    /// # let fresh_key = || MaskingKey::new([1, 2, 3, 4]);
    /// let agreed = Some(Parameters::FULL); // as the opening handshake came to it
    /// let config = Config::default().max_message_len(1 << 20);
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
    pub fn deflate(mut self, agreed: Option<Parameters>, pool: impl Into<SharedPool>) -> Self {
        let deflate = agreed.map(|agreed| Deflate::new(&mut self.connection, agreed, pool.into()));
        self.deflate = deflate.map(Box::new);
        self
    }

    /// The connection.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        &self.connection
    }

    /// Whether the connection has replies to be sent.
    #[must_use]
    pub fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// Takes the replies, which are to be sent before anything else: the frames of at most one Pong and
    /// one Close.
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
    #[must_use = "they are gone from the codec"]
    pub fn take_replies(&mut self) -> BytesMut {
        mem::take(&mut self.replies)
    }
}

impl<K: MaskingKeys> Decoder for MessageCodec<K> {
    type Item = Message;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        self.growth.note(src);
        let waiting = self.replies.len();
        let received = self.receive(src);
        #[cfg(feature = "deflate")]
        if let (Err(_), Some(deflate)) = (&received, &mut self.deflate) {
            deflate.abandon();
        }
        let message = received?;
        if matches!(message, Some(Message::Ping(_))) && self.replies.len() > waiting {
            // A Pong that was still waiting is superseded. (A Close is not: no Ping comes behind it.)
            self.replies.advance(waiting);
        }
        if message.is_none() {
            self.growth.undo(src);
        }
        Ok(message)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        if let Some(message) = self.decode(src)? {
            return Ok(Some(message));
        }
        self.connection.end_of_input();
        if self.connection.close_code() == Some(CloseCode::ABNORMAL) {
            let error = "the transport ended without a Close frame";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, error).into());
        }
        Ok(None)
    }
}

impl<K: MaskingKeys> Encoder<Message> for MessageCodec<K> {
    type Error = CodecError;

    fn encode(&mut self, message: Message, dst: &mut BytesMut) -> Result<(), CodecError> {
        dst.extend_from_slice(&self.take_replies());
        Ok(self.send(&message, dst)?)
    }
}

impl<K: MaskingKeys> MessageCodec<K> {
    fn receive(&mut self, src: &mut BytesMut) -> Result<Option<Message>, ReceiveError> {
        let mut out = Replies(&mut self.replies);
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            if let Some(message) = deflate.receive(&mut self.connection, src, &mut out)? {
                return Ok(Some(message));
            }
        }
        self.assembler.receive(&mut self.connection, src, &mut out)
    }

    fn send(&mut self, message: &Message, dst: &mut BytesMut) -> Result<(), EncodeError> {
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            return deflate.send(&mut self.connection, message, dst);
        }
        self.connection.send_message(message, dst)
    }
}

impl<K> fmt::Debug for MessageCodec<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageCodec")
            .field("connection", &self.connection)
            .field("has_replies", &self.has_replies())
            .finish_non_exhaustive()
    }
}

/// The output of a connection of whose Pongs only one waits: it says that none does, so that the connection
/// need not count them.
struct Replies<'r>(&'r mut BytesMut);

impl Output for Replies<'_> {
    fn pending(&self) -> usize {
        0
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        self.0.append(frame, payload)
    }
}
