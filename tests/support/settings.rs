//! How the first bytes of a fuzz target's input choose the settings of a run.

use super::naive::{Choices, Limits};

/// One of all combinations of rules; 0 and 1 are the strict ones of a client and a server.
pub fn choices(byte: u8) -> Choices {
    Choices::all().nth(usize::from(byte)).expect("there are 256")
}

/// Lengths of reads: each byte is one, and none means all at once.
pub fn cuts(bytes: &[u8]) -> Vec<usize> {
    bytes.iter().map(|&byte| usize::from(byte)).collect()
}

/// A limit on a length: 255 means none, the others are close to the lengths of small inputs.
pub fn limit(byte: u8) -> u32 {
    if byte == 255 { u32::MAX } else { u32::from(byte) * 2 }
}

/// The limits on frames, on messages, and on the number of fragments.
pub fn limits([frame, message, fragments]: [u8; 3]) -> Limits {
    let or_none = |byte, limit| if byte == 255 { u64::MAX } else { limit };
    Limits {
        frame: or_none(frame, limit(frame).into()),
        message: or_none(message, limit(message).into()),
        fragments: or_none(fragments, fragments.into()),
        exempt: 0,
    }
}
