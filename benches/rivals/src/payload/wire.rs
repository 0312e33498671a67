//! Encodes frames without any rival, so that none is checked with the encoder of another.

use super::Kind;

/// Appends the header of an unfragmented frame.
pub fn header(kind: Kind, len: usize, key: Option<[u8; 4]>, stream: &mut Vec<u8>) {
    stream.push(if kind.is_text() { 0x81 } else { 0x82 });
    let mask_bit = if key.is_some() { 0x80 } else { 0 };
    match len {
        0..126 => stream.push(mask_bit | len as u8),
        126..65_536 => {
            stream.push(mask_bit | 126);
            stream.extend((len as u16).to_be_bytes());
        }
        _ => {
            stream.push(mask_bit | 127);
            stream.extend((len as u64).to_be_bytes());
        }
    }
    stream.extend(key.iter().flatten());
}

/// Appends an unfragmented frame, masked if there is a key.
pub fn frame(kind: Kind, payload: &[u8], key: Option<[u8; 4]>, stream: &mut Vec<u8>) {
    header(kind, payload.len(), key, stream);
    let start = stream.len();
    stream.extend(payload);
    xor(&mut stream[start..], key.unwrap_or_default());
}

pub fn xor(payload: &mut [u8], key: [u8; 4]) {
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}
