#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wsframe_fuzz::targets::utf8(input));
