//! Compressed messages in codecs and streams (feature `deflate`).
//!
//! A compressed message is decompressed as it arrives, and collected in one buffer, which becomes
//! the message. So the read buffer never holds more than a chunk of it, and control frames between
//! its fragments are received as usual.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;
use core::panic::UnwindSafe;
use std::sync::{Mutex, PoisonError};

use bytes::{Buf, Bytes, BytesMut};

use super::chunks::{Kind, Piece};
use crate::connection::{Connection, MaskingKeys, MessageData, Output};
use crate::deflate::{AnyPool, Config, DeflateParameters, Pool, Session, WindowBits};
use crate::error::{EncodeError, ProtocolError, ReceiveError};
use crate::message::Event;
use crate::owned::{Message, Utf8Bytes};
use crate::rsv::Rsv;

/// How many bytes are decompressed, and validated if they are text, before more are.
const MAX_PIECE_LEN: usize = 64 << 10;

/// A [`Pool`] that codecs and streams share, on any threads. A clone is the same pool.
///
/// It is locked only while a context is taken out or put back, and never while a message is
/// compressed or decompressed. A codec that is dropped puts its contexts back.
///
/// ```
/// use wsframe::Connection;
/// use wsframe::codec::{MessageCodec, SharedPool};
/// use wsframe::deflate::{Config, DeflateParameters};
///
/// // For all connections of a server.
/// let pool = SharedPool::new(Config::new(DeflateParameters::NO_TAKEOVER).max_idle(16));
/// // For each of them, with what its handshake's `Negotiation::agreed` says.
/// let agreed = Some(DeflateParameters::NO_TAKEOVER);
/// let codec = MessageCodec::new(Connection::server()).deflate(agreed, pool.clone());
/// # let _ = codec;
/// ```
#[derive(Clone, Debug)]
pub struct SharedPool(Arc<Mutex<Pool>>);

impl SharedPool {
    /// Creates an empty pool.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Mutex::new(Pool::new(config))))
    }
}

impl AnyPool for SharedPool {
    /// A pool whose lock is poisoned is none the worse: nothing panics halfway through a change of
    /// it.
    fn with<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R {
        use_pool(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Creates a pool with this configuration.
impl From<Config> for SharedPool {
    fn from(config: Config) -> Self {
        Self::new(config)
    }
}

/// What a codec keeps where compression was negotiated.
pub(super) struct Deflate {
    pool: SharedPool,
    session: Session,
    /// How long a message must be to be compressed.
    threshold: usize,
    /// What has been received of the compressed message that is open.
    message: Vec<u8>,
}

impl Deflate {
    /// Claims RSV1 on the connection, which is new.
    pub(super) fn new<K>(
        connection: &mut Connection<K>,
        agreed: DeflateParameters,
        mut pool: SharedPool,
    ) -> Self {
        let session = Session::new(connection, agreed);
        let threshold = pool.with(|pool| pool.config().threshold_in(session.context()));
        Self { pool, session, threshold, message: Vec::new() }
    }

    /// Takes what there is of a compressed message from the beginning of `input`. Returns the
    /// message if it ends there. Returns `None` also before a frame that is not compressed or a
    /// control frame.
    #[inline]
    pub(super) fn receive<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        if self.session.is_concerned(connection, input) {
            self.receive_compressed(connection, input, out)
        } else {
            Ok(None)
        }
    }

    #[inline(never)]
    fn receive_compressed<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        let mut rest = &mut input[..];
        let mut received = Ok(None);
        while let Some(len) = self.session.locate(connection, &mut rest, out).transpose() {
            received = len.and_then(|len| {
                let message = self.decompress(len, &mut rest);
                message.map_err(|error| self.session.fail(error, connection, &mut self.pool, out))
            });
            if !matches!(received, Ok(None)) {
                break;
            }
        }
        let left = rest.len();
        input.advance(input.len() - left);
        received
    }

    /// Decompresses what there is of a compressed message at the beginning of `input`, at most 64
    /// KiB. Returns `None` also before what is not compressed, or a control frame.
    pub(super) fn receive_piece<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Piece>, ReceiveError> {
        if !self.session.is_concerned(connection, input) {
            return Ok(None);
        }
        let mut rest = &mut input[..];
        let mut received = Ok(None);
        while let Some(len) = self.session.locate(connection, &mut rest, out).transpose() {
            received = len.and_then(|len| {
                let piece = self.decompress_piece(len, &mut rest);
                piece.map_err(|error| self.session.fail(error, connection, &mut self.pool, out))
            });
            if !matches!(received, Ok(None)) {
                break;
            }
        }
        let left = rest.len();
        input.advance(input.len() - left);
        received
    }

    /// Decompresses a piece of what was located, of which so many bytes are left.
    fn decompress_piece(
        &mut self,
        located_len: usize,
        input: &mut &mut [u8],
    ) -> Result<Option<Piece>, ProtocolError> {
        let mut buf = vec![0; located_len.saturating_mul(4).clamp(64, MAX_PIECE_LEN)];
        let Some(piece) = self.session.decompress(input, &mut buf, &mut self.pool)? else {
            return Ok(None);
        };
        let (kind, first, last) = match self.session.event(&piece, &mut buf)? {
            Event::Text(chunk) => (Kind::Text, chunk.first, chunk.last),
            Event::Raw(chunk) => (Kind::Raw(chunk.opcode, chunk.rsv), chunk.first, chunk.last),
            Event::Binary(chunk) => (Kind::Binary, chunk.first, chunk.last),
            // Control frames are never compressed.
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => return Ok(None),
        };
        buf.truncate(piece.len);
        Ok(Some(Piece { kind, payload: buf.into(), first, last }))
    }

    /// Decompresses a piece of what was located, of which so many bytes are left; gives the message
    /// if it was the last.
    fn decompress(
        &mut self,
        located_len: usize,
        input: &mut &mut [u8],
    ) -> Result<Option<Message>, ProtocolError> {
        let start = self.message.len();
        let room = located_len.saturating_mul(4).max(start).clamp(64, MAX_PIECE_LEN);
        self.message.resize(start + room, 0);
        let piece = self.session.decompress(input, &mut self.message[start..], &mut self.pool)?;
        self.message.truncate(start + piece.as_ref().map_or(0, |piece| piece.len));
        let Some(piece) = piece else { return Ok(None) };
        let (is_text, raw) = match self.session.event(&piece, &mut self.message[start..])? {
            Event::Text(_) => (true, None),
            Event::Raw(chunk) => (false, Some((chunk.opcode, chunk.rsv))),
            _ => (false, None),
        };
        if !piece.last {
            return Ok(None);
        }

        let mut message = mem::take(&mut self.message);
        if message.capacity() / 2 > message.len() {
            message.shrink_to_fit();
        }
        let payload = Bytes::from(message);
        Ok(Some(match raw {
            Some((opcode, rsv)) => Message::Raw { opcode, rsv, payload },
            // All of a text is validated once more, so that it can be a `str` without `unsafe`
            // here.
            None if is_text => Message::Text(Utf8Bytes::try_from(payload)?),
            None => Message::Binary(payload),
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
                    self.session.release(&mut self.pool);
                }
                Ok(())
            }
        }
    }

    fn send_data<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        data: MessageData<'_>,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let (opcode, bytes) = (data.opcode(), data.bytes());
        if bytes.len() < self.threshold {
            return connection.send(data, out);
        }
        self.session.send(connection, opcode, true, bytes, &mut self.pool, out)
    }

    /// Sends the next fragment of a message, compressed if its message is.
    pub(super) fn send_fragment<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        fragment: MessageData<'_>,
        fin: bool,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let is_worth_it = fragment.bytes().len() >= self.threshold;
        self.session.send_fragment(connection, fragment, fin, is_worth_it, &mut self.pool, out)
    }

    /// Whether the peer can decompress a message that was compressed without context takeover, in a
    /// window of this size. If so, gives up the compressor, which has not seen it.
    pub(super) fn may_send_compressed(&mut self, window_bits: WindowBits) -> bool {
        let may = window_bits <= self.session.context().window_bits;
        if may {
            self.session.release(&mut self.pool);
        }
        may
    }

    /// The connection has failed: nothing more is received.
    #[cold]
    pub(super) fn abandon(&mut self) {
        self.message = Vec::new();
        self.session.abandon(&mut self.pool);
    }
}

/// A panic in the middle of a message leaves a context that is wrong at worst. That zlib keeps
/// references inside is its own matter: a codec is what it is without this feature.
impl UnwindSafe for Deflate {}

/// Keeps the contexts for the next connection.
impl Drop for Deflate {
    fn drop(&mut self) {
        self.session.end(&mut self.pool);
    }
}
