//! Frames (RFC 6455 §5): a header and its payload.
//!
//! [`FrameDecoder`] locates frames in bytes as they arrive, and returns each [`Payload`] still
//! masked. The caller unmasks it once, in the way that fits: in place, as text, into another
//! buffer, or with a new mask. [`FrameEncoder`] encodes frames.

mod decoder;
mod encoder;
mod payload;

pub use decoder::{FrameChunk, FrameDecoder, FrameSpan, MIN_BUFFER_LEN};
pub use encoder::FrameEncoder;
pub use payload::Payload;
