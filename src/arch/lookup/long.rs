//! Kernels for long texts: one block at a time, or two while the text is ASCII.
//!
//! The last block ends where the text ends, and overlaps the block before it. Checking a byte twice
//! is harmless if the bytes before it are known.
//!
//! When unmasking, the first and the last block may overlap others, so they are loaded before
//! anything is stored over them. If the first block is ASCII, the blocks after it begin at a cache
//! line inside it, so each store fills a whole line.

/// Adds the kernel for texts longer than two blocks.
macro_rules! long_lookup_kernel {
    ($features:literal) => {
        const BLOCK: usize = 64;

        /// A block of the text, as vectors.
        type Vectors = [V; BLOCK / LEN];

        /// The result of all checks so far.
        #[derive(Clone, Copy)]
        struct Checked {
            /// Not zero if an error was found.
            wrong: V,
            /// The last vector that was checked.
            last: V,
            /// Not zero if the text so far ends inside a character.
            open: V,
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn begin(state: u32) -> Checked {
            let last = ends_with($crate::arch::lookup::at_end_of_word(state));
            Checked { wrong: zero(), last, open: open_after(last) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn load_block(block: &[u8; BLOCK]) -> Vectors {
            let mut loaded = [zero(); _];
            for (to, from) in loaded.iter_mut().zip(block.as_chunks().0) {
                *to = load(from);
            }
            loaded
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn or_all(block: Vectors) -> V {
            let mut all = block[0];
            for v in block {
                all = or(all, v);
            }
            all
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn check_ascii(checked: Checked) -> Checked {
            Checked { wrong: or(checked.wrong, checked.open), last: zero(), open: zero() }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn look_up_block(mut checked: Checked, block: Vectors) -> Checked {
            for v in block {
                checked.wrong = or(checked.wrong, wrong(v, checked.last));
                checked.last = v;
            }
            Checked { open: open_after(checked.last), ..checked }
        }

        /// Returns the state after the text. All blocks before the last one must be checked.
        #[inline]
        #[target_feature(enable = $features)]
        fn check_last_block(checked: Checked, block: Vectors, bytes: &[u8], state: u32) -> u32 {
            let checked = if is_ascii(or_all(block)) {
                check_ascii(checked)
            } else {
                let at = bytes.len().saturating_sub(BLOCK);
                let last = ends_with($crate::arch::lookup::word_before(bytes, at, state));
                look_up_block(Checked { last, ..checked }, block)
            };
            end(checked.wrong, checked.last, bytes, state)
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        pub(super) fn validate_long(bytes: &[u8], state: u32) -> u32 {
            use $crate::arch::chunks::{self, blocks};
            let Some(last) = chunks::last(bytes) else {
                return $crate::arch::words::utf8::walk(bytes, state);
            };
            if state == $crate::arch::BROKEN {
                return state;
            }
            let mut checked = begin(state);
            let body = bytes.get(blocks::<BLOCK>(bytes.len(), 0)).unwrap_or_default();
            let (mut blocks, _) = body.as_chunks::<BLOCK>();
            while let [block, behind @ ..] = blocks {
                blocks = behind;
                let block = load_block(block);
                if !is_ascii(or_all(block)) {
                    checked = look_up_block(checked, block);
                    continue;
                }
                checked = check_ascii(checked);
                while let [first, second, behind @ ..] = blocks
                    && is_ascii(or(or_all(load_block(first)), or_all(load_block(second))))
                {
                    blocks = behind;
                }
            }
            check_last_block(checked, load_block(&last), bytes, state)
        }
    };
}

/// Adds the kernel that also unmasks, in the same pass. It needs `repeat` (a key) and `store` too.
macro_rules! long_unmask_kernel {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn unmask_block(block: &[u8; BLOCK], key: V) -> Vectors {
            let mut unmasked = load_block(block);
            for v in &mut unmasked {
                *v = xor(*v, key);
            }
            unmasked
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store_block(block: &mut [u8; BLOCK], vectors: Vectors) {
            for (place, v) in block.as_chunks_mut().0.iter_mut().zip(vectors) {
                store(place, v);
            }
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        pub(super) fn unmask_validate_long(bytes: &mut [u8], key: u32, state: u32) -> u32 {
            use $crate::arch::chunks::{self, blocks};
            use $crate::arch::rotate;
            let (Some(first), Some(last)) = (chunks::first(bytes), chunks::last(bytes)) else {
                return $crate::arch::words::utf8::unmask_walk(bytes, key, state);
            };
            let first = unmask_block(&first, repeat(key));
            let last = unmask_block(&last, repeat(rotate(key, bytes.len())));

            let mut checked = begin(state);
            let mut start = BLOCK;
            if is_ascii(or_all(first)) {
                checked = check_ascii(checked);
                start -= bytes.as_ptr().addr() % BLOCK;
            } else {
                checked = look_up_block(checked, first);
            }
            let key = repeat(rotate(key, start));
            let body = blocks::<BLOCK>(bytes.len(), start);
            let (blocks, _) = bytes.get_mut(body).unwrap_or_default().as_chunks_mut::<BLOCK>();
            let mut at = 0;
            while let Some(place) = blocks.get_mut(at) {
                at += 1;
                let block = unmask_block(place, key);
                store_block(place, block);
                if !is_ascii(or_all(block)) {
                    checked = look_up_block(checked, block);
                    continue;
                }
                checked = check_ascii(checked);
                while let Some([place_1, place_2]) = blocks.get_mut(at..at + 2) {
                    let (first, second) = (unmask_block(place_1, key), unmask_block(place_2, key));
                    if !is_ascii(or(or_all(first), or_all(second))) {
                        break;
                    }
                    store_block(place_1, first);
                    store_block(place_2, second);
                    at += 2;
                }
            }
            if let Some(place) = bytes.first_chunk_mut() {
                store_block(place, first);
            }
            if let Some(place) = chunks::last_mut::<BLOCK>(bytes).first_chunk_mut() {
                store_block(place, last);
            }
            if state == $crate::arch::BROKEN {
                return state;
            }
            check_last_block(checked, last, bytes, state)
        }
    };
}

pub(in crate::arch) use {long_lookup_kernel, long_unmask_kernel};
