//! The charts of the README, drawn from the tables that were measured.

mod page;
#[cfg(target_os = "linux")]
mod servers;
mod streams;
mod throughput;

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::kernels;
use crate::machine::Machine;
use crate::streams::TITLE as STREAMS;
use crate::table::Table;

#[cfg(target_os = "linux")]
pub use servers::draw as draw_servers;

/// Draws all charts into the directory, which it creates if necessary.
pub fn draw(directory: &Path, machine: &Machine, tables: &[Table]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let footer = machine.to_string();
    for table in tables.iter().filter(|table| !table.rows.is_empty()) {
        match table.title {
            STREAMS => streams::draw(&directory.join("streams.svg"), table, &footer)?,
            kernels::MASKING => {
                throughput::draw(&directory.join("masking.svg"), table, &footer)?;
            }
            kernels::VALIDATING => {
                throughput::draw(&directory.join("utf8.svg"), table, &footer)?;
            }
            _ => {}
        }
    }
    Ok(())
}
