//! A chart as an SVG file: the same marks, axes and colours as in the window, in text that any browser shows.

mod axes;
mod marks;

use aloft_spec::{
    chart::{Axis, ChartData, Panel, Ramp, Scale},
    colors::LIGHT,
    text::significant_digits,
};
use std::fmt::Write;

const WIDTH: f64 = 800.0;
/// Height of a chart of one panel, its legend and foot left out.
const HEIGHT: f64 = 400.0;
const MARGIN: f64 = 16.0;
const LINE: f64 = 20.0;
/// Room between panels.
const GAP: f64 = 12.0;
/// Colours of words, of what goes with them, and of lines.
const TEXT: &str = "#1c1f23";
const DIM: &str = "#5d656e";
const RULE: &str = "#e3e3df";

/// The chart as the text of an SVG file, 800 points wide.
pub fn svg(chart: &ChartData) -> String {
    let across = chart.across.max(1);
    let down = chart.panels.len().div_ceil(across).max(1);
    let head = if chart.legend.is_some() || chart.ramp.is_some() {
        LINE + 8.0
    } else {
        0.0
    };
    let panel_width = (WIDTH - 2.0 * MARGIN - GAP * (across - 1) as f64) / across as f64;
    let panel_height = match (down, chart.panels.first()) {
        // A matrix is as high as it is wide, and each name has a line.
        (1, Some(panel)) => HEIGHT.max(names(&panel.y) as f64 * 18.0 + 100.0),
        _ => (panel_width * 0.75).clamp(130.0, 260.0),
    };
    let height = 2.0 * MARGIN + head + down as f64 * (panel_height + GAP) + LINE;
    let mut out = String::new();
    let mut write = |text: std::fmt::Arguments<'_>| {
        // Writing into a String never fails.
        let _ = out.write_fmt(text);
    };
    write(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
         font-family=\"Inter, system-ui, sans-serif\" font-size=\"12\">\n",
        w = number(WIDTH),
        h = number(height)
    ));
    write(format_args!(
        "<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        escaped(&chart.description)
    ));
    if let Some(legend) = &chart.legend {
        let mut at = MARGIN;
        write(format_args!(
            "{}",
            text(at, MARGIN + 12.0, "start", DIM, &legend.title)
        ));
        at += width_of(&legend.title) + 14.0;
        for (class, name) in legend.classes.iter().enumerate() {
            write(format_args!(
                "<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{}\"/>\n{}",
                number(at),
                number(MARGIN + 3.0),
                color(LIGHT.class(class)),
                text(at + 15.0, MARGIN + 12.0, "start", TEXT, name)
            ));
            at += width_of(name) + 32.0;
        }
    } else if let Some(ramp) = &chart.ramp {
        write(format_args!("{}", ramp_key(ramp)));
    }
    for (index, panel) in chart.panels.iter().enumerate() {
        let left = MARGIN + (index % across) as f64 * (panel_width + GAP);
        let top = MARGIN + head + (index / across) as f64 * (panel_height + GAP);
        write(format_args!(
            "{}",
            panel_group(chart, panel, [left, top, panel_width, panel_height])
        ));
    }
    let mut foot = vec![chart.extent.to_string()];
    foot.extend(chart.notes.iter().cloned());
    write(format_args!(
        "{}</svg>\n",
        text(MARGIN, height - MARGIN, "start", DIM, &foot.join(" · "))
    ));
    out
}

/// Where a panel's marks lie on the page.
pub(super) struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn x(&self, axis: &Axis, position: f64) -> f64 {
        self.left + self.width * (position - axis.low) / (axis.high - axis.low)
    }

    fn y(&self, axis: &Axis, position: f64) -> f64 {
        self.top + self.height * (axis.high - position) / (axis.high - axis.low)
    }
}

fn panel_group(chart: &ChartData, panel: &Panel, [left, top, width, height]: [f64; 4]) -> String {
    let room = axes::room(panel, width);
    let mut frame = Frame {
        left: left + room.left,
        top: top + room.top,
        width: (width - room.left - 4.0).max(10.0),
        height: (height - room.top - room.bottom).max(10.0),
    };
    if panel.x.scale == Scale::Degrees {
        // A degree is as long in both directions at the equator (equirectangular projection).
        let degree =
            (frame.width / (panel.x.high - panel.x.low)).min(frame.height / (panel.y.high - panel.y.low));
        frame.width = degree * (panel.x.high - panel.x.low);
        frame.height = degree * (panel.y.high - panel.y.low);
    }
    let mut out = String::from("<g>\n");
    if !panel.title.is_empty() {
        out.push_str(&text(frame.left, top + 12.0, "start", TEXT, &panel.title));
    }
    out.push_str(&axes::axes(panel, &frame));
    out.push_str(&marks::marks(chart, panel, &frame));
    out.push_str("</g>\n");
    out
}

fn ramp_key(ramp: &Ramp) -> String {
    const STEPS: usize = 20;
    let low = significant_digits(ramp.low, 3);
    let mut out = text(
        MARGIN,
        MARGIN + 12.0,
        "start",
        DIM,
        &format!("{}  {low}", ramp.label),
    );
    let from = MARGIN + width_of(&format!("{}  {low}", ramp.label)) + 8.0;
    for step in 0..STEPS {
        let share = step as f64 / (STEPS - 1) as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"8\" height=\"10\" fill=\"{}\"/>",
            number(from + 8.0 * step as f64),
            number(MARGIN + 3.0),
            color(LIGHT.shade(share, ramp.diverging))
        );
    }
    let end = from + 8.0 * STEPS as f64 + 8.0;
    out.push_str(&text(
        end,
        MARGIN + 12.0,
        "start",
        DIM,
        &significant_digits(ramp.high, 3),
    ));
    out
}

fn names(axis: &Axis) -> usize {
    match &axis.scale {
        Scale::Names(names) => names.len(),
        _ => 0,
    }
}

/// About as wide as a text is at this size.
fn width_of(text: &str) -> f64 {
    6.6 * text.chars().count() as f64
}

fn text(x: f64, y: f64, anchor: &str, fill: &str, words: &str) -> String {
    let (x, y) = (number(x), number(y));
    format!(
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{}</text>\n",
        escaped(words)
    )
}

/// A coordinate with at most two decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.to_owned() }
}

fn color(rgb: u32) -> String {
    format!("#{rgb:06x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        // XML has no way to write other control characters.
        .replace(|c: char| c.is_control(), " ")
}
