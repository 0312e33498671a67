//! Short texts: without a loop, since its last turn is a branch that the processor cannot predict.

/// Adds the kernels for texts of one to two blocks of `$vectors` vectors each, in the way in which short
/// payloads are masked: as their first block and their last, without a loop. Needs, besides, `repeat`
/// and `store`.
///
/// The last block overlaps the first, and what stands before it is in the first block, at a place that
/// depends on the length. Of that, checking needs three bytes, and they are read as a word of their own.
/// Everything is loaded before anything is written.
macro_rules! two_block_kernels {
    (
        $features:literal, $vectors:literal,
        $validate:ident, $unmask_validate:ident, $two_blocks:ident
    ) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn $validate(bytes: &[u8], state: u32) -> u32 {
            use $crate::arch::words::mask::{load_first, load_last};
            const N: usize = $vectors * LEN;
            let (Some(first_bytes), Some(last_bytes)) =
                (load_first::<N>(bytes), load_last::<N>(bytes))
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
            let before_last = $crate::arch::lookup::word_before(bytes, bytes.len() - N, 0, state);
            $two_blocks(first, last, before_last, bytes, state)
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn $unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            use $crate::arch::words::mask::{load_first, load_last, store_first, store_last};
            const N: usize = $vectors * LEN;
            let (Some(mut first_bytes), Some(mut last_bytes)) =
                (load_first::<N>(bytes), load_last::<N>(bytes))
            else {
                return $crate::arch::words::utf8::unmask_walk(bytes, key, state);
            };
            let before_last = $crate::arch::lookup::word_before(bytes, bytes.len() - N, key, state);
            let (first_key, last_key) =
                (repeat(key), repeat($crate::arch::rotate(key, bytes.len())));
            let (mut first, mut last) = ([zero(); $vectors], [zero(); $vectors]);
            let mut all = zero();
            for i in 0..$vectors {
                let (first_place, last_place) =
                    (&mut first_bytes.as_chunks_mut().0[i], &mut last_bytes.as_chunks_mut().0[i]);
                first[i] = xor(load(first_place), first_key);
                last[i] = xor(load(last_place), last_key);
                store(first_place, first[i]);
                store(last_place, last[i]);
                all = or(all, or(first[i], last[i]));
            }
            store_first(bytes, first_bytes);
            store_last(bytes, last_bytes);
            if is_ascii(all) {
                return $crate::arch::lookup::state_after_ascii(state);
            }
            $two_blocks(first, last, before_last, bytes, state)
        }

        /// Looks up both blocks.
        #[inline]
        #[target_feature(enable = $features)]
        fn $two_blocks(
            first: [V; $vectors],
            last: [V; $vectors],
            before_last: u32,
            bytes: &[u8],
            state: u32,
        ) -> u32 {
            if state == $crate::arch::BROKEN {
                return state;
            }
            let mut before_first = ends_with($crate::arch::lookup::at_end_of_word(state));
            let mut before_last = ends_with(before_last);
            let mut wrong_here = zero();
            for i in 0..$vectors {
                let both = or(wrong(first[i], before_first), wrong(last[i], before_last));
                wrong_here = or(wrong_here, both);
                (before_first, before_last) = (first[i], last[i]);
            }
            end(wrong_here, bytes, state)
        }
    };
}

/// Adds, for vectors of 16 bytes, the kernels for texts shorter than one of them. Needs, besides, `halves`
/// (a vector of two words).
///
/// Such a text is moved to the end of a vector: zeros before it are ASCII, and no byte behind it has to be
/// made up.
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
            end(wrong(halves(low, high), zero()), bytes, 0)
        }
    };
}

pub(in crate::arch) use {part_of_vector_kernels, two_block_kernels};
