//! A table: a header that says what each column holds, and rows of which only those in view are formatted.

mod header;
mod layout;

pub use header::{histogram_bars, percent};
pub use layout::{Layouts, visible};

use crate::command::show_tab;
use crate::fonts;
use crate::inspector::Tab;
use crate::tokens::{Tokens, font, size, space};
use crate::view::Frame;
use crate::widgets::{line, paint_left, paint_right};
use aloft_protocol::BlockId;
use aloft_spec::output::TableOutput;
use aloft_spec::table::{Column, Values};
use egui::{Rangef, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use layout::Layout;
use std::ops::Range;

/// Rows that are seen at once before the table scrolls.
const ROWS_IN_VIEW: usize = 11;
/// Space at both sides of a value.
pub const PADDING: f32 = space::S + 2.0;

/// Shows the table over the whole width.
pub fn table_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, name: &str, output: &TableOutput) {
    let width = ui.available_width();
    let layout = layout::of(ui, &mut frame.view.tables, block, output, width);
    let header_size = vec2(width, header::HEIGHT);
    let (header, _) = ui.allocate_exact_size(header_size, Sense::hover());

    let rows = output.table.rows;
    let in_view = rows.clamp(1, ROWS_IN_VIEW) as f32;
    let scrolled = ScrollArea::both()
        .id_salt(("table", block))
        .auto_shrink([false, false])
        .min_scrolled_height(0.0)
        .max_height(in_view * size::TABLE_ROW)
        .show_viewport(ui, |ui, viewport| {
            body_ui(ui, output, &layout, viewport);
        });

    // The header is painted after the body, so that it knows how far the body is scrolled in this very frame.
    let selected = frame
        .view
        .column
        .as_ref()
        .filter(|(at, _)| *at == block)
        .map(|(_, column)| column.clone());
    let offset = scrolled.state.clamped_offset().x;
    if let Some(column) = header::header_ui(ui, header, offset, &layout, output, selected.as_deref(), block) {
        frame.view.selected = Some(block);
        frame.view.column = Some((block, column));
        show_tab(frame, Tab::Column);
    }
    let whole = header.union(scrolled.inner_rect);
    let response = ui.interact(whole, ui.scope_id().with(("table", block)), Sense::hover());
    response.widget_info(|| {
        let columns = output.table.columns.len();
        WidgetInfo::labeled(
            Role::Table,
            true,
            format!("Table {name}: {rows} rows, {columns} columns"),
        )
    });
}

fn body_ui(ui: &mut Ui, output: &TableOutput, layout: &Layout, viewport: Rect) {
    let table = &output.table;
    let t = Tokens::of(ui);
    let origin = ui.max_rect().min;
    let total = vec2(layout.total(), table.rows.max(1) as f32 * size::TABLE_ROW);
    ui.set_min_size(total);
    let left = origin.x;
    let right = origin.x + total.x;
    let rows = visible(Rangef::new(viewport.top(), viewport.bottom()), table.rows);
    let columns = layout.visible(Rangef::new(viewport.left(), viewport.right()));
    let top_of = |row: usize| origin.y + row as f32 * size::TABLE_ROW;

    for row in rows.clone().filter(|row| row % 2 == 1) {
        let stripe = Rect::from_min_max(pos2(left, top_of(row)), pos2(right, top_of(row + 1)));
        ui.painter().rect_filled(stripe, 0.0, t.code);
    }
    for index in columns {
        let Some(column) = table.columns.get(index) else {
            continue;
        };
        let x = layout.range(index);
        let x = Rangef::new(left + x.min, left + x.max);
        column_ui(ui, column, x, layout.decimals(index), rows.clone(), top_of);
        let bottom = top_of(rows.end);
        ui.painter().vline(
            x.max - 0.5,
            Rangef::new(top_of(rows.start), bottom),
            Stroke::new(1.0, t.line),
        );
    }
    if table.rows == 0 {
        let text = line(ui, "No rows", fonts::regular(font::BODY), t.dim, total.x);
        paint_left(
            ui.painter(),
            text,
            left + PADDING,
            origin.y + size::TABLE_ROW / 2.0,
        );
    }
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
        let galley = line(ui, one_line(&text), fonts::regular(font::BODY - 0.5), color, room);
        if right_aligned {
            paint_right(ui.painter(), galley, x.max - PADDING, y);
        } else {
            paint_left(ui.painter(), galley, x.min + PADDING, y);
        }
    }
}

/// The first line of a text: a row is one line high. Very long texts are cut before they are laid out.
fn one_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(200) {
        Some((end, _)) => &line[..end],
        None => line,
    }
}
