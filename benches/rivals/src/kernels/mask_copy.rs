use wsframe::{Mask, arch};

use super::frames::Frames;
use super::{layouts, vector_loop};
use crate::measure::{Rival, Role};
use crate::payload::Kind;
use crate::table::{Plan, Table, Unit};

const NOTES: &[&str] = &[
    "vector loop: reads the same bytes and writes them elsewhere, a block after the other.",
    "The peers copy first, then mask in place; yawc's masking while copying is not public.",
];

pub fn measure(plan: &Plan) -> Table {
    let mut rivals = vec![rival("wsframe", Role::Ours, |from, to, key| {
        Mask::new(key.into()).apply_into(from, to);
    })];
    for backend in arch::available() {
        rivals.push(rival(backend.name, Role::Backend, |from, to, key| {
            backend.mask_copy(from, to, u32::from_ne_bytes(key));
        }));
    }
    rivals.extend([
        rival("fastwebsockets", Role::Peer, copying(fastwebsockets::unmask)),
        rival("sockudo-ws", Role::Peer, copying(sockudo_ws::simd::apply_mask)),
        rival("yawc", Role::Peer, copying(yawc::mask::apply_mask)),
        rival("vector loop", Role::Limit, vector_loop::copy),
    ]);
    let cases = layouts(|layout, size| Frames::masked(Kind::Binary, size, layout));
    Table::measure("masking while copying", Unit::Payload, &rivals, cases, NOTES, plan)
}

fn rival(
    name: &str,
    role: Role,
    kernel: impl Fn(&[u8], &mut [u8], [u8; 4]) + 'static,
) -> Rival<Frames> {
    Rival::new(name, role, move |frames: &mut Frames| frames.each_copy(&kernel))
}

fn copying(mask: impl Fn(&mut [u8], [u8; 4])) -> impl Fn(&[u8], &mut [u8], [u8; 4]) {
    move |from, to, key| {
        to.copy_from_slice(from);
        mask(to, key);
    }
}
