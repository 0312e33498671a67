//! One connection, from its request to its end.
//!
//! Read, answer what was read, write all of it, and only then read more: a peer that does not take its
//! echoes is not read from either, so it can make the server hold no more than one buffer's worth.

use core::ops::ControlFlow;
use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wsframe::MIN_BUFFER_LEN;

use crate::echo::Echo;
use crate::handshake::{self, MAX_HEAD_LEN};

/// All a connection reads lies in one buffer of this length, whatever lengths its frames declare.
const BUFFER_LEN: usize = 64 << 10;
const _: () = assert!(BUFFER_LEN >= MIN_BUFFER_LEN && BUFFER_LEN >= MAX_HEAD_LEN);

/// How long a request may take to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may take to hang up, once all was said.
const LINGER: Duration = Duration::from_secs(2);

pub(crate) async fn run(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?; // an echo is to come back at once, not to wait for more
    let mut inbox = Inbox::new();

    let request = answer_request(&mut socket, &mut inbox);
    // Too slow: no reply, since browsers open connections in advance and would take it for the answer
    // to what they ask next.
    let upgraded = timeout(REQUEST_TIMEOUT, request).await??;
    if upgraded {
        echo(&mut socket, &mut inbox).await?;
    }
    let _ = timeout(LINGER, hang_up(&mut socket, &mut inbox)).await;
    Ok(())
}

/// Answers the request, and says whether the connection is a WebSocket from here on.
async fn answer_request(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<bool> {
    loop {
        if inbox.read(socket, MAX_HEAD_LEN).await? == 0 {
            return Ok(false);
        }
        if let Some(answer) = handshake::answer(inbox.bytes()) {
            socket.write_all(answer.response.as_bytes()).await?;
            // What came behind the head already belongs to the WebSocket.
            inbox.consume(answer.websocket_at.unwrap_or(0));
            return Ok(answer.websocket_at.is_some());
        }
    }
}

async fn echo(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<()> {
    let mut echo = Echo::new();
    let mut out = Vec::new();
    loop {
        let flow = echo.answer(inbox.bytes(), &mut out);
        socket.write_all(&out).await?;
        out.clear();
        match flow {
            ControlFlow::Continue(used) => inbox.consume(used),
            ControlFlow::Break(()) => return Ok(()),
        }
        if inbox.read(socket, BUFFER_LEN).await? == 0 {
            return Ok(()); // the peer left without a Close
        }
    }
}

/// Closes such that the peer gets the last bytes sent: if bytes from it were left unread, the system
/// would reset the connection, and those might be lost.
async fn hang_up(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<()> {
    socket.shutdown().await?;
    while socket.read(&mut inbox.buf).await? != 0 {}
    Ok(())
}

/// Bytes that arrived and are not used yet, at the beginning of a fixed buffer.
struct Inbox {
    buf: Box<[u8]>,
    len: usize,
}

impl Inbox {
    fn new() -> Self {
        Self { buf: vec![0; BUFFER_LEN].into(), len: 0 }
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.buf[..self.len]
    }

    /// Reads more, up to `limit` bytes in all. 0 if nothing more comes.
    async fn read(&mut self, socket: &mut TcpStream, limit: usize) -> io::Result<usize> {
        let count = socket.read(&mut self.buf[self.len..limit]).await?;
        self.len += count;
        Ok(count)
    }

    /// Removes the first bytes. Only what is left moves: part of a header or of a short frame.
    fn consume(&mut self, count: usize) {
        self.buf.copy_within(count..self.len, 0);
        self.len -= count;
    }
}
