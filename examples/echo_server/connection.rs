//! A connection, from its request to its end.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wsframe::adapter::ReadBuffer;
use wsframe::handshake::HeadScanner;

use crate::handshake::{self, WebSocket};
use crate::stream::echo;

/// How long a request may take to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may take to end a connection that is not a WebSocket.
const LINGER: Duration = Duration::from_secs(2);

pub(crate) async fn run(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = ReadBuffer::new();

    let request = answer_request(&mut stream, &mut buffer);
    // There is no reply to a request that is too slow. Browsers open connections in advance, and
    // would take the reply for the answer to their next request.
    match timeout(REQUEST_TIMEOUT, request).await?? {
        Some(WebSocket { deflate, .. }) => echo(stream, buffer.unread(), deflate).await,
        None => timeout(LINGER, hang_up(stream)).await?,
    }
}

/// Answers the request. Returns the WebSocket if the request opened one.
async fn answer_request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    buffer: &mut ReadBuffer,
) -> io::Result<Option<WebSocket>> {
    let mut reader = HeadScanner::new();
    while read(stream, buffer).await? {
        let received = buffer.unread();
        if let Some(answer) = handshake::answer(&mut reader, received) {
            // Bytes after the head already belong to the WebSocket.
            let rest =
                answer.websocket.as_ref().map_or(0, |websocket| received.len() - websocket.at);
            buffer.consume_all_but(rest);
            stream.write_all(answer.response.as_bytes()).await?;
            stream.flush().await?;
            return Ok(answer.websocket);
        }
    }
    Ok(None)
}

/// Reads more. Returns `false` at the end.
async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut ReadBuffer) -> io::Result<bool> {
    let count = stream.read(buffer.space()).await?;
    buffer.advance(count);
    Ok(count > 0)
}

/// Ends a connection so that the peer receives the response. If bytes from the peer were unread,
/// the system could reset the connection.
async fn hang_up(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 512];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
