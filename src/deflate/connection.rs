//! `CompressedConnection`: a connection with negotiated compression, built on [`Session`].

use core::fmt;

use super::broadcast::Broadcast;
use super::parameters::{DeflateContext, DeflateParameters};
use super::pool::ContextPool;
use super::session::Session;
use crate::connection::{Connection, MaskingKeys, MessageData, NoKeys, Output};
use crate::error::{EncodeError, ReceiveError};
use crate::message::Event;
use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// A [`Connection`] with permessage-deflate (RFC 7692), if it was negotiated.
///
/// It is used like a connection, except that [`receive`](Self::receive) takes two more arguments:
///
/// - a buffer into which messages are decompressed, one piece at a time
/// - a [`Pool`](super::Pool) or another [`ContextPool`], whose [`Config`] decides which messages are
///   compressed
///
/// [The module](super#memory) lists the memory that an idle connection takes.
///
/// ```
/// use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};
/// use wsframe::{Assembler, Connection, Event, MaskingKey};
///
/// let keys = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]); // in production: `ThreadKeys`
/// let mut pool = Pool::new(Config::default());
/// let agreed = Some(DeflateParameters::DEFAULT); // the result of `Negotiation::agreed`
/// let mut client = CompressedConnection::new(Connection::client(keys), agreed);
/// let mut server = CompressedConnection::new(Connection::server(), agreed);
///
/// let message = "{\"price\":42.1875,\"side\":\"buy\"} ".repeat(100);
/// let mut out = Vec::new();
/// client.send(&*message, &mut pool, &mut out)?;
/// assert!(out.len() < 100);
///
/// // The server decompresses it into a buffer of 1 KiB, and collects the chunks.
/// let (mut buf, mut replies) = ([0; 1024], Vec::new());
/// let (mut assembler, mut texts) = (Assembler::new(), Vec::new());
/// let mut input = &mut out[..];
/// while let Some(event) = server.receive(&mut input, &mut buf, &mut pool, &mut replies)? {
///     if let Event::Text(chunk) = event {
///         texts.extend(assembler.text(chunk)?.map(|text| text.into_owned()));
///     }
/// }
/// assert_eq!(texts, [message]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Config`]: super::Config
#[doc(alias = "permessage-deflate")]
pub struct CompressedConnection<K = NoKeys> {
    connection: Connection<K>,
    session: Option<Session>,
}

/// # Constructors
impl<K> CompressedConnection<K> {
    /// Creates a connection with compression. Pass the result of
    /// [`Negotiation::agreed`](super::Negotiation::agreed) as `agreed`. `connection` must be
    /// unused.
    ///
    /// This claims RSV1 on the connection. With `None` nothing is compressed, and a compressed
    /// message from the peer is a protocol error.
    #[must_use]
    pub const fn new(mut connection: Connection<K>, agreed: Option<DeflateParameters>) -> Self {
        let session = match agreed {
            Some(agreed) => Some(Session::new(&mut connection, agreed)),
            None => None,
        };
        Self { connection, session }
    }
}

/// # Accessors
impl<K> CompressedConnection<K> {
    /// Returns the underlying connection.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        &self.connection
    }

    /// Returns the underlying connection, for sending control frames and plain messages. Do not
    /// send frames with RSV1, and call its methods that receive only where
    /// [`compressed_len`](Self::compressed_len) returns `None`.
    pub const fn connection_mut(&mut self) -> &mut Connection<K> {
        &mut self.connection
    }

    /// Returns the context in which outgoing messages are compressed, or `None` without
    /// compression.
    #[must_use]
    pub fn context(&self) -> Option<DeflateContext> {
        self.session.as_ref().map(Session::context)
    }
}

/// # Receiving
impl<K: MaskingKeys> CompressedConnection<K> {
    /// Returns how many bytes at the beginning of `input` [`receive`](Self::receive) would
    /// decompress next, at most. Returns `None` if they are not part of a compressed message.
    ///
    /// Callers can choose a buffer by it, or receive plain messages with
    /// [`connection_mut`](Self::connection_mut).
    ///
    /// ```
    /// use wsframe::Connection;
    /// use wsframe::deflate::{CompressedConnection, DeflateParameters};
    ///
    /// let agreed = Some(DeflateParameters::DEFAULT);
    /// let connection = CompressedConnection::new(Connection::server(), agreed);
    /// assert_eq!(connection.compressed_len(b"\xC1\x87\0\0\0\0\xF2\x48\xCD"), Some(3));
    /// assert_eq!(connection.compressed_len(b"\x81\x85\0\0\0\0Hello"), None);
    /// ```
    #[must_use]
    pub fn compressed_len(&self, input: &[u8]) -> Option<usize> {
        let session = self.session.as_ref()?;
        let is_compressed = session.is_concerned(&self.connection, input);
        is_compressed.then(|| session.available(&self.connection, input))
    }

    /// Returns the next event and advances `input` past it. Returns `None` when more bytes are
    /// needed.
    ///
    /// Same as [`Connection::receive`], but also decompresses messages, piece by piece, into `buf`.
    /// The events are those of plain messages: [`Text`](Event::Text), [`Binary`](Event::Binary), or
    /// [`Raw`](Event::Raw) for text that is [not validated](crate::MessageDecoder::validate_text).
    ///
    /// Call it until it returns `None`, even if `input` is empty: decompression may have more
    /// output.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::receive`], and for compressed messages:
    ///
    /// - [`InvalidDeflate`](crate::ProtocolError::InvalidDeflate) and
    ///   [`TruncatedDeflate`](crate::ProtocolError::TruncatedDeflate)
    /// - [`MessageTooLong`](crate::ProtocolError::MessageTooLong) if the decompressed message
    ///   exceeds [`Limits::max_message_size`](crate::Limits::max_message_size)
    /// - [`InvalidUtf8`](crate::ProtocolError::InvalidUtf8), with an offset in the decompressed
    ///   piece
    ///
    /// # Panics
    ///
    /// Panics if `buf` is empty, or if the allocator has no memory for a decompression context.
    #[inline]
    #[doc(alias = "read_message")]
    #[doc(alias = "recv")]
    pub fn receive<'e, 'b: 'e>(
        &mut self,
        input: &mut &'b mut [u8],
        buf: &'e mut [u8],
        pool: &mut impl ContextPool,
        out: &mut impl Output,
    ) -> Result<Option<Event<'e>>, ReceiveError> {
        let connection = &mut self.connection;
        let received = match &mut self.session {
            Some(session) if session.is_concerned(connection, input) => {
                receive_compressed(session, connection, input, buf, pool, out)
            }
            _ => connection.receive(input, out),
        };
        if received.is_err() {
            self.abandon(pool);
        }
        received
    }

    /// Gives back the decompressor if the connection has failed.
    #[cold]
    fn abandon(&mut self, pool: &mut impl ContextPool) {
        match &mut self.session {
            Some(session) if self.connection.error().is_some() => session.abandon(pool),
            _ => {}
        }
    }
}

#[inline(never)]
fn receive_compressed<'e, 'b: 'e, K: MaskingKeys>(
    session: &mut Session,
    connection: &mut Connection<K>,
    input: &mut &'b mut [u8],
    buf: &'e mut [u8],
    pool: &mut impl ContextPool,
    out: &mut impl Output,
) -> Result<Option<Event<'e>>, ReceiveError> {
    assert!(!buf.is_empty(), "`buf` must not be empty: messages are decompressed into it");
    // A chunk may produce no output. Continue with the next.
    let outcome = loop {
        if !session.locate(connection, input, out)? {
            return connection.receive(input, out);
        }
        match session.decompress(input, buf, pool) {
            Ok(None) => {}
            Ok(Some(piece)) => break session.event(&piece, buf),
            Err(error) => break Err(error),
        }
    };
    outcome.map(Some).map_err(|error| connection.fail(error, out))
}

/// # Sending
///
/// Send control frames with [`connection_mut`](Self::connection_mut).
impl<K: MaskingKeys> CompressedConnection<K> {
    /// Sends a message in one frame. It is compressed if
    /// [`Config::should_compress`](super::Config::should_compress) returns `true` for its length.
    /// Without context takeover, a message that would not become shorter is sent plain.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::send`]. A bounded output needs a remaining capacity of
    /// `len + len / 8 + 64` bytes and a header for a message of `len` bytes. This is checked before
    /// the message is compressed, although the frame may be shorter.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for a compression context.
    #[doc(alias = "write_message")]
    pub fn send<'d>(
        &mut self,
        message: impl Into<MessageData<'d>>,
        pool: &mut impl ContextPool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let data = message.into();
        self.connection.check_send(data.opcode())?;
        self.send_fragment(data, true, pool, out)
    }

    /// Sends the next fragment of a message; `fin` marks the last one, which may also be the first.
    /// Each fragment is flushed, so the peer can decompress it at once.
    ///
    /// A message in several fragments is compressed. A message in one fragment is treated as by
    /// [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send) and [`Connection::send_fragment`].
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for a compression context.
    pub fn send_fragment<'d>(
        &mut self,
        fragment: impl Into<MessageData<'d>>,
        fin: bool,
        pool: &mut impl ContextPool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let data = fragment.into();
        let Some(session) = &mut self.session else {
            return self.connection.send_fragment(data, fin, out);
        };
        let is_worth_it = pool.config().should_compress(session.context(), data.bytes().len());
        session.send_fragment(&mut self.connection, data, fin, is_worth_it, pool, out)
    }

    /// Returns the payload of a broadcast for this connection's peer, and the RSV bits of its
    /// frame.
    ///
    /// The caller must send this frame itself as the next message, not through this connection. If
    /// the payload is compressed, the compressor is [released](Self::release), so that no later
    /// message refers to wrong bytes.
    ///
    /// # Errors
    ///
    /// - [`FrameAfterClose`](EncodeError::FrameAfterClose) if a Close was sent or the connection
    ///   has failed
    /// - [`ExpectedContinuation`](EncodeError::ExpectedContinuation) while a message is being sent
    ///   in fragments
    ///
    /// After an error, nothing was released.
    ///
    /// ```
    /// use wsframe::deflate::{Broadcast, CompressedConnection, Compressor, Config, DeflateContext};
    /// use wsframe::deflate::{CompressorOptions, DeflateParameters, Pool};
    /// use wsframe::{Connection, FrameEncoder, Opcode, Rsv};
    ///
    /// let mut pool = Pool::new(Config::default());
    /// let agreed = [Some(DeflateParameters::DEFAULT), Some(DeflateParameters::NO_TAKEOVER), None];
    /// let mut receivers = agreed.map(|agreed| {
    ///     let connection = CompressedConnection::new(Connection::server(), agreed);
    ///     (connection, Vec::new())
    /// });
    ///
    /// let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    /// let news = "{\"tick\":1}".repeat(100);
    /// let news = Broadcast::new(news.as_bytes(), &mut compressor, pool.config());
    /// // Each form is encoded once.
    /// let frame = |(rsv, payload)| FrameEncoder::new(Opcode::Text).rsv(rsv).encode_to_arc(payload);
    /// let compressed = frame(news.payload(Some(DeflateContext::NO_TAKEOVER)))?;
    /// let plain = frame(news.payload(None))?;
    /// for (connection, queue) in &mut receivers {
    ///     if let Ok((rsv, _)) = connection.broadcast(&news, &mut pool) {
    ///         queue.push(if rsv == Rsv::RSV1 { compressed.clone() } else { plain.clone() });
    ///     }
    /// }
    /// assert!(receivers.iter().all(|(_, queue)| queue.len() == 1));
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn broadcast<'m>(
        &mut self,
        message: &'m Broadcast<'_>,
        pool: &mut impl ContextPool,
    ) -> Result<(Rsv, &'m [u8]), EncodeError> {
        // Text and binary messages are subject to the same checks.
        self.connection.check_send(Opcode::Text)?;
        Ok(match &mut self.session {
            Some(session) => session.broadcast(message, pool),
            None => message.payload(None),
        })
    }
}

/// # Memory
impl<K> CompressedConnection<K> {
    /// Returns the compressor to the pool, which a connection with context takeover otherwise keeps
    /// between messages. See [`PooledCompressor::release`](super::PooledCompressor::release). A
    /// no-op while a message is being sent in fragments.
    ///
    /// ```
    /// use wsframe::Connection;
    /// use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};
    ///
    /// let mut pool = Pool::new(Config::default());
    /// let agreed = Some(DeflateParameters::DEFAULT);
    /// let mut connection = CompressedConnection::new(Connection::server(), agreed);
    /// let mut out = Vec::new();
    /// connection.send(&*"{\"tick\":1}".repeat(100), &mut pool, &mut out)?;
    /// assert_eq!(pool.idle_compressors(), 0);
    ///
    /// connection.release(&mut pool); // the connection has been quiet for a while
    /// assert_eq!(pool.idle_compressors(), 1);
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn release(&mut self, pool: &mut impl ContextPool) {
        if let Some(session) = &mut self.session {
            session.release(pool);
        }
    }

    /// Returns all contexts to the pool, at the end of the connection.
    ///
    /// Afterwards nothing is compressed, and a compressed message is received as
    /// [`Raw`](Event::Raw).
    pub fn recycle(&mut self, pool: &mut impl ContextPool) {
        if let Some(mut session) = self.session.take() {
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
