//! Frames and messages that own their payload, as `Bytes` (feature `bytes`).

mod assembler;
mod encode;
mod frame;
mod message;
mod text;

pub use assembler::BytesAssembler;
pub use encode::HeaderBuf;
pub use frame::Frame;
pub use message::{CloseFrame, Message};
pub use text::Utf8Bytes;
