//! Messages (RFC 6455 §5.4–§5.6): frames with fragmentation resolved.
//!
//! [`MessageDecoder`] stands on [`FrameDecoder`](crate::FrameDecoder) and works as it does: it is shown
//! bytes, holds none of them, and hands out what it finds where it lies. What it adds is what a frame
//! alone cannot tell: which message a fragment belongs to, whether text is UTF-8 across fragments, how
//! long a message has become.
//!
//! A message comes out in chunks ([`Event::Text`], [`Event::Binary`]), as its bytes arrive; one that
//! lies whole in the buffer is one chunk. Control frames come whole, wherever they stand between the
//! fragments. Who wants whole messages only has two ways:
//!
//! - Messages in one frame that fit the buffer come whole if the frame decoder is told so
//!   ([`FrameDecoder::whole_up_to`](crate::FrameDecoder::whole_up_to)). Nothing is copied.
//! - An `Assembler` (feature `alloc`) collects the chunks of any message.

#[cfg(feature = "alloc")]
mod assembler;
mod decoder;
mod event;

#[cfg(feature = "alloc")]
pub use assembler::Assembler;
pub use decoder::{DEFAULT_MAX_FRAGMENTS, DEFAULT_MAX_MESSAGE_LEN, MessageDecoder, MessageSpan};
pub use event::{BinaryChunk, Event, RawChunk, TextChunk};
