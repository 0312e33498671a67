use std::error::Error;

use futures_util::FutureExt;
use tokio::io::BufReader;
use web_socket::{DataType, Event, WebSocket};

use super::{Peer, READ, Side, Totals, Workload};

/// Reads a stream with web-socket. It reads each header in two or three reads, so it gets a
/// buffered reader. It leaves the validation of text to its caller.
pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let reader = BufReader::with_capacity(READ, Peer::new(&workload.stream));
    let mut socket = match workload.side {
        Side::Server => WebSocket::server(reader),
        Side::Client => WebSocket::client(reader),
    };
    socket.max_payload_len = usize::MAX;
    let mut totals = Totals::default();
    while totals.messages < workload.expected.messages {
        match socket.recv().now_or_never().expect("always ready")? {
            Event::Data { ty: DataType::Complete(ty), data } => {
                if ty.is_text() {
                    std::str::from_utf8(&data)?;
                }
                totals.add(&data);
            }
            other => panic!("not sent: {other:?}"),
        }
    }
    Ok(totals)
}
