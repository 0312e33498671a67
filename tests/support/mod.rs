//! What the tests and the fuzz targets share: a naive oracle, and ways to drive the decoder.
//!
//! Nothing here is clever. The oracle ([`naive`]) is written from the RFC's text, bit by bit and
//! byte by byte, with none of the crate's code but its plain types, so that the two can disagree.

// Each test takes what it needs; nothing here is an API.
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

/// Lengths around every size at which a kernel changes its way: powers of two and their neighbours.
pub fn boundary_lengths() -> impl Iterator<Item = usize> {
    let around = |n: usize| [n - 1, n, n + 1];
    [0usize].into_iter().chain((0..=13).flat_map(move |power| around(1 << power)))
}

/// Bytes that repeat with no period that a kernel has.
pub fn odd_bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// The backends whose kernels are tested: all that the machine has, and what builds without
/// optimisation use, unless `WSFRAME_BACKEND` names one, for a machine that is slow because it is
/// emulated.
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

/// Of how many cases one is tested, where there are very many: all of them, unless `WSFRAME_ONE_IN`
/// says otherwise to the tests of the kernels, for a machine that is slow because it is emulated.
pub fn one_in() -> usize {
    odd_variable("WSFRAME_ONE_IN", 1)
}

/// A number that the environment may choose. Odd, so that it shares no period with what is counted.
pub fn odd_variable(name: &str, default: usize) -> usize {
    let number = std::env::var(name).map_or(default, |number| number.parse().unwrap());
    assert!(number % 2 == 1, "{name} must be odd");
    number
}

/// Somewhere to write so many bytes: what does not fit is refused whole.
#[derive(Debug)]
pub struct Room(pub usize);

impl std::fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

/// How property tests run: a case that fails is kept beside the tests, and tried first from then
/// on.
#[cfg(test)]
pub fn proptest_config() -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, FileFailurePersistence};
    let kept = FileFailurePersistence::WithSource("regressions");
    Config { failure_persistence: Some(Box::new(kept)), ..Config::default() }
}
