//! A WebSocket connection after its opening handshake, without I/O (RFC 6455 §5–§7).

pub(crate) mod keys;
mod output;
mod receive;
mod send;

use core::fmt;

use crate::close::CloseCode;
use crate::error::ProtocolError;
use crate::header::{Role, Rules};
use crate::limits::Limits;
use crate::message::MessageDecoder;

#[cfg(feature = "rand")]
pub use keys::RandomKeys;
#[cfg(all(feature = "rand", feature = "std"))]
pub use keys::ThreadKeys;
pub use keys::{MaskingKeys, NoKeys};
pub use output::{Output, SliceOutput};
pub use send::MessageData;
use send::Sending;

/// One endpoint of a WebSocket connection, without I/O.
///
/// It decodes the bytes that the caller reads into [`Event`](crate::Event)s, and encodes frames
/// into an output that the caller writes. It answers Pings, Closes and protocol errors
/// automatically. It has no socket, no clock and no buffer, and never allocates.
///
/// # Examples
///
/// A server:
///
/// ```
/// use wsframe::{Connection, Event, TransportAction};
///
/// let mut connection = Connection::server();
/// let mut out = Vec::new();
///
/// // Read: "Hello" in a masked text frame, then a masked Close with code 1000.
/// let mut buf = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\x00\x00\x00\x00\x03\xe8";
/// let mut input = &mut buf[..];
/// while let Some(event) = connection.receive(&mut input, &mut out)? {
///     match event {
///         Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, &mut out)?,
///         _ => {}
///     }
/// }
/// // Write: the echo, and the answer to the Close.
/// assert_eq!(out, b"\x81\x05Hello\x88\x02\x03\xe8");
/// assert_eq!(connection.transport_action(), TransportAction::Close);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A client:
///
/// ```
/// use wsframe::{Connection, Event, MaskingKey};
///
/// // Use `ThreadKeys` (feature `rand`) or another unpredictable source.
/// let mut connection = Connection::client(|| MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]));
/// let mut out = Vec::new();
/// connection.send("Hello", &mut out)?;
/// assert_eq!(out, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"); // write this to the socket
///
/// let mut buf = *b"\x81\x02Hi"; // what was read
/// let mut input = &mut buf[..];
/// while let Some(event) = connection.receive(&mut input, &mut out)? {
///     if let Event::Text(chunk) = event {
///         println!("{:?}", chunk.text.as_str());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Use
///
/// 1. **Create** it with [`server`](Connection::server) or [`client`](Connection::client), and set
///    [`limits`](Connection::limits), [`rules`](Connection::rules) or
///    [`auto_pong`](Connection::auto_pong).
/// 2. **Receive**: read bytes, and call [`receive`](Connection::receive) until it returns `None`.
///    Write the output, keep the rest of the input, and read again. A struct that owns its buffer
///    calls [`next_span`](Connection::next_span) and [`receive_span`](Connection::receive_span)
///    instead.
/// 3. **Send** with [`send`](Connection::send), [`send_fragment`](Connection::send_fragment),
///    [`ping`](Connection::ping) and [`close`](Connection::close).
///    [`frame_encoder`](Connection::frame_encoder) encodes in other ways, for example for a
///    vectored write.
/// 4. **End**: before each read, once all output is written, check
///    [`transport_action`](Connection::transport_action). Call
///    [`receive_eof`](Connection::receive_eof) when the transport has ended.
///    [`close_code`](Connection::close_code) then returns the code that the connection was closed
///    with.
///
/// This is the loop over any `Read + Write`. After it, end the transport as
/// [`TransportAction::Close`] describes, also after an error.
///
#[cfg_attr(feature = "std", doc = "```")]
#[cfg_attr(not(feature = "std"), doc = "```ignore")]
/// use std::io::{self, Read, Write};
/// use wsframe::{Connection, Event, ReceiveError, TransportAction};
///
/// fn echo(mut io: impl Read + Write) -> io::Result<()> {
///     let (mut connection, mut out) = (Connection::server(), Vec::new());
///     let (mut buf, mut len) = ([0; 4096], 0);
///     while connection.transport_action() == TransportAction::KeepOpen {
///         match io.read(&mut buf[len..])? {
///             0 => connection.receive_eof(),
///             n => len += n,
///         }
///         let mut input = &mut buf[..len];
///         // Text arrives in chunks, which are sent on as fragments.
///         let result = loop {
///             match connection.receive(&mut input, &mut out) {
///                 Ok(Some(Event::Text(chunk))) => {
///                     connection.send_fragment(&chunk.text, chunk.last, &mut out)?;
///                 }
///                 Ok(Some(_)) => {} // Pings and Closes are answered already
///                 Ok(None) => break Ok(()),
///                 Err(ReceiveError::OutputFull) => {
///                     io.write_all(&out)?; // many Pings at once
///                     out.clear();
///                 }
///                 Err(error) => break Err(error),
///             }
///         };
///         let rest = input.len();
///         buf.copy_within(len - rest..len, 0);
///         len = rest;
///         io.write_all(&out)?; // after an error, this is the Close that tells the peer
///         out.clear();
///         result?;
///     }
///     Ok(())
/// }
/// ```
///
/// A long message arrives in several chunks. To receive whole messages, use an `Assembler` (feature
/// `alloc`), or set [`whole_frames_up_to`](Connection::whole_frames_up_to).
///
/// # Memory
///
/// The state takes 64 bytes, plus the source of masking keys `K`. A server's [`NoKeys`] takes none.
#[derive(Clone)]
#[doc(alias = "WebSocket")]
#[doc(alias = "WebSocketContext")]
pub struct Connection<K = NoKeys> {
    pub(crate) messages: MessageDecoder,
    max_pending_replies: u16,
    /// Automatic Pongs since the output was last empty when a frame was appended.
    pending_replies: u16,
    /// The code of the peer's Close frame; 0 before one was received.
    received_code: u16,
    /// The message that is being sent in fragments, if any.
    sending: Option<Sending>,
    flags: Flags,
    keys: K,
}

/// The remaining state of a connection, one bit each.
#[derive(Clone, Copy, Debug)]
struct Flags(u8);

impl Flags {
    /// The endpoint is a client.
    const CLIENT: u8 = 1;
    /// The caller answers Pings.
    const LEAVE_PONG: u8 = 1 << 1;
    /// The caller answers the peer's Close.
    const LEAVE_CLOSE: u8 = 1 << 2;
    /// A Close frame was sent.
    const CLOSE_SENT: u8 = 1 << 3;
    /// The transport has ended.
    const ENDED: u8 = 1 << 4;

    const fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    const fn set(&mut self, flag: u8) {
        self.0 |= flag;
    }

    const fn put(&mut self, flag: u8, value: bool) {
        self.0 = if value { self.0 | flag } else { self.0 & !flag };
    }
}

/// What to do with the transport (TCP, TLS or an HTTP/2 stream) once all output is sent
/// (RFC 6455 §7.1.1).
///
/// ```
/// use std::io::{self, Read};
/// use std::net::{Shutdown, TcpStream};
/// use wsframe::{Connection, TransportAction};
///
/// /// Ends the transport if the connection is over. Call it when all output is sent.
/// fn end_if_over(connection: &Connection, socket: &mut TcpStream) -> io::Result<bool> {
///     if connection.transport_action() != TransportAction::Close {
///         return Ok(false); // a server never gets `AwaitEof`
///     }
///     socket.shutdown(Shutdown::Write)?;
///     while socket.read(&mut [0; 1024])? != 0 {} // discards what the peer still sends
///     Ok(true)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportAction {
    /// Keep it open: either the connection is open, or the peer's Close has not arrived yet. The
    /// caller decides how long to wait for a Close.
    KeepOpen,
    /// Wait until the server ends it. The closing handshake is complete.
    ///
    /// > the underlying TCP connection, in most normal cases, SHOULD be closed first by the server
    ///
    /// The server then holds the port in TIME_WAIT. A client should limit this wait, and then close
    /// the transport itself.
    AwaitEof,
    /// End it now. Shut down the sending side, then read and discard until the peer ends its side.
    /// Otherwise the system may reset the connection, and the peer may lose the last bytes.
    Close,
}

impl Connection {
    /// Creates a server's connection, with strict rules and the default limits.
    ///
    /// ```
    /// use wsframe::{Connection, Role};
    ///
    /// assert_eq!(Connection::server().role(), Role::Server);
    /// ```
    #[must_use]
    pub const fn server() -> Self {
        Self::with_message_decoder(MessageDecoder::new(Role::Server), NoKeys)
    }
}

/// # Constructors
impl<K: MaskingKeys> Connection<K> {
    /// Creates a client's connection, with strict rules and the default limits.
    ///
    /// It takes a fresh masking key from `keys` for every frame (RFC 6455 §5.3).
    ///
    /// ```
    /// use wsframe::{Connection, MaskingKey};
    ///
    /// // Replace this with an unpredictable source: see `MaskingKeys`.
    /// let fresh_key = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    /// let mut connection = Connection::client(fresh_key);
    /// let mut out = Vec::new();
    /// connection.send("Hello", &mut out)?;
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    ///
    /// [`NoKeys`] has no keys, so this does not compile:
    ///
    /// ```compile_fail
    /// use wsframe::{Connection, NoKeys};
    ///
    /// let connection = Connection::client(NoKeys);
    /// ```
    #[must_use]
    pub const fn client(keys: K) -> Self {
        const { keys::check::<K>(true) };
        Self::with_message_decoder(MessageDecoder::new(Role::Client), keys)
    }

    /// Creates a connection with the role, rules and limits of this decoder.
    ///
    /// Use it if the role is known only at run time. Otherwise use [`server`](Connection::server)
    /// or [`client`](Self::client).
    ///
    /// The decoder must not have decoded anything yet. A server passes [`NoKeys`] as its keys.
    ///
    /// # Panics
    ///
    /// Panics if the role is a client's and `keys` is [`NoKeys`].
    ///
    /// ```
    /// use wsframe::{Connection, MaskingKeys, MessageDecoder, Role};
    ///
    /// fn connection<K: MaskingKeys>(role: Role, keys: K) -> Connection<K> {
    ///     Connection::with_message_decoder(MessageDecoder::new(role), keys)
    /// }
    /// # let _ = connection::<wsframe::NoKeys>;
    /// ```
    #[doc(alias = "from_raw_socket")]
    #[must_use]
    pub const fn with_message_decoder(messages: MessageDecoder, keys: K) -> Self {
        let is_client = matches!(messages.role(), Some(Role::Client));
        keys::check::<K>(is_client);
        let flags = if is_client { Flags::CLIENT } else { 0 };
        Self {
            messages,
            max_pending_replies: Limits::DEFAULT.pending_replies,
            pending_replies: 0,
            received_code: 0,
            sending: None,
            flags: Flags(flags),
            keys,
        }
    }
}

/// # Configuration
impl<K> Connection<K> {
    /// Sets the limits on what the peer may send.
    ///
    /// ```
    /// use wsframe::{Connection, Limits};
    ///
    /// let limits = Limits::DEFAULT.max_message_size(1 << 20).max_pending_replies(16);
    /// let connection = Connection::server().limits(limits);
    /// # let _ = connection;
    /// ```
    #[doc(alias = "with_config")]
    #[doc(alias = "set_config")]
    #[doc(alias = "WebSocketConfig")]
    #[doc(alias = "max_message_size")]
    #[doc(alias = "max_frame_size")]
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.messages = self.messages.limits(limits);
        self.max_pending_replies = limits.pending_replies;
        self
    }

    /// Replaces the rules for received headers. The connection keeps its role, whatever the role
    /// of `rules`.
    ///
    /// Pass the rules that the opening handshake negotiated, or relaxed ones.
    ///
    /// ```
    /// use wsframe::{Connection, Role, Rules};
    ///
    /// let rules = Rules::new(Role::Server).accept_unmasked();
    /// let connection = Connection::server().rules(rules);
    /// # let _ = connection;
    /// ```
    #[must_use]
    pub const fn rules(mut self, rules: Rules) -> Self {
        self.messages.set_rules(rules);
        self
    }

    /// Sets the frame length up to which frames are returned only once complete.
    ///
    /// Set it to the size of your buffer to receive every unfragmented message that fits in one
    /// piece. Do not set it higher: a frame that does not fit would never be returned. Same as
    /// [`MessageDecoder::whole_frames_up_to`].
    #[must_use]
    pub const fn whole_frames_up_to(mut self, bytes: u32) -> Self {
        self.messages = self.messages.whole_frames_up_to(bytes);
        self
    }

    /// Sets whether received text is validated. The default is `true`.
    ///
    /// Without validation, text arrives as [`Event::Raw`](crate::Event::Raw). Same as
    /// [`MessageDecoder::validate_text`].
    #[must_use]
    pub const fn validate_text(mut self, validate: bool) -> Self {
        self.messages = self.messages.validate_text(validate);
        self
    }

    /// Sets whether Pings are answered automatically. The default is `true`.
    ///
    /// With `false`, the caller answers each Ping with [`pong`](Self::pong).
    ///
    /// ```
    /// use wsframe::{Connection, Event};
    ///
    /// let mut connection = Connection::server().auto_pong(false);
    /// let mut out = Vec::new();
    /// let mut received = *b"\x89\x82\0\0\0\0hi"; // a Ping
    /// let mut input = &mut received[..];
    /// while let Some(event) = connection.receive(&mut input, &mut out)? {
    ///     if let Event::Ping(data) = event {
    ///         connection.pong(data, &mut out)?;
    ///     }
    /// }
    /// assert_eq!(out, b"\x8A\x02hi");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "set_auto_pong")]
    #[must_use]
    pub const fn auto_pong(mut self, answer: bool) -> Self {
        self.flags.put(Flags::LEAVE_PONG, !answer);
        self
    }

    /// Sets whether the peer's Close is answered automatically. The default is `true`.
    ///
    /// With `false`, the caller answers with [`close`](Self::close), and may send other messages
    /// first. Until then [`transport_action`](Self::transport_action) returns
    /// [`KeepOpen`](TransportAction::KeepOpen).
    ///
    /// ```
    /// use wsframe::{CloseBody, CloseCode, Connection, TransportAction};
    ///
    /// let mut connection = Connection::server().auto_close(false);
    /// let mut out = Vec::new();
    /// let mut received = *b"\x88\x80\0\0\0\0"; // a Close
    /// connection.receive(&mut &mut received[..], &mut out)?;
    /// assert_eq!(connection.transport_action(), TransportAction::KeepOpen);
    ///
    /// connection.send("one more message", &mut out)?;
    /// connection.close(Some(CloseBody { code: CloseCode::NORMAL, reason: "" }), &mut out)?;
    /// assert_eq!(connection.transport_action(), TransportAction::Close);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "set_auto_close")]
    #[must_use]
    pub const fn auto_close(mut self, answer: bool) -> Self {
        self.flags.put(Flags::LEAVE_CLOSE, !answer);
        self
    }
}

/// # Accessors
impl<K> Connection<K> {
    /// Returns the role of this endpoint.
    #[must_use]
    pub const fn role(&self) -> Role {
        if self.flags.has(Flags::CLIENT) { Role::Client } else { Role::Server }
    }

    /// Returns the error that failed the connection, or `None`. The error is sticky.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        self.messages.error()
    }

    /// Returns whether a Close frame was received. No event follows it.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.messages.is_closed()
    }

    /// Returns whether a part of a message was received, and not its end.
    #[must_use]
    pub const fn is_within_message(&self) -> bool {
        self.messages.is_within_message()
    }

    /// Returns how many payload bytes of the open frame have not been decoded yet.
    ///
    /// Same as [`MessageDecoder::remaining`].
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.messages.remaining()
    }

    /// Returns what to do with the transport once all output is sent (RFC 6455 §7.1.1).
    ///
    /// Check it before each read.
    #[doc(alias = "can_read")]
    #[doc(alias = "can_write")]
    #[must_use]
    pub const fn transport_action(&self) -> TransportAction {
        // > the endpoint MUST _Fail the WebSocket Connection_, […] it SHOULD send a Close frame […]
        // > before proceeding to _Close the WebSocket Connection_
        if self.error().is_some() || self.flags.has(Flags::ENDED) {
            return TransportAction::Close;
        }
        if !(self.messages.is_closed() && self.flags.has(Flags::CLOSE_SENT)) {
            return TransportAction::KeepOpen;
        }
        match self.role() {
            Role::Server => TransportAction::Close,
            Role::Client => TransportAction::AwaitEof,
        }
    }

    /// Returns the code that the connection was closed with (RFC 6455 §7.1.5).
    ///
    /// | situation | value |
    /// |---|---|
    /// | the peer sent a Close with a code | that code |
    /// | the peer sent a Close without a code | [`NO_STATUS`](CloseCode::NO_STATUS) |
    /// | the connection failed, or ended without a Close | [`ABNORMAL`](CloseCode::ABNORMAL) |
    /// | none of these yet | `None` |
    ///
    /// ```
    /// use wsframe::{CloseCode, Connection};
    ///
    /// /// Returns whether the peer sent a Close.
    /// fn is_clean(connection: &Connection) -> bool {
    ///     matches!(connection.close_code(), Some(code) if code != CloseCode::ABNORMAL)
    /// }
    /// ```
    #[must_use]
    pub const fn close_code(&self) -> Option<CloseCode> {
        if self.received_code != 0 {
            Some(CloseCode::new(self.received_code))
        } else if self.error().is_some() || self.flags.has(Flags::ENDED) {
            Some(CloseCode::ABNORMAL)
        } else {
            None
        }
    }
}

/// # Ending
impl<K> Connection<K> {
    /// Records that the transport has ended, so no more bytes will arrive.
    ///
    /// After this, [`close_code`](Self::close_code) tells a clean close from an abnormal one, and
    /// [`transport_action`](Self::transport_action) returns [`TransportAction::Close`].
    ///
    /// ```
    /// use wsframe::{CloseCode, Connection, TransportAction};
    ///
    /// let mut connection = Connection::server();
    /// connection.receive_eof(); // a read returned 0 bytes
    /// assert_eq!(connection.transport_action(), TransportAction::Close);
    /// assert_eq!(connection.close_code(), Some(CloseCode::ABNORMAL)); // no Close was received
    /// ```
    #[doc(alias = "eof")]
    pub const fn receive_eof(&mut self) {
        self.flags.set(Flags::ENDED);
    }
}

/// Omits the source of masking keys, because keys must stay unpredictable.
impl<K> fmt::Debug for Connection<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("messages", &self.messages)
            .field("sending", &self.sending)
            .field("transport", &self.transport_action())
            .field("close_code", &self.close_code())
            .finish_non_exhaustive()
    }
}
