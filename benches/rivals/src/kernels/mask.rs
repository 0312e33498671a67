use fastwebsockets::unmask;
use sockudo_ws::simd::apply_mask as sockudo;
use wsframe::{Mask, arch};
use yawc::mask::apply_mask as yawc;

use super::frames::Frames;
use super::{layouts, vector_loop};
use crate::measure::{Rival, Role};
use crate::payload::Kind;
use crate::table::{Plan, Table, Unit};

pub const TITLE: &str = "masking in place";

const NOTES: &[&str] = &[
    "vector loop: reads, changes and writes the same bytes, a block after the other.",
    "tungstenite's masking is not public; it is the loop of fastwebsockets' unmask.",
    "tokio-websockets' and web-socket's masking is not public: see the whole streams.",
];

pub fn measure(plan: &Plan) -> Table {
    let mut rivals = vec![rival("wsframe", Role::Ours, |bytes, key| {
        Mask::new(key.into()).apply(bytes);
    })];
    for backend in arch::available() {
        rivals.push(rival(backend.name, Role::Backend, |bytes, key| {
            backend.mask(bytes, u32::from_ne_bytes(key));
        }));
    }
    rivals.extend([
        rival("fastwebsockets", Role::Peer, unmask),
        rival("sockudo-ws", Role::Peer, sockudo),
        rival("yawc", Role::Peer, yawc),
        rival("vector loop", Role::Limit, vector_loop::change),
    ]);
    let cases = layouts(|layout, size| Frames::masked(Kind::Binary, size, layout));
    Table::measure(TITLE, Unit::Payload, &rivals, cases, NOTES, plan)
}

fn rival(name: &str, role: Role, kernel: impl Fn(&mut [u8], [u8; 4]) + 'static) -> Rival<Frames> {
    Rival::new(name, role, move |frames: &mut Frames| frames.each(&kernel))
}
