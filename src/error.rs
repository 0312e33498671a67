//! What was wrong, and which rule says so.
//!
//! [`ProtocolError`] is what a peer can do wrong; each variant names the sentence of the RFC that it
//! breaks ([`ProtocolError::section`]) and has a code to close the connection with
//! ([`ProtocolError::close_code`], in the room that knows codes). [`Utf8Error`] says where text went
//! wrong. [`EncodeError`] is what a caller can do wrong when it sends.

use core::fmt;

use crate::header::{Opcode, Rsv};

/// A rule of the protocol that the peer broke in what was decoded. What a caller may get wrong in what is
/// to be sent is an [`EncodeError`].
///
/// Sixteen bytes at most, `Copy`, never allocates. An error says what was wrong; where, is known to
/// whoever counts the bytes of the stream: a header error means the first byte that was not yet
/// consumed, and [`InvalidUtf8`](Self::InvalidUtf8) carries its position.
///
/// After an error the connection is to be failed (RFC 6455 §7.1.7): send a Close frame with
/// [`close_code`](Self::close_code) and interpret no later byte.
///
/// ```
/// use wsframe::{CloseCode, FrameHeader, ProtocolError, Role, Rules};
///
/// let unmasked = [0x81, 0x05];
/// let error = FrameHeader::decode(&unmasked, Rules::new(Role::Server)).unwrap_err();
/// assert_eq!(error, ProtocolError::UnmaskedByClient);
/// assert_eq!(error.section(), "RFC 6455 §5.1");
/// assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// An opcode that the RFC reserves: 3–7 or 11–15. The value is the opcode.
    ReservedOpcode(u8),
    /// RSV bits that no extension claims on this frame. The value holds the offending bits where they
    /// lie in the frame's first byte (RSV1 0x40, RSV2 0x20, RSV3 0x10).
    ///
    /// [`Rules::claim_rsv`](crate::Rules::claim_rsv) claims a bit for a negotiated extension.
    UnclaimedRsv(u8),
    /// A control frame with FIN clear: control frames must not be fragmented.
    FragmentedControl,
    /// A control frame whose payload is longer than 125 bytes.
    ControlTooLong,
    /// A client sent an unmasked frame.
    ///
    /// [`Rules::accept_unmasked`](crate::Rules::accept_unmasked) allows it.
    UnmaskedByClient,
    /// A server sent a masked frame.
    MaskedByServer,
    /// A length in more bytes than it needs: up to 125 in the 16-bit form, or up to 65,535 in the
    /// 64-bit form.
    ///
    /// [`Rules::accept_non_minimal_lengths`](crate::Rules::accept_non_minimal_lengths) allows it.
    NonMinimalLength,
    /// A 64-bit length with its most significant bit set.
    LengthOverflow,
    /// A frame longer than the limit that the caller set. The value is the declared payload length in
    /// bytes.
    FrameTooLong(u64),
    /// A continuation frame, but there is no message to continue.
    UnexpectedContinuation,
    /// A text or binary frame, but the message before it still wants its last fragment.
    ExpectedContinuation,
    /// A message longer than the limit that the caller set. The value is its length in bytes as far as
    /// its headers have declared it, or as far as it was decompressed.
    MessageTooLong(u64),
    /// A message in more fragments than the limit that the caller set. The value is the limit.
    TooManyFragments(u32),
    /// Text, or the reason of a Close frame, that is not UTF-8.
    InvalidUtf8(Utf8Error),
    /// A Close frame with a body of one byte: a body begins with a code of two.
    TruncatedCloseCode,
    /// A close code that must not stand in a Close frame. The value is the code.
    InvalidCloseCode(u16),
    /// The payload of a compressed message is not DEFLATE, or refers back beyond what came before it.
    InvalidDeflate,
    /// The payload of a compressed message ends inside a block.
    TruncatedDeflate,
}

impl ProtocolError {
    /// The section of the RFC that states the broken rule, such as `"RFC 6455 §5.5"`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::UnmaskedByClient | Self::MaskedByServer => "RFC 6455 §5.1",
            Self::ReservedOpcode(_)
            | Self::UnclaimedRsv(_)
            | Self::NonMinimalLength
            | Self::LengthOverflow => "RFC 6455 §5.2",
            Self::UnexpectedContinuation | Self::ExpectedContinuation => "RFC 6455 §5.4",
            Self::FragmentedControl | Self::ControlTooLong => "RFC 6455 §5.5",
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
            Self::UnclaimedRsv(bits) => {
                write!(f, "no extension claims on this frame: {}", Rsv::from_bits(*bits))
            }
            Self::FragmentedControl => f.write_str("a control frame must not be fragmented"),
            Self::ControlTooLong => {
                f.write_str("the payload of a control frame is at most 125 bytes")
            }
            Self::UnmaskedByClient => f.write_str("a frame from a client must be masked"),
            Self::MaskedByServer => f.write_str("a frame from a server must not be masked"),
            Self::NonMinimalLength => {
                f.write_str("the payload length must take the shortest form that holds it")
            }
            Self::LengthOverflow => {
                f.write_str("the most significant bit of a 64-bit length must be 0")
            }
            Self::FrameTooLong(len) => {
                write!(f, "a frame of {len} bytes is longer than the limit set for frames")
            }
            Self::UnexpectedContinuation => {
                f.write_str("a continuation frame, but there is no message to continue")
            }
            Self::ExpectedContinuation => {
                f.write_str("a new message, but the one before it still wants its last fragment")
            }
            Self::MessageTooLong(len) => {
                write!(
                    f,
                    "a message of {len} bytes or more is longer than the limit set for messages"
                )
            }
            Self::TooManyFragments(limit) => {
                write!(f, "a message in more fragments than the limit of {limit}")
            }
            Self::InvalidUtf8(error) => error.fmt(f),
            Self::TruncatedCloseCode => {
                f.write_str("the body of a Close frame is empty or at least 2 bytes")
            }
            Self::InvalidCloseCode(code) => {
                write!(f, "close code {code} must not be sent in a Close frame")
            }
            Self::InvalidDeflate => f.write_str("the compressed message is not DEFLATE"),
            Self::TruncatedDeflate => f.write_str("the compressed message ends inside a block"),
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

/// Where text stops being UTF-8 (RFC 3629): the first byte that no valid continuation of the text can
/// contain, or the end of a text that stops inside a character.
///
/// Offsets count bytes of the slice that was given to the call that failed.
///
/// ```
/// use wsframe::Utf8Validator;
///
/// let error = Utf8Validator::new().validate(b"na\xC3\xAFve \xE0\x80").unwrap_err();
/// assert_eq!(error.offset(), 8); // E0 may not be followed by 80
/// assert_eq!(error.valid_up_to(), 7);
/// assert!(!error.is_incomplete());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf8Error {
    pub(crate) offset: usize,
    /// How many bytes of the broken character precede `offset`: 0 to 3.
    pub(crate) open: u8,
    pub(crate) incomplete: bool,
}

impl Utf8Error {
    /// The index of the offending byte. Where the text ended inside a character, that of its end: the
    /// length of the slice, or 0 where the call that ended it was given none.
    #[must_use]
    pub const fn offset(self) -> usize {
        self.offset
    }

    /// How many bytes of the slice belong to whole, valid characters. The broken character begins
    /// here; if this is 0, it may have begun in an earlier slice.
    #[must_use]
    pub const fn valid_up_to(self) -> usize {
        self.offset.saturating_sub(self.open as usize)
    }

    /// Whether the text was right as far as it went, but ended inside a character.
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

/// Why a connection receives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The peer broke a rule. The connection has failed, for good.
    Protocol(ProtocolError),
    /// There is a reply to be sent, and the output has no room for it. Nothing is lost: send what is there,
    /// then receive again, from what is left of the input.
    OutputFull,
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::OutputFull => {
                f.write_str("the output has no room for a reply: send what it holds, then go on")
            }
        }
    }
}

impl core::error::Error for ReceiveError {}

impl From<ProtocolError> for ReceiveError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

/// A caller's mistake in what was to be sent, or a lack of room for it. Nothing was written, and the
/// connection is as it was.
///
/// The rules are those that received frames are held to, so that no peer has to refuse what is sent.
///
/// ```
/// use wsframe::{Connection, EncodeError};
///
/// let mut out = Vec::new();
/// let error = Connection::server().ping(&[0; 126], &mut out).unwrap_err();
/// assert_eq!(error, EncodeError::ControlTooLong(126));
/// assert_eq!(
///     error.to_string(),
///     "a control frame of 126 bytes exceeds the 125-byte limit (RFC 6455 §5.5)"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// A control frame with FIN clear.
    FragmentedControl,
    /// A control frame with a payload of more than 125 bytes. The value is the payload's length.
    ControlTooLong(u64),
    /// A payload length with its most significant bit set. The value is the length.
    LengthOverflow(u64),
    /// RSV bits that no extension claims on such a frame. The value holds the offending bits as in the
    /// frame's first byte (RSV1 0x40, RSV2 0x20, RSV3 0x10).
    ///
    /// [`Rules::claim_rsv`](crate::Rules::claim_rsv) claims a bit for a negotiated extension.
    UnexpectedRsv(u8),
    /// A continuation frame while no message is being sent in fragments.
    UnexpectedContinuation,
    /// A message, or a fragment of another kind, while a message is being sent in fragments.
    ExpectedContinuation,
    /// A message with an opcode that is neither text nor binary. The value is the opcode.
    NotAMessage(Opcode),
    /// Text that is not UTF-8, alone or after the fragments that were sent before it. The offset counts
    /// from the beginning of the fragment.
    InvalidUtf8(Utf8Error),
    /// A Close frame with a payload of one byte, where an empty one or a code of two bytes is required.
    TruncatedCloseCode,
    /// A close code that must not be sent. The value is the code.
    InvalidCloseCode(u16),
    /// A frame after a Close frame, or after the connection failed.
    FrameAfterClose,
    /// A frame with a masking key that was to be shared: each frame of a client needs a key of its own.
    MaskedShared,
    /// The caller's buffer is too short, or has too little remaining capacity.
    NoRoom {
        /// How many bytes of the buffer must be free.
        needed: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FragmentedControl => {
                f.write_str("a control frame must not be fragmented (RFC 6455 §5.5)")
            }
            Self::ControlTooLong(len) => write!(
                f,
                "a control frame of {len} bytes exceeds the 125-byte limit (RFC 6455 §5.5)"
            ),
            Self::LengthOverflow(len) => {
                write!(f, "a payload of {len} bytes exceeds the 63-bit limit (RFC 6455 §5.2)")
            }
            Self::UnexpectedRsv(bits) => {
                let rsv = Rsv::from_bits(*bits);
                write!(f, "no extension claims {rsv} on this frame (RFC 6455 §5.2)")
            }
            Self::UnexpectedContinuation => f.write_str(
                "no message is being sent that a fragment could continue (RFC 6455 §5.4)",
            ),
            Self::ExpectedContinuation => f.write_str(
                "the message that is being sent in fragments must end first (RFC 6455 §5.4)",
            ),
            Self::NotAMessage(opcode) => {
                write!(f, "a message is text or binary, not {opcode} (RFC 6455 §5.6)")
            }
            Self::InvalidUtf8(error) => write!(f, "{error} (RFC 6455 §8.1)"),
            Self::TruncatedCloseCode => f.write_str(
                "the payload of a Close frame is empty or at least 2 bytes (RFC 6455 §5.5.1)",
            ),
            Self::InvalidCloseCode(code) => {
                write!(f, "close code {code} must not be sent in a Close frame (RFC 6455 §7.4)")
            }
            Self::FrameAfterClose => {
                f.write_str("nothing may be sent after a Close frame (RFC 6455 §5.5.1)")
            }
            Self::MaskedShared => f.write_str(
                "a masked frame cannot be shared: its key is for one use (RFC 6455 §5.3)",
            ),
            Self::NoRoom { needed } => {
                write!(f, "the buffer is too short: {needed} free bytes are needed")
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
