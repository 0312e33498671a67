//! An echo on tungstenite with permessage-deflate: what the Autobahn TestSuite speaks to.
//!
//!     echo                     a server; it says where it listens
//!     echo ws://HOST:PORT      a client of the suite's server: every case in turn
//!
//! It takes the place of one of tungstenite's own examples.

use std::{
    env,
    net::{TcpListener, TcpStream},
    thread,
};

use tungstenite::{
    accept_with_config, client::connect_with_config, protocol::WebSocketConfig, Error, Message,
    WebSocket,
};

fn config() -> Option<WebSocketConfig> {
    // Autobahn expects compression of messages of any length.
    let deflate = wsframe::deflate::Config::default().threshold(0);
    Some(WebSocketConfig::default().deflate(Some(deflate)))
}

/// Sends back what comes, until the connection ends in one way or another.
fn echo<S: std::io::Read + std::io::Write>(mut socket: WebSocket<S>) -> Result<(), Error> {
    loop {
        match socket.read()? {
            message @ (Message::Text(_) | Message::Binary(_)) => socket.send(message)?,
            _ => {}
        }
    }
}

fn serve(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    match accept_with_config(stream, config()) {
        Ok(socket) => echo(socket),
        Err(error) => {
            eprintln!("handshake: {error}");
            Ok(())
        }
    }
}

fn connect(url: &str) -> WebSocket<impl std::io::Read + std::io::Write> {
    connect_with_config(url, config(), 0).unwrap_or_else(|error| panic!("{url}: {error}")).0
}

fn main() {
    let Some(url) = env::args().nth(1) else {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        println!("ws://{}/", listener.local_addr().unwrap());
        for stream in listener.incoming() {
            thread::spawn(|| stream.map(serve));
        }
        return;
    };
    let count = connect(&format!("{url}/getCaseCount")).read().unwrap().to_string();
    for case in 1..=count.parse().unwrap() {
        // How it ended is for the suite to judge.
        let case: u32 = case;
        _ = echo(connect(&format!("{url}/runCase?case={case}&agent=wsframe")));
    }
    _ = connect(&format!("{url}/updateReports?agent=wsframe")).close(None);
}
