//! Menus: what they look like, and entries made of commands.

use crate::command::Command;
use crate::fonts;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::Frame;
use crate::widgets::{focus_ring, line, paint_left, paint_right};
use egui::{Context, CornerRadius, Popup, Response, Role, Sense, Ui, WidgetInfo, vec2};

/// Width of a menu.
pub const WIDTH: f32 = 228.0;

/// A menu below a button that a click opens and closes.
pub fn popup(button: &Response, add_contents: impl FnOnce(&mut Ui)) {
    Popup::menu(button).show(|ui| {
        ui.set_min_width(WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        add_contents(ui);
    });
}

/// An entry with something short at its right.
pub fn item(ui: &mut Ui, text: &str, right: &str, enabled: bool) -> Response {
    let t = Tokens::of(ui);
    ui.add_enabled_ui(enabled, |ui| {
        let room = vec2(ui.available_width().max(WIDTH), size::ROW);
        let (rect, response) = ui.allocate_exact_size(room, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, enabled, text));
        if enabled && (response.hovered() || response.has_focus()) {
            ui.painter()
                .rect_filled(rect, CornerRadius::same(radius::CONTROL), t.hovered);
        }
        let y = rect.center().y;
        let right = line(ui, right, fonts::regular(font::SMALL), t.dim, rect.width() * 0.45);
        let end = paint_right(ui.painter(), right, rect.right() - space::S, y).left();
        let room = end - rect.left() - 2.0 * space::S;
        let text = line(ui, text, fonts::regular(font::BODY), t.text, room);
        paint_left(ui.painter(), text, rect.left() + space::S, y);
        focus_ring(ui, &response);
        response
    })
    .inner
}

/// An entry that does a command.
pub fn command_item(ui: &mut Ui, frame: &mut Frame<'_>, command: Command) {
    let keys = command.keys(ui.ctx()).unwrap_or_default();
    let enabled = command.enabled(frame);
    if item(ui, command.text(), &keys, enabled).clicked() {
        command.perform(ui.ctx(), frame);
        ui.close();
    }
}

/// What a command does, and its keys.
pub fn tip(ctx: &Context, command: Command) -> String {
    match command.keys(ctx) {
        Some(keys) => format!("{} ({keys})", command.tooltip()),
        None => command.tooltip().to_owned(),
    }
}
