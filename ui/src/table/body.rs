//! The rows of a table: only those in view are formatted. Cells are selected by the pointer and by keys, and copied.

use super::ask_menu::{Chosen, cell_menu};
use super::layout::{self, Layout};
use super::pictures::{self, Shown};
use super::selection::{Selection, Size};
use super::{PADDING, one_line, visible};
use crate::fonts;
use crate::tokens::{Tokens, font, size};
use crate::view::{Frame, block_id};
use crate::widgets::{line, paint_left, paint_right};
use aloft_protocol::BlockId;
use aloft_protocol::snapshot::Thumbnails;
use aloft_spec::table::{Column, Table, Values};
use egui::{
    Color32, Event, EventFilter, FontId, Key, Pos2, Rangef, Rect, Response, Role, Sense, Stroke, StrokeKind,
    Ui, WidgetInfo, pos2, vec2,
};
use std::ops::Range;
use std::sync::Arc;

/// Width and height of a picture under the pointer, at the most.
const PICTURE: f32 = 160.0;
/// Characters of a long value that are shown under the pointer.
const WHOLE: usize = 600;

/// Which table, and how it lies.
pub struct Body<'a> {
    /// The block that shows it.
    pub block: BlockId,
    /// The name of its cell.
    pub name: &'a str,
    /// The rows.
    pub table: &'a Arc<Table>,
    /// Rows that come before them in the whole result.
    pub first: u64,
    /// Where the columns are.
    pub layout: &'a Layout,
    /// Columns that hold pictures.
    pub pictures: &'a [String],
    /// Pictures in the rows that are there.
    pub thumbnails: &'a [Arc<Thumbnails>],
}

impl Body<'_> {
    /// Shows the rows in view; what was chosen in the menu of a cell.
    pub fn ui(&self, ui: &mut Ui, frame: &mut Frame<'_>, viewport: Rect) -> Option<Chosen> {
        let origin = ui.max_rect().min;
        let total = vec2(
            self.layout.total(),
            self.table.rows.max(1) as f32 * size::TABLE_ROW,
        );
        ui.set_min_size(total);
        let size = Size {
            rows: self.table.rows,
            columns: self.layout.columns(),
            page: (viewport.height() / size::TABLE_ROW).floor().max(1.0) as usize,
        };
        let id = ui.scope_id().with(("cells", self.block));
        let in_view = Rect::from_min_size(origin + viewport.min.to_vec2(), viewport.size());
        let response = ui.interact(in_view.intersect(ui.clip_rect()), id, Sense::click_and_drag());
        let before = frame
            .view
            .cells
            .get(&self.block)
            .map(|selection| selection.within(size));
        let selection = if size.rows == 0 || size.columns == 0 {
            None
        } else {
            let pointed = self.pointed(ui, &response, origin, before, size);
            self.keys(ui, &response, pointed, size)
        };
        match selection {
            Some(selection) => frame.view.cells.insert(self.block, selection),
            None => frame.view.cells.remove(&self.block),
        };
        if selection != before {
            frame.view.selected = Some(self.block);
            if let Some(selection) = selection {
                ui.scroll_to_rect(self.cell_rect(origin, selection.cursor), None);
            }
        }
        let rows = visible(Rangef::new(viewport.top(), viewport.bottom()), size.rows);
        let columns = self
            .layout
            .visible(Rangef::new(viewport.left(), viewport.right()));
        let pictures = pictures::shown(ui.ctx(), frame, self, columns, rows);
        self.paint(ui, origin, viewport, selection, response.has_focus(), &pictures);
        self.describe(&response, selection);
        self.show_whole(ui, &response, origin, &pictures);
        self.leave(ui, &response);
        self.menu(ui, &response, selection?)
    }

    fn cell_rect(&self, origin: Pos2, (row, column): (usize, usize)) -> Rect {
        let x = self.layout.range(column);
        let y = origin.y + row as f32 * size::TABLE_ROW;
        Rect::from_min_max(
            pos2(origin.x + x.min, y),
            pos2(origin.x + x.max, y + size::TABLE_ROW),
        )
    }

    /// The selection after what the pointer did.
    fn pointed(
        &self,
        ui: &Ui,
        response: &Response,
        origin: Pos2,
        before: Option<Selection>,
        size: Size,
    ) -> Option<Selection> {
        let Some(now) = response.interact_pointer_pos() else {
            return before;
        };
        // A drag is told from a click only when it has gone some way.
        let pressed = ui.input(|input| input.pointer.press_origin());
        let at = pressed.filter(|_| response.drag_started()).unwrap_or(now);
        let row = ((at.y - origin.y) / size::TABLE_ROW).floor().max(0.0) as usize;
        let across = at.x - origin.x;
        let column = self.layout.visible(Rangef::new(across, across + 1.0)).start;
        let (row, column) = (row.min(size.rows - 1), column.min(size.columns - 1));
        let extend = ui.input(|input| input.modifiers.shift);
        if response.drag_started() || response.clicked() {
            response.request_focus();
        }
        let started = response.drag_started() || response.clicked();
        match before {
            Some(before) if response.dragged() && !response.drag_started() || extend && started => {
                Some(before.to(row, column))
            }
            Some(before)
                if response.secondary_clicked()
                    && before.rows().contains(&row)
                    && before.columns().contains(&column) =>
            {
                Some(before)
            }
            _ if started || response.secondary_clicked() => Some(Selection::at(row, column)),
            before => before,
        }
    }

    /// The selection after keys, while the table has the keyboard.
    fn keys(&self, ui: &Ui, response: &Response, before: Option<Selection>, size: Size) -> Option<Selection> {
        if !response.has_focus() {
            return before;
        }
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        let events = ui.input(|input| input.events.clone());
        let mut selection = before.unwrap_or(Selection::at(0, 0));
        for event in events {
            match event {
                Event::Copy => ui.ctx().copy_text(selection.tsv(self.table)),
                Event::Key {
                    key: Key::A,
                    pressed: true,
                    modifiers,
                    ..
                } if modifiers.command => selection = Selection::all(size),
                Event::Key {
                    key,
                    pressed: true,
                    modifiers,
                    ..
                } if !modifiers.alt => {
                    let moved = selection.moved(key, modifiers.command, modifiers.shift, size);
                    selection = moved.unwrap_or(selection);
                }
                _ => {}
            }
        }
        Some(selection)
    }

    /// What a screen reader says: the cell that keys move, its column and its row in the whole result.
    fn describe(&self, response: &Response, selection: Option<Selection>) {
        response.widget_info(|| {
            let of_cell = selection.and_then(|selection| {
                let (row, column) = selection.cursor;
                let column = self.table.columns.get(column)?;
                let value = column.values.format(row).unwrap_or_else(|| "null".into());
                let row = aloft_spec::text::thousands(self.first + row as u64 + 1);
                Some(format!(", {} in row {row}: {value}", column.field.name))
            });
            WidgetInfo::labeled(
                Role::Grid,
                true,
                format!("Cells of {}{}", self.name, of_cell.unwrap_or_default()),
            )
        });
    }

    /// The whole of a value that has no room in its column, under a pointer that rests on it.
    fn show_whole(&self, ui: &Ui, response: &Response, origin: Pos2, pictures: &Shown) {
        let Some(pointer) = response.hover_pos().filter(|_| !response.dragged()) else {
            return;
        };
        let row = ((pointer.y - origin.y) / size::TABLE_ROW).floor().max(0.0) as usize;
        let across = pointer.x - origin.x;
        let column = self.layout.visible(Rangef::new(across, across + 1.0)).start;
        let found = self.table.columns.get(column);
        let picture = found.and_then(|found| pictures.at(&found.field.name, self.first + row as u64));
        if let Some(picture) = picture {
            let room = egui::Vec2::splat(PICTURE);
            response.clone().on_hover_ui_at_pointer(|ui| {
                let size = pictures::fitted(picture.size_vec2(), room);
                ui.image((picture.id(), size));
            });
            return;
        }
        let Some(text) = found.and_then(|found| found.values.format(row)) else {
            return;
        };
        let room = self.layout.range(column).span() - 2.0 * PADDING;
        let shown = line(ui, one_line(&text), cell_font(), Color32::PLACEHOLDER, room);
        if shown.elided || one_line(&text).len() < text.len() {
            let text: String = text.chars().take(WHOLE).collect();
            response.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(text);
            });
        }
    }

    /// Escape gives the keyboard to the block.
    fn leave(&self, ui: &Ui, response: &Response) {
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            ui.memory_mut(|memory| memory.request_focus(block_id(self.block)));
        }
    }

    fn menu(&self, ui: &Ui, response: &Response, selection: Selection) -> Option<Chosen> {
        let (row, column) = selection.cursor;
        let column = self.table.columns.get(column)?;
        let value = column.values.format(row);
        match cell_menu(response, &column.field.name, column.field.kind, value.as_deref()) {
            Some(Chosen::Copy) => {
                ui.ctx().copy_text(selection.tsv(self.table));
                None
            }
            chosen => chosen,
        }
    }

    fn paint(
        &self,
        ui: &Ui,
        origin: Pos2,
        viewport: Rect,
        selection: Option<Selection>,
        has_keyboard: bool,
        pictures: &Shown,
    ) {
        let t = Tokens::of(ui);
        let (left, right) = (origin.x, origin.x + self.layout.total());
        let rows = visible(Rangef::new(viewport.top(), viewport.bottom()), self.table.rows);
        let columns = self
            .layout
            .visible(Rangef::new(viewport.left(), viewport.right()));
        let top_of = |row: usize| origin.y + row as f32 * size::TABLE_ROW;
        for row in rows.clone().filter(|row| row % 2 == 1) {
            let stripe = Rect::from_min_max(pos2(left, top_of(row)), pos2(right, top_of(row + 1)));
            ui.painter().rect_filled(stripe, 0.0, t.code);
        }
        if let Some(selection) = selection {
            let (rows, columns) = (selection.rows(), selection.columns());
            let first = self.cell_rect(origin, (rows.start, columns.start));
            let last = self.cell_rect(origin, (rows.end - 1, columns.end - 1));
            ui.painter().rect_filled(first.union(last), 0.0, t.selected);
        }
        for index in columns {
            let Some(column) = self.table.columns.get(index) else {
                continue;
            };
            let x = self.layout.range(index);
            let x = Rangef::new(left + x.min, left + x.max);
            let x = self.pictures_ui(ui, column, x, rows.clone(), top_of, pictures);
            column_ui(ui, column, x, self.layout.decimals(index), rows.clone(), top_of);
            ui.painter().vline(
                x.max - 0.5,
                Rangef::new(top_of(rows.start), top_of(rows.end)),
                Stroke::new(1.0, t.line),
            );
        }
        if let Some(selection) = selection {
            let ring = if has_keyboard {
                Stroke::new(2.0, t.accent)
            } else {
                Stroke::new(1.0, t.accent_quiet)
            };
            let cursor = self.cell_rect(origin, selection.cursor);
            ui.painter().rect_stroke(cursor, 0.0, ring, StrokeKind::Inside);
        }
        if self.table.rows == 0 {
            let text = line(
                ui,
                "No rows",
                fonts::regular(font::BODY),
                t.dim,
                self.layout.total(),
            );
            let y = origin.y + size::TABLE_ROW / 2.0;
            paint_left(ui.painter(), text, left + PADDING, y);
        }
    }
}

impl Body<'_> {
    /// Paints the pictures of a column; where there is room for words beside them.
    fn pictures_ui(
        &self,
        ui: &Ui,
        column: &Column,
        x: Rangef,
        rows: Range<usize>,
        top_of: impl Fn(usize) -> f32,
        pictures: &Shown,
    ) -> Rangef {
        if !self.pictures.contains(&column.field.name) {
            return x;
        }
        let mut end = x.min;
        for row in rows {
            if let Some(picture) = pictures.at(&column.field.name, self.first + row as u64) {
                let y = top_of(row) + size::TABLE_ROW / 2.0;
                let height = size::TABLE_ROW - 2.0;
                let painted = pictures::paint(ui.painter(), picture, x.min + PADDING, y, height);
                end = end.max(painted);
            }
        }
        Rangef::new(end, x.max)
    }
}

fn cell_font() -> FontId {
    fonts::regular(font::BODY - 0.5)
}

fn column_ui(
    ui: &Ui,
    column: &Column,
    x: Rangef,
    decimals: usize,
    rows: Range<usize>,
    top_of: impl Fn(usize) -> f32,
) {
    let t = Tokens::of(ui);
    let right_aligned = matches!(column.values, Values::Integer(_) | Values::Float(_));
    let room = x.span() - 2.0 * PADDING;
    for row in rows {
        let y = top_of(row) + size::TABLE_ROW / 2.0;
        let (text, color) = match column.values.format(row) {
            Some(text) => {
                let quiet = matches!(&column.values, Values::Boolean(_)) && text == "false";
                (text, if quiet { t.dim } else { t.text })
            }
            None => ("null".to_owned(), t.faint),
        };
        let text = layout::with_decimals(text, decimals);
        let galley = line(ui, one_line(&text), cell_font(), color, room);
        if right_aligned {
            paint_right(ui.painter(), galley, x.max - PADDING, y);
        } else {
            paint_left(ui.painter(), galley, x.min + PADDING, y);
        }
    }
}
