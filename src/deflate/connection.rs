//! A connection on which compression was agreed.
//!
//! What a peer sent compressed is read as what is not: the same events come out, whatever the frames
//! were. So the bytes of a compressed chunk stay where they arrived, in front of the caller's input,
//! unmasked, until all that they hold was handed out: what comes of a few of them may be a thousand times
//! as long, and nothing but the caller's buffer holds it.

use core::{fmt, mem};

use super::Written;
use super::parameters::{Context, Parameters};
use super::pool::{Incoming, Outgoing, Pool};
use crate::connection::{Connection, Data, MaskingKeys, Output, Unmasked};
use crate::error::{EncodeError, ProtocolError, ReceiveError};
use crate::frame::Payload;
use crate::header::{MAX_HEADER_LEN, Opcode, Rsv};
use crate::mask::Mask;
use crate::message::{BinaryChunk, Event, MessageSpan, TextChunk};
use crate::utf8::Utf8Validator;

/// How much memory a pool keeps for payloads between two messages.
const MAX_IDLE_PAYLOAD_LEN: usize = 64 << 10;

/// A [`Connection`] whose messages may be compressed, if both ends agreed on it.
///
/// It is used as a connection is, but for two things that [`receive`](Self::receive) takes besides: a
/// buffer in which messages are decompressed, a piece at a time, and a [`Pool`], whose [`Config`] says
/// which messages are compressed and how long they may become.
///
/// What it costs while it is idle, [the module](super#what-a-connection-costs) says.
///
/// ```
/// use wsframe::deflate::{CompressedConnection, Config, Parameters, Pool};
/// use wsframe::{Assembler, Connection, Event, MaskingKey};
///
/// # let keys = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
/// let mut pool = Pool::new(Config::default());
/// let agreed = Some(Parameters::FULL); // what the handshake's `Negotiation::agreed` says
/// let mut client = CompressedConnection::new(Connection::client(keys), agreed);
/// let mut server = CompressedConnection::new(Connection::server(), agreed);
///
/// let message = "{\"price\":42.1875,\"side\":\"buy\"} ".repeat(100);
/// let mut out = Vec::new();
/// client.send(&*message, &mut pool, &mut out)?;
/// assert!(out.len() < 100);
///
/// // The server decompresses it in a buffer of 1 KiB, and collects what comes in several chunks.
/// let (mut buf, mut replies) = ([0; 1024], Vec::new());
/// let (mut assembler, mut texts) = (Assembler::new(), Vec::new());
/// let mut input = &mut out[..];
/// while let Some(event) = server.receive(&mut input, &mut buf, &mut pool, &mut replies)? {
///     if let Event::Text(chunk) = event {
///         texts.extend(assembler.text(chunk).map(|text| text.into_owned()));
///     }
/// }
/// assert_eq!(texts, [message]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Config`]: super::Config
pub struct CompressedConnection<K = Unmasked> {
    connection: Connection<K>,
    deflate: Option<Deflate>,
}

struct Deflate {
    incoming: Incoming,
    outgoing: Outgoing,
    /// The text of the compressed message that is being received.
    text: Utf8Validator,
    /// What kind that message is; `None` while no compressed message is open.
    receiving: Option<Opcode>,
    /// No piece of that message was handed out.
    first: bool,
    /// What is left of its last chunk, if its bytes were not all used, or more is to come of them.
    chunk: Option<Chunk>,
    /// The message that is being sent in fragments is compressed.
    sending: bool,
}

/// Bytes of a compressed message, in front of the input, unmasked.
#[derive(Clone, Copy)]
struct Chunk {
    len: usize,
    /// The message ends with it.
    last: bool,
}

/// What was decompressed, at the beginning of the caller's buffer.
struct Piece {
    opcode: Opcode,
    len: usize,
    first: bool,
    last: bool,
}

/// # Making
impl<K> CompressedConnection<K> {
    /// Makes a connection, which is new, one on which this was agreed: see
    /// [`Negotiation::agreed`](super::Negotiation::agreed). It claims RSV1 there. With `None` nothing is
    /// compressed, and whoever sends a compressed message breaks a rule.
    #[must_use]
    pub const fn new(mut connection: Connection<K>, agreed: Option<Parameters>) -> Self {
        let Some(agreed) = agreed else { return Self { connection, deflate: None } };
        let limit = connection.messages.claim_for_deflate();
        let role = connection.role();
        let deflate = Deflate {
            incoming: Incoming::new(agreed.received_by(role)).max_message_len(limit),
            outgoing: Outgoing::new(agreed.sent_by(role)),
            text: Utf8Validator::new(),
            receiving: None,
            first: false,
            chunk: None,
            sending: false,
        };
        Self { connection, deflate: Some(deflate) }
    }
}

/// # Looking
impl<K> CompressedConnection<K> {
    /// The connection that this one stands on.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        &self.connection
    }

    /// The connection that this one stands on: to send control frames, and messages as they are. It must
    /// not receive.
    pub const fn connection_mut(&mut self) -> &mut Connection<K> {
        &mut self.connection
    }

    /// How messages are compressed that this end sends; `None` if they are not. It is what
    /// [`Broadcast::payload`](super::Broadcast::payload) asks for.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        self.deflate.as_ref().map(|deflate| deflate.outgoing.context())
    }
}

/// # Receiving
impl<K: MaskingKeys> CompressedConnection<K> {
    /// As [`Connection::receive`]; and what was compressed comes as [`Text`](Event::Text) or
    /// [`Binary`](Event::Binary) too, in pieces that lie in `buf`.
    ///
    /// Call it until it says `None`, even when the input is used up: more may come of what was taken.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::receive`], and what can be wrong with a compressed message:
    /// [`InvalidDeflate`](ProtocolError::InvalidDeflate),
    /// [`TruncatedDeflate`](ProtocolError::TruncatedDeflate),
    /// [`MessageTooLong`](ProtocolError::MessageTooLong) if it becomes longer than
    /// [`Config::max_message_len`](super::Config::max_message_len) or the connection's own limit
    /// ([`MessageDecoder::max_message_len`](crate::MessageDecoder::max_message_len)), and
    /// [`InvalidUtf8`](ProtocolError::InvalidUtf8), at an offset in the piece.
    ///
    /// # Panics
    ///
    /// If `buf` is empty.
    #[inline]
    pub fn receive<'e, 'b: 'e>(
        &mut self,
        input: &mut &'b mut [u8],
        buf: &'e mut [u8],
        pool: &mut Pool,
        out: &mut impl Output,
    ) -> Result<Option<Event<'e>>, ReceiveError> {
        match &mut self.deflate {
            Some(deflate) if deflate.is_concerned(&self.connection, input) => {
                deflate.receive(&mut self.connection, input, buf, pool, out)
            }
            _ => self.connection.receive(input, out),
        }
    }
}

/// # Sending
///
/// Control frames are sent by the [`connection_mut`](Self::connection_mut).
impl<K: MaskingKeys> CompressedConnection<K> {
    /// Sends a message in one frame: compressed, if [`Config::compresses`](super::Config::compresses) says
    /// so of its length. One that would not become shorter is sent as it is, unless the context is taken
    /// over.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::send`]. Before a message is compressed, an output that is bounded must have
    /// room for its length, an eighth of that, 64 bytes and a header, although the frame will be shorter.
    pub fn send<'d>(
        &mut self,
        message: impl Into<Data<'d>>,
        pool: &mut Pool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let data = message.into();
        self.connection.may_send(data.opcode())?;
        self.send_fragment(data, true, pool, out)
    }

    /// Sends the next fragment of a message; with `fin` the last, which may also be the first. All that
    /// was given arrives with it: nothing waits in the compressor.
    ///
    /// A message is compressed if its first fragment is not its last; else, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and those of [`Connection::send_fragment`].
    pub fn send_fragment<'d>(
        &mut self,
        fragment: impl Into<Data<'d>>,
        fin: bool,
        pool: &mut Pool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let data = fragment.into();
        let (opcode, after) = self.connection.check_fragment(data, fin)?;
        if let Some(deflate) = &mut self.deflate {
            let is_compressed = if opcode == Opcode::Continuation {
                deflate.sending
            } else {
                let context = deflate.outgoing.context();
                !fin || pool.config().compresses(context, data.bytes().len())
            };
            if is_compressed {
                deflate.send(&mut self.connection, opcode, fin, data.bytes(), pool, out)?;
                self.connection.text_sent_to(after);
                return Ok(());
            }
        }
        self.connection.append(opcode, fin, Rsv::NONE, data.bytes(), out)?;
        self.connection.text_sent_to(after);
        Ok(())
    }
}

/// # Sparing memory
impl<K> CompressedConnection<K> {
    /// Gives the compressor back to the pool, which a context that is taken over keeps between messages:
    /// see [`Outgoing::release`]. While a message is being sent in fragments, it does nothing.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(deflate) = self.deflate.as_mut().filter(|deflate| !deflate.sending) {
            deflate.outgoing.release(pool);
        }
    }

    /// Gives all memory back to the pool, at the end of the connection.
    pub fn end(self, pool: &mut Pool) {
        if let Some(mut deflate) = self.deflate {
            deflate.outgoing.release(pool);
            deflate.incoming.release(pool);
        }
    }
}

impl Deflate {
    /// Whether a compressed message is open, or begins here.
    #[inline]
    fn is_concerned<K>(&self, connection: &Connection<K>, input: &[u8]) -> bool {
        let begins = |first: &u8| Rsv::from_bits(*first).contains(Rsv::RSV1);
        self.receiving.is_some()
            || (connection.remaining() == 0 && input.first().is_some_and(begins))
    }

    #[inline(never)]
    fn receive<'e, 'b: 'e, K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        input: &mut &'b mut [u8],
        buf: &'e mut [u8],
        pool: &mut Pool,
        out: &mut impl Output,
    ) -> Result<Option<Event<'e>>, ReceiveError> {
        assert!(!buf.is_empty(), "messages are decompressed in `buf`, which must have room");
        // A chunk may bring nothing that can be handed out. The next is looked at at once.
        let event = loop {
            let Some(chunk) = self.chunk.filter(|_| connection.error().is_none()) else {
                let Some(span) = connection.locate(input, out)? else {
                    // More bytes are needed; or a Close has come, and what follows is discarded.
                    return connection.receive(input, out);
                };
                if span.header().opcode.is_control() {
                    let (used, rest) = mem::take(input).split_at_mut(span.end());
                    *input = rest;
                    return connection.take(span, used, out).map(Some);
                }
                self.cut(connection, span, input)?;
                continue;
            };
            match self.decompress(chunk, input, buf, pool) {
                Ok(None) => {}
                Ok(Some(piece)) => break self.event(&piece, &mut buf[..piece.len]),
                Err(error) => break Err(error),
            }
        };
        event.map(Some).map_err(|error| {
            self.chunk = None;
            self.incoming.release(pool);
            connection.fail(error, out)
        })
    }

    /// Takes the header of the located chunk off the input, and unmasks what follows.
    fn cut<K>(
        &mut self,
        connection: &mut Connection<K>,
        span: MessageSpan,
        input: &mut &mut [u8],
    ) -> Result<(), ProtocolError> {
        let header_len = span.header_len();
        let frame = connection.messages.take_frame(span, input)?;
        if frame.first && frame.header.opcode != Opcode::Continuation {
            self.receiving = Some(frame.header.opcode);
            self.first = true;
        }
        let last = frame.last && frame.header.fin;
        self.chunk = Some(Chunk { len: frame.payload.unmask().len(), last });
        *input = mem::take(input).split_at_mut(header_len).1;
        Ok(())
    }

    /// Decompresses what is left of the chunk, or as much as `buf` holds.
    fn decompress(
        &mut self,
        chunk: Chunk,
        input: &mut &mut [u8],
        buf: &mut [u8],
        pool: &mut Pool,
    ) -> Result<Option<Piece>, ProtocolError> {
        let mut payload = input.get(..chunk.len).unwrap_or(input);
        let given = payload.len();
        let decompressor = self.incoming.decompressor(pool);
        let Written { len, done } = decompressor.decompress(&mut payload, buf)?;
        let used = given - payload.len();
        *input = mem::take(input).split_at_mut(used).1;

        let last = chunk.last && done;
        if last {
            decompressor.finish()?;
            self.incoming.end(pool);
        }
        self.chunk = (!done).then_some(Chunk { len: chunk.len - used, ..chunk });
        let Some(opcode) = (if last { self.receiving.take() } else { self.receiving }) else {
            return Ok(None);
        };
        if len == 0 && !last {
            return Ok(None);
        }
        Ok(Some(Piece { opcode, len, first: mem::take(&mut self.first), last }))
    }

    fn event<'e>(
        &mut self,
        piece: &Piece,
        bytes: &'e mut [u8],
    ) -> Result<Event<'e>, ProtocolError> {
        let payload = Payload::new(bytes, Mask::NONE);
        let Piece { first, last, .. } = *piece;
        if piece.opcode != Opcode::Text {
            return Ok(Event::Binary(BinaryChunk { payload, first, last }));
        }
        let text = payload.unmask_text(&mut self.text)?;
        if last {
            self.text.finish_at(text.as_bytes().len())?;
        }
        Ok(Event::Text(TextChunk { text, first, last }))
    }

    fn send<K: MaskingKeys>(
        &mut self,
        connection: &mut Connection<K>,
        opcode: Opcode,
        fin: bool,
        bytes: &[u8],
        pool: &mut Pool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        // Once it is compressed there is no way back. So what could fail is looked at before.
        connection.may_send(opcode)?;
        let needed = MAX_HEADER_LEN + bytes.len() + bytes.len() / 8 + 64;
        if out.room() < needed {
            return Err(EncodeError::NoRoom { needed });
        }

        let begins = opcode != Opcode::Continuation;
        let mut payload = mem::take(&mut pool.payload);
        let compressor = self.outgoing.compressor(pool);
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
        match outcome {
            Ok(()) => {
                self.sending = !fin;
                if fin {
                    self.outgoing.end(pool);
                }
            }
            // The output has not taken what it had room for. So the peer will not have it, and nothing may
            // refer to it.
            Err(_) => self.outgoing.release(pool),
        }

        payload.clear();
        if payload.capacity() <= MAX_IDLE_PAYLOAD_LEN {
            pool.payload = payload;
        }
        outcome
    }
}

impl<K> fmt::Debug for CompressedConnection<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompressedConnection")
            .field("connection", &self.connection)
            .field("context", &self.context())
            .finish_non_exhaustive()
    }
}
