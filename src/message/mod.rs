//! Messages: fragments joined, text validated, limits applied (RFC 6455 §5.4–§5.6).
//!
//! [`MessageDecoder`] is built on [`FrameDecoder`](crate::FrameDecoder). It buffers nothing and
//! returns [`Event`]s that borrow the caller's buffer. It adds what a single frame cannot tell: the
//! message of a fragment, whether text is UTF-8 across fragments, and the length of the message.
//!
//! A message arrives in chunks ([`Event::Text`], [`Event::Binary`]), as its bytes arrive. A message
//! in one frame that is completely in the buffer is one chunk. Control frames are always complete,
//! and may arrive between the chunks of a message. To receive only complete messages:
//!
//! - Set [`FrameDecoder::whole_up_to`](crate::FrameDecoder::whole_up_to). Unfragmented messages up
//!   to that length are then one chunk, and are not copied. The buffer must be long enough for
//!   them.
//! - Use an `Assembler` (feature `alloc`). It collects the chunks of any message.
//!
//! ```
//! use wsframe::{Event, MessageDecoder, ProtocolError};
//!
//! /// Counts the messages in what was read. Returns how many bytes of it were consumed, too.
//! fn count(
//!     decoder: &mut MessageDecoder,
//!     received: &mut [u8],
//! ) -> Result<(usize, usize), ProtocolError> {
//!     let len = received.len();
//!     let mut input = received;
//!     let mut messages = 0;
//!     while let Some(event) = decoder.decode(&mut input)? {
//!         match event {
//!             Event::Text(chunk) if chunk.last => messages += 1,
//!             Event::Binary(chunk) if chunk.last => messages += 1,
//!             _ => {}
//!         }
//!     }
//!     Ok((messages, len - input.len()))
//! }
//! ```

#[cfg(feature = "alloc")]
mod assembler;
mod decoder;
mod event;

#[cfg(feature = "alloc")]
pub use assembler::Assembler;
#[cfg(feature = "bytes")]
pub(crate) use decoder::WholeMessage;
pub use decoder::{DEFAULT_MAX_FRAGMENTS, DEFAULT_MAX_MESSAGE_LEN, MessageDecoder, MessageSpan};
pub use event::{BinaryChunk, Event, RawChunk, TextChunk};
