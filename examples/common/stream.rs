//! An echo over a stream, with a fixed buffer.
//!
//! Read, answer what was read, write all of it, and only then read more: a peer that does not take its
//! echoes is not read from either, so it can make the server hold no more than one buffer's worth.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wsframe::deflate::Parameters;

use crate::echo::{Next, answer, connection};
use crate::inbox::Inbox;

/// How long a peer may take to hang up, once all was said.
const LINGER: Duration = Duration::from_secs(2);

/// Echoes what comes, until the connection ends. Frames may lie in the inbox already. Messages are
/// compressed as was agreed on.
pub(crate) async fn echo(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    inbox: &mut Inbox,
    agreed: Option<Parameters>,
) -> io::Result<()> {
    let mut websocket = connection(agreed);
    let mut out = Vec::new();
    loop {
        let mut input = inbox.bytes();
        let next = answer(&mut websocket, &mut input, &mut out);
        let unused = input.len();
        inbox.keep_last(unused);
        stream.write_all(&out).await?;
        stream.flush().await?;
        out.clear();
        let goes_on = match next {
            Next::Answer => true,
            Next::Read => read(stream, inbox).await?,
            Next::End => false,
        };
        // The closing handshake is over, or a rule was broken and the peer has been told; or the peer
        // left without a Close.
        if !goes_on {
            return hang_up(stream, inbox).await;
        }
    }
}

/// Closes such that the peer gets the last bytes sent: if bytes from it were left unread, the system
/// would reset the connection, and those might be lost.
pub(crate) async fn hang_up(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    inbox: &mut Inbox,
) -> io::Result<()> {
    let end = async {
        stream.shutdown().await?;
        inbox.keep_last(0);
        while read(stream, inbox).await? {
            inbox.keep_last(0);
        }
        Ok(())
    };
    timeout(LINGER, end).await?
}

/// Reads more; `false` if nothing more comes.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    inbox: &mut Inbox,
) -> io::Result<bool> {
    let count = stream.read(inbox.space()).await?;
    inbox.filled(count);
    Ok(count > 0)
}
