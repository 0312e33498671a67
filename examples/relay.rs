//! A relay between WebSocket clients and a server:
//! `cargo run --release --all-features --example relay -- 127.0.0.1:9002 ws://127.0.0.1:9001`.
//!
//! It passes the opening handshake on, and then frames: each is held to the rules, its payload gets
//! another mask in the pass that reads it, and no message is put together. What breaks a rule goes
//! no further: both sides get a Close with the code for it.
//!
//! Each way is a [`Direction`], which reads more only when all that it has read was written. So a
//! peer that does not read is soon not read for either, and memory is two buffers a way.

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
/// How long one side may take to end when the other has.
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

/// Listens, says where, and relays what connects to the server at this address.
async fn listen(addr: &str, (host, port): (&str, u16)) -> io::Result<Infallible> {
    let listener = TcpListener::bind(addr).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "WebSocket  ws://{}/", listener.local_addr()?)?;
    stdout.flush()?; // for a program that waits for the port at the other end of a pipe
    loop {
        let client = listener::accept(&listener).await;
        // How a connection ends is between its two sides.
        spawn(relay(client, (host.into(), port)));
    }
}

/// One connection, from its request to its end.
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

/// Reads a request, and returns the head to send to the server. Bytes received after it stay
/// in the inbox. A request that is not valid is answered here, and is an error.
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

/// The length of the head of the request, and the head that goes to the server; `None` while it is
/// not all there.
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
        // An extension would change what frames hold, and the relay knows none.
        if !name.eq_ignore_ascii_case("Sec-WebSocket-Extensions") {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
    }
    head.extend(b"\r\n");
    Ok(Some((head_len, head)))
}

/// Passes the server's response on, and what it says meanwhile, such as 103 (Early Hints). Says
/// whether the connection is a WebSocket from here on. If it is not, the client gets all that the
/// server sends, and the connection is over.
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

/// Reads until the head of a response is there, and gives its length.
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

/// Passes frames both ways, until both sides have ended.
async fn pass_frames(
    client: &mut TcpStream,
    from_client: Inbox,
    server: &mut TcpStream,
    from_server: Inbox,
) {
    let (mut from_client_socket, mut to_client) = client.split();
    let (mut from_server_socket, mut to_server) = server.split();
    // Frames from a client are received as by a server, and masked again.
    let mut upstream = Direction::new(Role::Server, ThreadKeys, from_client);
    let mut downstream = Direction::new(Role::Client, NoKeys, from_server);
    let violation = OnceLock::new();

    either_then_both(
        upstream.run(&mut from_client_socket, &mut to_server, &violation),
        downstream.run(&mut from_server_socket, &mut to_client, &violation),
    )
    .await;
    // A side that has not ended by now is not waited for. What still arrives is discarded: if it
    // were left unread, the system would reset the connection, and what was sent last might be
    // lost.
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

/// Waits for both; when either has ended, for the other no longer than is usual.
async fn either_then_both(one: impl Future, other: impl Future) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let _ = select! {
        _ = &mut one => timeout(LINGER, other).await.map(drop),
        _ = &mut other => timeout(LINGER, one).await.map(drop),
    };
}

/// One way through the relay.
struct Direction<K> {
    relay: Relay<K>,
    inbox: Inbox,
    /// Frames to write: no more than the inbox held, since a header that is encoded again
    /// is not longer than it was.
    out: Vec<u8>,
}

impl<K: MaskingKeys> Direction<K> {
    /// A direction in which frames are received as by this role.
    fn new(role: Role, keys: K, inbox: Inbox) -> Self {
        // No message is ever held, so that it may have any length, in any number of fragments.
        let messages = MessageDecoder::new(role).limits(Limits::UNLIMITED);
        let relay = Relay::new(messages, keys);
        Self { relay, inbox, out: Vec::new() }
    }

    /// Forwards frames until their sender ends, resets the connection or breaks a rule.
    ///
    /// The other direction goes on then: it brings what the receiver has still to say, and its
    /// answer to the Close. It may be stopped whenever it waits: what was not written is still
    /// there.
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
            // A reset is an end: the receiver learns of it at once.
            if !read(from, &mut self.inbox).await.unwrap_or(false) {
                break;
            }
        }
        self.end(to, violation).await
    }

    /// Forwards what has been read.
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

    /// Writes what is left and no more; if a rule was broken, by either side, a Close with the code
    /// for it. In the midst of a frame there is no saying it: the receiver sees only that the frame
    /// does not go on.
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

/// Reads more; `false` if nothing more comes.
async fn read(from: &mut (impl AsyncRead + Unpin), inbox: &mut Inbox) -> io::Result<bool> {
    let count = from.read(inbox.space()).await?;
    inbox.filled(count);
    Ok(count > 0)
}

/// Reads until nothing more comes, and throws it away.
async fn discard(from: &mut ReadHalf<'_>) -> io::Result<u64> {
    copy(from, &mut sink()).await
}
