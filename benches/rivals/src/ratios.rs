//! The tables as matrices of one figure per row: the time of the best peer divided by wsframe's.

use std::fmt::Write;

use crate::machine::Machine;
use crate::measure::Role;
use crate::table::{Row, Table};

/// Returns the page in Markdown. Figures of rows in which a peer is faster are bold.
pub fn page(machine: &Machine, tables: &[Table]) -> String {
    let mut page = format!("{machine}; {}.\n", machine.versions);
    for table in tables.iter().filter(|table| !table.rows.is_empty()) {
        matrix(&mut page, table).expect("a string takes everything");
    }
    page
}

fn matrix(page: &mut String, table: &Table) -> std::fmt::Result {
    let mut groups = Vec::new();
    let mut sizes = Vec::new();
    for Row { group, size, .. } in &table.rows {
        if !groups.contains(group) {
            groups.push(group.clone());
        }
        if !sizes.contains(size) {
            sizes.push(*size);
        }
    }
    writeln!(page, "\n**{}**, beside {}:\n", table.title, table.names(Role::Peer).join(", "))?;
    writeln!(page, "| | {} |\n|---|{}", groups.join(" | "), "---:|".repeat(groups.len()))?;
    for size in sizes {
        write!(page, "| {size} |")?;
        for group in &groups {
            let row = table.rows.iter().find(|row| row.size == size && row.group == *group);
            let ratio = row.map(|row| table.least(row, Role::Peer) / table.least(row, Role::Ours));
            match ratio {
                Some(ratio) if ratio < 0.995 => write!(page, " **{ratio:.2}** |")?,
                Some(ratio) => write!(page, " {ratio:.2} |")?,
                None => write!(page, " |")?,
            }
        }
        writeln!(page)?;
    }
    Ok(())
}
