//! The memory of the buffer that `Framed` reads into.
//!
//! A large message makes the buffer grow, and `Framed` would keep it until the connection ends. So a
//! codec notes the growth, and moves the contents to a new buffer when few bytes are left. It must
//! note the growth before a message is split off, because the capacity of the remaining part does
//! not include the rest of the memory.

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

    /// Notes the capacity. Must be called after the buffer may have grown, and before anything is
    /// split off.
    #[inline]
    pub(crate) fn note(&mut self, buffer: &BytesMut) {
        self.0 |= buffer.capacity() > MAX_IDLE_LEN;
    }

    /// Moves the contents to a new buffer if the buffer has grown and few bytes are left in it.
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
