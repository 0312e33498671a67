//! Whole messages over a connection, without I/O: what `MessageCodec` and `WebSocketStream` have in
//! common.

#[cfg(feature = "deflate")]
use alloc::boxed::Box;
use core::mem;
use std::io;

use bytes::{Buf, BytesMut};

use super::CodecError;
use super::chunks::Received;
#[cfg(feature = "deflate")]
use super::deflate::{Deflate, SharedPool};
use crate::close::CloseCode;
use crate::connection::{Connection, MaskingKeys, MessageData, Output};
#[cfg(feature = "deflate")]
use crate::deflate::{DeflateParameters, WindowBits};
use crate::error::{EncodeError, ReceiveError};
use crate::frame::FrameEncoder;
use crate::owned::{BytesAssembler, Message};

/// A connection, its assembler, and its replies.
pub(crate) struct Messages<K> {
    pub(crate) connection: Connection<K>,
    assembler: BytesAssembler,
    /// The replies that were not sent yet: at most one Pong and one Close.
    pub(crate) replies: BytesMut,
    #[cfg(feature = "deflate")]
    pub(super) deflate: Option<Box<Deflate>>,
}

impl<K> Messages<K> {
    pub(crate) fn new(connection: Connection<K>) -> Self {
        Self {
            connection,
            assembler: BytesAssembler::new(),
            replies: BytesMut::new(),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn deflate(&mut self, agreed: Option<DeflateParameters>, pool: SharedPool) {
        let deflate = agreed.map(|agreed| Deflate::new(&mut self.connection, agreed, pool));
        self.deflate = deflate.map(Box::new);
    }

    /// Whether no message that is sent is compressed.
    pub(crate) const fn sends_plain(&self) -> bool {
        #[cfg(feature = "deflate")]
        return self.deflate.is_none();
        #[cfg(not(feature = "deflate"))]
        true
    }

    /// Whether a message that was compressed without context takeover, in a window of this size,
    /// can be sent now. If so, it has to be: the compressor is given up, because it has not seen
    /// the message.
    #[cfg(feature = "deflate")]
    pub(crate) fn may_send_compressed(&mut self, window_bits: WindowBits) -> bool {
        self.deflate.as_mut().is_some_and(|deflate| deflate.may_send_compressed(window_bits))
    }

    pub(crate) fn take_replies(&mut self) -> BytesMut {
        mem::take(&mut self.replies)
    }

    /// Says that the transport has ended.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the peer has sent no Close.
    pub(crate) fn receive_end(&mut self) -> Result<(), CodecError> {
        self.connection.receive_eof();
        if self.connection.close_code() == Some(CloseCode::ABNORMAL) {
            let error = "the transport ended without a Close frame";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, error).into());
        }
        Ok(())
    }
}

impl<K: MaskingKeys> Messages<K> {
    /// Takes the next message or control frame from the beginning of `input`. Returns `None` when
    /// more bytes are needed.
    pub(crate) fn receive(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<Message>, ReceiveError> {
        self.superseding(|messages| messages.receive_any(input))
    }

    /// Receives, and keeps one Pong at most.
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
                    // A Pong that was still waiting is superseded. (A Close is not: no Ping comes
                    // after it.)
                    self.replies.advance(waiting);
                }
            }
            Ok(None) => {}
            Err(_) => self.abandon(),
        }
        received
    }

    /// The connection has failed: nothing more is received.
    #[cold]
    fn abandon(&mut self) {
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            deflate.abandon();
        }
    }

    #[inline]
    fn receive_any(&mut self, input: &mut BytesMut) -> Result<Option<Message>, ReceiveError> {
        let mut out = Replies(&mut self.replies);
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            if let Some(message) = deflate.receive(&mut self.connection, input, &mut out)? {
                return Ok(Some(message));
            }
        }
        self.assembler.receive(&mut self.connection, input, &mut out)
    }

    /// Appends the frame of a message, or a control frame, to `out`.
    pub(crate) fn send(
        &mut self,
        message: &Message,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            return deflate.send(&mut self.connection, message, out);
        }
        self.connection.send_message(message, out)
    }

    /// Appends the frame of the next fragment of a message to `out`.
    pub(crate) fn send_fragment(
        &mut self,
        fragment: MessageData<'_>,
        fin: bool,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            return deflate.send_fragment(&mut self.connection, fragment, fin, out);
        }
        self.connection.send_fragment(fragment, fin, out)
    }
}

/// The output of a connection of whose Pongs only one waits: it says that none does, so that the
/// connection need not count them.
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
