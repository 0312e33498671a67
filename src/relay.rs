//! A relay's path: frames pass from one connection to another, checked, and are not put together.
//!
//! Each payload is touched once: the peer's mask is exchanged for the one that goes out in the pass that
//! reads it. Headers are encoded anew, since masks differ, in their shortest form.

use core::fmt;

use crate::close::CloseBody;
use crate::connection::{MaskingKeys, Output, keys};
use crate::error::{EncodeError, ProtocolError};
use crate::frame::FrameEncoder;
use crate::header::{EncodedHeader, FrameHeader, Opcode, Role};
use crate::mask::Mask;
use crate::message::MessageDecoder;

/// One direction of a relay: takes what one peer sends, gives what the other gets.
///
/// Everything that a [`MessageDecoder`] enforces is enforced: a peer that breaks a rule is not passed on.
/// What it does about text is the decoder's setting. Validated text is unmasked in one pass and masked
/// in another; text that is left to the endpoints
/// ([`validate_text(false)`](MessageDecoder::validate_text)) goes through in one, as all else does.
///
/// ```
/// use wsframe::{MaskingKey, MessageDecoder, Relay, Role, Unmasked};
///
/// // From a client (so it receives as a server) on to a server, with fresh keys.
/// # let fresh_key = || MaskingKey::new([1, 2, 3, 4]);
/// let mut upstream = Relay::new(MessageDecoder::new(Role::Server), fresh_key);
/// // From the server on to the client.
/// let mut downstream = Relay::new(MessageDecoder::new(Role::Client), Unmasked);
///
/// let mut from_server = *b"\x81\x05Hello";
/// let mut input = &mut from_server[..];
/// let mut to_client = Vec::new();
/// while let Some(part) = downstream.forward(&mut input)? {
///     to_client.extend_from_slice(part.header.as_deref().unwrap_or_default());
///     to_client.extend_from_slice(part.payload);
/// }
/// assert_eq!(to_client, b"\x81\x05Hello");
/// # let _ = &mut upstream;
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Clone)]
pub struct Relay<K> {
    messages: MessageDecoder,
    /// Stands at the next byte of the frame that goes out.
    mask: Mask,
    /// Whether a frame has begun to go out, and not ended.
    within_frame: bool,
    /// Whether the relay has sent a Close of its own.
    close_sent: bool,
    /// Whether what goes out is masked: it goes to a server.
    masks: bool,
    keys: K,
}

/// What goes out: a frame, or a part of one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Forwarded<'b> {
    /// The frame's header as it was received.
    pub received: FrameHeader,
    /// The header to be sent in front of the payload, if the frame begins here.
    pub header: Option<EncodedHeader>,
    /// The payload as it goes out.
    pub payload: &'b mut [u8],
    /// Whether the frame ends here.
    pub last: bool,
}

impl<K: MaskingKeys> Relay<K> {
    /// A direction that receives with this decoder. What goes out is masked if it comes from a server's
    /// decoder (that is, from a client), with keys from `keys`; else it takes
    /// [`Unmasked`](crate::Unmasked).
    ///
    /// # Panics
    ///
    /// If a server's decoder comes with [`Unmasked`](crate::Unmasked).
    #[must_use]
    pub const fn new(messages: MessageDecoder, keys: K) -> Self {
        // What a server receives goes on to a server: it comes from a client then.
        let masks = matches!(messages.role(), Some(Role::Server));
        keys::check::<K>(masks);
        Self { messages, mask: Mask::NONE, within_frame: false, close_sent: false, masks, keys }
    }

    /// Takes the next frame, or part of one, from the beginning of `input`; `None` if more bytes are
    /// needed first. After a Close frame all input is discarded.
    ///
    /// # Errors
    ///
    /// The rule that was broken; every further call says the same, until [`close`](Self::close) tells the
    /// receiver. What to tell either side is [`ProtocolError::close_code`].
    #[inline]
    pub fn forward<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Forwarded<'b>>, ProtocolError> {
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
            header = Some(sent.encode_decoded());
            self.mask = sent.mask();
        }
        self.within_frame = !chunk.last;
        let payload = chunk.payload.remask(&mut self.mask);
        Ok(Some(Forwarded { received, header, payload, last: chunk.last }))
    }

    /// Whether a Close frame has gone out: nothing follows it.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.close_sent || self.messages.is_closed()
    }

    /// Whether a frame of the relay's own may go out behind what was forwarded, such as a Ping: not within
    /// a frame, of which it would be taken for a part, and not behind a Close. This does not change when the
    /// sender breaks a rule.
    ///
    /// ```
    /// use wsframe::{MessageDecoder, Relay, Role, Unmasked};
    ///
    /// let mut relay = Relay::new(MessageDecoder::new(Role::Client), Unmasked);
    /// let mut from_server = *b"\x81\x05Hel"; // two bytes are still to come
    /// let mut input = &mut from_server[..];
    /// assert!(relay.may_send_frame());
    /// relay.forward(&mut input)?;
    /// assert!(!relay.may_send_frame());
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[must_use]
    pub const fn may_send_frame(&self) -> bool {
        !self.within_frame && !self.is_closed()
    }

    /// Ends this direction with a Close of the relay's own behind what was forwarded, if a frame
    /// [may be sent](Self::may_send_frame), and says whether it was. What still comes from the sender is
    /// then discarded.
    ///
    /// # Errors
    ///
    /// Those of [`CloseBody::encode`], and [`NoRoom`](EncodeError::NoRoom). Nothing was appended then.
    ///
    /// ```
    /// use wsframe::{CloseBody, MessageDecoder, Relay, Role, Unmasked};
    ///
    /// let mut relay = Relay::new(MessageDecoder::new(Role::Client), Unmasked);
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
        if !self.may_send_frame() {
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

/// Without its source of keys, which is nobody's to know.
impl<K> fmt::Debug for Relay<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("messages", &self.messages)
            .field("within_frame", &self.within_frame)
            .finish_non_exhaustive()
    }
}
