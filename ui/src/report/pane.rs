//! A small chart: two axes with round numbers, and what is painted between them.

use crate::fonts;
use crate::tokens::{Tokens, font};
use crate::widgets::{line, paint_left, paint_right};
use aloft_spec::chart::{Axis, Scale};
use aloft_spec::ticks;
use egui::{Align2, Color32, Painter, Pos2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Room for the numbers at the left and below.
const LEFT: f32 = 40.0;
const BELOW: f32 = 18.0;
/// Room for the name of the horizontal axis.
const NAME: f32 = 15.0;
/// Between two labels of an axis.
const GAP: f32 = 8.0;
/// A point that is so near is read.
const NEAR: f32 = 14.0;

/// A small chart whose axes are painted.
pub struct Pane {
    /// Where positions are.
    pub inner: Rect,
    /// Of the whole.
    pub response: Response,
    x: Axis,
    y: Axis,
}

/// An axis of numbers with a little room at its ends.
pub fn axis(label: &str, values: impl Iterator<Item = f64>) -> Axis {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let room = match high > low {
        true => (high - low) * 0.05,
        false => high.abs().max(1.0) * 0.05,
    };
    Axis {
        label: label.to_owned(),
        scale: Scale::Linear,
        low: low - room,
        high: high + room,
    }
}

/// An axis of shares from 0 to 1.
pub fn shares(label: &str) -> Axis {
    Axis {
        label: label.to_owned(),
        scale: Scale::Linear,
        low: 0.0,
        high: 1.0,
    }
}

impl Pane {
    /// Takes the room and paints the axes. `name` is what a screen reader says.
    pub fn ui(ui: &mut Ui, size: egui::Vec2, x: Axis, y: Axis, name: &str) -> Self {
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
        let below = if x.label.is_empty() { BELOW } else { BELOW + NAME };
        let inner = Rect::from_min_max(rect.min + vec2(LEFT, 5.0), rect.max - vec2(6.0, below));
        let pane = Self {
            inner,
            response,
            x,
            y,
        };
        if ui.is_rect_visible(rect) {
            pane.axes(ui);
        }
        pane
    }

    fn axes(&self, ui: &Ui) {
        let t = Tokens::of(ui);
        let small = || fonts::regular(font::SMALL - 1.0);
        let painter = ui.painter();
        for value in ticks::positions(&self.y) {
            let y = self.at([self.x.low, value]).y;
            painter.hline(self.inner.x_range(), y, Stroke::new(1.0, t.line));
            let label = line(ui, &ticks::label(&self.y, value), small(), t.dim, LEFT - 6.0);
            paint_right(painter, label, self.inner.left() - 6.0, y);
        }
        let mut free = f32::NEG_INFINITY;
        for value in ticks::positions(&self.x) {
            let label = line(ui, &ticks::label(&self.x, value), small(), t.dim, 90.0);
            let half = label.size().x / 2.0;
            let middle = self.at([value, self.y.low]).x;
            let left = (middle - half).min(self.response.rect.right() - 2.0 * half);
            if left >= free {
                free = paint_left(painter, label, left, self.inner.bottom() + 10.0).right() + GAP;
            }
        }
        painter.hline(
            self.inner.x_range(),
            self.inner.bottom(),
            Stroke::new(1.0, t.faint),
        );
        if !self.x.label.is_empty() {
            let at = pos2(self.inner.center().x, self.response.rect.bottom() - NAME / 2.0);
            let label = line(
                ui,
                &self.x.label,
                fonts::regular(font::SMALL),
                t.dim,
                self.inner.width(),
            );
            paint_left(painter, label.clone(), at.x - label.size().x / 2.0, at.y);
        }
    }

    /// Where a position is on the screen.
    pub fn at(&self, [x, y]: [f64; 2]) -> Pos2 {
        let share = |axis: &Axis, value: f64| ((value - axis.low) / (axis.high - axis.low)) as f32;
        pos2(
            self.inner.left() + self.inner.width() * share(&self.x, x),
            self.inner.bottom() - self.inner.height() * share(&self.y, y),
        )
    }

    /// Paints between the axes alone.
    pub fn painter(&self, ui: &Ui) -> Painter {
        ui.painter()
            .with_clip_rect(self.inner.expand(6.0).intersect(ui.clip_rect()))
    }

    /// A line through positions.
    pub fn line(&self, ui: &Ui, points: impl Iterator<Item = [f64; 2]>, stroke: Stroke) {
        let points: Vec<Pos2> = points.map(|point| self.at(point)).collect();
        self.painter(ui).line(points, stroke);
    }

    /// A dashed line between two positions.
    pub fn dashes(&self, ui: &Ui, from: [f64; 2], to: [f64; 2], color: Color32) {
        let ends = [self.at(from), self.at(to)];
        let dashes = egui::Shape::dashed_line(&ends, Stroke::new(1.0, color), 4.0, 4.0);
        self.painter(ui).extend(dashes);
    }

    /// Words at the end of a vertical line.
    pub fn note(&self, ui: &Ui, at: [f64; 2], words: &str, color: Color32) {
        let at = self.at(at);
        let (side, x) = match at.x > self.inner.center().x {
            true => (Align2::RIGHT_TOP, -5.0),
            false => (Align2::LEFT_TOP, 5.0),
        };
        let font = fonts::regular(font::SMALL);
        ui.painter().text(at + vec2(x, 0.0), side, words, font, color);
    }

    /// Shows the words of the position that is nearest to the pointer.
    pub fn read<'a>(&self, points: impl Iterator<Item = ([f64; 2], &'a dyn Fn() -> String)>) {
        let Some(pointer) = self.response.hover_pos() else {
            return;
        };
        let nearest = points
            .map(|(point, words)| (self.at(point).distance(pointer), words))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((distance, words)) = nearest
            && distance < NEAR
        {
            self.response.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(words());
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_its_values() {
        let found = axis("x", [3.0, f64::NAN, -1.0].into_iter());
        assert!(found.low < -1.0 && found.high > 3.0 && found.high < 4.0);
        let point = axis("x", [5.0].into_iter());
        assert!(point.low < 5.0 && point.high > 5.0);
        let nothing = axis("x", std::iter::empty());
        assert!(nothing.low < 0.0 && nothing.high > 1.0);
    }
}
