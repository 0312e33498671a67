use std::error::Error;

use futures_util::FutureExt;
use yawc::{Options, Role, WebSocket};

use super::{Peer, Side, Totals, Workload};

pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let role = match workload.side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    let options = Options::default().with_utf8().with_limits(usize::MAX >> 1, usize::MAX >> 1);
    let mut socket = WebSocket::from_stream(Peer::new(&workload.stream), role, options)?;
    let mut totals = Totals::default();
    while totals.messages < workload.expected.messages {
        let frame = socket.next_frame().now_or_never().expect("always ready")?;
        totals.add(frame.payload());
    }
    Ok(totals)
}
