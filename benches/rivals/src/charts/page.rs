use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub type Area<'p> = DrawingArea<SVGBackend<'p>, Shift>;

/// The number of panels in a row, and the width and height of each.
#[derive(Clone, Copy)]
pub struct Layout {
    pub columns: u32,
    pub panel: (u32, u32),
}

// The heights of the title and legend above the panels, and of the footer below them.
const HEAD: u32 = 64;
const FOOT: u32 = 26;

pub const TEXT: RGBColor = RGBColor(0x24, 0x29, 0x2F);
pub const GRID: RGBColor = RGBColor(0xD8, 0xDE, 0xE4);

pub fn text<'a>(size: i32) -> TextStyle<'a> {
    ("sans-serif", size).into_font().color(&TEXT)
}

pub fn centred<'a>(size: i32, vertical: VPos) -> TextStyle<'a> {
    text(size).pos(Pos::new(HPos::Center, vertical))
}

/// Returns the colour of a rival, which is the same in every chart.
pub fn colour(name: &str) -> RGBColor {
    match name {
        "wsframe" => RGBColor(0xD1, 0x24, 0x2F),
        "tungstenite" | "tokio-tungstenite" => RGBColor(0x1F, 0x77, 0xB4),
        "fastwebsockets" => RGBColor(0x2C, 0xA0, 0x2C),
        "tokio-websockets" => RGBColor(0xE6, 0x8A, 0x00),
        "web-socket" | "axum" => RGBColor(0x8C, 0x56, 0x4B),
        "sockudo-ws" => RGBColor(0x94, 0x67, 0xBD),
        "yawc" => RGBColor(0x17, 0xA2, 0xB8),
        "adapter" => RGBColor(0xF2, 0x8C, 0x93),
        "Framed" => RGBColor(0x7A, 0x0C, 0x14),
        "simdutf8 basic" => RGBColor(0x1F, 0x77, 0xB4),
        "simdutf8 compat" => RGBColor(0x17, 0xA2, 0xB8),
        "core::str" => RGBColor(0x2C, 0xA0, 0x2C),
        _ => RGBColor(0x8B, 0x94, 0x9E),
    }
}

/// Draws a page with a title, a legend, panels and a footer. Each panel has a title, and `panel`
/// draws it. The page is white, because a README may be shown on a dark background.
pub fn draw<P>(
    file: &Path,
    layout: Layout,
    title: &str,
    legend: &[&str],
    footer: &str,
    panels: &[(String, P)],
    panel: impl Fn(&Area<'_>, &P) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let Layout { columns, panel: (panel_width, panel_height) } = layout;
    let rows = (panels.len() as u32).div_ceil(columns);
    let (width, height) = (columns * panel_width, HEAD + rows * panel_height + FOOT);
    let root = SVGBackend::new(file, (width, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let centre = width as i32 / 2;
    root.draw_text(title, &centred(20, VPos::Top), (centre, 10))?;
    draw_legend(&root, legend, width)?;
    let foot = height as i32 - 8;
    root.draw_text(footer, &centred(12, VPos::Bottom), (centre, foot))?;
    let body = root.margin(HEAD, FOOT, 0, 0);
    for (area, (title, content)) in
        body.split_evenly((rows as usize, columns as usize)).iter().zip(panels)
    {
        let title_at = (panel_width as i32 / 2, 12);
        area.draw_text(title, &centred(15, VPos::Top), title_at)?;
        panel(&area.margin(32, 8, 8, 28), content)?;
    }
    root.present()?;
    Ok(())
}

fn draw_legend(root: &Area<'_>, names: &[&str], width: u32) -> Result<(), Box<dyn Error>> {
    let slot = 150.min(width as i32 / names.len().max(1) as i32);
    let left = (width as i32 - slot * names.len() as i32) / 2;
    for (name, x) in names.iter().zip((left..).step_by(slot as usize)) {
        let square = [(x, 44), (x + 12, 56)];
        root.draw(&Rectangle::new(square, colour(name).filled()))?;
        let beside = text(14).pos(Pos::new(HPos::Left, VPos::Center));
        root.draw_text(name, &beside, (x + 18, 50))?;
    }
    Ok(())
}
