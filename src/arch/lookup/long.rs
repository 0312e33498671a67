//! Long texts: block after block.
//!
//! Blocks are taken from the front, and the rest that is shorter than a vector as the last whole vector of
//! the text, which overlaps what was checked. Checking a byte twice does no harm, as long as the bytes
//! before it are known: so that vector is loaded together with the one that ends where it begins, and
//! both before anything is written over them.

/// Adds the kernel for texts of any length from two vectors on.
macro_rules! long_lookup_kernel {
    ($features:literal) => {
        const BLOCK: usize = 64;
        const VECTORS: usize = BLOCK / LEN;

        /// What is checked so far.
        #[derive(Clone, Copy)]
        struct Checked {
            /// Not zero where something was wrong.
            wrong: V,
            /// The last vector.
            last: V,
            /// Not zero if the last block, or what came before the text, ends inside a character.
            open: V,
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn begin(state: u32) -> Checked {
            if state == 0 {
                return Checked { wrong: zero(), last: zero(), open: zero() };
            }
            let last = ends_with($crate::arch::lookup::at_end_of_word(state));
            Checked { wrong: zero(), last, open: minus(last, load(&ENDS_WHOLE)) }
        }

        const ENDS_WHOLE: [u8; LEN] = $crate::arch::lookup::ends_whole();

        #[inline]
        #[target_feature(enable = $features)]
        fn check_block(checked: Checked, block: [V; VECTORS]) -> Checked {
            let mut all = block[0];
            for v in block {
                all = or(all, v);
            }
            let last = block[VECTORS - 1];
            if is_ascii(all) {
                return Checked { wrong: or(checked.wrong, checked.open), last, open: zero() };
            }
            let mut checked = checked;
            for v in block {
                checked = check_vector(checked, v);
            }
            Checked { open: minus(last, load(&ENDS_WHOLE)), ..checked }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn check_vector(checked: Checked, v: V) -> Checked {
            Checked { wrong: or(checked.wrong, wrong(v, checked.last)), last: v, ..checked }
        }

        /// The vectors after the last block, and the last vector of the text with the one before it: what
        /// is wrong in all. `follows` says whether there is any byte after the last block.
        #[inline]
        #[target_feature(enable = $features)]
        fn check_rest(checked: Checked, follows: bool, rest: &[V], before: V, last: V) -> V {
            let mut all = last;
            for v in rest {
                all = or(all, *v);
            }
            if is_ascii(all) {
                return if follows { or(checked.wrong, checked.open) } else { checked.wrong };
            }
            let mut checked = checked;
            for v in rest {
                checked = check_vector(checked, *v);
            }
            or(checked.wrong, wrong(last, before))
        }

        /// For at least two vectors.
        #[target_feature(enable = $features)]
        pub(super) fn validate_long(bytes: &[u8], state: u32) -> u32 {
            if state == $crate::arch::BROKEN {
                return state;
            }
            let mut checked = begin(state);
            let (blocks, rest) = bytes.as_chunks::<BLOCK>();
            for block in blocks {
                let (vectors, _) = block.as_chunks();
                let mut loaded = [zero(); VECTORS];
                for (to, from) in loaded.iter_mut().zip(vectors) {
                    *to = load(from);
                }
                checked = check_block(checked, loaded);
            }
            let (vectors, rest) = rest.as_chunks();
            for v in vectors {
                checked = check_vector(checked, load(v));
            }
            let mut wrong_here = checked.wrong;
            if !rest.is_empty()
                && let Some(before_last) =
                    $crate::arch::words::mask::load_last::<{ 2 * LEN }>(bytes)
                && let ([before, last], _) = before_last.as_chunks()
            {
                wrong_here = or(wrong_here, wrong(load(last), load(before)));
            }
            end(wrong_here, bytes, state)
        }
    };
}

/// Adds the same kernel, unmasking in the same pass. Needs, besides, `repeat` (a key) and `store`.
macro_rules! long_unmask_kernel {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn to_array(v: V) -> [u8; LEN] {
            let mut bytes = [0; LEN];
            store(&mut bytes, v);
            bytes
        }

        /// For at least two vectors.
        #[target_feature(enable = $features)]
        pub(super) fn unmask_validate_long(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            let mut checked = begin(if state == $crate::arch::BROKEN { 0 } else { state });
            // The last two vectors, while they are still masked.
            let turned_key = repeat($crate::arch::rotate(key, bytes.len()));
            let (mut before, mut last) = (zero(), zero());
            if let Some(both) = $crate::arch::words::mask::load_last::<{ 2 * LEN }>(bytes)
                && let ([first, second], _) = both.as_chunks()
            {
                before = xor(load(first), turned_key);
                last = xor(load(second), turned_key);
            }

            let key = repeat(key);
            let (blocks, rest) = bytes.as_chunks_mut::<BLOCK>();
            for block in blocks {
                let (vectors, _) = block.as_chunks_mut();
                let mut unmasked = [zero(); VECTORS];
                for (to, from) in unmasked.iter_mut().zip(&*vectors) {
                    *to = xor(load(from), key);
                }
                for (to, from) in vectors.iter_mut().zip(unmasked) {
                    store(to, from);
                }
                checked = check_block(checked, unmasked);
            }
            let mut unmasked = [zero(); VECTORS];
            let follows = !rest.is_empty();
            let (vectors, last_bytes) = rest.as_chunks_mut();
            let count = vectors.len();
            for (to, place) in unmasked.iter_mut().zip(vectors) {
                *to = xor(load(place), key);
                store(place, *to);
            }
            if last_bytes.is_empty() {
                (before, last) = (zero(), zero());
            } else {
                $crate::arch::words::mask::store_last(bytes, to_array(last));
            }
            let wrong_here = check_rest(checked, follows, &unmasked[..count], before, last);
            if state == $crate::arch::BROKEN { state } else { end(wrong_here, bytes, state) }
        }
    };
}

pub(in crate::arch) use {long_lookup_kernel, long_unmask_kernel};
