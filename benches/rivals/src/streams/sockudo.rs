use std::error::Error;

use bytes::BytesMut;
use sockudo_ws::protocol::{Message, Protocol, Role};

use super::{Peer, READ, Side, Totals, Workload};

pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let role = match workload.side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    let mut peer = Peer::new(&workload.stream);
    let mut protocol = Protocol::new(role, usize::MAX >> 1, usize::MAX >> 1);
    let mut buffer = BytesMut::with_capacity(4 * READ);
    let mut messages = Vec::new();
    let mut totals = Totals::default();
    loop {
        let read = peer.next_read(READ);
        if read.is_empty() {
            return Ok(totals);
        }
        buffer.extend_from_slice(read);
        protocol.process_into(&mut buffer, &mut messages)?;
        for message in &messages {
            match message {
                Message::Text(bytes) | Message::Binary(bytes) => totals.add(bytes),
                other => panic!("not sent: {other:?}"),
            }
        }
    }
}
