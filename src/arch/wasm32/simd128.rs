//! simd128: vectors of 16 bytes.

use core::arch::wasm32::*;

use crate::arch::Backend;
use crate::arch::lookup::kernels_16;
use crate::arch::masking::{long_masking_kernels, masking_kernels, short_masking_kernels};

// On this architecture functions with a target feature are safe to call. An engine rejects a module
// with an instruction that it does not support, so no such function can run.
pub(super) const BACKEND: Backend =
    Backend { name: "simd128", is_available: || true, mask, mask_copy, validate, unmask_validate };

kernels_16!("simd128");
masking_kernels!("simd128", self);
short_masking_kernels!("simd128");
long_masking_kernels!("simd128");

type V = v128;
const LEN: usize = 16;

#[inline]
fn load(bytes: &[u8; LEN]) -> V {
    // SAFETY: `bytes` has the 16 bytes that are read; they need no alignment.
    unsafe { v128_load(bytes.as_ptr().cast()) }
}

#[inline]
fn store(bytes: &mut [u8; LEN], v: V) {
    // SAFETY: `bytes` has the 16 bytes that are written; they need no alignment.
    unsafe { v128_store(bytes.as_mut_ptr().cast(), v) }
}

#[inline]
fn ends_with(word: u32) -> V {
    u32x4(0, 0, 0, word)
}

#[inline]
fn zero() -> V {
    splat(0)
}

#[inline]
fn splat(byte: u8) -> V {
    u8x16_splat(byte)
}

#[inline]
fn repeat(key: u32) -> V {
    u32x4_splat(key)
}

#[inline]
fn halves(low: u64, high: u64) -> V {
    u64x2(low, high)
}

#[inline]
fn table(entries: &[u8; 16]) -> V {
    load(entries)
}

#[inline]
fn or(a: V, b: V) -> V {
    v128_or(a, b)
}

#[inline]
fn xor(a: V, b: V) -> V {
    v128_xor(a, b)
}

#[inline]
fn and(a: V, b: V) -> V {
    v128_and(a, b)
}

#[inline]
fn minus(a: V, b: V) -> V {
    u8x16_sub_sat(a, b)
}

#[inline]
fn low_nibbles(v: V) -> V {
    and(v, splat(0x0F))
}

#[inline]
fn high_nibbles(v: V) -> V {
    u8x16_shr(v, 4)
}

#[inline]
fn lookup(table: V, indexes: V) -> V {
    u8x16_swizzle(table, indexes)
}

#[inline]
fn moved<const N: usize>(v: V, before: V) -> V {
    match N {
        1 => u8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(
            before, v,
        ),
        2 => u8x16_shuffle::<14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29>(
            before, v,
        ),
        _ => u8x16_shuffle::<13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28>(
            before, v,
        ),
    }
}

#[inline]
fn is_zero(v: V) -> bool {
    !v128_any_true(v)
}

#[inline]
fn is_ascii(v: V) -> bool {
    u8x16_bitmask(v) == 0
}
