//! Names below a panel that are too many to stand beside each other. They are turned, as in a chart's file.

use super::axes::X_AXIS;
use crate::fonts;
use crate::tokens::{Tokens, font};
use aloft_spec::chart::Panel;
use aloft_spec::ticks;
use egui::emath::Rot2;
use egui::epaint::TextShape;
use egui::{Galley, Painter, Pos2, Ui, vec2};
use std::sync::Arc;

/// Names that fill more of the width than this run into each other.
const FULL: f32 = 0.85;
/// How far names are turned, counterclockwise.
const ANGLE: f32 = -40.0 * std::f32::consts::PI / 180.0;
/// Room between the axis and where a name ends.
const GAP: f32 = 4.0;

/// The turned names of a horizontal axis.
pub struct TurnedNames {
    names: Vec<(f64, Arc<Galley>)>,
    spacing: f32,
    height: f32,
}

impl TurnedNames {
    /// The names of a panel that is so wide between its axes; `None` where they fit side by side or there are none.
    pub fn of(ui: &Ui, panel: &Panel, width: f32, t: &Tokens) -> Option<Self> {
        if !super::axes::has_names(&panel.x) {
            return None;
        }
        let lay = |at: f64| {
            let name = ticks::label(&panel.x, at);
            let font = fonts::regular(font::SMALL);
            (at, ui.painter().layout_no_wrap(name, font, t.dim))
        };
        let names: Vec<_> = ticks::positions(&panel.x).into_iter().map(lay).collect();
        let widest = names.iter().map(|(_, name)| name.size().x).fold(0.0, f32::max);
        let height = names.iter().map(|(_, name)| name.size().y).fold(0.0, f32::max);
        let span = (panel.x.high - panel.x.low).max(f64::MIN_POSITIVE);
        let spacing = width / span as f32;
        (widest > spacing * FULL).then(|| Self {
            spacing,
            height: GAP + widest * ANGLE.sin().abs() + height * ANGLE.cos(),
            names,
        })
    }

    /// Height of the names and of what the axis is called.
    pub fn room(&self) -> f32 {
        self.height + X_AXIS / 2.0
    }

    /// Paints the names below the axis. Where even turned ones would lie on each other, some are left out.
    pub fn paint(&self, painter: &Painter, on_axis: impl Fn(f64) -> Pos2) {
        let turn = Rot2::from_angle(ANGLE);
        let line = self.names.first().map_or(0.0, |(_, name)| name.size().y);
        let every = (line / self.spacing.max(1.0)).ceil().max(1.0) as usize;
        for (at, name) in self.names.iter().step_by(every) {
            let size = name.size();
            let end = on_axis(*at) + vec2(0.0, GAP + size.y / 2.0 * ANGLE.cos());
            let corner = end - turn * vec2(size.x, size.y / 2.0);
            let color = egui::Color32::PLACEHOLDER;
            painter.add(TextShape::new(corner, Arc::clone(name), color).with_angle(ANGLE));
        }
    }
}
