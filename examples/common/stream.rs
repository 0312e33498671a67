//! An echo over a stream, on wsframe's adapter.
//!
//! The adapter writes all answers before it reads more. So it does not read from a peer that does
//! not read its echoes, and the memory for each peer is bounded.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use wsframe::adapter::{Adapter, Batch};
use wsframe::deflate::{CompressedConnection, DeflateParameters};

use crate::echo::{answer, connection, with_shared};

/// How long a peer may take to end the connection after the last message.
const LINGER: Duration = Duration::from_secs(2);

/// Echoes messages until the connection ends. `received` was read together with the handshake.
pub(crate) async fn echo(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    received: &[u8],
    agreed: Option<DeflateParameters>,
) -> io::Result<()> {
    let mut adapter = Adapter::from_partially_read(stream, connection(agreed), received);
    let result = loop {
        match adapter.next_batch_async().await {
            Ok(Some(batch)) => echo_batch(batch)?,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // If the peer broke a rule, a Close with the error's code was sent. Let the peer read it.
    timeout(LINGER, adapter.finish_async()).await??;
    result
}

fn echo_batch(mut batch: Batch<'_, CompressedConnection>) -> io::Result<()> {
    with_shared(|pool, buf| {
        while let Some(event) = batch.receive(buf, pool) {
            answer(event, batch.connection, pool, batch.out)?;
        }
        Ok(())
    })
}
