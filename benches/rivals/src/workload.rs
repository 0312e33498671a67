//! The bytes that everyone is given: a stream of masked or unmasked frames of one kind and size.

/// What the payloads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Binary,
    /// JSON, all ASCII.
    Json,
    Korean,
    Emoji,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Binary, Self::Json, Self::Korean, Self::Emoji];

    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Json => "JSON",
            Self::Korean => "Korean",
            Self::Emoji => "emoji",
        }
    }

    pub fn is_text(self) -> bool {
        self != Self::Binary
    }

    /// `len` bytes of this kind, beginning somewhere in it; text ends in ASCII where a character would
    /// be cut.
    fn payload(self, len: usize, start: usize) -> Vec<u8> {
        let sample = match self {
            Self::Binary => return (0..len).map(|i| ((start + i) * 167 % 256) as u8).collect(),
            Self::Json => {
                r#"{"id":48151623,"symbol":"WSF","price":42.1875,"side":"buy","tags":["a","bc"]},"#
            }
            Self::Korean => "웹소켓은 하나의 연결에서 양쪽이 함께 말하는 규약이다. ",
            Self::Emoji => "🦀🚀🎉👩‍🚀🌍✨🔥🐙",
        };
        let start = start % sample.len();
        let start = (start..).find(|&at| sample.is_char_boundary(at)).unwrap_or(0);
        let text = sample[start..].to_owned() + &sample.repeat(len / sample.len() + 1);
        let end = (0..=len).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let mut bytes = text.into_bytes();
        bytes.truncate(end);
        bytes.resize(len, b'.');
        bytes
    }
}

/// How long the payloads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Fixed(usize),
    /// Uniformly random, both ends included.
    Random(usize, usize),
}

impl Size {
    pub fn name(self) -> String {
        match self {
            Self::Fixed(len) if len >= 1 << 20 => format!("{} MiB", len >> 20),
            Self::Fixed(len) if len >= 1 << 10 => format!("{} KiB", len >> 10),
            Self::Fixed(len) => format!("{len} B"),
            Self::Random(from, to) => format!("{from}–{to} B"),
        }
    }
}

/// Which side reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Server,
    Client,
}

/// A stream, and what must come out of it.
pub struct Workload {
    pub side: Side,
    pub stream: Vec<u8>,
    pub expected: Totals,
}

/// What a rival got out of a stream: enough that none can win by not doing the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub messages: u64,
    pub bytes: u64,
    /// Over the first and the last byte of each message, and its length.
    pub sum: u64,
}

impl Totals {
    #[inline(always)]
    pub fn add(&mut self, message: &[u8]) {
        self.messages += 1;
        self.bytes += message.len() as u64;
        let (first, last) = match message {
            [] => (0, 0),
            [first, .., last] => (*first, *last),
            [only] => (*only, *only),
        };
        self.sum = self.sum.wrapping_add(u64::from(first) << 8 | u64::from(last));
    }
}

/// Small numbers without a pattern (xorshift64*), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }
}

impl Workload {
    /// At least 64 Ki messages where sizes are random, since fewer are learnt by the branch predictor;
    /// else about 4 MiB, and at least 16 messages.
    pub fn new(kind: Kind, size: Size, side: Side) -> Self {
        let messages = match size {
            Size::Random(..) => 64 << 10,
            Size::Fixed(len) => ((4 << 20) / (len + 6)).clamp(16, 64 << 10),
        };
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut stream = Vec::new();
        let mut expected = Totals::default();
        for _ in 0..messages {
            let len = match size {
                Size::Fixed(len) => len,
                Size::Random(from, to) => from + random.next() as usize % (to - from + 1),
            };
            let payload = kind.payload(len, random.next() as usize % 1000);
            expected.add(&payload);
            let key = (random.next() as u32).to_le_bytes();
            let key = (side == Side::Server).then_some(key);
            frame(kind, &payload, key, &mut stream);
        }
        Self { side, stream, expected }
    }
}

/// Written by hand, so that no rival is judged by another's encoder.
fn frame(kind: Kind, payload: &[u8], key: Option<[u8; 4]>, stream: &mut Vec<u8>) {
    stream.push(if kind.is_text() { 0x81 } else { 0x82 });
    let mask_bit = if key.is_some() { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..126 => stream.push(mask_bit | len as u8),
        len @ 126..65_536 => {
            stream.push(mask_bit | 126);
            stream.extend((len as u16).to_be_bytes());
        }
        len => {
            stream.push(mask_bit | 127);
            stream.extend((len as u64).to_be_bytes());
        }
    }
    stream.extend(key.iter().flatten());
    let key = key.unwrap_or([0; 4]);
    stream.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}
