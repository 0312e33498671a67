//! An echo, without I/O: a server's end of a connection, which sends back what it receives.

use std::cell::RefCell;

use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Negotiation, Pool};
use wsframe::{Connection, EncodeError, Event, Limits};

/// No message is ever held, so that it may have any length, also when it is decompressed.
const DEFLATE: Config = Config::new(DeflateParameters::DEFAULT);
/// Compressed messages are decompressed and answered in pieces of this length.
const PIECE_LEN: usize = 16 << 10;

thread_local! {
    /// What the connections of a thread have in common: memory that each needs only while it
    /// answers.
    static SHARED: RefCell<(Pool, Box<[u8]>)> =
        RefCell::new((Pool::new(DEFLATE), vec![0; PIECE_LEN].into()));
}

/// This end's part in agreeing on compression.
pub(crate) fn negotiation() -> Negotiation<'static> {
    Negotiation::new(DEFLATE.parameters())
}

/// Returns a connection whose events are [answered](answer), with the negotiated compression.
pub(crate) fn connection(agreed: Option<DeflateParameters>) -> CompressedConnection {
    // No message is held when it is not compressed, either. It may come in any number of fragments.
    // All answers are sent before more is read: that bounds them, and no Pong has to wait.
    let limits = Limits::UNLIMITED.max_pending_replies(u16::MAX);
    let connection = Connection::server().auto_close(false).limits(limits);
    CompressedConnection::new(connection, agreed)
}

/// Lends what all connections of a thread share.
pub(crate) fn with_shared<R>(use_it: impl FnOnce(&mut Pool, &mut [u8]) -> R) -> R {
    SHARED.with_borrow_mut(|(pool, buf)| use_it(pool, buf))
}

/// Appends the answer to an event to `out`.
///
/// A frame that has arrived whole is echoed as one frame. A longer one arrives in chunks, and each
/// chunk is echoed as a fragment of the message: nothing waits for a frame's end, so nothing has to
/// be kept.
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
        // The connection would answer with the code alone, but an echo has the reason as well.
        Event::Close(body) => connection.connection_mut().close(body, out),
        // A Ping was answered, a Pong needs no answer, and no other extension was negotiated.
        Event::Ping(_) | Event::Pong(_) | Event::Raw(_) => Ok(()),
    }
}
