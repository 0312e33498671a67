//! The client that the Autobahn|TestSuite drives:
//! `cargo run --release --all-features --example autobahn_client -- ws://127.0.0.1:9001`.
//!
//! The suite's server (`wstest -m fuzzingserver`) has a resource for each step: how many cases there are,
//! one case after another, and that its reports be written. In a case the client echoes each message,
//! whole; what the server sends besides, the connection deals with by itself.
//!
//! It reads and writes in turn, on blocking sockets: enough for a peer that always reads.

#[path = "common/handshake.rs"]
mod handshake;
#[path = "common/inbox.rs"]
mod inbox;
#[path = "common/uri.rs"]
mod uri;

use core::time::Duration;
use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;

use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};
use wsframe::{
    Assembler, Connection, Event, MessageData, ReceiveError, ThreadKeys, TransportAction,
};

use handshake::Handshake;
use inbox::Inbox;

const USAGE: &str =
    "usage: autobahn_client URL [AGENT]   (AGENT: the name in the reports, wsframe)";

/// A case in which the server says nothing, or takes nothing, for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the server may take to hang up, once all was said.
const LINGER: Duration = Duration::from_secs(2);

/// Compressed messages are decompressed in pieces of this length.
const PIECE_LEN: usize = 16 << 10;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let (server, agent) = match &args[..] {
        [server] => (server, "wsframe"),
        [server, agent] => (server, agent.as_str()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run_all(server.trim_end_matches('/'), agent) {
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
fn run_all(server: &str, agent: &str) -> io::Result<u32> {
    let mut count = None;
    converse(&format!("{server}/getCaseCount"), |message| {
        if let MessageData::Text(text) = message {
            count = text.parse().ok();
        }
        false
    })?;
    let count = count.ok_or_else(|| io::Error::other("the server does not say how many cases"))?;

    for case in 1..=count {
        let url = format!("{server}/runCase?case={case}&agent={agent}");
        // How a case ends is for the server to judge; some end with a connection that is cut.
        if let Err(error) = converse(&url, |_| true) {
            eprintln!("autobahn_client: case {case} of {count}: {error}");
        }
    }
    converse(&format!("{server}/updateReports?agent={agent}"), |_| false)?;
    Ok(count)
}

/// Runs a connection from its beginning to its end. `echoes` is called with each message, and returns whether to
/// send it back.
fn converse(url: &str, mut echoes: impl FnMut(MessageData<'_>) -> bool) -> io::Result<()> {
    let uri = uri::parse(url).map_err(io::Error::other)?;
    let mut socket = TcpStream::connect((uri.address(), uri.port()))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let mut inbox = Inbox::new();
    let agreed = open(&mut socket, &mut inbox, Handshake::new(uri, &[]))?;

    let mut client = Client::new(agreed);
    let mut out = Vec::new();
    loop {
        let mut input = inbox.bytes();
        let received = client.receive(&mut input, &mut out, &mut echoes);
        let unused = input.len();
        inbox.keep_last(unused);
        socket.write_all(&out)?;
        out.clear();
        // The closing handshake is over, or a rule was broken and the server has been told.
        if client.websocket.connection().transport_action() != TransportAction::KeepOpen {
            break;
        }
        // If the output was full, it is empty now; otherwise more input is needed.
        if received != Err(ReceiveError::OutputFull) && !read(&mut socket, &mut inbox)? {
            client.websocket.connection_mut().receive_eof();
            break;
        }
    }

    // After a closing handshake the server hangs up first; otherwise this side does.
    if client.websocket.connection().transport_action() == TransportAction::Close {
        socket.shutdown(Shutdown::Write)?;
    }
    socket.set_read_timeout(Some(LINGER))?;
    while read(&mut socket, &mut inbox).unwrap_or(false) {
        inbox.keep_last(0);
    }
    Ok(())
}

/// Performs the opening handshake. Bytes received after it stay in the inbox. Returns the negotiated
/// parameters of compression.
fn open(
    socket: &mut TcpStream,
    inbox: &mut Inbox,
    mut handshake: Handshake<'_>,
) -> io::Result<Option<DeflateParameters>> {
    socket.write_all(handshake.request().as_bytes())?;
    while read(socket, inbox)? {
        let received = inbox.bytes();
        if let Some(opened) = handshake.check(received)? {
            let rest = received.len() - opened.frames_at;
            inbox.keep_last(rest);
            return Ok(opened.deflate);
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// This end of the connection, and what it needs to put messages together.
struct Client {
    websocket: CompressedConnection<ThreadKeys>,
    pool: Pool,
    buf: Vec<u8>,
    assembler: Assembler,
}

impl Client {
    fn new(agreed: Option<DeflateParameters>) -> Self {
        Self {
            websocket: CompressedConnection::new(Connection::client(ThreadKeys), agreed),
            pool: Pool::new(Config::default()),
            buf: vec![0; PIECE_LEN],
            assembler: Assembler::new(),
        }
    }

    /// Takes all that `input` holds, and echoes the messages that end in it, if `echoes` returns true.
    fn receive(
        &mut self,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
        echoes: &mut impl FnMut(MessageData<'_>) -> bool,
    ) -> Result<(), ReceiveError> {
        let Self { websocket, pool, buf, assembler } = self;
        while let Some(event) = websocket.receive(input, buf, pool, out)? {
            let (text, bytes) = match event {
                Event::Text(chunk) => (assembler.text(chunk)?, None),
                Event::Binary(chunk) => (None, assembler.binary(chunk)),
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) | Event::Raw(_) => continue,
            };
            let message = text
                .as_deref()
                .map(MessageData::Text)
                .or(bytes.as_deref().map(MessageData::Binary));
            if let Some(message) = message.filter(|message| echoes(*message)) {
                let sent = websocket.send(message, pool, out);
                sent.expect("a `Vec` has room, and no message comes when a Close was sent");
            }
        }
        Ok(())
    }
}

/// Reads more; `false` if nothing more comes.
fn read(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<bool> {
    let count = socket.read(inbox.space())?;
    inbox.filled(count);
    Ok(count > 0)
}
