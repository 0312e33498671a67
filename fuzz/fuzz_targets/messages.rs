//! Any bytes as a stream of messages, in any reads, under any rules and limits, against the naive decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{choices, cuts, limits, support::checks};

fuzz_target!(|input: (u8, [u8; 3], bool, [u8; 3], &[u8])| {
    let (rules, most, validate, reads, stream) = input;
    checks::messages(choices(rules), limits(most), validate, &cuts(&reads), stream);
});
