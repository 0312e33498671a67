//! Two connections that talk through a network which cuts and delays, as any script tells them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{limit, support::conversation};

fuzz_target!(|input: (u8, &[u8])| {
    let (max_pending, script) = input;
    conversation::play(&conversation::script(script), limit(max_pending));
});
