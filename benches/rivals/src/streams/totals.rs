/// What a rival got out of a stream: enough that none can win by not doing the work.
///
/// Everyone's messages are read at once, the first and the last eight bytes of each as a word: what
/// an application does that parses them. A rival whose stores the next load must wait for pays for
/// that here, and in every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub messages: u64,
    bytes: u64,
    /// Over what was read.
    sum: u64,
}

impl Totals {
    #[inline(always)]
    pub fn add(&mut self, message: &[u8]) {
        let mut pieces = Pieces::default();
        pieces.push(message);
        self.add_pieces(&pieces);
    }

    #[inline(always)]
    pub fn add_pieces(&mut self, message: &Pieces) {
        self.messages += 1;
        self.bytes += message.len as u64;
        self.sum = self.sum.wrapping_add(message.first).wrapping_add(message.last.rotate_left(1));
    }
}

/// A message that is seen in pieces, cut anywhere.
#[derive(Default)]
pub struct Pieces {
    len: usize,
    /// Its first eight bytes, or all of it, the earliest highest.
    first: u64,
    /// Its last eight, likewise.
    last: u64,
}

impl Pieces {
    #[inline(always)]
    pub fn push(&mut self, piece: &[u8]) {
        match (piece.first_chunk(), piece.last_chunk()) {
            (Some(first), Some(last)) if self.len == 0 => {
                self.first = u64::from_be_bytes(*first);
                self.last = u64::from_be_bytes(*last);
            }
            _ => self.push_bytes(piece),
        }
        self.len += piece.len();
    }

    #[inline(always)]
    fn push_bytes(&mut self, piece: &[u8]) {
        for &byte in piece.iter().take(8_usize.saturating_sub(self.len)) {
            self.first = self.first << 8 | u64::from(byte);
        }
        for &byte in &piece[piece.len().saturating_sub(8)..] {
            self.last = self.last << 8 | u64::from(byte);
        }
    }
}
