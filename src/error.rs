//! Error types.
//!
//! | type | cause |
//! |---|---|
//! | [`ProtocolError`] | the peer broke a rule; has the RFC section and the close code |
//! | [`Utf8Error`] | text is not UTF-8; has the position |
//! | [`ReceiveError`] | the peer broke a rule, or the caller's output is full |
//! | [`EncodeError`] | the caller tried to send a frame that no peer may accept |

use core::fmt;

use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// A rule of the protocol that the peer broke.
///
/// After an error the connection must be failed (RFC 6455 §7.1.7): send a Close frame with
/// [`close_code`](Self::close_code), and interpret no later byte. A
/// [`Connection`](crate::Connection) does both.
///
/// After an error in a header, the input begins with that header.
/// [`InvalidUtf8`](Self::InvalidUtf8) contains the position of the error. An error takes at most 16
/// bytes and never allocates.
///
/// ```
/// use wsframe::{CloseCode, FrameHeader, ProtocolError, Role, Rules};
///
/// let unmasked = [0x81, 0x05];
/// if let Err(error) = FrameHeader::decode(&unmasked, Rules::new(Role::Server)) {
///     assert_eq!(error, ProtocolError::UnmaskedByClient);
///     assert_eq!(error.section(), "RFC 6455 §5.1");
///     assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
///     assert_eq!(error.to_string(), "frame from a client must be masked (RFC 6455 §5.1)");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// An opcode that the RFC reserves: 3–7 or 11–15. The value is the opcode.
    ReservedOpcode(u8),
    /// RSV bits that no negotiated extension defines on this frame. The value is those bits.
    ///
    /// [`Rules::allow_rsv`](crate::Rules::allow_rsv) allows a bit for an extension.
    UnexpectedRsv(Rsv),
    /// A control frame without FIN. Control frames must not be fragmented. The value is the opcode.
    FragmentedControl(Opcode),
    /// A control frame with a payload of more than 125 bytes, or with a length of more than 7 bits.
    /// The value is the length. Decoders set it to the 7 bits, 126 or 127, because they do not wait
    /// for the bytes that follow.
    ControlTooLong(u64),
    /// An unmasked frame from a client.
    ///
    /// [`Rules::accept_unmasked`](crate::Rules::accept_unmasked) allows it.
    UnmaskedByClient,
    /// A masked frame from a server.
    MaskedByServer,
    /// A payload length that is not in its shortest form: up to 125 in 16 bits, or up to 65,535 in
    /// 64 bits. The value is the length.
    ///
    /// [`Rules::accept_non_minimal_lengths`](crate::Rules::accept_non_minimal_lengths) allows it.
    NonMinimalLength(u64),
    /// A 64-bit payload length with its most significant bit set. The value is the length.
    LengthOverflow(u64),
    /// A frame longer than the caller's limit. The value is the declared length of the payload in
    /// bytes.
    ///
    /// The limit is [`Limits::max_frame_size`](crate::Limits::max_frame_size).
    FrameTooLong(u64),
    /// A continuation frame while no message is open.
    UnexpectedContinuation,
    /// A text or binary frame while the previous message is not finished. The value is its opcode.
    ExpectedContinuation(Opcode),
    /// A message longer than the caller's limit. The value is the least length of the message in
    /// bytes: declared by its headers so far, or decompressed so far.
    ///
    /// The limit is [`Limits::max_message_size`](crate::Limits::max_message_size), or that of a
    /// decompressor.
    #[doc(alias = "CapacityError")]
    MessageTooLong(u64),
    /// A message with more fragments than the caller's limit. The value is the limit.
    ///
    /// The limit is [`Limits::max_fragments`](crate::Limits::max_fragments).
    TooManyFragments(u32),
    /// Text, or the reason of a Close frame, that is not UTF-8.
    InvalidUtf8(Utf8Error),
    /// A Close frame with a body of one byte. A body must be empty or begin with a code of two
    /// bytes.
    TruncatedCloseCode,
    /// A close code that must not be sent in a Close frame. The value is the code.
    InvalidCloseCode(u16),
    /// A compressed message that is not valid DEFLATE data, or refers to bytes before its window.
    InvalidDeflate,
    /// A compressed message that ends inside a DEFLATE block.
    TruncatedDeflate,
}

impl ProtocolError {
    /// Returns the section of the RFC that states the broken rule, such as `"RFC 6455 §5.5"`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::UnmaskedByClient | Self::MaskedByServer => "RFC 6455 §5.1",
            Self::ReservedOpcode(_)
            | Self::UnexpectedRsv(_)
            | Self::NonMinimalLength(_)
            | Self::LengthOverflow(_) => "RFC 6455 §5.2",
            Self::UnexpectedContinuation | Self::ExpectedContinuation(_) => "RFC 6455 §5.4",
            Self::FragmentedControl(_) | Self::ControlTooLong(_) => "RFC 6455 §5.5",
            Self::TruncatedCloseCode => "RFC 6455 §5.5.1",
            Self::InvalidCloseCode(_) => "RFC 6455 §7.4",
            Self::InvalidUtf8(_) => "RFC 6455 §8.1",
            Self::FrameTooLong(_) | Self::MessageTooLong(_) | Self::TooManyFragments(_) => {
                "RFC 6455 §10.4"
            }
            Self::TruncatedDeflate => "RFC 7692 §7.2.1",
            Self::InvalidDeflate => "RFC 7692 §7.2.2",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedOpcode(opcode) => write!(f, "opcode {opcode:#x} is reserved"),
            Self::UnexpectedRsv(rsv) => {
                write!(f, "reserved bits that no extension defines on this frame: {rsv}")
            }
            Self::FragmentedControl(opcode) => write!(f, "{opcode} frame must not be fragmented"),
            Self::ControlTooLong(len) => {
                write!(
                    f,
                    "control frame of {len} bytes: at most 125 are allowed, in a 7-bit length"
                )
            }
            Self::UnmaskedByClient => f.write_str("frame from a client must be masked"),
            Self::MaskedByServer => f.write_str("frame from a server must not be masked"),
            Self::NonMinimalLength(len) => {
                write!(f, "payload length {len} must be encoded in its shortest form")
            }
            Self::LengthOverflow(len) => {
                write!(f, "payload length {len} exceeds 63 bits")
            }
            Self::FrameTooLong(len) => {
                write!(f, "frame of {len} bytes exceeds the limit set by max_frame_size")
            }
            Self::UnexpectedContinuation => {
                f.write_str("continuation frame without a message to continue")
            }
            Self::ExpectedContinuation(opcode) => {
                write!(f, "{opcode} frame before the last fragment of the previous message")
            }
            Self::MessageTooLong(len) => {
                write!(
                    f,
                    "message of {len} bytes or more exceeds the limit set by max_message_size"
                )
            }
            Self::TooManyFragments(limit) => {
                write!(f, "message exceeds the limit of {limit} fragments set by max_fragments")
            }
            Self::InvalidUtf8(error) => error.fmt(f),
            Self::TruncatedCloseCode => f.write_str(
                "Close frame with a body of 1 byte: it must be empty or at least 2 bytes",
            ),
            Self::InvalidCloseCode(code) => {
                write!(f, "close code {code} must not be sent in a Close frame")
            }
            Self::InvalidDeflate => f.write_str("compressed message is not valid DEFLATE data"),
            Self::TruncatedDeflate => f.write_str("compressed message ends inside a DEFLATE block"),
        }?;
        write!(f, " ({})", self.section())
    }
}

impl core::error::Error for ProtocolError {}

impl From<Utf8Error> for ProtocolError {
    fn from(error: Utf8Error) -> Self {
        Self::InvalidUtf8(error)
    }
}

/// The position at which text stops being UTF-8 (RFC 3629).
///
/// It is the first byte that no valid text could contain there. If the text ends inside a
/// character, it is the end of the text. Offsets count bytes of the slice that was passed to the
/// failed call.
///
/// ```
/// use wsframe::Utf8Validator;
///
/// if let Err(error) = Utf8Validator::new().validate(b"na\xC3\xAFve \xE0\x80") {
///     assert_eq!(error.offset(), 8); // 80 must not follow E0
///     assert_eq!(error.valid_up_to(), 7);
///     assert!(!error.is_incomplete());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf8Error {
    pub(crate) offset: usize,
    /// The number of bytes of the broken character before `offset`: 0 to 3.
    pub(crate) open: u8,
    pub(crate) incomplete: bool,
}

impl Utf8Error {
    /// The error for a slice whose first byte is invalid.
    #[cfg(feature = "alloc")]
    pub(crate) const AT_START: Self = Self { offset: 0, open: 0, incomplete: false };

    /// Returns the index of the first invalid byte.
    ///
    /// For text that ends inside a character this is the end of the slice. It is 0 if the failed
    /// call took no slice.
    #[must_use]
    pub const fn offset(self) -> usize {
        self.offset
    }

    /// Returns the number of bytes of the slice that belong to complete, valid characters.
    ///
    /// The broken character begins here. If this is 0, it may have begun in an earlier slice.
    #[must_use]
    pub const fn valid_up_to(self) -> usize {
        self.offset.saturating_sub(self.open as usize)
    }

    /// Returns whether the text was valid so far, but ended inside a character.
    #[must_use]
    pub const fn is_incomplete(self) -> bool {
        self.incomplete
    }
}

impl fmt::Display for Utf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.incomplete {
            f.write_str("text ends inside a UTF-8 character")
        } else {
            write!(f, "text is not UTF-8 at byte {}", self.offset)
        }
    }
}

impl core::error::Error for Utf8Error {}

/// Error returned by [`Connection::receive`](crate::Connection::receive).
///
/// ```
/// use wsframe::{Connection, ProtocolError, ReceiveError};
///
/// let mut connection = Connection::server();
/// let mut out = Vec::new();
/// let mut unmasked = *b"\x81\x05Hello";
/// match connection.receive(&mut &mut unmasked[..], &mut out) {
///     Ok(event) => println!("{event:?}"),
///     Err(ReceiveError::OutputFull) => println!("send `out`, clear it, and receive again"),
///     Err(error) => assert_eq!(error, ProtocolError::UnmaskedByClient.into()),
/// }
/// assert_eq!(out, b"\x88\x10\x03\xEARFC 6455 \xC2\xA75.1"); // the Close that tells the peer
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The peer broke a rule. The connection has failed, and later calls return the same error.
    Protocol(ProtocolError),
    /// The output has no capacity for a reply, or too many replies wait in it. Nothing was lost:
    /// send what the output contains, clear it, and call `receive` again with the rest of the
    /// input.
    #[doc(alias = "WriteBufferFull")]
    OutputFull,
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::OutputFull => f.write_str(
                "no capacity for a reply: send and clear the output, then receive again",
            ),
        }
    }
}

impl core::error::Error for ReceiveError {}

impl From<Utf8Error> for ReceiveError {
    fn from(error: Utf8Error) -> Self {
        Self::Protocol(error.into())
    }
}

impl From<ProtocolError> for ReceiveError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

/// An error of the caller: a frame that must not be sent, or an output without the capacity for it.
///
/// Nothing was written, and the connection did not change. The rules are the same as for received
/// frames, so a correct peer accepts every frame that was encoded.
///
/// ```
/// use wsframe::{Connection, EncodeError};
///
/// let mut out = Vec::new();
/// let error = Connection::server().ping(&[0; 126], &mut out).unwrap_err();
/// assert_eq!(error, EncodeError::ControlTooLong(126));
/// assert_eq!(
///     error.to_string(),
///     "control frame of 126 bytes exceeds the 125-byte limit (RFC 6455 §5.5)"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// A reserved opcode: 3–7 or 11–15. The value is the opcode.
    ReservedOpcode(u8),
    /// A control frame without FIN. Control frames must not be fragmented. The value is the opcode.
    FragmentedControl(Opcode),
    /// A control frame with a payload of more than 125 bytes. The value is the payload's length.
    ControlTooLong(u64),
    /// A payload length with its most significant bit set. The value is the length.
    LengthOverflow(u64),
    /// RSV bits that no negotiated extension defines on such a frame. The value is those bits.
    ///
    /// [`Rules::allow_rsv`](crate::Rules::allow_rsv) allows a bit for an extension.
    UnexpectedRsv(Rsv),
    /// A continuation frame while no fragmented message is being sent.
    UnexpectedContinuation,
    /// A message, or a fragment of the other kind, while a fragmented message is being sent. The
    /// value is its opcode.
    ExpectedContinuation(Opcode),
    /// A message with an opcode that is neither text nor binary. The value is the opcode.
    NotAMessage(Opcode),
    /// Text that is not UTF-8, alone or after the fragments sent before it. The offset counts from
    /// the beginning of the fragment.
    InvalidUtf8(Utf8Error),
    /// A Close frame with a payload of one byte. It must be empty or begin with a code of two
    /// bytes.
    TruncatedCloseCode,
    /// A close code that must not be sent. The value is the code.
    InvalidCloseCode(u16),
    /// A frame after a Close frame, or after the connection failed.
    #[doc(alias = "SendAfterClosing")]
    #[doc(alias = "AlreadyClosed")]
    #[doc(alias = "ConnectionClosed")]
    FrameAfterClose,
    /// A shared frame with a masking key. Each frame of a client needs a key of its own, so it
    /// cannot be shared.
    MaskedShared,
    /// The caller's buffer has too little remaining capacity.
    NoRoom {
        /// The capacity that is needed, in bytes.
        needed: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedOpcode(opcode) => {
                write!(f, "opcode {opcode:#x} is reserved (RFC 6455 §5.2)")
            }
            Self::FragmentedControl(opcode) => {
                write!(f, "{opcode} frame must not be fragmented (RFC 6455 §5.5)")
            }
            Self::ControlTooLong(len) => {
                write!(f, "control frame of {len} bytes exceeds the 125-byte limit (RFC 6455 §5.5)")
            }
            Self::LengthOverflow(len) => {
                write!(f, "payload of {len} bytes exceeds the 63-bit limit (RFC 6455 §5.2)")
            }
            Self::UnexpectedRsv(rsv) => {
                write!(f, "no extension defines {rsv} on this frame (RFC 6455 §5.2)")
            }
            Self::UnexpectedContinuation => {
                f.write_str("continuation frame without a message to continue (RFC 6455 §5.4)")
            }
            Self::ExpectedContinuation(opcode) => write!(
                f,
                "{opcode} frame before the last fragment of the previous message (RFC 6455 §5.4)"
            ),
            Self::NotAMessage(opcode) => {
                write!(f, "message must be text or binary, not {opcode} (RFC 6455 §5.6)")
            }
            Self::InvalidUtf8(error) => write!(f, "{error} (RFC 6455 §8.1)"),
            Self::TruncatedCloseCode => f.write_str(
                "Close frame with a body of 1 byte: it must be empty or at least 2 bytes \
                 (RFC 6455 §5.5.1)",
            ),
            Self::InvalidCloseCode(code) => {
                write!(f, "close code {code} must not be sent in a Close frame (RFC 6455 §7.4)")
            }
            Self::FrameAfterClose => {
                f.write_str("no frame may be sent after a Close frame (RFC 6455 §5.5.1)")
            }
            Self::MaskedShared => {
                f.write_str("masked frame cannot be shared: its key is for one use (RFC 6455 §5.3)")
            }
            Self::NoRoom { needed } => {
                write!(f, "buffer has too little capacity: {needed} bytes are needed")
            }
        }
    }
}

impl core::error::Error for EncodeError {}

impl From<Utf8Error> for EncodeError {
    fn from(error: Utf8Error) -> Self {
        Self::InvalidUtf8(error)
    }
}
