//! The fuzz targets, with the oracles and checks that they share with the tests.

#[path = "../../tests/support/mod.rs"]
mod support;

pub use support::targets;
