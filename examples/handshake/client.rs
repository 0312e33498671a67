//! A client that opens a WebSocket, sends a message, and prints the echo.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wsframe::handshake::{ClientHandshake, HeadScanner, Response, ResponseError, WebSocketKey};
use wsframe::{CloseBody, CloseCode, Connection, Event, ThreadKeys};

use crate::uri;

const MESSAGE: &str = "Hello, 🌍!";

pub fn connect(uri: &str, subprotocols: &[&str]) -> Result<(), Box<dyn Error>> {
    let uri = uri::parse(uri)?;
    let mut socket = TcpStream::connect((uri.address(), uri.port()))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;

    let handshake = ClientHandshake::new(uri, WebSocketKey::random()).subprotocols(subprotocols);
    let mut request = String::new();
    handshake.write(&[], &mut request)?;
    socket.write_all(request.as_bytes())?;

    let mut reader = HeadScanner::new();
    let mut received = Vec::new();
    let head = loop {
        read(&mut socket, &mut received)?;
        // Interim responses, such as 103 (Early Hints), are skipped.
        if let Some(head) = reader.find_response(&received)? {
            break head;
        }
    };
    let frames_at = head.end;
    {
        let response = Response::parse(&received[head])?;
        match handshake.check(&response, &mut []) {
            Ok(agreed) => println!("subprotocol {}", agreed.subprotocol.unwrap_or("none")),
            Err(error @ ResponseError::Status(_)) => {
                let body = String::from_utf8_lossy(&received[frames_at..]);
                return Err(format!("{error}: {} {body}", response.reason()).into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    received.drain(..frames_at);
    say(&mut socket, &mut received)
}

fn say(socket: &mut TcpStream, received: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    let mut websocket = Connection::client(ThreadKeys);
    let mut out = Vec::new();
    websocket.send(MESSAGE, &mut out)?;
    let (mut text, mut is_whole) = (Vec::new(), false);
    loop {
        socket.write_all(&out)?;
        out.clear();
        read(socket, received)?;
        let mut input = &mut received[..];
        while let Some(event) = websocket.receive(&mut input, &mut out)? {
            match event {
                Event::Text(chunk) => {
                    text.extend_from_slice(chunk.text.into_bytes());
                    is_whole = chunk.last;
                }
                Event::Close(_) => return Ok(()),
                _ => {}
            }
        }
        let rest = input.len();
        received.drain(..received.len() - rest);
        if is_whole {
            is_whole = false;
            println!("echo {}", String::from_utf8(std::mem::take(&mut text))?);
            let bye = CloseBody { code: CloseCode::NORMAL, reason: "" };
            websocket.close(Some(bye), &mut out)?;
        }
    }
}

fn read(socket: &mut TcpStream, received: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    let mut chunk = [0; 4096];
    let count = socket.read(&mut chunk)?;
    received.extend_from_slice(&chunk[..count]);
    if count == 0 { Err("the server hung up".into()) } else { Ok(()) }
}
