//! A client of a Socket.IO server (version 3 or later). It emits an event, and prints its
//! acknowledgement and the next event:
//! `cargo run --all-features --example socketio_client -- ws://127.0.0.1:3000/chat greet Hello`.
//!
//! There are two protocols above the WebSocket. A message is a packet of Engine.IO: a type, which
//! is a digit, and data. The data of type 4 is a packet of Socket.IO. It has a type, a namespace
//! (unless that is `/`), in some packets the number of an acknowledgement, and JSON.

#[path = "../common/client.rs"]
mod client;
#[path = "../common/handshake.rs"]
mod handshake;
#[path = "../common/inbox.rs"]
mod inbox;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/uri.rs"]
mod uri;

use std::error::Error;
use std::process::ExitCode;

use serde_json::Value;
use wsframe::handshake::Uri;

use client::Client;

const USAGE: &str = "usage: socketio_client URL EVENT [ARGUMENT…]   (the URL's path is the namespace; \
                     what is not JSON is a string)";

fn main() -> ExitCode {
    program::main(USAGE, 1, run)
}

fn run(uri: Uri<'_>, event: &[String]) -> Result<(), Box<dyn Error>> {
    let mut session = Session::open(uri)?;
    session.send('0', "")?;
    match session.receive()? {
        Packet { kind: '0', .. } => println!("connected to {}", session.namespace),
        Packet { kind: '4', data, .. } => return Err(format!("refused: {data}").into()),
        packet => return Err(packet.unexpected()),
    }

    let event = event.iter().map(|argument| {
        serde_json::from_str(argument).unwrap_or_else(|_| Value::String(argument.clone()))
    });
    let event: Value = event.collect();
    session.send('2', &format!("0{event}"))?; // the acknowledgement has the same number

    let (mut acknowledged, mut answered) = (false, false);
    while !(acknowledged && answered) {
        match session.receive()? {
            Packet { kind: '2', data, .. } => {
                println!("event {data}");
                answered = true;
            }
            Packet { kind: '3', id: Some(0), data } => {
                println!("acknowledged {data}");
                acknowledged = true;
            }
            packet => return Err(packet.unexpected()),
        }
    }
    session.send('1', "")?;
    Ok(session.client.close()?)
}

/// A connection to one namespace.
struct Session {
    client: Client,
    namespace: String,
}

impl Session {
    fn open(uri: Uri<'_>) -> Result<Self, Box<dyn Error>> {
        let (host, port) = (uri.host(), uri.port());
        let url = format!("ws://{host}:{port}/socket.io/?EIO=4&transport=websocket");
        let mut client = Client::open(uri::parse(&url)?, &[])?;
        let open = client.receive()?.ok_or("the server has closed")?;
        let data = open.strip_prefix('0').ok_or("the server does not open a session")?;
        let data: Value = serde_json::from_str(data)?;
        println!("a Ping every {} ms", data["pingInterval"]);
        Ok(Self { client, namespace: uri.path().into() })
    }

    fn send(&mut self, kind: char, rest: &str) -> Result<(), Box<dyn Error>> {
        let packet = match self.namespace.as_str() {
            "/" => format!("4{kind}{rest}"),
            namespace => format!("4{kind}{namespace},{rest}"),
        };
        Ok(self.client.send(&packet)?)
    }

    /// Waits for the next packet, and answers the Pings of Engine.IO meanwhile.
    fn receive(&mut self) -> Result<Packet, Box<dyn Error>> {
        loop {
            let message = self.client.receive()?.ok_or("the server has closed")?;
            let mut packet = message.chars();
            match packet.next() {
                Some('2') => self.client.send("3")?,
                Some('4') => return Packet::parse(packet.as_str()),
                Some('6') => {} // a packet without content
                _ => return Err(format!("not expected: {message}").into()),
            }
        }
    }
}

/// A packet of Socket.IO, without the namespace, of which there is only one here.
struct Packet {
    kind: char,
    /// The number of the event that this packet acknowledges, or that must be acknowledged.
    id: Option<u64>,
    data: Value,
}

impl Packet {
    fn parse(packet: &str) -> Result<Self, Box<dyn Error>> {
        let mut rest = packet.chars();
        let kind = rest.next().ok_or("a packet without a type")?;
        let mut rest = rest.as_str();
        if rest.starts_with('/') {
            rest = rest.split_once(',').map_or("", |(_, rest)| rest);
        }
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let (id, data) = rest.split_at(digits);
        let id = if id.is_empty() { None } else { Some(id.parse()?) };
        let data = if data.is_empty() { Value::Null } else { serde_json::from_str(data)? };
        Ok(Self { kind, id, data })
    }

    fn unexpected(&self) -> Box<dyn Error> {
        format!("not expected: a packet of type {} with {}", self.kind, self.data).into()
    }
}
