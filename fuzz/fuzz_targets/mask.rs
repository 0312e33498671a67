//! Any bytes, cut anywhere, masked on every backend, against the naive loop.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::support::checks;

fuzz_target!(|input: ([u8; 4], u16, &[u8])| {
    let (key, cut, bytes) = input;
    checks::mask(key, cut.into(), bytes);
});
