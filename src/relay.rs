//! Forwarding frames from one connection to another, checked but not reassembled.

use core::fmt;

use crate::close::CloseBody;
use crate::connection::{MaskingKeys, Output, keys};
use crate::error::{EncodeError, ProtocolError};
use crate::frame::FrameEncoder;
use crate::header::{EncodedHeader, FrameHeader, Role};
use crate::mask::Mask;
use crate::message::MessageDecoder;
use crate::opcode::Opcode;

/// One direction of a relay: forwards the frames of one peer to the other.
///
/// Every rule of a [`MessageDecoder`] applies, so invalid frames are not forwarded. Headers are
/// encoded again, with the outgoing masking key and with lengths in their shortest form. The mask
/// of a payload is exchanged in one pass. Text that is validated takes two passes, because it must
/// be unmasked first. [`MessageDecoder::validate_text`] disables that.
///
/// ```
/// use wsframe::{MessageDecoder, Relay, Role, NoKeys};
///
/// // From a server to a client. The other direction takes `Role::Server` and a source of keys.
/// let mut downstream = Relay::new(MessageDecoder::new(Role::Client), NoKeys);
///
/// let mut from_server = *b"\x81\x05Hello";
/// let mut input = &mut from_server[..];
/// let mut to_client = Vec::new();
/// while let Some(part) = downstream.forward(&mut input)? {
///     to_client.extend_from_slice(part.header.as_deref().unwrap_or_default());
///     to_client.extend_from_slice(part.payload);
/// }
/// assert_eq!(to_client, b"\x81\x05Hello");
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[doc(alias = "proxy")]
#[derive(Clone)]
pub struct Relay<K> {
    messages: MessageDecoder,
    /// The mask at the next byte of the outgoing frame.
    mask: Mask,
    /// Whether a frame was forwarded in part.
    within_frame: bool,
    /// Whether the relay has sent a Close of its own.
    close_sent: bool,
    /// Whether outgoing frames are masked, because they go to a server.
    masks: bool,
    keys: K,
}

/// A frame to send, or a part of one.
///
/// ```
/// use wsframe::{MessageDecoder, Relay, Role, NoKeys};
///
/// let mut relay = Relay::new(MessageDecoder::new(Role::Client), NoKeys);
/// let mut from_server = *b"\x89\x02hi";
/// let mut to_client = Vec::new();
/// if let Some(part) = relay.forward(&mut &mut from_server[..])? {
///     to_client.extend_from_slice(part.header.as_deref().unwrap_or_default());
///     to_client.extend_from_slice(part.payload);
///     assert!(part.last);
/// }
/// assert_eq!(to_client, b"\x89\x02hi");
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RelayedChunk<'b> {
    /// The header as it was received.
    pub received: FrameHeader,
    /// The header to send before the payload, if the frame begins here.
    pub header: Option<EncodedHeader>,
    /// The payload to send, masked for the receiver.
    pub payload: &'b mut [u8],
    /// Whether the frame ends here.
    pub last: bool,
}

impl<K: MaskingKeys> Relay<K> {
    /// Creates a relay for one direction, which receives with this decoder.
    ///
    /// A server's decoder receives from a client and forwards to a server, so the frames are masked
    /// with keys from `keys`. For a client's decoder pass [`NoKeys`](crate::NoKeys).
    ///
    /// # Panics
    ///
    /// Panics for a server's decoder with [`NoKeys`](crate::NoKeys).
    #[must_use]
    pub const fn new(messages: MessageDecoder, keys: K) -> Self {
        // A server receives from a client, so the frames go to a server.
        let masks = matches!(messages.role(), Some(Role::Server));
        keys::check::<K>(masks);
        Self { messages, mask: Mask::IDENTITY, within_frame: false, close_sent: false, masks, keys }
    }

    /// Returns the next frame, or part of one, and advances `input` past it. Returns `None` when
    /// more bytes are needed.
    ///
    /// After a Close frame all input is discarded.
    ///
    /// # Errors
    ///
    /// Returns the rule that the peer broke. The error is sticky until [`close`](Self::close) ends
    /// this direction. Close both connections with [`ProtocolError::close_code`].
    #[inline]
    pub fn forward<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<RelayedChunk<'b>>, ProtocolError> {
        if self.close_sent {
            *input = &mut [];
            return Ok(None);
        }
        let Some(chunk) = self.messages.decode_frame(input)? else { return Ok(None) };
        let received = chunk.header;
        let mut header = None;
        if chunk.first {
            let masking_key = self.masks.then(|| self.keys.next_key());
            let sent = FrameHeader { masking_key, ..received };
            header = Some(sent.to_bytes());
            self.mask = sent.mask();
        }
        self.within_frame = !chunk.last;
        let payload = chunk.payload.remask(&mut self.mask);
        Ok(Some(RelayedChunk { received, header, payload, last: chunk.last }))
    }

    /// Returns whether a Close frame was forwarded or sent, so that nothing may follow.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.close_sent || self.messages.is_closed()
    }

    /// Returns whether the relay may send a frame of its own, such as a Ping, after the forwarded
    /// bytes.
    ///
    /// It must not within a frame, nor after a Close. An error of the sender does not change this.
    ///
    /// ```
    /// use wsframe::{MessageDecoder, Relay, Role, NoKeys};
    ///
    /// let mut relay = Relay::new(MessageDecoder::new(Role::Client), NoKeys);
    /// let mut from_server = *b"\x81\x05Hel"; // two bytes are still to come
    /// let mut input = &mut from_server[..];
    /// assert!(relay.can_send_frame());
    /// relay.forward(&mut input)?;
    /// assert!(!relay.can_send_frame());
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[must_use]
    pub const fn can_send_frame(&self) -> bool {
        !self.within_frame && !self.is_closed()
    }

    /// Sends a Close to the receiver, if a frame [may be sent](Self::can_send_frame). Returns
    /// whether it was sent.
    ///
    /// The Close is appended to `out`. It ends this direction: later input from the sender is
    /// discarded.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`CloseBody::encode`], and [`NoRoom`](EncodeError::NoRoom) if `out`
    /// has too little capacity. Nothing is appended then.
    ///
    /// ```
    /// use wsframe::{CloseBody, MessageDecoder, Relay, Role, NoKeys};
    ///
    /// let mut relay = Relay::new(MessageDecoder::new(Role::Client), NoKeys);
    /// let mut from_server = *b"\x83"; // an opcode that means nothing
    /// let mut to_client = Vec::new();
    /// if let Err(error) = relay.forward(&mut &mut from_server[..]) {
    ///     let body = CloseBody { code: error.close_code(), reason: error.section() };
    ///     relay.close(Some(body), &mut to_client)?;
    /// }
    /// assert_eq!(to_client, b"\x88\x10\x03\xEARFC 6455 \xC2\xA75.2");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn close(
        &mut self,
        body: Option<CloseBody<'_>>,
        out: &mut impl Output,
    ) -> Result<bool, EncodeError> {
        if !self.can_send_frame() {
            return Ok(false);
        }
        let mut frame = FrameEncoder::new(Opcode::Close);
        if self.masks {
            frame = frame.masking_key(self.keys.next_key());
        }
        match body {
            Some(body) => out.append(frame, &body.encode()?)?,
            None => out.append(frame, &[])?,
        }
        self.close_sent = true;
        Ok(true)
    }
}

/// Omits the source of keys, which must stay secret.
impl<K> fmt::Debug for Relay<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("messages", &self.messages)
            .field("within_frame", &self.within_frame)
            .finish_non_exhaustive()
    }
}
