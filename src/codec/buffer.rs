//! The memory of the buffers that `Framed` reads into and writes from.
//!
//! A buffer grows with a large message, and would stay as large for the connection's life. So it is noted
//! when it has grown, and as soon as it holds little again, what it holds moves to a new one. (To look at
//! the buffer then would be too late: what was split off its front no longer counts, but it is kept with
//! the rest.)

use bytes::BytesMut;

/// What a buffer has at first: as much as `Framed` gives it.
const FIRST_LEN: usize = 8 << 10;
/// What it may keep between two messages.
const MAX_IDLE_LEN: usize = 64 << 10;

/// Whether a buffer has become large.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth(bool);

impl Growth {
    /// Of a new buffer.
    pub(super) const NONE: Self = Self(false);

    /// To be called where the buffer may have grown, and has not been used up since.
    #[inline]
    pub(super) fn note(&mut self, buffer: &BytesMut) {
        self.0 |= buffer.capacity() > MAX_IDLE_LEN;
    }

    /// To be called when what was in the buffer has been used.
    #[inline]
    pub(super) fn undo(&mut self, buffer: &mut BytesMut) {
        if self.0 && buffer.len() < FIRST_LEN {
            let mut first = BytesMut::with_capacity(FIRST_LEN);
            first.extend_from_slice(buffer);
            *buffer = first;
            self.0 = false;
        }
    }
}
