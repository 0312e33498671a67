use std::error::Error;

use fastwebsockets::{FragmentCollector, Role, WebSocket};
use futures_util::FutureExt;

use super::{Peer, Side, Totals, Workload};

pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let role = match workload.side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    let mut socket = WebSocket::after_handshake(Peer::new(&workload.stream), role);
    socket.set_max_message_size(usize::MAX);
    let mut socket = FragmentCollector::new(socket);
    let mut totals = Totals::default();
    while totals.messages < workload.expected.messages {
        let frame = socket.read_frame().now_or_never().expect("always ready")?;
        totals.add(&frame.payload);
    }
    Ok(totals)
}
