//! What the targets share: the tests' oracle and checks, and how a few bytes choose among settings.

#[path = "../../tests/support/mod.rs"]
pub mod support;

pub use support::settings::{choices, cuts, limit, limits};
