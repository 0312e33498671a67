//! Reading bytes that are written as hexadecimal digits.

use std::io::{self, Read};

/// A reader of bytes that are pairs of hexadecimal digits. White space may be anywhere.
pub(crate) struct HexReader<R> {
    digits: R,
    /// The number of characters that were read.
    offset: u64,
    /// The first digit of a pair whose second one was not read yet.
    high: Option<u8>,
}

impl<R: Read> HexReader<R> {
    pub(crate) const fn new(digits: R) -> Self {
        Self { digits, offset: 0, high: None }
    }

    /// Replaces the digits by the bytes. Returns the number of bytes.
    fn decode(&mut self, chars: &mut [u8]) -> io::Result<usize> {
        let mut len = 0;
        for at in 0..chars.len() {
            let char = chars[at];
            if !char.is_ascii_whitespace() {
                let Some(digit) = char::from(char).to_digit(16) else {
                    let what = format!("offset {}: not a hexadecimal digit", self.offset);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                };
                match self.high.take() {
                    None => self.high = Some(digit as u8),
                    Some(high) => {
                        chars[len] = high << 4 | digit as u8;
                        len += 1;
                    }
                }
            }
            self.offset += 1;
        }
        Ok(len)
    }
}

impl<R: Read> Read for HexReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.digits.read(out)?;
            let len = self.decode(&mut out[..read])?;
            if read == 0 && !out.is_empty() && self.high.is_some() {
                let what = format!("offset {}: the second digit is missing", self.offset);
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
            }
            // A single digit gives no byte, and 0 would mean the end.
            if read == 0 || len > 0 {
                return Ok(len);
            }
        }
    }
}
