//! The fuzz targets' seeds, run as plain tests: what the fuzzers begin with holds on every machine,
//! without a fuzzer.

#[cfg(feature = "handshake")]
#[path = "support/handshake.rs"]
mod handshake;
mod support;

use std::fs;
use std::path::Path;

use support::checks;
use support::naive::Choices;
use wsframe::NO_LIMIT;

/// Runs each seed of a target; a seed begins with `settings` bytes that choose how to run it.
fn each_seed(target: &str, settings: usize, mut check: impl FnMut(&[u8], &[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&directory).expect("the seeds are in the repository") {
        let seed = fs::read(entry.unwrap().path()).unwrap();
        let (settings, case) = seed.split_at(settings);
        check(settings, case);
        count += 1;
    }
    println!("{count} seeds of {target}");
    assert!(count >= 30, "{count} seeds of {target}");
}

fn lengths(bytes: &[u8]) -> Vec<usize> {
    bytes.iter().map(|&byte| usize::from(byte)).collect()
}

#[test]
fn header() {
    each_seed("header", 1, |settings, bytes| {
        checks::header(Choices::all().nth(settings[0].into()).unwrap(), bytes);
    });
}

#[test]
fn mask() {
    each_seed("mask", 6, |settings, bytes| {
        let key = [settings[0], settings[1], settings[2], settings[3]];
        checks::mask(key, u16::from_le_bytes([settings[4], settings[5]]).into(), bytes);
    });
}

#[test]
fn utf8() {
    each_seed("utf8", 3, |settings, text| checks::utf8(&lengths(settings), text));
}

#[test]
fn frames() {
    each_seed("frames", 5, |settings, stream| {
        let limit = if settings[1] == 255 { NO_LIMIT } else { u32::from(settings[1]) * 2 };
        let choices = Choices::all().nth(settings[0].into()).unwrap();
        checks::frames(choices, limit, &lengths(&settings[2..]), stream);
    });
}

#[test]
fn handshake_extensions() {
    each_seed("handshake_extensions", 0, |_, line| support::extensions::check(line));
}

#[cfg(feature = "handshake")]
#[test]
fn handshakes() {
    each_seed("handshake_request", 3, |reads, received| {
        handshake::request(received, &lengths(reads))
    });
    each_seed("handshake_response", 3, |reads, received| {
        handshake::response(received, &lengths(reads))
    });
    each_seed("handshake_uri", 0, |_, text| handshake::uri(std::str::from_utf8(text).unwrap()));
}
