use std::str;

use wsframe::{Utf8Validator, arch};

use super::frames::Frames;
use super::texts;
use crate::measure::{Rival, Role};
use crate::payload::Kind;
use crate::table::{Plan, Table, Unit};

pub const TITLE: &str = "validating UTF-8";

const NOTES: &[&str] = &[
    "sockudo-ws, tokio-websockets, fastwebsockets and yawc call simdutf8, tungstenite core::str.",
];

pub fn measure(plan: &Plan) -> Table {
    let mut rivals = vec![rival("wsframe", Role::Ours, |text| {
        let mut validator = Utf8Validator::new();
        validator.validate(text).is_ok() && validator.finish().is_ok()
    })];
    for backend in arch::available() {
        rivals.push(rival(backend.name, Role::Backend, |text| backend.validate(text, 0) == 0));
    }
    rivals.extend([
        rival("simdutf8 basic", Role::Peer, |text| simdutf8::basic::from_utf8(text).is_ok()),
        rival("simdutf8 compat", Role::Peer, |text| simdutf8::compat::from_utf8(text).is_ok()),
        rival("core::str", Role::Peer, |text| str::from_utf8(text).is_ok()),
    ]);
    let cases = texts(Frames::plain);
    Table::measure(TITLE, Unit::Payload, &rivals, cases, NOTES, plan)
}

fn rival(name: &str, role: Role, validate: impl Fn(&[u8]) -> bool + 'static) -> Rival<Frames> {
    refuses_others(name, &validate);
    Rival::new(name, role, move |frames: &mut Frames| {
        frames.each_plain(|text| assert!(validate(text), "UTF-8"));
    })
}

/// Checks that a validator rejects invalid text. One that accepts everything would be the fastest.
fn refuses_others(name: &str, validate: impl Fn(&[u8]) -> bool) {
    for len in 1..300 {
        for at in 0..len {
            let mut text = Kind::Names.payload(len, at);
            text[at] = 0xFF;
            assert!(!validate(&text), "{name} accepts {text:x?}");
        }
    }
}
