//! Questions and forms: in the middle, over a dimmed window; Esc closes them.

use crate::fonts;
use crate::tokens::{Tokens, font, radius, space};
use crate::widgets::text_ui;
use egui::{Context, CornerRadius, Id, Margin, Modal, Stroke, Ui};

/// Shows a dialog; true when it wants to be closed.
pub fn show(ctx: &Context, title: &str, width: f32, add_contents: impl FnOnce(&mut Ui)) -> bool {
    let t = Tokens::of_ctx(ctx);
    let id = Id::unique(("dialog", title));
    let room = ctx.content_rect().size();
    let frame = egui::Frame::popup(&ctx.style_of(ctx.theme()))
        .fill(t.raised)
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(CornerRadius::same(radius::CARD))
        .inner_margin(Margin::same(space::L as i8 + 4));
    let area = Modal::default_area(id).accessible_name(title);
    Modal::new(id)
        .area(area)
        .frame(frame)
        .backdrop_color(t.backdrop)
        .show(ctx, |ui| {
            ui.set_width(width.min(room.x - 80.0));
            // An area remembers its size, and what it holds couldn't grow beyond it.
            ui.set_max_height(room.y - 80.0);
            ui.spacing_mut().item_spacing.y = space::S;
            text_ui(ui, title, fonts::semibold(font::HEADING), t.text);
            egui::ScrollArea::vertical()
                .max_height(room.y - 160.0)
                .auto_shrink([false, true])
                .show(ui, add_contents);
        })
        .should_close()
}

/// Gives the keyboard to the button that a question suggests, unless something in it has the keyboard already.
pub fn suggest(ui: &Ui, response: &egui::Response) {
    if ui.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
    }
}

/// Buttons at the lower right: added from the right to the left.
pub fn buttons_ui(ui: &mut Ui, add_contents: impl FnOnce(&mut Ui)) {
    ui.add_space(space::S);
    let room = egui::vec2(ui.available_width(), crate::tokens::size::CONTROL);
    ui.allocate_ui_with_layout(
        room,
        egui::Layout::right_to_left(egui::Align::Center),
        add_contents,
    );
}
