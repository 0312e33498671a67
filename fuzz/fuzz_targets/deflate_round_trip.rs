//! Any two messages through both directions, in any context, with any effort and cuts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe::deflate::Effort;
use wsframe_fuzz::deflate;

type Settings = (u8, [u8; 2], [u8; 2], [u8; 2], u8);

fuzz_target!(|input: (Settings, &[u8])| {
    let ((which, [level, memory], cuts, buffers, first), bytes) = input;
    let messages = bytes.split_at(usize::from(first).min(bytes.len()));
    let messages = [messages.0, messages.1, messages.1];
    let effort = Effort::DEFAULT.level(level % 10).memory(memory % 10);
    let (cuts, buffers) = (cuts.map(usize::from), buffers.map(usize::from));
    deflate::round_trip(deflate::context(which), effort, &messages, &cuts, &buffers);
});
