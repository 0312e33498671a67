use std::error::Error;

use wsframe::{FrameDecoder, Opcode, Utf8Validator};

use super::{Buffer, Peer};

/// Reads the rest of a message in one frame that does not fit into the buffer. Its first `begun`
/// bytes were unmasked and consumed last.
///
/// The rest is read directly after them and unmasked in place. So the message is in the buffer, and
/// nothing is copied.
#[inline(never)]
pub fn read_rest<'b>(
    begun: usize,
    opcode: Opcode,
    buffer: &'b mut Buffer,
    decoder: &mut FrameDecoder,
    text: &mut Utf8Validator,
    peer: &mut Peer<'_>,
) -> Result<&'b [u8], Box<dyn Error>> {
    let mut len = begun;
    while decoder.remaining() > 0 {
        buffer.read_on(peer, decoder.remaining())?;
        let span = decoder.next_span(buffer.unread())?.ok_or("the stream ends within a frame")?;
        let end = span.consumed_len();
        let payload = span.into_chunk(buffer.consume(end)).payload;
        if opcode == Opcode::Text {
            payload.unmask_text(text)?;
        } else {
            payload.unmask();
        }
        len += end;
    }
    text.finish()?;
    Ok(buffer.consumed(len))
}
