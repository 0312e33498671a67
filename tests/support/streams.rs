//! Streams of frames, from the plain structures that property tests and fuzzers generate.

use super::naive::{self, Frame};
use wsframe::{FrameHeader, MaskingKey, Opcode, Role, Rsv};

/// The specification of a frame. Any values give a valid frame.
#[derive(Clone, Debug)]
pub struct Spec {
    pub opcode: u8,
    pub fin: bool,
    pub key: [u8; 4],
    pub payload: Vec<u8>,
}

impl Spec {
    /// Returns the frame that a peer may send to this receiver. It has these RSV bits if it may
    /// have any.
    pub fn frame(&self, receiver: Role, rsv: Rsv) -> Frame {
        let opcodes = [
            Opcode::Continuation,
            Opcode::Text,
            Opcode::Binary,
            Opcode::Close,
            Opcode::Ping,
            Opcode::Pong,
        ];
        let opcode = opcodes[usize::from(self.opcode) % opcodes.len()];
        let mut payload = self.payload.clone();
        if opcode.is_control() {
            payload.truncate(125);
        }
        // The body of a Close has a code of two bytes, or is empty (RFC 6455 §5.5.1).
        if opcode == Opcode::Close && payload.len() == 1 {
            payload.clear();
        }
        let header = FrameHeader {
            fin: self.fin || opcode.is_control(),
            rsv: if opcode.begins_message() { rsv } else { Rsv::NONE },
            opcode,
            masking_key: (receiver == Role::Server).then(|| MaskingKey::new(self.key)),
            payload_len: payload.len() as u64,
        };
        (header, payload)
    }
}

/// Returns the frames of these specifications, and their stream.
pub fn stream(specs: &[Spec], receiver: Role, rsv: Rsv) -> (Vec<Frame>, Vec<u8>) {
    let frames: Vec<Frame> = specs.iter().map(|spec| spec.frame(receiver, rsv)).collect();
    let mut stream = Vec::new();
    for (header, payload) in &frames {
        naive::encode(header, payload, naive::shortest_form(payload.len()), &mut stream);
    }
    (frames, stream)
}

/// Generates frames for an endpoint of this role. They are rarely invalid.
#[cfg(test)]
pub fn nearly_right(
    receiver: Role,
) -> impl proptest::strategy::Strategy<Value = Vec<Vec<u8>>> + Clone {
    use proptest::prelude::*;
    let payload = prop_oneof![
        4 => "[a-z\u{e9}\u{20ac}\u{1f980}]{0,12}".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..140),
        1 => Just(b"\x03\xE8bye".to_vec()),
        1 => Just(b"caf\xC3".to_vec()),
    ];
    let first_byte = prop::sample::select(vec![
        0x81u8, 0x82, 0x01, 0x01, 0x02, 0x00, 0x00, 0x80, 0x80, 0x89, 0x8A, 0x88, 0x41, 0xC1,
    ]);
    let longer = prop_oneof![19 => Just(false), 1 => Just(true)];
    let frame = (first_byte, any::<[u8; 4]>(), payload, longer).prop_map(
        move |(first, key, payload, longer)| {
            let header = FrameHeader {
                fin: first & 0x80 != 0,
                rsv: Rsv::from_bits(first),
                opcode: Opcode::from_bits(first),
                masking_key: (receiver == Role::Server).then(|| MaskingKey::new(key)),
                payload_len: payload.len() as u64,
            };
            let form = if longer { 8 } else { naive::shortest_form(payload.len()) };
            let mut out = Vec::new();
            naive::encode(&header, &payload, form, &mut out);
            out
        },
    );
    prop::collection::vec(frame, 0..12)
}

/// Generates a role, and frames for it that are [rarely invalid](nearly_right).
#[cfg(test)]
pub fn any_role() -> impl proptest::strategy::Strategy<Value = (Role, Vec<Vec<u8>>)> {
    use proptest::prelude::*;
    prop_oneof![
        nearly_right(Role::Server).prop_map(|frames| (Role::Server, frames)),
        nearly_right(Role::Client).prop_map(|frames| (Role::Client, frames)),
    ]
}
