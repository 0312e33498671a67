//! Sending: messages, fragments, control frames, and frames that the caller encodes.

#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};

#[cfg(feature = "bytes")]
use bytes::{Bytes, BytesMut};

use super::{Connection, Flags, MaskingKeys, Output};
use crate::close::CloseBody;
use crate::error::{EncodeError, Utf8Error};
use crate::frame::FrameEncoder;
use crate::header::Role;
use crate::opcode::Opcode;
use crate::rsv::Rsv;
#[cfg(feature = "bytes")]
use crate::utf8;
use crate::utf8::{OpenChar, PartialStr};

/// The payload of a message or of a fragment, as text or binary.
///
/// References to the usual types of strings and bytes convert to it, so a call needs only the
/// payload:
///
#[cfg_attr(feature = "alloc", doc = "```")]
#[cfg_attr(not(feature = "alloc"), doc = "```ignore")]
/// use wsframe::Connection;
///
/// let mut connection = Connection::server();
/// let mut out = Vec::new();
/// let name = String::from("Ada");
/// connection.send("Hello", &mut out)?;
/// connection.send(&name, &mut out)?;
/// connection.send(&vec![1, 2, 3], &mut out)?;
/// assert_eq!(out, b"\x81\x05Hello\x81\x03Ada\x82\x03\x01\x02\x03");
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum MessageData<'d> {
    /// Text.
    Text(&'d str),
    /// Text as it was received: a chunk that may begin or end inside a character.
    PartialText(&'d PartialStr<'d>),
    /// Any bytes.
    Binary(&'d [u8]),
}

impl<'d> MessageData<'d> {
    #[inline(always)]
    pub(crate) const fn opcode(self) -> Opcode {
        match self {
            Self::Text(_) | Self::PartialText(_) => Opcode::Text,
            Self::Binary(_) => Opcode::Binary,
        }
    }

    #[inline(always)]
    pub(crate) const fn bytes(self) -> &'d [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::PartialText(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl MessageData<'_> {
    /// Checks that this continues a text whose last character is open as in `before`. If it ends
    /// the message, also checks that it ends at a character boundary. Returns the character that it
    /// leaves open.
    #[inline(always)]
    pub(crate) fn check(self, before: OpenChar, ends: bool) -> Result<OpenChar, Utf8Error> {
        let (begins_in, after) = match self {
            Self::PartialText(text) => text.ends(),
            Self::Text(_) | Self::Binary(_) => (OpenChar::No, OpenChar::No),
        };
        if begins_in != before && before != OpenChar::Unseen {
            return Err(Utf8Error { offset: 0, open: 0, incomplete: false });
        }
        match self {
            Self::PartialText(text) if ends && after != OpenChar::No => Err(text.unfinished()),
            _ => Ok(after),
        }
    }
}

/// A message that is being sent in fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// Text, and the character that its last fragment left open.
    Text(OpenChar),
    Binary,
}

impl<'d> From<&'d str> for MessageData<'d> {
    fn from(text: &'d str) -> Self {
        Self::Text(text)
    }
}

impl<'d> From<&'d PartialStr<'d>> for MessageData<'d> {
    fn from(text: &'d PartialStr<'d>) -> Self {
        Self::PartialText(text)
    }
}

impl<'d> From<&'d [u8]> for MessageData<'d> {
    fn from(bytes: &'d [u8]) -> Self {
        Self::Binary(bytes)
    }
}

impl<'d> From<&'d mut [u8]> for MessageData<'d> {
    fn from(bytes: &'d mut [u8]) -> Self {
        Self::Binary(bytes)
    }
}

impl<'d, const N: usize> From<&'d [u8; N]> for MessageData<'d> {
    fn from(bytes: &'d [u8; N]) -> Self {
        Self::Binary(bytes)
    }
}

/// Implements the conversion from references to owned payloads. A generic parameter does not
/// dereference them.
#[cfg(feature = "alloc")]
macro_rules! impl_from_owned {
    ($($kind:ident: $($owned:ty),+;)+) => {$($(
        impl<'d> From<&'d $owned> for MessageData<'d> {
            fn from(payload: &'d $owned) -> Self {
                Self::$kind(payload)
            }
        }
    )+)+};
}

#[cfg(feature = "alloc")]
impl_from_owned! {
    Text: String, Box<str>, Cow<'_, str>;
    Binary: Vec<u8>, Box<[u8]>, Cow<'_, [u8]>;
}

#[cfg(feature = "bytes")]
impl_from_owned! {
    Binary: Bytes, BytesMut;
}

/// # Sending
///
/// Each method appends one frame to the output, masked with a fresh key if the role is client. On
/// an error nothing is appended.
impl<K: MaskingKeys> Connection<K> {
    /// Sends a message in one frame.
    ///
    /// # Errors
    ///
    /// - [`FrameAfterClose`](EncodeError::FrameAfterClose) if a Close was sent or the connection
    ///   failed
    /// - [`ExpectedContinuation`](EncodeError::ExpectedContinuation) while another message is being
    ///   sent in fragments
    /// - [`InvalidUtf8`](EncodeError::InvalidUtf8) for a [`PartialStr`] that begins or ends inside
    ///   a character
    /// - [`NoRoom`](EncodeError::NoRoom) if the output lacks the capacity
    ///
    /// ```
    /// use wsframe::Connection;
    ///
    /// let mut connection = Connection::server();
    /// let mut out = Vec::new();
    /// connection.send("Hello", &mut out)?; // text
    /// connection.send(b"\xFF\x00", &mut out)?; // binary
    /// assert_eq!(out, b"\x81\x05Hello\x82\x02\xFF\x00");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[inline]
    pub fn send<'d>(
        &mut self,
        message: impl Into<MessageData<'d>>,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let data = message.into();
        data.check(OpenChar::No, true)?;
        self.append(data.opcode(), true, Rsv::NONE, data.bytes(), out)
    }

    /// Sends the next fragment of a message (RFC 6455 §5.4). With `fin` it is the last one.
    ///
    /// Control frames may be sent between fragments.
    ///
    /// # Errors
    ///
    /// - [`FrameAfterClose`](EncodeError::FrameAfterClose) if a Close was sent or the connection
    ///   failed
    /// - [`ExpectedContinuation`](EncodeError::ExpectedContinuation) for binary data within a text
    ///   message, or text within a binary one
    /// - [`InvalidUtf8`](EncodeError::InvalidUtf8) for a [`PartialStr`] that does not continue the
    ///   character that the fragment before it left open, or that ends the message inside one
    /// - [`NoRoom`](EncodeError::NoRoom) if the output lacks the capacity
    ///
    /// ```
    /// use wsframe::Connection;
    ///
    /// let mut connection = Connection::server();
    /// let mut out = Vec::new();
    /// connection.send_fragment("Hel", false, &mut out)?;
    /// connection.ping(b"", &mut out)?;
    /// connection.send_fragment("lo", true, &mut out)?;
    /// assert_eq!(out, b"\x01\x03Hel\x89\x00\x80\x02lo");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[inline]
    pub fn send_fragment<'d>(
        &mut self,
        fragment: impl Into<MessageData<'d>>,
        fin: bool,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        let data = fragment.into();
        let (opcode, after) = self.check_fragment(data, fin)?;
        self.append(opcode, fin, Rsv::NONE, data.bytes(), out)?;
        self.text_sent_to(after);
        Ok(())
    }

    /// Sends a Ping with up to 125 bytes, which the peer's Pong returns (RFC 6455 §5.5.2).
    ///
    /// # Errors
    ///
    /// - [`FrameAfterClose`](EncodeError::FrameAfterClose) if a Close was sent or the connection
    ///   failed
    /// - [`ControlTooLong`](EncodeError::ControlTooLong) for more than 125 bytes
    /// - [`NoRoom`](EncodeError::NoRoom) if the output lacks the capacity
    ///
    /// ```
    /// use wsframe::Connection;
    ///
    /// let (mut connection, mut out) = (Connection::server(), Vec::new());
    /// connection.ping(b"1", &mut out)?;
    /// assert_eq!(out, b"\x89\x011");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn ping(&mut self, data: &[u8], out: &mut impl Output) -> Result<(), EncodeError> {
        self.append(Opcode::Ping, true, Rsv::NONE, data, out)
    }

    /// Sends a Pong with up to 125 bytes (RFC 6455 §5.5.3).
    ///
    /// It replies to a Ping if [`auto_pong`](Self::auto_pong) disabled automatic Pongs, or is a
    /// heartbeat.
    ///
    /// # Errors
    ///
    /// Same as [`ping`](Self::ping): [`FrameAfterClose`](EncodeError::FrameAfterClose),
    /// [`ControlTooLong`](EncodeError::ControlTooLong) and [`NoRoom`](EncodeError::NoRoom).
    ///
    /// ```
    /// use wsframe::Connection;
    ///
    /// let (mut connection, mut out) = (Connection::server().auto_pong(false), Vec::new());
    /// connection.pong(b"1", &mut out)?;
    /// assert_eq!(out, b"\x8A\x011");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn pong(&mut self, data: &[u8], out: &mut impl Output) -> Result<(), EncodeError> {
        self.append(Opcode::Pong, true, Rsv::NONE, data, out)
    }

    /// Sends a Close with a code and a reason, or with neither (RFC 6455 §5.5.1). It is the last
    /// frame.
    ///
    /// Messages may still be received until the peer's Close arrives.
    ///
    /// # Errors
    ///
    /// - [`FrameAfterClose`](EncodeError::FrameAfterClose) if a Close was sent already
    /// - those of [`CloseBody::encode`]: a code that must not be sent, or a reason of more than 123
    ///   bytes
    /// - [`NoRoom`](EncodeError::NoRoom) if the output lacks the capacity
    ///
    /// ```
    /// use wsframe::{CloseBody, CloseCode, Connection};
    ///
    /// let (mut connection, mut out) = (Connection::server(), Vec::new());
    /// let body = CloseBody { code: CloseCode::NORMAL, reason: "bye" };
    /// connection.close(Some(body), &mut out)?;
    /// assert_eq!(out, b"\x88\x05\x03\xE8bye");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn close(
        &mut self,
        body: Option<CloseBody<'_>>,
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        match body {
            Some(body) => self.append(Opcode::Close, true, Rsv::NONE, &body.encode()?, out),
            None => self.append(Opcode::Close, true, Rsv::NONE, &[], out),
        }
    }

    /// Returns an encoder for the next frame, for callers that encode it themselves: for a vectored
    /// write, in place after headroom, or with RSV bits.
    ///
    /// The connection treats this frame as sent, so you must send it. `opcode` is the opcode of the
    /// frame: `Continuation` for every fragment but the first.
    ///
    /// The connection does not see the payload. The caller must ensure that text is UTF-8, that a
    /// Close has the payload of a [`CloseBody`], and that RSV bits are those of a negotiated
    /// extension.
    ///
    /// # Errors
    ///
    /// Same as [`check_send`](Self::check_send): [`FrameAfterClose`](EncodeError::FrameAfterClose),
    /// [`ExpectedContinuation`](EncodeError::ExpectedContinuation) and
    /// [`UnexpectedContinuation`](EncodeError::UnexpectedContinuation).
    ///
    /// ```
    /// use wsframe::{Connection, MaskingKey, Opcode};
    ///
    /// # let fresh_key = || MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]);
    /// let mut connection = Connection::client(fresh_key);
    /// let mut payload = *b"Hello"; // imagine it large
    /// let frame = connection.frame_encoder(Opcode::Text, true)?;
    /// let header = frame.header(payload.len() as u64)?;
    /// frame.mask().apply(&mut payload); // a server's changes nothing
    /// let segments = [&*header, &payload]; // for a vectored write
    /// # assert_eq!(segments.concat(), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[inline]
    pub fn frame_encoder(
        &mut self,
        opcode: Opcode,
        fin: bool,
    ) -> Result<FrameEncoder, EncodeError> {
        self.check_send(opcode)?;
        let frame = self.encoder(opcode, fin);
        self.sent(opcode, fin);
        Ok(frame)
    }

    /// Checks whether a frame with this opcode may be sent now.
    ///
    /// Call this before sending a frame that was encoded elsewhere, for example once for many
    /// receivers with [`FrameEncoder::encode_to_arc`](crate::FrameEncoder#method.encode_to_arc).
    ///
    /// # Errors
    ///
    /// - [`FrameAfterClose`](EncodeError::FrameAfterClose) if a Close was sent or the connection
    ///   failed
    /// - [`ExpectedContinuation`](EncodeError::ExpectedContinuation) for `Text` or `Binary` while a
    ///   message is being sent in fragments
    /// - [`UnexpectedContinuation`](EncodeError::UnexpectedContinuation) for `Continuation` while
    ///   none is
    ///
    /// ```
    /// use wsframe::{Connection, FrameEncoder, Opcode};
    ///
    /// let news = FrameEncoder::new(Opcode::Text).encode_to_arc(b"Hello")?;
    /// let mut receivers = vec![(Connection::server(), Vec::new()); 3];
    /// for (connection, queue) in &mut receivers {
    ///     if connection.check_send(Opcode::Text).is_ok() {
    ///         queue.push(news.clone()); // counts a reference
    ///     }
    /// }
    /// # assert!(receivers.iter().all(|(_, queue)| *queue[0] == *b"\x81\x05Hello"));
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[inline]
    pub fn check_send(&self, opcode: Opcode) -> Result<(), EncodeError> {
        // > The application MUST NOT send any more data frames after sending a Close frame.
        let failed = self.error().is_some() && opcode != Opcode::Close;
        if self.flags.has(Flags::CLOSE_SENT) || failed {
            return Err(EncodeError::FrameAfterClose);
        }
        match (self.sending, opcode) {
            (Some(_), Opcode::Text | Opcode::Binary) => {
                Err(EncodeError::ExpectedContinuation(opcode))
            }
            (None, Opcode::Continuation) => Err(EncodeError::UnexpectedContinuation),
            _ => Ok(()),
        }
    }

    /// Returns the opcode of the next fragment, and the character that it leaves open.
    #[inline]
    pub(crate) fn check_fragment(
        &self,
        fragment: MessageData<'_>,
        fin: bool,
    ) -> Result<(Opcode, OpenChar), EncodeError> {
        let (opcode, before) = match (self.sending, fragment.opcode()) {
            (Some(Sending::Text(open)), Opcode::Text) => (Opcode::Continuation, open),
            (Some(Sending::Binary), Opcode::Binary) => (Opcode::Continuation, OpenChar::No),
            (_, opcode) => (opcode, OpenChar::No),
        };
        Ok((opcode, fragment.check(before, fin)?))
    }

    /// Stores the character that the fragment just sent left open, if a text message continues.
    #[inline]
    pub(crate) fn text_sent_to(&mut self, after: OpenChar) {
        if let Some(Sending::Text(open)) = &mut self.sending {
            *open = after;
        }
    }

    /// Sends a message with RSV bits, or one that is not validated.
    #[cfg(feature = "bytes")]
    pub(crate) fn send_raw(
        &mut self,
        opcode: Opcode,
        rsv: Rsv,
        payload: &[u8],
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        self.check_send(opcode)?;
        if !opcode.begins_message() {
            return Err(EncodeError::NotAMessage(opcode));
        }
        if let Some((rules, validates_text)) = self.messages.rules() {
            let unexpected = rules.unexpected_rsv(rsv, opcode);
            if !unexpected.is_empty() {
                return Err(EncodeError::UnexpectedRsv(unexpected));
            }
            if opcode == Opcode::Text && rsv.is_empty() && validates_text {
                utf8::from_utf8(payload)?;
            }
        }
        self.append(opcode, true, rsv, payload, out)
    }

    #[inline]
    pub(crate) fn append(
        &mut self,
        opcode: Opcode,
        fin: bool,
        rsv: Rsv,
        payload: &[u8],
        out: &mut impl Output,
    ) -> Result<(), EncodeError> {
        self.check_send(opcode)?;
        if out.pending() == 0 {
            self.pending_replies = 0;
        }
        out.append(self.encoder(opcode, fin).rsv(rsv), payload)?;
        self.sent(opcode, fin);
        Ok(())
    }

    #[inline]
    fn encoder(&mut self, opcode: Opcode, fin: bool) -> FrameEncoder {
        let frame = FrameEncoder::new(opcode).fin(fin);
        match self.role() {
            Role::Client if K::MASKS => frame.masking_key(self.keys.next_key()),
            _ => frame,
        }
    }

    #[inline]
    fn sent(&mut self, opcode: Opcode, fin: bool) {
        match opcode {
            Opcode::Close => self.flags.set(Flags::CLOSE_SENT),
            Opcode::Ping | Opcode::Pong => {}
            Opcode::Text if !fin => self.sending = Some(Sending::Text(OpenChar::Unseen)),
            Opcode::Binary if !fin => self.sending = Some(Sending::Binary),
            Opcode::Continuation if !fin => self.text_sent_to(OpenChar::Unseen),
            Opcode::Text | Opcode::Binary | Opcode::Continuation => self.sending = None,
            _ => {} // reserved opcodes cannot be sent
        }
    }
}
