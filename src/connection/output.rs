//! Where a connection puts what is to be sent.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::error::EncodeError;
use crate::frame::FrameEncoder;

/// A queue of bytes that are to be sent: the connection appends frames, its caller sends and removes
/// them.
///
/// `Vec<u8>` is one (feature `alloc`), `BytesMut` another (feature `bytes`), and [`FixedOutput`] one that
/// needs no allocator.
pub trait Output {
    /// How many bytes wait to be sent.
    fn pending(&self) -> usize;

    /// How many bytes can be appended; `usize::MAX` if that has no bound.
    fn room(&self) -> usize;

    /// Appends a frame.
    ///
    /// # Errors
    ///
    /// As [`FrameEncoder::write`]. Nothing was appended then.
    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError>;
}

#[cfg(feature = "alloc")]
impl Output for Vec<u8> {
    #[inline]
    fn pending(&self) -> usize {
        self.len()
    }

    #[inline]
    fn room(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        frame.append(payload, self)
    }
}

#[cfg(feature = "bytes")]
impl Output for bytes::BytesMut {
    #[inline]
    fn pending(&self) -> usize {
        self.len()
    }

    #[inline]
    fn room(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        frame.append_to(payload, self)
    }
}

/// An [`Output`] in a buffer that the caller lends.
///
/// ```
/// use wsframe::{Connection, FixedOutput};
///
/// let mut buf = [0; 64];
/// let mut out = FixedOutput::new(&mut buf);
/// let mut connection = Connection::server();
/// connection.send("Hello", &mut out)?;
/// assert_eq!(out.bytes(), b"\x81\x05Hello");
///
/// out.consume(3); // as many as the socket took
/// assert_eq!(out.bytes(), b"ello");
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct FixedOutput<'b> {
    buf: &'b mut [u8],
    len: usize,
}

impl<'b> FixedOutput<'b> {
    /// An empty queue of at most as many bytes as `buf` holds. With fewer than
    /// [`MIN_BUFFER_LEN`](crate::MIN_BUFFER_LEN) a connection cannot reply to every frame.
    #[must_use]
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, len: 0 }
    }

    /// The bytes that wait to be sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or_default()
    }

    /// Removes the first `sent` bytes, or all if there are fewer.
    pub fn consume(&mut self, sent: usize) {
        let queued = self.buf.get_mut(..self.len).unwrap_or_default();
        let sent = sent.min(queued.len());
        queued.copy_within(sent.., 0);
        self.len = queued.len() - sent;
    }
}

impl Output for FixedOutput<'_> {
    fn pending(&self) -> usize {
        self.len
    }

    fn room(&self) -> usize {
        self.buf.len() - self.len
    }

    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        let rest = self.buf.get_mut(self.len..).unwrap_or_default();
        self.len += frame.write(payload, rest)?.len();
        Ok(())
    }
}
