//! `FrameCodec`: frames for `Framed`.

use core::fmt;
use std::io;

use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use super::CodecError;
use super::buffer::Growth;
use crate::{EncodeError, Frame, FrameDecoder, MaskingKeys, NoKeys, Output, Role};

/// A codec of whole frames for `Framed`.
///
/// Received frames are unmasked in place and split off the buffer. Sent frames are masked if the
/// role is [`Client`](Role::Client).
///
/// It enforces the rules of frame headers in both directions, but not those of messages, and it
/// sends no replies. Use it to inspect or translate frames. For the whole protocol use
/// [`MessageCodec`](super::MessageCodec).
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use tokio_util::codec::Framed;
/// use wsframe::codec::{CodecError, FrameCodec};
/// use wsframe::{Frame, MaskingKey, Opcode};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CodecError> {
/// # let (client_io, server_io) = tokio::io::duplex(64);
/// # let fresh_key = || MaskingKey::new([1, 2, 3, 4]);
/// let mut client = Framed::new(client_io, FrameCodec::client(fresh_key));
/// let mut server = Framed::new(server_io, FrameCodec::server());
///
/// client.send(Frame::new(Opcode::Text, "Hello")).await?;
/// if let Some(frame) = server.next().await {
///     assert_eq!(frame?, Frame::new(Opcode::Text, "Hello"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FrameCodec<K = NoKeys> {
    decoder: FrameDecoder,
    /// Whether the read buffer has grown.
    growth: Growth,
    keys: K,
}

impl FrameCodec {
    /// Creates a codec for a server, with strict rules and the default limit.
    #[must_use]
    pub const fn server() -> Self {
        Self::with_frame_decoder(FrameDecoder::new(Role::Server), NoKeys)
    }
}

impl<K: MaskingKeys> FrameCodec<K> {
    /// Creates a codec for a client, with strict rules and the default limit. Each frame takes a
    /// masking key from `keys`.
    #[must_use]
    pub const fn client(keys: K) -> Self {
        Self::with_frame_decoder(FrameDecoder::new(Role::Client), keys)
    }

    /// Creates a codec from a new decoder, with its role, its rules and its limit. Pass [`NoKeys`]
    /// as the keys of a server.
    ///
    /// All frames are returned whole;
    /// [`whole_frames_up_to`](FrameDecoder::whole_frames_up_to) has no effect.
    ///
    /// # Panics
    ///
    /// Panics if a client's keys are [`NoKeys`].
    #[must_use]
    pub const fn with_frame_decoder(decoder: FrameDecoder, keys: K) -> Self {
        assert!(
            K::MASKS || matches!(decoder.rules().role(), Role::Server),
            "frames to a server must be masked, but `NoKeys` has no keys (RFC 6455 §5.3)"
        );
        Self { decoder, growth: Growth::NONE, keys }
    }
}

impl<K> Decoder for FrameCodec<K> {
    type Item = Frame;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        self.growth.note(src);
        let frame = Frame::split(&mut self.decoder, src)?;
        if frame.is_none() {
            self.growth.undo(src);
        }
        Ok(frame)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        match self.decode(src)? {
            None if !src.is_empty() => {
                let error = "the transport ended inside a frame";
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, error).into())
            }
            frame => Ok(frame),
        }
    }
}

impl<K: MaskingKeys> Encoder<Frame> for FrameCodec<K> {
    type Error = CodecError;

    fn encode(&mut self, frame: Frame, dst: &mut BytesMut) -> Result<(), CodecError> {
        let rules = self.decoder.rules();
        let unexpected = rules.unexpected_rsv(frame.rsv, frame.opcode);
        if !unexpected.is_empty() {
            return Err(EncodeError::UnexpectedRsv(unexpected).into());
        }
        let encoder = match rules.role() {
            Role::Client => frame.encoder().masking_key(self.keys.next_key()),
            Role::Server => frame.encoder(),
        };
        Ok(dst.append(encoder, &frame.payload)?)
    }
}

impl<K> fmt::Debug for FrameCodec<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameCodec").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}
