//! The bytes for all rivals: their kind, their number, and their layout on the wire.

mod kind;
mod random;
mod size;
mod wire;

pub use kind::Kind;
pub use random::Random;
pub use size::Size;
pub use wire::{frame, header, xor};
