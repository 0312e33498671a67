//! Whole streams: bytes arrive in reads of 16 KiB, and the beginning and end of each message is
//! read.
//!
//! Each rival is used as its documentation shows, with its own buffers and defaults, without
//! limits, and with text validated. All return whole messages, except where a column says
//! otherwise.

mod fastwebsockets;
mod peer;
mod sockudo;
mod tokio_websockets;
mod totals;
mod tungstenite;
mod web_socket;
mod workload;
mod wsframe;
mod yawc;

use std::error::Error;

use crate::measure::{Rival, Role};
use crate::payload::{Kind, Size};
use crate::table::{Case, Plan, Table, Unit};
use peer::{Peer, READ};
use totals::{Pieces, Totals};
pub use workload::Side;
use workload::Workload;

/// Reads the whole stream. Returns the totals, or the error.
type Run = fn(&Workload) -> Result<Totals, Box<dyn Error>>;

const RIVALS: [(&str, Role, Run); 10] = [
    ("wsframe", Role::Ours, wsframe::run_connection),
    ("frames", Role::Variant, wsframe::run_frames),
    ("in chunks", Role::Variant, wsframe::run_in_chunks),
    ("as a call", Role::Variant, wsframe::run_called),
    ("tungstenite", Role::Peer, tungstenite::run),
    ("fastwebsockets", Role::Peer, fastwebsockets::run),
    ("tokio-websockets", Role::Peer, tokio_websockets::run),
    ("web-socket", Role::Peer, web_socket::run),
    ("sockudo-ws", Role::Peer, sockudo::run),
    ("yawc", Role::Peer, yawc::run),
];

const NOTES: &[&str] = &[
    "Everyone's messages are read at once: their first and last eight bytes, as words.",
    "wsframe: a Connection, which joins fragments, answers Pings and a Close, and holds to limits.",
    "frames: its FrameDecoder, of which nothing but frames come, each whole.",
    "in chunks: the same, but what has arrived of a frame is handed out.",
    "as a call: as frames, but the next comes from a function that is not inlined.",
    "web-socket hands out text as bytes; its caller validates them, with core::str.",
    "yawc validates text only if told to (it is), with core::str or, as here, with simdutf8.",
];

pub const TITLE: &str = "whole streams";

pub const KINDS: [Kind; 4] = [Kind::Binary, Kind::Json, Kind::Korean, Kind::Emoji];

const SIZES: [Size; 9] = [
    Size::Fixed(16),
    Size::Fixed(125),
    Size::Fixed(256),
    Size::Fixed(1 << 10),
    Size::Fixed(4 << 10),
    Size::Fixed(16 << 10),
    Size::Fixed(1 << 20),
    Size::Random(0, 125),
    Size::Random(10, 200),
];

pub fn measure(plan: &Plan) -> Table {
    all_validate();
    let rivals = RIVALS.map(|(name, role, run)| {
        Rival::new(name, role, move |workload: &mut Workload| {
            let totals = run(workload).expect("a right stream");
            assert_eq!(totals, workload.expected, "{name} got something else out of the stream");
        })
    });
    let cases = [Side::Server, Side::Client].into_iter().flat_map(|side| {
        KINDS.into_iter().flat_map(move |kind| SIZES.map(|size| case(side, kind, size)))
    });
    Table::measure(TITLE, Unit::Message, &rivals, cases, NOTES, plan)
}

/// Checks that all rivals validate text, which is a large part of the work.
fn all_validate() {
    for side in [Side::Server, Side::Client] {
        for len in [1, 15, 125, 1000, 100_000] {
            let broken = Workload::broken(len, side);
            for (name, _, run) in RIVALS {
                assert!(run(&broken).is_err(), "{name} took {len} bytes that are not UTF-8");
            }
        }
    }
}

fn case(side: Side, kind: Kind, size: Size) -> Case<Workload> {
    let work = Box::new(move || Workload::new(kind, size, side));
    Case { group: group(side, kind), size, work }
}

/// Returns the name of the rows of a side and a kind.
pub fn group(side: Side, kind: Kind) -> String {
    format!("{side:?}, {}", kind.name())
}
