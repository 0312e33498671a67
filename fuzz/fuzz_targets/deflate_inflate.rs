//! Any two payloads as the messages of a connection, under a limit, in any pieces, against the naive
//! decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::{deflate, limit};

fuzz_target!(|input: (u8, u8, [u8; 2], [u8; 2], u8, &[u8])| {
    let (takeover, most, cuts, buffers, first, bytes) = input;
    let payloads = bytes.split_at(usize::from(first).min(bytes.len()));
    let payloads = [payloads.0, payloads.1];
    let (cuts, buffers) = (cuts.map(usize::from), buffers.map(usize::from));
    deflate::any_payloads(takeover & 1 == 1, limit(most), &payloads, &cuts, &buffers);
});
