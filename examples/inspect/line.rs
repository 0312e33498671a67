//! Shows a frame in one line.
//!
//! The payload is untrusted, so only digits and printable characters are written to the terminal.

use std::io::{self, Write};

use wsframe::{CloseBody, Rsv};

use crate::frames::{Content, Frame};

// The number of bytes that are shown of a text, and of other payloads.
const TEXT_LEN: usize = 64;
const HEX_LEN: usize = 24;

/// Writes the line, and before the first line the names of the columns.
pub(crate) fn write(out: &mut impl Write, number: u64, frame: &Frame) -> io::Result<()> {
    if number == 1 {
        writeln!(out, "    offset  FIN  RSV  opcode        mask          length  payload")?;
    }
    let header = &frame.header;
    let offset = frame.offset;
    let fin = if header.fin { "FIN" } else { "-" };
    let rsv = |bit, name| match header.rsv.contains(bit) {
        true => name,
        false => '-',
    };
    let rsv1 = rsv(Rsv::RSV1, '1');
    let rsv2 = rsv(Rsv::RSV2, '2');
    let rsv3 = rsv(Rsv::RSV3, '3');
    let opcode = header.opcode;
    write!(out, "{offset:>10}  {fin:<3}  {rsv1}{rsv2}{rsv3}  {opcode:<12}  ")?;
    match header.masking_key {
        Some(key) => write!(out, "{key}")?,
        None => write!(out, "{:8}", '-')?,
    }
    write!(out, "  {:>10}  ", header.payload_len)?;
    payload(out, frame)?;
    writeln!(out)
}

fn payload(out: &mut impl Write, frame: &Frame) -> io::Result<()> {
    let bytes = frame.start.bytes();
    let len = frame.header.payload_len.saturating_add(frame.carried as u64);
    let is_whole = bytes.len() as u64 == len;
    let shown = match frame.content {
        Content::Close if is_whole => match CloseBody::decode(bytes) {
            Ok(None) => return write!(out, "no code"),
            Ok(Some(body)) => return write!(out, "{} {:?}", body.code, body.reason),
            // The broken rule is shown elsewhere.
            Err(_) => hex(out, bytes)?,
        },
        Content::Text => text(out, bytes)?,
        Content::Bytes if len == 0 => return write!(out, "-"),
        Content::Bytes | Content::Close => hex(out, bytes)?,
    };
    if (shown as u64) < len {
        write!(out, "…")?;
    }
    Ok(())
}

/// Writes the beginning of a text, cut between two characters. Returns the number of bytes that
/// were written.
fn text(out: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    let shown = &bytes[..bytes.len().min(TEXT_LEN)];
    let text = shown.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    write!(out, "{text:?}")?; // `Debug` escapes what cannot be printed
    Ok(shown.len())
}

/// Writes the first bytes. Returns their number.
fn hex(out: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    let shown = &bytes[..bytes.len().min(HEX_LEN)];
    let mut digits = [0; 2 * HEX_LEN];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(shown) {
        pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
        pair[1] = b"0123456789abcdef"[usize::from(byte & 0xF)];
    }
    out.write_all(&digits[..2 * shown.len()])?;
    Ok(shown.len())
}
