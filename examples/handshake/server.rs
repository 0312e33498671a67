//! A thread a connection, which begins with a request: for the page, or for a WebSocket.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use wsframe::handshake::{EMPTY_HEADER, HeadReader, Refusal, Reply, Request};

use crate::shared::Echo;

/// What a browser is shown: it opens a WebSocket, and says in its title what came back.
const PAGE: &str = "<!DOCTYPE html><title>waiting</title><link rel=icon href=data:,><script>\
    const socket = new WebSocket(`ws://${location.host}/chat`, ['superchat', 'chat']);\
    socket.onopen = () => socket.send('Hello, 🌍!');\
    socket.onmessage = (event) => { document.title = `${socket.protocol}: ${event.data}`; };\
    socket.onerror = () => { document.title = 'refused'; };</script>";

/// The server's order of preference.
const SUBPROTOCOLS: [&str; 2] = ["chat", "superchat"];

pub fn serve(addr: &str) -> io::Result<()> {
    let listener = TcpListener::bind(addr)?;
    println!("ws://{}/", listener.local_addr()?);
    for socket in listener.incoming() {
        let socket = socket?;
        // How a connection ends is between it and its peer.
        thread::spawn(move || run(socket));
    }
    Ok(())
}

fn run(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?; // for the request
    let (mut received, mut chunk) = (Vec::new(), [0; 16 << 10]);
    let mut reader = HeadReader::new();
    let mut response = String::new();
    let frames_at = loop {
        let count = socket.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        received.extend_from_slice(&chunk[..count]);
        match answer(&mut reader, &received, &mut response) {
            Ok(Answer::NotYet) => {}
            Ok(Answer::Close) => break None,
            Ok(Answer::WebSocket { frames_at }) => break Some(frames_at),
            Err(refusal) => {
                refusal.write(&mut response).map_err(io::Error::other)?;
                break None;
            }
        }
    };
    socket.write_all(response.as_bytes())?;
    let Some(frames_at) = frames_at else { return hang_up(socket) };

    socket.set_read_timeout(None)?;
    let (mut echo, mut out) = (Echo::new(), Vec::new());
    // Frames may have come with the head already.
    let mut goes_on = echo.answer(&received[frames_at..], &mut out);
    loop {
        socket.write_all(&out)?;
        out.clear();
        if !goes_on {
            return hang_up(socket);
        }
        let count = socket.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        goes_on = echo.answer(&chunk[..count], &mut out);
    }
}

enum Answer {
    NotYet,
    /// The response ends the connection.
    Close,
    WebSocket {
        frames_at: usize,
    },
}

fn answer(
    reader: &mut HeadReader,
    received: &[u8],
    response: &mut String,
) -> Result<Answer, Refusal> {
    let Some(head_len) = reader.find(received)? else { return Ok(Answer::NotYet) };
    let mut storage = [EMPTY_HEADER; 64];
    let request = Request::parse(&received[..head_len], &mut storage)?;
    if !request.is_handshake() {
        let headers = [("Content-Type", "text/html; charset=utf-8")];
        let reply = match (request.method(), request.target()) {
            ("GET", "/") => Reply::new(200, PAGE).headers(&headers),
            ("GET", _) => Reply::new(404, "the page is at /"),
            _ => return Err(Refusal::Method),
        };
        reply.write(response).expect("nothing that could not stand there");
        return Ok(Answer::Close);
    }
    let opening = request.opening()?;
    // Only pages of this very server may connect.
    opening.check_origin(&[&format!("http://{}", opening.host())])?;
    let chosen = opening.choose_subprotocol(&SUBPROTOCOLS);
    opening.accept().subprotocol(chosen).write(&mut [], response).expect("it was offered");
    Ok(Answer::WebSocket { frames_at: head_len })
}

/// Lets the peer read the last bytes: unread ones would make the system reset the connection.
fn hang_up(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown(std::net::Shutdown::Write)?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    while socket.read(&mut [0; 4096])? != 0 {}
    Ok(())
}
