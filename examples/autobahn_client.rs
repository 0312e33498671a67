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

use wsframe::{
    Assembler, Connection, Data, EncodeError, Event, ReceiveError, ThreadKeys, Transport,
};

use handshake::Handshake;
use inbox::Inbox;

const USAGE: &str =
    "usage: autobahn_client URL [AGENT]   (AGENT: the name in the reports, wsframe)";

/// A case in which the server says nothing, or takes nothing, for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the server may take to hang up, once all was said.
const LINGER: Duration = Duration::from_secs(2);

type Client = Connection<ThreadKeys>;

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
    converse(&format!("{server}/getCaseCount"), |message, _, _| {
        if let Data::Text(text) = message {
            count = text.parse().ok();
        }
        Ok(())
    })?;
    let count = count.ok_or_else(|| io::Error::other("the server does not say how many cases"))?;

    for case in 1..=count {
        let url = format!("{server}/runCase?case={case}&agent={agent}");
        // How a case ends is for the server to judge; some end with a connection that is cut.
        if let Err(error) = converse(&url, |message, client, out| client.send(message, out)) {
            eprintln!("autobahn_client: case {case} of {count}: {error}");
        }
    }
    converse(&format!("{server}/updateReports?agent={agent}"), |_, _, _| Ok(()))?;
    Ok(count)
}

/// A connection from its beginning to its end. `answer` is shown each message, and may reply.
fn converse(
    url: &str,
    mut answer: impl FnMut(Data<'_>, &mut Client, &mut Vec<u8>) -> Result<(), EncodeError>,
) -> io::Result<()> {
    let uri = uri::parse(url).map_err(io::Error::other)?;
    let mut socket = TcpStream::connect((uri.address(), uri.port()))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let mut inbox = Inbox::new();
    open(&mut socket, &mut inbox, Handshake::new(uri, &[]))?;

    let mut client = Connection::client(ThreadKeys);
    let mut assembler = Assembler::new();
    let mut out = Vec::new();
    loop {
        let mut input = inbox.bytes();
        let received = receive(&mut client, &mut assembler, &mut input, &mut out, &mut answer);
        let unused = input.len();
        inbox.keep_last(unused);
        socket.write_all(&out)?;
        out.clear();
        // The closing handshake is over, or a rule was broken and the server has been told.
        if client.transport() != Transport::KeepOpen {
            break;
        }
        // If there was no room for an answer, there is now; else more is needed.
        if received != Err(ReceiveError::OutputFull) && !read(&mut socket, &mut inbox)? {
            client.end_of_input();
            break;
        }
    }

    // After a closing handshake the server hangs up first; otherwise this side does.
    if client.transport() == Transport::Close {
        socket.shutdown(Shutdown::Write)?;
    }
    socket.set_read_timeout(Some(LINGER))?;
    while read(&mut socket, &mut inbox).unwrap_or(false) {
        inbox.keep_last(0);
    }
    Ok(())
}

/// The opening handshake. What has already arrived behind it stays in the inbox.
fn open(socket: &mut TcpStream, inbox: &mut Inbox, mut handshake: Handshake<'_>) -> io::Result<()> {
    socket.write_all(handshake.request().as_bytes())?;
    while read(socket, inbox)? {
        let received = inbox.bytes();
        if let Some(frames_at) = handshake.check(received)? {
            let rest = received.len() - frames_at;
            inbox.keep_last(rest);
            return Ok(());
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Takes all that `input` holds, and shows the messages to `answer` that end in it.
fn receive(
    client: &mut Client,
    assembler: &mut Assembler,
    input: &mut &mut [u8],
    out: &mut Vec<u8>,
    answer: &mut impl FnMut(Data<'_>, &mut Client, &mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), ReceiveError> {
    while let Some(event) = client.receive(input, out)? {
        let answered = match event {
            Event::Text(chunk) => match assembler.text(chunk) {
                Some(text) => answer(Data::Text(&text), client, out),
                None => Ok(()),
            },
            Event::Binary(chunk) => match assembler.binary(chunk) {
                Some(bytes) => answer(Data::Binary(&bytes), client, out),
                None => Ok(()),
            },
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) | Event::Raw(_) => Ok(()),
        };
        answered.expect("a `Vec` has room, and no message comes when a Close was sent");
    }
    Ok(())
}

/// Reads more; `false` if nothing more comes.
fn read(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<bool> {
    let count = socket.read(inbox.space())?;
    inbox.filled(count);
    Ok(count > 0)
}
