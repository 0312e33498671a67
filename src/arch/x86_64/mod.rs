//! x86-64: SSSE3, AVX2 and AVX-512. (SSE2, which every x86-64 has, is what the compiler makes of `words`.)

#[cfg(not(wsframe_backend = "ssse3"))]
mod avx2;
#[cfg(not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2")))]
mod avx512;
mod ssse3;

use core::sync::atomic::{AtomicPtr, Ordering};

use super::Backend;

/// The backends of this architecture, fastest first.
pub(super) static BACKENDS: &[Backend] = &[
    #[cfg(not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2")))]
    avx512::BACKEND,
    #[cfg(not(wsframe_backend = "ssse3"))]
    avx2::BACKEND,
    ssse3::BACKEND,
];

/// The table in use. At first one whose functions find the best, so that no call has to ask whether that
/// was done.
static ACTIVE: AtomicPtr<Backend> = AtomicPtr::new((&raw const FIND_FIRST).cast_mut());

static FIND_FIRST: Backend = Backend {
    name: "not found yet",
    is_available: || false,
    mask: |bytes, key| find().mask(bytes, key),
    mask_copy: |from, to, key| find().mask_copy(from, to, key),
    validate: |bytes, state| find().validate(bytes, state),
    unmask_validate: |bytes, key, state| find().unmask_validate(bytes, key, state),
};

#[inline(always)]
pub(super) fn active() -> &'static Backend {
    #[cfg(all(
        target_feature = "avx512f",
        target_feature = "avx512bw",
        target_feature = "avx512vl",
        target_feature = "avx512vbmi",
        target_feature = "bmi1",
        target_feature = "bmi2",
        not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2"))
    ))]
    return &avx512::BACKEND;

    #[cfg(all(
        target_feature = "avx2",
        target_feature = "bmi1",
        target_feature = "bmi2",
        wsframe_backend = "avx2"
    ))]
    return &avx2::BACKEND;

    #[allow(unreachable_code, reason = "unless the build promises the best")]
    let active = ACTIVE.load(Ordering::Relaxed);
    // SAFETY: only references to statics are ever stored there: `FIND_FIRST` at first, then what `find`
    // stores. They are valid for ever and never written to, so no ordering is needed either.
    unsafe { &*active }
}

#[cold]
fn find() -> &'static Backend {
    let best = super::available().next().unwrap_or(&super::words::BACKEND);
    ACTIVE.store(core::ptr::from_ref(best).cast_mut(), Ordering::Relaxed);
    best
}

/// The operations on 16 bytes, for SSSE3 and for what contains it.
macro_rules! vector_128 {
    ($features:literal) => {
        use core::arch::x86_64::*;

        type V = __m128i;
        const LEN: usize = 16;

        #[inline]
        #[target_feature(enable = $features)]
        fn load(bytes: &[u8; LEN]) -> V {
            // SAFETY: `bytes` has the 16 bytes that are read; they need no alignment.
            unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store(bytes: &mut [u8; LEN], v: V) {
            // SAFETY: `bytes` has the 16 bytes that are written; they need no alignment.
            unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), v) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn repeat(key: u32) -> V {
            _mm_set1_epi32(key as i32)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn ends_with(word: u32) -> V {
            _mm_set_epi32(word as i32, 0, 0, 0)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn zero() -> V {
            _mm_setzero_si128()
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn splat(byte: u8) -> V {
            _mm_set1_epi8(byte as i8)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn halves(low: u64, high: u64) -> V {
            _mm_set_epi64x(high as i64, low as i64)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn table(entries: &[u8; 16]) -> V {
            load(entries)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn or(a: V, b: V) -> V {
            _mm_or_si128(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor(a: V, b: V) -> V {
            _mm_xor_si128(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn and(a: V, b: V) -> V {
            _mm_and_si128(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn minus(a: V, b: V) -> V {
            _mm_subs_epu8(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn low_nibbles(v: V) -> V {
            and(v, splat(0x0F))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn high_nibbles(v: V) -> V {
            and(_mm_srli_epi16::<4>(v), splat(0x0F))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn lookup(table: V, indexes: V) -> V {
            _mm_shuffle_epi8(table, indexes)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn moved<const N: usize>(v: V, before: V) -> V {
            match N {
                1 => _mm_alignr_epi8::<15>(v, before),
                2 => _mm_alignr_epi8::<14>(v, before),
                _ => _mm_alignr_epi8::<13>(v, before),
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn is_zero(v: V) -> bool {
            _mm_movemask_epi8(_mm_cmpeq_epi8(v, zero())) == 0xFFFF
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn is_ascii(v: V) -> bool {
            _mm_movemask_epi8(v) == 0
        }
    };
}

/// Makes the table of an instruction set from the four functions in scope that have its features.
macro_rules! backend {
    ($name:literal) => {
        pub(super) static BACKEND: Backend = Backend {
            name: $name,
            is_available: detected::get,
            // What stands there by a pointer that is safe to call is called at once, without a closure
            // between, which could not be inlined.
            // SAFETY: the two types of pointers differ in nothing but who may call. A table leaves `arch`
            // through `available` alone, `find` included, which asks `is_available` first: whoever calls
            // this does so on a machine that has the features.
            mask: unsafe {
                core::mem::transmute::<unsafe fn(&mut [u8], u32), fn(&mut [u8], u32)>(mask)
            },
            // SAFETY: as above.
            mask_copy: unsafe {
                core::mem::transmute::<unsafe fn(&[u8], &mut [u8], u32), fn(&[u8], &mut [u8], u32)>(
                    mask_copy,
                )
            },
            // SAFETY: as above.
            validate: unsafe {
                core::mem::transmute::<unsafe fn(&[u8], u32) -> u32, fn(&[u8], u32) -> u32>(
                    validate,
                )
            },
            // SAFETY: as above.
            unmask_validate: unsafe {
                core::mem::transmute::<
                    unsafe fn(&mut [u8], u32, u32) -> u32,
                    fn(&mut [u8], u32, u32) -> u32,
                >(unmask_validate)
            },
        };
    };
}

use {backend, vector_128};
