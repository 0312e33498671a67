//! The example `echo_server` over TLS, for `https://` and `wss://`: `cargo run --release --example
//! echo_server_tls`.
//!
//! The module `connection` of `echo_server` runs over a TLS stream without a change.

#[path = "../../echo_server/connection.rs"]
mod connection;
#[path = "../../common/echo.rs"]
mod echo;
#[path = "../../echo_server/handshake.rs"]
mod handshake;
#[path = "../../common/listener.rs"]
mod listener;
#[path = "../../common/stream.rs"]
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
    "usage: echo_server_tls [ADDR]   (default: 127.0.0.1:9001; port 0 takes any free port)";

/// How long a client may take for the TLS handshake.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:9001".into());
    if addr.starts_with('-') || args.next().is_some() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    match listen(&addr).await {
        Ok((listener, tls)) => serve(listener, tls).await,
        Err(error) => {
            eprintln!("echo_server_tls: cannot listen on {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Listens, and prints the addresses and the certificate.
async fn listen(addr: &str) -> Result<(TcpListener, TlsAcceptor), Box<dyn Error>> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let (acceptor, certificate) = tls::acceptor(&addr.ip().to_string())?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "page       https://{addr}/")?;
    writeln!(stdout, "WebSocket  wss://{addr}/")?;
    writeln!(stdout, "Its certificate, self-signed:\n{certificate}")?;
    stdout.flush()?; // a program may wait for the port at the other end of a pipe
    Ok((listener, acceptor))
}

async fn serve(listener: TcpListener, tls: TlsAcceptor) -> ! {
    loop {
        let socket = listener::accept(&listener).await;
        tokio::spawn(run(socket, tls.clone()));
    }
}

async fn run(socket: TcpStream, tls: TlsAcceptor) -> io::Result<()> {
    connection::run(timeout(TLS_TIMEOUT, tls.accept(socket)).await??).await
}
