//! A server that echoes.

use embedded_io_async::{Read, Write};
use wsframe::{Connection, EncodeError, Event, SliceOutput};

use crate::socket::{Error, INPUT, Socket};

/// Echoes until the connection ends. A message that is longer than the input comes in chunks, and
/// each goes back as a fragment.
pub(crate) async fn run<S: Read + Write>(stream: S) -> Result<(), Error<S::Error>> {
    // What fits the input is echoed when it is all there: a client that reads only when it has sent
    // a frame could not take an echo sooner.
    let connection = Connection::server().whole_frames_up_to(INPUT as u32);
    let mut socket = Socket::new(connection, stream);
    while socket.receive(echo).await?.is_some() {}
    Ok(())
}

fn echo(
    connection: &mut Connection,
    event: Event<'_>,
    out: &mut SliceOutput<'_>,
) -> Result<(), EncodeError> {
    match event {
        Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, out),
        Event::Binary(chunk) => connection.send_fragment(chunk.payload.unmask(), chunk.last, out),
        // A Ping and a Close were answered already.
        _ => Ok(()),
    }
}
