//! The three reserved bits of a frame header (RFC 6455 §5.2).

use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// A set of the bits RSV1, RSV2 and RSV3. They are 0 unless an extension defines their meaning.
///
/// ```
/// use wsframe::Rsv;
///
/// let both = Rsv::RSV1 | Rsv::RSV3;
/// assert!(both.contains(Rsv::RSV1));
/// assert!(!both.contains(Rsv::RSV2));
/// assert_eq!(both.bits(), 0x50);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rsv(u8);

impl Rsv {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// RSV1. In permessage-deflate it marks a compressed message (RFC 7692 §6).
    pub const RSV1: Self = Self(0x40);
    /// RSV2.
    pub const RSV2: Self = Self(0x20);
    /// RSV3.
    pub const RSV3: Self = Self(0x10);

    /// Returns the reserved bits of a frame's first byte.
    #[must_use]
    #[inline(always)]
    pub const fn from_bits(first_byte: u8) -> Self {
        Self(first_byte & 0x70)
    }

    /// Returns the bits as in a frame's first byte.
    #[must_use]
    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns whether all bits of `other` are in this set.
    #[must_use]
    #[inline(always)]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether the set is empty.
    #[must_use]
    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Rsv {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Rsv {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// Writes the names of the bits, such as `RSV1 RSV3`.
impl fmt::Display for Rsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(Self::RSV1, "RSV1"), (Self::RSV2, "RSV2"), (Self::RSV3, "RSV3")];
        let mut blank = "";
        for (_, name) in names.into_iter().filter(|(bit, _)| self.contains(*bit)) {
            write!(f, "{blank}{name}")?;
            blank = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for Rsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rsv({self})")
    }
}
