//! What the targets share: the tests' oracle and checks, and how a few bytes choose among settings.

#[path = "../../tests/support/mod.rs"]
pub mod support;

#[path = "../../tests/support/handshake.rs"]
pub mod handshake;

pub use support::settings::{choices, cuts, limit, limits};
