//! Where a better backend is slower than the next lower one, or a whole stream is read slower than
//! by a peer.
//!
//! Each machine can find this out about itself. Fixed expectations in nanoseconds could not be kept
//! for processors that are not at hand.

use crate::measure::Role;
use crate::streams;
use crate::table::{Row, Table};

/// How many times as long as the other one may take.
pub struct Limits {
    /// A backend, compared with the next lower one, on a kernel.
    backend: f64,
    /// A `Connection`, compared with the best peer, on a whole stream.
    peer: f64,
    /// The largest mean payload that is measured.
    pub largest: f64,
}

impl Limits {
    /// For a list that someone reads: a few rows near the limits come and go from run to run.
    pub const LIST: Self = Self { backend: 1.15, peer: 1.0, largest: f64::INFINITY };

    /// For a check that must not fail by chance. Larger payloads measure the memory, which others
    /// use too.
    pub const CHECK: Self = Self { backend: 2.0, peer: 2.0, largest: (1 << 20) as f64 };

    /// Returns a line for each limit that the row exceeds.
    pub fn exceeded(&self, table: &Table, row: &Row) -> Vec<String> {
        let mut pairs = Vec::new();
        let backends: Vec<(&str, f64)> = table.cells(row, Role::Backend).collect();
        for pair in backends.windows(2) {
            pairs.push((pair[0], pair[1], self.backend));
        }
        if table.title == streams::TITLE {
            let ours = table.cells(row, Role::Ours);
            let peer = table.cells(row, Role::Peer).min_by(|a, b| a.1.total_cmp(&b.1));
            pairs.extend(ours.zip(peer).map(|(ours, peer)| (ours, peer, self.peer)));
        }
        let exceeded = pairs.into_iter().filter(|((_, ns), (_, other), most)| *ns > other * most);
        exceeded
            .map(|((name, ns), (other_name, other), _)| {
                format!(
                    "{}: {}, {}: {name} takes {:.2} times as long as {other_name} ({ns:.1} ns, {other:.1} ns)",
                    table.title,
                    row.group,
                    row.size,
                    ns / other,
                )
            })
            .collect()
    }

    /// Returns how many limits the tables exceed, and what was compared, in a sentence.
    pub fn sum_up(&self, tables: &[Table]) -> (usize, String) {
        let (mut exceeded, mut pairs, mut streams) = (0, 0, 0);
        for table in tables {
            for row in &table.rows {
                exceeded += self.exceeded(table, row).len();
                pairs += table.cells(row, Role::Backend).count().saturating_sub(1);
                streams += usize::from(table.title == streams::TITLE);
            }
        }
        let sentence = format!(
            "{exceeded} limits exceeded: {pairs} times a backend was compared with the next lower one \
             (limit {:.2}), {streams} whole streams with the best peer (limit {:.2})",
            self.backend, self.peer
        );
        (exceeded, sentence)
    }
}
