//! A connection after its opening handshake (RFC 6455 §5–§7), without I/O: bytes in, events out, bytes to
//! be sent out.
//!
//! [`Connection`] adds to [`MessageDecoder`] what a connection has to say by itself: a Pong for each Ping,
//! the answer to a Close, the code of a failure. It has no socket, no clock and no buffer. In calling
//! order:
//!
//! 1. **Make it**: [`server`](Connection::server), [`client`](Connection::client), or
//!    [`over`](Connection::over) a decoder with limits and rules of its own.
//! 2. **Receive**: read bytes, show them to [`receive`](Connection::receive) until it says `None`, send
//!    what has come into the output, keep what is left of the input, and read on. A struct that owns its
//!    buffer takes [`locate`](Connection::locate) and [`take`](Connection::take).
//! 3. **Send**: [`send`](Connection::send) a message, [`send_fragment`](Connection::send_fragment)s of
//!    one, [`ping`](Connection::ping), [`close`](Connection::close); or take a
//!    [`frame`](Connection::frame) and put it into bytes in another way, such as a vectored write.
//! 4. **End**: when the transport has ended, say so ([`end_of_input`](Connection::end_of_input)).
//!    [`transport`](Connection::transport) says, when all output was sent and before more is read, whether
//!    it is to be ended from this side, and [`close_code`](Connection::close_code) why the connection was closed.
//!
//! ```
//! use wsframe::{Connection, Event, Transport};
//!
//! let mut connection = Connection::server();
//! let mut out = Vec::new();
//!
//! // Read: "Hello" in a masked text frame, then a masked Close with code 1000.
//! let mut buf = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\x00\x00\x00\x00\x03\xe8";
//! let mut input = &mut buf[..];
//! while let Some(event) = connection.receive(&mut input, &mut out)? {
//!     match event {
//!         Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, &mut out)?,
//!         _ => {}
//!     }
//! }
//! // Write: the echo, and the answer to the Close.
//! assert_eq!(out, b"\x81\x05Hello\x88\x02\x03\xe8");
//! assert_eq!(connection.transport(), Transport::Close);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod keys;
mod output;
mod receive;
mod send;

use core::fmt;

use crate::close::CloseCode;
use crate::error::ProtocolError;
use crate::header::Role;
use crate::message::MessageDecoder;

#[cfg(feature = "rand")]
pub use keys::RandomKeys;
#[cfg(all(feature = "rand", feature = "std"))]
pub use keys::ThreadKeys;
pub use keys::{MaskingKeys, Unmasked};
pub use output::{FixedOutput, Output};
pub use send::Data;
use send::Sending;

/// How many replies to Pings a new [`Connection`] lets wait in the output: 66 KiB at most.
pub const DEFAULT_MAX_PENDING_REPLIES: u16 = 512;

/// One end of a connection.
///
/// It never allocates; 64 bytes hold all its state, besides those of `K`, the source of masking keys
/// (none for a server).
#[derive(Clone)]
pub struct Connection<K = Unmasked> {
    pub(crate) messages: MessageDecoder,
    max_pending_replies: u16,
    /// How many Pongs were put into the output since it was last found empty when a frame was put there.
    pending_replies: u16,
    /// From the peer's Close frame; 0 before it has come.
    received_code: u16,
    /// The message that is being sent in fragments.
    sending: Option<Sending>,
    flags: Flags,
    keys: K,
}

/// What else is true of a connection, a bit each.
#[derive(Clone, Copy, Debug)]
struct Flags(u8);

impl Flags {
    /// It is a client's.
    const CLIENT: u8 = 1;
    /// Its caller answers Pings.
    const LEAVE_PONG: u8 = 1 << 1;
    /// Its caller answers the peer's Close.
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
}

/// What is to be done with the transport (TCP, TLS or an HTTP/2 stream), when all output was sent
/// (RFC 6455 §7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Leave it open: the connection is, or the peer's Close is awaited. (For how long, is the caller's
    /// to say.)
    KeepOpen,
    /// Wait for the server to end it. The closing handshake is over, and
    ///
    /// > the underlying TCP connection, in most normal cases, SHOULD be closed first by the server
    ///
    /// so that it is the server that holds the port in TIME_WAIT. A client that has waited long enough
    /// closes it.
    AwaitEnd,
    /// End it now. What the peer still sends is to be read and thrown away until it ends its side:
    /// else its system may reset the connection and throw away what was sent last.
    Close,
}

impl Connection {
    /// A server's end, strict, with the default limits.
    #[must_use]
    pub const fn server() -> Self {
        Self::over(MessageDecoder::new(Role::Server), Unmasked)
    }
}

/// # Making
impl<K: MaskingKeys> Connection<K> {
    /// A client's end, strict, with the default limits. It takes a masking key for every frame.
    ///
    /// [`Unmasked`] has none, so that this does not compile with it.
    ///
    /// ```compile_fail
    /// use wsframe::{Connection, Unmasked};
    ///
    /// let connection = Connection::client(Unmasked);
    /// ```
    #[must_use]
    pub const fn client(keys: K) -> Self {
        const { keys::check::<K>(true) };
        Self::over(MessageDecoder::new(Role::Client), keys)
    }

    /// An end whose messages are decoded by this decoder, which must not have decoded anything yet: with its
    /// role, its rules and its limits. A server's takes [`Unmasked`] for its keys.
    ///
    /// # Panics
    ///
    /// If a client's takes [`Unmasked`].
    ///
    /// ```
    /// use wsframe::{Connection, FrameDecoder, MessageDecoder, Role, Unmasked};
    ///
    /// let frames = FrameDecoder::new(Role::Server).max_payload_len(1 << 20);
    /// let messages = MessageDecoder::over(frames).max_message_len(4 << 20);
    /// let connection = Connection::over(messages, Unmasked);
    /// # let _ = connection;
    /// ```
    #[must_use]
    pub const fn over(messages: MessageDecoder, keys: K) -> Self {
        let is_client = matches!(messages.role(), Some(Role::Client));
        keys::check::<K>(is_client);
        let flags = if is_client { Flags::CLIENT } else { 0 };
        Self {
            messages,
            max_pending_replies: DEFAULT_MAX_PENDING_REPLIES,
            pending_replies: 0,
            received_code: 0,
            sending: None,
            flags: Flags(flags),
            keys,
        }
    }
}

/// # Setting
impl<K> Connection<K> {
    /// Puts at most this many replies to Pings into an output before that has been empty again, and at
    /// least one: [`receive`](Self::receive) then says [`OutputFull`](crate::ReceiveError::OutputFull). So
    /// memory stays bounded with a peer that sends and does not read. A new connection has
    /// [`DEFAULT_MAX_PENDING_REPLIES`].
    ///
    /// What the caller sends does not count: how much of that may wait is its own to say.
    #[must_use]
    pub const fn max_pending_replies(mut self, replies: u16) -> Self {
        self.max_pending_replies = replies;
        self
    }

    /// Leaves it to the caller to answer Pings ([`pong`](Self::pong)).
    #[must_use]
    pub const fn leave_pongs(mut self) -> Self {
        self.flags.set(Flags::LEAVE_PONG);
        self
    }

    /// Leaves it to the caller to answer the peer's Close ([`close`](Self::close)), so that it can first
    /// send what it still has to say.
    #[must_use]
    pub const fn leave_close(mut self) -> Self {
        self.flags.set(Flags::LEAVE_CLOSE);
        self
    }
}

/// # Looking
impl<K> Connection<K> {
    /// The side that this end is of.
    #[must_use]
    pub const fn role(&self) -> Role {
        if self.flags.has(Flags::CLIENT) { Role::Client } else { Role::Server }
    }

    /// What made the connection fail, if it did.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        self.messages.error()
    }

    /// Bytes of payload that the open frame has still to come, as
    /// [`FrameDecoder::remaining`](crate::FrameDecoder::remaining).
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.messages.remaining()
    }

    /// What is to be done with the transport, when all output was sent.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        // > the endpoint MUST _Fail the WebSocket Connection_, […] it SHOULD send a Close frame […] before
        // > proceeding to _Close the WebSocket Connection_
        if self.error().is_some() || self.flags.has(Flags::ENDED) {
            return Transport::Close;
        }
        if !(self.messages.is_closed() && self.flags.has(Flags::CLOSE_SENT)) {
            return Transport::KeepOpen;
        }
        match self.role() {
            Role::Server => Transport::Close,
            Role::Client => Transport::AwaitEnd,
        }
    }

    /// The code that the connection was closed with (RFC 6455 §7.1.5), as an application is told: the
    /// one of the peer's Close frame; [`NO_STATUS`](CloseCode::NO_STATUS) if that had none; and
    /// [`ABNORMAL`](CloseCode::ABNORMAL) if the connection failed, or ended without one. `None` while
    /// none of that has happened.
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
    /// Says that the transport has ended: nothing more can be received.
    ///
    /// Whether that was to be expected, [`close_code`](Self::close_code) tells.
    pub const fn end_of_input(&mut self) {
        self.flags.set(Flags::ENDED);
    }
}

/// Without its source of keys, which is nobody's to know.
impl<K> fmt::Debug for Connection<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("messages", &self.messages)
            .field("sending", &self.sending)
            .field("transport", &self.transport())
            .field("close_code", &self.close_code())
            .finish_non_exhaustive()
    }
}
