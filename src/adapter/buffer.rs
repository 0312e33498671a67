//! The buffer of an adapter.

use alloc::vec::Vec;
use core::fmt;

/// The capacity of a new buffer, and of one that has shrunk.
const MIN_CAPACITY: usize = 4 << 10;
/// The maximum capacity that reads alone make a buffer grow to.
const MAX_CAPACITY: usize = 256 << 10;
/// The number of small reads in a row after which a buffer shrinks.
const SMALL_READS: u8 = 8;

/// A buffer for bytes that were read and not used yet.
///
/// Its capacity adapts to the reads. It is 4 KiB at first, and doubles up to 256 KiB while reads fill
/// it. After eight reads in a row of less than an eighth of the capacity it is 4 KiB again.
///
/// If the unread bytes fill the buffer, it doubles without that bound. This happens only if a decoder
/// waits for a longer frame, because of
/// [`whole_frames_up_to`](crate::FrameDecoder::whole_frames_up_to).
///
/// ```
/// use wsframe::adapter::ReadBuffer;
/// use wsframe::{Connection, Event};
///
/// # fn example(mut socket: impl std::io::Read + std::io::Write) -> std::io::Result<()> {
/// let mut connection = Connection::server();
/// let (mut buffer, mut out) = (ReadBuffer::new(), Vec::new());
/// loop {
///     let count = socket.read(buffer.space())?;
///     if count == 0 {
///         return Ok(());
///     }
///     buffer.advance(count);
///     let mut input = buffer.unread();
///     while let Some(event) = connection.receive(&mut input, &mut out)? {
///         if let Event::Text(chunk) = event {
///             println!("{:?}", chunk.text.as_str());
///         }
///     }
///     let unused = input.len();
///     buffer.consume_all_but(unused);
///     socket.write_all(&out)?;
///     out.clear();
/// }
/// # }
/// ```
#[derive(Default)]
pub struct ReadBuffer {
    /// All of it is initialised.
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the last read left no space.
    was_filled: bool,
    small_reads: u8,
}

impl ReadBuffer {
    /// Creates an empty buffer, which allocates when it is first read into.
    #[must_use]
    pub const fn new() -> Self {
        Self { buf: Vec::new(), start: 0, end: 0, was_filled: false, small_reads: 0 }
    }

    /// Creates a buffer with the bytes that were read together with an opening handshake and follow
    /// it.
    #[must_use]
    pub fn from_received(received: &[u8]) -> Self {
        let buf = Vec::from(received);
        Self { end: buf.len(), buf, ..Self::new() }
    }

    /// Returns the bytes that were read and not used yet.
    #[must_use]
    #[inline]
    pub fn unread(&mut self) -> &mut [u8] {
        &mut self.buf[self.start..self.end]
    }

    /// Returns whether all bytes that were read are used.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Returns how many bytes the buffer can hold before it grows.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buf.len()
    }

    /// Returns the part of the buffer for the next read, which is never empty. Moves unread bytes to
    /// the beginning of the buffer, and adapts its capacity.
    pub fn space(&mut self) -> &mut [u8] {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let capacity = self.buf.len();
        let is_short = capacity < MIN_CAPACITY || self.end == capacity;
        if is_short || (self.was_filled && capacity < MAX_CAPACITY) {
            self.buf.resize((2 * capacity).max(MIN_CAPACITY), 0);
        } else if self.small_reads >= SMALL_READS && self.end < MIN_CAPACITY {
            self.buf.truncate(MIN_CAPACITY);
            self.buf.shrink_to_fit();
            self.small_reads = 0;
        }
        self.was_filled = false;
        &mut self.buf[self.end..]
    }

    /// Adds the first `count` bytes of [`space`](Self::space), which were read, to the unread
    /// bytes.
    ///
    /// # Panics
    ///
    /// Panics if `count` exceeds the length of the space.
    pub fn advance(&mut self, count: usize) {
        let space = self.buf.len() - self.end;
        assert!(count <= space, "{count} bytes were read into a space of {space}");
        self.end += count;
        self.was_filled = count == space;
        let is_small = self.buf.len() > MIN_CAPACITY && count < self.buf.len() / 8;
        self.small_reads = if is_small { self.small_reads.saturating_add(1) } else { 0 };
    }

    /// Removes all unread bytes but the last `count`.
    ///
    /// # Panics
    ///
    /// Panics if fewer than `count` are unread.
    #[inline]
    pub fn consume_all_but(&mut self, count: usize) {
        let unread = self.end - self.start;
        assert!(count <= unread, "{count} of {unread} unread bytes cannot be kept");
        self.start = self.end - count;
    }

    /// Returns the unread bytes, where they begin, and where they end.
    pub(super) fn parts(&mut self) -> (&mut [u8], &mut usize, usize) {
        let Self { buf, start, end, .. } = self;
        (&mut buf[*start..*end], start, *end)
    }

    /// Frees the memory if the buffer is empty. The next read allocates again.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::new();
        }
    }
}

/// Omits the bytes, which may be secret.
impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unread = self.end - self.start;
        f.debug_struct("ReadBuffer")
            .field("unread", &unread)
            .field("capacity", &self.capacity())
            .finish()
    }
}
