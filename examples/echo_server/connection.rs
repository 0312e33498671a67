//! One connection, from its request to its end.
//!
//! Read, answer what was read, write all of it, and only then read more: a peer that does not take its
//! echoes is not read from either, so it can make the server hold no more than one buffer's worth.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wsframe::{
    Connection, Event, FrameDecoder, MessageDecoder, NO_LIMIT, ReceiveError, Role, Transport,
    Unmasked,
};

use crate::handshake::{self, MAX_HEAD_LEN};
use crate::inbox::Inbox;

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
    while read(socket, inbox).await? {
        let received = inbox.bytes();
        let head = received.len().min(MAX_HEAD_LEN);
        if let Some(answer) = handshake::answer(&received[..head]) {
            // What came behind the head already belongs to the WebSocket.
            let rest = answer.websocket_at.map_or(0, |at| received.len() - at);
            inbox.keep_last(rest);
            socket.write_all(answer.response.as_bytes()).await?;
            return Ok(answer.websocket_at.is_some());
        }
    }
    Ok(false)
}

async fn echo(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<()> {
    // No message is ever held, so that it may have any length, in any number of fragments.
    let frames = FrameDecoder::new(Role::Server).max_payload_len(NO_LIMIT);
    let messages = MessageDecoder::over(frames).max_message_len(NO_LIMIT).max_fragments(NO_LIMIT);
    let mut connection = Connection::over(messages, Unmasked).leave_close();
    let mut out = Vec::new();

    loop {
        let mut input = inbox.bytes();
        let answered = answer(&mut connection, &mut input, &mut out);
        let unused = input.len();
        inbox.keep_last(unused);
        socket.write_all(&out).await?;
        out.clear();
        // The closing handshake is over, or a rule was broken and the peer has been told.
        if connection.transport() == Transport::Close {
            return Ok(());
        }
        // If there was no room for an answer, there is now; else more is needed.
        if answered != Err(ReceiveError::OutputFull) && !read(socket, inbox).await? {
            return Ok(()); // the peer left without a Close
        }
    }
}

/// Answers all that `input` holds.
///
/// A frame that has arrived whole is echoed as one frame. A longer one arrives in chunks, and each chunk
/// is echoed as a fragment of the message: nothing waits for a frame's end, so nothing has to be kept.
fn answer(
    connection: &mut Connection,
    input: &mut &mut [u8],
    out: &mut Vec<u8>,
) -> Result<(), ReceiveError> {
    while let Some(event) = connection.receive(input, out)? {
        let sent = match event {
            Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, out),
            Event::Binary(chunk) => {
                connection.send_fragment(&*chunk.payload.unmask(), chunk.last, out)
            }
            // The connection would answer with the code alone, but an echo has the reason as well.
            Event::Close(body) => connection.close(body, out),
            // A Ping has been answered, for a Pong nobody asked, and there are no extensions.
            Event::Ping(_) | Event::Pong(_) | Event::Raw(_) => Ok(()),
        };
        sent.expect("a `Vec` has room, and no event comes when a Close was sent");
    }
    Ok(())
}

/// Closes such that the peer gets the last bytes sent: if bytes from it were left unread, the system
/// would reset the connection, and those might be lost.
async fn hang_up(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<()> {
    socket.shutdown().await?;
    while read(socket, inbox).await? {
        inbox.keep_last(0);
    }
    Ok(())
}

/// Reads more; `false` if nothing more comes.
async fn read(socket: &mut TcpStream, inbox: &mut Inbox) -> io::Result<bool> {
    let count = socket.read(inbox.space()).await?;
    inbox.filled(count);
    Ok(count > 0)
}
