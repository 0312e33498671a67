//! A WebSocket client that sends messages and prints what comes back:
//! `cargo run --release --all-features --example echo_client -- ws://127.0.0.1:9001/ Hello`.
//!
//! This is the sans-I/O way: `tokio_client` is shorter, on `WebSocketStream`.
//!
//! It reads and writes at the same time, so that long messages cannot make both sides wait for each
//! other. It also answers Pings while it waits for the next line of the standard input.

#[path = "common/handshake.rs"]
mod handshake;
#[path = "common/inbox.rs"]
mod inbox;
#[path = "common/uri.rs"]
mod uri;

use core::mem;
use core::time::Duration;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{sleep, timeout};
use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};
use wsframe::handshake::Uri;
use wsframe::{
    Assembler, CloseBody, CloseCode, Connection, Event, ReceiveError, ThreadKeys, TransportAction,
};

use handshake::Handshake;
use inbox::Inbox;

const USAGE: &str = "usage: echo_client URL [MESSAGE…]   (without messages: each line of the standard \
                     input)";

/// The longest fragment. Longer messages are sent in fragments, one after another was written. So a
/// reply to a Ping never waits for more than this.
const MAX_FRAGMENT_LEN: usize = 16 << 10;
/// Compressed messages are decompressed in pieces of this length.
const PIECE_LEN: usize = 16 << 10;
/// How long the server may take to end the connection, once either side closes it.
const LINGER: Duration = Duration::from_secs(2);

type Client = CompressedConnection<ThreadKeys>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let Some(uri) = args.next() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let uri = match uri::parse(&uri) {
        Ok(uri) => uri,
        Err(wrong) => {
            eprintln!("echo_client: {wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(uri, messages(args.collect())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the messages to send, as they become available.
fn messages(args: Vec<String>) -> Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(1);
    // Reading the standard input blocks, so it needs a thread of its own. The thread ends with the
    // process.
    thread::spawn(move || {
        if args.is_empty() {
            io::stdin().lines().try_for_each(|line| sender.blocking_send(line))
        } else {
            args.into_iter().try_for_each(|message| sender.blocking_send(Ok(message)))
        }
    });
    receiver
}

/// Runs a connection from its beginning to its end.
async fn run(uri: Uri<'_>, messages: Receiver<io::Result<String>>) -> io::Result<()> {
    let mut socket = TcpStream::connect((uri.address(), uri.port())).await?;
    socket.set_nodelay(true)?;
    let mut inbox = Inbox::new();
    let agreed = open(&mut socket, &mut inbox, Handshake::new(uri, &[])).await?;
    let client = CompressedConnection::new(Connection::client(ThreadKeys), agreed);
    let (client, complete) = echo(&mut socket, &mut inbox, client, messages).await?;
    let client = client.connection();

    // After a closing handshake the server ends the connection first. Otherwise this side does.
    if client.transport_action() == TransportAction::Close {
        socket.shutdown().await?;
    }
    let hang_up = async {
        inbox.keep_last(0);
        while socket.read(inbox.space()).await.is_ok_and(|count| count > 0) {}
    };
    let _ = timeout(LINGER, hang_up).await;

    let code = client.close_code().unwrap_or(CloseCode::ABNORMAL);
    let wrong = match client.error() {
        Some(error) => format!("the server broke a rule: {error}"),
        None if complete && code == CloseCode::NORMAL => return Ok(()),
        None => format!("the server closed early: {code}"),
    };
    Err(io::Error::other(wrong))
}

/// Performs the opening handshake. Bytes received after it stay in the inbox. Returns the
/// negotiated parameters of compression.
async fn open(
    socket: &mut TcpStream,
    inbox: &mut Inbox,
    mut handshake: Handshake<'_>,
) -> io::Result<Option<DeflateParameters>> {
    socket.write_all(handshake.request().as_bytes()).await?;
    loop {
        let count = socket.read(inbox.space()).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inbox.filled(count);
        let received = inbox.bytes();
        if let Some(opened) = handshake.check(received)? {
            let rest = received.len() - opened.frames_at;
            inbox.keep_last(rest);
            return Ok(opened.deflate);
        }
    }
}

/// Sends the messages, prints the echoes, and closes the connection after the last echo. Returns
/// the connection, and whether all echoes arrived.
async fn echo(
    socket: &mut TcpStream,
    inbox: &mut Inbox,
    mut client: Client,
    mut messages: Receiver<io::Result<String>>,
) -> io::Result<(Client, bool)> {
    let (mut reader, mut writer) = socket.split();
    let (mut pool, mut buf) = (Pool::new(Config::default()), vec![0; PIECE_LEN]);
    let mut assembler = Assembler::new();
    let mut out = Vec::new();

    let mut more = true; // whether there may be more messages to send
    let mut outgoing: Option<Outgoing> = None;
    let mut awaited = 0; // the number of messages whose echo has not arrived
    let mut closing = false;

    loop {
        // Process the bytes that were read.
        let mut input = inbox.bytes();
        let output_full = loop {
            match client.receive(&mut input, &mut buf, &mut pool, &mut out) {
                Ok(Some(event)) => {
                    if print(event, &mut assembler)? {
                        awaited -= 1;
                    }
                }
                Ok(None) => break false,
                // After any other error, `transport_action` returns `Close`.
                Err(error) => break error == ReceiveError::OutputFull,
            }
        };
        let unused = input.len();
        inbox.keep_last(unused);
        if client.connection().transport_action() != TransportAction::KeepOpen {
            timeout(LINGER, writer.write_all(&out)).await??;
            return Ok((client, closing));
        }

        // Send the outgoing message, if there is one.
        if let Some(message) = &mut outgoing {
            if out.is_empty() {
                let (fragment, last) = message.next_fragment();
                client.send_fragment(fragment, last, &mut pool, &mut out)?;
                if last {
                    outgoing = None;
                }
            }
        } else if !more && awaited <= 0 && !closing {
            let body = CloseBody { code: CloseCode::NORMAL, reason: "" };
            client.connection_mut().close(Some(body), &mut out)?;
            closing = true;
        }

        // Write, read, or get a message, whichever comes first.
        select! {
            count = writer.write(&out), if !out.is_empty() => {
                out.drain(..count?);
            }
            count = reader.read(inbox.space()), if !output_full => match count? {
                0 => client.connection_mut().receive_eof(),
                count => inbox.filled(count),
            },
            message = messages.recv(), if more && outgoing.is_none() => match message {
                Some(text) => {
                    outgoing = Some(Outgoing { text: text?, sent: 0 });
                    awaited += 1;
                }
                None => more = false,
            },
            () = sleep(LINGER), if closing => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// Prints a message when it is complete. Returns whether it was.
fn print(event: Event<'_>, assembler: &mut Assembler) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match event {
        Event::Text(chunk) => match assembler.text(chunk)? {
            Some(text) => stdout.write_all(text.as_bytes())?,
            None => return Ok(false),
        },
        Event::Binary(chunk) => match assembler.binary(chunk) {
            Some(bytes) => stdout.write_all(&bytes)?,
            None => return Ok(false),
        },
        Event::Ping(_) | Event::Pong(_) | Event::Close(_) | Event::Raw(_) => return Ok(false),
    }
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    Ok(true)
}

/// A message that is being sent.
struct Outgoing {
    text: String,
    /// The number of bytes that were sent.
    sent: usize,
}

impl Outgoing {
    /// Returns the next fragment, and whether it is the last.
    fn next_fragment(&mut self) -> (&str, bool) {
        let mut end = self.text.len().min(self.sent + MAX_FRAGMENT_LEN);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let start = mem::replace(&mut self.sent, end);
        (&self.text[start..end], end == self.text.len())
    }
}
