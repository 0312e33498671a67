//! SSSE3: the first x86 instruction set that looks up 16 bytes at once.

use crate::arch::Backend;
use crate::arch::lookup::{lookup_kernels, short_lookup_kernels, unmask_lookup_kernel};
use crate::arch::words::mask::{inline, masking_kernels};
use crate::arch::words::utf8::NOT_ASCII;

use super::{backend, vector_128};

cpufeatures::new!(detected, "ssse3");

backend!("ssse3");

vector_128!("ssse3");
lookup_kernels!("ssse3");
short_lookup_kernels!("ssse3");
unmask_lookup_kernel!("ssse3");
masking_kernels!("ssse3");

#[target_feature(enable = "ssse3")]
fn validate(bytes: &[u8], state: u32) -> u32 {
    if bytes.len() < 2 * LEN { validate_short(bytes, state) } else { validate_long(bytes, state) }
}

#[target_feature(enable = "ssse3")]
fn unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
    if bytes.len() >= 2 * LEN {
        return unmask_validate_long(bytes, key, state);
    }
    let seen = inline::mask_short(bytes, key);
    if state == 0 && seen & NOT_ASCII == 0 { 0 } else { validate_short(bytes, state) }
}

#[inline]
#[target_feature(enable = "ssse3")]
fn store(bytes: &mut [u8; LEN], v: V) {
    // SAFETY: `bytes` has the 16 bytes that are written; they need no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), v) }
}

#[inline]
#[target_feature(enable = "ssse3")]
fn repeat(key: u32) -> V {
    _mm_set1_epi32(key as i32)
}
