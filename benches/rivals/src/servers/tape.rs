//! The frames that a client sends, and the check of their echoes.

use std::error::Error;

use crate::payload::{Kind, Random, frame};

/// Frames of one kind and length, each with a payload and a key of its own. They are encoded before
/// anything is measured.
pub struct Tape {
    /// The masked frames, twice, so that any frame and its successors are contiguous.
    sent: Vec<u8>,
    /// The payloads, one after another.
    payloads: Vec<u8>,
    frame_len: usize,
    payload_len: usize,
    /// The number of frames.
    pub len: usize,
    opcode: u8,
}

impl Tape {
    pub fn new(kind: Kind, payload_len: usize, len: usize) -> Self {
        let mut random = Random::new();
        let (mut sent, mut payloads) = (Vec::new(), Vec::new());
        for _ in 0..len {
            let payload = kind.payload(payload_len, random.between(0, 1000));
            frame(kind, &payload, Some(random.key()), &mut sent);
            payloads.extend(payload);
        }
        let frame_len = sent.len() / len;
        sent.extend_from_within(..);
        let opcode = if kind.is_text() { 1 } else { 2 };
        Self { sent, payloads, frame_len, payload_len, len, opcode }
    }

    /// Returns the bytes of `count` frames, the first of which is the frame at `at`.
    pub fn frames(&self, at: usize, count: usize) -> &[u8] {
        &self.sent[at * self.frame_len..][..count * self.frame_len]
    }

    fn payload(&self, at: usize) -> &[u8] {
        &self.payloads[at * self.payload_len..][..self.payload_len]
    }
}

/// Compares the bytes that a connection receives with the expected ones.
#[derive(Default)]
pub struct Checker {
    /// The index of the message that is received.
    at: usize,
    /// The number of its bytes that have arrived: of the payload, or of the frame for raw bytes.
    received: usize,
    /// Whether a message has begun and not ended.
    within: bool,
    header: [u8; 10],
    header_len: usize,
    /// The number of missing payload bytes of the frame, if its header has arrived.
    remaining: Option<usize>,
}

impl Checker {
    /// Returns how many messages ended in `bytes` from a WebSocket server. A message may arrive in
    /// any number of fragments.
    ///
    /// # Errors
    ///
    /// Returns a description of the difference.
    pub fn messages(&mut self, tape: &Tape, mut bytes: &[u8]) -> Result<usize, Box<dyn Error>> {
        let mut ended = 0;
        loop {
            let remaining = match self.remaining {
                Some(remaining) => remaining,
                None => {
                    let Some(len) = self.read_header(&mut bytes) else { return Ok(ended) };
                    let opcode = if self.within { 0 } else { tape.opcode };
                    if self.header[0] & 0x7F != opcode {
                        return Err(format!("frame {:02x?}", &self.header[..2]).into());
                    }
                    self.header_len = 0;
                    self.within = true;
                    len
                }
            };
            let (now, rest) = bytes.split_at(remaining.min(bytes.len()));
            let expected = tape.payload(self.at).get(self.received..self.received + now.len());
            if expected != Some(now) {
                return Err(format!("wrong bytes after {} of a message", self.received).into());
            }
            bytes = rest;
            self.received += now.len();
            if now.len() < remaining {
                self.remaining = Some(remaining - now.len());
                return Ok(ended);
            }
            self.remaining = None;
            if self.header[0] & 0x80 != 0 {
                if self.received != tape.payload_len {
                    return Err(format!("a message of {} bytes", self.received).into());
                }
                self.received = 0;
                self.within = false;
                self.at = (self.at + 1) % tape.len;
                ended += 1;
            }
        }
    }

    /// Moves a header out of `bytes`. Returns the payload's length once the header is complete.
    fn read_header(&mut self, bytes: &mut &[u8]) -> Option<usize> {
        loop {
            let wanted = match self.header_len {
                0 | 1 => 2,
                _ => match self.header[1] & 0x7F {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                },
            };
            if self.header_len == wanted {
                let len = &self.header[2..wanted];
                let extended = len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
                return Some(if len.is_empty() { self.header[1].into() } else { extended });
            }
            let (byte, rest) = bytes.split_first()?;
            self.header[self.header_len] = *byte;
            self.header_len += 1;
            *bytes = rest;
        }
    }

    /// Returns how many messages ended in `bytes` from a server of raw bytes.
    ///
    /// # Errors
    ///
    /// Returns a description of the difference.
    pub fn raw(&mut self, tape: &Tape, mut bytes: &[u8]) -> Result<usize, Box<dyn Error>> {
        let mut ended = 0;
        while !bytes.is_empty() {
            let expected = &tape.frames(self.at, tape.len)[self.received..];
            let (now, rest) = bytes.split_at(expected.len().min(bytes.len()));
            if now != &expected[..now.len()] {
                return Err("wrong bytes".into());
            }
            let received = self.received + now.len();
            let frames = received / tape.frame_len;
            (self.at, self.received) = ((self.at + frames) % tape.len, received % tape.frame_len);
            ended += frames;
            bytes = rest;
        }
        Ok(ended)
    }
}
