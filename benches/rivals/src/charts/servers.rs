use std::error::Error;
use std::fs;
use std::path::Path;

use super::page::{self, Layout};
use super::streams::{Group, bars};
use crate::machine::Machine;
use crate::servers::Row;

/// One panel per row, because groups of nine labelled bars need the width.
const LAYOUT: Layout = Layout { columns: 1, panel: (1320, 220) };

/// Draws a panel for each group of rows, with the CPU time per message relative to that of the
/// first server.
pub fn draw(
    directory: &Path,
    machine: &Machine,
    servers: &[&str],
    rows: &[Row],
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let mut panels: Vec<(String, Vec<Group>)> = Vec::new();
    for row in rows {
        let Some(Some(ours)) = row.cells.first() else { continue };
        let cells = row.cells[1..].iter();
        let ratios = cells.map(|cell| cell.map_or(1.0, |cell| cell.cost / ours.cost)).collect();
        if panels.last().is_none_or(|(group, _)| *group != row.group) {
            panels.push((row.group.clone(), Vec::new()));
        }
        let Some((_, groups)) = panels.last_mut() else { continue };
        groups.push(Group { label: row.label.clone(), ratios });
    }
    let title = "Whole servers: CPU time per message, and memory, relative to wsframe";
    let file = directory.join("servers.svg");
    let footer = machine.to_string();
    page::draw(&file, LAYOUT, title, &servers[1..], &footer, &panels, |area, groups| {
        bars(area, &servers[1..], groups, 16.0)
    })
}
