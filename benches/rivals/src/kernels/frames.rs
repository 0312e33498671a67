use std::hint::black_box;
use std::ops::Range;

use super::memory::Memory;
use crate::measure::Work;
use crate::payload::{self, Kind, Random, Size};

/// The layout of payloads in memory.
#[derive(Clone, Copy)]
pub enum Layout {
    /// Frames one after another, as on the wire, so that payloads have any alignment.
    Wire,
    /// Each payload begins at a cache line.
    Aligned,
}

impl Layout {
    pub fn name(self) -> &'static str {
        match self {
            Self::Wire => "on the wire",
            Self::Aligned => "aligned",
        }
    }
}

/// Payloads for a run: masked ones, which it must unmask in place or into other memory, or plain
/// ones, which it must read.
pub struct Frames {
    /// The payloads before a run.
    masked: Memory,
    /// The payloads after a run.
    plain: Memory,
    /// The memory that a run works on.
    pub bytes: Memory,
    payloads: Vec<(Range<usize>, [u8; 4])>,
    /// The number of passes over all payloads in a run.
    passes: usize,
}

/// The total length of payloads of a fixed size. They fit into the L1 cache, and there are enough
/// of them that masking one does not wait for the store of the previous one.
const FIRST_CACHE: usize = 16 << 10;

/// The number of bytes in a run. It is enough to be timed.
const ENOUGH: usize = 1 << 20;

impl Frames {
    /// Creates payloads that a run unmasks several times, so that it can be timed. Masking twice
    /// restores the bytes, so this is an odd number of times.
    pub fn masked(kind: Kind, size: Size, layout: Layout) -> Self {
        let mut frames = Self::new(kind, size, layout, FIRST_CACHE, Random::key);
        frames.passes = (ENOUGH / frames.plain.len()) | 1;
        frames
    }

    /// Creates payloads that a run unmasks once. Text must be unmasked only once, because it is not
    /// text after another pass.
    pub fn masked_once(kind: Kind, size: Size) -> Self {
        Self::new(kind, size, Layout::Wire, ENOUGH / 4, Random::key)
    }

    /// Creates payloads that a run reads.
    pub fn plain(kind: Kind, size: Size) -> Self {
        let mut frames = Self::new(kind, size, Layout::Wire, FIRST_CACHE, |_| [0; 4]);
        frames.passes = (ENOUGH / frames.plain.len()).max(1);
        frames
    }

    fn new(
        kind: Kind,
        size: Size,
        layout: Layout,
        room: usize,
        key: fn(&mut Random) -> [u8; 4],
    ) -> Self {
        let mut random = Random::new();
        let mut plain = Vec::new();
        let mut payloads = Vec::new();
        for _ in 0..size.count(room) {
            let len = size.draw(&mut random);
            let key = key(&mut random);
            match layout {
                Layout::Wire => payload::header(kind, len, Some(key), &mut plain),
                Layout::Aligned => plain.resize(plain.len().next_multiple_of(64), 0),
            }
            let start = plain.len();
            plain.extend(kind.payload(len, random.between(0, 999)));
            payloads.push((start..plain.len(), key));
        }
        let plain = Memory::new(&plain);
        let mut masked = Memory::new(&plain);
        for (range, key) in &payloads {
            payload::xor(&mut masked[range.clone()], *key);
        }
        Self { bytes: Memory::new(&masked), masked, plain, payloads, passes: 1 }
    }

    /// Calls the kernel for each payload, with its key.
    #[inline(always)]
    pub fn each(&mut self, kernel: impl Fn(&mut [u8], [u8; 4])) {
        for _ in 0..self.passes {
            let bytes = black_box(&mut *self.bytes);
            for (range, key) in &self.payloads {
                kernel(&mut bytes[range.clone()], *key);
            }
        }
    }

    /// Calls the kernel for each payload, with its target and its key.
    #[inline(always)]
    pub fn each_copy(&mut self, kernel: impl Fn(&[u8], &mut [u8], [u8; 4])) {
        for _ in 0..self.passes {
            let (from, to) = black_box((&*self.masked, &mut *self.bytes));
            for (range, key) in &self.payloads {
                kernel(&from[range.clone()], &mut to[range.clone()], *key);
            }
        }
    }

    /// Calls the kernel for each payload, to read it.
    #[inline(always)]
    pub fn each_plain(&self, kernel: impl Fn(&[u8])) {
        for _ in 0..self.passes {
            let bytes = black_box(&*self.plain);
            for (range, _) in &self.payloads {
                kernel(&bytes[range.clone()]);
            }
        }
    }
}

impl Work for Frames {
    fn items(&self) -> f64 {
        (self.payloads.len() * self.passes) as f64
    }

    fn reset(&mut self) {
        self.bytes.copy_from_slice(&self.masked);
    }

    fn check(&self, rival: &str) {
        assert!(*self.bytes == *self.plain, "{rival} got something else");
    }
}
