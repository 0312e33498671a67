//! Any bytes, in any pieces, to a server that agreed on compression, under a limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::compressed::{any_bytes, deflate::context};
use wsframe_fuzz::limit;

fuzz_target!(|input: (u8, u8, [u8; 2], [u8; 2], &[u8])| {
    let (which, most, cuts, buffers, bytes) = input;
    let (cuts, buffers) = (cuts.map(usize::from), buffers.map(usize::from));
    any_bytes(context(which), limit(most), bytes, &cuts, &buffers);
});
