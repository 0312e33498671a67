use std::io::Read;

use wsframe::{FrameDecoder, NO_LIMIT, Opcode, Role, Utf8Validator};

use super::{Peer, READ};
use crate::workload::{Side, Totals, Workload};

/// One buffer, from which frames are handed out where they lie. A message that does not fit is
/// assembled, as the peers do: unmasked while it is copied.
pub fn run(workload: &Workload) -> Totals {
    let role = match workload.side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    let mut peer = Peer::new(&workload.stream);
    let mut decoder = FrameDecoder::new(role).max_payload_len(NO_LIMIT).whole_up_to(READ as u32);
    let mut buffer = [0; READ];
    let mut held = 0;
    let mut message = Vec::new();
    let mut text = Utf8Validator::new();
    let mut totals = Totals::default();
    loop {
        let read = peer.read(&mut buffer[held..]).expect("a slice");
        if read == 0 {
            return totals;
        }
        let end = held + read;
        let mut input = &mut buffer[..end];
        while let Some(chunk) = decoder.decode(&mut input).expect("a right stream") {
            if chunk.first && chunk.last {
                match chunk.header.opcode {
                    Opcode::Text => {
                        let checked = chunk.payload.unmask_text(&mut text).expect("UTF-8");
                        text.finish().expect("whole characters");
                        totals.add(checked.as_bytes());
                    }
                    _ => totals.add(chunk.payload.unmask()),
                }
                continue;
            }
            if chunk.first {
                message.clear();
            }
            let start = message.len();
            message.resize(start + chunk.payload.len(), 0);
            let last = chunk.last;
            let is_text = chunk.header.opcode == Opcode::Text;
            chunk.payload.unmask_into(&mut message[start..]).expect("room");
            if is_text {
                text.validate(&message[start..]).expect("UTF-8");
            }
            if last {
                text.finish().expect("whole characters");
                totals.add(&message);
            }
        }
        held = input.len();
        buffer.copy_within(end - held..end, 0);
    }
}
