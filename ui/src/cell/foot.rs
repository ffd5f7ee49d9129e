//! A cell's foot: what its numbers are of, and what can be made of them.

use super::selection::Selection;
use crate::fonts;
use crate::menu;
use crate::tokens::{Tokens, font, size, space};
use crate::view::Frame;
use crate::widgets::{Button, line_ui};
use crate::{sweep, training};
use aloft_protocol::snapshot::{BlockView, CellState, CellView};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::chart::ChartData;
use aloft_spec::output::{Output, TableOutput};
use aloft_spec::reading::Reading;
use aloft_spec::{CellKind, Extent, text};
use egui::{Align, Color32, Layout, Response, RichText, Ui, vec2};

/// Whether there is anything to say.
pub fn is_shown(cell: &CellView) -> bool {
    let runs = cell.kind != CellKind::Param;
    let swept = super::leaderboard(cell).is_some();
    cell.output.is_some() || cell.training.is_some() || swept || (runs && cell.state == CellState::New)
}

/// Shows the foot over the whole width.
pub fn foot_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    if !is_shown(cell) {
        return;
    }
    line_ui(ui);
    let t = Tokens::of(ui);
    let chosen = Selection::of(frame, cell, t);
    let selection = chosen.as_ref();
    let fill = match selection {
        Some(_) => t.selected,
        None => Color32::TRANSPARENT,
    };
    let ground = egui::Frame::new().fill(fill).corner_radius(super::corners(true));
    ground.show(ui, |ui| {
        let room = vec2(ui.available_width(), size::FOOT);
        // What can be done has its room first, and long words are cut.
        ui.allocate_ui_with_layout(room, Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_size(room);
            if cell.training.is_none() {
                right_end_ui(ui, frame, block, cell, selection);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(space::M);
                ui.spacing_mut().item_spacing.x = space::M;
                left_end_ui(ui, frame, block, cell, selection);
                if let Some(selection) = selection.filter(|_| cell.training.is_none()) {
                    selection.words_ui(ui);
                }
            });
        });
    });
}

/// What an output is of.
fn left_end_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: &BlockView,
    cell: &CellView,
    selection: Option<&Selection>,
) {
    match (&cell.training, &cell.output) {
        (Some(training), _) => training::foot_ui(ui, training),
        (None, Some(Output::Table(output))) => {
            table_foot_ui(ui, frame, block.id, cell, output, selection);
        }
        (None, Some(Output::Chart(data))) => chart_foot_ui(ui, cell, data, selection),
        (None, None) => match super::leaderboard(cell) {
            Some(board) => {
                for said in sweep::foot_words(board) {
                    words(ui, &said);
                }
            }
            None => words(ui, "Not run yet"),
        },
    }
}

/// Which rows an output is of; while a scan goes on, how far it is.
pub fn extent_words(cell: &CellView, extent: &Extent) -> String {
    let rows = text::thousands(extent.rows);
    match (cell.partial, extent.total) {
        (true, Some(total)) => format!("so far: {rows} of {} rows", text::thousands(total)),
        (true, None) => format!("so far: {rows} rows"),
        (false, _) => extent.to_string(),
    }
}

fn chart_foot_ui(ui: &mut Ui, cell: &CellView, data: &ChartData, selection: Option<&Selection>) {
    words(ui, &extent_words(cell, &data.extent));
    if selection.is_none() {
        for note in &data.notes {
            words(ui, note);
        }
    }
}

fn table_foot_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: BlockId,
    cell: &CellView,
    output: &TableOutput,
    selection: Option<&Selection>,
) {
    words(ui, &extent_words(cell, &output.extent));
    if selection.is_none() {
        let count = output.table.columns.len();
        words(
            ui,
            &format!("{count} column{}", if count == 1 { "" } else { "s" }),
        );
        if let Some(reading) = &output.reading {
            reading_ui(ui, reading);
        }
    }
    pages_ui(ui, frame, block, cell, output);
}

/// What can be made of an output.
fn right_end_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: &BlockView,
    cell: &CellView,
    selection: Option<&Selection>,
) {
    ui.add_space(space::XS);
    let between = std::mem::take(&mut ui.spacing_mut().item_spacing.x);
    if let Some(selection) = selection {
        selection.buttons_ui(ui, frame, block, cell);
    }
    if let (CellKind::Source | CellKind::Query, Some(Output::Table(output))) = (&cell.kind, &cell.output) {
        columns_ui(ui, frame, block.id, cell, output);
    }
    ui.add_space(between);
}

fn columns_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, cell: &CellView, output: &TableOutput) {
    let predict = format!("Predict a column of {}", cell.name);
    if let Some(column) = column_menu(ui, "Predict a column…", &predict, output) {
        frame.add(Operation::PredictColumn { block, column });
    }
    let chart = format!("Chart a column of {}", cell.name);
    if let Some(column) = column_menu(ui, "Chart…", &chart, output) {
        frame.add(Operation::ChartColumn { block, column });
    }
}

/// Which rows are shown of a table that has more than it holds, and the ways to the others.
fn pages_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, cell: &CellView, output: &TableOutput) {
    let (held, rows) = (output.table.rows as u64, output.profile.extent.rows);
    // While a scan goes on there are further rows, and no way to them yet.
    if held >= rows || held == 0 || cell.partial {
        return;
    }
    let (first, shown) = match &cell.page {
        Some(page) => (page.first, page.table.as_ref().map(|table| table.rows as u64)),
        None => (0, Some(held)),
    };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let mut page = |ui: &mut Ui, text: &str, name: &str, to: Option<u64>| {
            let name = format!("{name} of {}", cell.name);
            let button = Button::new(text).quiet().small().name(&name);
            let clicked = ui.add_enabled(to.is_some(), button).clicked();
            if let (true, Some(first)) = (clicked, to) {
                frame.view.cells.remove(&block);
                frame.send(Operation::ShowPage { block, first });
            }
        };
        let before = (first > 0).then(|| first.saturating_sub(held));
        let after = Some(first + held).filter(|next| *next < rows);
        page(ui, "‹", "Rows before these", before);
        match shown {
            Some(shown) => words(ui, &text::row_range(first, shown, rows)),
            None => words(
                ui,
                &format!("fetching rows from {} on", text::thousands(first + 1)),
            ),
        }
        page(ui, "›", "Rows after these", after);
    });
}

/// How the source was read: its format, and the rest under the pointer.
fn reading_ui(ui: &mut Ui, reading: &Reading) {
    let t = Tokens::of(ui);
    let (text, color) = match reading.warnings.len() {
        0 => (reading.format.to_string(), t.dim),
        1 => (format!("{}, 1 warning", reading.format), t.warn),
        several => (format!("{}, {several} warnings", reading.format), t.warn),
    };
    let mut lines = vec![format!("Read as {reading}")];
    lines.extend(reading.warnings.iter().cloned());
    words_in(ui, &text, color).on_hover_text(lines.join("\n"));
}

/// A button with a menu of the columns; the one that was chosen.
fn column_menu(ui: &mut Ui, text: &str, name: &str, output: &TableOutput) -> Option<String> {
    let button = ui.add(Button::new(text).quiet().small().name(name));
    let mut chosen = None;
    menu::popup(&button, |ui| {
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for column in &output.table.columns {
                if menu::item(ui, &column.field.name, &column.field.dtype, true).clicked() {
                    chosen = Some(column.field.name.clone());
                    ui.close();
                }
            }
        });
    });
    chosen
}

/// Words of a foot.
pub fn words(ui: &mut Ui, words: &str) {
    words_in(ui, words, Tokens::of(ui).dim);
}

/// Words of a foot in a colour.
pub fn words_in(ui: &mut Ui, words: &str, color: Color32) -> Response {
    let font = fonts::regular(font::SMALL + 0.5);
    ui.add(egui::Label::new(RichText::new(words).font(font).color(color)).truncate())
}
