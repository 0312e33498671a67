//! The saved inputs of the fuzz targets, run as plain tests on every machine, without a fuzzer.

use crate::support::targets;

use std::fs;
use std::path::Path;

/// Returns the inputs of this target (`fuzz/inputs.py`).
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let file = fs::read_to_string(fuzz().join("inputs").join(target))
        .expect("the file is in the repository");
    let byte = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).expect("hexadecimal digits");
        u8::from_str_radix(digits, 16).expect("hexadecimal digits")
    };
    file.lines().map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

/// A test per target, which runs each of its inputs.
macro_rules! seeds_of {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                let inputs = inputs(stringify!($target));
                inputs.iter().for_each(|input| targets::$target(input));
                println!("{} inputs", inputs.len());
                assert!(inputs.len() >= 50, "{} inputs", inputs.len());
            }
        )*
    };
}

seeds_of!(header mask utf8 frames round_trip messages relay conversation differential);
seeds_of!(handshake_extensions);
#[cfg(feature = "handshake")]
seeds_of!(handshake_request handshake_response handshake_uri);
#[cfg(feature = "deflate")]
seeds_of!(deflate_negotiation deflate_connection deflate_inflate deflate_round_trip);

fn fuzz() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz"))
}

/// The inputs of every target run here. Without this test, a missing target would not be noticed.
#[test]
fn every_fuzz_target_is_listed() {
    let here = include_str!("seeds.rs");
    let listed: Vec<&str> = here
        .lines()
        .filter_map(|line| line.strip_prefix("seeds_of!(")?.strip_suffix(");"))
        .flat_map(str::split_whitespace)
        .collect();
    let mut count = 0;
    for entry in fs::read_dir(fuzz().join("fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        let target = path.file_stem().unwrap().to_str().unwrap();
        assert!(listed.contains(&target), "{target} is not in tests/it/seeds.rs");
        let says = format!("wsframe_fuzz::targets::{target}(input)");
        assert!(fs::read_to_string(&path).unwrap().contains(&says), "{target} fuzzes another");
        count += 1;
    }
    assert_eq!(count, listed.len());
}
