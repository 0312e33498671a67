//! A WebSocket echo server with `Framed`: `cargo run --release --all-features --example framed`.
//!
//! `Framed` is a `Stream` and a `Sink` of messages. It sends only what the program sends, so the
//! program answers Pings and Closes. (`WebSocketStream` answers them automatically.) Messages
//! arrive whole, so their length is limited to 1 MiB, also when they are decompressed. There is no
//! context takeover, so all connections share a few contexts.

#[path = "common/listener.rs"]
mod listener;

use core::time::Duration;
use std::env;
use std::io;

use bytes::{Buf, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::codec::{Framed, FramedParts};
use wsframe::codec::{CodecError, MessageCodec};
use wsframe::deflate::{Config, DeflateParameters, Negotiation, SharedPool};
use wsframe::handshake::{HeadScanner, Rejection, Request};
use wsframe::{Connection, Limits, Message, TransportAction};

/// The greatest length of a message in bytes.
const MAX_MESSAGE_LEN: u32 = 1 << 20;
const DEFLATE: Config = Config::new(DeflateParameters::NO_TAKEOVER);
/// How long a peer may take to end the connection after the last message.
const LINGER: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> io::Result<()> {
    let addr = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(addr).await?;
    println!("WebSocket  ws://{}/", listener.local_addr()?);
    let pool = SharedPool::new(DEFLATE);
    loop {
        let socket = listener::accept(&listener).await;
        // An error of one connection does not concern the others.
        tokio::spawn(serve(socket, pool.clone()));
    }
}

async fn serve(mut socket: TcpStream, pool: SharedPool) -> Result<(), CodecError> {
    let Some((agreed, received)) = accept(&mut socket).await? else { return Ok(()) };

    let limits = Limits::DEFAULT.max_frame_size(MAX_MESSAGE_LEN).max_message_size(MAX_MESSAGE_LEN);
    let connection = Connection::server().limits(limits).auto_pong(false).auto_close(false);
    let codec = MessageCodec::new(connection).deflate(agreed, pool);
    let mut parts = FramedParts::new::<Message>(socket, codec);
    parts.read_buf = received;
    let mut framed = Framed::from_parts(parts);

    let result = echo(&mut framed).await;
    // If the peer broke a rule, this is the Close with the error's code.
    let replies = framed.codec_mut().take_replies();
    framed.write_buffer_mut().unsplit(replies);
    framed.close().await?;

    // If bytes are unread, the system may reset the connection, and the peer may lose the last
    // bytes.
    let mut rest = framed.into_inner();
    let mut bytes = [0; 512];
    let _ =
        timeout(LINGER, async { while rest.read(&mut bytes).await.is_ok_and(|n| n > 0) {} }).await;
    result
}

/// Echoes messages until the connection ends.
async fn echo(framed: &mut Framed<TcpStream, MessageCodec>) -> Result<(), CodecError> {
    while framed.codec().connection().transport_action() == TransportAction::KeepOpen {
        let Some(message) = framed.next().await else { break };
        match message? {
            Message::Ping(data) => framed.send(Message::Pong(data)).await?,
            Message::Pong(_) => {}
            // Text and binary messages, and a Close, which is answered with the same code.
            echo => framed.send(echo).await?,
        }
    }
    Ok(())
}

/// Performs the opening handshake. Returns the negotiated compression, if any, and the bytes that
/// were received after the handshake. Returns `None` if the request was rejected.
async fn accept(
    socket: &mut TcpStream,
) -> io::Result<Option<(Option<DeflateParameters>, BytesMut)>> {
    let mut received = BytesMut::new();
    let mut reader = HeadScanner::new();
    let head_len = loop {
        match reader.find_request(&received) {
            Ok(Some(head_len)) => break Ok(head_len),
            Ok(None) if socket.read_buf(&mut received).await? == 0 => return Ok(None),
            Ok(None) => {}
            Err(error) => break Err(error.into()),
        }
    };

    let mut response = String::new();
    let mut deflate = Negotiation::new(DEFLATE.parameters());
    let accepted = head_len.and_then(|head_len| {
        let request = Request::parse(&received[..head_len])?;
        let opening = request.handshake()?;
        let written = opening.accept().write(&mut [&mut deflate], &mut response);
        written.expect("no header field was added");
        Ok::<_, Rejection>(head_len)
    });
    if let Err(rejection) = &accepted {
        rejection.write(&mut response).expect("a `String` has room");
    }
    socket.write_all(response.as_bytes()).await?;
    Ok(accepted.ok().map(|head_len| {
        received.advance(head_len);
        (deflate.agreed(), received)
    }))
}
