use crate::measure::Work;
use crate::payload::{Random, Size};

/// JSON messages of one size, and the results of a run.
pub struct Messages {
    pub plain: Vec<Vec<u8>>,
    pub takeover: bool,
    /// The number of compressed bytes.
    pub compressed: usize,
    /// The number of decompressed bytes.
    pub decompressed: usize,
    closely: bool,
}

/// The total length. It is greater than any window, so that no message is found there again.
const ENOUGH: usize = 512 << 10;

impl Messages {
    pub fn new(size: Size, takeover: bool) -> Self {
        let mut random = Random::new();
        let message = |_| json(&mut random, size.mean() as usize);
        let plain = (0..size.count(ENOUGH)).map(message).collect();
        Self { plain, takeover, compressed: 0, decompressed: 0, closely: false }
    }

    /// Returns the total length in bytes.
    pub fn len(&self) -> usize {
        self.plain.iter().map(Vec::len).sum()
    }

    /// Passes each message to `round_trip`, which reports the compressed length and the
    /// decompressed message.
    pub fn each(&mut self, mut round_trip: impl FnMut(&[u8], &mut dyn FnMut(usize, &[u8]))) {
        for message in &self.plain {
            round_trip(message, &mut |compressed, decompressed| {
                assert_eq!(decompressed.len(), message.len());
                if self.closely {
                    assert_eq!(decompressed, message);
                }
                self.compressed += compressed;
                self.decompressed += decompressed.len();
            });
        }
    }
}

impl Work for Messages {
    fn items(&self) -> f64 {
        self.plain.len() as f64
    }

    fn look_closely(&mut self, closely: bool) {
        self.closely = closely;
    }

    fn reset(&mut self) {
        (self.compressed, self.decompressed) = (0, 0);
    }

    fn check(&self, rival: &str) {
        assert_eq!(self.decompressed, self.len(), "{rival}");
        assert!(self.compressed < self.len(), "{rival}");
    }
}

/// Returns JSON of trades, cut to `len` bytes.
fn json(random: &mut Random, len: usize) -> Vec<u8> {
    let mut text = String::from("[");
    while text.len() < len {
        let symbol = ["BTC-USD", "ETH-EUR", "SOL-USD", "XRP-JPY"][random.between(0, 3)];
        let side = ["buy", "sell"][random.between(0, 1)];
        let (id, price) = (random.between(1 << 20, 1 << 27), random.between(1, 70_000));
        let (cents, size) = (random.between(0, 99), random.between(1, 999));
        text += &format!(
            "{{\"id\":{id},\"symbol\":\"{symbol}\",\"price\":{price}.{cents:02},\
             \"side\":\"{side}\",\"size\":{size}}},"
        );
    }
    text.truncate(len);
    text.into_bytes()
}
