//! Frames (RFC 6455 §5): a header, and the payload behind it.
//!
//! [`FrameDecoder`] finds frames in bytes as they arrive, and only that: what it finds comes out as a
//! [`Payload`] that is still masked, and whoever knows what the payload is unmasks it, once, in the way
//! that suits. [`FrameEncoder`] goes the other way.

mod decoder;
mod encoder;
mod payload;

pub use decoder::{
    DEFAULT_MAX_PAYLOAD_LEN, FrameChunk, FrameDecoder, MIN_BUFFER_LEN, NO_LIMIT, Span,
};
pub use encoder::FrameEncoder;
pub use payload::Payload;
