//! Kernels for short texts. They have no loop, because the processor cannot predict where it ends.
//!
//! The first and the last vectors of a text are loaded, and overlap, as in `masking`. The check of
//! the last vectors needs the three bytes before them. Their position within the first vectors
//! depends on the length, so they are loaded again as a word.

/// Adds the kernels for texts of one to four vectors. It also needs `repeat` (a key) and `store`.
///
/// There are two branches: whether all is ASCII, and if not, whether to look up two vectors or
/// four. The positions of the four vectors are those of `chunks::four`.
macro_rules! few_vectors_kernels {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn validate_few_vectors(bytes: &[u8], state: u32) -> u32 {
            let Some((_, [a, b, c, d])) = $crate::arch::chunks::four(bytes) else {
                return $crate::arch::words::utf8::walk(bytes, state);
            };
            let vectors = [load(&a), load(&b), load(&c), load(&d)];
            $crate::arch::lookup::look_up_few_vectors!(vectors, bytes, state)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn unmask_validate_few_vectors(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            use $crate::arch::chunks;
            let Some((places, mut blocks)) = chunks::four(bytes) else {
                return $crate::arch::words::utf8::unmask_walk(bytes, key, state);
            };
            let (first_key, last_key) =
                (repeat(key), repeat($crate::arch::rotate(key, bytes.len())));
            let vectors = [
                xor(load(&blocks[0]), first_key),
                xor(load(&blocks[1]), first_key),
                xor(load(&blocks[2]), last_key),
                xor(load(&blocks[3]), last_key),
            ];
            for (block, v) in blocks.iter_mut().zip(vectors) {
                store(block, v);
            }
            chunks::put_four(bytes, places, blocks);
            $crate::arch::lookup::look_up_few_vectors!(vectors, bytes, state)
        }
    };
}

/// Looks up four vectors, which are the whole text, unless they are ASCII.
macro_rules! look_up_few_vectors {
    ($vectors:expr, $bytes:expr, $state:expr) => {{
        let [a, b, c, d] = $vectors;
        if is_ascii(or(or(a, b), or(c, d))) {
            $crate::arch::lookup::state_after_ascii($state)
        } else if $bytes.len() <= 2 * LEN {
            $crate::arch::lookup::look_up!([a], [d], $bytes, $state)
        } else {
            $crate::arch::lookup::look_up!([a, b], [c, d], $bytes, $state)
        }
    }};
}

/// Adds the kernels for texts of one to two blocks of `$vectors` vectors each. It also needs
/// `repeat` and `store`.
macro_rules! two_block_kernels {
    ($features:literal, $vectors:literal, $validate:ident, $unmask_validate:ident) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn $validate(bytes: &[u8], state: u32) -> u32 {
            use $crate::arch::chunks;
            const N: usize = $vectors * LEN;
            let (Some(first_bytes), Some(last_bytes)) =
                (chunks::first::<N>(bytes), chunks::last::<N>(bytes))
            else {
                return $crate::arch::words::utf8::walk(bytes, state);
            };
            let (mut first, mut last) = ([zero(); $vectors], [zero(); $vectors]);
            let mut all = zero();
            for i in 0..$vectors {
                first[i] = load(&first_bytes.as_chunks().0[i]);
                last[i] = load(&last_bytes.as_chunks().0[i]);
                all = or(all, or(first[i], last[i]));
            }
            if is_ascii(all) {
                return $crate::arch::lookup::state_after_ascii(state);
            }
            $crate::arch::lookup::look_up!(first, last, bytes, state)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn $unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            use $crate::arch::chunks;
            const N: usize = $vectors * LEN;
            let (Some(first_bytes), Some(last_bytes)) =
                (chunks::first::<N>(bytes), chunks::last::<N>(bytes))
            else {
                return $crate::arch::words::utf8::unmask_walk(bytes, key, state);
            };
            let (first_key, last_key) =
                (repeat(key), repeat($crate::arch::rotate(key, bytes.len())));
            let (mut first, mut last) = ([zero(); $vectors], [zero(); $vectors]);
            let mut all = zero();
            for i in 0..$vectors {
                first[i] = xor(load(&first_bytes.as_chunks().0[i]), first_key);
                last[i] = xor(load(&last_bytes.as_chunks().0[i]), last_key);
                all = or(all, or(first[i], last[i]));
            }
            if let Some(block) = bytes.first_chunk_mut::<N>() {
                for (place, v) in block.as_chunks_mut().0.iter_mut().zip(first) {
                    store(place, v);
                }
            }
            if let Some(block) = chunks::last_mut::<N>(bytes).first_chunk_mut::<N>() {
                for (place, v) in block.as_chunks_mut().0.iter_mut().zip(last) {
                    store(place, v);
                }
            }
            if is_ascii(all) {
                return $crate::arch::lookup::state_after_ascii(state);
            }
            $crate::arch::lookup::look_up!(first, last, bytes, state)
        }
    };
}

/// Looks up the first and the last vectors of a text, which together are the whole text. This is a
/// macro so that they stay in registers.
macro_rules! look_up {
    ($first:expr, $last:expr, $bytes:expr, $state:expr) => {{
        use $crate::arch::lookup::{at_end_of_word, word_before};
        let (first, last) = ($first, $last);
        let mut before_first = match $state {
            0 => zero(),
            $crate::arch::BROKEN => return $state,
            open => ends_with(at_end_of_word(open)),
        };
        let at = $bytes.len().saturating_sub(last.len() * LEN);
        let mut before_last = ends_with(word_before($bytes, at, $state));
        let mut wrong_here = zero();
        for (first, last) in first.into_iter().zip(last) {
            let both = or(wrong(first, before_first), wrong(last, before_last));
            wrong_here = or(wrong_here, both);
            (before_first, before_last) = (first, last);
        }
        end(wrong_here, before_last, $bytes, $state)
    }};
}

/// Adds the kernels for texts shorter than one vector of 16 bytes. It also needs `halves` (a vector
/// of two words).
///
/// The text is moved to the end of a vector. The zeros before it are ASCII, which is valid before
/// any text.
macro_rules! part_of_vector_kernels {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn validate_part(bytes: &[u8]) -> u32 {
            end_of_words($crate::arch::lookup::at_end_of_16(bytes), bytes)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn unmask_validate_part(bytes: &mut [u8], key: u32) -> u32 {
            end_of_words($crate::arch::lookup::unmask_at_end_of_16(bytes, key), bytes)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn end_of_words([low, high]: [u64; 2], bytes: &[u8]) -> u32 {
            if (low | high) & $crate::arch::words::utf8::NOT_ASCII == 0 {
                return 0;
            }
            let v = halves(low, high);
            end(wrong(v, zero()), v, bytes, 0)
        }
    };
}

pub(in crate::arch) use {
    few_vectors_kernels, look_up, look_up_few_vectors, part_of_vector_kernels, two_block_kernels,
};
