//! A naive decoder of DEFLATE (RFC 1951), bit by bit, for messages of permessage-deflate.

/// The meaning of a payload.
#[derive(Debug, PartialEq)]
pub struct Inflated {
    /// The output, without that of the four bytes that a sender removes. Of an invalid payload, the
    /// output up to the error.
    pub bytes: Vec<u8>,
    /// The greatest distance of a reference.
    pub max_distance: usize,
    /// Whether the payload is valid.
    pub right: bool,
    /// How many of the last bytes the next message may refer to: those after the last block with
    /// BFINAL.
    pub referable: usize,
}

/// Decodes the payload of a message, which may refer to `history`.
pub fn inflate(history: &[u8], payload: &[u8]) -> Inflated {
    let data = [payload, &[0, 0, 0xFF, 0xFF]].concat();
    let mut reader = Reader {
        data: &data,
        bit: 0,
        payload_bits: payload.len() * 8,
        out: history.to_vec(),
        of_payload: history.len(),
        window_start: 0,
        max_distance: 0,
        empty_block_at: None,
    };
    let mut right = true;
    while right && reader.bit < data.len() * 8 {
        right = reader.block().is_some();
    }
    // The sender has removed exactly the length of an empty block.
    right &= reader.empty_block_at == Some(payload.len());
    reader.out.truncate(reader.of_payload);
    let referable = reader.out.len().saturating_sub(reader.window_start);
    let bytes = reader.out.split_off(history.len());
    Inflated { bytes, max_distance: reader.max_distance, right, referable }
}

struct Reader<'d> {
    data: &'d [u8],
    bit: usize,
    payload_bits: usize,
    out: Vec<u8>,
    /// The length of the output of the payload without the four bytes.
    of_payload: usize,
    /// The first byte that can be referred to.
    window_start: usize,
    max_distance: usize,
    /// The offset of the length of the last block, if that is empty and uncompressed.
    empty_block_at: Option<usize>,
}

/// For each code length from 1: the first code, and the symbols of this code and those after it
/// (RFC 1951 §3.2.2).
type Codes = Vec<(u32, Vec<u32>)>;

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

impl Reader<'_> {
    fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for i in 0..count {
            let byte = *self.data.get(self.bit / 8)?;
            value |= u32::from(byte >> (self.bit % 8) & 1) << i;
            self.bit += 1;
        }
        Some(value)
    }

    fn written(&mut self) {
        if self.bit <= self.payload_bits {
            self.of_payload = self.out.len();
        }
    }

    fn block(&mut self) -> Option<()> {
        self.empty_block_at = None;
        let last = self.bits(1)? == 1;
        match self.bits(2)? {
            0 => self.stored()?,
            1 => {
                let lengths = |symbol| match symbol {
                    0..=143 => 8,
                    144..=255 => 9,
                    256..=279 => 7,
                    _ => 8,
                };
                let literals: Vec<u32> = (0..288).map(lengths).collect();
                self.compressed(&codes(&literals), &codes(&[5; 32]))?;
            }
            2 => {
                let (literals, distances) = self.tables()?;
                self.compressed(&literals, &distances)?;
            }
            _ => return None,
        }
        if last {
            self.bit = self.bit.next_multiple_of(8);
            self.window_start = self.out.len();
            self.empty_block_at = None;
        }
        Some(())
    }

    fn stored(&mut self) -> Option<()> {
        self.bit = self.bit.next_multiple_of(8);
        let at = self.bit / 8;
        let (len, complement) = (self.bits(16)?, self.bits(16)?);
        if len != !complement & 0xFFFF {
            return None;
        }
        for _ in 0..len {
            let byte = self.bits(8)?;
            self.out.push(byte as u8);
            self.written();
        }
        self.empty_block_at = (len == 0).then_some(at);
        Some(())
    }

    fn tables(&mut self) -> Option<(Codes, Codes)> {
        let literals = self.bits(5)? as usize + 257;
        let distances = self.bits(5)? as usize + 1;
        let lengths = self.bits(4)? as usize + 4;
        if literals > 286 || distances > 30 {
            return None;
        }
        let mut of_lengths = [0; 19];
        for &symbol in &ORDER[..lengths] {
            of_lengths[symbol] = self.bits(3)?;
        }
        if room(&of_lengths) != 0 {
            return None;
        }
        let of_lengths = codes(&of_lengths);
        let mut all = Vec::new();
        while all.len() < literals + distances {
            let (length, times) = match self.symbol(&of_lengths)? {
                16 => (*all.last()?, 3 + self.bits(2)?),
                17 => (0, 3 + self.bits(3)?),
                18 => (0, 11 + self.bits(7)?),
                length => (length, 1),
            };
            all.extend((0..times).map(|_| length));
        }
        if all.len() > literals + distances || all[256] == 0 {
            return None;
        }
        let usable = |lengths: &[u32]| {
            // There may be a single code of one bit, or no code.
            room(lengths) == 0 || (room(lengths) > 0 && lengths.iter().all(|&length| length <= 1))
        };
        let (literals, distances) = all.split_at(literals);
        (usable(literals) && usable(distances)).then(|| (codes(literals), codes(distances)))
    }

    fn symbol(&mut self, codes: &Codes) -> Option<u32> {
        let mut code = 0;
        for (first, symbols) in codes {
            code = code << 1 | self.bits(1)?;
            let index = code.checked_sub(*first).unwrap_or(u32::MAX);
            if let Some(symbol) = symbols.get(index as usize) {
                return Some(*symbol);
            }
        }
        None
    }

    fn compressed(&mut self, literals: &Codes, distances: &Codes) -> Option<()> {
        loop {
            self.written();
            let symbol = self.symbol(literals)?;
            match symbol {
                0..=255 => self.out.push(symbol as u8),
                256 => return Some(()),
                _ => {
                    let length = match symbol {
                        257..=264 => symbol - 254,
                        265..=284 => {
                            let extra = (symbol - 261) / 4;
                            3 + ((4 + (symbol - 265) % 4) << extra) + self.bits(extra)?
                        }
                        285 => 258,
                        _ => return None,
                    };
                    let symbol = self.symbol(distances)?;
                    let distance = match symbol {
                        0..=3 => symbol + 1,
                        4..=29 => {
                            let extra = symbol / 2 - 1;
                            1 + ((2 + symbol % 2) << extra) + self.bits(extra)?
                        }
                        _ => return None,
                    } as usize;
                    self.max_distance = self.max_distance.max(distance);
                    let window = (self.out.len() - self.window_start).min(1 << 15);
                    if distance > window {
                        return None;
                    }
                    for _ in 0..length {
                        self.out.push(self.out[self.out.len() - distance]);
                    }
                }
            }
        }
    }
}

/// Returns how many codes of 15 bits are unused. It is negative if there are too many codes.
fn room(lengths: &[u32]) -> i32 {
    let taken = lengths.iter().filter(|&&length| length > 0).map(|length| 1 << (15 - length));
    (1 << 15) - taken.sum::<i32>()
}

fn codes(lengths: &[u32]) -> Codes {
    let mut next = 0;
    let of_length = |length| {
        let first = next << 1;
        let has = |symbol: &u32| lengths[*symbol as usize] == length;
        let symbols: Vec<u32> = (0..lengths.len() as u32).filter(has).collect();
        next = first + symbols.len() as u32;
        (first, symbols)
    };
    (1..=15).map(of_length).collect()
}
