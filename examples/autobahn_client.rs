//! The client that the Autobahn|TestSuite drives:
//! `cargo run --release --all-features --example autobahn_client -- ws://127.0.0.1:9001`.
//!
//! The suite's server (`wstest -m fuzzingserver`) has a resource for each step: the number of
//! cases, each case, and writing the reports. In a case the client sends each message back.

use core::time::Duration;
use std::env;
use std::io;
use std::process::ExitCode;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wsframe::Message;
use wsframe::codec::CodecError;
use wsframe::deflate::{Config, SharedPool};
use wsframe::handshake::{Options, Uri};
use wsframe::stream;

const USAGE: &str =
    "usage: autobahn_client URL [AGENT]   (AGENT: the name in the reports, wsframe)";

/// The longest wait for the server. A case fails if the server neither sends nor reads for longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the server may take to end the connection after the Closes.
const LINGER: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let (server, agent) = match &args[..] {
        [server] => (server, "wsframe"),
        [server, agent] => (server, agent.as_str()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run_all(server.trim_end_matches('/'), agent).await {
        Ok(count) => {
            println!("{count} cases were run; the server has the verdicts");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("autobahn_client: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all cases. Returns how many there were.
async fn run_all(server: &str, agent: &str) -> io::Result<u32> {
    let mut count = None;
    converse(&format!("{server}/getCaseCount"), |message| {
        if let Message::Text(text) = message {
            count = text.parse().ok();
        }
        false
    })
    .await?;
    let count = count.ok_or_else(|| io::Error::other("the server does not say how many cases"))?;

    for case in 1..=count {
        let url = format!("{server}/runCase?case={case}&agent={agent}");
        // The server judges how a case ends. Some end with a connection that is cut.
        if let Err(error) = converse(&url, |_| true).await {
            eprintln!("autobahn_client: case {case} of {count}: {error}");
        }
    }
    converse(&format!("{server}/updateReports?agent={agent}"), |_| false).await?;
    Ok(count)
}

/// Opens a connection and serves it to its end. `echoes` returns whether a message must be sent
/// back.
async fn converse(url: &str, mut echoes: impl FnMut(&Message) -> bool) -> io::Result<()> {
    let uri = Uri::parse(url).map_err(io::Error::other)?;
    let socket = TcpStream::connect((uri.address(), uri.port())).await?;
    socket.set_nodelay(true)?;
    let options =
        Options::new().deflate(SharedPool::new(Config::default())).handshake_timeout(PATIENCE);
    let mut stream = stream::client(socket, url, &options).await.map_err(io::Error::other)?;
    while let Some(message) = timeout(PATIENCE, stream.next()).await? {
        match message {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                if echoes(&message) {
                    timeout(PATIENCE, stream.feed(message)).await??;
                }
            }
            // The stream has answered both.
            Ok(Message::Close(_)) | Err(CodecError::Protocol(_)) => break,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // After a closing handshake the server ends the connection first. Otherwise the stream has
    // ended this side.
    let _ = timeout(LINGER, async { while stream.next().await.is_some() {} }).await;
    Ok(())
}
