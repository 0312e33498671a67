//! Any bytes as text, in any chunks, alone and while unmasking, on every backend, against `core`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{cuts, support::checks};

fuzz_target!(|input: ([u8; 3], &[u8])| {
    let (lengths, text) = input;
    checks::utf8(&cuts(&lengths), text);
});
