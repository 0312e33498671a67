//! XOR with a four-byte key, with explicit vectors.
//!
//! Most payloads are short, and their lengths are unpredictable. A mispredicted branch would cost
//! more than the work. So a payload of N to 2N bytes needs no loop: it is two blocks, the first N
//! bytes and the last N. The blocks overlap, and a second XOR would undo the first one in the
//! overlap. So everything is loaded before anything is stored, and the overlap is written twice
//! with the same bytes.
//!
//! ```text
//!  length 11, N = 8      |0 1 2 3 4 5 6 7|8 9 10|
//!  first block           |k0k1k2k3k0k1k2k3|
//!  last block                  |k3k0k1k2k3k0k1k2|      the key rotated by 11 - 8
//! ```
//!
//! Four blocks cover N to 4N bytes in the same way. The two in the middle may overlap the others
//! anywhere, and below 2N they repeat them. With blocks of 8 and of 32 bytes, two branches cover
//! all lengths from 8 to 128. Up to 31 bytes the blocks are words, which every backend shares
//! (`words/mask.rs`).
//!
//! Long payloads are processed in turns of four vectors. The first vector is at the beginning of
//! the payload, and the last turn at its end. Both overlap the turns between them. Those begin at a
//! multiple of the vector's length in the target, because a vector stored across two cache lines
//! costs two stores. The last turn is never partial, so no branch depends on a remainder.
//!
//! The loads, XORs and stores are explicit, because the loop vectoriser cannot be trusted with
//! them. With AVX-512 it turned a loop over blocks into gathers and scatters, at a twentieth of the
//! speed. `ci/assembly.py` checks the instructions that the compiler emits.
//!
//! These are macros and not generic functions, because a function can call an instruction set's
//! intrinsics without `unsafe` only if it has that instruction set itself.

/// Adds the kernel for 32 to 128 bytes to a module with vectors of 16 or 32 bytes. The module must
/// have `V`, `LEN`, `load`, `store`, `xor`, and `repeat`, which fills a vector with a key.
macro_rules! short_masking_kernels {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn mask_32_to_128(
            mut operands: impl $crate::arch::words::mask::Operands,
            key: u32,
        ) {
            if let Some((places, blocks)) = xor_four(operands.from(), key) {
                store_four(operands.to(), places, blocks);
            }
        }

        /// The four blocks of [`chunks::four`](crate::arch::chunks::four).
        pub(super) type Four = [[V; 32 / LEN]; 4];

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn xor_four(bytes: &[u8], key: u32) -> Option<([usize; 2], Four)> {
            use $crate::arch::{chunks, rotate};
            let (places, [a, b, c, d]) = chunks::four::<32>(bytes)?;
            let (first_key, last_key) = (repeat(key), repeat(rotate(key, bytes.len())));
            let [a, b] = [xor_32(&a, first_key), xor_32(&b, first_key)];
            let [c, d] = [xor_32(&c, last_key), xor_32(&d, last_key)];
            Some((places, [a, b, c, d]))
        }

        #[inline]
        #[target_feature(enable = $features)]
        pub(super) fn store_four(to: &mut [u8], [second, third]: [usize; 2], [a, b, c, d]: Four) {
            use $crate::arch::chunks;
            // Both ends are written last: code that reads the first or the last word next gets it
            // from one store.
            store_32(chunks::at_mut::<32>(to, second), b);
            store_32(chunks::at_mut::<32>(to, third), c);
            store_32(to, a);
            store_32(chunks::last_mut::<32>(to), d);
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor_32(block: &[u8; 32], key: V) -> [V; 32 / LEN] {
            let (parts, mut i) = (block.as_chunks().0, 0);
            let mut vectors = [key; 32 / LEN];
            while i < vectors.len() {
                vectors[i] = xor(load(&parts[i]), key);
                i += 1;
            }
            vectors
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store_32(bytes: &mut [u8], vectors: [V; 32 / LEN]) {
            let Some(place) = bytes.first_chunk_mut::<32>() else { return };
            let (parts, mut i) = (place.as_chunks_mut().0, 0);
            while i < vectors.len() {
                store(&mut parts[i], vectors[i]);
                i += 1;
            }
        }
    };
}

/// Adds `mask` and `mask_copy`, which choose a kernel by the length. `$short` is the module with
/// the kernel for 32 to 128 bytes.
macro_rules! masking_kernels {
    ($features:literal, $($short:ident)::+) => {
        #[target_feature(enable = $features)]
        fn mask(bytes: &mut [u8], key: u32) {
            use $crate::arch::words::mask::{InPlace, few_words};
            match bytes.len() {
                0..32 => _ = few_words(InPlace(bytes), key),
                32..=128 => $($short)::+::mask_32_to_128(InPlace(bytes), key),
                _ => mask_long(bytes, key),
            }
        }

        #[target_feature(enable = $features)]
        fn mask_copy(from: &[u8], to: &mut [u8], key: u32) {
            use $crate::arch::words::mask::{Copying, few_words};
            match from.len().min(to.len()) {
                0..32 => _ = few_words(Copying::new(from, to), key),
                32..=128 => $($short)::+::mask_32_to_128(Copying::new(from, to), key),
                _ => mask_copy_long(from, to, key),
            }
        }
    };
}

/// Adds the kernels for more than 128 bytes, for vectors of any length. The module must have the
/// same operations.
macro_rules! long_masking_kernels {
    ($features:literal) => {
        #[inline(never)]
        #[target_feature(enable = $features)]
        fn mask_long(bytes: &mut [u8], key: u32) {
            mask_turns($crate::arch::words::mask::InPlace(bytes), key);
        }

        #[inline(never)]
        #[target_feature(enable = $features)]
        fn mask_copy_long(from: &[u8], to: &mut [u8], key: u32) {
            mask_turns($crate::arch::words::mask::Copying::new(from, to), key);
        }

        /// The bytes of four vectors.
        const TURN: usize = 4 * LEN;

        #[inline]
        #[target_feature(enable = $features)]
        fn mask_turns(mut operands: impl $crate::arch::words::mask::Operands, key: u32) {
            use $crate::arch::{chunks, rotate};
            let len = operands.len();
            if len <= TURN {
                return mask_two_pairs(operands, key);
            }
            let (first_key, last_key) = (repeat(key), repeat(rotate(key, len)));
            let from = operands.from();
            let Some(last) = chunks::last(from) else { return };
            let last = xor_turn(&last, last_key);
            if len <= 2 * TURN {
                let Some(first) = chunks::first(from) else { return };
                let first = xor_turn(&first, first_key);
                store_turn(operands.to(), first);
                store_turn(chunks::last_mut::<TURN>(operands.to()), last);
                return;
            }
            let Some(first) = chunks::first(from) else { return };
            let first = xor(load(&first), first_key);

            let mut at = LEN - operands.to().as_ptr().addr() % LEN;
            let body_key = repeat(rotate(key, at));
            while at + TURN < len {
                let next = at + TURN;
                let Some(turn) = operands.from().get(at..next).and_then(<[u8]>::first_chunk) else {
                    break;
                };
                let turn = xor_turn(turn, body_key);
                store_turn(operands.to().get_mut(at..next).unwrap_or_default(), turn);
                at = next;
            }
            // The bytes under these two were loaded before the loop stored over them.
            if let Some(place) = operands.to().first_chunk_mut() {
                store(place, first);
            }
            store_turn(chunks::last_mut::<TURN>(operands.to()), last);
        }

        /// For two to four vectors.
        #[inline]
        #[target_feature(enable = $features)]
        fn mask_two_pairs(mut operands: impl $crate::arch::words::mask::Operands, key: u32) {
            use $crate::arch::{chunks, rotate};
            let (first_key, last_key) = (repeat(key), repeat(rotate(key, operands.len())));
            let from = operands.from();
            let (Some(first), Some(last)) = (chunks::first(from), chunks::last(from)) else {
                return;
            };
            let (first, last) = (xor_pair(&first, first_key), xor_pair(&last, last_key));
            store_pair(operands.to(), first);
            store_pair(chunks::last_mut::<{ 2 * LEN }>(operands.to()), last);
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor_pair(pair: &[u8; 2 * LEN], key: V) -> [V; 2] {
            let [a, b] = pair.as_chunks().0 else { return [key; 2] };
            [xor(load(a), key), xor(load(b), key)]
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store_pair(bytes: &mut [u8], [a, b]: [V; 2]) {
            let Some(place) = bytes.first_chunk_mut::<{ 2 * LEN }>() else { return };
            if let [to_a, to_b] = place.as_chunks_mut().0 {
                store(to_a, a);
                store(to_b, b);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor_turn(turn: &[u8; TURN], key: V) -> [V; 4] {
            let [a, b, c, d] = turn.as_chunks().0 else { return [key; 4] };
            [xor(load(a), key), xor(load(b), key), xor(load(c), key), xor(load(d), key)]
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store_turn(bytes: &mut [u8], [a, b, c, d]: [V; 4]) {
            let Some(place) = bytes.first_chunk_mut::<TURN>() else { return };
            if let [to_a, to_b, to_c, to_d] = place.as_chunks_mut().0 {
                store(to_a, a);
                store(to_b, b);
                store(to_c, c);
                store(to_d, d);
            }
        }
    };
}

pub(super) use {long_masking_kernels, masking_kernels, short_masking_kernels};
