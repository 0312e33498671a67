//! Comparable times: in every round, each rival runs once on the same bytes. The result is the
//! median of all rounds.
//!
//! On a shared machine, no single time can be trusted. But a slow round is slow for all rivals, so
//! the comparison is fair. The order is random in every round, so that no rival always runs after
//! the same other one.

use std::time::Instant;

use serde::Serialize;

use crate::payload::Random;

/// The work of a run, and its required result.
pub trait Work {
    /// Returns the number of items in a run, such as messages or frames.
    fn items(&self) -> f64;

    /// Restores the state before a run. This is not timed.
    fn reset(&mut self) {}

    /// Sets whether the next run must check every byte of its output. Such a run is not timed.
    fn look_closely(&mut self, _closely: bool) {}

    /// Panics if the run of this rival has a wrong result. This is not timed.
    fn check(&self, _rival: &str) {}
}

/// The role of a rival in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Role {
    /// wsframe, which the others are compared with.
    Ours,
    /// wsframe, used in another way.
    Variant,
    /// A backend of wsframe, called directly. The columns of backends are in order, the best first.
    Backend,
    Peer,
    /// A limit of the machine, or a part of the work that is always necessary.
    Limit,
}

/// A way to do the work.
pub struct Rival<W> {
    pub name: String,
    pub role: Role,
    run: Box<dyn Fn(&mut W)>,
}

impl<W> Rival<W> {
    pub fn new(name: &str, role: Role, run: impl Fn(&mut W) + 'static) -> Self {
        Self { name: name.to_owned(), role, run: Box::new(run) }
    }
}

impl<W: Work> Rival<W> {
    /// Runs once, without timing.
    pub fn run_once(&self, work: &mut W) {
        work.reset();
        (self.run)(work);
        work.check(&self.name);
    }
}

/// Returns the median time of each rival per item, in nanoseconds.
pub fn medians<W: Work>(rivals: &[Rival<W>], work: &mut W, rounds: usize) -> Vec<f64> {
    times(rivals, work, rounds).iter_mut().map(|times| median(times)).collect()
}

/// Returns the least time of each rival per item, in nanoseconds. Noise only adds to a time, so a
/// few rounds distinguish a slow kernel from a busy machine.
pub fn minima<W: Work>(rivals: &[Rival<W>], work: &mut W, rounds: usize) -> Vec<f64> {
    let least = |times: &Vec<f64>| times.iter().copied().fold(f64::INFINITY, f64::min);
    times(rivals, work, rounds).iter().map(least).collect()
}

/// Returns the times of each rival per item, in nanoseconds. Each runs once in each of `rounds`
/// rounds.
fn times<W: Work>(rivals: &[Rival<W>], work: &mut W, rounds: usize) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(rounds); rivals.len()];
    let mut turns: Vec<usize> = (0..rivals.len()).collect();
    let mut random = Random::new();
    for round in 0..rounds + 1 {
        // The first round warms up, and is not timed.
        work.look_closely(round == 0);
        random.shuffle(&mut turns);
        for &turn in &turns {
            let rival = &rivals[turn];
            work.reset();
            let start = Instant::now();
            (rival.run)(work);
            let elapsed = start.elapsed().as_nanos() as f64;
            work.check(&rival.name);
            if round > 0 {
                times[turn].push(elapsed / work.items());
            }
        }
    }
    times
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
