//! The role of an endpoint, and the rules for the headers it receives.

use core::fmt;

use super::{Opcode, Rsv};
use crate::error::ProtocolError;

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

/// The rules for the headers of received frames. New rules are strict; each relaxation has a name.
///
/// Rules take one byte.
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
pub struct Rules(u8);

impl Rules {
    // The masked bit and the claimed bits are stored as on the wire, so each check is one operation
    // on a header byte.
    const MASKED: u8 = 0x80;
    const EITHER_MASKING: u8 = 0x01;
    const ANY_LENGTH_FORM: u8 = 0x02;
    const CLAIMS_ON_EVERY_FRAME: u8 = 0x04;
    const DEFLATE: u8 = 0x08;

    /// Creates strict rules for what an endpoint of this role receives.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        match role {
            Role::Server => Self(Self::MASKED),
            Role::Client => Self(0),
        }
    }

    /// Returns the role that the rules are for, which is the receiver's.
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
        Self(self.0 | bits.bits())
    }

    /// Accepts the claimed RSV bits on continuation and control frames as well.
    ///
    /// This is for extensions that define them there, which permessage-deflate does not, and for
    /// code that reads frames. A [`MessageDecoder`](crate::MessageDecoder) uses only the bits of a
    /// message's first frame. [`MessageSpan::header`](crate::MessageSpan::header) contains those of
    /// the other frames.
    #[must_use]
    pub const fn allow_rsv_on_all_frames(self) -> Self {
        Self(self.0 | Self::CLAIMS_ON_EVERY_FRAME)
    }

    /// Accepts RSV1 as permessage-deflate defines it: only on the first frame of a message.
    /// [`allow_rsv_on_all_frames`](Self::allow_rsv_on_all_frames) then extends only the other claimed
    /// bits.
    #[cfg(feature = "deflate")]
    pub(crate) const fn claim_for_deflate(self) -> Self {
        Self(self.0 | Rsv::RSV1.bits() | Self::DEFLATE)
    }

    /// Lets a server accept unmasked frames, against §5.1.
    ///
    /// For a client's rules this is a no-op: masked frames from a server stay an error.
    #[doc(alias = "accept_unmasked_frames")]
    #[must_use]
    pub const fn accept_unmasked(self) -> Self {
        match self.role() {
            Role::Server => Self(self.0 | Self::EITHER_MASKING),
            Role::Client => self,
        }
    }

    /// Accepts lengths that are not in their shortest form, against §5.2.
    #[must_use]
    pub const fn accept_non_minimal_lengths(self) -> Self {
        Self(self.0 | Self::ANY_LENGTH_FORM)
    }

    /// > MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.
    #[inline(always)]
    pub(super) const fn check_rsv(self, rsv: Rsv, opcode: Opcode) -> Result<(), ProtocolError> {
        match self.unclaimed(rsv, opcode) {
            0 => Ok(()),
            unclaimed => Err(ProtocolError::UnexpectedRsv(unclaimed)),
        }
    }

    /// Returns which of these bits no extension claims on a frame with this opcode.
    #[inline(always)]
    pub(crate) const fn unclaimed(self, rsv: Rsv, opcode: Opcode) -> u8 {
        // > An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and non-first
        // > fragments of a data message. (RFC 7692 §6.1)
        let of_messages = if self.0 & Self::DEFLATE != 0 { Rsv::RSV1.bits() } else { 0 };
        let claimed = if opcode.begins_message() {
            self.0
        } else if self.0 & Self::CLAIMS_ON_EVERY_FRAME != 0 {
            self.0 & !of_messages
        } else {
            0
        };
        rsv.bits() & !claimed
    }

    /// > The server MUST close the connection upon receiving a frame that is not masked. […] A client
    /// > MUST close a connection if it detects a masked frame.
    #[inline(always)]
    pub(super) const fn check_masked(self, second_byte: u8) -> Result<(), ProtocolError> {
        if (second_byte ^ self.0) & Self::MASKED == 0 || self.0 & Self::EITHER_MASKING != 0 {
            return Ok(());
        }
        Err(match self.role() {
            Role::Server => ProtocolError::UnmaskedByClient,
            Role::Client => ProtocolError::MaskedByServer,
        })
    }

    /// > the minimal number of bytes MUST be used to encode the length
    #[inline(always)]
    pub(super) const fn check_minimal(self, len: u64, least: u64) -> Result<(), ProtocolError> {
        if len < least && self.0 & Self::ANY_LENGTH_FORM == 0 {
            return Err(ProtocolError::NonMinimalLength);
        }
        Ok(())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relaxed = |flag| self.0 & flag != 0;
        f.debug_struct("Rules")
            .field("role", &self.role())
            .field("claimed", &Rsv::from_bits(self.0))
            .field("allow_rsv_on_all_frames", &relaxed(Self::CLAIMS_ON_EVERY_FRAME))
            .field("accept_unmasked", &relaxed(Self::EITHER_MASKING))
            .field("accept_non_minimal_lengths", &relaxed(Self::ANY_LENGTH_FORM))
            .finish()
    }
}
