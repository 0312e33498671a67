use std::error::Error;

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::{Peer, Side, Totals, Workload};

pub fn run(workload: &Workload) -> Result<Totals, Box<dyn Error>> {
    let role = match workload.side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    let peer = Peer::new(&workload.stream);
    let mut socket = WebSocket::from_raw_socket(peer, role, Some(config));
    let mut totals = Totals::default();
    while totals.messages < workload.expected.messages {
        match socket.read()? {
            Message::Text(text) => totals.add(text.as_bytes()),
            Message::Binary(bytes) => totals.add(&bytes),
            other => panic!("not sent: {other:?}"),
        }
    }
    Ok(totals)
}
