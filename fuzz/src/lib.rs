//! What the targets share: the tests' oracle and checks, and how a few bytes choose among settings.

#[path = "../../tests/support/mod.rs"]
pub mod support;

#[path = "../../tests/support/deflate.rs"]
pub mod deflate;

#[path = "../../tests/support/handshake.rs"]
pub mod handshake;

pub use support::settings::{choices, cuts, limit, limits};
use wsframe::deflate::Parameters;

/// Any parameters of permessage-deflate.
pub fn parameters([server, client]: [u8; 2]) -> Parameters {
    Parameters { server: deflate::context(server), client: deflate::context(client) }
}
