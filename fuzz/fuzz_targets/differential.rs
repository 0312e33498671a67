//! Any bytes from a peer, to a connection and to tungstenite: both take them for the same, but for the
//! differences that `rival` lists.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{cuts, support::rival};

fuzz_target!(|input: ([u8; 3], [u8; 3], &[u8])| {
    let (settings, reads, stream) = input;
    rival::compare(rival::Settings::of(settings), &cuts(&reads), stream);
});
