//! Any bytes as a header, under any rules, against the naive parser.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{choices, support::checks};

fuzz_target!(|input: (u8, &[u8])| {
    let (rules, bytes) = input;
    checks::header(choices(rules), bytes);
});
