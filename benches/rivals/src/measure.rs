//! Times that can be compared: everyone on the same bytes, in turn, many times over; then the
//! median.
//!
//! These machines are shared. What slows one round slows everyone in it, so a rival that is
//! measured in every round is compared fairly even where no figure can be trusted by itself. The
//! turns are drawn again for every round, so that no candidate always runs after the same other
//! one.

use std::time::Instant;

use serde::Serialize;

use crate::payload::Random;

/// A piece of work, and its required result.
pub trait Work {
    /// How many items a run goes through: messages, frames, whatever the table counts.
    fn items(&self) -> f64;

    /// Makes everything as it was before a run. Not timed.
    fn reset(&mut self) {}

    /// Whether the run that follows is to look at every byte that comes of it. Such a run is not
    /// timed.
    fn look_closely(&mut self, _closely: bool) {}

    /// Panics if the run of this rival has not done its work. Not timed.
    fn check(&self, _rival: &str) {}
}

/// What a rival is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Role {
    /// wsframe as it is used: the one that is compared.
    Ours,
    /// wsframe in another way.
    Variant,
    /// One of wsframe's backends, called directly. Their columns are in order, the best first.
    Backend,
    Peer,
    /// What the machine allows, or a part of the work that cannot be saved.
    Limit,
}

/// Someone who does the work.
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
    /// One run, not timed.
    pub fn run_once(&self, work: &mut W) {
        work.reset();
        (self.run)(work);
        work.check(&self.name);
    }
}

/// Returns the median time that each rival takes for an item, in nanoseconds.
pub fn medians<W: Work>(rivals: &[Rival<W>], work: &mut W, rounds: usize) -> Vec<f64> {
    times(rivals, work, rounds).iter_mut().map(|times| median(times)).collect()
}

/// Returns the least time that each rival takes for an item, in nanoseconds. Noise only ever adds
/// to a time, so a few rounds are enough to tell a slow kernel from a busy machine.
pub fn minima<W: Work>(rivals: &[Rival<W>], work: &mut W, rounds: usize) -> Vec<f64> {
    let least = |times: &Vec<f64>| times.iter().copied().fold(f64::INFINITY, f64::min);
    times(rivals, work, rounds).iter().map(least).collect()
}

/// Returns each rival's times for an item, in nanoseconds, of `rounds` rounds in which each has one
/// turn.
fn times<W: Work>(rivals: &[Rival<W>], work: &mut W, rounds: usize) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(rounds); rivals.len()];
    let mut turns: Vec<usize> = (0..rivals.len()).collect();
    let mut random = Random::new();
    for round in 0..rounds + 1 {
        // The first round warms up, and its times are not kept.
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
