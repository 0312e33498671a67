//! Messages that are encoded once, for many streams.

use alloc::vec::Vec;
use bytes::Bytes;

use crate::codec::Messages;
#[cfg(feature = "deflate")]
use crate::deflate::{Broadcast, ContextPool, DeflateContext, SharedPool, WindowBits};
use crate::{EncodeError, FrameEncoder, MaskingKeys, Message, Opcode, Role, Rsv};

/// A message that is encoded and compressed once, and sent to many clients.
///
/// Cloning it copies no payload. Each stream sends the plain or the compressed frame, whichever its
/// handshake allows. A stream with context takeover releases its compressor then, so its next
/// message refers to no earlier one.
///
/// It saves work for servers only. A client masks each message with a new key, so it sends a
/// prepared message like any other.
///
/// ```
/// use tokio::net::TcpStream;
/// use wsframe::Message;
/// use wsframe::stream::{PreparedMessage, WebSocketStream};
///
/// async fn broadcast(streams: &mut [WebSocketStream<TcpStream>], text: &str) {
///     let message = PreparedMessage::new(Message::text(text.to_owned()));
///     for stream in streams {
///         // A stream that has failed returns the error when it is read from, too.
///         let _ = stream.send_prepared(&message).await;
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PreparedMessage {
    message: Message,
    /// The plain frame of a text or binary message.
    plain: Option<Bytes>,
    #[cfg(feature = "deflate")]
    compressed: Option<(Bytes, WindowBits)>,
}

impl PreparedMessage {
    /// Encodes a message, without compression.
    #[must_use]
    pub fn new(message: Message) -> Self {
        let plain = data(&message).and_then(|(opcode, payload)| frame(opcode, Rsv::NONE, payload));
        Self {
            message,
            plain,
            #[cfg(feature = "deflate")]
            compressed: None,
        }
    }

    /// Encodes a message, plain and compressed with a compressor of this pool. It is always sent
    /// plain if the pool's configuration does not compress messages of its length, or if it would
    /// not become shorter.
    ///
    /// ```
    /// use wsframe::Message;
    /// use wsframe::deflate::{Config, SharedPool};
    /// use wsframe::stream::PreparedMessage;
    ///
    /// let pool = SharedPool::new(Config::default()); // that of the streams' `Options`
    /// let message = PreparedMessage::compressed(Message::text("{\"price\":42} ".repeat(50)), &pool);
    /// # let _ = message;
    /// ```
    #[cfg(feature = "deflate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
    #[must_use]
    pub fn compressed(message: Message, pool: &SharedPool) -> Self {
        let mut prepared = Self::new(message);
        let Some((opcode, payload)) = data(&prepared.message) else { return prepared };
        let mut pool = pool.clone();
        let config = *pool.config();
        let window_bits = config.parameters().server.window_bits;
        let context = DeflateContext { takeover: false, window_bits };
        let mut compressor = pool.with_pool(|pool| pool.take_compressor(context));
        let context = compressor.context();
        let broadcast = Broadcast::new(payload, &mut compressor, &config);
        let (rsv, shorter) = broadcast.payload(Some(context));
        if rsv == Rsv::RSV1 {
            let frame = frame(opcode, rsv, shorter);
            prepared.compressed = frame.map(|frame| (frame, context.window_bits));
        }
        pool.with_pool(|pool| pool.put_compressor(compressor));
        prepared
    }

    /// Returns the message.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// Returns the frame for a stream, which must then be sent next. Returns `None` if the message
    /// must be sent like any other.
    pub(super) fn frame<K: MaskingKeys>(
        &self,
        messages: &mut Messages<K>,
    ) -> Result<Option<&Bytes>, EncodeError> {
        let Some(plain) =
            self.plain.as_ref().filter(|_| messages.connection().role() == Role::Server)
        else {
            return Ok(None);
        };
        // Text and binary messages are subject to the same checks.
        messages.connection().check_send(Opcode::Text)?;
        #[cfg(feature = "deflate")]
        if let Some((compressed, window_bits)) = &self.compressed {
            if messages.may_send_compressed(*window_bits) {
                return Ok(Some(compressed));
            }
        }
        Ok(Some(plain))
    }
}

fn data(message: &Message) -> Option<(Opcode, &[u8])> {
    match message {
        Message::Text(text) => Some((Opcode::Text, text.as_bytes())),
        Message::Binary(bytes) => Some((Opcode::Binary, bytes)),
        _ => None,
    }
}

fn frame(opcode: Opcode, rsv: Rsv, payload: &[u8]) -> Option<Bytes> {
    let mut frame = Vec::new();
    FrameEncoder::new(opcode).rsv(rsv).encode_to_vec(payload, &mut frame).ok()?;
    Some(frame.into())
}
