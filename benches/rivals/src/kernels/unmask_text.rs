use wsframe::{Mask, Utf8Validator, arch};

use super::frames::Frames;
use super::texts;
use crate::measure::{Rival, Role};
use crate::table::{Plan, Table, Unit};

const NOTES: &[&str] = &[
    "wsframe does it in one pass. mask + simdutf8: wsframe's masking, then simdutf8 basic. The peers: \
     their masking, then simdutf8 basic.",
    "mask alone: wsframe's masking, and no validation.",
];

pub fn measure(plan: &Plan) -> Table {
    let mut rivals = vec![rival("wsframe", Role::Ours, |bytes, key| {
        let mut text = Utf8Validator::new();
        text.unmask_and_validate(bytes, &mut Mask::new(key.into())).is_ok() && text.finish().is_ok()
    })];
    for backend in arch::available() {
        rivals.push(rival(backend.name, Role::Backend, |bytes, key| {
            backend.unmask_validate(bytes, u32::from_ne_bytes(key), 0) == 0
        }));
    }
    rivals.extend([
        rival("mask + simdutf8", Role::Peer, then_simdutf8(mask)),
        rival("fastwebsockets", Role::Peer, then_simdutf8(fastwebsockets::unmask)),
        rival("sockudo-ws", Role::Peer, then_simdutf8(sockudo_ws::simd::apply_mask)),
        rival("yawc", Role::Peer, then_simdutf8(yawc::mask::apply_mask)),
        rival("mask alone", Role::Limit, |bytes, key| {
            mask(bytes, key);
            true
        }),
    ]);
    let cases = texts(Frames::masked_once);
    Table::measure("unmasking and validating", Unit::Payload, &rivals, cases, NOTES, plan)
}

fn rival(
    name: &str,
    role: Role,
    unmask: impl Fn(&mut [u8], [u8; 4]) -> bool + 'static,
) -> Rival<Frames> {
    Rival::new(name, role, move |frames: &mut Frames| {
        frames.each(|bytes, key| assert!(unmask(bytes, key), "UTF-8"));
    })
}

fn mask(bytes: &mut [u8], key: [u8; 4]) {
    Mask::new(key.into()).apply(bytes);
}

fn then_simdutf8(mask: impl Fn(&mut [u8], [u8; 4])) -> impl Fn(&mut [u8], [u8; 4]) -> bool {
    move |bytes, key| {
        mask(bytes, key);
        simdutf8::basic::from_utf8(bytes).is_ok()
    }
}
