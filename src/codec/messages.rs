//! Whole messages over a connection, without I/O. `MessageCodec` and the streams are built on it.

#[cfg(feature = "deflate")]
use alloc::{boxed::Box, vec::Vec};
use core::mem;
use std::io;

use bytes::{Buf, BytesMut};

use super::CodecError;
use super::chunks::Received;
#[cfg(feature = "deflate")]
use super::deflate::Compressed;
#[cfg(feature = "deflate")]
use crate::deflate::{CompressedConnection, DeflateParameters, SharedPool, WindowBits};
use crate::{
    BytesAssembler, CloseCode, Connection, EncodeError, FrameEncoder, MaskingKeys, Message,
    MessageData, Output, ReceiveError,
};

/// A connection, its assembler, and its replies.
pub(crate) struct Messages<K> {
    pub(super) link: Link<K>,
    assembler: BytesAssembler,
    /// The replies that were not sent yet: at most one Pong and one Close.
    pub(crate) replies: BytesMut,
}

/// A connection with or without compression.
pub(super) enum Link<K> {
    Plain(Connection<K>),
    #[cfg(feature = "deflate")]
    Compressed(Box<Compressed<K>>),
}

impl<K> Link<K> {
    const fn connection(&self) -> &Connection<K> {
        match self {
            Self::Plain(connection) => connection,
            #[cfg(feature = "deflate")]
            Self::Compressed(compressed) => compressed.connection.connection(),
        }
    }

    pub(super) const fn connection_mut(&mut self) -> &mut Connection<K> {
        match self {
            Self::Plain(connection) => connection,
            #[cfg(feature = "deflate")]
            Self::Compressed(compressed) => compressed.connection.connection_mut(),
        }
    }
}

impl<K> Messages<K> {
    pub(crate) fn new(connection: Connection<K>) -> Self {
        Self {
            link: Link::Plain(connection),
            assembler: BytesAssembler::new(),
            replies: BytesMut::new(),
        }
    }

    /// Sets what was negotiated about compression, on a new connection.
    #[cfg(feature = "deflate")]
    pub(crate) fn deflate(self, agreed: Option<DeflateParameters>, pool: SharedPool) -> Self {
        let link = match (self.link, agreed) {
            (Link::Plain(connection), Some(agreed)) => Link::Compressed(Box::new(Compressed {
                connection: CompressedConnection::new(connection, Some(agreed)),
                pool,
                message: Vec::new(),
            })),
            (link, _) => link,
        };
        Self { link, ..self }
    }

    pub(crate) const fn connection(&self) -> &Connection<K> {
        self.link.connection()
    }

    pub(crate) const fn connection_mut(&mut self) -> &mut Connection<K> {
        self.link.connection_mut()
    }

    /// Returns the connection, unless messages are compressed.
    pub(crate) fn into_connection(self) -> Option<Connection<K>> {
        match self.link {
            Link::Plain(connection) => Some(connection),
            #[cfg(feature = "deflate")]
            Link::Compressed(_) => None,
        }
    }

    /// Returns whether no message is sent compressed.
    pub(crate) const fn sends_plain(&self) -> bool {
        matches!(self.link, Link::Plain(_))
    }

    /// Returns whether a message that was compressed without context takeover, in a window of this
    /// size, can be sent now. If so, it must be sent: the compressor is released, because it has
    /// not seen the message.
    #[cfg(feature = "deflate")]
    pub(crate) fn may_send_compressed(&mut self, window_bits: WindowBits) -> bool {
        match &mut self.link {
            Link::Plain(_) => false,
            Link::Compressed(compressed) => compressed.may_send_compressed(window_bits),
        }
    }

    pub(crate) fn take_replies(&mut self) -> BytesMut {
        mem::take(&mut self.replies)
    }

    /// Records that the transport has ended.
    ///
    /// # Errors
    ///
    /// Returns [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the peer has sent no Close.
    pub(crate) fn receive_end(&mut self) -> Result<(), CodecError> {
        self.connection_mut().receive_eof();
        if self.connection().close_code() == Some(CloseCode::ABNORMAL) {
            let error = "the transport ended without a Close frame";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, error).into());
        }
        Ok(())
    }
}

impl<K: MaskingKeys> Messages<K> {
    /// Returns the next message or control frame, and splits it off `input`. Returns `None` when
    /// more bytes are needed.
    pub(crate) fn receive(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, ReceiveError> {
        self.superseding(|messages| messages.receive_any(input))
    }

    /// Receives. A new Pong replaces one that is still waiting.
    #[inline(always)]
    pub(super) fn superseding<R: Received>(
        &mut self,
        receive: impl FnOnce(&mut Self) -> Result<Option<R>, ReceiveError>,
    ) -> Result<Option<R>, ReceiveError> {
        let waiting = self.replies.len();
        let received = receive(self);
        match &received {
            Ok(Some(received)) => {
                if matches!(received.message(), Message::Ping(_)) && self.replies.len() > waiting {
                    // What was waiting is a Pong, because no Ping is received after a Close.
                    self.replies.advance(waiting);
                }
            }
            Ok(None) => {}
            Err(_) => self.abandon(),
        }
        received
    }

    /// Releases memory after the connection has failed.
    #[cold]
    fn abandon(&mut self) {
        #[cfg(feature = "deflate")]
        if let Link::Compressed(compressed) = &mut self.link {
            compressed.abandon();
        }
    }

    #[inline]
    fn receive_any(&mut self, input: &mut BytesMut) -> Result<Option<Message>, ReceiveError> {
        let mut out = Replies(&mut self.replies);
        #[cfg(feature = "deflate")]
        if let Link::Compressed(compressed) = &mut self.link {
            if let Some(message) = compressed.receive(input, &mut out)? {
                return Ok(Some(message));
            }
        }
        self.assembler.receive(self.link.connection_mut(), input, &mut out)
    }

    /// Appends the frame of a message, or a control frame, to `out`.
    pub(crate) fn send(
        &mut self,
        message: &Message,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        #[cfg(feature = "deflate")]
        if let Link::Compressed(compressed) = &mut self.link {
            return compressed.send(message, out);
        }
        self.link.connection_mut().send_message(message, out)
    }

    /// Appends the frame of the next fragment of a message to `out`.
    pub(crate) fn send_fragment(
        &mut self,
        fragment: MessageData<'_>,
        fin: bool,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        #[cfg(feature = "deflate")]
        if let Link::Compressed(compressed) = &mut self.link {
            return compressed.send_fragment(fragment, fin, out);
        }
        self.link.connection_mut().send_fragment(fragment, fin, out)
    }
}

/// An output for replies. It never reports any as pending, because at most one Pong waits and the
/// connection does not have to limit them.
pub(super) struct Replies<'r>(pub(super) &'r mut BytesMut);

impl Output for Replies<'_> {
    fn pending(&self) -> usize {
        0
    }

    fn remaining_capacity(&self) -> usize {
        usize::MAX
    }

    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        self.0.append(frame, payload)
    }
}
