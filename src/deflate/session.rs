//! The state of a `CompressedConnection`.
//!
//! The bytes of a compressed chunk stay at the beginning of the caller's input, unmasked in place,
//! until their whole output was returned. A few bytes may expand a thousandfold, and only the
//! caller's buffer holds the result. Text is validated there, so at most one buffer of invalid text
//! is decompressed.

use core::mem;

use super::Progress;
use super::broadcast::Broadcast;
use super::parameters::{DeflateContext, DeflateParameters};
use super::pool::{ContextPool, PooledCompressor, PooledDecompressor};
use crate::connection::{Connection, MaskingKeys, MessageData, Output};
use crate::error::{EncodeError, ProtocolError, ReceiveError};
use crate::frame::Payload;
use crate::header::{FrameHeader, MAX_HEADER_LEN};
use crate::mask::Mask;
use crate::message::{BinaryChunk, Event, MessageSpan, RawChunk, TextChunk};
use crate::opcode::Opcode;
use crate::rsv::Rsv;
use crate::utf8::Utf8Validator;

/// The capacity of the pool's payload buffer that is kept between two messages.
const MAX_IDLE_PAYLOAD_LEN: usize = 64 << 10;

/// The state of a connection with negotiated compression.
pub(super) struct Session {
    incoming: PooledDecompressor,
    outgoing: PooledCompressor,
    /// Validates the compressed text message that is being received.
    text: Utf8Validator,
    validate_text: bool,
    /// The opcode of that message; `None` while no compressed message is open.
    receiving: Option<Opcode>,
    /// Whether no piece of that message was returned yet.
    first: bool,
    /// The rest of its last chunk, unless the chunk is used up and its output was returned.
    chunk: Option<Chunk>,
    /// Whether the message that is being sent in fragments is compressed.
    sending: bool,
}

/// Bytes of a compressed message at the beginning of the input, unmasked.
#[derive(Clone, Copy)]
struct Chunk {
    len: usize,
    /// Whether the message ends with this chunk.
    last: bool,
}

/// Decompressed bytes at the beginning of the caller's buffer.
pub(super) struct Piece {
    opcode: Opcode,
    pub(super) len: usize,
    first: bool,
    pub(super) last: bool,
}

impl Session {
    /// Creates a session and claims RSV1 on the connection, which is unused.
    pub(super) const fn new<K>(connection: &mut Connection<K>, agreed: DeflateParameters) -> Self {
        let (limit, validate_text) = connection.messages.claim_for_deflate();
        let role = connection.role();
        Self {
            incoming: PooledDecompressor::new(agreed.received_by(role)).max_message_size(limit),
            outgoing: PooledCompressor::new(agreed.sent_by(role)),
            text: Utf8Validator::new(),
            validate_text,
            receiving: None,
            first: false,
            chunk: None,
            sending: false,
        }
    }

    /// Returns the context in which outgoing messages are compressed.
    pub(super) const fn context(&self) -> DeflateContext {
        self.outgoing.context()
    }

    /// Returns whether a compressed message is being received, or begins here.
    #[inline]
    pub(super) fn is_concerned<K>(&self, connection: &Connection<K>, input: &[u8]) -> bool {
        let begins = |first: &u8| Rsv::from_bits(*first).contains(Rsv::RSV1);
        self.receiving.is_some()
            || (connection.remaining() == 0 && input.first().is_some_and(begins))
    }

    /// Returns how many bytes [`decompress`](Self::decompress) would use of `input`, at most.
    pub(super) fn available<K>(&self, connection: &Connection<K>, input: &[u8]) -> usize {
        let (len, header_len) = match (self.chunk, connection.remaining()) {
            (Some(chunk), _) => return chunk.len,
            (None, 0) => match FrameHeader::parse(input) {
                Some((header, header_len)) => (header.payload_len, header_len),
                None => return 0,
            },
            (None, remaining) => (remaining, 0),
        };
        usize::try_from(len).unwrap_or(usize::MAX).min(input.len() - header_len)
    }

    /// Locates the next bytes of the compressed message, and advances `input` past their header.
    /// Returns `false` if the connection must receive what follows: a control frame, too few bytes,
    /// or bytes after a Close.
    pub(super) fn locate<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut &mut [u8],
        out: &mut impl Output,
    ) -> Result<bool, ReceiveError> {
        if self.chunk.is_some() && connection.error().is_none() {
            return Ok(true);
        }
        match connection.next_span(input, out)? {
            // A control frame that was located and not taken has changed nothing.
            Some(span) if !span.header().opcode.is_control() => {
                self.cut(connection, span, input).map_err(|error| connection.fail(error, out))
            }
            _ => Ok(false),
        }
    }

    /// Advances `input` past the header of the located chunk, and unmasks the chunk.
    fn cut<K>(
        &mut self,
        connection: &mut Connection<K>,
        span: MessageSpan,
        input: &mut &mut [u8],
    ) -> Result<bool, ProtocolError> {
        let header_len = span.header_len();
        let frame = connection.messages.decode_span_as_frame(span, input)?;
        if frame.first && frame.header.opcode != Opcode::Continuation {
            self.receiving = Some(frame.header.opcode);
            self.first = true;
        }
        let last = frame.last && frame.header.fin;
        let len = frame.payload.unmask().len();
        self.chunk = Some(Chunk { len, last });
        *input = mem::take(input).split_at_mut(header_len).1;
        Ok(true)
    }

    /// Decompresses the rest of the located bytes, or as much as fits `buf`, which must not be
    /// empty. Returns `None` if they are used up without output; then call
    /// [`locate`](Self::locate) again.
    pub(super) fn decompress(
        &mut self,
        input: &mut &mut [u8],
        buf: &mut [u8],
        pool: &mut impl ContextPool,
    ) -> Result<Option<Piece>, ProtocolError> {
        let Some((chunk, opcode)) = self.chunk.zip(self.receiving) else { return Ok(None) };
        let mut payload = input.get(..chunk.len).unwrap_or(input);
        let given = payload.len();
        let decompressor = pool.with_pool(|pool| self.incoming.decompressor(pool));
        let Progress { len, done } = decompressor.decompress(&mut payload, buf)?;
        let used = given - payload.len();
        *input = mem::take(input).split_at_mut(used).1;

        let last = chunk.last && done;
        if last {
            decompressor.finish()?;
            if !self.incoming.context().takeover {
                pool.with_pool(|pool| self.incoming.release(pool));
            }
            self.receiving = None;
        }
        self.chunk = (!done).then_some(Chunk { len: chunk.len - used, ..chunk });
        if len == 0 && !last {
            return Ok(None);
        }
        Ok(Some(Piece { opcode, len, first: mem::take(&mut self.first), last }))
    }

    /// Returns the event for a piece at the beginning of `buf`. Text is validated.
    pub(super) fn event<'e>(
        &mut self,
        piece: &Piece,
        buf: &'e mut [u8],
    ) -> Result<Event<'e>, ProtocolError> {
        let payload = Payload::new(buf.get_mut(..piece.len).unwrap_or_default(), Mask::IDENTITY);
        let Piece { opcode, first, last, .. } = *piece;
        Ok(match opcode {
            Opcode::Text if self.validate_text => {
                let text = payload.unmask_text(&mut self.text)?;
                if last {
                    self.text.finish_at(text.as_bytes().len())?;
                }
                Event::Text(TextChunk { text, first, last })
            }
            // As for plain text that is not validated.
            Opcode::Text => Event::Raw(RawChunk { opcode, rsv: Rsv::NONE, payload, first, last }),
            _ => Event::Binary(BinaryChunk { payload, first, last }),
        })
    }

    /// Abandons the message that is being received, because the connection has failed.
    #[cold]
    pub(super) fn abandon(&mut self, pool: &mut impl ContextPool) {
        self.receiving = None;
        self.chunk = None;
        pool.with_pool(|pool| self.incoming.release(pool));
    }

    /// Compresses and sends a message or a fragment. Without context takeover, a whole message that
    /// would not become shorter is sent plain.
    pub(super) fn send<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        opcode: Opcode,
        fin: bool,
        bytes: &[u8],
        pool: &mut impl ContextPool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        // A compressed message cannot be taken back out of the context. So everything that could
        // fail is checked first.
        connection.check_send(opcode)?;
        let needed = MAX_HEADER_LEN + bytes.len() + bytes.len() / 8 + 64;
        if out.remaining_capacity() < needed {
            return Err(EncodeError::NoRoom { needed });
        }

        let begins = opcode != Opcode::Continuation;
        let (compressor, mut payload) =
            pool.with_pool(|pool| (self.outgoing.compressor(pool), mem::take(&mut pool.payload)));
        if fin {
            compressor.append(bytes, &mut payload);
        } else {
            compressor.append_fragment(bytes, &mut payload);
        }
        let in_vain = payload.len() >= bytes.len() && !compressor.context().takeover;
        let (rsv, sent) = match (begins, fin) {
            (true, true) if in_vain => (Rsv::NONE, bytes),
            (true, _) => (Rsv::RSV1, &*payload),
            (false, _) => (Rsv::NONE, &*payload),
        };
        let outcome = connection.append(opcode, fin, rsv, sent, out);
        if outcome.is_ok() {
            self.sending = !fin;
        }
        payload.clear();
        pool.with_pool(|pool| {
            match outcome {
                Ok(()) if fin => self.outgoing.recycle(pool),
                Ok(()) => {}
                // The output refused bytes for which it had reported capacity. The peer will not
                // receive them, so no later message may refer to them.
                Err(_) => self.outgoing.release(pool),
            }
            if payload.capacity() <= MAX_IDLE_PAYLOAD_LEN {
                pool.payload = payload;
            }
        });
        outcome
    }

    /// Sends the next fragment of a message. A message in several is compressed, and one in a
    /// single fragment if that is worth it.
    pub(super) fn send_fragment<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        fragment: MessageData<'_>,
        fin: bool,
        is_worth_it: bool,
        pool: &mut impl ContextPool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let (opcode, after) = connection.check_fragment(fragment, fin)?;
        let is_compressed = match opcode {
            Opcode::Continuation => self.sending,
            _ => !fin || is_worth_it,
        };
        if is_compressed {
            self.send(connection, opcode, fin, fragment.bytes(), pool, out)?;
        } else {
            connection.append(opcode, fin, Rsv::NONE, fragment.bytes(), out)?;
        }
        connection.text_sent_to(after);
        Ok(())
    }

    /// Returns the payload of a broadcast for the peer, and the RSV bits of its frame.
    pub(super) fn broadcast<'m>(
        &mut self,
        message: &'m Broadcast<'_>,
        pool: &mut impl ContextPool,
    ) -> (Rsv, &'m [u8]) {
        pool.with_pool(|pool| self.outgoing.broadcast(message, pool))
    }

    /// Returns all contexts to the pool, at the end of the connection.
    pub(super) fn end(&mut self, pool: &mut impl ContextPool) {
        pool.with_pool(|pool| {
            self.outgoing.release(pool);
            self.incoming.release(pool);
        });
    }

    /// Returns the compressor to the pool: to free memory, or because the peer was sent a message
    /// that the compressor has not seen. A no-op while a message is being sent in fragments.
    pub(super) fn release(&mut self, pool: &mut impl ContextPool) {
        if !self.sending {
            pool.with_pool(|pool| self.outgoing.release(pool));
        }
    }
}
