//! The client that the Autobahn|TestSuite drives:
//! `cargo run --release --all-features --example autobahn_client -- ws://127.0.0.1:9001`.
//!
//! The suite's server (`wstest -m fuzzingserver`) has a resource for each step: how many cases there are,
//! one case after another, and that its reports be written. In a case the client echoes each message,
//! whole; what the server sends besides, the connection deals with by itself.
//!
//! Messages are fed, and written together when nothing more can be read.

#[path = "common/handshake.rs"]
mod handshake;
#[path = "common/uri.rs"]
mod uri;

use core::time::Duration;
use std::env;
use std::io;
use std::process::ExitCode;

use bytes::{Buf, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wsframe::codec::CodecError;
use wsframe::deflate::{Config, DeflateParameters};
use wsframe::stream::WebSocketStream;
use wsframe::{Connection, Message, ThreadKeys};

use handshake::Handshake;

const USAGE: &str =
    "usage: autobahn_client URL [AGENT]   (AGENT: the name in the reports, wsframe)";

/// A case in which the server says nothing, or takes nothing, for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the server may take to hang up, once all was said.
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

/// Runs all cases, and says how many there were.
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
        // How a case ends is for the server to judge; some end with a connection that is cut.
        if let Err(error) = converse(&url, |_| true).await {
            eprintln!("autobahn_client: case {case} of {count}: {error}");
        }
    }
    converse(&format!("{server}/updateReports?agent={agent}"), |_| false).await?;
    Ok(count)
}

/// A connection from its beginning to its end. `echoes` is shown each message, and says whether it is to be
/// sent back.
async fn converse(url: &str, mut echoes: impl FnMut(&Message) -> bool) -> io::Result<()> {
    let uri = uri::parse(url).map_err(io::Error::other)?;
    let mut socket = TcpStream::connect((uri.address(), uri.port())).await?;
    socket.set_nodelay(true)?;
    let opened = open(&mut socket, Handshake::new(uri, &[]));
    let (agreed, received) = timeout(PATIENCE, opened).await??;

    let connection = Connection::client(ThreadKeys);
    let mut stream = WebSocketStream::from_partially_read(socket, connection, received)
        .deflate(agreed, Config::default());
    while let Some(message) = timeout(PATIENCE, stream.next()).await? {
        match message {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                if echoes(&message) {
                    timeout(PATIENCE, stream.feed(message)).await??;
                }
            }
            // Both were answered.
            Ok(Message::Close(_)) | Err(CodecError::Protocol(_)) => break,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // After a closing handshake the server hangs up first; otherwise the stream has ended this
    // side.
    let _ = timeout(LINGER, async { while stream.next().await.is_some() {} }).await;
    Ok(())
}

/// The opening handshake. Gives what was agreed on for messages, and what has already arrived
/// behind it.
async fn open(
    socket: &mut TcpStream,
    mut handshake: Handshake<'_>,
) -> io::Result<(Option<DeflateParameters>, BytesMut)> {
    socket.write_all(handshake.request().as_bytes()).await?;
    let mut received = BytesMut::new();
    while socket.read_buf(&mut received).await? > 0 {
        if let Some(opened) = handshake.check(&received)? {
            received.advance(opened.frames_at);
            return Ok((opened.deflate, received));
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
