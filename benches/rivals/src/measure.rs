//! Times that can be compared: everyone on the same bytes, in turn, many times over; then the median.
//!
//! These machines are shared. What slows one round slows everyone in it, so a rival that is measured in
//! every round is compared fairly even where no figure can be trusted by itself.

use std::time::Instant;

/// The median time of each entry, in nanoseconds, over `rounds` rounds in which each runs once.
pub fn medians(entries: &mut [Box<dyn FnMut() + '_>], rounds: usize) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(rounds); entries.len()];
    for round in 0..rounds + 1 {
        for (entry, times) in entries.iter_mut().zip(&mut times) {
            let start = Instant::now();
            entry();
            let elapsed = start.elapsed().as_nanos() as f64;
            // The first round warms up.
            if round > 0 {
                times.push(elapsed);
            }
        }
    }
    times.iter_mut().map(|times| median(times)).collect()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
