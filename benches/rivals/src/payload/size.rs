use std::fmt;

use serde::Serialize;

use super::Random;

/// The lengths of the payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Size {
    Fixed(usize),
    /// Uniformly random, both ends included.
    Random(usize, usize),
}

impl Size {
    /// The least number of random sizes. The branch predictor learns fewer, which would make
    /// everything look two to four times as fast.
    const RANDOM: usize = 64 << 10;

    /// Returns the number of payloads of this size. Those of a fixed size fill `room` bytes.
    pub fn count(self, room: usize) -> usize {
        match self {
            Self::Fixed(len) => (room / len.max(1)).max(1),
            Self::Random(..) => Self::RANDOM,
        }
    }

    pub fn draw(self, random: &mut Random) -> usize {
        match self {
            Self::Fixed(len) => len,
            Self::Random(from, to) => random.between(from, to),
        }
    }

    /// Returns the mean length in bytes.
    pub fn mean(self) -> f64 {
        match self {
            Self::Fixed(len) => len as f64,
            Self::Random(from, to) => (from + to) as f64 / 2.0,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed(len) if len >= 1 << 20 => write!(f, "{} MiB", len >> 20),
            Self::Fixed(len) if len >= 1 << 10 && len % (1 << 10) == 0 => {
                write!(f, "{} KiB", len >> 10)
            }
            Self::Fixed(len) => write!(f, "{len} B"),
            Self::Random(from, to) => write!(f, "{from}–{to} B"),
        }
    }
}
