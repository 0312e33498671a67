//! Any bytes as a stream, in any reads, under any rules and limit, against the naive decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{choices, cuts, limit, support::checks};

fuzz_target!(|input: (u8, u8, [u8; 3], &[u8])| {
    let (rules, max_payload_len, reads, stream) = input;
    checks::frames(choices(rules), limit(max_payload_len), &cuts(&reads), stream);
});
