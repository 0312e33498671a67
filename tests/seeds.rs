//! The fuzz targets' seeds, run as plain tests: what the fuzzers begin with holds on every machine,
//! without a fuzzer.

#[cfg(feature = "deflate")]
#[path = "support/deflate.rs"]
mod deflate;
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

#[cfg(feature = "deflate")]
mod deflate_seeds {
    use super::{deflate, each_seed, lengths};
    use wsframe::NO_LIMIT;
    use wsframe::deflate::{Effort, Parameters};

    #[test]
    fn negotiation() {
        each_seed("deflate_negotiation", 4, |settings, line| {
            let contexts: Vec<_> = settings.iter().map(|&byte| deflate::context(byte)).collect();
            let wanted = Parameters { server: contexts[0], client: contexts[1] };
            let fallback = Parameters { server: contexts[2], client: contexts[3] };
            deflate::negotiation(wanted, fallback, line);
        });
    }

    #[test]
    fn inflate() {
        each_seed("deflate_inflate", 7, |settings, bytes| {
            let limit = if settings[1] == 255 { NO_LIMIT } else { u32::from(settings[1]) * 2 };
            let (cuts, buffers) = (lengths(&settings[2..4]), lengths(&settings[4..6]));
            let (first, second) = bytes.split_at(usize::from(settings[6]).min(bytes.len()));
            deflate::any_payloads(settings[0] & 1 == 1, limit, &[first, second], &cuts, &buffers);
        });
    }

    #[test]
    fn round_trip() {
        each_seed("deflate_round_trip", 8, |settings, bytes| {
            let effort = Effort::DEFAULT.level(settings[1] % 10).memory(settings[2] % 10);
            let (cuts, buffers) = (lengths(&settings[3..5]), lengths(&settings[5..7]));
            let (first, second) = bytes.split_at(usize::from(settings[7]).min(bytes.len()));
            let context = deflate::context(settings[0]);
            deflate::round_trip(context, effort, &[first, second, second], &cuts, &buffers);
        });
    }
}
