//! Two connections that talk through a network which cuts and delays, as any script tells them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::support::conversation;

fuzz_target!(|input: (u8, &[u8])| {
    let (max_pending_replies, script) = input;
    conversation::play(&conversation::script(script), u16::from(max_pending_replies));
});
