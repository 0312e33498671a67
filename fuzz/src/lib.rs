//! What the targets share: the tests' oracle and checks, and how a few bytes choose among settings.

#[path = "../../tests/support/mod.rs"]
pub mod support;

#[path = "../../tests/support/deflate.rs"]
pub mod deflate;

use support::naive::Choices;
use wsframe::NO_LIMIT;
use wsframe::deflate::Parameters;

/// One of all combinations of rules; 0 and 1 are the strict ones of a client and a server.
pub fn choices(byte: u8) -> Choices {
    Choices::all().nth(usize::from(byte) % 128).expect("there are 128")
}

/// Lengths of reads: each byte is one, and none means all at once.
pub fn cuts(bytes: &[u8]) -> Vec<usize> {
    bytes.iter().map(|&byte| usize::from(byte)).collect()
}

/// Any parameters of permessage-deflate.
pub fn parameters([server, client]: [u8; 2]) -> Parameters {
    Parameters { server: deflate::context(server), client: deflate::context(client) }
}

/// A limit on lengths; 255 stands for none.
pub fn limit(byte: u8) -> u32 {
    if byte == 255 { NO_LIMIT } else { u32::from(byte) * 2 }
}
