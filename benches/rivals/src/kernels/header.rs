use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader as TungsteniteHeader;
use wsframe::{FrameDecoder, FrameHeader, Mask, MaskingKey, Role as Side, Rules, arch};

use super::frames::Frames;
use crate::measure::{Rival, Role};
use crate::payload::{Kind, Size};
use crate::table::{Case, Plan, Table, Unit};

const NOTES: &[&str] = &[
    "frames: wsframe's FrameDecoder, in place of its FrameHeader.",
    "tungstenite: its FrameHeader::parse; then fastwebsockets' unmask, which is the same loop as its own.",
];

const SIZES: [Size; 4] =
    [Size::Fixed(16), Size::Fixed(125), Size::Random(0, 125), Size::Random(10, 200)];

pub fn measure(plan: &Plan) -> Table {
    let mut rivals = vec![
        rival("wsframe", Role::Ours, |stream| {
            unmask_all(stream, |payload, key| Mask::new(key).apply(payload));
        }),
        rival("frames", Role::Variant, |mut stream| {
            let mut decoder = FrameDecoder::new(Side::Server).max_frame_size(u32::MAX);
            while let Some(chunk) = decoder.decode(&mut stream).expect("right headers") {
                chunk.payload.unmask();
            }
        }),
    ];
    for backend in arch::available() {
        rivals.push(rival(backend.name, Role::Backend, |stream| {
            unmask_all(stream, |payload, key| {
                backend.mask(payload, u32::from_ne_bytes(key.to_bytes()));
            });
        }));
    }
    rivals.push(rival("tungstenite", Role::Peer, with_tungstenite));
    let cases = SIZES.map(|size| Case {
        group: Kind::Binary.name().to_owned(),
        size,
        work: Box::new(move || Frames::masked_once(Kind::Binary, size)),
    });
    Table::measure("decoding headers and unmasking", Unit::Message, &rivals, cases, NOTES, plan)
}

fn rival(name: &str, role: Role, run: impl Fn(&mut [u8]) + 'static) -> Rival<Frames> {
    Rival::new(name, role, move |frames: &mut Frames| run(&mut frames.bytes))
}

#[inline(always)]
fn unmask_all(mut stream: &mut [u8], mask: impl Fn(&mut [u8], MaskingKey)) {
    let rules = Rules::new(Side::Server);
    while let Some((header, len)) = FrameHeader::decode(stream, rules).expect("right headers") {
        let (payload, rest) = stream[len..].split_at_mut(header.payload_len as usize);
        mask(payload, header.masking_key.expect("masked"));
        stream = rest;
    }
}

fn with_tungstenite(mut stream: &mut [u8]) {
    let mut cursor = Cursor::new(&*stream);
    while let Some((header, len)) = TungsteniteHeader::parse(&mut cursor).expect("right headers") {
        let start = cursor.position() as usize;
        let (payload, rest) = stream[start..].split_at_mut(len as usize);
        fastwebsockets::unmask(payload, header.mask.expect("masked"));
        stream = rest;
        cursor = Cursor::new(&*stream);
    }
}
