//! The operations of the kernels, on vectors of 16 and of 32 bytes. Each instruction set gets them
//! in its own encoding.

/// Writes the operations on 16 bytes, for SSSE3 and every instruction set that includes it.
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

/// Writes the operations on 32 bytes, for AVX2 and every instruction set that includes it.
#[cfg(not(wsframe_backend = "ssse3"))]
macro_rules! vector_256 {
    ($features:literal) => {
        use core::arch::x86_64::*;

        type V = __m256i;
        const LEN: usize = 32;

        #[inline]
        #[target_feature(enable = $features)]
        fn load(bytes: &[u8; LEN]) -> V {
            // SAFETY: `bytes` has the 32 bytes that are read; they need no alignment.
            unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store(bytes: &mut [u8; LEN], v: V) {
            // SAFETY: `bytes` has the 32 bytes that are written; they need no alignment.
            unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), v) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn ends_with(word: u32) -> V {
            _mm256_set_epi32(word as i32, 0, 0, 0, 0, 0, 0, 0)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn zero() -> V {
            _mm256_setzero_si256()
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn splat(byte: u8) -> V {
            _mm256_set1_epi8(byte as i8)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn repeat(key: u32) -> V {
            _mm256_set1_epi32(key as i32)
        }

        /// Returns the table in both halves, because a lookup stays within 16 bytes.
        #[inline]
        #[target_feature(enable = $features)]
        fn table(entries: &[u8; 16]) -> V {
            // SAFETY: `entries` has the 16 bytes that are read; they need no alignment.
            let half = unsafe { _mm_loadu_si128(entries.as_ptr().cast()) };
            _mm256_broadcastsi128_si256(half)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn or(a: V, b: V) -> V {
            _mm256_or_si256(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor(a: V, b: V) -> V {
            _mm256_xor_si256(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn and(a: V, b: V) -> V {
            _mm256_and_si256(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn minus(a: V, b: V) -> V {
            _mm256_subs_epu8(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn low_nibbles(v: V) -> V {
            and(v, splat(0x0F))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn high_nibbles(v: V) -> V {
            and(_mm256_srli_epi16::<4>(v), splat(0x0F))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn lookup(table: V, indexes: V) -> V {
            _mm256_shuffle_epi8(table, indexes)
        }

        /// Replaces each byte by the one N positions before it. The instruction works within 16
        /// bytes, so each half is first paired with the half before it.
        #[inline]
        #[target_feature(enable = $features)]
        fn moved<const N: usize>(v: V, before: V) -> V {
            let before = _mm256_permute2x128_si256::<0x21>(before, v);
            match N {
                1 => _mm256_alignr_epi8::<15>(v, before),
                2 => _mm256_alignr_epi8::<14>(v, before),
                _ => _mm256_alignr_epi8::<13>(v, before),
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn is_zero(v: V) -> bool {
            _mm256_testz_si256(v, v) == 1
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn is_ascii(v: V) -> bool {
            _mm256_movemask_epi8(v) == 0
        }
    };
}

pub(super) use vector_128;
#[cfg(not(wsframe_backend = "ssse3"))]
pub(super) use vector_256;
