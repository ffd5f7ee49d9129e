//! A table: a header that says what each column holds and asks about it, and rows of which only those in view are
//! formatted.

mod ask_menu;
mod body;
mod frequent;
mod header;
mod layout;
mod pictures;
mod selection;

pub use header::histogram_bars;
pub use layout::{Layouts, visible};
pub use pictures::Pictures;
pub use selection::Selection;

use crate::command::show_tab;
use crate::inspector::Tab;
use crate::tokens::{size, space};
use crate::view::Frame;
use aloft_protocol::snapshot::CellView;
use aloft_protocol::{BlockId, Operation};
use aloft_spec::CellKind;
use aloft_spec::output::TableOutput;
use ask_menu::Chosen;
use body::Body;
use egui::{Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use header::{Clicked, Header};

/// Rows that are seen at once before the table scrolls.
const ROWS_IN_VIEW: usize = 11;
/// Space at both sides of a value.
pub const PADDING: f32 = space::S + 2.0;

/// Shows the table over the whole width: its first rows, or the page that was asked for.
pub fn table_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, cell: &CellView, output: &TableOutput) {
    let width = ui.available_width();
    let layout = layout::of(ui, &mut frame.view.tables, block, output, &cell.pictures, width);
    let header_size = vec2(width, header::HEIGHT);
    let (header, _) = ui.allocate_exact_size(header_size, Sense::hover());

    let page = cell
        .page
        .as_ref()
        .and_then(|page| Some((page.first, page.table.as_ref()?)));
    let (first, table) = page.unwrap_or((0, &output.table));
    let body = Body {
        block,
        name: &cell.name,
        table,
        first,
        layout: &layout,
        pictures: &cell.pictures,
        thumbnails: &cell.thumbnails,
    };
    let rows = table.rows;
    let height = output.table.rows.clamp(1, ROWS_IN_VIEW) as f32 * size::TABLE_ROW;
    let mut asked = None;
    // Another page begins at its top.
    // The wheel goes through the notebook, and through the rows of the selected table alone: otherwise every table on the
    // way would stop it.
    let wheel = if frame.view.selected == Some(block) {
        1.0
    } else {
        0.0
    };
    let scrolled = ScrollArea::both()
        .id_salt(("table", block, first))
        .animated(false)
        .wheel_scroll_multiplier(vec2(1.0, wheel))
        .auto_shrink([false, false])
        // As high as its rows wherever it stands: below the first screenful the page around has no height left to offer.
        .min_scrolled_height(height)
        .max_height(height)
        .show_viewport(ui, |ui, viewport| {
            let chosen = body.ui(ui, frame, viewport);
            let at = frame.view.cells.get(&block).map(|selection| selection.cursor.1);
            let column = at.and_then(|at| table.columns.get(at));
            asked = chosen.zip(column.map(|column| column.field.name.clone()));
        });

    // The header is painted after the body, so that it knows how far the body is scrolled in this very frame.
    let selected = frame
        .view
        .column
        .as_ref()
        .filter(|(at, _)| *at == block)
        .map(|(_, column)| column.clone());
    let clicked = Header {
        rect: header,
        offset: scrolled.state.clamped_offset().x,
        layout: &layout,
        output,
        selected: selected.as_deref(),
        block,
        joins: &cell.joins,
        asks: matches!(cell.kind, CellKind::Source | CellKind::Query),
    }
    .ui(ui);
    match clicked {
        Some((column, Clicked::Column)) => {
            frame.view.selected = Some(block);
            frame.view.column = Some((block, column));
            show_tab(frame, Tab::Column);
        }
        Some((column, Clicked::Menu(chosen))) => asked = Some((chosen, column)),
        Some((column, Clicked::Width(width))) => frame.view.tables.choose(block, output, &column, width),
        Some((_, Clicked::Released)) => keep_widths(frame, block),
        Some((column, Clicked::Fit)) => {
            let width = layout::fitting(ui, output, &cell.pictures, &column);
            frame.view.tables.choose(block, output, &column, width);
            keep_widths(frame, block);
        }
        None => {}
    }
    if let Some((chosen, column)) = asked {
        ask(frame, block, column, chosen);
    }
    let whole = header.union(scrolled.inner_rect);
    let response = ui.interact(whole, ui.scope_id().with(("table", block)), Sense::hover());
    response.widget_info(|| {
        let (name, columns) = (&cell.name, table.columns.len());
        WidgetInfo::labeled(
            Role::Table,
            true,
            format!("Table {name}: {rows} rows, {columns} columns"),
        )
    });
}

/// The next window finds the columns as wide as they are now.
fn keep_widths(frame: &mut Frame<'_>, block: BlockId) {
    let widths = frame.view.tables.chosen(block);
    if !widths.is_empty() {
        frame.send(Operation::KeepWidths { block, widths });
    }
}

/// Asks the session for what was chosen in a menu.
fn ask(frame: &mut Frame<'_>, block: BlockId, column: String, chosen: Chosen) {
    match chosen {
        Chosen::Ask(ask) => frame.add(Operation::Ask { block, ask }),
        Chosen::Chart => frame.add(Operation::ChartColumn { block, column }),
        Chosen::Predict => frame.add(Operation::PredictColumn { block, column }),
        // It is done where the cells are.
        Chosen::Copy => {}
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
