//! Messages that own their payload.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Bytes, BytesMut};

use super::Utf8Bytes;
use crate::close::{CloseBody, CloseCode};
use crate::connection::{Connection, MaskingKeys, Output};
use crate::error::{EncodeError, Utf8Error};
use crate::opcode::Opcode;
use crate::rsv::Rsv;
use crate::utf8;

/// A whole message or a control frame, which owns its payload.
///
/// Cloning it does not copy the payload.
///
/// ```
/// use wsframe::Message;
///
/// fn describe(message: &Message) -> String {
///     match message {
///         Message::Text(text) => format!("text: {text}"), // derefs to `str`
///         Message::Binary(bytes) => format!("binary: {} bytes", bytes.len()),
///         Message::Raw { payload, .. } => format!("for an extension: {} bytes", payload.len()),
///         Message::Ping(data) => format!("Ping: {data:?}"),
///         Message::Pong(data) => format!("Pong: {data:?}"),
///         Message::Close(Some(frame)) => format!("Close: {} {}", frame.code, frame.reason),
///         Message::Close(None) => "Close".to_owned(),
///     }
/// }
///
/// assert_eq!(describe(&Message::text("Hello")), "text: Hello");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A message that this layer does not interpret, as in [`Event::Raw`](crate::Event::Raw): its
    /// payload belongs to an extension, or it is text that was not validated.
    Raw {
        /// The kind of message: [`Text`](Opcode::Text) or [`Binary`](Opcode::Binary).
        opcode: Opcode,
        /// The RSV bits of the message's first frame.
        rsv: Rsv,
        /// The payload, unmasked.
        payload: Bytes,
    },
    /// A Ping and its payload of at most 125 bytes.
    Ping(Bytes),
    /// A Pong and its payload of at most 125 bytes.
    Pong(Bytes),
    /// A Close frame. It contains `None` if its payload is empty. No message follows it.
    Close(Option<CloseFrame>),
}

/// # Constructors
///
/// A message is also created by `From`: text from `&str`, `&String`, `String`, `Cow<str>` and
/// [`Utf8Bytes`], binary from `&[u8]`, `Vec<u8>`, `Bytes` and `BytesMut`. References are copied.
impl Message {
    /// Creates a text message.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// let message = Message::text(format!("{} messages", 3));
    /// assert_eq!(message, Message::text("3 messages"));
    /// ```
    ///
    /// A `&str` is copied, a `String` is not. To send static text without a copy, pass
    /// [`Utf8Bytes::from_static`].
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a binary message.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// let message = Message::binary(vec![1, 2, 3]);
    /// assert!(message.is_binary());
    /// ```
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// Creates a Ping. Its payload may have at most 125 bytes, which is checked when it is sent.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// assert!(Message::ping("are you there?").is_ping());
    /// ```
    pub fn ping(payload: impl Into<Bytes>) -> Self {
        Self::Ping(payload.into())
    }

    /// Creates a Pong. Its payload may have at most 125 bytes, which is checked when it is sent.
    ///
    /// Pings are answered automatically. A Pong without a Ping is a heartbeat, to which no reply is
    /// expected (RFC 6455 §5.5.3).
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// assert!(Message::pong("").is_pong());
    /// ```
    pub fn pong(payload: impl Into<Bytes>) -> Self {
        Self::Pong(payload.into())
    }

    /// Creates a Close frame with a code and a reason.
    ///
    /// The reason may have at most [`CloseBody::MAX_REASON_LEN`] bytes. This is checked when the
    /// message is sent.
    ///
    /// ```
    /// use wsframe::{CloseCode, Message};
    ///
    /// let bye = Message::close(CloseCode::NORMAL, "bye");
    /// assert!(bye.is_close());
    /// ```
    pub fn close(code: CloseCode, reason: impl Into<Utf8Bytes>) -> Self {
        Self::Close(Some(CloseFrame { code, reason: reason.into() }))
    }
}

/// # Accessors
///
/// ```
/// use wsframe::Message;
///
/// let message = Message::from("Hello");
/// assert!(message.is_text() && message.is_data());
/// assert_eq!(message.to_text()?, "Hello");
/// assert_eq!(message.len(), 5);
/// assert_eq!(message.to_string(), "Hello");
/// assert_eq!(&message.into_data()[..], b"Hello");
///
/// assert!(Message::from(vec![0xFF]).into_text().is_err());
/// assert_eq!(Message::from(vec![0xFF]).to_string(), "binary message of 1 byte");
/// # Ok::<(), wsframe::Utf8Error>(())
/// ```
impl Message {
    /// Returns whether this is a validated text message.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Returns whether this is a binary message.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// Returns whether this is a Close frame.
    #[must_use]
    pub const fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// Returns whether this is a Ping. It is answered automatically.
    #[must_use]
    pub const fn is_ping(&self) -> bool {
        matches!(self, Self::Ping(_))
    }

    /// Returns whether this is a Pong.
    #[must_use]
    pub const fn is_pong(&self) -> bool {
        matches!(self, Self::Pong(_))
    }

    /// Returns whether this is a message: text, binary or [`Raw`](Self::Raw).
    #[must_use]
    pub const fn is_data(&self) -> bool {
        !self.is_control()
    }

    /// Returns whether this is a control frame: Ping, Pong or Close.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        matches!(self, Self::Ping(_) | Self::Pong(_) | Self::Close(_))
    }

    /// Returns the number of bytes of the payload, or of the reason of a Close.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.data() {
            Some(data) => data.len(),
            None => 0,
        }
    }

    /// Returns whether [`len`](Self::len) is 0.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the payload, or the reason of a Close if it has a body.
    const fn data(&self) -> Option<&Bytes> {
        match self {
            Self::Close(Some(frame)) => Some(frame.reason.as_bytes()),
            _ => self.payload(),
        }
    }

    /// Returns the payload as text, or the reason of a Close.
    ///
    /// A text message is returned as it is. The payload of any other kind is validated.
    ///
    /// # Errors
    ///
    /// Returns the position of the first byte that is not UTF-8.
    pub fn to_text(&self) -> Result<&str, Utf8Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Close(frame) => Ok(frame.as_ref().map_or("", |frame| &frame.reason)),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => utf8::from_utf8(data),
            Self::Raw { payload, .. } => utf8::from_utf8(payload),
        }
    }

    /// Returns the payload as text, or the reason of a Close, without copying it.
    ///
    /// A text message is returned as it is. The payload of any other kind is validated.
    ///
    /// # Errors
    ///
    /// Returns the position of the first byte that is not UTF-8.
    pub fn into_text(self) -> Result<Utf8Bytes, Utf8Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Close(frame) => Ok(frame.map(|frame| frame.reason).unwrap_or_default()),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => data.try_into(),
            Self::Raw { payload, .. } => payload.try_into(),
        }
    }

    /// Returns the payload, or the reason of a Close, without copying it.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use wsframe::Message;
    ///
    /// let payload: Bytes = Message::text("Hello").into_data();
    /// assert_eq!(payload, "Hello");
    /// ```
    #[doc(alias = "into_payload")]
    #[doc(alias = "into_bytes")]
    #[must_use]
    pub fn into_data(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Raw { payload, .. } => payload,
            Self::Close(frame) => frame.map(|frame| frame.reason.into()).unwrap_or_default(),
        }
    }

    /// Returns the payload, or `None` for a Close frame, which contains a [`CloseFrame`] instead.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// let message = Message::text("Hello");
    /// assert_eq!(message.payload().map(|payload| &payload[..]), Some(&b"Hello"[..]));
    /// assert_eq!(Message::Close(None).payload(), None);
    /// ```
    #[doc(alias = "as_bytes")]
    #[must_use]
    pub const fn payload(&self) -> Option<&Bytes> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => Some(bytes),
            Self::Raw { payload, .. } => Some(payload),
            Self::Close(_) => None,
        }
    }

    /// Copies the payload to memory of its own.
    ///
    /// The payload of a message that was received in one frame shares the memory of the buffer that
    /// it was read into. It keeps all of that memory alive: up to 256 KiB for a few bytes. Detach
    /// short messages that are kept for long. Messages in several frames and decompressed messages
    /// have memory of their own already.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// let received = Message::text("Hello");
    /// let kept = received.detach();
    /// assert_eq!(kept, Message::text("Hello"));
    /// ```
    #[must_use]
    pub fn detach(self) -> Self {
        let copy = |payload: Bytes| Bytes::copy_from_slice(&payload);
        match self {
            Self::Text(text) => Self::text(String::from(text)),
            Self::Binary(payload) => Self::Binary(copy(payload)),
            Self::Raw { opcode, rsv, payload } => Self::Raw { opcode, rsv, payload: copy(payload) },
            Self::Ping(payload) => Self::Ping(copy(payload)),
            Self::Pong(payload) => Self::Pong(copy(payload)),
            // The reason of a received Close was copied already.
            Self::Close(frame) => Self::Close(frame),
        }
    }
}

/// Writes the text of a text message, the code and reason of a Close, and the kind and length of
/// all others.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Text(text) => return f.write_str(text),
            Self::Close(None) => return f.write_str("Close"),
            Self::Close(Some(CloseFrame { code, reason })) => {
                write!(f, "Close {code}")?;
                return if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") };
            }
            Self::Binary(_) => "binary message",
            Self::Raw { .. } => "raw message",
            Self::Ping(_) => "Ping",
            Self::Pong(_) => "Pong",
        };
        let len = self.len();
        write!(f, "{kind} of {len} {}", if len == 1 { "byte" } else { "bytes" })
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// Copies the text.
impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// Copies the text.
impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::text(text)
    }
}

/// Copies the text if it is borrowed.
impl From<Cow<'_, str>> for Message {
    fn from(text: Cow<'_, str>) -> Self {
        Self::text(text)
    }
}

/// Copies the bytes.
impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<BytesMut> for Message {
    fn from(bytes: BytesMut) -> Self {
        Self::binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

/// The payload of a Close frame. Same as [`CloseBody`], but it owns the reason.
///
/// ```
/// use wsframe::{CloseCode, CloseFrame, Message};
///
/// fn print(message: Message) {
///     if let Message::Close(Some(CloseFrame { code, reason })) = message {
///         println!("closed: {code} {reason}");
///     }
/// }
///
/// print(Message::close(CloseCode::NORMAL, "bye"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The close code.
    pub code: CloseCode,
    /// The close reason, which need not be human-readable. May be empty.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// Borrows this as a [`CloseBody`].
    ///
    /// ```
    /// use wsframe::{CloseBody, CloseCode, CloseFrame};
    ///
    /// let body = CloseBody { code: CloseCode::GOING_AWAY, reason: "bye" };
    /// assert_eq!(CloseFrame::from(body).body(), body);
    /// ```
    #[must_use]
    pub fn body(&self) -> CloseBody<'_> {
        CloseBody { code: self.code, reason: &self.reason }
    }
}

/// Copies the reason.
impl From<CloseBody<'_>> for CloseFrame {
    fn from(body: CloseBody<'_>) -> Self {
        Self { code: body.code, reason: body.reason.to_owned().into() }
    }
}

/// # Sending owned messages
impl<K: MaskingKeys> Connection<K> {
    /// Sends a message in one frame, or a control frame.
    ///
    /// The payload is copied to the output. To send it without a copy, use
    /// [`frame_encoder`](Self::frame_encoder) and
    /// [`FrameEncoder::encode_chain`](crate::FrameEncoder::encode_chain).
    ///
    /// # Errors
    ///
    /// Nothing is sent after an error.
    ///
    /// - Every message: the errors of [`send`](Self::send), such as
    ///   [`FrameAfterClose`](EncodeError::FrameAfterClose) and [`NoRoom`](EncodeError::NoRoom).
    /// - Ping, Pong and Close: [`ControlTooLong`](EncodeError::ControlTooLong) for more than 125
    ///   bytes.
    /// - Close: the errors of [`CloseBody::encode`].
    /// - [`Message::Raw`]: [`NotAMessage`](EncodeError::NotAMessage) if its opcode is neither text
    ///   nor binary.
    /// - [`Message::Raw`]: [`UnexpectedRsv`](EncodeError::UnexpectedRsv) for RSV bits that the
    ///   connection's [`Rules`](crate::Rules) do not allow.
    /// - [`Message::Raw`]: [`InvalidUtf8`](EncodeError::InvalidUtf8) for text without RSV bits that
    ///   is not UTF-8, unless [`validate_text`](crate::MessageDecoder::validate_text) is `false`.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{Connection, Message};
    ///
    /// let mut out = BytesMut::new();
    /// Connection::server().send_message(&Message::text("Hello"), &mut out)?;
    /// assert_eq!(&out[..], b"\x81\x05Hello");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[doc(alias = "write_message")]
    pub fn send_message(
        &mut self,
        message: &Message,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        match message {
            Message::Text(text) => self.send(text.as_str(), out),
            Message::Binary(bytes) => self.send(&bytes[..], out),
            Message::Raw { opcode, rsv, payload } => self.send_raw(*opcode, *rsv, payload, out),
            Message::Ping(data) => self.ping(data, out),
            Message::Pong(data) => self.pong(data, out),
            Message::Close(frame) => self.close(frame.as_ref().map(CloseFrame::body), out),
        }
    }
}
