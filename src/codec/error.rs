//! Why a codec gives up.

use core::fmt;
use std::io;

use crate::error::{EncodeError, ProtocolError, ReceiveError};

/// Why nothing more is received, or why a message was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer broke a rule. The connection has failed.
    Received(ProtocolError),
    /// What was to be sent would break a rule. Nothing was sent of it, and the connection is as it was.
    Refused(EncodeError),
    /// The transport failed; or it ended early ([`UnexpectedEof`](io::ErrorKind::UnexpectedEof)): inside a
    /// frame, or, where there is a connection, without the peer's Close.
    Io(io::Error),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received(error) => error.fmt(f),
            Self::Refused(error) => write!(f, "not sent: {error}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // What is displayed already is no source.
        match self {
            Self::Received(error) => error.source(),
            Self::Refused(error) => error.source(),
            Self::Io(error) => error.source(),
        }
    }
}

impl From<ProtocolError> for CodecError {
    fn from(error: ProtocolError) -> Self {
        Self::Received(error)
    }
}

impl From<ReceiveError> for CodecError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Protocol(error) => Self::Received(error),
            ReceiveError::OutputFull => Self::Io(error.into()),
        }
    }
}

impl From<EncodeError> for CodecError {
    fn from(error: EncodeError) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Of the kind that says what went wrong: as this crate's other errors become one.
impl From<CodecError> for io::Error {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Received(error) => error.into(),
            CodecError::Refused(error) => error.into(),
            CodecError::Io(error) => error,
        }
    }
}
