//! Output buffers of a connection.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::error::EncodeError;
use crate::frame::FrameEncoder;

/// A queue of bytes to send. The connection appends frames, and the caller sends and removes them.
///
/// | type | capacity |
/// |---|---|
/// | `Vec<u8>` (feature `alloc`), `BytesMut` (feature `bytes`) | unlimited |
/// | [`SliceOutput`] | a buffer that the caller lends |
///
/// Implement it to limit how many bytes may wait:
///
/// ```
/// use wsframe::{EncodeError, FrameEncoder, Output};
///
/// struct Bounded {
///     bytes: Vec<u8>,
///     max: usize,
/// }
///
/// impl Output for Bounded {
///     fn pending(&self) -> usize {
///         self.bytes.len()
///     }
///
///     fn remaining_capacity(&self) -> usize {
///         self.max.saturating_sub(self.bytes.len())
///     }
///
///     fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
///         let header = frame.header(payload.len() as u64)?;
///         let needed = header.len().saturating_add(payload.len());
///         if needed > self.remaining_capacity() {
///             return Err(EncodeError::NoRoom { needed });
///         }
///         frame.encode_to_vec(payload, &mut self.bytes)
///     }
/// }
/// ```
pub trait Output {
    /// Returns how many bytes wait to be sent.
    fn pending(&self) -> usize;

    /// Returns the remaining capacity in bytes, or `usize::MAX` if it is unlimited.
    fn remaining_capacity(&self) -> usize;

    /// Appends a frame, or returns an error and appends nothing.
    ///
    /// # Errors
    ///
    /// Same as [`FrameEncoder::encode_to_slice`]: [`NoRoom`](EncodeError::NoRoom) if the remaining
    /// capacity is too small, and the errors of [`FrameEncoder::header`].
    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError>;
}

#[cfg(feature = "alloc")]
impl Output for Vec<u8> {
    #[inline]
    fn pending(&self) -> usize {
        self.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        frame.encode_to_vec(payload, self)
    }
}

#[cfg(feature = "bytes")]
impl Output for bytes::BytesMut {
    #[inline]
    fn pending(&self) -> usize {
        self.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        frame.append_to(payload, self)
    }
}

/// An [`Output`] in a buffer that the caller lends. It needs no allocator.
///
/// ```
/// use wsframe::{Connection, SliceOutput};
///
/// let mut buf = [0; 64];
/// let mut out = SliceOutput::new(&mut buf);
/// let mut connection = Connection::server();
/// connection.send("Hello", &mut out)?;
/// assert_eq!(out.bytes(), b"\x81\x05Hello");
///
/// out.consume(3); // as many as the socket took
/// assert_eq!(out.bytes(), b"ello");
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct SliceOutput<'b> {
    buf: &'b mut [u8],
    len: usize,
}

impl<'b> SliceOutput<'b> {
    /// Creates an empty output whose capacity is the length of `buf`.
    ///
    /// It should be at least [`MIN_BUFFER_LEN`](crate::MIN_BUFFER_LEN), so that every reply fits
    /// into an empty output.
    #[must_use]
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, len: 0 }
    }

    /// Returns the bytes that wait to be sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or_default()
    }

    /// Removes the first `sent` bytes, or all of them if there are fewer.
    pub fn consume(&mut self, sent: usize) {
        let queued = self.buf.get_mut(..self.len).unwrap_or_default();
        let sent = sent.min(queued.len());
        queued.copy_within(sent.., 0);
        self.len = queued.len() - sent;
    }
}

impl Output for SliceOutput<'_> {
    fn pending(&self) -> usize {
        self.len
    }

    fn remaining_capacity(&self) -> usize {
        self.buf.len() - self.len
    }

    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        let rest = self.buf.get_mut(self.len..).unwrap_or_default();
        self.len += frame.encode_to_slice(payload, rest)?.len();
        Ok(())
    }
}
