//! SSSE3: the first x86 instruction set that looks up 16 bytes at once.

use crate::arch::Backend;
use crate::arch::lookup::{
    long_lookup_kernel, long_unmask_kernel, lookup_core, part_of_vector_kernels, two_block_kernels,
};
use crate::arch::words::mask::masking_kernels;
use crate::arch::words::utf8;

use super::{backend, vector_128};

cpufeatures::new!(detected, "ssse3");

backend!("ssse3");

vector_128!("ssse3");
lookup_core!("ssse3");
long_lookup_kernel!("ssse3");
long_unmask_kernel!("ssse3");
part_of_vector_kernels!("ssse3");
two_block_kernels!("ssse3", 1, validate_16_to_32, unmask_validate_16_to_32, look_up_16_to_32);
two_block_kernels!("ssse3", 2, validate_32_to_64, unmask_validate_32_to_64, look_up_32_to_64);
two_block_kernels!("ssse3", 4, validate_64_to_128, unmask_validate_64_to_128, look_up_64_to_128);
masking_kernels!("ssse3");

#[target_feature(enable = "ssse3")]
fn validate(bytes: &[u8], state: u32) -> u32 {
    match bytes.len() {
        0..16 if state != 0 => utf8::walk(bytes, state),
        0..16 => validate_part(bytes),
        16..=32 => validate_16_to_32(bytes, state),
        33..=64 => validate_32_to_64(bytes, state),
        65..=128 => validate_64_to_128(bytes, state),
        _ => validate_long(bytes, state),
    }
}

#[target_feature(enable = "ssse3")]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    match bytes.len() {
        0..16 if state != 0 => utf8::unmask_walk(bytes, key, state),
        0..16 => unmask_validate_part(bytes, key),
        16..=32 => unmask_validate_16_to_32(bytes, key, state),
        33..=64 => unmask_validate_32_to_64(bytes, key, state),
        65..=128 => unmask_validate_64_to_128(bytes, key, state),
        _ => unmask_validate_long(bytes, key, state),
    }
}
