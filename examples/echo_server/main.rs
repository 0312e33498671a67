//! A WebSocket echo server, and a page to try it with:
//! `cargo run --release --all-features --example echo_server`. The example `echo_server_tls` does
//! the same over TLS.
//!
//! This is the sans-I/O way. `tokio_echo` is shorter, on `WebSocketStream`.
//!
//! | to see how to | read |
//! |---|---|
//! | accept a WebSocket handshake, and serve a page on the same port | `handshake.rs` |
//! | run a connection over a stream, with backpressure | `connection.rs` and `../common/stream.rs` |
//! | answer what was received | `../common/echo.rs` |
//!
//! This file has the parts of any server: an address, a listener, and a task per connection.

mod connection;
#[path = "../common/echo.rs"]
mod echo;
mod handshake;
#[path = "../common/listener.rs"]
mod listener;
#[path = "../common/stream.rs"]
mod stream;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use tokio::net::{TcpListener, TcpStream};

const USAGE: &str =
    "usage: echo_server [ADDR]   (default: 127.0.0.1:9001; port 0 takes any free port)";

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:9001".into());
    if addr.starts_with('-') || args.next().is_some() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    match listen(&addr).await {
        Ok(listener) => serve(listener).await,
        Err(error) => {
            eprintln!("echo_server: cannot listen on {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Listens, and prints the addresses.
async fn listen(addr: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "page       http://{addr}/")?;
    writeln!(stdout, "WebSocket  ws://{addr}/")?;
    stdout.flush()?; // a program may wait for the port at the other end of a pipe
    Ok(listener)
}

async fn serve(listener: TcpListener) -> ! {
    loop {
        let socket = listener::accept(&listener).await;
        // An error of one connection does not concern the others.
        tokio::spawn(run(socket));
    }
}

async fn run(socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?; // send each echo at once instead of waiting for more
    connection::run(socket).await
}
