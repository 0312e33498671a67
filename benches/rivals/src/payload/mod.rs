//! The bytes that everyone is given: what they are, how many, and how they lie on the wire.

mod kind;
mod random;
mod size;
mod wire;

pub use kind::Kind;
pub use random::Random;
pub use size::Size;
pub use wire::{frame, header, xor};
