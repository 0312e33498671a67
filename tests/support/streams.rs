//! Streams of frames from plain structures: what property tests and fuzzers make up.

use super::naive::{self, Frame};
use wsframe::{FrameHeader, MaskingKey, Opcode, Role, Rsv};

/// A frame to be made: any values give one that is right.
#[derive(Clone, Debug)]
pub struct Spec {
    pub opcode: u8,
    pub fin: bool,
    pub key: [u8; 4],
    pub payload: Vec<u8>,
}

impl Spec {
    /// The frame as a peer of this role's receiver may send it, with these RSV bits where the frame may
    /// bear claimed ones.
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

/// The frames of these specs, and the stream that they make.
pub fn stream(specs: &[Spec], receiver: Role, rsv: Rsv) -> (Vec<Frame>, Vec<u8>) {
    let frames: Vec<Frame> = specs.iter().map(|spec| spec.frame(receiver, rsv)).collect();
    let mut stream = Vec::new();
    for (header, payload) in &frames {
        naive::encode(header, payload, naive::shortest_form(payload.len()), &mut stream);
    }
    (frames, stream)
}
