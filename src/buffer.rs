//! Growable buffers that frames are appended to: `Vec` and `BytesMut`.

use alloc::vec::Vec;

#[cfg(not(any(wsframe_backend = "words", wsframe_backend = "small")))]
use crate::arch::append::Spare;

/// Stands in for the trait of `arch::append`, which builds without `unsafe` do not have.
#[cfg(any(wsframe_backend = "words", wsframe_backend = "small"))]
pub(crate) trait Spare {}

/// A buffer of bytes that grows at its end.
pub(crate) trait Buffer: Spare {
    fn reserve(&mut self, bytes: usize);

    fn append(&mut self, bytes: &[u8]);

    /// Appends this many zeros, and returns them.
    fn append_zeros(&mut self, bytes: usize) -> &mut [u8];
}

macro_rules! impl_buffer {
    ($buffer:ty) => {
        #[cfg(any(wsframe_backend = "words", wsframe_backend = "small"))]
        impl Spare for $buffer {}

        impl Buffer for $buffer {
            #[inline(always)]
            fn reserve(&mut self, bytes: usize) {
                self.reserve(bytes);
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
