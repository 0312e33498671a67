//! The echo server on embedded-websocket: its `WebSocketServer`, after the handshake.

#![no_std]
#![no_main]

use embedded_websocket::{
    Error, WebSocketReceiveMessageType as Received, WebSocketSendMessageType as Sent,
    WebSocketServer, WebSocketState,
};
use size::{BUFFER_LEN, halt, receive, send};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (mut buf, mut payload, mut out) = ([0; BUFFER_LEN], [0; BUFFER_LEN], [0; 2 * BUFFER_LEN]);
    let mut server = WebSocketServer::new_server();
    server.state = WebSocketState::Open;
    let mut held = 0;
    loop {
        receive(&mut buf[held..][..1]);
        held += 1;
        let read = match server.read(&buf[..held], &mut payload) {
            Ok(read) => read,
            Err(Error::ReadFrameIncomplete) => continue,
            Err(_) => break,
        };
        held = 0;
        let kind = match read.message_type {
            Received::Text => Sent::Text,
            Received::Binary => Sent::Binary,
            Received::Ping => Sent::Pong,
            Received::CloseMustReply => Sent::CloseReply,
            _ => continue,
        };
        match server.write(kind, read.end_of_message, &payload[..read.len_to], &mut out) {
            Ok(len) => send(&out[..len]),
            Err(_) => break,
        }
    }
    halt()
}
