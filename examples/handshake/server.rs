//! A server with a thread per connection. A connection begins with a request for the page, or with
//! a WebSocket handshake.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use wsframe::adapter::{Adapter, Batch};
use wsframe::deflate::{CompressedConnection, DeflateParameters};
use wsframe::handshake::{HeadScanner, HttpReply, Rejection, Request};

use crate::echo;
use crate::inbox::Inbox;

/// The page, which opens a WebSocket and shows the echo in its title.
const PAGE: &str = "<!DOCTYPE html><title>waiting</title><link rel=icon href=data:,><script>\
    const socket = new WebSocket(`ws://${location.host}/chat`, ['superchat', 'chat']);\
    socket.onopen = () => socket.send('Hello, 🌍!');\
    socket.onmessage = (event) => { document.title = `${socket.protocol}: ${event.data}`; };\
    socket.onerror = () => { document.title = 'refused'; };</script>";

/// How long a peer may take to end the connection after the last message.
const LINGER: Duration = Duration::from_secs(2);

/// The server's order of preference.
const SUBPROTOCOLS: [&str; 2] = ["chat", "superchat"];

pub fn serve(addr: &str) -> io::Result<()> {
    let listener = TcpListener::bind(addr)?;
    let addr = listener.local_addr()?;
    println!("ws://{addr}/");
    // Only pages of this server may connect. The server's address tells which these are. `Host`
    // does not, because a foreign name can resolve to this server.
    let origins = [format!("http://{addr}"), format!("http://localhost:{}", addr.port())];
    let origins = origins.each_ref().map(String::as_str);
    thread::scope(|scope| {
        loop {
            match listener.accept() {
                // An error of one connection does not concern the others.
                Ok((socket, _)) => drop(scope.spawn(move || run(socket, &origins))),
                Err(error) => {
                    eprintln!("handshake: cannot accept a connection: {error}");
                    // Most likely no file descriptor is free. Wait until a connection has ended.
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    })
}

fn run(mut socket: TcpStream, origins: &[&str]) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?; // for the request
    let mut inbox = Inbox::new();
    let mut reader = HeadScanner::new();
    let mut response = String::new();
    let websocket = loop {
        if !read(&mut socket, &mut inbox)? {
            return Ok(());
        }
        match answer(&mut reader, inbox.bytes(), origins, &mut response) {
            Ok(Answer::NotYet) => {}
            Ok(Answer::Close) => break None,
            Ok(Answer::WebSocket { frames_at, agreed }) => break Some((frames_at, agreed)),
            Err(rejection) => {
                rejection.write(&mut response)?;
                break None;
            }
        }
    };
    socket.write_all(response.as_bytes())?;
    let Some((frames_at, agreed)) = websocket else { return hang_up(socket, inbox) };

    socket.set_read_timeout(None)?;
    // Frames may have arrived together with the head.
    let rest = inbox.bytes().len() - frames_at;
    inbox.keep_last(rest);
    let connection = echo::connection(agreed);
    let mut adapter = Adapter::from_partially_read(socket, connection, inbox.bytes());
    let result = loop {
        match adapter.next_batch() {
            Ok(Some(batch)) => echo_batch(batch)?,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // If the peer broke a rule, a Close with the error's code was sent. Let the peer read it.
    adapter.get_ref().set_read_timeout(Some(LINGER))?;
    adapter.finish(|socket| socket.shutdown(Shutdown::Write))?;
    result
}

fn echo_batch(mut batch: Batch<'_, CompressedConnection>) -> io::Result<()> {
    echo::with_shared(|pool, buf| {
        while let Some(event) = batch.receive(buf, pool) {
            echo::answer(event, batch.connection, pool, batch.out)?;
        }
        Ok(())
    })
}

enum Answer {
    NotYet,
    /// The connection ends after the response.
    Close,
    WebSocket {
        frames_at: usize,
        /// The negotiated compression, if any.
        agreed: Option<DeflateParameters>,
    },
}

fn answer(
    reader: &mut HeadScanner,
    received: &[u8],
    origins: &[&str],
    response: &mut String,
) -> Result<Answer, Rejection> {
    let Some(head_len) = reader.find_request(received)? else { return Ok(Answer::NotYet) };
    let request = Request::parse(&received[..head_len])?;
    if !request.is_handshake() {
        let headers = [("Content-Type", "text/html; charset=utf-8")];
        let reply = match (request.method(), request.target()) {
            ("GET", "/") => HttpReply::new(200, PAGE).headers(&headers),
            ("GET", _) => HttpReply::new(404, "the page is at /"),
            _ => return Err(Rejection::Method),
        };
        reply.write(response).expect("nothing that could not stand there");
        return Ok(Answer::Close);
    }
    let opening = request.handshake()?;
    opening.check_origin(origins)?;
    let chosen = opening.choose_subprotocol(&SUBPROTOCOLS);
    let mut deflate = echo::negotiation();
    let accepted = opening.accept().subprotocol(chosen).write(&mut [&mut deflate], response);
    accepted.expect("the subprotocol was offered");
    Ok(Answer::WebSocket { frames_at: head_len, agreed: deflate.agreed() })
}

/// Lets the peer read the last bytes. If bytes from the peer were unread, the system could reset
/// the connection.
fn hang_up(mut socket: TcpStream, mut inbox: Inbox) -> io::Result<()> {
    socket.shutdown(Shutdown::Write)?;
    socket.set_read_timeout(Some(LINGER))?;
    inbox.keep_last(0);
    while read(&mut socket, &mut inbox)? {
        inbox.keep_last(0);
    }
    Ok(())
}

/// Reads more. Returns `false` at the end.
fn read(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<bool> {
    let count = socket.read(inbox.space())?;
    inbox.filled(count);
    Ok(count > 0)
}
