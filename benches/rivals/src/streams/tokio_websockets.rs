use std::error::Error;

use futures_util::{FutureExt, StreamExt};
use tokio_websockets::{ClientBuilder, Limits, ServerBuilder, WebSocketStream};

use super::{Peer, Side, Totals, Workload};

pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let peer = Peer::new(&workload.stream);
    let limits = Limits::unlimited();
    let mut socket: WebSocketStream<Peer<'_>> = match workload.side {
        Side::Server => ServerBuilder::new().limits(limits).serve(peer),
        Side::Client => ClientBuilder::new().limits(limits).take_over(peer),
    };
    let mut totals = Totals::default();
    while totals.messages < workload.expected.messages {
        let message = socket.next().now_or_never().expect("always ready").expect("a message");
        totals.add(message?.as_payload());
    }
    Ok(totals)
}
