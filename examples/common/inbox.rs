//! What was read and is not used yet.

use wsframe::MIN_BUFFER_LEN;

/// A connection reads into one buffer of this length, whatever lengths its frames declare.
const LEN: usize = 64 << 10;
const _: () = assert!(LEN >= MIN_BUFFER_LEN);

/// Bytes that have arrived and are not used yet, at the beginning of a fixed buffer.
///
/// A loop over it reads into [`space`](Self::space), says how much that was, uses what it can of
/// [`bytes`](Self::bytes), and keeps the rest.
pub(crate) struct Inbox {
    buf: Box<[u8]>,
    len: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { buf: vec![0; LEN].into(), len: 0 }
    }

    /// What has arrived.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.buf[..self.len]
    }

    /// Where the next read goes.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.buf[self.len..]
    }

    /// Says that so many bytes were read into the space.
    pub(crate) fn filled(&mut self, count: usize) {
        self.len += count;
    }

    /// Keeps the last `count` bytes, and no others. Usually these are few: a part of a header, or
    /// of a short frame.
    pub(crate) fn keep_last(&mut self, count: usize) {
        self.buf.copy_within(self.len - count..self.len, 0);
        self.len = count;
    }
}
