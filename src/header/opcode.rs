//! Opcodes (RFC 6455 §5.2, §11.8).

use core::fmt;

/// What a frame is: the six opcodes that the RFC defines.
///
/// The set is closed on purpose. The others, 3–7 and 11–15, are reserved; a frame that bears one fails
/// the connection, so there is no value for them.
///
/// ```
/// use wsframe::Opcode;
///
/// assert_eq!(Opcode::from_bits(0x9), Some(Opcode::Ping));
/// assert_eq!(Opcode::from_bits(0x3), None);
/// assert!(Opcode::Ping.is_control());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of a message that a text or binary frame has begun (§5.4).
    Continuation = 0x0,
    /// A text message, or its first fragment: UTF-8 (§5.6).
    Text = 0x1,
    /// A binary message, or its first fragment (§5.6).
    Binary = 0x2,
    /// The closing handshake (§5.5.1).
    Close = 0x8,
    /// A request for a Pong (§5.5.2).
    Ping = 0x9,
    /// The answer to a Ping, or a heartbeat that none has asked for (§5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// The opcode of these four bits, `None` if it is reserved or more than four bits are given.
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

    /// The four bits of the opcode.
    #[must_use]
    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Whether this is Close, Ping or Pong: never fragmented, at most 125 bytes, and allowed between the
    /// fragments of a message (§5.5).
    #[must_use]
    #[inline(always)]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }

    /// Whether this begins a message: Text or Binary.
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

/// The RFC's name for it, in lower case, such as `text` or `ping`.
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
