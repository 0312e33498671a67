//! Prints a row of a table: the time of plain loops divided by that of wsframe, both built at this
//! optimisation level.
//!
//! Masking is compared with fastwebsockets' loop over words, and validation with
//! `core::str::from_utf8`, which the standard library ships compiled.

use std::hint::black_box;
use std::time::Instant;

use wsframe::{Utf8Validator, mask};

const SIZES: [usize; 4] = [16, 125, 1 << 10, 16 << 10];
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn main() {
    let level = std::env::args().nth(1).unwrap_or_default();
    let mut row = format!("| `{level}` |");
    for len in SIZES {
        let mut payload = vec![b'a'; len];
        let mut peer = payload.clone();
        row += &cell(
            || fastwebsockets::unmask(black_box(&mut peer), KEY),
            || mask::apply(black_box(&mut payload), KEY),
            len,
        );
    }
    for sample in [r#"{"symbol":"WSF","price":42.1875},"#, "웹소켓은 하나의 연결에서 "] {
        for len in SIZES {
            let text = text(sample, len);
            row += &cell(
                || assert!(core::str::from_utf8(black_box(text.as_bytes())).is_ok()),
                || assert!(Utf8Validator::new().validate(black_box(text.as_bytes())).is_ok()),
                len,
            );
        }
    }
    println!("{row}");
}

/// Repeats the sample. Returns as many whole characters as fit into `len` bytes.
fn text(sample: &str, len: usize) -> String {
    let mut text = sample.repeat(len / sample.len() + 1);
    let end = (0..=len).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or(0));
    text
}

/// Returns the quotient of the shortest times of 31 rounds, in which each runs once.
fn cell(mut peer: impl FnMut(), mut ours: impl FnMut(), len: usize) -> String {
    let runs = 1 + 200_000 / (len + 50);
    let (mut peer_best, mut our_best) = (f64::MAX, f64::MAX);
    for _ in 0..31 {
        peer_best = peer_best.min(time(&mut peer, runs));
        our_best = our_best.min(time(&mut ours, runs));
    }
    format!(" {:.2} |", peer_best / our_best)
}

fn time(run: &mut impl FnMut(), runs: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..runs {
        run();
    }
    start.elapsed().as_secs_f64()
}
