//! Lists of the side panels.

use super::{Icon, dot, focus_ring, line, paint_left, paint_right, ring};
use crate::fonts;
use crate::tokens::{Tokens, font, size, space};
use egui::{Color32, Response, Role, Sense, Ui, WidgetInfo, vec2};

/// Width of the sign that a row folds.
const FOLD: f32 = 8.0;

/// A heading of a list.
pub fn section_ui(ui: &mut Ui, title: &str) -> Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    let galley = line(ui, title, fonts::semibold(font::SMALL), t.dim, rect.width());
    paint_left(
        ui.painter(),
        galley,
        rect.left() + space::L,
        rect.center().y + 2.0,
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, title));
    response
}

/// A row: a dot, a text, and something short at the right.
#[must_use]
pub struct Row<'a> {
    text: &'a str,
    right: &'a str,
    mark: Option<Color32>,
    hollow: bool,
    selected: bool,
    folds: Option<bool>,
    within: bool,
    name: Option<String>,
}

impl<'a> Row<'a> {
    /// A row with its text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            right: "",
            mark: None,
            hollow: false,
            selected: false,
            folds: None,
            within: false,
            name: None,
        }
    }

    /// Something short at its right end.
    pub fn right(mut self, right: &'a str) -> Self {
        self.right = right;
        self
    }

    /// A dot before it.
    pub fn mark(mut self, color: Color32) -> Self {
        self.mark = Some(color);
        self
    }

    /// Whether its dot is hollow.
    pub fn hollow(mut self, hollow: bool) -> Self {
        self.hollow = hollow;
        self
    }

    /// Whether it is the one in view.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// That rows come below it when it is open.
    pub fn folds(mut self, open: bool) -> Self {
        self.folds = Some(open);
        self
    }

    /// That it belongs to the row above that folds.
    pub fn within(mut self) -> Self {
        self.within = true;
        self
    }

    /// What a screen reader says, where that is more than the text.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether nothing of it would be cut.
    pub fn fits(&self, ui: &Ui) -> bool {
        let width = |text: &str, size| {
            let galley = line(
                ui,
                text,
                fonts::regular(size),
                Color32::PLACEHOLDER,
                f32::INFINITY,
            );
            galley.size().x
        };
        let mark = if self.mark.is_some() {
            size::DOT + space::S
        } else {
            0.0
        };
        let room = ui.available_width() - 2.0 * space::L - mark - space::S;
        width(self.text, font::BODY) + width(self.right, font::SMALL) <= room
    }

    /// Shows it over the whole width.
    pub fn ui(self, ui: &mut Ui) -> Response {
        let t = Tokens::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
        response.widget_info(|| {
            let name = self.name.as_deref().unwrap_or(self.text);
            WidgetInfo::selected(Role::Button, ui.is_enabled(), self.selected, name)
        });
        if !ui.is_rect_visible(rect) {
            return response;
        }
        if self.selected {
            ui.painter().rect_filled(rect, 0.0, t.selected);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, 0.0, t.hovered);
        }
        let y = rect.center().y;
        let mut left = rect.left() + space::L + if self.within { space::L } else { 0.0 };
        let mut right = rect.right() - space::L;
        if let Some(color) = self.mark {
            let paint = if self.hollow { ring } else { dot };
            paint(ui.painter(), egui::pos2(left + size::DOT / 2.0, y), color);
            left += size::DOT + space::S;
        }
        if let Some(open) = self.folds {
            let icon = if open { Icon::Down } else { Icon::Right };
            icon.paint(ui.painter(), egui::pos2(right - FOLD / 2.0, y), FOLD, t.dim);
            right -= FOLD + space::S;
        }
        if !self.right.is_empty() {
            let galley = line(
                ui,
                self.right,
                fonts::regular(font::SMALL),
                t.dim,
                (right - left) * 0.6,
            );
            right = paint_right(ui.painter(), galley, right, y).left() - space::S;
        }
        let galley = line(ui, self.text, fonts::regular(font::BODY), t.text, right - left);
        let is_cut = galley.elided;
        paint_left(ui.painter(), galley, left, y);
        focus_ring(ui, &response);
        if is_cut {
            response.on_hover_text(self.text)
        } else {
            response
        }
    }
}
