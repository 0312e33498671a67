//! A server that echoes.

use embedded_io_async::{Read, Write};
use wsframe::{Connection, EncodeError, Event, SliceOutput};

use crate::socket::{Error, INPUT, Socket};

/// Echoes until the connection ends. A message that is longer than the input arrives in chunks, and
/// each chunk is echoed as a fragment.
pub(crate) async fn run<S: Read + Write>(stream: S) -> Result<(), Error<S::Error>> {
    // A frame that fits the input is echoed once it is complete, because the client reads only
    // after it has sent a whole frame.
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
        // Pings and Closes were answered automatically.
        _ => Ok(()),
    }
}
