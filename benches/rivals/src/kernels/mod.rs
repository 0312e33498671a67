//! Kernels: the loops that touch every byte of a payload.
//!
//! wsframe has a column for its public functions, and one for each backend that this machine can
//! run. Peers have columns for their public functions.

mod chunks;
mod frames;
mod header;
mod mask;
mod mask_copy;
mod memory;
mod unmask_text;
mod utf8;
mod vector_loop;

use crate::payload::{Kind, Size};
use crate::table::{Case, Plan, Table};
use frames::{Frames, Layout};
pub use mask::TITLE as MASKING;
pub use utf8::TITLE as VALIDATING;

const SIZES: [Size; 12] = [
    Size::Fixed(16),
    Size::Fixed(64),
    Size::Fixed(125),
    Size::Fixed(256),
    Size::Fixed(1 << 10),
    Size::Fixed(4 << 10),
    Size::Fixed(16 << 10),
    Size::Fixed(64 << 10),
    Size::Fixed(1 << 20),
    Size::Fixed(16 << 20),
    Size::Random(0, 125),
    Size::Random(10, 200),
];

const TEXTS: [Kind; 6] =
    [Kind::Json, Kind::Names, Kind::Korean, Kind::Chinese, Kind::Russian, Kind::Emoji];

pub fn measure(plan: &Plan) -> Vec<Table> {
    vec![
        mask::measure(plan),
        mask_copy::measure(plan),
        utf8::measure(plan),
        chunks::measure(plan),
        unmask_text::measure(plan),
        header::measure(plan),
    ]
}

/// Returns a row for every kind and size of text.
fn texts(work: fn(Kind, Size) -> Frames) -> impl Iterator<Item = Case<Frames>> {
    TEXTS.into_iter().flat_map(move |kind| {
        SIZES.map(|size| Case {
            group: kind.name().to_owned(),
            size,
            work: Box::new(move || work(kind, size)),
        })
    })
}

/// Returns a row for every size of binary payloads, aligned to cache lines and as on the wire.
fn layouts(work: fn(Layout, Size) -> Frames) -> impl Iterator<Item = Case<Frames>> {
    [Layout::Wire, Layout::Aligned].into_iter().flat_map(move |layout| {
        SIZES.map(|size| Case {
            group: layout.name().to_owned(),
            size,
            work: Box::new(move || work(layout, size)),
        })
    })
}
