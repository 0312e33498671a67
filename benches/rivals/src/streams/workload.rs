use super::totals::Totals;
use crate::measure::Work;
use crate::payload::{self, Kind, Random, Size};

/// The side that reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Server,
    Client,
}

/// A stream of masked or unmasked frames of one kind and size, and its expected totals.
pub struct Workload {
    pub side: Side,
    pub stream: Vec<u8>,
    pub expected: Totals,
}

impl Workload {
    /// Creates a stream of at least 8 messages. It has about 4 MiB if the size is fixed.
    pub fn new(kind: Kind, size: Size, side: Side) -> Self {
        let messages = size.count(4 << 20).clamp(8, 64 << 10);
        let mut random = Random::new();
        let mut workload = Self { side, stream: Vec::new(), expected: Totals::default() };
        for _ in 0..messages {
            let len = size.draw(&mut random);
            let payload = kind.payload(len, random.between(0, 999));
            workload.push(kind, &payload, random.key());
        }
        workload
    }

    /// Creates a stream of one text of this many bytes, whose middle byte is invalid.
    pub fn broken(len: usize, side: Side) -> Self {
        let mut payload = Kind::Korean.payload(len, 0);
        payload[len / 2] = 0xFF;
        let mut workload = Self { side, stream: Vec::new(), expected: Totals::default() };
        workload.push(Kind::Korean, &payload, Random::new().key());
        workload
    }

    fn push(&mut self, kind: Kind, payload: &[u8], key: [u8; 4]) {
        let key = (self.side == Side::Server).then_some(key);
        payload::frame(kind, payload, key, &mut self.stream);
        self.expected.add(payload);
    }
}

impl Work for Workload {
    fn items(&self) -> f64 {
        self.expected.messages as f64
    }
}
