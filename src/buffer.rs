//! What is appended to: `Vec`, and `BytesMut`.

use alloc::vec::Vec;

/// A buffer of bytes that grows at its end.
pub(crate) trait Buffer {
    fn len(&self) -> usize;

    /// How many bytes can be appended without more memory.
    fn room(&self) -> usize;

    fn reserve(&mut self, bytes: usize);

    fn truncate(&mut self, len: usize);

    fn append(&mut self, bytes: &[u8]);

    /// Appends so many bytes, and lends them.
    fn append_zeros(&mut self, bytes: usize) -> &mut [u8];
}

macro_rules! impl_buffer {
    ($buffer:ty) => {
        impl Buffer for $buffer {
            #[inline(always)]
            fn len(&self) -> usize {
                self.len()
            }

            #[inline(always)]
            fn room(&self) -> usize {
                self.capacity() - self.len()
            }

            #[inline(always)]
            fn reserve(&mut self, bytes: usize) {
                self.reserve(bytes);
            }

            #[inline(always)]
            fn truncate(&mut self, len: usize) {
                self.truncate(len);
            }

            #[inline(always)]
            fn append(&mut self, bytes: &[u8]) {
                self.extend_from_slice(bytes);
            }

            #[inline(always)]
            fn append_zeros(&mut self, bytes: usize) -> &mut [u8] {
                let start = self.len();
                self.resize(start + bytes, 0);
                &mut self[start..]
            }
        }
    };
}
impl_buffer!(Vec<u8>);
#[cfg(feature = "bytes")]
impl_buffer!(bytes::BytesMut);
