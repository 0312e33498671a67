//! What a connection does with compressed messages, for whoever reads and writes its bytes.
//!
//! The bytes of a compressed chunk stay where they arrived, at the beginning of the caller's input, unmasked,
//! until all that they hold was handed out: what comes of a few of them may be a thousand times as long, and
//! nothing but the caller's buffer holds it. Text is validated there, so that no more than a buffer's length
//! is decompressed of text that is wrong.

use core::mem;

use super::Written;
use super::broadcast::Broadcast;
use super::parameters::{Context, Parameters};
use super::pool::{Incoming, Outgoing, Pool};
use crate::connection::{Connection, MaskingKeys, Output};
use crate::error::{EncodeError, ProtocolError, ReceiveError};
use crate::frame::Payload;
use crate::header::{MAX_HEADER_LEN, Opcode, Rsv};
use crate::mask::Mask;
use crate::message::{BinaryChunk, Event, MessageSpan, RawChunk, TextChunk};
use crate::utf8::Utf8Validator;

/// How much memory a pool keeps for payloads between two messages.
const MAX_IDLE_PAYLOAD_LEN: usize = 64 << 10;

/// A pool, or one that is locked for each use.
pub(crate) trait AnyPool {
    /// Uses the pool, for a moment: nothing is compressed or decompressed meanwhile.
    fn with<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R;
}

impl AnyPool for Pool {
    #[inline]
    fn with<R>(&mut self, use_pool: impl FnOnce(&mut Pool) -> R) -> R {
        use_pool(self)
    }
}

/// What a connection keeps where compression was negotiated.
pub(crate) struct Session {
    incoming: Incoming,
    outgoing: Outgoing,
    /// The text of the compressed message that is being received.
    text: Utf8Validator,
    validate_text: bool,
    /// What kind that message is; `None` while no compressed message is open.
    receiving: Option<Opcode>,
    /// No piece of that message was handed out.
    first: bool,
    /// What is left of its last chunk, if its bytes were not all used, or more is to come of them.
    chunk: Option<Chunk>,
    /// The message that is being sent in fragments is compressed.
    sending: bool,
}

/// Bytes of a compressed message, at the beginning of the input, unmasked.
#[derive(Clone, Copy)]
struct Chunk {
    len: usize,
    /// The message ends with it.
    last: bool,
}

/// What was decompressed, at the beginning of the caller's buffer.
pub(crate) struct Piece {
    opcode: Opcode,
    pub(crate) len: usize,
    first: bool,
    pub(crate) last: bool,
}

impl Session {
    /// Claims RSV1 on the connection, which is new.
    pub(crate) const fn new<K>(connection: &mut Connection<K>, agreed: Parameters) -> Self {
        let (limit, validate_text) = connection.messages.claim_for_deflate();
        let role = connection.role();
        Self {
            incoming: Incoming::new(agreed.received_by(role)).max_message_len(limit),
            outgoing: Outgoing::new(agreed.sent_by(role)),
            text: Utf8Validator::new(),
            validate_text,
            receiving: None,
            first: false,
            chunk: None,
            sending: false,
        }
    }

    /// How messages are compressed that this end sends.
    pub(crate) const fn context(&self) -> Context {
        self.outgoing.context()
    }

    /// Whether a compressed message is being sent in fragments.
    pub(super) const fn is_sending(&self) -> bool {
        self.sending
    }

    /// Whether a compressed message is being received, or begins here.
    #[inline]
    pub(crate) fn is_concerned<K>(&self, connection: &Connection<K>, input: &[u8]) -> bool {
        let begins = |first: &u8| Rsv::from_bits(*first).contains(Rsv::RSV1);
        self.receiving.is_some()
            || (connection.remaining() == 0 && input.first().is_some_and(begins))
    }

    /// Finds the next bytes of the compressed message, and takes the header in front of them off the input.
    /// Returns how many are left of them. `None` means that the connection must receive what follows:
    /// a control frame, too few bytes, or what follows a Close.
    pub(crate) fn locate<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut &mut [u8],
        out: &mut impl Output,
    ) -> Result<Option<usize>, ReceiveError> {
        if let Some(chunk) = self.chunk.filter(|_| connection.error().is_none()) {
            return Ok(Some(chunk.len));
        }
        match connection.locate(input, out)? {
            // A control frame that was located and not taken has changed nothing.
            Some(span) if !span.header().opcode.is_control() => {
                self.cut(connection, span, input).map_err(|error| connection.fail(error, out))
            }
            _ => Ok(None),
        }
    }

    /// Takes the header of the located chunk off the input, and unmasks what follows.
    fn cut<K>(
        &mut self,
        connection: &mut Connection<K>,
        span: MessageSpan,
        input: &mut &mut [u8],
    ) -> Result<Option<usize>, ProtocolError> {
        let header_len = span.header_len();
        let frame = connection.messages.take_frame(span, input)?;
        if frame.first && frame.header.opcode != Opcode::Continuation {
            self.receiving = Some(frame.header.opcode);
            self.first = true;
        }
        let last = frame.last && frame.header.fin;
        let len = frame.payload.unmask().len();
        self.chunk = Some(Chunk { len, last });
        *input = mem::take(input).split_at_mut(header_len).1;
        Ok(Some(len))
    }

    /// Decompresses what is left of the located bytes, or as much as `buf` holds, which is not empty. `None`
    /// means that they are used up and nothing came of them; then call [`locate`](Self::locate) again.
    ///
    /// After an error, here or in [`event`](Self::event), call [`fail`](Self::fail).
    pub(crate) fn decompress(
        &mut self,
        input: &mut &mut [u8],
        buf: &mut [u8],
        pool: &mut impl AnyPool,
    ) -> Result<Option<Piece>, ProtocolError> {
        let Some((chunk, opcode)) = self.chunk.zip(self.receiving) else { return Ok(None) };
        let mut payload = input.get(..chunk.len).unwrap_or(input);
        let given = payload.len();
        let decompressor = pool.with(|pool| self.incoming.decompressor(pool));
        let Written { len, done } = decompressor.decompress(&mut payload, buf)?;
        let used = given - payload.len();
        *input = mem::take(input).split_at_mut(used).1;

        let last = chunk.last && done;
        if last {
            decompressor.finish()?;
            if !self.incoming.context().takeover {
                pool.with(|pool| self.incoming.release(pool));
            }
            self.receiving = None;
        }
        self.chunk = (!done).then_some(Chunk { len: chunk.len - used, ..chunk });
        if len == 0 && !last {
            return Ok(None);
        }
        Ok(Some(Piece { opcode, len, first: mem::take(&mut self.first), last }))
    }

    /// The event that a piece is, at the beginning of `buf`: validated, if it is text.
    pub(crate) fn event<'e>(
        &mut self,
        piece: &Piece,
        buf: &'e mut [u8],
    ) -> Result<Event<'e>, ProtocolError> {
        let payload = Payload::new(buf.get_mut(..piece.len).unwrap_or_default(), Mask::NONE);
        let Piece { opcode, first, last, .. } = *piece;
        Ok(match opcode {
            Opcode::Text if self.validate_text => {
                let text = payload.unmask_text(&mut self.text)?;
                if last {
                    self.text.finish_at(text.as_bytes().len())?;
                }
                Event::Text(TextChunk { text, first, last })
            }
            // As plain text that is not validated.
            Opcode::Text => Event::Raw(RawChunk { opcode, rsv: Rsv::NONE, payload, first, last }),
            _ => Event::Binary(BinaryChunk { payload, first, last }),
        })
    }

    /// Fails the connection because of a message that could not be decompressed.
    #[cold]
    pub(crate) fn fail<K: MaskingKeys>(
        &mut self,
        error: ProtocolError,
        connection: &mut Connection<K>,
        pool: &mut impl AnyPool,
        out: &mut impl Output,
    ) -> ReceiveError {
        self.abandon(pool);
        connection.fail(error, out)
    }

    /// Gives up what is being received: the connection has failed.
    pub(crate) fn abandon(&mut self, pool: &mut impl AnyPool) {
        self.receiving = None;
        self.chunk = None;
        pool.with(|pool| self.incoming.release(pool));
    }

    /// Compresses and sends a message, or a fragment of one. A whole message that would not become shorter is
    /// sent as it is, unless the context is taken over.
    pub(crate) fn send<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        opcode: Opcode,
        fin: bool,
        bytes: &[u8],
        pool: &mut impl AnyPool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        // Once it is compressed there is no way back. So what could fail is looked at before.
        connection.may_send(opcode)?;
        let needed = MAX_HEADER_LEN + bytes.len() + bytes.len() / 8 + 64;
        if out.room() < needed {
            return Err(EncodeError::NoRoom { needed });
        }

        let begins = opcode != Opcode::Continuation;
        let (compressor, mut payload) =
            pool.with(|pool| (self.outgoing.compressor(pool), mem::take(&mut pool.payload)));
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
        pool.with(|pool| {
            match outcome {
                Ok(()) if fin => self.outgoing.end(pool),
                Ok(()) => {}
                // The output has not taken what it had room for. So the peer will not have it, and nothing
                // may refer to it.
                Err(_) => self.outgoing.release(pool),
            }
            if payload.capacity() <= MAX_IDLE_PAYLOAD_LEN {
                pool.payload = payload;
            }
        });
        outcome
    }

    /// Returns the payload of a broadcast for the peer, and the RSV bits of its frame.
    pub(super) fn broadcast<'m>(
        &mut self,
        message: &'m Broadcast<'_>,
        pool: &mut Pool,
    ) -> (Rsv, &'m [u8]) {
        self.outgoing.broadcast(message, pool)
    }

    /// Gives all memory back to the pool, at the end of the connection.
    pub(crate) fn end(&mut self, pool: &mut impl AnyPool) {
        pool.with(|pool| {
            self.outgoing.release(pool);
            self.incoming.release(pool);
        });
    }

    /// Gives the compressor back to the pool: to spare memory, or because the peer was sent a message that it
    /// has not seen. While a message is being sent in fragments, it is a no-op.
    pub(crate) fn release(&mut self, pool: &mut impl AnyPool) {
        if !self.sending {
            pool.with(|pool| self.outgoing.release(pool));
        }
    }
}
