//! Any line as an offer and as an answer, to ends that want anything; and any two ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{deflate, parameters};

fuzz_target!(|input: ([u8; 2], [u8; 2], &[u8])| {
    let (wanted, fallback, line) = input;
    let (wanted, fallback) = (parameters(wanted), parameters(fallback));
    deflate::negotiation(wanted, fallback, line);
    deflate::agreement(wanted, fallback, fallback);
});
