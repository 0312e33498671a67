//! Any bytes as a response, in any reads: what a client accepts is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{cuts, handshake};

fuzz_target!(|input: ([u8; 3], &[u8])| {
    let (reads, received) = input;
    handshake::response(received, &cuts(&reads));
});
