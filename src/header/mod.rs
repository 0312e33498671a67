//! The frame header (RFC 6455 §5.2): what stands in front of every payload.
//!
//! ```text
//!   0                   1                   2                   3
//!   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!  +-+-+-+-+-------+-+-------------+-------------------------------+
//!  |F|R|R|R| opcode|M| length      | length, 16 bits or 64 bits     |
//!  |I|S|S|S|  (4)  |A|  (7)        | (if the 7 bits are 126 or 127) |
//!  |N|V|V|V|       |S|             |                                |
//!  | |1|2|3|       |K|             |                                |
//!  +-+-+-+-+-------+-+-------------+- - - - - - - - - - - - - - - - +
//!  | masking key, 32 bits (if MASK)| payload …                      |
//!  +-------------------------------+- - - - - - - - - - - - - - - - +
//! ```
//!
//! Decoding is a pure function of a slice, and so restartable: while bytes are missing it answers
//! `None` and remembers nothing. A rule that is broken is reported as soon as the byte that breaks it is
//! there; those of lengths, when the length is there.

mod encoded;
mod opcode;
mod rsv;
mod rules;

pub use encoded::EncodedHeader;
pub(crate) use encoded::PackedHeader;
pub use opcode::Opcode;
pub use rsv::Rsv;
pub use rules::{Role, Rules};

use crate::error::{EncodeError, ProtocolError};
use crate::mask::{Mask, MaskingKey};

/// The length in bytes of the longest header: two bytes, a 64-bit length and a masking key.
pub const MAX_HEADER_LEN: usize = 2 + 8 + 4;

/// The length in bytes of the longest payload that a control frame can carry (RFC 6455 §5.5).
pub const MAX_CONTROL_PAYLOAD_LEN: usize = 125;

const FIN: u8 = 0x80;
const RSV: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASK: u8 = 0x80;
const LEN: u8 = 0x7F;
/// In the seven bits: the length follows in 16 bits.
const LEN_16: u8 = 126;
/// In the seven bits: the length follows in 64 bits.
const LEN_64: u8 = 127;

/// The header of a frame (RFC 6455 §5.2).
///
/// ```
/// use wsframe::{FrameHeader, MaskingKey, Opcode, Role, Rules};
///
/// // §5.7: a masked text message "Hello" in one frame.
/// let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// let rules = Rules::new(Role::Server);
///
/// assert_eq!(FrameHeader::decode(&frame[..5], rules)?, None); // not all there
/// let (header, len) = FrameHeader::decode(&frame, rules)?.unwrap();
/// assert_eq!(len, 6);
/// assert_eq!(header.opcode, Opcode::Text);
/// assert_eq!(header.payload_len, 5);
/// assert_eq!(header.masking_key, Some(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d])));
///
/// assert_eq!(*header.encode()?, frame[..6]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message, or the only one.
    pub fin: bool,
    /// The reserved bits.
    pub rsv: Rsv,
    /// What the frame is.
    pub opcode: Opcode,
    /// The key that the payload is masked with; `None` if it is not masked.
    pub masking_key: Option<MaskingKey>,
    /// The length of the payload in bytes.
    pub payload_len: u64,
}

impl FrameHeader {
    /// The header of an unmasked frame that is a message of its own, or a control frame: FIN set, no
    /// RSV bit. Other headers differ from it in fields that are set by name.
    ///
    /// ```
    /// use wsframe::{FrameHeader, Opcode};
    ///
    /// let first_fragment = FrameHeader { fin: false, ..FrameHeader::new(Opcode::Text, 3) };
    /// assert_eq!(*first_fragment.encode()?, [0x01, 0x03]);
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn new(opcode: Opcode, payload_len: u64) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, masking_key: None, payload_len }
    }

    /// Decodes the header that `bytes` begins with. Returns it with its length in bytes, which is where
    /// the payload begins; `None` while bytes are missing ([`len_from`](Self::len_from) says how many).
    ///
    /// # Errors
    ///
    /// The first rule that is broken, in the order of the bytes: opcode, RSV, FIN, MASK, length.
    /// Nothing is remembered: decoding the same bytes again gives the same error.
    #[inline(always)]
    pub fn decode(bytes: &[u8], rules: Rules) -> Result<Option<(Self, usize)>, ProtocolError> {
        match Self::decode_plain(bytes, rules) {
            Some(found) => Ok(Some(found)),
            None => Self::decode_checked(bytes, rules),
        }
    }

    /// The short way, for nearly all headers there are: no RSV bit, nothing relaxed, at most 65,535
    /// bytes of payload, and right. `None` says nothing but that the long way is to be gone.
    ///
    /// It is here because of what the compiler makes of it. Where decoding is inlined, each way out of it
    /// that makes an error of its own costs the others: the result is then put together from pieces as
    /// small as the smallest field of any error. This way has no errors, so its result stays in
    /// registers. `ci/counts.sh` holds what it saves.
    #[inline(always)]
    pub(crate) fn decode_plain(bytes: &[u8], rules: Rules) -> Option<(Self, usize)> {
        // Where size counts, one path decodes all headers.
        if cfg!(wsframe_backend = "small") {
            return None;
        }
        let &[first, second, ..] = bytes else { return None };
        let opcode = Opcode::from_bits(first & OPCODE)?;
        let fin = first & FIN != 0;
        let masked = second & MASK != 0;
        let plain = first & RSV == 0
            && (fin || !opcode.is_control())
            && masked == matches!(rules.role(), Role::Server);
        if !plain {
            return None;
        }
        let (payload_len, len_end) = match second & LEN {
            LEN_64 => return None,
            LEN_16 => {
                let len = u16::from_be_bytes(array_at(bytes, 2)?);
                if len < 126 || opcode.is_control() {
                    return None;
                }
                (u64::from(len), 4)
            }
            len => (u64::from(len), 2),
        };
        let (masking_key, header_len) = if masked {
            (Some(MaskingKey::new(array_at(bytes, len_end)?)), len_end + 4)
        } else {
            (None, len_end)
        };
        Some((Self { fin, rsv: Rsv::NONE, opcode, masking_key, payload_len }, header_len))
    }

    /// The long way, which knows every rule.
    #[inline(never)]
    fn decode_checked(bytes: &[u8], rules: Rules) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let (fin, rsv, opcode) = decode_first(first, rules)?;

        let Some(&second) = bytes.get(1) else { return Ok(None) };
        rules.check_masked(second)?;
        let len = second & LEN;
        // > All control frames MUST have a payload length of 125 bytes or less
        if opcode.is_control() && len > MAX_CONTROL_PAYLOAD_LEN as u8 {
            return Err(ProtocolError::ControlTooLong);
        }

        let (payload_len, len_end) = match len {
            LEN_16 => {
                let Some(len) = array_at(bytes, 2) else { return Ok(None) };
                let len = u64::from(u16::from_be_bytes(len));
                rules.check_minimal(len, 126)?;
                (len, 4)
            }
            LEN_64 => {
                let Some(len) = array_at(bytes, 2) else { return Ok(None) };
                let len = u64::from_be_bytes(len);
                if exceeds_63_bits(len) {
                    return Err(ProtocolError::LengthOverflow);
                }
                rules.check_minimal(len, 1 << 16)?;
                (len, 10)
            }
            _ => (u64::from(len), 2),
        };

        let (masking_key, header_len) = if second & MASK != 0 {
            let Some(key) = array_at(bytes, len_end) else { return Ok(None) };
            (Some(MaskingKey::new(key)), len_end + 4)
        } else {
            (None, len_end)
        };
        Ok(Some((Self { fin, rsv, opcode, masking_key, payload_len }, header_len)))
    }

    /// How many bytes the header that `bytes` begins with has, as far as they tell: 2 while there are
    /// fewer than two. [`decode`](Self::decode) needs so many, and answers `None` until it gets them.
    ///
    /// ```
    /// use wsframe::FrameHeader;
    ///
    /// assert_eq!(FrameHeader::len_from(&[]), 2);
    /// assert_eq!(FrameHeader::len_from(&[0x82, 0x85]), 6); // two bytes and a masking key
    /// assert_eq!(FrameHeader::len_from(&[0x82, 0x7F]), 10); // two bytes and a 64-bit length
    /// ```
    #[must_use]
    pub const fn len_from(bytes: &[u8]) -> usize {
        let [_, second, ..] = bytes else { return 2 };
        let len_bytes = match *second & LEN {
            LEN_16 => 2,
            LEN_64 => 8,
            _ => 0,
        };
        2 + len_bytes + if *second & MASK != 0 { 4 } else { 0 }
    }

    /// The length in bytes of this header when it is encoded: 2 to [`MAX_HEADER_LEN`].
    #[must_use]
    #[inline(always)]
    pub const fn encoded_len(&self) -> usize {
        let len_bytes = match self.payload_len {
            0..126 => 0,
            126..0x1_0000 => 2,
            _ => 8,
        };
        2 + len_bytes + if self.masking_key.is_some() { 4 } else { 0 }
    }

    /// The header's bytes, with the length in its shortest form.
    ///
    /// # Errors
    ///
    /// [`ControlTooLong`](EncodeError::ControlTooLong),
    /// [`FragmentedControl`](EncodeError::FragmentedControl),
    /// [`TruncatedCloseCode`](EncodeError::TruncatedCloseCode) and
    /// [`LengthOverflow`](EncodeError::LengthOverflow), for a header that no peer may accept. RSV bits and
    /// masking are not checked, since only the caller knows its extensions and its role.
    #[inline(always)]
    pub fn encode(&self) -> Result<EncodedHeader, EncodeError> {
        Ok(self.pack()?.encoded())
    }

    /// The bytes of a header that was decoded, or differs from such a one in its masking key alone: there
    /// is nothing to check.
    #[inline(always)]
    pub(crate) fn encode_decoded(&self) -> EncodedHeader {
        PackedHeader::new(self).encoded()
    }

    /// As [`encode`](Self::encode), for one that is written at once.
    #[inline(always)]
    pub(crate) fn pack(&self) -> Result<PackedHeader, EncodeError> {
        let len = self.payload_len;
        if self.opcode.is_control() {
            if len > MAX_CONTROL_PAYLOAD_LEN as u64 {
                return Err(EncodeError::ControlTooLong(len));
            }
            if !self.fin {
                return Err(EncodeError::FragmentedControl);
            }
            if len == 1 && matches!(self.opcode, Opcode::Close) {
                return Err(EncodeError::TruncatedCloseCode);
            }
        }
        if exceeds_63_bits(len) {
            return Err(EncodeError::LengthOverflow(len));
        }
        Ok(PackedHeader::new(self))
    }

    /// Writes the header at the end of `headroom`, so that it stands directly in front of a payload
    /// which begins there. Returns the index in `headroom` at which the frame begins.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode); nothing is written then.
    ///
    /// ```
    /// use wsframe::{FrameHeader, MAX_HEADER_LEN, Opcode};
    ///
    /// let mut buf = *b"..............Hello";
    /// let (headroom, payload) = buf.split_first_chunk_mut::<MAX_HEADER_LEN>().unwrap();
    /// let start = FrameHeader::new(Opcode::Text, payload.len() as u64).encode_before(headroom)?;
    /// assert_eq!(&buf[start..], b"\x81\x05Hello");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[inline(always)]
    pub fn encode_before(&self, headroom: &mut [u8; MAX_HEADER_LEN]) -> Result<usize, EncodeError> {
        let header = self.encode()?;
        let start = MAX_HEADER_LEN - header.len();
        headroom[start..].copy_from_slice(&header);
        Ok(start)
    }

    /// The mask at the first byte of the payload.
    #[must_use]
    #[inline(always)]
    pub const fn mask(&self) -> Mask {
        match self.masking_key {
            Some(key) => Mask::new(key),
            None => Mask::NONE,
        }
    }
}

/// Reads the first byte, and checks what it alone can break.
#[inline(always)]
const fn decode_first(byte: u8, rules: Rules) -> Result<(bool, Rsv, Opcode), ProtocolError> {
    // > If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.
    let Some(opcode) = Opcode::from_bits(byte & OPCODE) else {
        return Err(ProtocolError::ReservedOpcode(byte & OPCODE));
    };
    let rsv = Rsv::from_bits(byte);
    if let Err(error) = rules.check_rsv(rsv, opcode) {
        return Err(error);
    }
    let fin = byte & FIN != 0;
    // > All control frames […] MUST NOT be fragmented.
    if opcode.is_control() && !fin {
        return Err(ProtocolError::FragmentedControl);
    }
    Ok((fin, rsv, opcode))
}

/// > the most significant bit MUST be 0
#[inline(always)]
const fn exceeds_63_bits(len: u64) -> bool {
    len > i64::MAX as u64
}

/// The N bytes at `at`, if they are there.
#[inline(always)]
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
