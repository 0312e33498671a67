//! The fuzz targets' seeds, run as plain tests: what the fuzzers begin with holds on every machine,
//! without a fuzzer.

#[cfg(feature = "deflate")]
#[path = "support/compressed.rs"]
mod compressed;
#[cfg(feature = "handshake")]
#[path = "support/handshake.rs"]
mod handshake;
mod support;

use std::fs;
use std::path::Path;

use support::settings::{choices, cuts, limit, limits};
use support::{checks, conversation, rival};

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

#[test]
fn header() {
    each_seed("header", 1, |settings, bytes| {
        checks::header(choices(settings[0]), bytes);
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
    each_seed("utf8", 3, |settings, text| checks::utf8(&cuts(settings), text));
}

#[test]
fn frames() {
    each_seed("frames", 5, |settings, stream| {
        checks::frames(choices(settings[0]), limit(settings[1]), &cuts(&settings[2..]), stream);
    });
}

#[test]
fn messages() {
    each_seed("messages", 8, |settings, stream| {
        let &[rules, frame, message, fragments, validate, ref reads @ ..] = settings else {
            unreachable!()
        };
        let limits = limits([frame, message, fragments]);
        checks::messages(choices(rules), limits, validate & 1 != 0, &cuts(reads), stream);
    });
}

#[test]
fn relay() {
    each_seed("relay", 8, |settings, stream| {
        let &[rules, frame, message, fragments, validate, ref reads @ ..] = settings else {
            unreachable!()
        };
        let limits = limits([frame, message, fragments]);
        checks::relay(choices(rules), limits, validate & 1 != 0, &cuts(reads), stream);
    });
}

#[test]
fn conversation() {
    each_seed("conversation", 1, |settings, script| {
        conversation::play(&conversation::script(script), settings[0].into());
    });
}

#[test]
fn differential() {
    each_seed("differential", 6, |settings, stream| {
        let (settings, reads) = settings.split_first_chunk().expect("six bytes");
        rival::compare(rival::Settings::of(*settings), &cuts(reads), stream);
    });
}

#[test]
fn handshake_extensions() {
    each_seed("handshake_extensions", 0, |_, line| support::extensions::check(line));
}

#[cfg(feature = "handshake")]
#[test]
fn handshakes() {
    each_seed("handshake_request", 3, |reads, received| handshake::request(received, &cuts(reads)));
    each_seed("handshake_response", 3, |reads, received| {
        handshake::response(received, &cuts(reads))
    });
    each_seed("handshake_uri", 0, |_, text| handshake::uri(std::str::from_utf8(text).unwrap()));
}

#[cfg(feature = "deflate")]
mod deflate_seeds {
    use super::compressed::{self, deflate};
    use super::{cuts, each_seed, limit};
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
    fn connection() {
        each_seed("deflate_connection", 6, |settings, bytes| {
            let (cuts, buffers) = (cuts(&settings[2..4]), cuts(&settings[4..6]));
            let context = deflate::context(settings[0]);
            compressed::any_bytes(context, limit(settings[1]), bytes, &cuts, &buffers);
        });
    }

    #[test]
    fn inflate() {
        each_seed("deflate_inflate", 7, |settings, bytes| {
            let limit = limit(settings[1]);
            let (cuts, buffers) = (cuts(&settings[2..4]), cuts(&settings[4..6]));
            let (first, second) = bytes.split_at(usize::from(settings[6]).min(bytes.len()));
            deflate::any_payloads(settings[0] & 1 == 1, limit, &[first, second], &cuts, &buffers);
        });
    }

    #[test]
    fn round_trip() {
        each_seed("deflate_round_trip", 8, |settings, bytes| {
            let effort = Effort::DEFAULT.level(settings[1] % 10).memory(settings[2] % 10);
            let (cuts, buffers) = (cuts(&settings[3..5]), cuts(&settings[5..7]));
            let (first, second) = bytes.split_at(usize::from(settings[7]).min(bytes.len()));
            let context = deflate::context(settings[0]);
            deflate::round_trip(context, effort, &[first, second, second], &cuts, &buffers);
        });
    }
}
