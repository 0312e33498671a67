//! The frames for all cases. They are the same in every run, and encoded without the library, so
//! that it is not compared with itself.

use std::ops::RangeInclusive;

use wsframe::{MaskingKey, Opcode};

/// The number of frames in a case.
pub const FRAMES: usize = 1024;

/// The kind of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Binary,
    /// JSON, all ASCII.
    Json,
    Korean,
}

impl Kind {
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

    /// Returns `len` bytes of the sample, from `start` on. A character that would be cut at the end
    /// is replaced by dots.
    fn payload(self, len: usize, start: usize) -> Vec<u8> {
        let sample = match self {
            Self::Binary => return (start..start + len).map(|i| (i * 167 % 251) as u8).collect(),
            Self::Json => r#"{"id":48151623,"price":42.1875,"side":"buy","tags":["a","bc"]},"#,
            Self::Korean => "웹소켓은 하나의 연결에서 양쪽이 함께 말하는 규약이다. ",
        };
        let start = sample.floor_char_boundary(start % sample.len());
        let text = sample[start..].to_owned() + &sample.repeat(len / sample.len() + 1);
        let end = text.floor_char_boundary(len);
        let mut bytes = text.into_bytes();
        bytes.truncate(end);
        bytes.resize(len, b'.');
        bytes
    }
}

/// An unfragmented frame: its key, and its payload before it is masked.
#[derive(Clone, Debug)]
pub struct Frame {
    pub kind: Kind,
    pub key: MaskingKey,
    pub payload: Vec<u8>,
}

impl Frame {
    /// Returns the frames of a case, all of one kind. Their lengths are uniformly random in the
    /// range.
    pub fn many(kind: Kind, lengths: RangeInclusive<usize>) -> Vec<Self> {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let (shortest, longest) = lengths.into_inner();
        let mut frame = || {
            let len = shortest + random.next() % (longest - shortest + 1);
            let payload = kind.payload(len, random.next());
            Self { kind, key: MaskingKey::new((random.next() as u32).to_le_bytes()), payload }
        };
        (0..FRAMES).map(|_| frame()).collect()
    }

    /// Returns the bytes of the header, with or without the key.
    pub fn header(&self, masked: bool) -> Vec<u8> {
        let mask_bit = if masked { 0x80 } else { 0 };
        let mut header = vec![if self.kind == Kind::Binary { 0x82 } else { 0x81 }];
        if self.payload.len() < 126 {
            header.push(mask_bit | self.payload.len() as u8);
        } else {
            header.push(mask_bit | 126);
            header.extend((self.payload.len() as u16).to_be_bytes());
        }
        if masked {
            header.extend(self.key.to_bytes());
        }
        header
    }

    /// Returns the masked payload.
    pub fn masked(&self) -> Vec<u8> {
        let key = self.key.to_bytes();
        self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
    }
}

/// A generator of pseudo-random numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as usize
    }
}
