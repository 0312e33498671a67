//! The server side of an echo connection, without I/O. It sends back what it receives.

use std::cell::RefCell;

use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Negotiation, Pool};
use wsframe::{Connection, EncodeError, Event, Limits};

/// The default parameters. Messages are echoed in pieces, so they may have any length, also when
/// they are decompressed.
const DEFLATE: Config = Config::new(DeflateParameters::DEFAULT);
/// Compressed messages are decompressed and answered in pieces of this length.
const PIECE_LEN: usize = 16 << 10;

thread_local! {
    /// Memory that the connections of a thread share. Each needs it only while it answers.
    static SHARED: RefCell<(Pool, Box<[u8]>)> =
        RefCell::new((Pool::new(DEFLATE), vec![0; PIECE_LEN].into()));
}

/// Returns the server's side of negotiating compression.
pub(crate) fn negotiation() -> Negotiation<'static> {
    Negotiation::new(DEFLATE.parameters())
}

/// Creates a connection with the negotiated compression. Pass its events to [`answer`].
pub(crate) fn connection(agreed: Option<DeflateParameters>) -> CompressedConnection {
    // No message is kept in memory, so neither its length nor its fragments need a limit. The
    // stream sends all answers before it reads more, which limits the number of Pongs.
    let limits = Limits::UNLIMITED.max_pending_replies(u16::MAX);
    let connection = Connection::server().auto_close(false).limits(limits);
    CompressedConnection::new(connection, agreed)
}

/// Calls `use_it` with the memory that the connections of this thread share.
pub(crate) fn with_shared<R>(use_it: impl FnOnce(&mut Pool, &mut [u8]) -> R) -> R {
    SHARED.with_borrow_mut(|(pool, buf)| use_it(pool, buf))
}

/// Appends the answer to an event to `out`.
///
/// A frame that has arrived completely is echoed as one frame. A longer one arrives in chunks, and
/// each chunk is echoed as a fragment at once, so no part of a message is kept.
pub(crate) fn answer(
    event: Event<'_>,
    connection: &mut CompressedConnection,
    pool: &mut Pool,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match event {
        Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, pool, out),
        Event::Binary(chunk) => {
            connection.send_fragment(&*chunk.payload.unmask(), chunk.last, pool, out)
        }
        // The connection would answer with only the code. The echo contains the reason too.
        Event::Close(body) => connection.connection_mut().close(body, out),
        // A Ping was answered automatically, a Pong needs no answer, and no other extension was
        // negotiated.
        Event::Ping(_) | Event::Pong(_) | Event::Raw(_) => Ok(()),
    }
}
