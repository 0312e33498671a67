use std::io;

use futures_util::FutureExt;
use tokio::io::AsyncReadExt;

use super::{Peer, READ};

/// The greatest growth of a buffer before bytes arrive. It does not depend on declared lengths.
const STEP: u64 = 64 << 10;

/// A buffer of bytes that were read. Those from `start` on were not consumed.
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(READ), start: 0 }
    }

    #[inline(always)]
    pub fn unread(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    /// Consumes this many bytes.
    #[inline(always)]
    pub fn consume(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.start;
        self.start += bytes;
        &mut self.bytes[start..self.start]
    }

    /// Returns the bytes that were consumed last.
    #[inline(always)]
    pub fn consumed(&mut self, bytes: usize) -> &mut [u8] {
        &mut self.bytes[self.start - bytes..self.start]
    }

    /// Moves the unconsumed bytes to the front, and fills the buffer up to its original capacity in
    /// one read. The capacity that a long message has added is not used, because it is not in the
    /// L1 cache. Returns `false` at the end of the stream.
    pub fn fill(&mut self, peer: &mut Peer<'_>) -> io::Result<bool> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let held = self.bytes.len();
        self.read(peer, (READ - held) as u64)?;
        Ok(self.bytes.len() > held)
    }

    /// Reads at most `most` bytes, and appends them without moving the others.
    pub fn read_on(&mut self, peer: &mut Peer<'_>, most: u64) -> io::Result<()> {
        let most = most.min(STEP);
        self.bytes.reserve(most as usize);
        self.read(peer, most)
    }

    /// Reads into uninitialised memory, as a tokio socket does.
    fn read(&mut self, peer: &mut Peer<'_>, most: u64) -> io::Result<()> {
        let mut peer = peer.take(most);
        peer.read_buf(&mut self.bytes).now_or_never().expect("always ready")?;
        Ok(())
    }
}
