use super::totals::Totals;
use crate::measure::Work;
use crate::payload::{self, Kind, Random, Size};

/// Which side reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Server,
    Client,
}

/// A stream of masked or unmasked frames of one kind and size, and what must come out of it.
pub struct Workload {
    pub side: Side,
    pub stream: Vec<u8>,
    pub expected: Totals,
}

impl Workload {
    /// About 4 MiB where the size is fixed, and at least 8 messages.
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

    /// One text of this many bytes that is not UTF-8 at its middle byte.
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
