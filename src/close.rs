//! Close codes and the body of a Close frame (RFC 6455 §5.5.1, §7.4).

use core::fmt;
use core::ops::Deref;

use crate::error::{EncodeError, ProtocolError};
use crate::header::MAX_CONTROL_PAYLOAD_LEN;
use crate::utf8;

/// A close code: the reason why a connection is closed, as a number (RFC 6455 §7.4).
///
/// A `CloseCode` can contain any number. [`may_be_sent`](Self::may_be_sent) returns whether a Close
/// frame may contain it.
///
/// ```
/// use wsframe::CloseCode;
///
/// assert_eq!(CloseCode::new(1000), CloseCode::NORMAL);
/// assert!(CloseCode::new(4242).may_be_sent()); // for private use
/// assert!(!CloseCode::NO_STATUS.may_be_sent()); // only ever reported
/// assert_eq!(CloseCode::TOO_BIG.to_string(), "1009 (message too big)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the connection has fulfilled its purpose.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server shuts down, or the browser leaves the page.
    #[doc(alias = "Away")]
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: the peer sent a kind of data that this endpoint does not accept, such as binary.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: reported when a Close frame had no code. It is never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: reported when the connection ended without a Close frame. It is never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: the payload of a message does not fit its type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: the peer broke a policy, and no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: the peer sent a message too big to process.
    #[doc(alias = "Size")]
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the client needs an extension that the server did not accept.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the server met an unexpected condition.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts (from IANA's registry).
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded; try again later (from IANA's registry).
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway received an invalid response from its server (from IANA's registry).
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: reported when the TLS handshake failed. It is never sent.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Creates the code with this number.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns whether a Close frame may contain the code: 1000–1003, 1007–1014, 3000–4999.
    ///
    /// 1004, 1005, 1006 and 1015 are reserved and must not be sent. 0–999 are not used, and
    /// 1016–2999 are reserved for future versions (§7.4.1, §7.4.2).
    #[doc(alias = "is_allowed")]
    #[must_use]
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    const fn meaning(self) -> &'static str {
        match self.0 {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "unsupported data",
            1005 => "no status received",
            1006 => "abnormal closure",
            1007 => "invalid payload data",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "mandatory extension",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            1015 => "TLS handshake",
            3000..=3999 => "registered",
            4000..=4999 => "private use",
            _ => "reserved",
        }
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

/// Writes the number, and its meaning in parentheses.
impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.meaning())
    }
}

impl ProtocolError {
    /// Returns the code to fail the connection with (RFC 6455 §7.4.1).
    ///
    /// RFC 7692 has no code for a payload that cannot be decompressed. This crate uses 1007, like
    /// other implementations: the frames were right, but the data in them was not.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::InvalidUtf8(_) | Self::InvalidDeflate | Self::TruncatedDeflate => {
                CloseCode::INVALID_PAYLOAD
            }
            Self::FrameTooLong(_) | Self::MessageTooLong(_) | Self::TooManyFragments(_) => {
                CloseCode::TOO_BIG
            }
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

/// The body of a Close frame: a code and a reason (RFC 6455 §5.5.1).
///
/// ```
/// use wsframe::{CloseBody, CloseCode};
///
/// let body = CloseBody { code: CloseCode::GOING_AWAY, reason: "bye" };
/// let payload = body.encode()?;
/// assert_eq!(*payload, *b"\x03\xE9bye");
/// assert_eq!(CloseBody::decode(&payload)?, Some(body));
/// assert_eq!(CloseBody::decode(b"")?, None); // a body may be missing
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[doc(alias = "CloseFrame")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseBody<'a> {
    /// The reason as a number.
    pub code: CloseCode,
    /// The reason as text, for logs rather than for users. At most
    /// [`MAX_REASON_LEN`](Self::MAX_REASON_LEN) bytes.
    pub reason: &'a str,
}

impl<'a> CloseBody<'a> {
    /// The greatest length of a reason in bytes: the longest control payload without the code.
    pub const MAX_REASON_LEN: usize = MAX_CONTROL_PAYLOAD_LEN - 2;

    /// Decodes the unmasked payload of a Close frame. Returns `None` if it is empty.
    ///
    /// # Errors
    ///
    /// - [`TruncatedCloseCode`](ProtocolError::TruncatedCloseCode) for a payload of one byte
    /// - [`InvalidCloseCode`](ProtocolError::InvalidCloseCode) for a code that must not be sent
    /// - [`ControlTooLong`](ProtocolError::ControlTooLong) for more than 125 bytes
    /// - [`InvalidUtf8`](ProtocolError::InvalidUtf8) for a reason that is not UTF-8. Offsets count
    ///   from the beginning of the reason.
    pub fn decode(payload: &'a [u8]) -> Result<Option<Self>, ProtocolError> {
        if payload.is_empty() {
            return Ok(None);
        }
        let Some((code, reason)) = payload.split_first_chunk() else {
            return Err(ProtocolError::TruncatedCloseCode);
        };
        let code = CloseCode::new(u16::from_be_bytes(*code));
        if !code.may_be_sent() {
            return Err(ProtocolError::InvalidCloseCode(code.get()));
        }
        if reason.len() > Self::MAX_REASON_LEN {
            return Err(ProtocolError::ControlTooLong(payload.len() as u64));
        }
        Ok(Some(Self { code, reason: utf8::from_utf8(reason)? }))
    }

    /// Encodes the body as the payload of a Close frame, not yet masked.
    ///
    /// # Errors
    ///
    /// - [`InvalidCloseCode`](EncodeError::InvalidCloseCode) for a code that must not be sent
    /// - [`ControlTooLong`](EncodeError::ControlTooLong) for a reason longer than
    ///   [`MAX_REASON_LEN`](Self::MAX_REASON_LEN) bytes. It is never truncated.
    pub fn encode(&self) -> Result<EncodedCloseBody, EncodeError> {
        if !self.code.may_be_sent() {
            return Err(EncodeError::InvalidCloseCode(self.code.get()));
        }
        let mut bytes = [0; MAX_CONTROL_PAYLOAD_LEN];
        let (code_bytes, rest) = bytes.split_at_mut(2);
        let Some(reason_bytes) = rest.get_mut(..self.reason.len()) else {
            return Err(EncodeError::ControlTooLong(2 + self.reason.len() as u64));
        };
        code_bytes.copy_from_slice(&self.code.get().to_be_bytes());
        reason_bytes.copy_from_slice(self.reason.as_bytes());
        Ok(EncodedCloseBody { bytes, len: 2 + self.reason.len() as u8 })
    }
}

/// An encoded [`CloseBody`]. It dereferences to its bytes and needs no allocation.
///
/// ```
/// use wsframe::{CloseBody, CloseCode, FrameEncoder, Opcode};
///
/// let body = CloseBody { code: CloseCode::NORMAL, reason: "" }.encode()?;
/// let mut frame = [0; 8];
/// let frame = FrameEncoder::new(Opcode::Close).encode_to_slice(&body, &mut frame)?;
/// assert_eq!(frame, b"\x88\x02\x03\xE8");
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct EncodedCloseBody {
    bytes: [u8; MAX_CONTROL_PAYLOAD_LEN],
    len: u8,
}

impl Deref for EncodedCloseBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // `min` shows the compiler that no bounds check is needed.
        &self.bytes[..MAX_CONTROL_PAYLOAD_LEN.min(self.len as usize)]
    }
}

impl AsRef<[u8]> for EncodedCloseBody {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for EncodedCloseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EncodedCloseBody").field(&&**self).finish()
    }
}
