use std::error::Error;

use wsframe::{
    Assembler, Connection, Event, FrameDecoder, MaskingKey, MaskingKeys, MessageDecoder, NO_LIMIT,
    Role, Unmasked,
};

use super::{Buffer, Peer, READ, Side, Totals, Workload};

/// Whole messages, as the peers hand them out, from what does all that they do: fragments are joined,
/// control frames would be answered, and text that came whole is a `str`.
pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    match workload.side {
        Side::Server => read(workload, Connection::over(messages(Role::Server), Unmasked)),
        Side::Client => {
            let keys = || MaskingKey::new([1, 2, 3, 4]); // nothing is sent
            read(workload, Connection::over(messages(Role::Client), keys))
        }
    }
}

fn messages(role: Role) -> MessageDecoder {
    let frames = FrameDecoder::new(role).max_payload_len(NO_LIMIT).whole_up_to(READ as u32);
    MessageDecoder::over(frames).max_message_len(NO_LIMIT)
}

fn read<K: MaskingKeys>(
    workload: &Workload,
    mut connection: Connection<K>,
) -> Result<Totals, Box<dyn Error>> {
    let mut peer = Peer::new(&workload.stream);
    let mut buffer = Buffer::new();
    let mut assembler = Assembler::new();
    let mut out = Vec::new();
    let mut totals = Totals::default();
    while buffer.fill(&mut peer)? {
        let mut input = buffer.unread();
        let unread = input.len();
        while let Some(event) = connection.receive(&mut input, &mut out)? {
            match event {
                Event::Text(chunk) => {
                    if let Some(message) = assembler.text(chunk) {
                        totals.add(message.as_bytes());
                    }
                }
                Event::Binary(chunk) => {
                    if let Some(message) = assembler.binary(chunk) {
                        totals.add(&message);
                    }
                }
                other => return Err(format!("not sent: {other:?}").into()),
            }
        }
        let consumed = unread - input.len();
        buffer.consume(consumed);
    }
    Ok(totals)
}
