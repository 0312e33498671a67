//! A buffer of fixed length that slides over a stream.

use std::io::{self, Read};

use crate::Stop;

/// The length of the window in bytes.
pub(crate) const LEN: usize = 64 << 10;

/// The bytes that were read and not yet consumed, and their offset in the stream.
pub(crate) struct Window {
    source: Box<dyn Read>,
    buf: Box<[u8]>,
    start: usize,
    end: usize,
    offset: u64,
}

impl Window {
    pub(crate) fn new(source: Box<dyn Read>) -> Self {
        Self { source, buf: vec![0; LEN].into(), start: 0, end: 0, offset: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buf[self.start..self.end]
    }

    /// Returns the offset of the window in the stream.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the offset of the window's end, which is the number of bytes read.
    pub(crate) const fn end_offset(&self) -> u64 {
        self.offset + (self.end - self.start) as u64
    }

    pub(crate) fn consume(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    /// Reads more. Returns `false` at the end of the input, or if the window is full.
    pub(crate) fn fill(&mut self) -> Result<bool, Stop> {
        // The decoder leaves at most a header or a short frame, so this copies few bytes.
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.source.read(&mut self.buf[self.end..]) {
                Ok(len) => {
                    self.end += len;
                    return Ok(len > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Stop::Input(error)),
            }
        }
    }
}
