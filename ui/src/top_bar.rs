//! The bar at the top: what is open, the command field, and what to do with the whole.

use crate::command::{Command, show_tab};
use crate::fonts;
use crate::inspector::Tab;
use crate::menu::tip;
use crate::navigation::short_name;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::verdict::named_chip_ui;
use crate::view::Frame;
use crate::widgets::{Button, Icon, focus_ring, line, paint_left, paint_right};
use egui::{
    Align, CornerRadius, Id, Layout, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2,
};

const FIELD: f32 = 360.0;
/// With less room at the right than this there is no chip with the verdict.
const NARROW: f32 = 380.0;

/// Shows the bar in its panel.
pub fn top_bar_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let rect = ui.max_rect();
    ui.set_min_size(rect.size());
    let field = Rect::from_center_size(rect.center(), vec2(FIELD.min(rect.width() * 0.26), size::CONTROL));
    let left = Rect::from_min_max(rect.min, egui::pos2(field.left() - space::M, rect.bottom()));
    let right = Rect::from_min_max(egui::pos2(field.right() + space::M, rect.top()), rect.max);

    let left_to_right = Layout::left_to_right(Align::Center);
    let mut names = ui.new_child(UiBuilder::new().max_rect(left).layout(left_to_right));
    names_ui(&mut names, frame);
    let mut middle = ui.new_child(UiBuilder::new().max_rect(field).layout(left_to_right));
    command_field_ui(&mut middle, frame);
    at_right_ui(ui, right, |ui| actions_ui(ui, frame, right.width() < NARROW));
}

/// Puts things side by side at the right end of `room`, in the order in which Tab goes through them. What is laid out from
/// the right would be gone through from the right as well.
fn at_right_ui(ui: &mut Ui, room: Rect, add_contents: impl FnOnce(&mut Ui)) {
    let id = Id::unique("at the right of the top bar");
    let width: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let start = (room.right() - width).max(room.left());
    let rect = Rect::from_min_max(egui::pos2(start, room.top()), room.max);
    let layout = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    add_contents(&mut child);
    let used = child.min_rect().width();
    if (used - width).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, used));
        ui.ctx()
            .request_discard("what stands at the right has another width");
    }
}

fn names_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let t = Tokens::of(ui);
    ui.add_space(space::M);
    let label = |text: &str, font, color| {
        egui::Label::new(egui::RichText::new(text).font(font).color(color)).truncate()
    };
    if let Some(project) = frame.project() {
        ui.add(label(&project.name, fonts::semibold(font::BODY), t.text))
            .on_hover_text(project.root.display().to_string());
    }
    if let Some(notebook) = frame.notebook() {
        let mark = if notebook.unsaved { " ·" } else { "" };
        let name = format!("{}{mark}", short_name(&notebook.path));
        ui.add(label(&name, fonts::regular(font::BODY), t.dim))
            .on_hover_text(&notebook.path);
    }
}

/// A button that looks like the field that it opens.
fn command_field_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(ui.max_rect().size(), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, Command::Palette.text()));
    let edge = if response.hovered() { t.faint } else { t.line };
    let corner = CornerRadius::same(radius::CONTROL);
    ui.painter()
        .rect(rect, corner, t.raised, Stroke::new(1.0, edge), StrokeKind::Inside);
    let y = rect.center().y;
    let keys = Command::Palette.keys(ui.ctx()).unwrap_or_default();
    let keys = line(ui, &keys, fonts::regular(font::SMALL), t.dim, rect.width() / 2.0);
    let end = paint_right(ui.painter(), keys, rect.right() - space::M, y).left();
    let room = end - rect.left() - space::L;
    let text = line(
        ui,
        Command::Palette.text(),
        fonts::regular(font::BODY),
        t.dim,
        room,
    );
    paint_left(ui.painter(), text, rect.left() + space::M, y);
    focus_ring(ui, &response);
    if response.clicked() {
        Command::Palette.perform(ui.ctx(), frame);
    }
}

fn actions_ui(ui: &mut Ui, frame: &mut Frame<'_>, narrow: bool) {
    if frame.notebook().is_none() {
        return;
    }
    let run = Button::new(Command::RunAll.text()).icon(Icon::Play);
    let enabled = Command::RunAll.enabled(frame);
    let response = ui.add_enabled(enabled, run);
    let response = response.on_disabled_hover_text("There is no cell to run yet");
    if response.on_hover_text(tip(ui.ctx(), Command::RunAll)).clicked() {
        Command::RunAll.perform(ui.ctx(), frame);
    }
    if let Some((block, cell)) = frame.train_cell() {
        let rows = frame.view.rows_of(block);
        if !narrow && named_chip_ui(ui, cell, rows).clicked() {
            frame.go_to(block);
            show_tab(frame, Tab::Places);
        }
        let send = Button::new(Command::SendToCloud.text()).primary();
        if ui
            .add(send)
            .on_hover_text(tip(ui.ctx(), Command::SendToCloud))
            .clicked()
        {
            Command::SendToCloud.perform(ui.ctx(), frame);
        }
    }
    ui.add_space(space::M);
}
