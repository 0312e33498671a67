//! Messages that own their payload.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::Utf8Bytes;
use crate::close::{CloseBody, CloseCode};
use crate::connection::{Connection, MaskingKeys, Output};
use crate::error::EncodeError;
use crate::opcode::Opcode;
use crate::rsv::Rsv;

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
    #[doc(alias = "into_text")]
    #[doc(alias = "to_text")]
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
    #[doc(alias = "is_ping")]
    Ping(Bytes),
    /// A Pong and its payload of at most 125 bytes.
    #[doc(alias = "is_pong")]
    Pong(Bytes),
    /// A Close frame. It contains `None` if its payload is empty. No message follows it.
    Close(Option<CloseFrame>),
}

impl Message {
    /// Creates a text message.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// let message = Message::text(format!("{} messages", 3));
    /// assert_eq!(message, Message::text("3 messages"));
    /// ```
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

    /// Returns the payload, or `None` for a Close frame, which contains a [`CloseFrame`] instead.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// let message = Message::text("Hello");
    /// assert_eq!(message.payload().map(|payload| &payload[..]), Some(&b"Hello"[..]));
    /// assert_eq!(Message::Close(None).payload(), None);
    /// ```
    #[doc(alias = "len")]
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
    /// The payload of a received message may share the memory of the buffer that it was read into, and keeps
    /// all of that memory while it lives: up to 256 KiB for a few bytes. A message in one frame always does so;
    /// messages in several frames and decompressed ones have memory of their own. Detach short messages that
    /// are kept for long.
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

    /// Returns the payload without copying it, or `None` for a Close frame.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use wsframe::Message;
    ///
    /// let payload: Option<Bytes> = Message::text("Hello").into_payload();
    /// assert_eq!(payload, Some(Bytes::from("Hello")));
    /// ```
    #[doc(alias = "into_data")]
    #[doc(alias = "into_bytes")]
    #[must_use]
    pub fn into_payload(self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => Some(bytes),
            Self::Raw { payload, .. } => Some(payload),
            Self::Close(_) => None,
        }
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

impl From<&'static str> for Message {
    fn from(text: &'static str) -> Self {
        Self::text(text)
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
    /// The payload is copied to the output. To send it without a copy, use [`frame_encoder`](Self::frame_encoder)
    /// and [`FrameEncoder::encode_chain`](crate::FrameEncoder::encode_chain).
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
    ///   connection's [`Rules`](crate::Rules) do not claim.
    /// - [`Message::Raw`]: [`InvalidUtf8`](EncodeError::InvalidUtf8) for text without RSV bits that
    ///   is not UTF-8, unless [`validate_text`](crate::MessageDecoder::validate_text) is off.
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
