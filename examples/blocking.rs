//! A WebSocket echo on threads, and a client: `cargo run --release --all-features --example
//! blocking -- [ADDR]`, and `… -- ws://HOST:PORT/ MESSAGE…`, which prints what comes back.
//!
//! This file is the whole program. It needs only wsframe with the feature `blocking`.

use std::net::{TcpListener, TcpStream};
use std::{env, io, thread, time::Duration};

use wsframe::handshake::{Options, Uri};
use wsframe::{CloseCode, Message, blocking};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.split_first() {
        Some((uri, messages)) if uri.starts_with("ws://") => client(uri, messages),
        addr => serve(addr.map_or("127.0.0.1:9001", |(addr, _)| addr)),
    }
}

fn serve(addr: &str) -> io::Result<()> {
    let listener = TcpListener::bind(addr)?;
    println!("ws://{}/", listener.local_addr()?);
    for socket in listener.incoming() {
        let socket = socket?;
        thread::spawn(move || echo(socket));
    }
    Ok(())
}

fn echo(socket: TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(300)))?;
    socket.set_nodelay(true)?;
    let mut websocket = blocking::accept(socket, &Options::new())?;
    while let Some(message) = websocket.read()? {
        // Pings and Closes were answered automatically.
        if message.is_data() {
            websocket.send(message)?;
        }
    }
    Ok(())
}

fn client(uri: &str, messages: &[String]) -> io::Result<()> {
    let parsed = Uri::parse(uri)?;
    let socket = TcpStream::connect((parsed.address(), parsed.port()))?;
    socket.set_nodelay(true)?;
    let mut websocket = blocking::client(socket, uri, &Options::new())?;
    for message in messages {
        websocket.send(Message::text(message.clone()))?;
        if let Some(Message::Text(echo)) = websocket.read()? {
            println!("{echo}");
        }
    }
    websocket.close(CloseCode::NORMAL, "")?;
    while websocket.read()?.is_some() {}
    Ok(())
}
