//! The summary of a stream.

use core::fmt;
use std::io::{self, Write};

use wsframe::Opcode;

use crate::frames::{Counts, Frames};

/// The place at which the stream ended, or reading stopped.
pub(crate) enum End {
    /// Between two messages.
    Between,
    /// Between two fragments of the message that began at this offset.
    InMessage(u64),
    /// In the HTTP head of the handshake.
    InHead,
    /// In a header. The number of missing bytes is exact once its first two bytes are known.
    InHeader { offset: u64, missing: usize, at_least: bool },
    /// In a payload.
    InPayload { offset: u64, missing: u64 },
    /// After a Close frame, with the number of bytes that were discarded.
    Closed { offset: u64, discarded: u64 },
    /// A rule was broken at this offset.
    Broken(u64),
}

/// Writes the summary of a stream of which `read` bytes were read.
pub(crate) fn write(out: &mut impl Write, frames: &Frames, end: &End, read: u64) -> io::Result<()> {
    let counts = &frames.counts;
    let total = counts.total();
    if total > 0 {
        writeln!(out)?;
    }
    write!(out, "frames         {total}")?;
    write_kinds(out, by_opcode(counts))?;
    let texts = counts.texts + counts.coded_texts;
    write!(out, "messages       {}", texts + counts.binaries)?;
    write_kinds(out, [("text", texts), ("binary", counts.binaries)])?;
    writeln!(out, "text           {}", text(frames))?;
    writeln!(out, "payload bytes  {}", counts.payload_bytes)?;
    // After a broken rule, the number of bytes read depends on the size of the reads.
    match *end {
        End::Broken(_) => {}
        _ => writeln!(out, "bytes read     {read}")?,
    }
    writeln!(out, "end            {end}")
}

fn by_opcode(counts: &Counts) -> impl Iterator<Item = (Opcode, u64)> {
    (0..).zip(counts.frames).map(|(bits, count)| (Opcode::from_bits(bits), count))
}

/// Writes the number of each kind that occurs, and ends the line.
fn write_kinds(
    out: &mut impl Write,
    kinds: impl IntoIterator<Item = (impl fmt::Display, u64)>,
) -> io::Result<()> {
    let kinds = kinds.into_iter().filter(|&(_, count)| count > 0);
    for (at, (name, count)) in kinds.enumerate() {
        let separator = if at == 0 { ": " } else { ", " };
        write!(out, "{separator}{count} {name}")?;
    }
    writeln!(out)
}

fn text(frames: &Frames) -> String {
    let counts = &frames.counts;
    let validity = if counts.text_is_broken {
        "not valid UTF-8"
    } else if frames.text_is_open() {
        "valid UTF-8 so far"
    } else if counts.texts > 0 {
        "valid UTF-8"
    } else {
        "none"
    };
    match counts.coded_texts {
        0 => validity.into(),
        coded => format!("{validity}; {coded} not validated, as an extension has changed them"),
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Between => f.write_str("between two frames"),
            Self::InMessage(offset) => {
                write!(f, "inside the message that began at offset {offset}")
            }
            Self::InHead => f.write_str("inside the HTTP head"),
            Self::InHeader { offset, missing, at_least } => {
                let at_least = if at_least { "at least " } else { "" };
                write!(
                    f,
                    "half a frame at offset {offset}; header bytes missing: {at_least}{missing}"
                )
            }
            Self::InPayload { offset, missing } => {
                write!(f, "half a frame at offset {offset}; payload bytes missing: {missing}")
            }
            Self::Closed { offset, discarded } => {
                write!(f, "behind the Close frame at offset {offset}")?;
                if discarded > 0 {
                    let section = "RFC 6455 §1.4";
                    write!(f, "; bytes that a receiver discards: {discarded} ({section})")?;
                }
                Ok(())
            }
            Self::Broken(offset) => write!(f, "a broken rule at offset {offset}"),
        }
    }
}
