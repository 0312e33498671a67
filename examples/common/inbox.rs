//! The buffer for bytes that were read and not used yet.

use wsframe::MIN_BUFFER_LEN;

/// The length of the buffer. It does not depend on the lengths that frames declare.
const LEN: usize = 64 << 10;
const _: () = assert!(LEN >= MIN_BUFFER_LEN);

/// Bytes that have arrived and are not used yet, at the beginning of a fixed buffer.
///
/// In a loop, read into [`space`](Self::space), pass the number of bytes to
/// [`filled`](Self::filled), use [`bytes`](Self::bytes), and call [`keep_last`](Self::keep_last)
/// with the number of unused ones.
pub(crate) struct Inbox {
    buf: Box<[u8]>,
    len: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { buf: vec![0; LEN].into(), len: 0 }
    }

    /// Returns the bytes that have arrived.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.buf[..self.len]
    }

    /// Returns the space for the next read.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.buf[self.len..]
    }

    /// Records that `count` bytes were read into the space.
    pub(crate) fn filled(&mut self, count: usize) {
        self.len += count;
    }

    /// Keeps only the last `count` bytes. Usually these are few: a part of a header, or of a short
    /// frame.
    pub(crate) fn keep_last(&mut self, count: usize) {
        self.buf.copy_within(self.len - count..self.len, 0);
        self.len = count;
    }
}
