/// The totals of a stream, from which it is seen that a rival has done the work.
///
/// The first and the last eight bytes of each message are read as a word at once, as an application
/// does that parses messages. If this load must wait for a rival's stores, the wait counts for the
/// rival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub messages: u64,
    bytes: u64,
    /// The sum of the words that were read.
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

/// A message that arrives in pieces, cut anywhere.
#[derive(Default)]
pub struct Pieces {
    len: usize,
    /// The first eight bytes of the message, or fewer, the earliest one highest.
    first: u64,
    /// The last eight bytes, in the same order.
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
