//! The opening handshake of both sides, over plain sockets.
//!
//! | to see how to | read |
//! |---|---|
//! | accept WebSockets and serve a page on one port | `server.rs` |
//! | open a WebSocket | `client.rs` |
//!
//! `cargo run --all-features --example handshake -- serve [ADDR]`, and then `… -- connect
//! ws://127.0.0.1:9004/ [SUBPROTOCOL…]`.

mod client;
#[path = "../common/echo.rs"]
mod echo;
#[path = "../common/inbox.rs"]
mod inbox;
mod server;
#[path = "../common/uri.rs"]
mod uri;

use std::env;
use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "usage: handshake serve [ADDR] | connect URI [SUBPROTOCOL…]";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result: Result<(), Box<dyn Error>> = match args[..] {
        ["serve"] => server::serve("127.0.0.1:9004").map_err(Into::into),
        ["serve", addr] => server::serve(addr).map_err(Into::into),
        ["connect", uri, ref subprotocols @ ..] => client::connect(uri, subprotocols),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handshake: {error}");
            ExitCode::FAILURE
        }
    }
}
