//! What the targets share: the tests' oracle and checks, and how a few bytes choose among settings.

#[path = "../../tests/support/mod.rs"]
pub mod support;

#[path = "../../tests/support/handshake.rs"]
pub mod handshake;

use support::naive::Choices;

/// One of all combinations of rules; 0 and 1 are the strict ones of a client and a server.
pub fn choices(byte: u8) -> Choices {
    Choices::all().nth(usize::from(byte) % 128).expect("there are 128")
}

/// Lengths of reads: each byte is one, and none means all at once.
pub fn cuts(bytes: &[u8]) -> Vec<usize> {
    bytes.iter().map(|&byte| usize::from(byte)).collect()
}
