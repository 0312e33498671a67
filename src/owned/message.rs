//! Whole messages with their payloads.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::Utf8Bytes;
use crate::close::{CloseBody, CloseCode};
use crate::connection::{Connection, MaskingKeys, Output};
use crate::error::EncodeError;
use crate::header::{Opcode, Rsv};

/// A whole message, or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A message whose payload this layer cannot read, as [`Event::Raw`](crate::Event::Raw): one that is
    /// an extension's, or text that was not validated.
    Raw {
        /// [`Text`](Opcode::Text) or [`Binary`](Opcode::Binary): what the message is.
        opcode: Opcode,
        /// The RSV bits of the message's first frame.
        rsv: Rsv,
        /// The payload, unmasked.
        payload: Bytes,
    },
    /// A Ping and its application data, at most 125 bytes.
    Ping(Bytes),
    /// A Pong and its application data, at most 125 bytes.
    Pong(Bytes),
    /// A Close frame; `None` if its body is empty. No message follows it.
    Close(Option<CloseFrame>),
}

impl Message {
    /// A text message.
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

    /// A binary message.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// A Close frame with a code and a reason of at most [`CloseBody::MAX_REASON_LEN`] bytes.
    ///
    /// ```
    /// use wsframe::{CloseCode, Message};
    ///
    /// let bye = Message::close(CloseCode::NORMAL, "bye");
    /// # let _ = bye;
    /// ```
    pub fn close(code: CloseCode, reason: impl Into<Utf8Bytes>) -> Self {
        Self::Close(Some(CloseFrame { code, reason: reason.into() }))
    }

    /// Whether it is a text message, validated.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether it is a binary message.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// Whether it is a Close frame.
    #[must_use]
    pub const fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// The payload; `None` of a Close frame, which has a [`CloseFrame`] instead.
    ///
    /// ```
    /// use wsframe::Message;
    ///
    /// assert_eq!(Message::text("Hello").payload().unwrap(), "Hello");
    /// assert_eq!(Message::Close(None).payload(), None);
    /// ```
    #[must_use]
    pub const fn payload(&self) -> Option<&Bytes> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => Some(bytes),
            Self::Raw { payload, .. } => Some(payload),
            Self::Close(_) => None,
        }
    }

    /// The payload, without a copy; `None` of a Close frame.
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

/// What a Close frame says, as [`CloseBody`], with a reason of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why.
    pub code: CloseCode,
    /// Why, in words that need not be for people to read.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// The same, lent.
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

/// The reason is copied.
impl From<CloseBody<'_>> for CloseFrame {
    fn from(body: CloseBody<'_>) -> Self {
        Self { code: body.code, reason: body.reason.to_owned().into() }
    }
}

/// # Sending messages that own their payloads
impl<K: MaskingKeys> Connection<K> {
    /// Sends a message in one frame, or a control frame. The payload is copied to the output; to send it
    /// without a copy, take a [`frame`](Self::frame) and [`chain`](crate::FrameEncoder::chain) it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and for a Close as [`close`](Self::close). A [`Message::Raw`] must be one
    /// that this end could receive. It fails with
    ///
    /// - [`NotAMessage`](EncodeError::NotAMessage) if its opcode is neither text nor binary,
    /// - [`UnexpectedRsv`](EncodeError::UnexpectedRsv) for RSV bits that the connection's
    ///   [`Rules`](crate::Rules) do not claim,
    /// - [`InvalidUtf8`](EncodeError::InvalidUtf8) for text without RSV bits that is not UTF-8, unless text
    ///   is not validated here ([`MessageDecoder::validate_text`](crate::MessageDecoder::validate_text)).
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
