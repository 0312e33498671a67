//! An echo, for the examples that are about how a connection is opened.

use std::error::Error;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wsframe::{Connection, Event, Transport};

/// A server's end of a connection, which sends back what it receives. No I/O.
pub struct Echo {
    connection: Connection,
    /// What has arrived of a header, and waits for the rest.
    received: Vec<u8>,
}

impl Echo {
    pub fn new() -> Self {
        // The answer to a Close is an echo as well, its reason included.
        Self { connection: Connection::server().leave_close(), received: Vec::new() }
    }

    /// Appends to `out` the answers to what was read, and says whether the connection goes on.
    pub fn answer(&mut self, read: &[u8], out: &mut Vec<u8>) -> bool {
        self.received.extend_from_slice(read);
        // What was wrong, and its Close frame, is in the connection and in `out`.
        let _ = self.answer_events(out);
        self.connection.transport() == Transport::KeepOpen
    }

    fn answer_events(&mut self, out: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
        let Self { connection, received } = self;
        let mut input = &mut received[..];
        while let Some(event) = connection.receive(&mut input, out)? {
            match event {
                Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, out)?,
                Event::Binary(chunk) => {
                    connection.send_fragment(&*chunk.payload.unmask(), chunk.last, out)?;
                }
                Event::Close(body) => connection.close(body, out)?,
                _ => {}
            }
        }
        let rest = input.len();
        received.drain(..received.len() - rest);
        Ok(())
    }
}

/// Echoes what comes from a stream, until its connection ends.
#[allow(dead_code)] // not every example has a stream
pub async fn run(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let (mut echo, mut buf, mut out) = (Echo::new(), vec![0; 16 << 10], Vec::new());
    loop {
        let count = stream.read(&mut buf).await?;
        if count == 0 {
            return Ok(());
        }
        let goes_on = echo.answer(&buf[..count], &mut out);
        stream.write_all(&out).await?;
        out.clear();
        if !goes_on {
            return stream.shutdown().await;
        }
    }
}
