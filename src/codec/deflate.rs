//! Compressed messages in codecs and streams (feature `deflate`).
//!
//! A compressed message is decompressed as it arrives and collected in one buffer, which becomes
//! the message. The read buffer therefore holds no more than a chunk of it, and control frames
//! between its fragments are received as usual.

use alloc::vec::Vec;
use core::mem;
use core::panic::UnwindSafe;

use bytes::{Buf, BytesMut};

use super::chunks::{Next, Part, Piece, message};
use crate::deflate::{CompressedConnection, SharedPool, WindowBits};
use crate::{EncodeError, MaskingKeys, Message, MessageData, Output, ReceiveError, Rsv};

/// How many bytes are decompressed, and validated if they are text, in one step.
const MAX_PIECE_LEN: usize = 64 << 10;

/// A connection with negotiated compression.
pub(super) struct Compressed<K> {
    pub(super) connection: CompressedConnection<K>,
    pub(super) pool: SharedPool,
    /// What was decompressed of the message that is being received.
    pub(super) message: Vec<u8>,
}

impl<K> Compressed<K> {
    /// Returns whether the peer can decompress a message that was compressed without context
    /// takeover, in a window of this size. If so, releases the compressor, which has not seen it.
    pub(super) fn may_send_compressed(&mut self, window_bits: WindowBits) -> bool {
        let may = self.connection.context().is_some_and(|own| window_bits <= own.window_bits);
        if may {
            self.connection.release(&mut self.pool);
        }
        may
    }

    /// Gives back all memory after the connection has failed.
    #[cold]
    pub(super) fn abandon(&mut self) {
        self.message = Vec::new();
        self.connection.recycle(&mut self.pool);
    }
}

impl<K: MaskingKeys> Compressed<K> {
    /// Returns the next compressed message, or a control frame between its fragments, and removes it
    /// from `input`. Returns `None` when more bytes are needed, and before a plain message.
    #[inline]
    pub(super) fn receive(
        &mut self,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        match self.connection.compressed_len(input) {
            Some(len) => self.receive_compressed(len, input, out),
            None => Ok(None),
        }
    }

    #[inline(never)]
    fn receive_compressed(
        &mut self,
        len: usize,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Message>, ReceiveError> {
        let (mut collected, mut len) = (mem::take(&mut self.message), Some(len));
        while let Some(available) = len {
            match self.decompress(available, input, &mut collected, out)? {
                Some(Next::Part(Part { kind, last: true, .. })) => {
                    if collected.capacity() / 2 > collected.len() {
                        collected.shrink_to_fit();
                    }
                    return Ok(Some(message(kind, collected.into())?));
                }
                Some(Next::Part(_)) => {}
                Some(Next::Control(frame)) => {
                    self.message = collected;
                    return Ok(Some(frame));
                }
                None => break,
            }
            len = self.connection.compressed_len(input);
        }
        self.message = collected;
        Ok(None)
    }

    /// Returns the next piece of a compressed message, or a control frame between its fragments.
    /// Returns `None` when more bytes are needed, and before a plain message.
    pub(super) fn receive_piece(
        &mut self,
        input: &mut BytesMut,
        out: &mut impl Output,
    ) -> Result<Option<Next<Piece>>, ReceiveError> {
        let Some(available) = self.connection.compressed_len(input) else { return Ok(None) };
        let mut piece = Vec::new();
        let next = self.decompress(available, input, &mut piece, out)?;
        Ok(next.map(|next| next.with_payload(|_| piece.into())))
    }

    /// Appends the next piece of a compressed message to `buf`. `available` is the length of its
    /// input.
    fn decompress(
        &mut self,
        available: usize,
        input: &mut BytesMut,
        buf: &mut Vec<u8>,
        out: &mut impl Output,
    ) -> Result<Option<Next<Part>>, ReceiveError> {
        let start = buf.len();
        let room = available.saturating_mul(4).max(start).clamp(64, MAX_PIECE_LEN);
        buf.resize(start + room, 0);
        let mut rest = &mut input[..];
        let event = self.connection.receive(&mut rest, &mut buf[start..], &mut self.pool, out);
        let next = event.map(|event| event.map(Next::new));
        let left = rest.len();
        input.advance(input.len() - left);
        let len = match &next {
            Ok(Some(Next::Part(part))) => part.len,
            _ => 0,
        };
        buf.truncate(start + len);
        next
    }

    /// Sends a message, compressed if that is worthwhile, or a control frame.
    pub(super) fn send(
        &mut self,
        message: &Message,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let Self { connection, pool, .. } = self;
        match message {
            Message::Text(text) => connection.send(text.as_str(), pool, out),
            Message::Binary(bytes) => connection.send(&bytes[..], pool, out),
            _ => {
                connection.connection_mut().send_message(message, out)?;
                // The peer's window contains it, but the compressor has not seen it.
                if matches!(message, Message::Raw { rsv, .. } if rsv.contains(Rsv::RSV1)) {
                    connection.release(pool);
                }
                Ok(())
            }
        }
    }

    /// Sends the next fragment of a message, compressed if its message is.
    pub(super) fn send_fragment(
        &mut self,
        fragment: MessageData<'_>,
        fin: bool,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        self.connection.send_fragment(fragment, fin, &mut self.pool, out)
    }
}

/// After a panic in the middle of a message, a context has wrong contents at worst. Codecs would not
/// be unwind-safe because of zlib's pointers alone.
impl<K: UnwindSafe> UnwindSafe for Compressed<K> {}

/// Keeps the contexts for the next connection.
impl<K> Drop for Compressed<K> {
    fn drop(&mut self) {
        self.connection.recycle(&mut self.pool);
    }
}
