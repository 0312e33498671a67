//! Opcodes (RFC 6455 §5.2, §11.8).

use core::fmt;

/// The type of a frame: one of the six opcodes that the RFC defines.
///
/// The set is closed. Opcodes 3–7 and 11–15 are reserved and fail the connection, so no value is
/// needed for them.
///
/// ```
/// use wsframe::Opcode;
///
/// assert_eq!(Opcode::from_bits(0x9), Some(Opcode::Ping));
/// assert_eq!(Opcode::from_bits(0x3), None);
/// assert!(Opcode::Ping.is_control());
/// ```
#[doc(alias = "OpCode")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of a message that began with a text or binary frame (§5.4).
    Continuation = 0x0,
    /// A text message, or its first fragment. The text is UTF-8 (§5.6).
    Text = 0x1,
    /// A binary message, or its first fragment (§5.6).
    Binary = 0x2,
    /// The closing handshake (§5.5.1).
    Close = 0x8,
    /// A request for a Pong (§5.5.2).
    Ping = 0x9,
    /// The reply to a Ping, or an unsolicited heartbeat (§5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// Returns the opcode with these four bits, or `None` if `bits` is reserved or greater than 15.
    #[must_use]
    #[inline(always)]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Returns the four bits of the opcode.
    #[must_use]
    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Returns whether this is Close, Ping or Pong.
    ///
    /// Control frames are never fragmented and have at most 125 bytes. They may arrive between the
    /// fragments of a message (§5.5).
    #[doc(alias = "is_ping")]
    #[doc(alias = "is_pong")]
    #[doc(alias = "is_close")]
    #[must_use]
    #[inline(always)]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }

    /// Returns whether this begins a message: Text or Binary.
    #[doc(alias = "is_data")]
    #[doc(alias = "is_text")]
    #[doc(alias = "is_binary")]
    #[must_use]
    #[inline(always)]
    pub const fn begins_message(self) -> bool {
        matches!(self, Self::Text | Self::Binary)
    }
}

impl From<Opcode> for u8 {
    fn from(opcode: Opcode) -> Self {
        opcode.bits()
    }
}

/// Writes the RFC's name in lower case, such as `text` or `ping`.
impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Continuation => "continuation",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
        })
    }
}
