//! NEON: vectors of 16 bytes.

use core::arch::aarch64::*;

use crate::arch::Backend;
use crate::arch::lookup::kernels_16;
use crate::arch::masking::{long_masking_kernels, masking_kernels, short_masking_kernels};

pub(super) const BACKEND: Backend = Backend {
    name: "neon",
    is_available: || true,
    // SAFETY: this module is compiled only where the build promises NEON.
    mask: |bytes, key| unsafe { mask(bytes, key) },
    // SAFETY: as above.
    mask_copy: |from, to, key| unsafe { mask_copy(from, to, key) },
    // SAFETY: as above.
    validate: |bytes, state| unsafe { validate(bytes, state) },
    // SAFETY: as above.
    unmask_validate: |bytes, key, state| unsafe { unmask_validate(bytes, key, state) },
};

kernels_16!("neon");
masking_kernels!("neon", self);
short_masking_kernels!("neon");
long_masking_kernels!("neon");

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
