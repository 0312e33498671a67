//! A connection over a stream, in fixed buffers.
//!
//! One event at a time: the reply to it is sent before the next one is received. So the
//! output is empty whenever an event arrives, and can hold the longest answer that there can be.

use core::fmt;

use embedded_io_async::{Read, Write};
use wsframe::{
    Connection, EncodeError, Event, MAX_HEADER_LEN, MIN_BUFFER_LEN, MaskingKeys, ReceiveError,
    SliceOutput, TransportAction,
};

/// What has been read and not used. A longer message comes in several chunks.
pub(crate) const INPUT: usize = 256;
const _: () = assert!(INPUT >= MIN_BUFFER_LEN);
/// A frame with a payload that fills the input.
const OUTPUT: usize = MAX_HEADER_LEN + INPUT;
/// What the buffers of one end take.
pub(crate) const BUFFERS: usize = INPUT + OUTPUT;

/// Why a connection ended early.
#[derive(Debug)]
pub(crate) enum Error<E> {
    /// The stream failed.
    Io(E),
    /// The peer broke a rule, and has been told.
    Received(ReceiveError),
    /// The outgoing message breaks a rule, or is too long for the output.
    Refused(EncodeError),
    /// The stream ended in the midst of the connection.
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

/// A connection, its stream, and what has been read from it.
pub(crate) struct Socket<S, K> {
    pub(crate) connection: Connection<K>,
    stream: S,
    input: [u8; INPUT],
    /// Where in the input the bytes begin and end that are not used yet.
    start: usize,
    end: usize,
    output: [u8; OUTPUT],
}

impl<S: Read + Write, K: MaskingKeys> Socket<S, K> {
    pub(crate) fn new(connection: Connection<K>, stream: S) -> Self {
        Self { connection, stream, input: [0; INPUT], start: 0, end: 0, output: [0; OUTPUT] }
    }

    /// Sends what `say` has the connection say.
    pub(crate) async fn send(
        &mut self,
        say: impl FnOnce(&mut Connection<K>, &mut SliceOutput<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), Error<S::Error>> {
        let mut out = SliceOutput::new(&mut self.output);
        say(&mut self.connection, &mut out)?;
        self.stream.write_all(out.bytes()).await.map_err(Error::Io)?;
        self.stream.flush().await.map_err(Error::Io)
    }

    /// Waits for the next event, and has `answer` say something about it. Sends that, and what the
    /// connection replies by itself. `None` if the connection has ended as it should.
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
                    // The Close that says why.
                    self.stream.write_all(out.bytes()).await.map_err(Error::Io)?;
                    self.stream.flush().await.map_err(Error::Io)?;
                    return Err(Error::Received(error));
                }
            }
        }
    }

    /// Reads more, after the bytes that are not used yet.
    async fn read(&mut self) -> Result<(), Error<S::Error>> {
        self.input.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match self.stream.read(&mut self.input[self.end..]).await.map_err(Error::Io)? {
            // A client has the server end the stream, when both have said Close.
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
