use std::error::Error;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::VPos;

use super::page::{self, Area, Layout};
use crate::measure::Role;
use crate::payload::Size;
use crate::streams::{KINDS, Side, group};
use crate::table::Table;

const SIZES: [Size; 6] = [
    Size::Random(0, 125),
    Size::Fixed(16),
    Size::Fixed(125),
    Size::Fixed(1 << 10),
    Size::Fixed(16 << 10),
    Size::Fixed(1 << 20),
];

/// One panel per row, because six groups of six labelled bars need the width.
const LAYOUT: Layout = Layout { columns: 1, panel: (840, 220) };

/// A group of bars, which show each peer's time relative to wsframe's.
pub struct Group {
    pub label: String,
    pub ratios: Vec<f64>,
}

/// Draws a panel for each kind of payload, with the time per message on a server relative to
/// wsframe's.
pub fn draw(file: &Path, table: &Table, footer: &str) -> Result<(), Box<dyn Error>> {
    let peers = table.names(Role::Peer);
    let mut panels = Vec::new();
    for kind in KINDS {
        let group = group(Side::Server, kind);
        let find = |size| table.rows.iter().find(|row| row.group == group && row.size == size);
        let groups: Vec<Group> = SIZES
            .into_iter()
            .filter_map(find)
            .map(|row| {
                let ours = table.least(row, Role::Ours);
                let ratios = table.times(row, Role::Peer).map(|ns| ns / ours).collect();
                Group { label: row.size.to_string(), ratios }
            })
            .collect();
        panels.push((kind.name().to_owned(), groups));
    }
    let title = "A server reads messages: time per message relative to wsframe";
    page::draw(file, LAYOUT, title, &peers, footer, &panels, |area, groups| {
        bars(area, &peers, groups, 64.0)
    })
}

/// Draws a bar for each peer in each group, up to `most`.
pub fn bars(
    area: &Area<'_>,
    peers: &[&str],
    groups: &[Group],
    most: f64,
) -> Result<(), Box<dyn Error>> {
    const GAP: f64 = 1.0;
    const LEAST: f64 = 0.5;

    let pitch = peers.len() as f64 + GAP;
    let ticks = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let mut chart =
        ChartBuilder::on(area).x_label_area_size(24).y_label_area_size(44).build_cartesian_2d(
            0.0..pitch * groups.len().max(1) as f64,
            (LEAST..most).log_scale().with_key_points(ticks.to_vec()),
        )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .bold_line_style(page::GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(page::GRID)
        .y_label_style(page::text(12))
        .y_label_formatter(&|ratio| format!("{ratio}×"))
        .draw()?;
    for (group, start) in groups.iter().zip(0..) {
        let start = f64::from(start) * pitch + GAP / 2.0;
        for ((name, &ratio), at) in peers.iter().zip(&group.ratios).zip(0..) {
            let left = start + f64::from(at);
            let top = ratio.clamp(LEAST, most);
            let bar = [(left + 0.06, 1.0), (left + 0.94, top)];
            let bar = Rectangle::new(bar, page::colour(name).filled());
            let decimals = if ratio < 10.0 { 1 } else { 0 };
            let label = format!("{ratio:.decimals$}");
            let style = page::centred(10, VPos::Bottom);
            let label = Text::new(label, (left + 0.5, top.max(1.0) * 1.04), style);
            chart.draw_series([bar])?;
            chart.draw_series([label])?;
        }
        let centre = start + (pitch - GAP) / 2.0;
        let style = page::centred(13, VPos::Top);
        chart.draw_series([
            EmptyElement::at((centre, LEAST)) + Text::new(group.label.clone(), (0, 6), style)
        ])?;
    }
    chart.draw_series([PathElement::new(
        [(0.0, 1.0), (pitch * groups.len() as f64, 1.0)],
        page::colour("wsframe").stroke_width(2),
    )])?;
    Ok(())
}
