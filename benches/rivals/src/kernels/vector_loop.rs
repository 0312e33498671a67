//! The limit of the machine: simple loops over aligned vectors of the greatest width. Their ends
//! are slow, so they are a limit only for large payloads. They mask the bytes, which costs nothing
//! next to the stores, so that their results can be checked like those of the rivals.

use multiversion::multiversion;

const BLOCK: usize = 64;

/// Reads, changes and writes all bytes in place.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2", "aarch64+neon"))]
pub fn change(bytes: &mut [u8], key: [u8; 4]) {
    let head = bytes.as_ptr().align_offset(BLOCK).min(bytes.len());
    let (head, body) = bytes.split_at_mut(head);
    let (blocks, tail) = body.as_chunks_mut::<BLOCK>();
    let pattern: [u8; BLOCK] = std::array::from_fn(|i| key[(head.len() + i) % 4]);
    for (byte, i) in head.iter_mut().zip(0..) {
        *byte ^= key[i % 4];
    }
    for block in blocks {
        for (byte, with) in block.iter_mut().zip(pattern) {
            *byte ^= with;
        }
    }
    for (byte, with) in tail.iter_mut().zip(pattern) {
        *byte ^= with;
    }
}

/// Reads all bytes and writes them elsewhere. It does not call `memcpy`, which is slow for some
/// lengths.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2", "aarch64+neon"))]
pub fn copy(from: &[u8], to: &mut [u8], key: [u8; 4]) {
    let head = to.as_ptr().align_offset(BLOCK).min(to.len());
    let pattern: [u8; BLOCK] = std::array::from_fn(|i| key[(head + i) % 4]);
    let (from_head, from_body) = from.split_at(head);
    let (to_head, to_body) = to.split_at_mut(head);
    let (from_blocks, from_tail) = from_body.as_chunks::<BLOCK>();
    let (to_blocks, to_tail) = to_body.as_chunks_mut::<BLOCK>();
    for ((to, from), i) in to_head.iter_mut().zip(from_head).zip(0..) {
        *to = from ^ key[i % 4];
    }
    for (to, from) in to_blocks.iter_mut().zip(from_blocks) {
        for ((to, from), with) in to.iter_mut().zip(from).zip(pattern) {
            *to = from ^ with;
        }
    }
    for ((to, from), with) in to_tail.iter_mut().zip(from_tail).zip(pattern) {
        *to = from ^ with;
    }
}
