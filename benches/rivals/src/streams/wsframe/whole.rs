use std::error::Error;

use wsframe::{Opcode, Utf8Validator};

use super::rest::read_rest;
use super::{Buffer, Peer, READ, Totals, Workload, decoder};

/// Reads whole messages, each in place.
pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let mut peer = Peer::new(&workload.stream);
    let mut decoder = decoder(workload.side).whole_frames_up_to(READ as u32);
    let mut text = Utf8Validator::new();
    let mut buffer = Buffer::new();
    let mut totals = Totals::default();
    while buffer.fill(&mut peer)? {
        let mut input = buffer.unread();
        let unread = input.len();
        // The opcode of a message whose rest must be read, and the length of the received part.
        let mut open = None;
        while let Some(chunk) = decoder.decode(&mut input)? {
            let message = match chunk.header.opcode {
                Opcode::Text => {
                    let message = chunk.payload.unmask_text(&mut text)?;
                    if chunk.last {
                        text.finish()?;
                    }
                    message.into_bytes()
                }
                Opcode::Binary => chunk.payload.unmask(),
                other => return Err(format!("not sent: {other:?}").into()),
            };
            if chunk.last {
                totals.add(message);
            } else {
                open = Some((message.len(), chunk.header.opcode));
            }
        }
        let consumed = unread - input.len();
        buffer.consume(consumed);
        if let Some((begun, opcode)) = open {
            let message =
                read_rest(begun, opcode, &mut buffer, &mut decoder, &mut text, &mut peer)?;
            totals.add(message);
        }
    }
    Ok(totals)
}
