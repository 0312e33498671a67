//! A client of STOMP 1.2, a protocol for message brokers, over a WebSocket. It subscribes to a
//! destination, sends messages there, prints the received messages, and disconnects: `cargo run
//! --all-features --example stomp_client -- ws://127.0.0.1:15674/ws /queue/a Hello`.
//!
//! That address is the default of RabbitMQ's plugin `rabbitmq_web_stomp`, and so is the login.

#[path = "../common/client.rs"]
mod client;
mod frame;
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

use wsframe::handshake::Uri;

use client::Client;
use frame::Frame;

const USAGE: &str = "usage: stomp_client URL DESTINATION MESSAGE…";

/// The registered subprotocol of STOMP 1.2.
const SUBPROTOCOL: &str = "v12.stomp";
/// The default user of RabbitMQ, which it accepts only from its own machine.
const LOGIN: &str = "guest";
const PASSCODE: &str = "guest";

fn main() -> ExitCode {
    program::main(USAGE, 2, run)
}

fn run(uri: Uri<'_>, args: &[String]) -> Result<(), Box<dyn Error>> {
    let (destination, messages) = args.split_first().expect("there are two");
    let mut session = Session(Client::open(uri, &[SUBPROTOCOL])?);

    let connect = Frame::new("CONNECT")
        .with("accept-version", "1.2")
        .with("host", "/")
        .with("login", LOGIN)
        .with("passcode", PASSCODE)
        .with("heart-beat", "0,0");
    session.send(&connect)?;
    let connected = session.receive("CONNECTED")?;
    let version = connected.header("version").unwrap_or("1.0");
    println!("CONNECTED {version} {}", connected.header("server").unwrap_or("unnamed"));

    let subscribe = Frame::new("SUBSCRIBE")
        .with("id", "0")
        .with("destination", destination)
        .with("ack", "client-individual");
    session.send_with_receipt(subscribe)?;
    for message in messages {
        let send = Frame::new("SEND")
            .with("destination", destination)
            .with("content-type", "text/plain;charset=utf-8")
            .body(message);
        session.send(&send)?;
        let delivered = session.receive("MESSAGE")?;
        let ack = delivered.header("ack").ok_or("a message that cannot be acknowledged")?;
        session.send(&Frame::new("ACK").with("id", ack))?;
        println!("MESSAGE {}", delivered.body);
    }

    // When this receipt arrives, the server has processed all earlier frames.
    session.send_with_receipt(Frame::new("UNSUBSCRIBE").with("id", "0"))?;
    session.send(&Frame::new("DISCONNECT").with("receipt", "bye"))?;
    // RabbitMQ 3.10 closes the WebSocket normally, without a receipt.
    if let Some(frame) = session.next()? {
        expect(frame, "RECEIPT")?;
    }
    println!("DISCONNECTED");
    Ok(session.0.close()?)
}

struct Session(Client);

impl Session {
    fn send(&mut self, frame: &Frame) -> Result<(), Box<dyn Error>> {
        Ok(self.0.send(&frame.to_string())?)
    }

    /// Sends a frame, and waits for the server's receipt.
    fn send_with_receipt(&mut self, frame: Frame) -> Result<(), Box<dyn Error>> {
        let id = format!("after {}", frame.command);
        self.send(&frame.with("receipt", &id))?;
        let receipt = self.receive("RECEIPT")?;
        if receipt.header("receipt-id") == Some(&id) {
            Ok(())
        } else {
            Err("a receipt for something else".into())
        }
    }

    /// Waits for a frame, which must have this command.
    fn receive(&mut self, command: &str) -> Result<Frame, Box<dyn Error>> {
        expect(self.next()?.ok_or("the server has closed")?, command)
    }

    /// Waits for a frame. Returns `None` if the server closes instead.
    fn next(&mut self) -> Result<Option<Frame>, Box<dyn Error>> {
        while let Some(message) = self.0.receive()? {
            if let Some(frame) = Frame::parse(&message)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }
}

fn expect(frame: Frame, command: &str) -> Result<Frame, Box<dyn Error>> {
    if frame.command == command {
        return Ok(frame);
    }
    let why = frame.header("message").unwrap_or_default();
    Err(format!("{}, where {command} was expected: {why}", frame.command).into())
}
