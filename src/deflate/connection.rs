//! A connection on which compression was agreed.
//!
//! What a peer sent compressed is read as what is not: the same events come out, whatever the frames
//! were. A [`Session`] does that; here it is offered as a connection is.

use core::fmt;

use super::broadcast::Broadcast;
use super::parameters::{Context, Parameters};
use super::pool::Pool;
use super::session::Session;
use crate::connection::{Connection, Data, MaskingKeys, Output, Unmasked};
use crate::error::{EncodeError, ReceiveError};
use crate::header::{Opcode, Rsv};
use crate::message::Event;

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
    session: Option<Session>,
}

/// # Making
impl<K> CompressedConnection<K> {
    /// Makes a connection, which is new, one on which this was agreed: see
    /// [`Negotiation::agreed`](super::Negotiation::agreed). It claims RSV1 there. With `None` nothing is
    /// compressed, and whoever sends a compressed message breaks a rule.
    #[must_use]
    pub const fn new(mut connection: Connection<K>, agreed: Option<Parameters>) -> Self {
        let session = match agreed {
            Some(agreed) => Some(Session::new(&mut connection, agreed)),
            None => None,
        };
        Self { connection, session }
    }
}

/// # Looking
impl<K> CompressedConnection<K> {
    /// The connection that this one stands on.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        &self.connection
    }

    /// Returns the connection that this one stands on: to send control frames and plain messages. It must
    /// not receive, and must not send frames with RSV1.
    pub const fn connection_mut(&mut self) -> &mut Connection<K> {
        &mut self.connection
    }

    /// Returns how messages are compressed that this end sends; `None` if they are not.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        self.session.as_ref().map(Session::context)
    }
}

/// # Receiving
impl<K: MaskingKeys> CompressedConnection<K> {
    /// As [`Connection::receive`]; and what was compressed comes as [`Text`](Event::Text) or
    /// [`Binary`](Event::Binary) too, or as [`Raw`](Event::Raw) if it is text that is
    /// [not validated](crate::MessageDecoder::validate_text), in pieces that lie in `buf`.
    ///
    /// Call it until it says `None`, even when the input is used up: more may come of what was taken.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::receive`], and what can be wrong with a compressed message:
    /// [`InvalidDeflate`](crate::ProtocolError::InvalidDeflate),
    /// [`TruncatedDeflate`](crate::ProtocolError::TruncatedDeflate),
    /// [`MessageTooLong`](crate::ProtocolError::MessageTooLong) if it becomes longer than
    /// [`Config::max_message_len`](super::Config::max_message_len) or the connection's own limit
    /// ([`MessageDecoder::max_message_len`](crate::MessageDecoder::max_message_len)), and
    /// [`InvalidUtf8`](crate::ProtocolError::InvalidUtf8), at an offset in the piece.
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
        if let Some(session) = &mut self.session {
            if session.is_concerned(&self.connection, input) {
                let connection = &mut self.connection;
                if let Some(event) = receive_compressed(session, connection, input, buf, pool, out)?
                {
                    return Ok(Some(event));
                }
            }
        }
        self.connection.receive(input, out)
    }
}

#[inline(never)]
fn receive_compressed<'e, K: MaskingKeys>(
    session: &mut Session,
    connection: &mut Connection<K>,
    input: &mut &mut [u8],
    buf: &'e mut [u8],
    pool: &mut Pool,
    out: &mut impl Output,
) -> Result<Option<Event<'e>>, ReceiveError> {
    assert!(!buf.is_empty(), "messages are decompressed in `buf`, which must have room");
    // A chunk may bring nothing that can be handed out. The next is looked at at once.
    let outcome = loop {
        if session.locate(connection, input, out)?.is_none() {
            return Ok(None);
        }
        match session.decompress(input, buf, pool) {
            Ok(None) => {}
            Ok(Some(piece)) => break session.event(&piece, buf),
            Err(error) => break Err(error),
        }
    };
    outcome.map(Some).map_err(|error| session.fail(error, connection, pool, out))
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
        if let Some(session) = &mut self.session {
            let is_compressed = if opcode == Opcode::Continuation {
                session.is_sending()
            } else {
                !fin || pool.config().compresses(session.context(), data.bytes().len())
            };
            if is_compressed {
                session.send(&mut self.connection, opcode, fin, data.bytes(), pool, out)?;
                self.connection.text_sent_to(after);
                return Ok(());
            }
        }
        self.connection.append(opcode, fin, Rsv::NONE, data.bytes(), out)?;
        self.connection.text_sent_to(after);
        Ok(())
    }

    /// Returns the payload of a broadcast for this connection's peer, and the RSV bits of its frame, which
    /// the caller sends past this connection as its next message. If it is compressed, the compressor is
    /// [released](Self::release), so that no later message refers to the wrong bytes.
    ///
    /// # Errors
    ///
    /// [`FrameAfterClose`](EncodeError::FrameAfterClose) when a Close was sent or the connection failed, and
    /// [`ExpectedContinuation`](EncodeError::ExpectedContinuation) while a message is being sent in
    /// fragments. Nothing is released then.
    ///
    /// ```
    /// use wsframe::deflate::{Broadcast, CompressedConnection, Compressor, Config, Context, Effort};
    /// use wsframe::deflate::{Parameters, Pool};
    /// use wsframe::{Connection, FrameEncoder, Opcode, Rsv};
    ///
    /// let mut pool = Pool::new(Config::default());
    /// let agreed = [Some(Parameters::FULL), Some(Parameters::NO_TAKEOVER), None];
    /// let mut receivers =
    ///     agreed.map(|agreed| (CompressedConnection::new(Connection::server(), agreed), Vec::new()));
    ///
    /// let mut compressor = Compressor::new(Context::NO_TAKEOVER, Effort::DEFAULT);
    /// let news = "{\"tick\":1}".repeat(100);
    /// let news = Broadcast::new(news.as_bytes(), &mut compressor, pool.config());
    /// // Each form is encoded once.
    /// let frame = |(rsv, payload)| FrameEncoder::new(Opcode::Text).rsv(rsv).shared(payload);
    /// let compressed = frame(news.payload(Some(Context::NO_TAKEOVER)))?;
    /// let plain = frame(news.payload(None))?;
    /// for (connection, queue) in &mut receivers {
    ///     if let Ok((rsv, _)) = connection.broadcast(&news, &mut pool) {
    ///         queue.push(if rsv == Rsv::RSV1 { compressed.clone() } else { plain.clone() });
    ///     }
    /// }
    /// # assert_eq!(receivers.map(|(_, queue)| queue[0].len() < 100), [true, true, false]);
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn broadcast<'m>(
        &mut self,
        message: &'m Broadcast<'_>,
        pool: &mut Pool,
    ) -> Result<(Rsv, &'m [u8]), EncodeError> {
        // It makes no difference which of the two kinds of message it is.
        self.connection.may_send(Opcode::Text)?;
        Ok(match &mut self.session {
            Some(session) => session.broadcast(message, pool),
            None => message.payload(None),
        })
    }
}

/// # Sparing memory
impl<K> CompressedConnection<K> {
    /// Gives the compressor back to the pool, which a context that is taken over keeps between messages:
    /// see [`Outgoing::release`](super::Outgoing::release). While a message is being sent in fragments, it does nothing.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(session) = &mut self.session {
            session.release(pool);
        }
    }

    /// Gives all memory back to the pool, at the end of the connection.
    pub fn end(self, pool: &mut Pool) {
        if let Some(mut session) = self.session {
            session.end(pool);
        }
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
