//! A WebSocket echo server, and a page to try it with:
//! `cargo run --release --all-features --example echo_server`, and `… -- --tls` for `wss://`.
//!
//! | to see how to | read |
//! |---|---|
//! | accept a WebSocket handshake, and serve a page on the same port | `handshake.rs` |
//! | run a connection over a stream, with a fixed buffer and backpressure | `connection.rs` and `../common/stream.rs` |
//! | answer what was received | `../common/echo.rs` |
//! | do so over TLS | `tls.rs` |
//!
//! Here is only what any server has: an address, a listener, and a task for each connection.

mod connection;
#[path = "../common/echo.rs"]
mod echo;
mod handshake;
#[path = "../common/inbox.rs"]
mod inbox;
#[path = "../common/listener.rs"]
mod listener;
#[path = "../common/stream.rs"]
mod stream;
mod tls;

use core::time::Duration;
use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

const USAGE: &str =
    "usage: echo_server [--tls] [ADDR]   (default: 127.0.0.1:9001; port 0 takes any free port)";

/// How long a client may take to agree on TLS.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1).peekable();
    let with_tls = args.next_if(|arg| arg == "--tls").is_some();
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:9001".into());
    if addr.starts_with('-') || args.next().is_some() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    match listen(&addr, with_tls).await {
        Ok((listener, tls)) => serve(listener, tls).await,
        Err(error) => {
            eprintln!("echo_server: cannot listen on {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Listens, and says where; if over TLS, with which certificate.
async fn listen(
    addr: &str,
    with_tls: bool,
) -> Result<(TcpListener, Option<TlsAcceptor>), Box<dyn Error>> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let mut stdout = io::stdout().lock();
    let s = if with_tls { "s" } else { "" };
    writeln!(stdout, "page       http{s}://{addr}/")?;
    writeln!(stdout, "WebSocket  ws{s}://{addr}/")?;
    let tls = if with_tls {
        let (acceptor, certificate) = tls::acceptor(&addr.ip().to_string())?;
        writeln!(stdout, "Its certificate, which nobody else vouches for:\n{certificate}")?;
        Some(acceptor)
    } else {
        None
    };
    stdout.flush()?; // for whoever waits for the port at the other end of a pipe
    Ok((listener, tls))
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>) -> ! {
    loop {
        let socket = listener::accept(&listener).await;
        // How a connection ends is between it and its peer.
        tokio::spawn(run(socket, tls.clone()));
    }
}

async fn run(socket: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<()> {
    socket.set_nodelay(true)?; // an echo is to come back at once, not to wait for more
    match tls {
        Some(tls) => connection::run(timeout(TLS_TIMEOUT, tls.accept(socket)).await??).await,
        None => connection::run(socket).await,
    }
}
