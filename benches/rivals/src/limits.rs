//! Finds rows in which a better backend is slower than the next lower one, or a peer reads a whole
//! stream faster.
//!
//! These limits are relative, so they apply to any machine. Limits in nanoseconds would need every
//! processor.

use crate::measure::Role;
use crate::streams;
use crate::table::{Row, Table};

/// The greatest quotients of two times.
pub struct Limits {
    /// A backend, compared with the next lower one, on a kernel.
    backend: f64,
    /// A `Connection`, compared with the best peer, on a whole stream.
    peer: f64,
    /// The largest mean payload that is measured.
    pub largest: f64,
}

impl Limits {
    /// The limits for a list. A few rows near the limits change from run to run.
    pub const LIST: Self = Self { backend: 1.15, peer: 1.0, largest: f64::INFINITY };

    /// The limits for a check that must not fail by chance. Larger payloads would measure the
    /// memory, which other programs use too.
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

    /// Returns how many limits the tables exceed, and a sentence about the comparison.
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
