//! Compressed messages: each is compressed and decompressed again, on one connection.
//!
//! All rivals use the same level, so that their outputs have similar lengths. wsframe also has a
//! column with its own default. The lengths are printed before the table.

mod engines;
mod messages;
mod sockudo;
mod wsframe;
mod yawc;

use crate::measure::{Rival, Role};
use crate::payload::Size;
use crate::table::{Case, Plan, Table, Unit};
use ::wsframe::deflate::CompressorOptions;
use messages::Messages;

pub const TITLE: &str = "compressing and decompressing";

const NOTES: &[&str] = &[
    "wsframe, sockudo-ws: payloads, by their compressors and decompressors.",
    "default, fastest: wsframe with the effort that it has by default, and at level 1.",
    "connections: from one of wsframe's connections to another, through memory.",
    "yawc: from one of its WebSockets to another, through memory, its compressors not being public.",
    "zlib-rs, miniz_oxide: the engines alone, with buffers that are large enough. wsframe, sockudo-ws and \
     yawc stand on zlib-rs.",
];

const SIZES: [Size; 3] = [Size::Fixed(100), Size::Fixed(1 << 10), Size::Fixed(64 << 10)];

/// The compression level of all rivals.
const LEVEL: u8 = 6;

pub fn measure(plan: &Plan) -> Table {
    let cases = [true, false].into_iter().flat_map(|takeover| {
        SIZES.map(|size| Case {
            group: if takeover { "takeover" } else { "no takeover" }.to_owned(),
            size,
            work: Box::new(move || Messages::new(size, takeover)),
        })
    });
    let cases: Vec<_> = cases.collect();
    println!("\ncompressed, in % of the message");
    for case in &cases {
        print!("{:<30}", format!("{}, {}", case.group, case.size));
        for rival in rivals() {
            let mut messages = (case.work)();
            rival.run_once(&mut messages);
            let share = 100.0 * messages.compressed as f64 / messages.len() as f64;
            print!("  {} {share:.1}", rival.name);
        }
        println!();
    }
    Table::measure(TITLE, Unit::Message, &rivals(), cases, NOTES, plan)
}

fn rivals() -> Vec<Rival<Messages>> {
    vec![
        rival("wsframe", Role::Ours, |takeover| {
            wsframe::payloads(takeover, CompressorOptions::DEFAULT.level(LEVEL))
        }),
        rival("default", Role::Variant, |takeover| {
            wsframe::payloads(takeover, CompressorOptions::DEFAULT)
        }),
        rival("fastest", Role::Variant, |takeover| {
            wsframe::payloads(takeover, CompressorOptions::DEFAULT.level(1))
        }),
        rival("connections", Role::Variant, wsframe::connections),
        rival("sockudo-ws", Role::Peer, sockudo::payloads),
        rival("yawc", Role::Peer, yawc::messages),
        rival("zlib-rs", Role::Variant, engines::zlib_rs),
        rival("miniz_oxide", Role::Variant, engines::miniz_oxide),
    ]
}

/// Returns a rival that creates a connection at its first run, and keeps it.
fn rival<F: FnMut(&mut Messages) + 'static>(
    name: &str,
    role: Role,
    connect: impl Fn(bool) -> F + 'static,
) -> Rival<Messages> {
    let connections = std::cell::RefCell::new([None, None]);
    Rival::new(name, role, move |messages: &mut Messages| {
        let takeover = messages.takeover;
        let mut connections = connections.borrow_mut();
        connections[usize::from(takeover)].get_or_insert_with(|| connect(takeover))(messages);
    })
}
