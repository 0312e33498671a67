//! Bytes written as hexadecimal digits.

use std::io::{self, Read};

/// Reads the bytes that pairs of digits stand for. White space may stand anywhere.
pub(crate) struct HexReader<R> {
    digits: R,
    /// How many characters were read.
    offset: u64,
    /// The first digit of a pair whose second is still to come.
    high: Option<u8>,
}

impl<R: Read> HexReader<R> {
    pub(crate) const fn new(digits: R) -> Self {
        Self { digits, offset: 0, high: None }
    }

    /// Puts the bytes in place of the digits; returns how many they are.
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
            // Digits that make no byte yet must not look like the end.
            if read == 0 || len > 0 {
                return Ok(len);
            }
        }
    }
}
