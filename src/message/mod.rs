//! Messages: fragments joined, text validated, limits applied (RFC 6455 §5.4–§5.6).

#[cfg(feature = "alloc")]
mod assembler;
mod decoder;
mod event;

#[cfg(feature = "alloc")]
pub use assembler::Assembler;
#[cfg(feature = "bytes")]
pub(crate) use decoder::WholeMessage;
pub use decoder::{MessageDecoder, MessageSpan};
pub use event::{BinaryChunk, Event, RawChunk, TextChunk};
