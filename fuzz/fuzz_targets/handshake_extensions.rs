//! Any bytes as a line of `Sec-WebSocket-Extensions`, against the naive reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::support::extensions;

fuzz_target!(|line: &[u8]| extensions::check(line));
