//! The oracle, which follows RFC 6455 literally.

use wsframe::arch::BROKEN;
use wsframe::{FrameHeader, MaskingKey, Opcode, ProtocolError, Role, Rsv, Rules};

/// The settings of [`Rules`], with a field for each.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    pub role: Role,
    pub claimed: u8,
    pub allow_rsv_on_all_frames: bool,
    pub accept_any_masking: bool,
    pub accept_non_minimal_lengths: bool,
    pub accept_reserved_opcodes: bool,
    pub accept_fragmented_control: bool,
    pub accept_long_control: bool,
}

impl Choices {
    pub fn strict(role: Role) -> Self {
        Self {
            role,
            claimed: 0,
            allow_rsv_on_all_frames: false,
            accept_any_masking: false,
            accept_non_minimal_lengths: false,
            accept_reserved_opcodes: false,
            accept_fragmented_control: false,
            accept_long_control: false,
        }
    }

    /// The number of combinations in [`all`](Self::all).
    pub const COUNT: usize = 256;

    /// Returns every combination of the settings for messages, for both roles. Then returns every
    /// combination of the settings for frames, with some of the others.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_messages = (0..128u8).map(|bits| Self {
            claimed: bits & 0x70,
            allow_rsv_on_all_frames: bits & 2 != 0,
            accept_any_masking: bits & 4 != 0,
            accept_non_minimal_lengths: bits & 8 != 0,
            ..Self::strict(if bits & 1 != 0 { Role::Server } else { Role::Client })
        });
        let of_frames = (0..128u8).map(|bits| Self {
            claimed: bits & 0x40,
            allow_rsv_on_all_frames: bits & 2 != 0,
            accept_any_masking: bits & 4 != 0,
            accept_non_minimal_lengths: bits & 4 != 0,
            accept_reserved_opcodes: bits & 8 != 0,
            accept_fragmented_control: bits & 16 != 0,
            accept_long_control: bits & 32 != 0,
            ..Self::strict(if bits & 1 != 0 { Role::Server } else { Role::Client })
        });
        of_messages.chain(of_frames)
    }

    /// Returns the choices without those that a message decoder does not support.
    pub fn of_messages(self) -> Self {
        Self {
            accept_reserved_opcodes: false,
            accept_fragmented_control: false,
            accept_long_control: false,
            ..self
        }
    }

    pub fn rules(self) -> Rules {
        let mut rules = Rules::new(self.role).allow_rsv(Rsv::from_bits(self.claimed));
        if self.allow_rsv_on_all_frames {
            rules = rules.allow_rsv_on_all_frames();
        }
        if self.accept_any_masking {
            rules = rules.accept_unmasked().accept_masked();
        }
        if self.accept_non_minimal_lengths {
            rules = rules.accept_non_minimal_lengths();
        }
        if self.accept_reserved_opcodes {
            rules = rules.accept_reserved_opcodes();
        }
        if self.accept_fragmented_control {
            rules = rules.accept_fragmented_control();
        }
        if self.accept_long_control {
            rules = rules.accept_long_control();
        }
        rules
    }
}

/// Decodes a header. Returns its fields and its length, `None` while bytes are missing.
pub fn header(
    bytes: &[u8],
    choices: Choices,
) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let bit = |byte: usize, bit_from_left: u8| bytes[byte] >> (7 - bit_from_left) & 1 == 1;

    let opcode = Opcode::from_bits(bytes[0] % 16);
    let control = bytes[0] % 16 >= 8;
    let begins = [Opcode::Text, Opcode::Binary].contains(&opcode);
    if matches!(bytes[0] % 16, 3..=7 | 11..=15) && !choices.accept_reserved_opcodes {
        return Err(ProtocolError::ReservedOpcode(bytes[0] % 16));
    }

    let mut unclaimed = 0;
    for (position, value) in [(1, 64), (2, 32), (3, 16)] {
        let claimed = choices.claimed & value != 0 && (begins || choices.allow_rsv_on_all_frames);
        if bit(0, position) && !claimed {
            unclaimed += value;
        }
    }
    if unclaimed != 0 {
        return Err(ProtocolError::UnexpectedRsv(Rsv::from_bits(unclaimed)));
    }
    if control && !bit(0, 0) && !choices.accept_fragmented_control {
        return Err(ProtocolError::FragmentedControl(opcode));
    }

    if bytes.len() < 2 {
        return Ok(None);
    }
    match (choices.role, bit(1, 0)) {
        (Role::Server, false) if !choices.accept_any_masking => {
            return Err(ProtocolError::UnmaskedByClient);
        }
        (Role::Client, true) if !choices.accept_any_masking => {
            return Err(ProtocolError::MaskedByServer);
        }
        _ => {}
    }
    let short = bytes[1] % 128;
    let len_bytes = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let whole = bytes.len() >= 2 + len_bytes;
    let mut payload_len = if len_bytes == 0 { u64::from(short) } else { 0 };
    for &byte in bytes.iter().skip(2).take(len_bytes) {
        payload_len = payload_len.wrapping_mul(256) + u64::from(byte);
    }
    if control && short > 125 && !choices.accept_long_control {
        return Err(ProtocolError::ControlTooLong(short.into()));
    }
    if !whole {
        return Ok(None);
    }
    if len_bytes == 8 && bit(2, 0) {
        return Err(ProtocolError::LengthOverflow(payload_len));
    }
    let shortest = if payload_len < 126 {
        0
    } else if payload_len < 65536 {
        2
    } else {
        8
    };
    if len_bytes != shortest && !choices.accept_non_minimal_lengths {
        return Err(ProtocolError::NonMinimalLength(payload_len));
    }

    let mut len = 2 + len_bytes;
    let mut masking_key = None;
    if bit(1, 0) {
        if bytes.len() < len + 4 {
            return Ok(None);
        }
        masking_key =
            Some(MaskingKey::new([bytes[len], bytes[len + 1], bytes[len + 2], bytes[len + 3]]));
        len += 4;
    }
    let rsv = Rsv::from_bits(bytes[0]);
    Ok(Some((FrameHeader { fin: bit(0, 0), rsv, opcode, masking_key, payload_len }, len)))
}

/// Masks bytes that begin at offset `phase` of the payload.
pub fn mask(bytes: &mut [u8], key: [u8; 4], phase: usize) {
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[(phase + i) % 4];
    }
}

/// Returns the index of the first byte that no valid text could contain there. `core` distinguishes
/// incomplete from invalid text, so the shortest invalid prefix ends with that byte.
pub fn first_bad_byte(text: &[u8]) -> Option<usize> {
    let start = match core::str::from_utf8(text) {
        Ok(_) => return None,
        Err(error) => error.valid_up_to(),
    };
    (start..text.len()).find(|&i| {
        core::str::from_utf8(&text[start..=i]).is_err_and(|error| error.error_len().is_some())
    })
}

/// Returns whether the text ends inside a character that is valid so far.
pub fn is_incomplete(text: &[u8]) -> bool {
    core::str::from_utf8(text).is_err_and(|error| error.error_len().is_none())
}

/// Returns the state of the kernels after a text, by definition: the bytes of the open character,
/// the first one in the lowest byte.
pub fn utf8_state(text: &[u8]) -> u32 {
    if first_bad_byte(text).is_some() {
        return BROKEN;
    }
    let valid = match core::str::from_utf8(text) {
        Ok(_) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    text[valid..].iter().rev().fold(0, |open, &byte| open << 8 | u32::from(byte))
}

/// A frame with its payload unmasked.
pub type Frame = (FrameHeader, Vec<u8>);

/// Returns all complete frames of a stream from a peer, and the error that ends it, if any.
pub fn frames(
    mut stream: &[u8],
    choices: Choices,
    max_frame_size: u64,
) -> (Vec<Frame>, Option<ProtocolError>) {
    let mut frames = Vec::new();
    loop {
        let (header, len) = match header(stream, choices) {
            Ok(Some(found)) => found,
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        };
        if header.payload_len > max_frame_size {
            return (frames, Some(ProtocolError::FrameTooLong(header.payload_len)));
        }
        let rest = &stream[len..];
        if (rest.len() as u64) < header.payload_len {
            return (frames, None);
        }
        let (payload, behind) = rest.split_at(header.payload_len as usize);
        let mut payload = payload.to_vec();
        if let Some(key) = header.masking_key {
            mask(&mut payload, key.to_bytes(), 0);
        }
        frames.push((header, payload));
        stream = behind;
    }
}

/// Writes a frame with a masked payload. Its length takes `len_bytes` further bytes (0, 2 or 8).
pub fn encode(header: &FrameHeader, payload: &[u8], len_bytes: usize, out: &mut Vec<u8>) {
    out.push(u8::from(header.fin) * 128 + header.rsv.bits() + header.opcode as u8);
    let masked = u8::from(header.masking_key.is_some()) * 128;
    let len = payload.len();
    match len_bytes {
        0 => out.push(masked + len as u8),
        2 => out.extend([masked + 126, (len / 256) as u8, (len % 256) as u8]),
        _ => {
            out.push(masked + 127);
            out.extend((0..8).rev().map(|i| (len as u64 / 256u64.pow(i) % 256) as u8));
        }
    }
    let start = out.len() + if header.masking_key.is_some() { 4 } else { 0 };
    out.extend(header.masking_key.iter().flat_map(|key| key.to_bytes()));
    out.extend(payload);
    if let Some(key) = header.masking_key {
        mask(&mut out[start..], key.to_bytes(), 0);
    }
}

/// Returns the shortest form of a length: 0, 2 or 8 bytes after the first two.
pub fn shortest_form(len: usize) -> usize {
    if len < 126 {
        0
    } else if len < 65536 {
        2
    } else {
        8
    }
}

/// An item of a stream of messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    /// The opcode and the RSV bits of the first frame, and the payload.
    Raw(Opcode, Rsv, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

/// The result of decoding a stream of messages.
#[derive(Debug, Default, PartialEq)]
pub struct Messages {
    pub items: Vec<Item>,
    /// The payload of the open message so far, up to the error if that is in it.
    pub open: Vec<u8>,
    /// The error. Offsets in text count from the beginning of the message.
    pub error: Option<Broken>,
}

/// The error that ended a stream of messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Broken {
    Rule(ProtocolError),
    /// Text that is invalid at this byte of its message.
    Text(usize),
    /// Text that ends inside a character, after this many bytes.
    TextEnd(usize),
}

impl Broken {
    /// Converts an error in a chunk after the first `before` bytes of its message.
    pub fn after(before: usize, error: ProtocolError) -> Self {
        match error {
            ProtocolError::InvalidUtf8(at) if at.is_incomplete() => {
                Self::TextEnd(before + at.offset())
            }
            ProtocolError::InvalidUtf8(at) => Self::Text(before + at.offset()),
            other => Self::Rule(other),
        }
    }
}

/// The limits of a message decoder.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub frame: u64,
    pub message: u64,
    pub fragments: u64,
    /// RSV bits of messages that have no limit on their length.
    pub exempt: u8,
}

/// Decodes all messages of a stream from a peer.
pub fn messages(mut stream: &[u8], choices: Choices, limits: Limits, validate: bool) -> Messages {
    let choices = choices.of_messages();
    let mut found = Messages::default();
    // The first header of the open message, and the bytes and frames that its headers declared.
    let mut open: Option<FrameHeader> = None;
    let (mut declared, mut fragments) = (0u64, 0u64);
    loop {
        let broken = |error| Some(Broken::Rule(error));
        match stream.first().map(|first| first % 16) {
            None => return found,
            Some(0) if open.is_none() => {
                found.error = broken(ProtocolError::UnexpectedContinuation);
                return found;
            }
            Some(opcode @ (1 | 2)) if open.is_some() => {
                let error = ProtocolError::ExpectedContinuation(Opcode::from_bits(opcode));
                found.error = broken(error);
                return found;
            }
            _ => {}
        }
        let (header, len) = match header(stream, choices) {
            Ok(Some(decoded)) => decoded,
            Ok(None) => return found,
            Err(error) => {
                found.error = broken(error);
                return found;
            }
        };
        if header.payload_len > limits.frame {
            found.error = broken(ProtocolError::FrameTooLong(header.payload_len));
            return found;
        }
        let rest = &stream[len..];
        let whole = rest.len() as u64 >= header.payload_len;
        // This compares 64 bits, because a declared length may exceed a `usize`.
        let arrived = header.payload_len.min(rest.len() as u64) as usize;
        let mut payload = rest[..arrived].to_vec();
        if let Some(key) = header.masking_key {
            mask(&mut payload, key.to_bytes(), 0);
        }

        if matches!(header.opcode, Opcode::Ping | Opcode::Pong | Opcode::Close) {
            if !whole {
                return found;
            }
            found.items.push(match header.opcode {
                Opcode::Ping => Item::Ping(payload.clone()),
                Opcode::Pong => Item::Pong(payload.clone()),
                _ => match close(&payload) {
                    Ok(body) => Item::Close(body),
                    Err(error) => {
                        // The driver, too, adds the length of the earlier chunks.
                        let error = match error {
                            Broken::Text(at) => Broken::Text(found.open.len() + at),
                            Broken::TextEnd(at) => Broken::TextEnd(found.open.len() + at),
                            other => other,
                        };
                        found.error = Some(error);
                        return found;
                    }
                },
            });
            if header.opcode == Opcode::Close {
                return found;
            }
        } else {
            let first = *open.get_or_insert(header);
            declared += header.payload_len;
            fragments += 1;
            if declared > limits.message && first.rsv.bits() & limits.exempt == 0 {
                found.error = broken(ProtocolError::MessageTooLong(declared));
                return found;
            }
            let fragmented = !first.fin;
            if fragmented && fragments > limits.fragments {
                found.error = broken(ProtocolError::TooManyFragments(limits.fragments as u32));
                return found;
            }
            found.open.extend(&payload);
            let text = first.opcode == Opcode::Text && first.rsv.is_empty() && validate;
            if let Some(bad) = text.then(|| first_bad_byte(&found.open)).flatten() {
                found.error = Some(Broken::Text(bad));
                return found;
            }
            if !whole {
                return found;
            }
            if header.fin {
                if text && is_incomplete(&found.open) {
                    found.error = Some(Broken::TextEnd(found.open.len()));
                    return found;
                }
                let bytes = std::mem::take(&mut found.open);
                found.items.push(match first.opcode {
                    _ if !first.rsv.is_empty() => Item::Raw(first.opcode, first.rsv, bytes),
                    Opcode::Text if !validate => Item::Raw(Opcode::Text, Rsv::NONE, bytes),
                    Opcode::Text => Item::Text(bytes),
                    _ => Item::Binary(bytes),
                });
                (open, declared, fragments) = (None, 0, 0);
            }
        }
        stream = &rest[payload.len()..];
    }
}

/// Decodes the body of a Close frame.
fn close(body: &[u8]) -> Result<Option<(u16, String)>, Broken> {
    let (code, reason) = match body {
        [] => return Ok(None),
        [_] => return Err(Broken::Rule(ProtocolError::TruncatedCloseCode)),
        [high, low, reason @ ..] => (u16::from(*high) * 256 + u16::from(*low), reason),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Broken::Rule(ProtocolError::InvalidCloseCode(code)));
    }
    if let Some(bad) = first_bad_byte(reason) {
        return Err(Broken::Text(bad));
    }
    match String::from_utf8(reason.to_vec()) {
        Ok(reason) => Ok(Some((code, reason))),
        Err(_) => Err(Broken::TextEnd(reason.len())),
    }
}
