//! Tables with a column per rival, and a row per kind and size of payload. They are printed while
//! they are measured.

use serde::Serialize;

use crate::limits::Limits;
use crate::measure::{self, Rival, Role, Work};
use crate::payload::Size;

/// The rows to measure, and the number of rounds.
pub struct Plan {
    /// A part of the name of each row to measure.
    pub filter: String,
    pub rounds: usize,
    /// If set, rows that exceed these limits are listed, and no table is printed.
    pub limits: Option<Limits>,
}

/// The kind of an item. Cells are stored as nanoseconds per item, and printed so, except for large
/// payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    Message,
    Handshake,
    Kibibyte,
    /// A payload. From 4 KiB on, cells are printed as bytes per nanosecond.
    Payload,
}

/// A row to measure.
pub struct Case<W> {
    pub group: String,
    pub size: Size,
    pub work: Box<dyn Fn() -> W>,
}

#[derive(Serialize)]
pub struct Table {
    pub title: &'static str,
    pub unit: Unit,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub notes: &'static [&'static str],
}

#[derive(Serialize)]
pub struct Column {
    pub name: String,
    pub role: Role,
}

#[derive(Serialize)]
pub struct Row {
    pub group: String,
    pub size: Size,
    /// The time per item of each column.
    pub ns: Vec<f64>,
}

const NAME: usize = 30;

impl Table {
    /// Measures every case of the plan, and prints the table meanwhile.
    pub fn measure<W: Work>(
        title: &'static str,
        unit: Unit,
        rivals: &[Rival<W>],
        cases: impl IntoIterator<Item = Case<W>>,
        notes: &'static [&'static str],
        plan: &Plan,
    ) -> Self {
        let column = |rival: &Rival<W>| Column { name: rival.name.clone(), role: rival.role };
        let columns = rivals.iter().map(column).collect();
        let mut table = Self { title, unit, columns, rows: Vec::new(), notes };
        for Case { group, size, work } in cases {
            let too_large = |limits: &Limits| size.mean() > limits.largest;
            if !format!("{title}: {group}, {size}").contains(&plan.filter)
                || plan.limits.as_ref().is_some_and(too_large)
            {
                continue;
            }
            let mut work = work();
            let ns = if plan.limits.is_some() {
                measure::minima(rivals, &mut work, plan.rounds)
            } else {
                if table.rows.is_empty() {
                    table.print_head();
                }
                measure::medians(rivals, &mut work, plan.rounds)
            };
            let mut row = Row { group, size, ns };
            match &plan.limits {
                None => table.print(&row),
                Some(limits) => {
                    // A row that exceeds a limit is measured again, up to three times and longer.
                    for _ in 0..3 {
                        if limits.exceeded(&table, &row).is_empty() {
                            break;
                        }
                        let again = measure::minima(rivals, &mut work, 4 * plan.rounds);
                        row.ns.iter_mut().zip(again).for_each(|(ns, again)| *ns = ns.min(again));
                    }
                    for line in limits.exceeded(&table, &row) {
                        println!("{line}");
                    }
                }
            }
            table.rows.push(row);
        }
        if !table.rows.is_empty() && plan.limits.is_none() {
            for note in notes {
                println!("  {note}");
            }
        }
        table
    }

    fn print_head(&self) {
        println!("\n{}", self.title);
        let per = match self.unit {
            Unit::Message => "a message",
            Unit::Handshake => "a handshake",
            Unit::Kibibyte => "a KiB",
            Unit::Payload => "a payload",
        };
        print!("{per:NAME$}{:>7}", "");
        for column in &self.columns {
            print!("{:>width$}", column.name, width = column.width());
        }
        print!("{:>16}", "best peer/ours");
        if self.has_limit() {
            print!("{:>13}", "limit/ours");
        }
        println!();
    }

    fn print(&self, row: &Row) {
        let throughput = self.unit == Unit::Payload && row.is_large();
        let name = format!("{}, {}", row.group, row.size);
        print!("{name:NAME$}{:>7}", if throughput { "GB/s" } else { "ns" });
        for (column, ns) in self.columns.iter().zip(&row.ns) {
            let cell = if throughput { row.size.mean() / ns } else { *ns };
            let decimals = if cell < 10.0 { 2 } else { 1 };
            print!("{cell:>width$.decimals$}", width = column.width());
        }
        print!("{:>16.2}", self.least(row, Role::Peer) / self.least(row, Role::Ours));
        if self.has_limit() && row.is_large() {
            print!("{:>13.2}", self.least(row, Role::Limit) / self.least(row, Role::Ours));
        }
        println!();
    }

    /// Returns the names of all rivals in this role.
    pub fn names(&self, role: Role) -> Vec<&str> {
        let columns = self.columns.iter().filter(|column| column.role == role);
        columns.map(|column| column.name.as_str()).collect()
    }

    /// Returns the names and times of all rivals in this role.
    pub fn cells(&self, row: &Row, role: Role) -> impl Iterator<Item = (&str, f64)> {
        let cells = self.columns.iter().zip(&row.ns);
        let cells = cells.filter(move |(column, _)| column.role == role);
        cells.map(|(column, ns)| (column.name.as_str(), *ns))
    }

    /// Returns the times of all rivals in this role.
    pub fn times(&self, row: &Row, role: Role) -> impl Iterator<Item = f64> {
        self.cells(row, role).map(|(_, ns)| ns)
    }

    pub fn least(&self, row: &Row, role: Role) -> f64 {
        self.times(row, role).fold(f64::INFINITY, f64::min)
    }

    fn has_limit(&self) -> bool {
        self.columns.iter().any(|column| column.role == Role::Limit)
    }
}

impl Column {
    fn width(&self) -> usize {
        self.name.len().max(8) + 2
    }
}

impl Row {
    /// Returns whether the payloads are so large that throughput is shown instead of time, and that
    /// the limits of the machine are bounds.
    pub fn is_large(&self) -> bool {
        self.size.mean() >= 4096.0
    }
}
