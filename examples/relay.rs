//! A relay between WebSocket clients and a server:
//! `cargo run --release --all-features --example relay -- 127.0.0.1:9002 ws://127.0.0.1:9001`.
//!
//! It forwards the opening handshake, and then frames. Each frame is checked, and its mask is
//! exchanged in one pass. No message is assembled. If a frame breaks a rule, it is not forwarded,
//! and both sides get a Close with the error's code.
//!
//! Each [`Direction`] reads more only after it has written everything. So if one peer does not
//! read, the relay soon stops reading from the other. A direction takes two buffers.

#[path = "common/inbox.rs"]
mod inbox;
#[path = "common/listener.rs"]
mod listener;
#[path = "common/uri.rs"]
mod uri;

use core::convert::Infallible;
use core::fmt::Display;
use core::pin::pin;
use core::time::Duration;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio::{join, select, spawn};
use wsframe::handshake::{HeadScanner, Rejection, Request, Response};
use wsframe::{
    CloseBody, Limits, MaskingKeys, MessageDecoder, NoKeys, ProtocolError, Relay, Role, ThreadKeys,
};

use inbox::Inbox;

const USAGE: &str = "usage: relay ADDR URL   (listens on ADDR, connects on to ws://HOST:PORT; which \
                     path, says each client)";

/// How long an opening handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one side may take to end after the other.
const LINGER: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [addr, url] = &args[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let server = match uri::parse(url) {
        Ok(uri) if uri.path() == "/" && uri.query().is_none() => (uri.address(), uri.port()),
        Ok(_) => return misused("the URL is to name no path"),
        Err(wrong) => return misused(wrong),
    };
    let Err(error) = listen(addr, server).await;
    eprintln!("relay: cannot listen on {addr}: {error}");
    ExitCode::FAILURE
}

fn misused(why: impl Display) -> ExitCode {
    eprintln!("relay: {why}\n{USAGE}");
    ExitCode::from(2)
}

/// Listens, prints the address, and relays connections to the server at this address.
async fn listen(addr: &str, (host, port): (&str, u16)) -> io::Result<Infallible> {
    let listener = TcpListener::bind(addr).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "WebSocket  ws://{}/", listener.local_addr()?)?;
    stdout.flush()?; // a program may wait for the port at the other end of a pipe
    loop {
        let client = listener::accept(&listener).await;
        // An error of one connection does not concern the others.
        spawn(relay(client, (host.into(), port)));
    }
}

/// Relays a connection from its request to its end.
async fn relay(mut client: TcpStream, server: (String, u16)) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (mut from_client, mut from_server) = (Inbox::new(), Inbox::new());
    let handshake = async {
        let request = read_request(&mut client, &mut from_client).await?;
        let mut server = TcpStream::connect(server).await?;
        server.set_nodelay(true)?;
        server.write_all(&request).await?;
        let upgraded = pass_response(&mut server, &mut from_server, &mut client).await?;
        io::Result::Ok(upgraded.then_some(server))
    };
    if let Some(mut server) = timeout(HANDSHAKE_TIMEOUT, handshake).await?? {
        pass_frames(&mut client, from_client, &mut server, from_server).await;
    }
    Ok(())
}

/// Reads a request, and returns the head to send to the server. Bytes received after it stay in the
/// inbox. An invalid request is rejected, and returned as an error.
async fn read_request(client: &mut TcpStream, inbox: &mut Inbox) -> io::Result<Vec<u8>> {
    let mut reader = HeadScanner::new();
    while read(client, inbox).await? {
        let received = inbox.bytes();
        match head_for_server(&mut reader, received) {
            Ok(Some((head_len, head))) => {
                let rest = received.len() - head_len;
                inbox.keep_last(rest);
                return Ok(head);
            }
            Ok(None) => {}
            Err(rejection) => {
                let mut response = String::new();
                rejection.write(&mut response)?;
                client.write_all(response.as_bytes()).await?;
                client.shutdown().await?;
                let _ = timeout(LINGER, copy(client, &mut sink())).await;
                return Err(rejection.into());
            }
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Returns the length of the request's head, and the head to send to the server. Returns `None`
/// while the head is incomplete.
fn head_for_server(
    reader: &mut HeadScanner,
    received: &[u8],
) -> Result<Option<(usize, Vec<u8>)>, Rejection> {
    let Some(head_len) = reader.find_request(received)? else { return Ok(None) };
    let request = Request::parse(&received[..head_len])?;
    if request.is_handshake() {
        request.handshake()?;
    }
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method(), request.target()).into_bytes();
    for (name, value) in request.headers() {
        // The relay supports no extension, which would change the meaning of payloads.
        if !name.eq_ignore_ascii_case("Sec-WebSocket-Extensions") {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
    }
    head.extend(b"\r\n");
    Ok(Some((head_len, head)))
}

/// Forwards the server's response, and interim responses such as 103 (Early Hints). Returns whether
/// it opened a WebSocket. If not, everything else that the server sends is forwarded, and the
/// connection is over.
async fn pass_response(
    server: &mut TcpStream,
    inbox: &mut Inbox,
    client: &mut TcpStream,
) -> io::Result<bool> {
    loop {
        let head_len = read_head(server, inbox).await?;
        let received = inbox.bytes();
        let response = Response::parse(&received[..head_len])?;
        let (status, is_interim) = (response.status(), response.is_interim());

        client.write_all(&received[..head_len]).await?;
        let rest = received.len() - head_len;
        inbox.keep_last(rest);
        if status == 101 {
            return Ok(true);
        }
        if !is_interim {
            client.write_all(inbox.bytes()).await?;
            copy(server, client).await?;
            client.shutdown().await?;
            return Ok(false);
        }
    }
}

/// Reads until the head of a response is complete, and returns its length.
async fn read_head(server: &mut TcpStream, inbox: &mut Inbox) -> io::Result<usize> {
    let mut reader = HeadScanner::new();
    loop {
        if let Some(head_len) = reader.find_request(inbox.bytes())? {
            return Ok(head_len);
        }
        if !read(server, inbox).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Forwards frames in both directions, until both sides have ended.
async fn pass_frames(
    client: &mut TcpStream,
    from_client: Inbox,
    server: &mut TcpStream,
    from_server: Inbox,
) {
    let (mut from_client_socket, mut to_client) = client.split();
    let (mut from_server_socket, mut to_server) = server.split();
    // Frames from the client are decoded as a server does, and masked again.
    let mut upstream = Direction::new(Role::Server, ThreadKeys, from_client);
    let mut downstream = Direction::new(Role::Client, NoKeys, from_server);
    let violation = OnceLock::new();

    either_then_both(
        upstream.run(&mut from_client_socket, &mut to_server, &violation),
        downstream.run(&mut from_server_socket, &mut to_client, &violation),
    )
    .await;
    // Everything that still arrives is discarded. If it were unread, the system could reset the
    // connection, and the peer could lose the last bytes.
    let end = async {
        join!(
            upstream.end(&mut to_server, &violation),
            downstream.end(&mut to_client, &violation),
            discard(&mut from_client_socket),
            discard(&mut from_server_socket),
        )
    };
    let _ = timeout(LINGER, end).await;
}

/// Waits until one of the two has ended, and then for the other, but not longer than [`LINGER`].
async fn either_then_both(one: impl Future, other: impl Future) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let _ = select! {
        _ = &mut one => timeout(LINGER, other).await.map(drop),
        _ = &mut other => timeout(LINGER, one).await.map(drop),
    };
}

/// One direction of the relay.
struct Direction<K> {
    relay: Relay<K>,
    inbox: Inbox,
    /// Frames to write. They are at most as long as the inbox, because a header that is encoded
    /// again is not longer than before.
    out: Vec<u8>,
}

impl<K: MaskingKeys> Direction<K> {
    /// Creates a direction that receives frames in this role.
    fn new(role: Role, keys: K, inbox: Inbox) -> Self {
        // No message is kept in memory, so neither its length nor its fragments need a limit.
        let messages = MessageDecoder::new(role).limits(Limits::UNLIMITED);
        let relay = Relay::new(messages, keys);
        Self { relay, inbox, out: Vec::new() }
    }

    /// Forwards frames until their sender ends, resets the connection or breaks a rule.
    ///
    /// The other direction continues after that, with the receiver's last frames and its answer to
    /// the Close. This is cancel-safe: bytes that were not written are kept.
    async fn run(
        &mut self,
        from: &mut ReadHalf<'_>,
        to: &mut WriteHalf<'_>,
        violation: &OnceLock<ProtocolError>,
    ) -> io::Result<()> {
        loop {
            let forwarded = self.forward();
            self.write(to).await?;
            if let Err(error) = forwarded {
                violation.get_or_init(|| error);
                break;
            }
            // A reset is treated as the end, so the receiver notices it at once.
            if !read(from, &mut self.inbox).await.unwrap_or(false) {
                break;
            }
        }
        self.end(to, violation).await
    }

    /// Forwards the bytes that were read.
    fn forward(&mut self) -> Result<(), ProtocolError> {
        let mut input = self.inbox.bytes();
        let result = loop {
            match self.relay.forward(&mut input) {
                Ok(Some(frame)) => {
                    self.out.extend_from_slice(frame.header.as_deref().unwrap_or_default());
                    self.out.extend_from_slice(frame.payload);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let unused = input.len();
        self.inbox.keep_last(unused);
        result
    }

    /// Writes the rest, and a Close with the error's code if either side broke a rule. In the
    /// middle of a frame no Close can be sent, so the receiver sees only an incomplete frame.
    async fn end(
        &mut self,
        to: &mut WriteHalf<'_>,
        violation: &OnceLock<ProtocolError>,
    ) -> io::Result<()> {
        if let Some(error) = violation.get() {
            let body = CloseBody { code: error.close_code(), reason: error.section() };
            self.relay.close(Some(body), &mut self.out)?;
        }
        self.write(to).await?;
        to.shutdown().await
    }

    async fn write(&mut self, to: &mut WriteHalf<'_>) -> io::Result<()> {
        while !self.out.is_empty() {
            let count = to.write(&self.out).await?;
            self.out.drain(..count);
        }
        Ok(())
    }
}

/// Reads more. Returns `false` at the end.
async fn read(from: &mut (impl AsyncRead + Unpin), inbox: &mut Inbox) -> io::Result<bool> {
    let count = from.read(inbox.space()).await?;
    inbox.filled(count);
    Ok(count > 0)
}

/// Reads and discards everything until the end.
async fn discard(from: &mut ReadHalf<'_>) -> io::Result<u64> {
    copy(from, &mut sink()).await
}
