//! The start: recent projects, a folder, an example. It teaches what there is to do.

use crate::command::Command;
use crate::fonts;
use crate::menu::tip;
use crate::tokens::{Tokens, font, radius, space};
use crate::view::Frame;
use crate::widgets::{Button, Icon, focus_ring_at, line, paint_left, text_ui};
use aloft_protocol::Operation;
use aloft_protocol::snapshot::{ExampleView, RecentProject};
use egui::{
    CornerRadius, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2,
};

const WIDTH: f32 = 760.0;
/// Height of an example: its title and two lines.
const EXAMPLE: f32 = 86.0;

/// Shows the start over the whole window.
pub fn welcome_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let width = (ui.available_width() - 2.0 * space::XL).min(WIDTH);
        let left = ((ui.available_width() - width) / 2.0).floor();
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(left);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing.y = space::S;
                content_ui(ui, frame);
            });
        });
    });
}

fn content_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let t = Tokens::of(ui);
    let above = (ui.ctx().content_rect().height() * 0.13).max(space::XL);
    ui.add_space(above);
    text_ui(ui, "Aloft", fonts::semibold(30.0), t.text);
    let words = "Explore data, train small models on this machine, and know when a run belongs elsewhere.";
    text_ui(ui, words, fonts::regular(font::PROSE + 1.0), t.dim);
    ui.add_space(space::M);
    ui.horizontal(|ui| {
        let open = Button::new(Command::OpenFolder.text()).primary();
        if ui
            .add(open)
            .on_hover_text(tip(ui.ctx(), Command::OpenFolder))
            .clicked()
        {
            Command::OpenFolder.perform(ui.ctx(), frame);
        }
        ui.add_space(space::M);
        let hint = "or drop a folder, a notebook or a data file here: CSV, Parquet, JSON lines, Arrow";
        ui.label(egui::RichText::new(hint).color(t.dim));
    });
    let snapshot = frame.snapshot;
    if !snapshot.recent.is_empty() {
        heading_ui(ui, "Recent");
        for recent in &snapshot.recent {
            recent_ui(ui, frame, recent);
        }
    }
    heading_ui(ui, "Try an example");
    let columns = if ui.available_width() > 600.0 { 2 } else { 1 };
    let gap = space::M;
    let width = (ui.available_width() - gap * (columns - 1) as f32) / columns as f32;
    for row in snapshot.examples.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for example in row {
                if example_ui(ui, example, width).clicked() {
                    frame.send(Operation::OpenExample {
                        name: example.name.clone(),
                    });
                }
            }
        });
    }
    ui.add_space(space::L);
    let keys = Command::Shortcuts.keys(ui.ctx()).unwrap_or_default();
    let palette = Command::Palette.keys(ui.ctx()).unwrap_or_default();
    let words = format!("{keys} shows all keys, {palette} finds every command");
    text_ui(ui, words, fonts::regular(font::SMALL + 0.5), t.dim);
    ui.add_space(space::XL);
}

fn heading_ui(ui: &mut Ui, text: &str) {
    let t = Tokens::of(ui);
    ui.add_space(space::XL);
    text_ui(ui, text, fonts::semibold(font::BODY), t.dim);
}

fn recent_ui(ui: &mut Ui, frame: &mut Frame<'_>, recent: &RecentProject) {
    let t = Tokens::of(ui);
    let path = recent.path.display().to_string();
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    let forget = egui::Rect::from_center_size(rect.right_center() - vec2(14.0, 0.0), vec2(24.0, 24.0));
    let row = egui::Rect::from_min_max(rect.min, egui::pos2(forget.left() - space::XS, rect.bottom()));
    let sense = if recent.exists {
        Sense::click()
    } else {
        Sense::hover()
    };
    let response = ui.interact(row, ui.scope_id().with(("recent", &recent.path)), sense);
    response
        .widget_info(|| WidgetInfo::labeled(Role::Button, recent.exists, format!("Open {}", recent.name)));
    if recent.exists && response.hovered() {
        ui.painter()
            .rect_filled(row, CornerRadius::same(radius::CONTROL), t.hovered);
    }
    let color = if recent.exists { t.text } else { t.dim };
    let name = line(
        ui,
        &recent.name,
        fonts::medium(font::BODY),
        color,
        row.width() * 0.5,
    );
    let name = paint_left(ui.painter(), name, row.left() + space::S, row.center().y);
    let where_is = if recent.exists {
        path
    } else {
        format!("{path} · not there any more")
    };
    let room = row.right() - name.right() - space::L;
    let where_is = line(ui, &where_is, fonts::regular(font::SMALL + 0.5), t.dim, room);
    paint_left(ui.painter(), where_is, name.right() + space::M, row.center().y);
    if response.has_focus() {
        focus_ring_at(ui, row, radius::CONTROL);
    }
    if response.clicked() {
        frame.send(Operation::Open {
            path: recent.path.clone(),
        });
    }
    let label = format!("Take {} out of this list", recent.name);
    let builder = UiBuilder::new().max_rect(forget);
    let button = ui.new_child(builder).add(Button::icon_only(Icon::Close, &label));
    if button.on_hover_text("Take out of this list").clicked() {
        frame.send(Operation::ForgetRecent {
            path: recent.path.clone(),
        });
    }
}

fn example_ui(ui: &mut Ui, example: &ExampleView, width: f32) -> Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, EXAMPLE), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &example.title));
    let lit = response.hovered();
    let corner = CornerRadius::same(radius::CARD);
    let (fill, edge) = if lit {
        (t.hovered, t.faint)
    } else {
        (t.raised, t.line)
    };
    ui.painter()
        .rect(rect, corner, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    let inner = rect.shrink(space::L - 1.0);
    let title = line(
        ui,
        &example.title,
        fonts::semibold(font::PROSE),
        t.text,
        inner.width(),
    );
    let below = inner.top() + title.size().y + space::XS;
    ui.painter().galley(inner.min, title, t.text);
    let words = example.description.clone();
    let words = ui
        .painter()
        .layout(words, fonts::regular(font::BODY), t.dim, inner.width());
    ui.painter().galley(egui::pos2(inner.left(), below), words, t.dim);
    if response.has_focus() {
        focus_ring_at(ui, rect, radius::CARD);
    }
    response
}
