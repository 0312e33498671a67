//! Any frames, encoded, then decoded from any reads into any buffer.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use wsframe::{Role, Rsv};
use wsframe_fuzz::support::{checks, streams::Spec};

#[derive(Arbitrary, Debug)]
struct Input {
    server: bool,
    rsv: u8,
    reads: [u16; 3],
    capacity: u16,
    frames: Vec<(u8, bool, [u8; 4], Vec<u8>)>,
}

fuzz_target!(|input: Input| {
    let role = if input.server { Role::Server } else { Role::Client };
    let spec = |(opcode, fin, key, payload)| Spec { opcode, fin, key, payload };
    let specs: Vec<Spec> = input.frames.into_iter().map(spec).collect();
    let reads = input.reads.map(usize::from);
    checks::round_trip(&specs, role, Rsv::from_bits(input.rsv), &reads, input.capacity.into());
});
