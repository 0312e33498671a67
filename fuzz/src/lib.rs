//! What the targets share: the tests' oracle and checks, and how a few bytes choose among settings.

#[path = "../../tests/support/mod.rs"]
pub mod support;

#[path = "../../tests/support/compressed.rs"]
pub mod compressed;

#[path = "../../tests/support/handshake.rs"]
pub mod handshake;

pub use compressed::deflate;
pub use support::settings::{choices, cuts, limit, limits};
use wsframe::deflate::Parameters;

/// Any parameters of permessage-deflate.
pub fn parameters([server, client]: [u8; 2]) -> Parameters {
    Parameters { server: deflate::context(server), client: deflate::context(client) }
}
