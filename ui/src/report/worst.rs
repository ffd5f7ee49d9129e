//! The rows on which the model is most wrong, with their values.

use super::{spoken, title_ui};
use crate::fonts;
use crate::tokens::{Tokens, font, size, space};
use crate::widgets::{line, paint_left, paint_right};
use aloft_protocol::BlockId;
use aloft_spec::report::{Evaluation, Report, WorstRows};
use aloft_spec::table::ColumnKind;
use aloft_spec::text::{significant_digits, thousands};
use egui::{FontId, ScrollArea, Sense, Stroke, Ui, vec2};

/// Rows that are shown.
const SHOWN: usize = 10;
/// Widths of a column.
const WIDEST: f32 = 150.0;
const NARROWEST: f32 = 34.0;

/// A column as texts.
struct Column {
    title: String,
    cells: Vec<String>,
    right: bool,
    strong: bool,
    width: f32,
}

/// The table of the worst rows; the columns that matter most come first.
pub fn worst_ui(ui: &mut Ui, block: BlockId, report: &Report, evaluation: &Evaluation) {
    let worst = &evaluation.worst;
    if worst.rows.is_empty() {
        return;
    }
    title_ui(ui, "Worst rows")
        .on_hover_text("Rows by their place in the run's data.parquet, the worst first");
    let t = Tokens::of(ui);
    let columns = columns(ui, report, worst);
    let width: f32 = columns.iter().map(|column| column.width + space::M).sum();
    let rows = worst.rows.len().min(SHOWN);
    ScrollArea::horizontal()
        .id_salt(("worst", block))
        .auto_shrink([false, true])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let width = width.max(ui.available_width());
            for row in 0..=rows {
                let (rect, response) = ui.allocate_exact_size(vec2(width, size::TABLE_ROW), Sense::hover());
                if let Some(at) = row.checked_sub(1) {
                    spoken(
                        &response,
                        &format!(
                            "Row {}: true {}, predicted {}",
                            thousands(worst.rows[at]),
                            worst.actual[at],
                            worst.predicted[at]
                        ),
                    );
                }
                if !ui.is_rect_visible(rect) {
                    continue;
                }
                ui.painter()
                    .hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, t.line));
                let mut left = rect.left();
                for column in &columns {
                    let (text, font, color) = match row.checked_sub(1) {
                        None => (column.title.as_str(), fonts::regular(font::SMALL), t.dim),
                        Some(at) => (column.cells[at].as_str(), face(column.strong), t.text),
                    };
                    let galley = line(ui, text, font, color, column.width);
                    let y = rect.center().y;
                    match column.right {
                        true => paint_right(ui.painter(), galley, left + column.width, y),
                        false => paint_left(ui.painter(), galley, left, y),
                    };
                    left += column.width + space::M;
                }
            }
        });
}

fn face(strong: bool) -> FontId {
    match strong {
        true => fonts::medium(font::BODY - 0.5),
        false => fonts::regular(font::BODY - 0.5),
    }
}

fn columns(ui: &Ui, report: &Report, worst: &WorstRows) -> Vec<Column> {
    let error = match report.task.as_str() {
        "regression" => "off by",
        _ => "probability of true",
    };
    let text = |title: &str, cells: Vec<String>, right, strong| Column {
        title: title.to_owned(),
        cells,
        right,
        strong,
        width: 0.0,
    };
    let numbers = report.task == "regression";
    let mut columns = vec![
        text(
            "row",
            worst.rows.iter().map(|row| thousands(*row)).collect(),
            true,
            false,
        ),
        text("true", worst.actual.clone(), numbers, true),
        text("predicted", worst.predicted.clone(), numbers, true),
        text(
            error,
            worst
                .errors
                .iter()
                .map(|error| significant_digits(*error, 3))
                .collect(),
            true,
            false,
        ),
    ];
    let place = |name: &str| {
        let importance = report
            .explanation
            .iter()
            .flat_map(|explanation| &explanation.importance);
        let found = importance.enumerate().find(|(_, found)| found.column == name);
        found.map_or(usize::MAX, |(place, _)| place)
    };
    let mut values: Vec<_> = worst.table.columns.iter().collect();
    values.sort_by_key(|column| place(&column.field.name));
    columns.extend(values.into_iter().map(|column| {
        let right = matches!(column.field.kind, ColumnKind::Integer | ColumnKind::Float);
        let cells = (0..worst.rows.len()).map(|row| column.values.format(row).unwrap_or_else(|| "–".into()));
        text(&column.field.name, cells.collect(), right, false)
    }));
    for column in &mut columns {
        let title = line(
            ui,
            &column.title,
            fonts::regular(font::SMALL),
            egui::Color32::WHITE,
            WIDEST,
        );
        let cells = column.cells.iter().map(|cell| {
            line(ui, cell, face(column.strong), egui::Color32::WHITE, WIDEST)
                .size()
                .x
        });
        column.width = cells.fold(title.size().x.max(NARROWEST), f32::max).ceil();
    }
    columns
}
