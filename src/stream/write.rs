//! The write queue.

use alloc::collections::VecDeque;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

use crate::codec::Messages;
use crate::{EncodeError, MAX_HEADER_LEN, MaskingKeys, Message, MessageData, Opcode, Output, Role};

/// The length from which payloads are queued by reference. Copying a shorter one costs less than a
/// slice of a vectored write.
const BY_REFERENCE: usize = 4 << 10;
/// The most slices in one vectored write.
const MAX_SLICES: usize = 32;
/// A tail of more than this capacity is freed as soon as it is written.
const MAX_IDLE_TAIL: usize = 256 << 10;
/// The first capacity of a tail.
const FIRST_TAIL: usize = 256;
/// A tail of more than this capacity is freed after `SMALL_FLUSHES` flushes that did not need it.
const SMALL_TAIL: usize = 2 << 10;
/// See [`SMALL_TAIL`].
const SMALL_FLUSHES: u8 = 4;
/// A tail of more than `SMALL_TAIL` and up to this capacity is freed by a flush if nothing was
/// received since the last one. Such a stream is often one of many receivers of a broadcast. The next
/// receiver then allocates the same memory, which is still in the cache.
const SHARED_TAIL: usize = 16 << 10;

/// Frames that the transport has not taken yet.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    /// The frames before the tail: payloads by reference, and earlier tails between them.
    segments: VecDeque<Bytes>,
    /// Headers and short frames, copied together.
    tail: BytesMut,
    /// How many bytes are queued.
    len: usize,
    /// The largest capacity of the tail since it was allocated.
    tail_capacity: usize,
    /// How many bytes were written since the queue was empty.
    written: usize,
    /// The first capacity of the next tail.
    first_tail: usize,
    small_flushes: u8,
    /// Whether bytes were received since the queue was last empty.
    has_received: bool,
}

impl WriteQueue {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Records that bytes were received, which may be answered.
    pub(super) const fn note_received(&mut self) {
        self.has_received = true;
    }

    /// Returns whether payloads are queued by reference. They may share the memory of the read
    /// buffer.
    pub(super) fn has_references(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Reserves capacity for a header or a short frame. Without this, each frame could allocate a
    /// tail of its own length.
    fn reserve(&mut self) {
        let is_enough = self.tail.capacity() - self.tail.len() >= MAX_HEADER_LEN;
        if !is_enough && !self.tail.try_reclaim(MAX_HEADER_LEN) && self.tail.len() < FIRST_TAIL {
            self.tail.reserve(self.first_tail.max(FIRST_TAIL));
        }
    }

    /// Appends bytes that are frames already.
    pub(super) fn append(&mut self, frames: &[u8]) {
        if frames.is_empty() {
            return;
        }
        self.reserve();
        self.tail.extend_from_slice(frames);
        self.len += frames.len();
    }

    /// Appends a frame that others share. A long one is not copied if the transport writes
    /// vectored.
    pub(super) fn append_shared(&mut self, frame: &Bytes, is_write_vectored: bool) {
        if frame.len() < BY_REFERENCE || !is_write_vectored {
            return self.append(frame);
        }
        self.segments.push_back(self.tail.split().freeze());
        self.segments.push_back(frame.clone());
        self.len += frame.len();
    }

    /// Returns what is queued.
    pub(super) fn into_bytes(self) -> BytesMut {
        let mut bytes = BytesMut::with_capacity(self.len);
        bytes.extend(self.segments);
        bytes.extend_from_slice(&self.tail);
        bytes
    }

    /// Appends the frame of a message, or a control frame. A long payload is not copied if the
    /// transport writes vectored.
    pub(super) fn send<K: MaskingKeys>(
        &mut self,
        messages: &mut Messages<K>,
        message: Message,
        is_write_vectored: bool,
    ) -> Result<(), EncodeError> {
        let by_reference = is_write_vectored && messages.sends_plain();
        let is_long = |payload: &Bytes| by_reference && payload.len() >= BY_REFERENCE;
        match message {
            Message::Text(text) if is_long(text.as_bytes()) => {
                self.send_long(messages, Opcode::Text, text.into())
            }
            Message::Binary(bytes) if is_long(&bytes) => {
                self.send_long(messages, Opcode::Binary, bytes)
            }
            message => self.copy(|tail| messages.send(&message, tail)),
        }
    }

    /// Appends the frame of the next fragment of a message.
    pub(super) fn send_fragment<K: MaskingKeys>(
        &mut self,
        messages: &mut Messages<K>,
        fragment: MessageData<'_>,
        fin: bool,
    ) -> Result<(), EncodeError> {
        self.copy(|tail| messages.send_fragment(fragment, fin, tail))
    }

    /// Appends a frame that is copied.
    #[inline(always)]
    fn copy(
        &mut self,
        append: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.reserve();
        let before = self.tail.len();
        append(&mut self.tail)?;
        self.len += self.tail.len() - before;
        self.tail_capacity = self.tail_capacity.max(self.tail.capacity());
        Ok(())
    }

    fn send_long<K: MaskingKeys>(
        &mut self,
        messages: &mut Messages<K>,
        opcode: Opcode,
        payload: Bytes,
    ) -> Result<(), EncodeError> {
        self.reserve();
        let frame = messages.connection_mut().frame_encoder(opcode, true)?;
        let before = self.tail.len();
        let payload = match messages.connection().role() {
            Role::Server => payload,
            // A payload is masked in place if nothing else refers to it, otherwise in a copy.
            Role::Client => match payload.try_into_mut() {
                Ok(mut ours) => {
                    frame.mask().apply(&mut ours);
                    ours.freeze()
                }
                Err(shared) => {
                    self.tail.append(frame, &shared)?;
                    self.len += self.tail.len() - before;
                    return Ok(());
                }
            },
        };
        self.tail.extend_from_slice(&frame.header(payload.len() as u64)?);
        self.len += self.tail.len() - before + payload.len();
        self.segments.push_back(self.tail.split().freeze());
        self.segments.push_back(payload);
        Ok(())
    }

    /// Writes until the queue is empty. The memory of a payload that nothing else refers to becomes
    /// the spare buffer.
    pub(super) fn poll_write(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        spare: &mut Option<BytesMut>,
    ) -> Poll<io::Result<()>> {
        while self.len > 0 {
            let io = Pin::new(&mut *io);
            let count = match self.segments.front() {
                None => ready!(io.poll_write(cx, &self.tail))?,
                Some(first) if !io.is_write_vectored() => ready!(io.poll_write(cx, first))?,
                Some(_) => {
                    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                    let queued =
                        self.segments.iter().map(|segment| &segment[..]).chain([&self.tail[..]]);
                    let mut count = 0;
                    for (slice, bytes) in slices.iter_mut().zip(queued) {
                        *slice = IoSlice::new(bytes);
                        count += 1;
                    }
                    ready!(io.poll_write_vectored(cx, &slices[..count]))?
                }
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(count.min(self.len), spare);
        }
        Poll::Ready(Ok(()))
    }

    /// Removes what was written.
    fn advance(&mut self, mut count: usize, spare: &mut Option<BytesMut>) {
        self.len -= count;
        self.written += count;
        while let Some(first) = self.segments.front_mut() {
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            if let Some(written) = self.segments.pop_front() {
                recycle(written, spare);
            }
        }
        self.tail.advance(count);
        if self.len == 0 {
            self.shrink();
        }
    }

    /// Releases memory that recent flushes did not need. The queue is empty.
    fn shrink(&mut self) {
        let is_shared = (SMALL_TAIL + 1..=SHARED_TAIL).contains(&self.tail_capacity);
        if !mem::take(&mut self.has_received) && is_shared {
            let first_tail = self.written.min(SHARED_TAIL);
            *self = Self { first_tail, ..Self::default() };
        } else if self.tail_capacity > SMALL_TAIL {
            if self.written > self.tail_capacity / 4 {
                self.small_flushes = 0;
            } else {
                self.small_flushes += 1;
            }
            if self.tail_capacity > MAX_IDLE_TAIL || self.small_flushes >= SMALL_FLUSHES {
                self.clear();
            }
        }
        // The next frames go to the beginning of the memory, which is still in the cache.
        let _ = self.tail.try_reclaim(self.tail_capacity);
        self.written = 0;
    }

    /// Discards what is queued, and frees its memory.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Frees the memory of an empty queue.
    pub(super) fn release(&mut self) {
        if self.len == 0 {
            self.clear();
        }
    }
}

/// Keeps the memory of a payload for the read buffer, if nothing else refers to it.
fn recycle(payload: Bytes, spare: &mut Option<BytesMut>) {
    if let Ok(mut memory) = payload.try_into_mut() {
        memory.clear();
        // Includes the bytes before the payload, if possible.
        let _ = memory.try_reclaim(memory.capacity() + 1);
        if spare.as_ref().is_none_or(|spare| spare.capacity() < memory.capacity()) {
            *spare = Some(memory);
        }
    }
}
