//! An echo, without I/O: a server's end of a connection, which sends back what it receives.

use wsframe::{
    Connection, Event, FrameDecoder, MessageDecoder, NO_LIMIT, Role, Transport, Unmasked,
};

/// A connection whose input is to be [answered](answer).
pub(crate) fn connection() -> Connection {
    // No message is ever held, so that it may have any length, in any number of fragments.
    let frames = FrameDecoder::new(Role::Server).max_payload_len(NO_LIMIT);
    let messages = MessageDecoder::over(frames).max_message_len(NO_LIMIT).max_fragments(NO_LIMIT);
    // Answers are about as long as what they answer, and all are sent before more is read: that bounds
    // them, and no Pong needs to wait for room.
    Connection::over(messages, Unmasked).leave_close().max_pending_replies(u16::MAX)
}

/// Appends to `out` the answers to all that `input` holds, and says whether the connection goes on. If it
/// does not, it ends when they are sent.
///
/// A frame that has arrived whole is echoed as one frame. A longer one arrives in chunks, and each chunk
/// is echoed as a fragment of the message: nothing waits for a frame's end, so nothing has to be kept.
pub(crate) fn answer(
    connection: &mut Connection,
    input: &mut &mut [u8],
    out: &mut Vec<u8>,
) -> bool {
    // If a rule was broken, its Close is in `out`, and `transport` knows.
    while let Ok(Some(event)) = connection.receive(input, out) {
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
    connection.transport() == Transport::KeepOpen
}
