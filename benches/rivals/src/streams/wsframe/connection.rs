use std::error::Error;

use wsframe::{Connection, Event, Limits, MaskingKey, MaskingKeys};

use super::{Buffer, Peer, READ, Side, Totals, Workload};

/// Reads whole messages with a connection. Like the peers, it joins fragments and answers control
/// frames.
pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    match workload.side {
        Side::Server => read(workload, unlimited(Connection::server())),
        Side::Client => {
            let keys = || MaskingKey::new([1, 2, 3, 4]); // nothing is sent
            read(workload, unlimited(Connection::client(keys)))
        }
    }
}

fn unlimited<K>(connection: Connection<K>) -> Connection<K> {
    connection.limits(Limits::UNLIMITED).whole_frames_up_to(READ as u32)
}

fn read<K: MaskingKeys>(
    workload: &Workload,
    mut connection: Connection<K>,
) -> Result<Totals, Box<dyn Error>> {
    let mut peer = Peer::new(&workload.stream);
    let mut buffer = Buffer::new();
    let mut out = Vec::new();
    let mut totals = Totals::default();
    while buffer.fill(&mut peer)? {
        let mut input = buffer.unread();
        let unread = input.len();
        // The length of the part of a message that was received, if the rest must be read.
        let mut begun = None;
        while let Some(event) = connection.receive(&mut input, &mut out)? {
            let (bytes, last) = match event {
                Event::Text(chunk) => (chunk.text.into_bytes(), chunk.last),
                Event::Binary(chunk) => (chunk.payload.unmask(), chunk.last),
                other => return Err(format!("not sent: {other:?}").into()),
            };
            if last {
                totals.add(bytes);
            } else {
                begun = Some(bytes.len());
            }
        }
        let consumed = unread - input.len();
        buffer.consume(consumed);
        if let Some(begun) = begun {
            totals.add(read_rest(begun, &mut buffer, &mut connection, &mut out, &mut peer)?);
        }
    }
    Ok(totals)
}

/// Same as [`super::rest::read_rest`], for a connection.
#[inline(never)]
fn read_rest<'b, K: MaskingKeys>(
    begun: usize,
    buffer: &'b mut Buffer,
    connection: &mut Connection<K>,
    out: &mut Vec<u8>,
    peer: &mut Peer<'_>,
) -> Result<&'b [u8], Box<dyn Error>> {
    let mut len = begun;
    while connection.remaining() > 0 {
        buffer.read_on(peer, connection.remaining())?;
        let mut input = buffer.unread();
        let unread = input.len();
        match connection.receive(&mut input, out)?.ok_or("the stream ends within a frame")? {
            Event::Text(chunk) => len += chunk.text.as_bytes().len(),
            Event::Binary(chunk) => len += chunk.payload.unmask().len(),
            other => return Err(format!("not sent: {other:?}").into()),
        }
        let consumed = unread - input.len();
        buffer.consume(consumed);
    }
    Ok(buffer.consumed(len))
}
