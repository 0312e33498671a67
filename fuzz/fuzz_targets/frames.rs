//! Any bytes as a stream, in any reads, under any rules and limit, against the naive decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe::NO_LIMIT;
use wsframe_fuzz::{choices, cuts, support::checks};

fuzz_target!(|input: (u8, u8, [u8; 3], &[u8])| {
    let (rules, limit, reads, stream) = input;
    // 255 stands for "none"; the others for lengths around which a small input can come.
    let limit = if limit == 255 { NO_LIMIT } else { u32::from(limit) * 2 };
    checks::frames(choices(rules), limit, &cuts(&reads), stream);
});
