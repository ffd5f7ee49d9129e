//! The header of a table: name, type, a small picture of the values, their range, what is missing.

use super::PADDING;
use super::ask_menu::{Chosen, column_menu};
use super::frequent;
use super::layout::Layout;
use crate::fonts;
use crate::tokens::{Tokens, font, radius, space};
use crate::widgets::{Icon, focus_ring_at, line, paint_left, paint_right};
use aloft_protocol::BlockId;
use aloft_spec::ask::JoinKeys;
use aloft_spec::output::TableOutput;
use aloft_spec::profile::{ColumnProfile, Histogram};
use aloft_spec::table::{ColumnKind, Field};
use aloft_spec::text::{self, percent};
use egui::{
    CornerRadius, CursorIcon, FontId, Painter, Popup, Rangef, Rect, Response, Role, Sense, Stroke, Ui,
    WidgetInfo, pos2,
};

/// Height of the header.
pub const HEIGHT: f32 = 100.0;
const PICTURE_TOP: f32 = 27.0;
const PICTURE_HEIGHT: f32 = 39.0;

/// How near the pointer takes hold of the edge between two columns.
const EDGE: f32 = 4.0;
/// Side of the button that opens a column's menu.
const BUTTON: f32 = 20.0;

/// The header of a table.
pub struct Header<'a> {
    /// Where it is.
    pub rect: Rect,
    /// How far the table is scrolled to the right.
    pub offset: f32,
    /// Where the columns are.
    pub layout: &'a Layout,
    /// What they hold.
    pub output: &'a TableOutput,
    /// The column in the inspector.
    pub selected: Option<&'a str>,
    /// The block that shows the table.
    pub block: BlockId,
    /// Tables that its rows could be joined with.
    pub joins: &'a [JoinKeys],
    /// Whether questions can be asked of it.
    pub asks: bool,
}

/// What was done with a column.
#[derive(Debug, PartialEq)]
pub enum Clicked {
    /// It was clicked.
    Column,
    /// Something in its menu was.
    Menu(Chosen),
    /// Its edge was dragged, so that it is so wide.
    Width(f32),
    /// Its edge was let go: the widths are to be kept.
    Released,
    /// It is to be as wide as its values.
    Fit,
}

impl Header<'_> {
    /// Paints the header; the column that something was done with, if any.
    pub fn ui(&self, ui: &mut Ui) -> Option<(String, Clicked)> {
        let t = Tokens::of(ui);
        let clip = self.rect.intersect(ui.clip_rect());
        ui.painter_at(clip).hline(
            self.rect.x_range(),
            self.rect.bottom() - 0.5,
            Stroke::new(1.0, t.line),
        );
        let mut clicked = None;
        let in_view = Rangef::new(self.offset, self.offset + self.rect.width());
        for index in self.layout.visible(in_view) {
            let Some(column) = self.output.table.columns.get(index) else {
                continue;
            };
            if let Some(what) = self.column_ui(ui, clip, index, &column.field) {
                clicked = Some((column.field.name.clone(), what));
            }
        }
        // The edges lie above the columns at both of their sides.
        for index in self.layout.visible(in_view) {
            let Some(column) = self.output.table.columns.get(index) else {
                continue;
            };
            if let Some(what) = self.edge_ui(ui, clip, index, &column.field.name) {
                clicked = Some((column.field.name.clone(), what));
            }
        }
        clicked
    }

    /// The right edge of a column: a drag makes it wider or narrower, a double click as wide as its values.
    fn edge_ui(&self, ui: &Ui, clip: Rect, index: usize, name: &str) -> Option<Clicked> {
        let x = self.layout.range(index);
        let left = self.rect.left() - self.offset;
        let around = Rangef::point(left + x.max).expand(EDGE);
        let rect = Rect::from_x_y_ranges(around, self.rect.y_range()).intersect(clip);
        let id = ui.scope_id().with(("edge", self.block, index));
        // No stop of the Tab key: there would be one a column more.
        let response = ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
        response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, format!("Edge of {name}")));
        let response = response.on_hover_cursor(CursorIcon::ResizeColumn);
        if response.hovered() || response.dragged() {
            let at = (left + x.max).clamp(clip.left(), clip.right()) - 0.5;
            let accent = Stroke::new(2.0, Tokens::of(ui).accent);
            ui.painter_at(clip).vline(at, self.rect.y_range(), accent);
        }
        if response.double_clicked() {
            return Some(Clicked::Fit);
        }
        if response.drag_stopped() {
            return Some(Clicked::Released);
        }
        let pointer = response.interact_pointer_pos().filter(|_| response.dragged())?;
        Some(Clicked::Width(pointer.x - left - x.min))
    }

    fn column_ui(&self, ui: &mut Ui, clip: Rect, index: usize, field: &Field) -> Option<Clicked> {
        let t = Tokens::of(ui);
        let painter = ui.painter_at(clip);
        let x = self.layout.range(index);
        let left = self.rect.left() - self.offset;
        let cell = Rect::from_x_y_ranges(left + x.min..=left + x.max, self.rect.y_range());
        let id = ui.scope_id().with(("column", self.block, index));
        let response = ui.interact(cell.intersect(clip), id, Sense::click());
        let is_selected = self.selected == Some(field.name.as_str());
        response.widget_info(|| {
            let name = format!("Column {}, {}", field.name, field.dtype);
            WidgetInfo::selected(Role::Button, true, is_selected, name)
        });
        if is_selected {
            painter.rect_filled(cell, 0.0, t.selected);
        } else if response.contains_pointer() {
            painter.rect_filled(cell, 0.0, t.hovered);
        }
        if response.has_focus() {
            focus_ring_at(ui, cell.intersect(clip), 0);
        }
        let mut clicked = response.clicked().then_some(Clicked::Column);
        painter.vline(cell.right() - 0.5, cell.y_range(), Stroke::new(1.0, t.line));

        let inner = cell.shrink2(egui::vec2(PADDING, 0.0));
        let y = cell.top() + 15.0;
        let profile = profile_of(self.output, index);
        let button = self
            .asks
            .then(|| self.button_ui(ui, &painter, clip, cell, field, &response));
        let shows_button = button.as_ref().is_some_and(|(_, shown)| *shown);
        let end = inner.right() - if shows_button { BUTTON } else { 0.0 };
        let name = |room| line(ui, &field.name, fonts::mono(font::CODE), t.text, room);
        // A short name leaves its room to a long type.
        let half = (end - inner.left()) / 2.0;
        let room = end - inner.left() - space::S - name(half).size().x;
        let dtype = line(ui, &field.dtype, fonts::mono(font::SMALL), t.dim, room.max(half));
        let dtype_left = paint_right(&painter, dtype, end, y).left();
        let name = name(dtype_left - inner.left() - space::XS);
        if name.elided {
            response.clone().on_hover_text(&field.name);
        }
        paint_left(&painter, name, inner.left(), y);
        let rows = self.output.profile.extent.rows;
        if let Some(profile) = profile {
            profile_ui(ui, &painter, inner, profile, rows);
            if let Some((button, _)) = button {
                let chosen = column_menu(&button, &response, profile, rows, self.joins);
                clicked = chosen.map(Clicked::Menu).or(clicked);
            }
        }
        clicked
    }

    /// The button of a column's menu, and whether it is painted: while the column has the pointer or the button the
    /// keyboard.
    fn button_ui(
        &self,
        ui: &Ui,
        painter: &Painter,
        clip: Rect,
        cell: Rect,
        field: &Field,
        column: &Response,
    ) -> (Response, bool) {
        let t = Tokens::of(ui);
        let rect = Rect::from_min_size(
            pos2(cell.right() - PADDING / 2.0 - BUTTON, cell.top() + 5.0),
            egui::vec2(BUTTON, BUTTON),
        );
        let id = column.id.with("menu");
        let button = ui.interact(rect.intersect(clip), id, Sense::click());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Ask about {}", field.name)));
        let is_open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&button));
        let shown = column.contains_pointer() || button.hovered() || button.has_focus() || is_open;
        if shown {
            if button.hovered() || is_open {
                painter.rect_filled(rect, CornerRadius::same(radius::CONTROL), t.raised);
            }
            Icon::Down.paint(painter, rect.center(), 9.0, t.dim);
            if button.has_focus() {
                focus_ring_at(ui, rect, radius::CONTROL);
            }
        }
        (button, shown)
    }
}

/// The profile of a column: by its place, and by its name where the places differ.
pub(super) fn profile_of(output: &TableOutput, index: usize) -> Option<&ColumnProfile> {
    let name = &output.table.columns.get(index)?.field.name;
    let profiles = &output.profile.columns;
    let at_place = profiles.get(index).filter(|profile| profile.field.name == *name);
    at_place.or_else(|| profiles.iter().find(|profile| profile.field.name == *name))
}

fn profile_ui(ui: &Ui, painter: &Painter, inner: Rect, profile: &ColumnProfile, rows: u64) {
    let t = Tokens::of(ui);
    let top = inner.top() + PICTURE_TOP;
    let picture = Rect::from_x_y_ranges(inner.x_range(), top..=top + PICTURE_HEIGHT);
    let counted = counted(profile, rows);
    if profile.field.kind == ColumnKind::Boolean {
        halves(ui, painter, picture, profile, counted);
    } else if let Some(histogram) = &profile.histogram {
        let bars = Rect::from_min_max(pos2(picture.left(), picture.top() + 4.0), picture.max);
        histogram_bars(painter, bars, histogram, t);
    } else {
        frequent::values_ui(ui, painter, picture, profile, counted);
    }
    let small = |text: &str, color, y: f32| {
        let galley = line(ui, text, summary_font(), color, inner.width());
        paint_left(painter, galley, inner.left(), y);
    };
    small(&summary(profile, rows), t.dim, picture.bottom() + 10.0);
    if profile.nulls > 0 {
        let share = percent(profile.nulls, rows.max(1));
        let nulls = format!("{} null · {share}", text::thousands(profile.nulls));
        let has_room = !line(ui, &nulls, summary_font(), t.warn, inner.width()).elided;
        let nulls = if has_room { nulls } else { format!("{share} null") };
        small(&nulls, t.warn, picture.bottom() + 24.0);
    } else {
        small("no nulls", t.faint, picture.bottom() + 24.0);
    }
}

pub(super) fn summary_font() -> FontId {
    fonts::regular(font::SMALL - 0.5)
}

/// Rows with a value.
fn counted(profile: &ColumnProfile, rows: u64) -> u64 {
    rows.saturating_sub(profile.nulls).max(1)
}

/// The values in a few words: their range, or how many there are.
pub(super) fn summary(profile: &ColumnProfile, rows: u64) -> String {
    match (&profile.min, &profile.max) {
        _ if profile.field.kind == ColumnKind::Boolean => {
            let share = |value: &str| {
                let found = profile.top.iter().find(|top| top.value == value);
                percent(found.map_or(0, |top| top.count), counted(profile, rows))
            };
            format!("{} true", share("true"))
        }
        (Some(min), Some(max)) if profile.field.kind != ColumnKind::Text => format!("{min} – {max}"),
        _ => {
            let about = if profile.distinct_approximate {
                "about "
            } else {
                ""
            };
            format!("{about}{} distinct", text::thousands(profile.distinct))
        }
    }
}

/// Bars of equal width; the highest fills the height.
pub fn histogram_bars(painter: &Painter, rect: Rect, histogram: &Histogram, t: &Tokens) {
    let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let bins = histogram.counts.len().max(1) as f32;
    let step = rect.width() / bins;
    for (index, &count) in histogram
        .counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
    {
        let height = (rect.height() * count as f32 / most).max(1.0);
        let left = rect.left() + index as f32 * step;
        let gap = if step > 3.0 { 1.0 } else { 0.0 };
        let bar = Rect::from_min_max(
            pos2(left, rect.bottom() - height),
            pos2(left + (step - gap).max(1.0), rect.bottom()),
        );
        painter.rect_filled(bar, 0.0, t.accent_quiet);
    }
}

fn halves(ui: &Ui, painter: &Painter, rect: Rect, profile: &ColumnProfile, counted: u64) {
    let t = Tokens::of(ui);
    let yes = profile
        .top
        .iter()
        .find(|top| top.value == "true")
        .map_or(0, |top| top.count);
    let share = yes as f32 / counted as f32;
    let bar = Rect::from_x_y_ranges(rect.x_range(), rect.bottom() - 16.0..=rect.bottom() - 4.0);
    let edge = bar.left() + bar.width() * share;
    painter.rect_filled(bar, CornerRadius::same(2), t.accent_quiet.gamma_multiply(0.55));
    let part = Rect::from_x_y_ranges(bar.left()..=edge, bar.y_range());
    painter.rect_filled(part, CornerRadius::same(2), t.accent);
}
