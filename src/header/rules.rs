//! The role of an endpoint, and the rules for the headers it receives.

use core::fmt;

use super::{FrameHeader, MAX_CONTROL_PAYLOAD_LEN};
use crate::error::ProtocolError;
use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// The role of an endpoint (RFC 6455 §1.2).
///
/// ```
/// use wsframe::{FrameDecoder, Role};
///
/// let from_clients = FrameDecoder::new(Role::Server);
/// assert_eq!(from_clients.rules().role(), Role::Server);
/// assert_eq!(Role::Server.peer(), Role::Client);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The endpoint that opened the connection. It sends masked frames and receives unmasked ones.
    Client,
    /// The endpoint that accepted the connection. It receives masked frames and sends unmasked
    /// ones.
    Server,
}

impl Role {
    /// Returns the role of the peer.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Writes `client` or `server`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// The rules for the headers of received frames.
///
/// New rules are strict. Each relaxation is a method with a name of its own. Rules take two bytes.
///
/// ```
/// use wsframe::{FrameHeader, Role, Rsv, Rules};
///
/// let strict = Rules::new(Role::Server);
/// let with_deflate = strict.allow_rsv(Rsv::RSV1);
/// let for_a_sloppy_device = strict.accept_unmasked().accept_non_minimal_lengths();
///
/// let unmasked = [0x81, 0x05];
/// assert!(FrameHeader::decode(&unmasked, strict).is_err());
/// assert!(FrameHeader::decode(&unmasked, with_deflate).is_err());
/// assert!(FrameHeader::decode(&unmasked, for_a_sloppy_device).is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rules(u16);

impl Rules {
    // The RSV bits are those of a frame's first byte, and MASKED that of its second.
    const MASKED: u16 = 0x80;
    const ANY_MASKING: u16 = 0x01;
    const ANY_LENGTH_FORM: u16 = 0x02;
    const RSV_ON_ALL_FRAMES: u16 = 0x04;
    const DEFLATE: u16 = 0x08;
    const RESERVED_OPCODES: u16 = 0x100;
    const FRAGMENTED_CONTROL: u16 = 0x200;
    const LONG_CONTROL: u16 = 0x400;

    /// Creates strict rules for what an endpoint of this role receives.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        match role {
            Role::Server => Self(Self::MASKED),
            Role::Client => Self(0),
        }
    }

    /// Returns the role of the endpoint that receives.
    #[must_use]
    pub const fn role(self) -> Role {
        if self.0 & Self::MASKED != 0 { Role::Server } else { Role::Client }
    }

    /// Returns the same relaxations for this role.
    pub(crate) const fn with_role(self, role: Role) -> Self {
        Self(self.0 & !Self::MASKED | Self::new(role).0)
    }

    /// Accepts these RSV bits on the first frame of a message, as a negotiated per-message
    /// extension requires (RFC 7692 §6).
    ///
    /// Further calls add to the set.
    #[must_use]
    pub const fn allow_rsv(self, bits: Rsv) -> Self {
        Self(self.0 | bits.bits() as u16)
    }

    /// Accepts the allowed RSV bits on continuation and control frames as well.
    ///
    /// Use it for an extension that defines the bits there, and for code that reads frames.
    /// (permessage-deflate does not define them there.) A
    /// [`MessageDecoder`](crate::MessageDecoder) interprets only the bits of a message's first
    /// frame. [`MessageSpan::header`](crate::MessageSpan::header) contains those of the other
    /// frames.
    #[must_use]
    pub const fn allow_rsv_on_all_frames(self) -> Self {
        Self(self.0 | Self::RSV_ON_ALL_FRAMES)
    }

    /// Accepts RSV1 as permessage-deflate defines it: only on the first frame of a message.
    /// [`allow_rsv_on_all_frames`](Self::allow_rsv_on_all_frames) then extends only the other
    /// allowed bits.
    #[cfg(feature = "deflate")]
    pub(crate) const fn claim_for_deflate(self) -> Self {
        Self(self.0 | Rsv::RSV1.bits() as u16 | Self::DEFLATE)
    }

    /// Returns whether permessage-deflate was negotiated.
    pub(crate) const fn are_for_deflate(self) -> bool {
        self.0 & Self::DEFLATE != 0
    }

    /// Lets a server accept unmasked frames, against §5.1.
    ///
    /// This is a no-op for a client, which [`accept_masked`](Self::accept_masked) is for.
    #[doc(alias = "accept_unmasked_frames")]
    #[must_use]
    pub const fn accept_unmasked(self) -> Self {
        match self.role() {
            Role::Server => Self(self.0 | Self::ANY_MASKING),
            Role::Client => self,
        }
    }

    /// Lets a client accept masked frames, against §5.1.
    ///
    /// This is a no-op for a server, which [`accept_unmasked`](Self::accept_unmasked) is for.
    #[must_use]
    pub const fn accept_masked(self) -> Self {
        match self.role() {
            Role::Client => Self(self.0 | Self::ANY_MASKING),
            Role::Server => self,
        }
    }

    /// Accepts reserved opcodes, against §5.2, for code that reads frames.
    ///
    /// A [`MessageDecoder`](crate::MessageDecoder) always refuses them.
    #[must_use]
    pub const fn accept_reserved_opcodes(self) -> Self {
        Self(self.0 | Self::RESERVED_OPCODES)
    }

    /// Accepts control frames without FIN, against §5.5, for code that reads frames.
    ///
    /// A [`MessageDecoder`](crate::MessageDecoder) always refuses them.
    #[must_use]
    pub const fn accept_fragmented_control(self) -> Self {
        Self(self.0 | Self::FRAGMENTED_CONTROL)
    }

    /// Accepts control frames with more than 125 bytes, against §5.5, for code that reads frames.
    ///
    /// A [`MessageDecoder`](crate::MessageDecoder) always refuses them. A
    /// [`FrameDecoder`](crate::FrameDecoder) returns them in chunks, like other frames.
    #[must_use]
    pub const fn accept_long_control(self) -> Self {
        Self(self.0 | Self::LONG_CONTROL)
    }

    /// Returns the rules without the relaxations that a message decoder does not support.
    pub(crate) const fn for_messages(self) -> Self {
        Self(self.0 & !(Self::RESERVED_OPCODES | Self::FRAGMENTED_CONTROL | Self::LONG_CONTROL))
    }

    /// Accepts lengths that are not in their shortest form, against §5.2.
    #[must_use]
    pub const fn accept_non_minimal_lengths(self) -> Self {
        Self(self.0 | Self::ANY_LENGTH_FORM)
    }

    /// Checks a header that was [parsed](super::FrameHeader::parse).
    ///
    /// `header_len` is the header's length in bytes, from which the form of the payload length
    /// follows.
    ///
    /// # Errors
    ///
    /// Returns the first broken rule, as [`FrameHeader::decode`](super::FrameHeader::decode) does.
    /// [`ControlTooLong`](ProtocolError::ControlTooLong) contains the whole length here.
    ///
    /// ```
    /// use wsframe::{FrameHeader, ProtocolError, Role, Rules};
    ///
    /// let rules = Rules::new(Role::Client).accept_reserved_opcodes();
    /// if let Some((header, len)) = FrameHeader::parse(&[0x83, 0x80, 1, 2, 3, 4]) {
    ///     assert_eq!(rules.check(&header, len), Err(ProtocolError::MaskedByServer));
    /// }
    /// ```
    #[inline]
    pub fn check(self, header: &FrameHeader, header_len: usize) -> Result<(), ProtocolError> {
        self.check_first(header.fin, header.rsv, header.opcode)?;
        self.check_masked(header.masking_key.is_some())?;
        let key_len = if header.masking_key.is_some() { 4 } else { 0 };
        let len_bytes = header_len.saturating_sub(2 + key_len);
        let in_7_bits = if len_bytes == 0 { header.payload_len.min(127) as u8 } else { 127 };
        self.check_control(header.opcode, in_7_bits, header.payload_len)?;
        self.check_len(header.payload_len, len_bytes)
    }

    /// Checks the rules about the first byte.
    #[inline(always)]
    pub(super) const fn check_first(
        self,
        fin: bool,
        rsv: Rsv,
        opcode: Opcode,
    ) -> Result<(), ProtocolError> {
        // > If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket
        // > Connection_.
        if opcode.is_reserved() && self.0 & Self::RESERVED_OPCODES == 0 {
            return Err(ProtocolError::ReservedOpcode(opcode.bits()));
        }
        // > MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.
        let unexpected = self.unexpected_rsv(rsv, opcode);
        if !unexpected.is_empty() {
            return Err(ProtocolError::UnexpectedRsv(unexpected));
        }
        // > All control frames […] MUST NOT be fragmented.
        if opcode.is_control() && !fin && self.0 & Self::FRAGMENTED_CONTROL == 0 {
            return Err(ProtocolError::FragmentedControl(opcode));
        }
        Ok(())
    }

    /// Returns the bits that no extension defines on a frame with this opcode (RFC 6455 §5.2).
    /// The rules of received and sent frames are the same.
    ///
    /// ```
    /// use wsframe::{Opcode, Role, Rsv, Rules};
    ///
    /// let rules = Rules::new(Role::Server);
    /// assert_eq!(rules.unexpected_rsv(Rsv::RSV1, Opcode::Text), Rsv::RSV1);
    /// assert_eq!(rules.unexpected_rsv(Rsv::NONE, Opcode::Text), Rsv::NONE);
    /// ```
    #[inline(always)]
    #[must_use]
    pub const fn unexpected_rsv(self, rsv: Rsv, opcode: Opcode) -> Rsv {
        // > An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
        // > non-first fragments of a data message. (RFC 7692 §6.1)
        let of_messages = if self.0 & Self::DEFLATE != 0 { Rsv::RSV1.bits() as u16 } else { 0 };
        let allowed = if opcode.begins_message() {
            self.0
        } else if self.0 & Self::RSV_ON_ALL_FRAMES != 0 {
            self.0 & !of_messages
        } else {
            0
        };
        Rsv::from_bits(rsv.bits() & !(allowed as u8))
    }

    /// > The server MUST close the connection upon receiving a frame that is not masked. […] A
    /// > client MUST close a connection if it detects a masked frame.
    #[inline(always)]
    pub(super) const fn check_masked(self, masked: bool) -> Result<(), ProtocolError> {
        if masked == (self.0 & Self::MASKED != 0) || self.0 & Self::ANY_MASKING != 0 {
            return Ok(());
        }
        Err(match self.role() {
            Role::Server => ProtocolError::UnmaskedByClient,
            Role::Client => ProtocolError::MaskedByServer,
        })
    }

    /// > All control frames MUST have a payload length of 125 bytes or less
    ///
    /// `in_7_bits` shows this before the whole length has arrived.
    #[inline(always)]
    pub(super) fn check_control(
        self,
        opcode: Opcode,
        in_7_bits: u8,
        len: u64,
    ) -> Result<(), ProtocolError> {
        let too_long = in_7_bits > MAX_CONTROL_PAYLOAD_LEN as u8;
        if opcode.is_control() && too_long && self.0 & Self::LONG_CONTROL == 0 {
            return Err(ProtocolError::ControlTooLong(len));
        }
        Ok(())
    }

    /// > the most significant bit MUST be 0 […] the minimal number of bytes MUST be used to encode
    /// > the length
    #[inline(always)]
    pub(super) const fn check_len(self, len: u64, len_bytes: usize) -> Result<(), ProtocolError> {
        if len > i64::MAX as u64 {
            return Err(ProtocolError::LengthOverflow(len));
        }
        let least = match len_bytes {
            0 => 0,
            2 => 126,
            _ => 1 << 16,
        };
        if len < least && self.0 & Self::ANY_LENGTH_FORM == 0 {
            return Err(ProtocolError::NonMinimalLength(len));
        }
        Ok(())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relaxed = |flag| self.0 & flag != 0;
        f.debug_struct("Rules")
            .field("role", &self.role())
            .field("allowed_rsv", &Rsv::from_bits(self.0 as u8))
            .field("allow_rsv_on_all_frames", &relaxed(Self::RSV_ON_ALL_FRAMES))
            .field("accept_any_masking", &relaxed(Self::ANY_MASKING))
            .field("accept_non_minimal_lengths", &relaxed(Self::ANY_LENGTH_FORM))
            .field("accept_reserved_opcodes", &relaxed(Self::RESERVED_OPCODES))
            .field("accept_fragmented_control", &relaxed(Self::FRAGMENTED_CONTROL))
            .field("accept_long_control", &relaxed(Self::LONG_CONTROL))
            .finish()
    }
}
