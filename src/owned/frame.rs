//! Whole frames with their payloads.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::ProtocolError;
use crate::frame::{FrameDecoder, FrameEncoder, Span};
use crate::header::{Opcode, Rsv};

/// A frame with its payload, unmasked.
///
/// A masking key belongs to the frame's way through the network: it is gone when the frame was received,
/// and chosen anew when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether the frame is the last fragment of its message.
    pub fin: bool,
    /// The RSV bits.
    pub rsv: Rsv,
    /// What the payload is.
    pub opcode: Opcode,
    /// The payload, unmasked. Whether text is UTF-8 is not known to frames.
    pub payload: Bytes,
}

impl Frame {
    /// A frame with FIN and no RSV bit.
    #[must_use]
    pub fn new(opcode: Opcode, payload: impl Into<Bytes>) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, payload: payload.into() }
    }

    /// What makes this frame, but for its payload and a masking key.
    ///
    /// ```
    /// use wsframe::{Frame, MaskingKey, Opcode};
    ///
    /// let frame = Frame::new(Opcode::Text, "Hello");
    /// # let fresh = [0x37, 0xfa, 0x21, 0x3d];
    /// let encoder = frame.encoder().masking_key(MaskingKey::new(fresh));
    /// let mut out = Vec::new();
    /// encoder.append(&frame.payload, &mut out)?;
    /// # assert_eq!(out, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn encoder(&self) -> FrameEncoder {
        FrameEncoder::new(self.opcode).fin(self.fin).rsv(self.rsv)
    }

    /// Splits the next frame off the buffer, unmasked where it lies; `None` if more bytes are needed
    /// first.
    ///
    /// The decoder is to hand out frames whole ([`FrameDecoder::whole_up_to`]). The buffer then has to
    /// grow to a frame's length as its bytes arrive; how long that may be,
    /// [`FrameDecoder::max_payload_len`] says.
    ///
    /// # Errors
    ///
    /// As [`FrameDecoder::locate`], and [`FrameTooLong`](ProtocolError::FrameTooLong) for a frame that is
    /// longer than the decoder hands out whole, of which a part is lost then.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{Frame, FrameDecoder, NO_LIMIT, Opcode, Role};
    ///
    /// let mut decoder = FrameDecoder::new(Role::Server).whole_up_to(NO_LIMIT);
    /// let mut input = BytesMut::from(&b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x82"[..]);
    /// let frame = Frame::split(&mut decoder, &mut input)?;
    /// assert_eq!(frame, Some(Frame::new(Opcode::Text, "Hello")));
    /// assert_eq!(Frame::split(&mut decoder, &mut input)?, None);
    /// assert_eq!(&input[..], [0x82]); // the next read goes behind it
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn split(
        decoder: &mut FrameDecoder,
        input: &mut BytesMut,
    ) -> Result<Option<Self>, ProtocolError> {
        let Some(span) = decoder.locate(input)? else { return Ok(None) };
        let header = *span.header();
        if !(span.first() && span.last()) {
            return Err(ProtocolError::FrameTooLong(header.payload_len));
        }
        let payload = span.split(input);
        Ok(Some(Self { fin: header.fin, rsv: header.rsv, opcode: header.opcode, payload }))
    }
}

impl Span {
    /// Splits the chunk off the buffer in which it was located: its part of the payload, unmasked where
    /// it lies. The chunk is then consumed, and its header too.
    ///
    /// # Panics
    ///
    /// If `input` is shorter than [`end`](Self::end): these are other bytes than the located ones.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{FrameDecoder, Role};
    ///
    /// let mut decoder = FrameDecoder::new(Role::Client);
    /// let mut input = BytesMut::from(&b"\x82\x7e\x10\x00what has come of 4 KiB"[..]);
    /// if let Some(span) = decoder.locate(&input)? {
    ///     assert!(!span.last());
    ///     assert_eq!(span.split(&mut input), "what has come of 4 KiB");
    /// }
    /// assert!(input.is_empty());
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn split(self, input: &mut BytesMut) -> Bytes {
        let mut chunk = input.split_to(self.end());
        chunk.advance(self.range().start);
        self.mask().apply(&mut chunk);
        chunk.freeze()
    }
}
