//! A connection over a stream, in fixed buffers.
//!
//! The reply to an event is sent before the next event is received. So the output is empty for each
//! event, and has capacity for the longest reply.

use core::fmt;

use embedded_io_async::{Read, Write};
use wsframe::{
    Connection, EncodeError, Event, MAX_HEADER_LEN, MIN_BUFFER_LEN, MaskingKeys, ReceiveError,
    SliceOutput, TransportAction,
};

/// The length of the input buffer. Longer messages arrive in several chunks.
pub(crate) const INPUT: usize = 256;
const _: () = assert!(INPUT >= MIN_BUFFER_LEN);
/// The length of the output buffer: a frame whose payload fills the input.
const OUTPUT: usize = MAX_HEADER_LEN + INPUT;
/// The length of both buffers.
pub(crate) const BUFFERS: usize = INPUT + OUTPUT;

/// The reason why a connection ended early.
#[derive(Debug)]
pub(crate) enum Error<E> {
    /// The stream failed.
    Io(E),
    /// The peer broke a rule. A Close with the error's code was sent.
    Received(ReceiveError),
    /// The outgoing message breaks a rule, or is too long for the output.
    Refused(EncodeError),
    /// The stream ended before the closing handshake.
    Ended,
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the stream failed: {error:?}"),
            Self::Received(error) => error.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::Ended => f.write_str("the stream ended early"),
        }
    }
}

impl<E> From<EncodeError> for Error<E> {
    fn from(error: EncodeError) -> Self {
        Self::Refused(error)
    }
}

/// A connection, its stream, and the bytes that were read from it.
pub(crate) struct Socket<S, K> {
    pub(crate) connection: Connection<K>,
    stream: S,
    input: [u8; INPUT],
    /// The range of the input that was not used yet.
    start: usize,
    end: usize,
    output: [u8; OUTPUT],
}

impl<S: Read + Write, K: MaskingKeys> Socket<S, K> {
    pub(crate) fn new(connection: Connection<K>, stream: S) -> Self {
        Self { connection, stream, input: [0; INPUT], start: 0, end: 0, output: [0; OUTPUT] }
    }

    /// Calls `say` to send something, and writes it to the stream.
    pub(crate) async fn send(
        &mut self,
        say: impl FnOnce(&mut Connection<K>, &mut SliceOutput<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), Error<S::Error>> {
        let mut out = SliceOutput::new(&mut self.output);
        say(&mut self.connection, &mut out)?;
        self.stream.write_all(out.bytes()).await.map_err(Error::Io)?;
        self.stream.flush().await.map_err(Error::Io)
    }

    /// Waits for the next event, and calls `answer` to reply to it. Writes that reply and the
    /// automatic one. Returns `None` if the connection has ended normally.
    pub(crate) async fn receive<T>(
        &mut self,
        answer: impl FnOnce(
            &mut Connection<K>,
            Event<'_>,
            &mut SliceOutput<'_>,
        ) -> Result<T, EncodeError>,
    ) -> Result<Option<T>, Error<S::Error>> {
        loop {
            let mut out = SliceOutput::new(&mut self.output);
            let mut input = &mut self.input[self.start..self.end];
            let received = self.connection.receive(&mut input, &mut out);
            self.start = self.end - input.len();
            match received {
                Ok(Some(event)) => {
                    let answered = answer(&mut self.connection, event, &mut out);
                    self.stream.write_all(out.bytes()).await.map_err(Error::Io)?;
                    self.stream.flush().await.map_err(Error::Io)?;
                    return Ok(Some(answered?));
                }
                Ok(None) if self.connection.transport_action() == TransportAction::Close => {
                    return Ok(None);
                }
                Ok(None) => self.read().await?,
                Err(error) => {
                    // The Close with the error's code.
                    self.stream.write_all(out.bytes()).await.map_err(Error::Io)?;
                    self.stream.flush().await.map_err(Error::Io)?;
                    return Err(Error::Received(error));
                }
            }
        }
    }

    /// Reads more bytes, after the unused ones.
    async fn read(&mut self) -> Result<(), Error<S::Error>> {
        self.input.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match self.stream.read(&mut self.input[self.end..]).await.map_err(Error::Io)? {
            // After both Closes, a client waits until the server ends the stream.
            0 if self.connection.transport_action() == TransportAction::KeepOpen => {
                Err(Error::Ended)
            }
            0 => {
                self.connection.receive_eof();
                Ok(())
            }
            count => {
                self.end += count;
                Ok(())
            }
        }
    }
}
