//! What the targets share with the tests: the oracles and checks, and the targets themselves.

#[path = "../../tests/support/mod.rs"]
mod support;

pub use support::targets;
