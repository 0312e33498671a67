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
/// Capacity beyond a long frame: its header, and the next one's.
const HEADROOM: usize = 32;
/// After so many small reads in a row the capacity is the first one again.
const SMALL_READS: u8 = 4;

/// Bytes that have arrived and were not decoded yet, and the capacity for more.
///
/// - The capacity grows only when a read has filled it, so a peer cannot make it grow by declaring
///   a length.
/// - Within a long frame there is capacity for the rest of it: but never more than `MAX_CAPACITY`,
///   or twice what has arrived, unless the buffer has it already. No read goes past such a frame,
///   so the next message begins at the beginning of a buffer, and the frame need not be copied.
/// - A buffer that has grown stays until a few reads in a row were small.
/// - Memory is reused when no message refers to it any more. Otherwise the next buffer is the spare
///   one, which is the memory of a message that was sent back, or a new one.
#[derive(Debug)]
pub(super) struct ReadBuffer {
    pub(super) bytes: BytesMut,
    /// How many bytes to read at once, if that can be chosen.
    capacity: usize,
    /// The size of the memory that `bytes` is part of. (`BytesMut` does not tell, once a part was
    /// split off.)
    allocated: usize,
    small_reads: u8,
}

impl ReadBuffer {
    /// A buffer that holds what was received already.
    pub(super) fn new(received: BytesMut) -> Self {
        let allocated = received.capacity();
        Self { bytes: received, capacity: MIN_CAPACITY, allocated, small_reads: 0 }
    }

    /// Reads more. `rest` is how many bytes the open frame has still to come. Returns how many
    /// bytes were read; 0 at the end of the transport.
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
        let offered = if is_long { self.make_room_for(rest, spare) } else { self.make_room(spare) };
        let read = poll_read_buf(Pin::new(io), cx, &mut (&mut self.bytes).limit(offered));
        if let Poll::Ready(Ok(count)) = read {
            self.adapt(count, offered, is_long, spare);
        }
        read
    }

    /// Reads without a buffer, so that a stream that is idle from the start, or whose buffers were
    /// released, has none while it waits.
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

    /// Makes space for a read, and returns how many bytes may be read.
    fn make_room(&mut self, spare: &mut Option<BytesMut>) -> usize {
        let len = self.bytes.len();
        let is_too_large =
            self.capacity == MIN_CAPACITY && self.allocated > MIN_CAPACITY + HEADROOM;
        if is_too_large && len <= MIN_CAPACITY / 2 {
            self.grow(MIN_CAPACITY - len, &mut None);
        } else {
            // A part of a short message may be in front. It need not make the buffer grow. Nor need
            // messages that are kept, while there is space after them.
            let room = self.capacity - len.min(self.capacity / 2);
            let has_room = self.room() >= self.capacity / 2;
            let is_reclaimed = (len == 0 || !has_room) && self.bytes.try_reclaim(room);
            if !is_reclaimed && !has_room {
                self.grow(room, spare);
            }
        }
        self.room().min(self.capacity)
    }

    /// Makes space for the rest of a long frame, as far as that is allowed.
    fn make_room_for(&mut self, rest: usize, spare: &mut Option<BytesMut>) -> usize {
        // That costs nothing if the memory is there.
        if !self.bytes.try_reclaim(rest) {
            let len = self.bytes.len();
            let spare_room = spare.as_ref().map_or(0, |spare| spare.capacity().saturating_sub(len));
            let room = rest.min(self.capacity.max(2 * len) - len);
            if spare_room >= rest {
                self.grow(rest, spare);
            } else if !self.bytes.try_reclaim(room) {
                self.grow(room.saturating_add(HEADROOM), spare);
            }
        }
        self.room().min(rest)
    }

    fn room(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    /// Moves what there is to other memory, with space for so many bytes more.
    fn grow(&mut self, room: usize, spare: &mut Option<BytesMut>) {
        let needed = self.bytes.len() + room;
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

    /// Whether this is memory that a later read is likely to need.
    pub(super) fn wants(&self, spare: &BytesMut) -> bool {
        self.capacity > MIN_CAPACITY && spare.capacity() <= 2 * self.allocated.max(MAX_CAPACITY)
    }

    /// Notes that decoding may have made the buffer grow.
    pub(super) fn note(&mut self) {
        self.allocated = self.allocated.max(self.bytes.capacity());
    }

    /// Gives the memory back, except that of bytes that were not decoded yet.
    pub(super) fn release(&mut self) {
        let rest = BytesMut::from(&self.bytes[..]);
        *self = Self::new(rest);
    }
}
