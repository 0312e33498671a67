//! Conversions of this crate's errors to `io::Error`, so that `?` works in functions that do I/O.
//!
//! | error | `ErrorKind` |
//! |---|---|
//! | of the peer | `InvalidData` |
//! | of the caller | `InvalidInput` |
//! | [`ReceiveError::OutputFull`] | `WouldBlock` |

use std::io::{Error, ErrorKind};

#[cfg(feature = "deflate")]
use crate::deflate::NegotiationError;
use crate::error::{EncodeError, ProtocolError, ReceiveError, Utf8Error};
use crate::extensions::ExtensionError;
#[cfg(feature = "handshake")]
use crate::handshake::{HeadError, Rejection, ResponseError, UriError, WriteError};

macro_rules! of_kind {
    ($kind:ident: $($error:ty),+) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::new(ErrorKind::$kind, error)
            }
        }
    )+};
}

of_kind!(InvalidData: ProtocolError, Utf8Error, ExtensionError);
#[cfg(feature = "handshake")]
of_kind!(InvalidData: HeadError, Rejection, ResponseError);
#[cfg(feature = "deflate")]
of_kind!(InvalidData: NegotiationError);

of_kind!(InvalidInput: EncodeError);
#[cfg(feature = "handshake")]
of_kind!(InvalidInput: UriError, WriteError);

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Protocol(error) => error.into(),
            ReceiveError::OutputFull => Self::new(ErrorKind::WouldBlock, error),
        }
    }
}
