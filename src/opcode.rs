//! Opcodes (RFC 6455 §5.2, §11.8).

use core::fmt;

/// The type of a frame: one of the six opcodes that the RFC defines, or a reserved one.
///
/// Reserved opcodes fail a connection. Only code that reads headers without rules sees them:
/// [`FrameHeader::parse`](crate::FrameHeader::parse), or
/// [`Rules::accept_reserved_opcodes`](crate::Rules::accept_reserved_opcodes).
///
/// ```
/// use wsframe::Opcode;
///
/// assert_eq!(Opcode::from_bits(0x89), Opcode::Ping); // a frame's first byte
/// assert!(Opcode::Ping.is_control());
/// assert!(Opcode::from_bits(0x3).is_reserved());
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
    /// Reserved for further non-control frames.
    Reserved3 = 0x3,
    /// Reserved for further non-control frames.
    Reserved4 = 0x4,
    /// Reserved for further non-control frames.
    Reserved5 = 0x5,
    /// Reserved for further non-control frames.
    Reserved6 = 0x6,
    /// Reserved for further non-control frames.
    Reserved7 = 0x7,
    /// The closing handshake (§5.5.1).
    Close = 0x8,
    /// A request for a Pong (§5.5.2).
    Ping = 0x9,
    /// The reply to a Ping, or an unsolicited heartbeat (§5.5.3).
    Pong = 0xA,
    /// Reserved for further control frames.
    ReservedB = 0xB,
    /// Reserved for further control frames.
    ReservedC = 0xC,
    /// Reserved for further control frames.
    ReservedD = 0xD,
    /// Reserved for further control frames.
    ReservedE = 0xE,
    /// Reserved for further control frames.
    ReservedF = 0xF,
}

impl Opcode {
    /// Returns the opcode with these four bits. The upper four bits of `bits` are ignored, so the
    /// first byte of a frame can be passed.
    #[must_use]
    #[inline(always)]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x3 => Self::Reserved3,
            0x4 => Self::Reserved4,
            0x5 => Self::Reserved5,
            0x6 => Self::Reserved6,
            0x7 => Self::Reserved7,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            0xB => Self::ReservedB,
            0xC => Self::ReservedC,
            0xD => Self::ReservedD,
            0xE => Self::ReservedE,
            _ => Self::ReservedF,
        }
    }

    /// Returns whether the RFC reserves this opcode: 3–7 or 11–15.
    #[must_use]
    #[inline(always)]
    pub const fn is_reserved(self) -> bool {
        // One bit per opcode.
        const RESERVED: u16 = 0b1111_1000_1111_1000;
        RESERVED >> self.bits() & 1 != 0
    }

    /// Returns the four bits of the opcode.
    #[must_use]
    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Returns whether this is a control frame: Close, Ping, Pong, or reserved for one (11–15).
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
            reserved => return write!(f, "reserved opcode {:#x}", reserved.bits()),
        })
    }
}
