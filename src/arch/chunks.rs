//! Arrays inside slices, found without a panic and without `unsafe`.
//!
//! Kernels load vectors and words from arrays of a constant length. [`last`] does not use
//! `last_chunk` of `core`: the compiler does not always remove its bounds check, which leaves a
//! path to a panic. Here an index that wraps is outside the slice, so the result is `None`.

#[cfg(wsframe_vectors)]
use core::ops::Range;

#[inline(always)]
pub(super) fn first<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

#[inline(always)]
pub(super) fn last<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(bytes.len().wrapping_sub(N)..)?.first_chunk().copied()
}

/// Returns the last N bytes, to store an array there. If there are fewer, the slice is empty: an
/// `Option` would cost a null check.
#[inline(always)]
pub(super) fn last_mut<const N: usize>(bytes: &mut [u8]) -> &mut [u8] {
    bytes.get_mut(bytes.len().wrapping_sub(N)..).unwrap_or_default()
}

/// Returns the array at `at`, or the last one if `at` is beyond it. This clamp costs no branch.
#[inline(always)]
pub(super) fn at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    let end = bytes.len().checked_sub(N)?;
    bytes.get(at.min(end)..)?.first_chunk().copied()
}

#[cfg(wsframe_vectors)]
#[inline(always)]
pub(super) fn at_mut<const N: usize>(bytes: &mut [u8], at: usize) -> &mut [u8] {
    let end = bytes.len().saturating_sub(N);
    bytes.get_mut(at.min(end)..).unwrap_or_default()
}

/// Stores a block at the beginning of the slice, if it fits.
#[inline(always)]
pub(super) fn put<const N: usize>(bytes: &mut [u8], block: [u8; N]) {
    if let Some(place) = bytes.first_chunk_mut() {
        *place = block;
    }
}

/// Returns the range of whole blocks from `start` on that leaves at least one byte after it.
#[cfg(wsframe_vectors)]
#[inline(always)]
pub(super) fn blocks<const N: usize>(len: usize, start: usize) -> Range<usize> {
    let whole = len.saturating_sub(start + 1) / N;
    start..start + whole * N
}

/// Returns the whole arrays of N bytes in a slice. (`as_chunks` needs Rust 1.88.)
#[inline(always)]
pub(super) fn each<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = &[u8; N]> {
    bytes.chunks_exact(N).filter_map(|chunk| chunk.first_chunk())
}

#[inline(always)]
pub(super) fn each_mut<const N: usize>(bytes: &mut [u8]) -> impl Iterator<Item = &mut [u8; N]> {
    bytes.chunks_exact_mut(N).filter_map(|chunk| chunk.first_chunk_mut())
}

/// Returns four arrays that cover a slice of N to 4N bytes, and the positions of the two in the
/// middle.
///
/// From 2N bytes on they are the first two and the last two. Below 2N, the first and the last
/// occur twice.
#[inline(always)]
pub(super) fn four<const N: usize>(bytes: &[u8]) -> Option<([usize; 2], [[u8; N]; 4])> {
    let end = bytes.len().checked_sub(N)?;
    let second = if end >= N { N } else { 0 };
    let third = end - second;
    let four = [first(bytes)?, at(bytes, second)?, at(bytes, third)?, last(bytes)?];
    Some(([second, third], four))
}

/// Stores four arrays at the positions of [`four`].
///
/// Both ends are written last: code that reads the first or the last word next gets it from one
/// store.
#[inline(always)]
pub(super) fn put_four<const N: usize>(
    bytes: &mut [u8],
    [second, third]: [usize; 2],
    [a, b, c, d]: [[u8; N]; 4],
) {
    let Some(end) = bytes.len().checked_sub(N) else { return };
    for (at, block) in [(second, b), (third, c), (0, a), (end, d)] {
        if let Some(bytes) = bytes.get_mut(at.min(end)..) {
            put(bytes, block);
        }
    }
}
