//! A client of a SockJS server. It sends messages, and prints the echoes:
//! `cargo run --all-features --example sockjs_client -- ws://127.0.0.1:8081/echo Hello`.
//!
//! Below the prefix of such a server, `/websocket` is a plain WebSocket, for clients that do not
//! need SockJS's fallbacks. Its messages have no framing of SockJS.

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

use std::process::ExitCode;

use client::Client;

const USAGE: &str = "usage: sockjs_client URL MESSAGE…   (the URL of the prefix)";

fn main() -> ExitCode {
    program::main(USAGE, 1, |prefix, messages| {
        let path = prefix.path().trim_end_matches('/');
        let url = format!("ws://{}:{}{path}/websocket", prefix.host(), prefix.port());
        let mut client = Client::open(uri::parse(&url)?, &[])?;
        for message in messages {
            client.send(message)?;
            println!("{}", client.receive()?.ok_or("the server has closed")?);
        }
        Ok(client.close()?)
    })
}
