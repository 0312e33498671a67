//! AVX2: vectors of 32 bytes, and of 16 bytes for texts of up to 31.

use crate::arch::Backend;
use crate::arch::lookup::{
    few_vectors_kernels, long_lookup_kernel, long_unmask_kernel, lookup_core, two_block_kernels,
};
use crate::arch::masking::{long_masking_kernels, masking_kernels, short_masking_kernels};
use crate::arch::words::utf8;

use super::backend;
use super::vectors::vector_256;

cpufeatures::new!(detected, "avx2", "bmi1", "bmi2");

backend!("avx2");

lookup_core!("avx2,bmi1,bmi2");
long_lookup_kernel!("avx2,bmi1,bmi2");
long_unmask_kernel!("avx2,bmi1,bmi2");
vector_256!("avx2,bmi1,bmi2");

masking_kernels!("avx2,bmi1,bmi2", self);
short_masking_kernels!("avx2,bmi1,bmi2");
long_masking_kernels!("avx2,bmi1,bmi2");

few_vectors_kernels!("avx2,bmi1,bmi2");
two_block_kernels!("avx2,bmi1,bmi2", 4, validate_128_to_256, unmask_validate_128_to_256);

/// The kernels on 16 bytes, in this instruction set's encoding.
mod narrow {
    use crate::arch::lookup::{lookup_core, part_of_vector_kernels, two_block_kernels};
    use crate::arch::x86_64::vectors::vector_128;

    vector_128!("avx2,bmi1,bmi2");
    lookup_core!("avx2,bmi1,bmi2");
    part_of_vector_kernels!("avx2,bmi1,bmi2");
    two_block_kernels!("avx2,bmi1,bmi2", 1, validate_16_to_32, unmask_validate_16_to_32);
}

#[target_feature(enable = "avx2,bmi1,bmi2")]
fn validate(bytes: &[u8], state: u32) -> u32 {
    match bytes.len() {
        0..16 if state != 0 => utf8::walk(bytes, state),
        0..16 => narrow::validate_part(bytes),
        16..32 => narrow::validate_16_to_32(bytes, state),
        32..=128 => validate_few_vectors(bytes, state),
        _ => validate_more(bytes, state),
    }
}

// Longer texts are validated out of line, so that short ones need no stack frame.

#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn validate_more(bytes: &[u8], state: u32) -> u32 {
    if bytes.len() <= 256 { validate_128_to_256(bytes, state) } else { validate_long(bytes, state) }
}

#[target_feature(enable = "avx2,bmi1,bmi2")]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    match bytes.len() {
        0..16 if state != 0 => utf8::unmask_walk(bytes, key, state),
        0..16 => narrow::unmask_validate_part(bytes, key),
        16..32 => narrow::unmask_validate_16_to_32(bytes, key, state),
        32..=128 => unmask_validate_few_vectors(bytes, key, state),
        _ => unmask_validate_more(bytes, key, state),
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn unmask_validate_more(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    if bytes.len() <= 256 {
        unmask_validate_128_to_256(bytes, key, state)
    } else {
        unmask_validate_long(bytes, key, state)
    }
}
