//! What the targets share with the tests: the oracles and checks, and the targets themselves.

#[path = "../../tests/support/mod.rs"]
mod support;

#[path = "../../tests/support/compressed.rs"]
mod compressed;

#[path = "../../tests/support/handshake.rs"]
mod handshake;

#[path = "../../tests/support/targets.rs"]
pub mod targets;
