//! The error of codecs and streams.

use crate::{EncodeError, ProtocolError, ReceiveError};
use core::fmt;
use std::io;

/// The error of a codec or a stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer broke a rule of the protocol. The connection has failed, and receives nothing more.
    Protocol(ProtocolError),
    /// The message would break a rule of the protocol. It was not sent. The connection stays open.
    Encode(EncodeError),
    /// The transport failed. The kind is [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if it ended
    /// before the peer's Close, or inside a frame of a `FrameCodec`.
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
        // `Display` shows the inner error, so the next one in the chain is its source.
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

/// Uses the kinds of the inner errors' own conversions.
impl From<CodecError> for io::Error {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Protocol(error) => error.into(),
            CodecError::Encode(error) => error.into(),
            CodecError::Io(error) => error,
        }
    }
}
