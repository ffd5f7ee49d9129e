//! Marks of a panel as SVG elements.

use super::{Frame, color, number};
use aloft_spec::{
    chart::{BoxMark, ChartData, Marks, Panel, Violin},
    colors::LIGHT,
};
use std::fmt::Write;

/// The marks of a panel.
pub(super) fn marks(chart: &ChartData, panel: &Panel, frame: &Frame) -> String {
    let mut out = String::new();
    let (x, y) = (|at: f64| frame.x(&panel.x, at), |at: f64| frame.y(&panel.y, at));
    let class = |class: usize| color(LIGHT.class(class));
    // Writing into a String never fails.
    match &panel.marks {
        Marks::Bars { bars } => {
            for bar in bars {
                let (left, right) = (x(bar.left), x(bar.right));
                let (top, bottom) = (y(bar.top.max(bar.bottom)), y(bar.top.min(bar.bottom)));
                // A little room between bars that touch, where they are wide enough for it.
                let gap = ((right - left) * 0.06).min(1.0);
                out.push_str(&rectangle(
                    [left + gap / 2.0, top, right - left - gap, bottom - top],
                    &class(bar.class),
                ));
            }
        }
        Marks::Lines { lines, filled } => {
            for line in lines {
                let points = path(line.points.iter().map(|point| [x(point[0]), y(point[1])]));
                if *filled && let (Some(first), Some(last)) = (line.points.first(), line.points.last()) {
                    let ground = y(panel.y.low.max(0.0).min(panel.y.high));
                    let _ = writeln!(
                        out,
                        "<path d=\"{points}L{} {}L{} {}Z\" fill=\"{}\" fill-opacity=\"0.25\"/>",
                        number(x(last[0])),
                        number(ground),
                        number(x(first[0])),
                        number(ground),
                        class(line.class)
                    );
                }
                let _ = writeln!(
                    out,
                    "<path d=\"{points}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>",
                    class(line.class)
                );
            }
        }
        Marks::Points { points } => {
            for series in points {
                let _ = writeln!(out, "<g fill=\"{}\" fill-opacity=\"0.55\">", class(series.class));
                for point in &series.points {
                    let (x, y) = (number(x(point[0])), number(y(point[1])));
                    let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"2\"/>");
                }
                out.push_str("</g>\n");
            }
        }
        Marks::Boxes { boxes } => {
            for shown in boxes {
                out.push_str(&box_mark(
                    shown,
                    [x(shown.at - shown.width / 2.0), x(shown.at + shown.width / 2.0)],
                    y,
                ));
            }
        }
        Marks::Violins { violins } => {
            for violin in violins {
                out.push_str(&violin_mark(violin, x, y));
            }
        }
        Marks::Cells {
            x_edges,
            y_edges,
            values,
        } => {
            let columns = x_edges.len().saturating_sub(1).max(1);
            let Some(ramp) = &chart.ramp else {
                return out;
            };
            for (index, value) in values.iter().enumerate() {
                let (column, row) = (index % columns, index / columns);
                if let Some(value) = value {
                    let share = (value - ramp.low) / (ramp.high - ramp.low).max(f64::MIN_POSITIVE);
                    let (left, right) = (x(x_edges[column]), x(x_edges[column + 1]));
                    let (top, bottom) = (y(y_edges[row + 1]), y(y_edges[row]));
                    let fill = color(LIGHT.shade(share, ramp.diverging));
                    out.push_str(&rectangle([left, top, right - left, bottom - top], &fill));
                }
            }
        }
    }
    out
}

fn rectangle([x, y, width, height]: [f64; 4], fill: &str) -> String {
    format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>\n",
        number(x),
        number(y),
        number(width.max(0.0)),
        number(height.max(0.0))
    )
}

fn path(points: impl Iterator<Item = [f64; 2]>) -> String {
    let mut path = String::new();
    for (index, [x, y]) in points.enumerate() {
        let step = if index == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{step}{} {}", number(x), number(y));
    }
    path
}

fn box_mark(shown: &BoxMark, [left, right]: [f64; 2], y: impl Fn(f64) -> f64) -> String {
    let fill = color(LIGHT.class(shown.class));
    let [low, q1, q2, q3, high] = shown.quantiles.map(y);
    let middle = (left + right) / 2.0;
    let lines = [
        [[middle, high], [middle, q3]],
        [[middle, q1], [middle, low]],
        [[left, q2], [right, q2]],
    ];
    let lines: String = lines.map(|line| path(line.into_iter())).concat();
    format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\" fill-opacity=\"0.25\" stroke=\"{fill}\"/>\n\
         <path d=\"{lines}\" stroke=\"{fill}\" stroke-width=\"1.4\"/>\n",
        number(left),
        number(q3),
        number(right - left),
        number((q1 - q3).max(0.0))
    )
}

fn violin_mark(violin: &Violin, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let fill = color(LIGHT.class(violin.class));
    let side = |sign: f64| {
        let half = sign * violin.width / 2.0;
        let (x, y) = (&x, &y);
        violin
            .density
            .iter()
            .map(move |[at, density]| [x(violin.at + half * density), y(*at)])
    };
    let outline = path(side(-1.0).chain(side(1.0).rev()));
    let [q1, q2, q3] = violin.quartiles.map(&y);
    let middle = x(violin.at);
    let range = path([[middle, q1], [middle, q3]].into_iter());
    format!(
        "<path d=\"{outline}Z\" fill=\"{fill}\" fill-opacity=\"0.25\" stroke=\"{fill}\"/>\n\
         <path d=\"{range}\" stroke=\"{fill}\" stroke-width=\"3\"/>\n\
         <circle cx=\"{}\" cy=\"{}\" r=\"3\" fill=\"{fill}\"/>\n",
        number(middle),
        number(q2)
    )
}
