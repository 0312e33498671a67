//! The fuzz targets' seeds, and what fuzzers have found from there, run as plain tests: what the fuzzers begin
//! with holds on every machine, without a fuzzer.

use crate::support::targets;

use std::fs;
use std::path::Path;

/// What is kept of what a fuzzer of this target has found (`fuzz/found.py`).
fn found(target: &str) -> Vec<Vec<u8>> {
    let file = fs::read_to_string(root().join("fuzz/found").join(target))
        .expect("it is in the repository");
    let byte = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).expect("hexadecimal digits");
        u8::from_str_radix(digits, 16).expect("hexadecimal digits")
    };
    file.lines().map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

/// A test a target: runs each of its inputs.
macro_rules! seeds_of {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                let seeds = format!("fuzz/seeds/{}", stringify!($target));
                let mut count = 0;
                for entry in fs::read_dir(root().join(seeds)).expect("they are in the repository") {
                    targets::$target(&fs::read(entry.unwrap().path()).unwrap());
                    count += 1;
                }
                let found = found(stringify!($target));
                found.iter().for_each(|input| targets::$target(input));
                println!("{count} seeds, {} found", found.len());
                assert!(count >= 30, "{count} seeds");
                assert!(!found.is_empty(), "none found");
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A target whose seeds are not run here would be missed by nobody.
#[test]
fn every_target_is_here() {
    let here = include_str!("seeds.rs");
    let listed: Vec<&str> = here
        .lines()
        .filter_map(|line| line.strip_prefix("seeds_of!(")?.strip_suffix(");"))
        .flat_map(str::split_whitespace)
        .collect();
    let mut count = 0;
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        let target = path.file_stem().unwrap().to_str().unwrap();
        assert!(listed.contains(&target), "{target} is not in tests/it/seeds.rs");
        let says = format!("wsframe_fuzz::targets::{target}(input)");
        assert!(fs::read_to_string(&path).unwrap().contains(&says), "{target} fuzzes another");
        count += 1;
    }
    assert_eq!(count, listed.len());
}
