//! Settings of a fuzz run, from the first bytes of its input.

use super::naive::{Choices, Limits};

/// Returns one of all combinations of rules. 0 and 1 are the strict rules of a client and a server.
pub fn choices(byte: u8) -> Choices {
    Choices::all().nth(usize::from(byte)).expect("there are 256")
}

/// Returns lengths of reads, one per byte. Without bytes there is one read.
pub fn cuts(bytes: &[u8]) -> Vec<usize> {
    bytes.iter().map(|&byte| usize::from(byte)).collect()
}

/// Returns a limit on a length. 255 means no limit. The others are close to the lengths of small
/// inputs.
pub fn limit(byte: u8) -> u32 {
    if byte == 255 { u32::MAX } else { u32::from(byte) * 2 }
}

/// Returns the limits on frames, messages and fragments.
pub fn limits([frame, message, fragments]: [u8; 3]) -> Limits {
    let or_none = |byte, limit| if byte == 255 { u64::MAX } else { limit };
    Limits {
        frame: or_none(frame, limit(frame).into()),
        message: or_none(message, limit(message).into()),
        fragments: or_none(fragments, fragments.into()),
        exempt: 0,
    }
}
