use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use super::page::{self, Area, Layout};
use crate::measure::Role;
use crate::payload::Size;
use crate::table::Table;

const LAYOUT: Layout = Layout { columns: 2, panel: (560, 300) };

/// The points of a rival: bytes, and bytes per nanosecond.
type Line = Vec<(f64, f64)>;

/// Draws a panel for each group of rows, with a line per rival of GB/s over the payload size. A
/// limit is drawn only for sizes at which it is a bound.
pub fn draw(file: &Path, table: &Table, footer: &str) -> Result<(), Box<dyn Error>> {
    let shown = |role| matches!(role, Role::Ours | Role::Peer | Role::Limit);
    let columns: Vec<usize> =
        (0..table.columns.len()).filter(|&column| shown(table.columns[column].role)).collect();
    let names: Vec<&str> = columns.iter().map(|&at| table.columns[at].name.as_str()).collect();
    let mut panels: Vec<(String, Vec<Line>)> = Vec::new();
    for row in &table.rows {
        let Size::Fixed(len) = row.size else { continue };
        if panels.last().is_none_or(|(group, _)| *group != row.group) {
            panels.push((row.group.clone(), vec![Line::new(); columns.len()]));
        }
        let Some((_, lines)) = panels.last_mut() else { continue };
        for (line, &column) in lines.iter_mut().zip(&columns) {
            if row.is_large() || table.columns[column].role != Role::Limit {
                line.push((len as f64, len as f64 / row.ns[column]));
            }
        }
    }
    let title = format!("GB/s over the size of the payload: {}", table.title);
    page::draw(file, LAYOUT, &title, &names, footer, &panels, |area, lines| {
        plot(area, &names, lines)
    })
}

fn plot(area: &Area<'_>, names: &[&str], lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let sizes: Vec<f64> = lines.iter().flatten().map(|point| point.0).collect();
    let least = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let most = sizes.iter().copied().fold(least + 1.0, f64::max);
    let highest = lines.iter().flatten().map(|point| point.1).fold(0.0, f64::max);
    let ticks = (4..=24).step_by(4).map(|power| f64::from(1 << power)).collect();
    let mut chart =
        ChartBuilder::on(area).x_label_area_size(24).y_label_area_size(44).build_cartesian_2d(
            (least..most).log_scale().with_key_points(ticks),
            0.0..highest * 1.05,
        )?;
    chart
        .configure_mesh()
        .bold_line_style(page::GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(page::GRID)
        .x_label_style(page::text(12))
        .y_label_style(page::text(12))
        .x_label_formatter(&|bytes| Size::Fixed(*bytes as usize).to_string())
        .y_label_formatter(&|throughput| format!("{throughput:.0}"))
        .draw()?;
    // The order is reversed, so that wsframe, the first, is drawn above all others.
    for (name, line) in names.iter().zip(lines).rev() {
        let colour = page::colour(name);
        chart.draw_series(LineSeries::new(line.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(line.iter().map(|&at| Circle::new(at, 3, colour.filled())))?;
    }
    Ok(())
}
