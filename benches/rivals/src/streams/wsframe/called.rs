use std::error::Error;

use wsframe::{FrameDecoder, Opcode, Utf8Validator};

use super::rest::read_rest;
use super::{Buffer, Peer, READ, Totals, Workload, decoder};

/// Same as `whole::run`, but each message is a call that is not inlined, so the state of the
/// codec stays in memory.
pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let mut messages = Messages {
        peer: Peer::new(&workload.stream),
        decoder: decoder(workload.side).whole_frames_up_to(READ as u32),
        text: Utf8Validator::new(),
        buffer: Buffer::new(),
    };
    let mut totals = Totals::default();
    while let Some(message) = messages.next()? {
        totals.add(message);
    }
    Ok(totals)
}

/// The messages of a stream. Each borrows the buffer until the next call.
struct Messages<'p> {
    peer: Peer<'p>,
    decoder: FrameDecoder,
    text: Utf8Validator,
    buffer: Buffer,
}

impl Messages<'_> {
    /// Returns the next message, or `None` at the end of the stream.
    #[inline(never)]
    fn next(&mut self) -> Result<Option<&[u8]>, Box<dyn Error>> {
        let Self { peer, decoder, text, buffer } = self;
        let span = loop {
            match decoder.next_span(buffer.unread())? {
                Some(span) => break span,
                None if buffer.fill(peer)? => {}
                None => return Ok(None),
            }
        };
        let (opcode, last) = (span.header().opcode, span.last());
        let used = buffer.consume(span.consumed_len());
        let payload = span.into_chunk(used).payload;
        let message = match opcode {
            Opcode::Text => {
                let message = payload.unmask_text(text)?;
                if last {
                    text.finish()?;
                }
                message.into_bytes()
            }
            Opcode::Binary => payload.unmask(),
            other => return Err(format!("not sent: {other:?}").into()),
        };
        let len = message.len();
        if last {
            return Ok(Some(buffer.consumed(len)));
        }
        read_rest(len, opcode, buffer, decoder, text, peer).map(Some)
    }
}
