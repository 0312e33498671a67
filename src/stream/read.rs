//! The read buffer, whose capacity adapts to what the peer sends.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// The first capacity, and the one between small messages.
const MIN_CAPACITY: usize = 4 << 10;
/// The largest capacity that does not depend on what has arrived of a frame.
const MAX_CAPACITY: usize = 256 << 10;
/// Capacity in addition to a long frame, for its header and the next one's.
const HEADROOM: usize = 32;
/// The number of small reads in a row after which the capacity is `MIN_CAPACITY` again.
const SMALL_READS: u8 = 4;

/// The read buffer: bytes that have arrived and were not decoded yet, and capacity for more.
///
/// - The capacity grows only after a read has filled it, so a declared length cannot make it grow.
/// - Within a long frame, the capacity is that of the rest of the frame. It is at most
///   `MAX_CAPACITY` or twice what has arrived, unless the buffer already has more. No read goes past
///   such a frame: the next message then begins at the start of a buffer, and the frame is not
///   copied.
/// - A buffer that has grown stays until a few reads in a row were small.
/// - Memory is reused when no message refers to it any more. Otherwise the next buffer is the spare
///   one, which is the memory of a message that was sent back, or a new one.
#[derive(Debug)]
pub(super) struct ReadBuffer {
    pub(super) bytes: BytesMut,
    /// How many bytes to read at once.
    capacity: usize,
    /// The size of the allocation that `bytes` is part of. `BytesMut` does not report it after a part
    /// was split off.
    allocated: usize,
    small_reads: u8,
}

impl ReadBuffer {
    /// Creates a buffer that contains these bytes.
    pub(super) fn new(received: BytesMut) -> Self {
        let allocated = received.capacity();
        Self { bytes: received, capacity: MIN_CAPACITY, allocated, small_reads: 0 }
    }

    /// Reads more bytes. `rest` is how many bytes of the open frame have not arrived. Returns how
    /// many bytes were read; 0 at the end of the transport.
    pub(super) fn poll_read(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        rest: u64,
        spare: &mut Option<BytesMut>,
    ) -> Poll<io::Result<usize>> {
        if self.allocated == 0 {
            return self.poll_first_read(io, cx);
        }
        let rest = usize::try_from(rest).unwrap_or(usize::MAX);
        let is_long = rest > self.capacity.saturating_sub(self.bytes.len());
        let offered =
            if is_long { self.reserve_for_frame(rest, spare) } else { self.reserve(spare) };
        let read = poll_read_buf(Pin::new(io), cx, &mut (&mut self.bytes).limit(offered));
        if let Poll::Ready(Ok(count)) = read {
            self.adapt(count, offered, is_long, spare);
        }
        read
    }

    /// Reads into the stack. So a stream without a buffer allocates one only when bytes arrive.
    #[cold]
    fn poll_first_read(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut first = [0; MIN_CAPACITY];
        let mut first = ReadBuf::new(&mut first);
        let read = Pin::new(io).poll_read(cx, &mut first);
        let first = first.filled();
        read.map_ok(|()| {
            if !first.is_empty() {
                self.grow(MIN_CAPACITY, &mut None);
                self.bytes.extend_from_slice(first);
                self.adapt(first.len(), MIN_CAPACITY, false, &mut None);
            }
            first.len()
        })
    }

    /// Reserves capacity for a read, and returns how many bytes may be read.
    fn reserve(&mut self, spare: &mut Option<BytesMut>) -> usize {
        let len = self.bytes.len();
        let is_too_large =
            self.capacity == MIN_CAPACITY && self.allocated > MIN_CAPACITY + HEADROOM;
        if is_too_large && len <= MIN_CAPACITY / 2 {
            self.grow(MIN_CAPACITY - len, &mut None);
        } else {
            // Neither the beginning of a short message nor messages that the caller keeps make the
            // buffer grow, as long as half of it is free.
            let additional = self.capacity - len.min(self.capacity / 2);
            let is_enough = self.remaining_capacity() >= self.capacity / 2;
            let is_reclaimed = (len == 0 || !is_enough) && self.bytes.try_reclaim(additional);
            if !is_reclaimed && !is_enough {
                self.grow(additional, spare);
            }
        }
        self.remaining_capacity().min(self.capacity)
    }

    /// Reserves capacity for the rest of a long frame, within the bounds, and returns how many bytes
    /// may be read.
    fn reserve_for_frame(&mut self, rest: usize, spare: &mut Option<BytesMut>) -> usize {
        // This is free if the memory is there already.
        if !self.bytes.try_reclaim(rest) {
            let len = self.bytes.len();
            let spare_capacity =
                spare.as_ref().map_or(0, |spare| spare.capacity().saturating_sub(len));
            let additional = rest.min(self.capacity.max(2 * len) - len);
            if spare_capacity >= rest {
                self.grow(rest, spare);
            } else if !self.bytes.try_reclaim(additional) {
                self.grow(additional.saturating_add(HEADROOM), spare);
            }
        }
        self.remaining_capacity().min(rest)
    }

    fn remaining_capacity(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    /// Moves the bytes to other memory, with capacity for `additional` more.
    fn grow(&mut self, additional: usize, spare: &mut Option<BytesMut>) {
        let needed = self.bytes.len() + additional;
        let fits = spare.as_ref().is_some_and(|spare| spare.capacity() >= needed);
        let mut grown = match spare.take_if(|_| fits) {
            Some(spare) => spare,
            None => BytesMut::with_capacity(needed),
        };
        self.allocated = grown.capacity();
        grown.extend_from_slice(&self.bytes);
        self.bytes = grown;
    }

    /// Adapts the capacity to what was read.
    fn adapt(&mut self, count: usize, offered: usize, is_long: bool, spare: &mut Option<BytesMut>) {
        if count == offered && count >= self.capacity / 2 {
            self.small_reads = 0;
            self.capacity =
                if is_long { MAX_CAPACITY } else { (4 * self.capacity).min(MAX_CAPACITY) };
        } else if is_long || count >= self.capacity / 4 {
            self.small_reads = 0;
        } else if self.capacity > MIN_CAPACITY || self.allocated > MIN_CAPACITY || spare.is_some() {
            self.small_reads += 1;
            if self.small_reads >= SMALL_READS {
                self.small_reads = 0;
                self.capacity = MIN_CAPACITY;
                *spare = None;
            }
        }
    }

    /// Returns whether a later read is likely to need this memory.
    pub(super) fn wants(&self, spare: &BytesMut) -> bool {
        self.capacity > MIN_CAPACITY && spare.capacity() <= 2 * self.allocated.max(MAX_CAPACITY)
    }

    /// Notes that decoding may have made the buffer grow.
    pub(super) fn note(&mut self) {
        self.allocated = self.allocated.max(self.bytes.capacity());
    }

    /// Releases all memory except that of bytes that were not decoded yet.
    pub(super) fn release(&mut self) {
        let rest = BytesMut::from(&self.bytes[..]);
        *self = Self::new(rest);
    }
}
