//! The frame header (RFC 6455 §5.2).

mod encoded;
mod rules;

pub use encoded::EncodedHeader;
pub(crate) use encoded::PackedHeader;
pub use rules::{Role, Rules};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "bytes")]
use bytes::BytesMut;

use crate::error::{EncodeError, ProtocolError};
use crate::mask::{Mask, MaskingKey};
use crate::opcode::Opcode;
use crate::rsv::Rsv;

/// The length in bytes of the longest header: two bytes, a 64-bit length and a masking key.
pub const MAX_HEADER_LEN: usize = 2 + 8 + 4;

/// The greatest payload length of a control frame in bytes (RFC 6455 §5.5).
pub const MAX_CONTROL_PAYLOAD_LEN: usize = 125;

const FIN: u8 = 0x80;
const MASK: u8 = 0x80;
const LEN: u8 = 0x7F;
/// Seven bits with this value mean that the length follows in 16 bits.
const LEN_16: u8 = 126;
/// Seven bits with this value mean that the length follows in 64 bits.
const LEN_64: u8 = 127;

/// The header of a frame (RFC 6455 §5.2).
///
/// ```text
///   0                   1                   2                   3
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///  +-+-+-+-+-------+-+-------------+-------------------------------+
///  |F|R|R|R| opcode|M| length      | length, 16 bits or 64 bits     |
///  |I|S|S|S|  (4)  |A|  (7)        | (if the 7 bits are 126 or 127) |
///  |N|V|V|V|       |S|             |                                |
///  | |1|2|3|       |K|             |                                |
///  +-+-+-+-+-------+-+-------------+- - - - - - - - - - - - - - - - +
///  | masking key, 32 bits (if MASK)| payload …                      |
///  +-------------------------------+- - - - - - - - - - - - - - - - +
/// ```
///
/// [`decode`](Self::decode) keeps no state: while bytes are missing it returns `None`, and the
/// caller passes the same bytes again with more. It reports a broken rule as soon as the byte that
/// breaks it has arrived, or the whole length.
///
/// ```
/// use wsframe::{FrameHeader, MaskingKey, Opcode, Role, Rules};
///
/// // §5.7: a masked text message "Hello" in one frame.
/// let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
/// let rules = Rules::new(Role::Server);
///
/// assert_eq!(FrameHeader::decode(&frame[..5], rules)?, None); // more bytes are needed
/// if let Some((header, len)) = FrameHeader::decode(&frame, rules)? {
///     assert_eq!(len, 6);
///     assert_eq!(header.opcode, Opcode::Text);
///     assert_eq!(header.payload_len, 5);
///     assert_eq!(header.masking_key, Some(MaskingKey::new([0x37, 0xfa, 0x21, 0x3d])));
///     assert_eq!(*header.encode()?, frame[..6]);
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message, or the only one.
    #[doc(alias = "is_final")]
    pub fin: bool,
    /// The reserved bits.
    pub rsv: Rsv,
    /// The type of the frame.
    pub opcode: Opcode,
    /// The key that the payload is masked with, or `None` if it is not masked.
    pub masking_key: Option<MaskingKey>,
    /// The length of the payload in bytes.
    pub payload_len: u64,
}

impl FrameHeader {
    /// Creates the header of an unmasked, unfragmented frame: FIN is set, RSV bits are not.
    ///
    /// Set other fields by name:
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

    /// Decodes the header at the beginning of `bytes`.
    ///
    /// Returns the header and its length in bytes, at which the payload begins. Returns `None`
    /// while bytes are missing; [`required_len`](Self::required_len) returns how many are needed.
    ///
    /// # Errors
    ///
    /// Returns the first broken rule, in the order of the bytes: opcode, RSV, FIN, MASK, length.
    /// Decoding the same bytes again returns the same error.
    #[doc(alias = "parse")]
    #[inline(always)]
    pub fn decode(bytes: &[u8], rules: Rules) -> Result<Option<(Self, usize)>, ProtocolError> {
        match Self::decode_plain(bytes, rules) {
            Some(found) => Ok(Some(found)),
            None => Self::decode_checked(bytes, rules),
        }
    }

    /// Decodes nearly all headers, on the fast path: those that are valid under strict rules, with
    /// no RSV bit and at most 65,535 bytes of payload. `None` means: use the slow path.
    ///
    /// It returns no errors, so its result stays in registers when it is inlined. With errors the
    /// compiler would assemble the result in memory, in pieces of the smallest field of any error.
    /// `ci/counts.sh` counts the instructions.
    #[inline(always)]
    pub(crate) fn decode_plain(bytes: &[u8], rules: Rules) -> Option<(Self, usize)> {
        // For the smallest code, one path decodes all headers.
        if cfg!(wsframe_backend = "small") {
            return None;
        }
        let &[first, second, ..] = bytes else { return None };
        let opcode = Opcode::from_bits(first);
        let fin = first & FIN != 0;
        let masked = second & MASK != 0;
        // All valid first bytes without RSV bits. For callers that know the byte, a list costs no
        // instructions.
        let plain = matches!(first, 0x00..=0x02 | 0x80..=0x82 | 0x88..=0x8A)
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

    /// Decodes any header, on the slow path. Checks each rule as soon as the bytes for it have
    /// arrived.
    #[inline(never)]
    fn decode_checked(bytes: &[u8], rules: Rules) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let opcode = Opcode::from_bits(first);
        rules.check_first(first & FIN != 0, Rsv::from_bits(first), opcode)?;

        let Some(&second) = bytes.get(1) else { return Ok(None) };
        rules.check_masked(second & MASK != 0)?;
        rules.check_control(opcode, second & LEN, u64::from(second & LEN))?;

        let Some((len, _)) = parse_len(bytes) else { return Ok(None) };
        rules.check_len(len, len_bytes(second))?;
        Ok(Self::parse(bytes))
    }

    /// Parses the header at the beginning of `bytes` without any rule. It never fails.
    ///
    /// Returns the header and its length in bytes, at which the payload begins. Returns `None`
    /// while bytes are missing; [`required_len`](Self::required_len) returns how many are needed.
    ///
    /// Use it for a policy of your own, and [`Rules::check`] for the rules that you want.
    /// [`decode`](Self::decode) does both, and reports a broken rule before the rest of the header
    /// has arrived.
    ///
    /// ```
    /// use wsframe::{FrameHeader, Opcode, ProtocolError, Role, Rules};
    ///
    /// let bytes = [0x89, 0x7E, 0x01]; // a Ping whose length takes 16 bits
    /// assert_eq!(FrameHeader::parse(&bytes), None);
    /// assert_eq!(FrameHeader::required_len(&bytes), 4); // one more byte is needed
    ///
    /// let bytes = [0x89, 0x7E, 0x01, 0x00];
    /// if let Some((header, len)) = FrameHeader::parse(&bytes) {
    ///     assert_eq!((header.opcode, header.payload_len), (Opcode::Ping, 256));
    ///     let too_long = ProtocolError::ControlTooLong(256);
    ///     assert_eq!(Rules::new(Role::Client).check(&header, len), Err(too_long));
    /// }
    /// ```
    #[must_use]
    #[inline]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let &[first, second, ..] = bytes else { return None };
        let (payload_len, len_end) = parse_len(bytes)?;
        let (masking_key, header_len) = if second & MASK != 0 {
            (Some(MaskingKey::new(array_at(bytes, len_end)?)), len_end + 4)
        } else {
            (None, len_end)
        };
        let (fin, rsv, opcode) =
            (first & FIN != 0, Rsv::from_bits(first), Opcode::from_bits(first));
        Some((Self { fin, rsv, opcode, masking_key, payload_len }, header_len))
    }

    /// Returns the length in bytes of the header at the beginning of `bytes`.
    ///
    /// Returns 2 while there are fewer than two bytes. [`decode`](Self::decode) returns `None`
    /// until that many bytes have arrived.
    ///
    /// ```
    /// use wsframe::FrameHeader;
    ///
    /// assert_eq!(FrameHeader::required_len(&[]), 2);
    /// assert_eq!(FrameHeader::required_len(&[0x82, 0x85]), 6); // two bytes and a masking key
    /// assert_eq!(FrameHeader::required_len(&[0x82, 0x7F]), 10); // two bytes and a 64-bit length
    /// ```
    #[must_use]
    pub const fn required_len(bytes: &[u8]) -> usize {
        let [_, second, ..] = bytes else { return 2 };
        2 + len_bytes(*second) + if *second & MASK != 0 { 4 } else { 0 }
    }

    /// Returns the length in bytes of the encoded header: 2 to [`MAX_HEADER_LEN`].
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

    /// Encodes the header, with the length in its shortest form. Returns an error for a header that
    /// no peer may accept.
    ///
    /// RSV bits and masking are not checked, because they depend on the negotiated extensions and
    /// on the role.
    ///
    /// # Errors
    ///
    /// - [`ReservedOpcode`](EncodeError::ReservedOpcode)
    /// - [`ControlTooLong`](EncodeError::ControlTooLong): a control frame with more than 125 bytes
    /// - [`FragmentedControl`](EncodeError::FragmentedControl): a control frame without FIN
    /// - [`TruncatedCloseCode`](EncodeError::TruncatedCloseCode): a Close frame with a body of one
    ///   byte
    /// - [`LengthOverflow`](EncodeError::LengthOverflow): a length of more than 63 bits
    #[inline(always)]
    pub fn encode(&self) -> Result<EncodedHeader, EncodeError> {
        Ok(self.pack()?.encoded())
    }

    /// Encodes the header without checks, with the length in its shortest form. It never fails.
    ///
    /// Use it for a header that was decoded before, such as one that is forwarded, or with a policy
    /// of your own. [`encode`](Self::encode) refuses headers that no peer may accept.
    ///
    /// ```
    /// use wsframe::{FrameHeader, Opcode};
    ///
    /// let header = FrameHeader::new(Opcode::Binary, 300);
    /// assert_eq!(*header.to_bytes(), [0x82, 0x7E, 0x01, 0x2C]);
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn to_bytes(&self) -> EncodedHeader {
        PackedHeader::new(self).encoded()
    }

    /// Appends the header without checks, and then the payload. It never fails.
    ///
    /// If the header has a key, the payload is masked while it is copied. `payload` may also be
    /// only the beginning of the frame's payload.
    /// [`FrameEncoder::encode_to_vec`](crate::FrameEncoder::encode_to_vec) refuses frames that no
    /// peer may accept.
    ///
    /// ```
    /// use wsframe::{FrameHeader, Opcode};
    ///
    /// let (mut out, payload) = (Vec::new(), b"Hello");
    /// FrameHeader::new(Opcode::Text, payload.len() as u64).append_to_vec(payload, &mut out);
    /// assert_eq!(out, b"\x81\x05Hello");
    /// ```
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn append_to_vec(&self, payload: &[u8], out: &mut Vec<u8>) {
        PackedHeader::new(self).append_with(&self.mask(), payload, out);
    }

    /// Appends the header without checks, and then the payload, to a `BytesMut`. It never fails.
    ///
    /// Same as [`append_to_vec`](Self::append_to_vec), but for another buffer.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{FrameHeader, Opcode};
    ///
    /// let (mut out, payload) = (BytesMut::new(), b"Hello");
    /// FrameHeader::new(Opcode::Text, payload.len() as u64).append_to_bytes_mut(payload, &mut out);
    /// assert_eq!(&out[..], b"\x81\x05Hello");
    /// ```
    #[cfg(feature = "bytes")]
    #[inline]
    pub fn append_to_bytes_mut(&self, payload: &[u8], out: &mut BytesMut) {
        PackedHeader::new(self).append_with(&self.mask(), payload, out);
    }

    /// Same as [`encode`](Self::encode), but the header stays in registers.
    #[inline(always)]
    pub(crate) fn pack(&self) -> Result<PackedHeader, EncodeError> {
        let Self { fin, opcode, payload_len, .. } = *self;
        // One comparison for continuation, text and binary frames.
        let is_control = opcode.bits() > Opcode::Binary.bits();
        if is_control && !is_valid_control(opcode, fin, payload_len) {
            return Err(control_error(opcode, fin, payload_len));
        }
        if payload_len > i64::MAX as u64 {
            return Err(EncodeError::LengthOverflow(payload_len));
        }
        Ok(PackedHeader::new(self))
    }

    /// Encodes the header at the end of `headroom`, directly before a payload.
    ///
    /// Returns the index in `headroom` at which the frame begins.
    ///
    /// # Errors
    ///
    /// Same as [`encode`](Self::encode), for a header that no peer may accept. Nothing is written
    /// then.
    ///
    /// ```
    /// use wsframe::{FrameHeader, MAX_HEADER_LEN, Opcode};
    ///
    /// let mut buf = *b"..............Hello";
    /// let (headroom, payload) = buf.split_first_chunk_mut::<MAX_HEADER_LEN>().unwrap();
    /// let start = FrameHeader::new(Opcode::Text, payload.len() as u64).encode_into_headroom(headroom)?;
    /// assert_eq!(&buf[start..], b"\x81\x05Hello");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    #[inline(always)]
    pub fn encode_into_headroom(
        &self,
        headroom: &mut [u8; MAX_HEADER_LEN],
    ) -> Result<usize, EncodeError> {
        Ok(self.pack()?.write_before(headroom))
    }

    /// Returns the mask at the first byte of the payload.
    #[must_use]
    #[inline(always)]
    pub const fn mask(&self) -> Mask {
        match self.masking_key {
            Some(key) => Mask::new(key),
            None => Mask::IDENTITY,
        }
    }
}

/// Returns whether a control frame may be sent.
#[inline(always)]
const fn is_valid_control(opcode: Opcode, fin: bool, payload_len: u64) -> bool {
    let truncated = payload_len == 1 && matches!(opcode, Opcode::Close);
    !opcode.is_reserved() && fin && payload_len <= MAX_CONTROL_PAYLOAD_LEN as u64 && !truncated
}

/// Returns the error of a frame that is not a [valid control frame](is_valid_control). It is apart
/// from the check, so that a valid frame needs no call.
#[cold]
const fn control_error(opcode: Opcode, fin: bool, payload_len: u64) -> EncodeError {
    if opcode.is_reserved() {
        EncodeError::ReservedOpcode(opcode.bits())
    } else if payload_len > MAX_CONTROL_PAYLOAD_LEN as u64 {
        EncodeError::ControlTooLong(payload_len)
    } else if !fin {
        EncodeError::FragmentedControl(opcode)
    } else {
        EncodeError::TruncatedCloseCode
    }
}

/// Returns the payload length and where its bytes end, if they have arrived.
#[inline(always)]
fn parse_len(bytes: &[u8]) -> Option<(u64, usize)> {
    match bytes.get(1)? & LEN {
        LEN_16 => Some((u64::from(u16::from_be_bytes(array_at(bytes, 2)?)), 4)),
        LEN_64 => Some((u64::from_be_bytes(array_at(bytes, 2)?), 10)),
        len => Some((u64::from(len), 2)),
    }
}

/// Returns how many bytes follow the second byte for the length.
#[inline(always)]
const fn len_bytes(second: u8) -> usize {
    match second & LEN {
        LEN_16 => 2,
        LEN_64 => 8,
        _ => 0,
    }
}

/// Returns the `N` bytes at `at`, if they have arrived.
#[inline(always)]
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.first_chunk().copied()
}
