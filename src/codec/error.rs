//! The error of codecs and streams.

use crate::{EncodeError, ProtocolError, ReceiveError};
use core::fmt;
use std::io;

/// The error of a codec or a stream: nothing more is received, or a message was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer broke a rule of the protocol. The connection has failed.
    Protocol(ProtocolError),
    /// The message would break a rule of the protocol. It was not sent, and the connection goes on.
    Encode(EncodeError),
    /// The transport failed. Its kind is [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the
    /// transport ended inside a frame, or, on a connection, before the peer's Close.
    Io(io::Error),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Encode(error) => write!(f, "not sent: {error}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The message of the inner error is displayed already, so its own source comes next.
        match self {
            Self::Protocol(error) => error.source(),
            Self::Encode(error) => error.source(),
            Self::Io(error) => error.source(),
        }
    }
}

impl From<ProtocolError> for CodecError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<ReceiveError> for CodecError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Protocol(error) => Self::Protocol(error),
            error => Self::Io(error.into()),
        }
    }
}

impl From<EncodeError> for CodecError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Converts to the kind that says what went wrong, as this crate's other errors do.
impl From<CodecError> for io::Error {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Protocol(error) => error.into(),
            CodecError::Encode(error) => error.into(),
            CodecError::Io(error) => error,
        }
    }
}
