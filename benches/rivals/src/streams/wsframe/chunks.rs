use std::error::Error;
use std::mem;

use wsframe::{Opcode, Utf8Validator};

use super::{Buffer, Peer, Pieces, Totals, Workload, decoder};

/// Reads chunks of frames as they arrive, in place. Nothing is assembled.
pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let mut peer = Peer::new(&workload.stream);
    let mut decoder = decoder(workload.side);
    let mut text = Utf8Validator::new();
    let mut buffer = Buffer::new();
    let mut message = Pieces::default();
    let mut totals = Totals::default();
    while buffer.fill(&mut peer)? {
        let mut input = buffer.unread();
        let held = input.len();
        while let Some(chunk) = decoder.decode(&mut input)? {
            let last = chunk.last && chunk.header.fin;
            if chunk.header.opcode == Opcode::Text {
                message.push(chunk.payload.unmask_text(&mut text)?.as_bytes());
                if last {
                    text.finish()?;
                }
            } else {
                message.push(chunk.payload.unmask());
            }
            if last {
                totals.add_pieces(&mem::take(&mut message));
            }
        }
        let unread = input.len();
        buffer.consume(held - unread);
    }
    Ok(totals)
}
