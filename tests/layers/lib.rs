//! The modules of wsframe for I/O, compiled as a crate of their own.
//!
//! This shows that they use only the public API of the other modules, so other crates can do the
//! same.

#![allow(dead_code, unreachable_pub)]

extern crate alloc;
extern crate std;

#[path = "../../src/adapter/mod.rs"]
pub mod adapter;
#[path = "../../src/blocking/mod.rs"]
pub mod blocking;
#[path = "../../src/codec/mod.rs"]
pub mod codec;
#[path = "../../src/opening/mod.rs"]
mod opening;
#[path = "../../src/stream/mod.rs"]
pub mod stream;

/// The opening handshake, with the types that these modules add to it.
pub mod handshake {
    pub use wsframe::handshake::*;

    pub use crate::opening::{HandshakeError, Options, RefusedResponse};
}

pub use wsframe::*;
