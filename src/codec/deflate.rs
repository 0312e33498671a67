//! Compressed messages in a codec (feature `deflate`).
//!
//! The bytes of a compressed message are used up as they arrive, and what comes of them is collected in
//! one buffer, which becomes the message. So the read buffer never holds more than a chunk of it, and
//! control frames between its fragments find their way as ever.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::panic::UnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes, BytesMut};

use crate::connection::{Connection, Data, MaskingKeys, Output};
use crate::deflate::{Config, Incoming, Outgoing, Parameters, Pool};
use crate::error::{EncodeError, ProtocolError, ReceiveError};
use crate::header::{Opcode, Rsv};
use crate::message::{Event, RawChunk};
use crate::owned::{Message, Utf8Bytes};
use crate::utf8::Utf8Validator;

/// A [`Pool`] that codecs share, on any threads: a clone is the same pool.
///
/// It is locked for no longer than it takes to get a context out of it or to put one back, and never
/// while a message is compressed or decompressed. A codec that is dropped gives its contexts back.
///
/// ```
/// use wsframe::Connection;
/// use wsframe::codec::{MessageCodec, SharedPool};
/// use wsframe::deflate::{Config, Parameters};
///
/// // For all connections of a server.
/// let pool = SharedPool::new(Config::new(Parameters::NO_TAKEOVER).max_idle(16));
/// // For each of them, with what its handshake's `Negotiation::agreed` says.
/// let agreed = Some(Parameters::NO_TAKEOVER);
/// let codec = MessageCodec::new(Connection::server()).deflate(agreed, pool.clone());
/// # let _ = codec;
/// ```
#[derive(Clone, Debug)]
pub struct SharedPool(Arc<Mutex<Pool>>);

impl SharedPool {
    /// A pool that is empty.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Mutex::new(Pool::new(config))))
    }

    /// A pool whose lock is poisoned is none the worse: nothing panics halfway through a change of it.
    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool for one connection, with these settings.
impl From<Config> for SharedPool {
    fn from(config: Config) -> Self {
        Self::new(config)
    }
}

/// What a codec keeps where compression was agreed on.
pub(super) struct Deflate {
    pool: SharedPool,
    config: Config,
    outgoing: Outgoing,
    incoming: Incoming,
    /// A compressed message is open.
    receiving: bool,
    /// What has come of it.
    message: Vec<u8>,
    /// Its text, if it is one.
    text: Utf8Validator,
}

impl Deflate {
    /// Claims RSV1 on the connection, which is new.
    pub(super) fn new<K>(
        connection: &mut Connection<K>,
        agreed: Parameters,
        pool: SharedPool,
    ) -> Self {
        let limit = connection.messages.claim_for_deflate();
        let (role, config) = (connection.role(), *pool.lock().config());
        Self {
            pool,
            config,
            outgoing: Outgoing::new(agreed.sent_by(role)),
            incoming: Incoming::new(agreed.received_by(role)).max_message_len(limit),
            receiving: false,
            message: Vec::new(),
            text: Utf8Validator::new(),
        }
    }

    /// Takes what there is of a compressed message from the beginning of `input`; gives the message if it
    /// ends there. `None` also in front of what is not compressed, or a control frame.
    #[inline]
    pub(super) fn receive<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        let begins = |first: &u8| Rsv::from_bits(*first).contains(Rsv::RSV1);
        let is_concerned =
            self.receiving || (connection.remaining() == 0 && input.first().is_some_and(begins));
        if is_concerned { self.receive_compressed(connection, input, out) } else { Ok(None) }
    }

    #[inline(never)]
    fn receive_compressed<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        while let Some(span) = connection.locate(input, out)? {
            if span.header().opcode.is_control() {
                // The assembler takes it. As it was located and not taken, it has changed nothing.
                return Ok(None);
            }
            let end = span.end();
            let message = match connection.take(span, &mut input[..end], out)? {
                Event::Raw(chunk) => self.decompress(chunk),
                // Nothing else comes of a message whose first frame has RSV1.
                _ => Ok(None),
            };
            input.advance(end);
            match message {
                Ok(None) => {}
                Ok(message) => return Ok(message),
                Err(error) => return Err(connection.fail(error, out)),
            }
        }
        Ok(None)
    }

    /// Decompresses a chunk; gives the message if it was the last.
    fn decompress(&mut self, chunk: RawChunk<'_>) -> Result<Option<Message>, ProtocolError> {
        self.receiving = !chunk.last;
        let start = self.message.len();
        let decompressor = self.incoming.decompressor(&mut self.pool.lock());
        decompressor.append_fragment(chunk.payload.unmask(), &mut self.message)?;
        if !chunk.last {
            if chunk.opcode == Opcode::Text {
                self.text.feed(&self.message[start..], false)?;
            }
            return Ok(None);
        }
        decompressor.finish()?;
        if !self.incoming.context().takeover {
            self.incoming.release(&mut self.pool.lock());
        }

        self.text = Utf8Validator::new();
        let mut message = mem::take(&mut self.message);
        if message.capacity() / 2 > message.len() {
            message.shrink_to_fit();
        }
        let message = Bytes::from(message);
        Ok(Some(match chunk.opcode {
            // Of a text that came in several chunks all is looked at once more.
            Opcode::Text => Message::Text(Utf8Bytes::try_from(message)?),
            _ => Message::Binary(message),
        }))
    }

    /// Sends a message, compressed if it is worth it, or a control frame.
    pub(super) fn send<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        message: &Message,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        match message {
            Message::Text(text) => self.send_data(connection, text.as_str().into(), out),
            Message::Binary(bytes) => self.send_data(connection, (&bytes[..]).into(), out),
            _ => {
                connection.send_message(message, out)?;
                // The peer's window has it, and the compressor has not seen it.
                if matches!(message, Message::Raw { rsv, .. } if rsv.contains(Rsv::RSV1)) {
                    self.outgoing.release(&mut self.pool.lock());
                }
                Ok(())
            }
        }
    }

    fn send_data<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        data: Data<'_>,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let (opcode, bytes) = (data.opcode(), data.bytes());
        let context = self.outgoing.context();
        if !self.config.compresses(context, bytes.len()) {
            return connection.send(data, out);
        }
        // Once it is compressed there is no way back.
        connection.may_send(opcode)?;
        let mut payload = Vec::new();
        let compressor = self.outgoing.compressor(&mut self.pool.lock());
        compressor.append(bytes, &mut payload);
        if !context.takeover {
            self.outgoing.release(&mut self.pool.lock());
            if payload.len() >= bytes.len() {
                return connection.send(data, out);
            }
        }
        connection.append(opcode, true, Rsv::RSV1, &payload, out)
    }

    /// The connection has failed: nothing more is received.
    #[cold]
    pub(super) fn abandon(&mut self) {
        self.receiving = false;
        self.message = Vec::new();
        self.incoming.release(&mut self.pool.lock());
    }
}

/// A panic in the middle of a message leaves a context that is wrong at worst. That zlib keeps references
/// inside is its own matter: a codec is what it is without this feature.
impl UnwindSafe for Deflate {}

/// The next connection need not make its contexts anew.
impl Drop for Deflate {
    fn drop(&mut self) {
        let mut pool = self.pool.lock();
        self.outgoing.release(&mut pool);
        self.incoming.release(&mut pool);
    }
}
