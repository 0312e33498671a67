//! Any bytes as a request, in any reads: what is accepted is right, and its answer satisfies a client.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{cuts, handshake};

fuzz_target!(|input: ([u8; 3], &[u8])| {
    let (reads, received) = input;
    handshake::request(received, &cuts(&reads));
});
