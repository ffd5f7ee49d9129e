//! Buttons and choices of a few.

use super::{Icon, focus_ring, focus_ring_at, line, paint_left};
use crate::fonts;
use crate::tokens::{Tokens, font, radius, size, space};
use egui::{Color32, CornerRadius, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, vec2};

/// A button: primary (the one thing to do next), plain, or quiet (no frame until it is hovered).
#[must_use]
pub struct Button<'a> {
    text: &'a str,
    name: Option<&'a str>,
    icon: Option<Icon>,
    look: Look,
    small: bool,
    wide: bool,
    color: Option<Color32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Primary,
    Quiet,
}

impl<'a> Button<'a> {
    /// A plain button.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            name: None,
            icon: None,
            look: Look::Plain,
            small: false,
            wide: false,
            color: None,
        }
    }

    /// A button that is an icon; `name` is what it is called.
    pub fn icon_only(icon: Icon, name: &'a str) -> Self {
        let mut button = Self::new("").icon(icon).name(name).small();
        button.look = Look::Quiet;
        button
    }

    /// The one thing to do next.
    pub fn primary(mut self) -> Self {
        self.look = Look::Primary;
        self
    }

    /// Without a frame until it is hovered.
    pub fn quiet(mut self) -> Self {
        self.look = Look::Quiet;
        self
    }

    /// For heads and feet of cards.
    pub fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// Over the whole width.
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// With an icon before the text.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// What a screen reader says, where that is more than the text.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// Another colour of the text.
    pub fn color(mut self, color: Color32) -> Self {
        self.color = Some(color);
        self
    }
}

impl Widget for Button<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let t = Tokens::of(ui);
        let enabled = ui.is_enabled();
        let color = match (self.color, self.look) {
            (Some(color), _) => color,
            (None, Look::Primary) => t.on_accent,
            (None, Look::Plain) => t.text,
            (None, Look::Quiet) => t.dim,
        };
        let (height, text_size) = if self.small {
            (size::CONTROL_SMALL, font::BODY - 1.0)
        } else {
            (size::CONTROL, font::BODY)
        };
        let face = if self.look == Look::Quiet {
            fonts::regular(text_size)
        } else {
            fonts::medium(text_size)
        };
        let galley = line(ui, self.text, face, color, f32::INFINITY);
        let icon_side = if self.text.is_empty() { 11.0 } else { 10.0 };
        let gap = if self.icon.is_some() && !self.text.is_empty() {
            6.0
        } else {
            0.0
        };
        let inner = galley.size().x + gap + self.icon.map_or(0.0, |_| icon_side);
        let padding = match (self.text.is_empty(), self.look, self.small) {
            (true, ..) => (height - icon_side) / 2.0,
            (_, Look::Quiet, _) | (.., true) => space::S,
            _ => space::M,
        };
        let width = if self.wide {
            ui.available_width()
        } else {
            (inner + 2.0 * padding).ceil()
        };
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, self.name.unwrap_or(self.text)));
        if !ui.is_rect_visible(rect) {
            return response;
        }
        let lit = response.hovered() && enabled;
        let (fill, stroke) = match self.look {
            Look::Primary if response.is_pointer_button_down_on() => {
                (t.accent.gamma_multiply(0.85), Stroke::NONE)
            }
            Look::Primary if lit => (t.accent.gamma_multiply(0.92), Stroke::NONE),
            Look::Primary => (t.accent, Stroke::NONE),
            Look::Plain => (if lit { t.hovered } else { t.raised }, Stroke::new(1.0, t.line)),
            Look::Quiet => (if lit { t.hovered } else { Color32::TRANSPARENT }, Stroke::NONE),
        };
        let corner = CornerRadius::same(radius::CONTROL);
        ui.painter().rect(rect, corner, fill, stroke, StrokeKind::Inside);
        let y = rect.center().y;
        let mut x = rect.center().x - inner / 2.0;
        if let Some(icon) = self.icon {
            icon.paint(ui.painter(), egui::pos2(x + icon_side / 2.0, y), icon_side, color);
            x += icon_side + gap;
        }
        paint_left(ui.painter(), galley, x, y);
        if response.has_focus() && self.look == Look::Primary {
            focus_ring_at(ui, rect.expand(3.0), radius::CONTROL + 3);
        } else {
            focus_ring(ui, &response);
        }
        response
    }
}

/// A choice of a few things side by side.
#[must_use]
pub struct Segments<'a, T> {
    options: &'a [(T, &'a str)],
    small: bool,
    focus: Option<&'static str>,
}

impl<'a, T: PartialEq + Copy> Segments<'a, T> {
    /// The things with their names.
    pub fn new(options: &'a [(T, &'a str)]) -> Self {
        Self {
            options,
            small: false,
            focus: None,
        }
    }

    /// For heads of cards.
    pub fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// The panel whose first widget it is.
    pub fn first_of(mut self, panel: &'static str) -> Self {
        self.focus = Some(panel);
        self
    }

    /// Shows them; true when another one was chosen.
    pub fn ui(self, ui: &mut Ui, chosen: &mut T) -> bool {
        let t = Tokens::of(ui);
        let (height, text_size) = if self.small {
            (size::CONTROL_SMALL, font::SMALL)
        } else {
            (size::CONTROL - 2.0, font::BODY - 0.5)
        };
        let gap = 2.0;
        let padding = space::S + 1.0;
        let parts: Vec<_> = self
            .options
            .iter()
            .map(|(value, name)| {
                let color = if chosen == value { t.text } else { t.dim };
                (
                    value,
                    name,
                    line(ui, name, fonts::medium(text_size), color, f32::INFINITY),
                )
            })
            .collect();
        let width: f32 = parts
            .iter()
            .map(|(.., galley)| galley.size().x + 2.0 * padding + gap)
            .sum();
        let (id, whole) = ui.allocate_space(vec2(width - gap, height));
        let corner = CornerRadius::same(radius::CONTROL);
        let mut left = whole.left();
        let before = *chosen;
        for (value, name, galley) in parts {
            let part = egui::vec2(galley.size().x + 2.0 * padding, height);
            let rect = egui::Rect::from_min_size(egui::pos2(left, whole.top()), part);
            left = rect.right() + gap;
            let selected = before == *value;
            let response = ui.interact(rect, id.with(name), Sense::click());
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), selected, name));
            if selected {
                let edge = Stroke::new(1.0, t.line);
                ui.painter()
                    .rect(rect, corner, t.raised, edge, StrokeKind::Inside);
            } else if response.hovered() {
                ui.painter().rect_filled(rect, corner, t.hovered);
            }
            paint_left(ui.painter(), galley, rect.left() + padding, rect.center().y);
            focus_ring(ui, &response);
            if response.clicked() {
                *chosen = *value;
            }
            if let Some(panel) = self.focus
                && rect.left() == whole.left()
            {
                crate::focus::take(ui, panel, &response);
            }
        }
        *chosen != before
    }
}
