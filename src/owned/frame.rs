//! Frames that own their payload.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::ProtocolError;
use crate::frame::{FrameDecoder, FrameEncoder, FrameSpan};
use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// A frame that owns its payload, unmasked.
///
/// It has no masking key, because a client must send every frame with a fresh one (RFC 6455 §5.3).
/// [`encoder`](Self::encoder) returns an encoder that takes a key.
///
/// ```
/// use bytes::BytesMut;
/// use wsframe::{Frame, FrameDecoder, ProtocolError, Role};
///
/// /// Prints the frames in what was read. An incomplete frame stays in `input`.
/// fn print(decoder: &mut FrameDecoder, input: &mut BytesMut) -> Result<(), ProtocolError> {
///     while let Some(frame) = Frame::split(decoder, input)? {
///         println!("{:?}, {} bytes", frame.opcode, frame.payload.len());
///     }
///     Ok(())
/// }
///
/// let mut decoder = FrameDecoder::new(Role::Client);
/// let mut input = BytesMut::from(&b"\x81\x05Hello\x82"[..]);
/// print(&mut decoder, &mut input)?;
/// assert_eq!(&input[..], [0x82]);
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether the frame is the last fragment of its message.
    pub fin: bool,
    /// The RSV bits.
    pub rsv: Rsv,
    /// The opcode.
    pub opcode: Opcode,
    /// The payload, unmasked. Text is not validated.
    pub payload: Bytes,
}

impl Frame {
    /// Creates a frame with FIN and without RSV bits.
    #[must_use]
    pub fn new(opcode: Opcode, payload: impl Into<Bytes>) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, payload: payload.into() }
    }

    /// Returns an encoder for this frame, without a masking key.
    ///
    /// Pass the payload to the encoder.
    ///
    /// ```
    /// use wsframe::{Frame, MaskingKey, Opcode};
    ///
    /// let frame = Frame::new(Opcode::Text, "Hello");
    /// let fresh = MaskingKey::new([0x37, 0xfa, 0x21, 0x3d]); // must be unpredictable
    /// let mut out = Vec::new();
    /// frame.encoder().masking_key(fresh).encode_to_vec(&frame.payload, &mut out)?;
    /// assert_eq!(out, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn encoder(&self) -> FrameEncoder {
        FrameEncoder::new(self.opcode).fin(self.fin).rsv(self.rsv)
    }

    /// Splits the next frame off the buffer and unmasks it in place. Returns `None` when more bytes
    /// are needed.
    ///
    /// The buffer grows with a frame as it arrives, up to [`FrameDecoder::max_frame_size`].
    /// [`FrameDecoder::whole_frames_up_to`] has no effect. If the decoder has already returned the
    /// beginning of a frame as a chunk, this returns the rest of it.
    ///
    /// # Errors
    ///
    /// Same as [`FrameDecoder::next_span`]: returns the rule that the next header breaks, or
    /// [`FrameTooLong`](ProtocolError::FrameTooLong).
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{Frame, FrameDecoder, Opcode, Role};
    ///
    /// let mut decoder = FrameDecoder::new(Role::Server);
    /// let mut input = BytesMut::from(&b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x82"[..]);
    /// let frame = Frame::split(&mut decoder, &mut input)?;
    /// assert_eq!(frame, Some(Frame::new(Opcode::Text, "Hello")));
    /// assert_eq!(Frame::split(&mut decoder, &mut input)?, None);
    /// assert_eq!(&input[..], [0x82]); // the next read is appended
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    #[doc(alias = "unmask")]
    #[doc(alias = "parse_frame")]
    pub fn split(
        decoder: &mut FrameDecoder,
        input: &mut BytesMut,
    ) -> Result<Option<Self>, ProtocolError> {
        let Some(span) = decoder.next_whole_span(input)? else { return Ok(None) };
        let header = *span.header();
        let payload = span.split(input);
        Ok(Some(Self { fin: header.fin, rsv: header.rsv, opcode: header.opcode, payload }))
    }
}

impl FrameSpan {
    /// Splits the located chunk off the buffer, and returns its part of the payload, unmasked in
    /// place.
    ///
    /// This consumes the chunk and its header.
    ///
    /// # Panics
    ///
    /// Panics if `input` is shorter than [`consumed_len`](Self::consumed_len). Pass the buffer in
    /// which the span was located.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{FrameDecoder, Role};
    ///
    /// let mut decoder = FrameDecoder::new(Role::Client);
    /// let mut input = BytesMut::from(&b"\x82\x7e\x10\x00the beginning of 4 KiB"[..]);
    /// if let Some(span) = decoder.next_span(&input)? {
    ///     assert!(!span.last());
    ///     assert_eq!(span.split(&mut input), "the beginning of 4 KiB");
    /// }
    /// assert!(input.is_empty());
    /// # Ok::<(), wsframe::ProtocolError>(())
    /// ```
    pub fn split(self, input: &mut BytesMut) -> Bytes {
        let mut chunk = input.split_to(self.consumed_len());
        chunk.advance(self.range().start);
        self.mask().apply(&mut chunk);
        chunk.freeze()
    }
}
