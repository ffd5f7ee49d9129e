//! Marks of a panel, painted between its axes.

use crate::tokens::Tokens;
use aloft_spec::chart::{BoxMark, ChartData, Marks, Panel, Violin};
use egui::{Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind};

/// Where a position of the axes is on the screen.
pub type To<'a> = &'a dyn Fn([f64; 2]) -> Pos2;

/// Paints the marks of a panel.
pub fn paint(painter: &Painter, data: &ChartData, panel: &Panel, to: To<'_>, t: &Tokens) {
    let class = |class: usize| match data.legend {
        Some(_) => t.class(class),
        None => t.accent,
    };
    match &panel.marks {
        Marks::Bars { bars } => {
            for bar in bars {
                let rect = Rect::from_two_pos(to([bar.left, bar.bottom]), to([bar.right, bar.top]));
                // A little room between bars that touch, where they are wide enough for it.
                let gap = (rect.width() * 0.03).min(0.5);
                let color = if data.legend.is_some() {
                    class(bar.class)
                } else {
                    t.accent_quiet
                };
                painter.rect_filled(rect.shrink2(egui::vec2(gap, 0.0)), 0.0, color);
            }
        }
        Marks::Lines { lines, filled } => {
            for line in lines {
                let points: Vec<Pos2> = line.points.iter().map(|point| to(*point)).collect();
                if *filled {
                    let ground = to([panel.x.low, panel.y.low.max(0.0).min(panel.y.high)]).y;
                    let below = points.iter().map(|point| Pos2::new(point.x, ground));
                    band(
                        painter,
                        points.iter().copied().zip(below),
                        class(line.class).gamma_multiply(0.25),
                    );
                }
                painter.add(Shape::line(points, Stroke::new(1.8, class(line.class))));
            }
        }
        Marks::Points { points } => {
            let count: usize = points.iter().map(|series| series.points.len()).sum();
            let radius = if count > 2000 { 1.3 } else { 2.2 };
            for series in points {
                let color = class(series.class).gamma_multiply(0.55);
                let circles = series
                    .points
                    .iter()
                    .map(|point| Shape::circle_filled(to(*point), radius, color));
                painter.extend(circles);
            }
        }
        Marks::Boxes { boxes } => {
            for shown in boxes {
                paint_box(painter, shown, class(shown.class), to);
            }
        }
        Marks::Violins { violins } => {
            for violin in violins {
                paint_violin(painter, violin, class(violin.class), to);
            }
        }
        Marks::Cells {
            x_edges,
            y_edges,
            values,
        } => {
            let Some(ramp) = &data.ramp else { return };
            let columns = x_edges.len().saturating_sub(1).max(1);
            let mut mesh = Mesh::default();
            for (index, value) in values.iter().enumerate() {
                let (column, row) = (index % columns, index / columns);
                if let (Some(value), Some(top)) = (value, y_edges.get(row + 1)) {
                    let share = (value - ramp.low) / (ramp.high - ramp.low).max(f64::MIN_POSITIVE);
                    let (a, b) = (
                        to([x_edges[column], y_edges[row]]),
                        to([x_edges[column + 1], *top]),
                    );
                    mesh.add_colored_rect(Rect::from_two_pos(a, b), t.shade(share, ramp.diverging));
                }
            }
            painter.add(Shape::mesh(mesh));
        }
    }
}

/// The ground between two lines.
fn band(painter: &Painter, pairs: impl Iterator<Item = (Pos2, Pos2)>, color: Color32) {
    let mut mesh = Mesh::default();
    for (index, (a, b)) in pairs.enumerate() {
        mesh.colored_vertex(a, color);
        mesh.colored_vertex(b, color);
        if index > 0 {
            let at = 2 * index as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
}

fn paint_box(painter: &Painter, shown: &BoxMark, color: Color32, to: To<'_>) {
    let [low, q1, q2, q3, high] = shown.quantiles;
    let (left, right) = (shown.at - shown.width / 2.0, shown.at + shown.width / 2.0);
    let stroke = Stroke::new(1.3, color);
    let rect = Rect::from_two_pos(to([left, q1]), to([right, q3]));
    painter.rect(rect, 0.0, color.gamma_multiply(0.22), stroke, StrokeKind::Middle);
    let lines = [
        [[shown.at, low], [shown.at, q1]],
        [[shown.at, q3], [shown.at, high]],
        [[left, q2], [right, q2]],
    ];
    for line in lines {
        painter.line_segment(line.map(to), stroke);
    }
}

fn paint_violin(painter: &Painter, violin: &Violin, color: Color32, to: To<'_>) {
    let side = |sign: f64| -> Vec<Pos2> {
        let half = sign * violin.width / 2.0;
        let points = violin.density.iter();
        points
            .map(|[at, density]| to([violin.at + half * density, *at]))
            .collect()
    };
    let (left, right) = (side(-1.0), side(1.0));
    let pairs = left.iter().copied().zip(right.iter().copied());
    band(painter, pairs, color.gamma_multiply(0.25));
    for side in [left, right] {
        painter.add(Shape::line(side, Stroke::new(1.2, color)));
    }
    let [q1, q2, q3] = violin.quartiles.map(|at| to([violin.at, at]));
    painter.line_segment([q1, q3], Stroke::new(3.0, color));
    painter.circle_filled(q2, 3.0, color);
}
