//! AVX2: vectors of 32 bytes, and of 16 for what is shorter than two of those.

use crate::arch::Backend;
use crate::arch::lookup::{
    few_vectors_kernels, long_lookup_kernel, long_unmask_kernel, lookup_core, two_block_kernels,
};
use crate::arch::words::mask::masking_kernels;
use crate::arch::words::utf8;

use super::backend;

use core::arch::x86_64::*;

cpufeatures::new!(detected, "avx2", "bmi1", "bmi2");

backend!("avx2");

lookup_core!("avx2,bmi1,bmi2");
long_lookup_kernel!("avx2,bmi1,bmi2");
long_unmask_kernel!("avx2,bmi1,bmi2");
masking_kernels!("avx2,bmi1,bmi2");

few_vectors_kernels!("avx2,bmi1,bmi2");
two_block_kernels!("avx2,bmi1,bmi2", 4, validate_128_to_256, unmask_validate_128_to_256);

/// The kernels on 16 bytes, in this instruction set's encoding.
mod narrow {
    use crate::arch::lookup::{lookup_core, part_of_vector_kernels, two_block_kernels};
    use crate::arch::x86_64::vector_128;

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

// Calls of their own, so that the short ways need no stack.

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

type V = __m256i;
const LEN: usize = 32;

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; LEN]) -> V {
    // SAFETY: `bytes` has the 32 bytes that are read; they need no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(bytes: &mut [u8; LEN], v: V) {
    // SAFETY: `bytes` has the 32 bytes that are written; they need no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), v) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn ends_with(word: u32) -> V {
    _mm256_set_epi32(word as i32, 0, 0, 0, 0, 0, 0, 0)
}

#[inline]
#[target_feature(enable = "avx2")]
fn zero() -> V {
    _mm256_setzero_si256()
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(byte: u8) -> V {
    _mm256_set1_epi8(byte as i8)
}

#[inline]
#[target_feature(enable = "avx2")]
fn repeat(key: u32) -> V {
    _mm256_set1_epi32(key as i32)
}

/// A lookup stays within 16 bytes, so each half has the table.
#[inline]
#[target_feature(enable = "avx2")]
fn table(entries: &[u8; 16]) -> V {
    // SAFETY: `entries` has the 16 bytes that are read; they need no alignment.
    let half = unsafe { _mm_loadu_si128(entries.as_ptr().cast()) };
    _mm256_broadcastsi128_si256(half)
}

#[inline]
#[target_feature(enable = "avx2")]
fn or(a: V, b: V) -> V {
    _mm256_or_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: V, b: V) -> V {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn and(a: V, b: V) -> V {
    _mm256_and_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn minus(a: V, b: V) -> V {
    _mm256_subs_epu8(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn low_nibbles(v: V) -> V {
    and(v, splat(0x0F))
}

#[inline]
#[target_feature(enable = "avx2")]
fn high_nibbles(v: V) -> V {
    and(_mm256_srli_epi16::<4>(v), splat(0x0F))
}

#[inline]
#[target_feature(enable = "avx2")]
fn lookup(table: V, indexes: V) -> V {
    _mm256_shuffle_epi8(table, indexes)
}

/// Bytes move within 16, so the half before each half is brought beside it first.
#[inline]
#[target_feature(enable = "avx2")]
fn moved<const N: usize>(v: V, before: V) -> V {
    let before = _mm256_permute2x128_si256::<0x21>(before, v);
    match N {
        1 => _mm256_alignr_epi8::<15>(v, before),
        2 => _mm256_alignr_epi8::<14>(v, before),
        _ => _mm256_alignr_epi8::<13>(v, before),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn is_zero(v: V) -> bool {
    _mm256_testz_si256(v, v) == 1
}

#[inline]
#[target_feature(enable = "avx2")]
fn is_ascii(v: V) -> bool {
    _mm256_movemask_epi8(v) == 0
}
