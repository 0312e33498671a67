use std::ops::{Deref, DerefMut};

/// Bytes that begin at a cache line, so that the alignment is the same in every run.
pub struct Memory {
    bytes: Vec<u8>,
    start: usize,
}

const LINE: usize = 64;

impl Memory {
    pub fn new(content: &[u8]) -> Self {
        let mut bytes = vec![0; content.len() + LINE];
        let start = bytes.as_ptr().align_offset(LINE);
        bytes.truncate(start + content.len());
        bytes[start..].copy_from_slice(content);
        Self { bytes, start }
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}
