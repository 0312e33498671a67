//! One connection, from its request to its end.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wsframe::handshake::HeadReader;

use crate::handshake::{self, WebSocket};
use crate::inbox::Inbox;
use crate::stream::{echo, hang_up, read};

/// How long a request may take to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn run(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut inbox = Inbox::new();

    let request = answer_request(&mut stream, &mut inbox);
    // Too slow: no reply, since browsers open connections in advance and would take it for the answer
    // to what they ask next.
    match timeout(REQUEST_TIMEOUT, request).await?? {
        Some(WebSocket { deflate, .. }) => echo(&mut stream, &mut inbox, deflate).await,
        None => hang_up(&mut stream, &mut inbox).await,
    }
}

/// Answers the request. Gives the WebSocket, if the connection is one from here on.
async fn answer_request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    inbox: &mut Inbox,
) -> io::Result<Option<WebSocket>> {
    let mut reader = HeadReader::new();
    while read(stream, inbox).await? {
        let received = inbox.bytes();
        if let Some(answer) = handshake::answer(&mut reader, received) {
            // What came behind the head already belongs to the WebSocket.
            let rest =
                answer.websocket.as_ref().map_or(0, |websocket| received.len() - websocket.at);
            inbox.keep_last(rest);
            stream.write_all(answer.response.as_bytes()).await?;
            stream.flush().await?;
            return Ok(answer.websocket);
        }
    }
    Ok(None)
}
