//! Code of the tests and the fuzz targets: a naive oracle, and ways to drive the decoders.
//!
//! The oracle ([`naive`]) follows the RFC's text, bit by bit and byte by byte. Of the crate it uses
//! only plain types, so that it can disagree with the crate's code.

// No test program uses all of this.
#![allow(dead_code)]

pub mod checks;
#[cfg(feature = "deflate")]
pub mod compressed;
pub mod conversation;
#[cfg(feature = "deflate")]
pub mod deflate;
pub mod drive;
pub mod extensions;
#[cfg(feature = "handshake")]
pub mod handshake;
pub mod naive;
#[cfg(feature = "bytes")]
pub mod owned;
pub mod rival;
pub mod settings;
pub mod streams;
pub mod targets;

use std::sync::LazyLock;

use wsframe::arch::{self, Backend};

/// Returns lengths around all limits between kernels: powers of two and their neighbours.
pub fn boundary_lengths() -> impl Iterator<Item = usize> {
    let around = |n: usize| [n - 1, n, n + 1];
    [0usize].into_iter().chain((0..=13).flat_map(move |power| around(1 << power)))
}

/// Returns bytes whose period is not that of any kernel.
pub fn odd_bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// Returns the backends to test: all that the machine has, and that of builds without optimisation.
/// If `WSFRAME_BACKEND` names one, returns only that, for emulated machines, which are slow.
pub fn backends() -> impl Iterator<Item = &'static Backend> {
    static CHOSEN: LazyLock<Vec<&Backend>> = LazyLock::new(|| {
        let name = std::env::var("WSFRAME_BACKEND").ok();
        let is_meant = |backend: &&Backend| name.as_ref().is_none_or(|name| name == backend.name);
        let chosen: Vec<_> =
            arch::available().chain([&arch::plain::BACKEND]).filter(is_meant).collect();
        assert!(!chosen.is_empty(), "this machine has no backend {name:?}");
        chosen
    });
    CHOSEN.iter().copied()
}

/// Returns N if one in N cases must be tested, where there are very many. N is 1, or
/// `WSFRAME_ONE_IN` for emulated machines, which are slow.
pub fn one_in() -> usize {
    odd_variable("WSFRAME_ONE_IN", 1)
}

/// Returns a number that an environment variable may set. It must be odd, so that it shares no
/// period with the cases.
pub fn odd_variable(name: &str, default: usize) -> usize {
    let number = std::env::var(name).map_or(default, |number| number.parse().unwrap());
    assert!(number % 2 == 1, "{name} must be odd");
    number
}

/// A writer for this many bytes. Text that does not fit is refused completely.
#[derive(Debug)]
pub struct Room(pub usize);

impl std::fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

/// Returns the configuration of property tests. A case that fails is saved beside the tests, and
/// tried first from then on.
#[cfg(test)]
pub fn proptest_config() -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, FileFailurePersistence};
    let kept = FileFailurePersistence::WithSource("regressions");
    Config { failure_persistence: Some(Box::new(kept)), ..Config::default() }
}
