//! NEON: vectors of 16 bytes. On aarch64 masking is the compiler's: words become vectors unasked.

use core::arch::aarch64::*;

use crate::arch::Backend;
use crate::arch::lookup::{
    long_lookup_kernel, long_unmask_kernel, lookup_core, part_of_vector_kernels, two_block_kernels,
};
use crate::arch::words::mask;
use crate::arch::words::utf8;

pub(super) static BACKEND: Backend = Backend {
    name: "neon",
    is_available: || true,
    mask: mask::mask,
    mask_copy: mask::mask_copy,
    // SAFETY: this module is compiled only where the build promises NEON.
    validate: |bytes, state| unsafe { validate(bytes, state) },
    // SAFETY: as above.
    unmask_validate: |bytes, key, state| unsafe { unmask_validate(bytes, key, state) },
};

lookup_core!("neon");
long_lookup_kernel!("neon");
long_unmask_kernel!("neon");
part_of_vector_kernels!("neon");
two_block_kernels!("neon", 1, validate_16_to_32, unmask_validate_16_to_32, look_up_16_to_32);
two_block_kernels!("neon", 2, validate_32_to_64, unmask_validate_32_to_64, look_up_32_to_64);
two_block_kernels!("neon", 4, validate_64_to_128, unmask_validate_64_to_128, look_up_64_to_128);

#[target_feature(enable = "neon")]
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

#[target_feature(enable = "neon")]
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

type V = uint8x16_t;
const LEN: usize = 16;

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; LEN]) -> V {
    // SAFETY: `bytes` has the 16 bytes that are read; they need no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(bytes: &mut [u8; LEN], v: V) {
    // SAFETY: `bytes` has the 16 bytes that are written; they need no alignment.
    unsafe { vst1q_u8(bytes.as_mut_ptr(), v) }
}

#[inline]
#[target_feature(enable = "neon")]
fn ends_with(word: u32) -> V {
    vreinterpretq_u8_u32(vsetq_lane_u32::<3>(word, vdupq_n_u32(0)))
}

#[inline]
#[target_feature(enable = "neon")]
fn zero() -> V {
    splat(0)
}

#[inline]
#[target_feature(enable = "neon")]
fn splat(byte: u8) -> V {
    vdupq_n_u8(byte)
}

#[inline]
#[target_feature(enable = "neon")]
fn repeat(key: u32) -> V {
    vreinterpretq_u8_u32(vdupq_n_u32(key))
}

#[inline]
#[target_feature(enable = "neon")]
fn halves(low: u64, high: u64) -> V {
    vcombine_u8(vcreate_u8(low), vcreate_u8(high))
}

#[inline]
#[target_feature(enable = "neon")]
fn table(entries: &[u8; 16]) -> V {
    load(entries)
}

#[inline]
#[target_feature(enable = "neon")]
fn or(a: V, b: V) -> V {
    vorrq_u8(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn xor(a: V, b: V) -> V {
    veorq_u8(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn and(a: V, b: V) -> V {
    vandq_u8(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn minus(a: V, b: V) -> V {
    vqsubq_u8(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn low_nibbles(v: V) -> V {
    and(v, splat(0x0F))
}

#[inline]
#[target_feature(enable = "neon")]
fn high_nibbles(v: V) -> V {
    vshrq_n_u8::<4>(v)
}

#[inline]
#[target_feature(enable = "neon")]
fn lookup(table: V, indexes: V) -> V {
    vqtbl1q_u8(table, indexes)
}

#[inline]
#[target_feature(enable = "neon")]
fn moved<const N: usize>(v: V, before: V) -> V {
    match N {
        1 => vextq_u8::<15>(before, v),
        2 => vextq_u8::<14>(before, v),
        _ => vextq_u8::<13>(before, v),
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn is_zero(v: V) -> bool {
    vmaxvq_u8(v) == 0
}

#[inline]
#[target_feature(enable = "neon")]
fn is_ascii(v: V) -> bool {
    vmaxvq_u8(v) < 0x80
}
