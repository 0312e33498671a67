use std::io;

use futures_util::FutureExt;
use tokio::io::AsyncReadExt;

use super::{Peer, READ};

/// By how much a buffer grows at most before bytes arrive, whatever length a header claims.
const STEP: u64 = 64 << 10;

/// What was read and not yet consumed: everything from `start` on.
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

    /// Takes so many of the unread bytes.
    #[inline(always)]
    pub fn consume(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.start;
        self.start += bytes;
        &mut self.bytes[start..self.start]
    }

    /// The bytes that were consumed last.
    #[inline(always)]
    pub fn consumed(&mut self, bytes: usize) -> &mut [u8] {
        &mut self.bytes[self.start - bytes..self.start]
    }

    /// Moves what is unread to the front and fills the buffer up, in one read, to what it was made
    /// with: what a long message let it grow by is not in the first cache. `false` at the end of
    /// the stream.
    pub fn fill(&mut self, peer: &mut Peer<'_>) -> io::Result<bool> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let held = self.bytes.len();
        self.read(peer, (READ - held) as u64)?;
        Ok(self.bytes.len() > held)
    }

    /// Reads at most `most` bytes after all others, and does not move these.
    pub fn read_on(&mut self, peer: &mut Peer<'_>, most: u64) -> io::Result<()> {
        let most = most.min(STEP);
        self.bytes.reserve(most as usize);
        self.read(peer, most)
    }

    /// Reads into memory that was not zeroed, as a tokio socket does.
    fn read(&mut self, peer: &mut Peer<'_>, most: u64) -> io::Result<()> {
        let mut peer = peer.take(most);
        peer.read_buf(&mut self.bytes).now_or_never().expect("always ready")?;
        Ok(())
    }
}
