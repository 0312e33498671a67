//! The memory of the buffer that `Framed` reads into.
//!
//! A large message makes the buffer grow, and it would stay large until the connection ends.
//! Therefore a codec notes that it has grown, and moves its content to a new buffer when that is
//! short again. It must note this before a message is split off: the capacity of the rest does not
//! show how large the memory is.

use bytes::BytesMut;

/// The first capacity, which is what `Framed` allocates.
const FIRST_LEN: usize = 8 << 10;
/// The largest capacity that is kept between two messages.
const MAX_IDLE_LEN: usize = 64 << 10;

/// Whether a buffer has become large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth(bool);

impl Growth {
    /// The state of a new buffer.
    pub(crate) const NONE: Self = Self(false);

    /// Notes the capacity. It must be called after the buffer may have grown, and before anything
    /// is split off.
    #[inline]
    pub(crate) fn note(&mut self, buffer: &BytesMut) {
        self.0 |= buffer.capacity() > MAX_IDLE_LEN;
    }

    /// Moves the content to a new buffer if the capacity was large and the content is short.
    #[inline]
    pub(crate) fn undo(&mut self, buffer: &mut BytesMut) {
        if self.0 && buffer.len() < FIRST_LEN {
            let mut first = BytesMut::with_capacity(FIRST_LEN);
            first.extend_from_slice(buffer);
            *buffer = first;
            self.0 = false;
        }
    }
}
