//! Payloads, lengths and streams of frames for all benchmarks.

// No benchmark uses all of this.
#![allow(dead_code)]

use std::ops::Range;

use wsframe::{FrameEncoder, MaskingKey, Opcode};

/// The lengths of the payloads.
#[derive(Clone, Copy)]
pub enum Size {
    Fixed(usize),
    /// Uniformly random, both ends included.
    Random(usize, usize),
}

impl Size {
    /// Lengths as in real traffic: small and unpredictable.
    pub const MIXED: [Self; 3] =
        [Self::Random(0, 125), Self::Random(10, 200), Self::Random(126, 512)];
    pub const FIXED: [Self; 6] = [
        Self::Fixed(16),
        Self::Fixed(125),
        Self::Fixed(1 << 10),
        Self::Fixed(4 << 10),
        Self::Fixed(16 << 10),
        Self::Fixed(1 << 20),
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        Self::MIXED.into_iter().chain(Self::FIXED)
    }

    pub fn name(self) -> String {
        match self {
            Self::Fixed(len) => format!("{len}"),
            Self::Random(from, to) => format!("{from}-{to}"),
        }
    }

    /// Returns the lengths of many payloads.
    ///
    /// There are 64 Ki random lengths, because the branch predictor learns fewer, which would make
    /// everything look faster. Payloads of a fixed length are about 1 MiB in total, so that no
    /// store to a payload is still in flight when it is used again.
    pub fn lengths(self) -> Vec<usize> {
        let mut random = Random::new();
        match self {
            Self::Fixed(len) => vec![len; ((1 << 20) / len).max(1)],
            Self::Random(from, to) => {
                (0..64 << 10).map(|_| from + random.next() % (to - from + 1)).collect()
            }
        }
    }
}

/// A generator of pseudo-random numbers (xorshift64*), the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as usize
    }
}

/// The kind of a payload.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Binary,
    Json,
    Korean,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Binary, Self::Json, Self::Korean];

    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Json => "json",
            Self::Korean => "korean",
        }
    }

    pub fn opcode(self) -> Opcode {
        if self == Self::Binary { Opcode::Binary } else { Opcode::Text }
    }

    /// Returns `len` bytes. A character that would be cut at the end is replaced by dots.
    pub fn payload(self, len: usize) -> Vec<u8> {
        let sample = match self {
            Self::Binary => return (0..len).map(|i| (i * 167 % 251) as u8).collect(),
            Self::Json => r#"{"id":48151623,"price":42.1875,"side":"buy","tags":["a","bc"]},"#,
            Self::Korean => "웹소켓은 하나의 연결에서 양쪽이 함께 말하는 규약이다. ",
        };
        let text = sample.repeat(len / sample.len() + 1);
        let end = (0..=len).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        let mut bytes = text.into_bytes();
        bytes.truncate(end);
        bytes.resize(len, b'.');
        bytes
    }
}

/// Masked frames one after another, so that their payloads have any alignment.
pub struct Stream {
    pub bytes: Vec<u8>,
    /// The start of each header and the range of each payload.
    pub frames: Vec<(usize, Range<usize>)>,
    /// The number of payload bytes in total.
    pub payload_bytes: u64,
    pub key: MaskingKey,
}

impl Stream {
    pub fn new(kind: Kind, size: Size) -> Self {
        Self::of(kind, size.lengths())
    }

    /// Creates a stream with a frame for each of these lengths.
    pub fn of(kind: Kind, lengths: Vec<usize>) -> Self {
        let key = MaskingKey::new([0x37, 0xFA, 0x21, 0x3D]);
        let encoder = FrameEncoder::new(kind.opcode()).masking_key(key);
        let (mut bytes, mut frames, mut payload_bytes) = (Vec::new(), Vec::new(), 0);
        for len in lengths {
            let start = bytes.len();
            encoder.encode_to_vec(&kind.payload(len), &mut bytes).expect("a right frame");
            frames.push((start, bytes.len() - len..bytes.len()));
            payload_bytes += len as u64;
        }
        Self { bytes, frames, payload_bytes, key }
    }
}
