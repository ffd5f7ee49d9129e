//! Which classes are taken for which.

use super::{note_ui, spoken, title_ui};
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::widgets::{line, paint_left, paint_right};
use aloft_spec::report::Confusion;
use aloft_spec::text::thousands;
use egui::{Rect, Sense, Ui, pos2, vec2};

/// Room for the classes' names.
const NAMES: f32 = 84.0;
/// Sides of a cell.
const WIDEST: f32 = 112.0;
const HIGHEST: f32 = 52.0;
/// Classes up to which a matrix can be read.
const MOST: usize = 24;
/// Narrower cells have no number.
const WITH_NUMBER: f32 = 26.0;

/// The matrix: a row a true class, a column a predicted one; the fuller a colour, the larger the share of its row.
pub fn confusion_ui(ui: &mut Ui, classes: &[String], confusion: &Confusion) {
    title_ui(ui, "True class (down) and predicted class (across)");
    let count = classes.len();
    if count > MOST {
        return note_ui(
            ui,
            format!("{count} classes are too many for a matrix; report.json has it."),
        );
    }
    let t = Tokens::of(ui);
    let width = ((ui.available_width() - NAMES) / count as f32).min(WIDEST);
    let height = (super::HEIGHT / (count as f32 + 1.0)).clamp(14.0, HIGHEST);
    let size = vec2(NAMES + width * count as f32, height * count as f32 + 20.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    spoken(&response, &words(classes, confusion));
    let small = || fonts::regular(font::SMALL);
    let painter = ui.painter();
    for (index, class) in classes.iter().enumerate() {
        let y = rect.top() + 20.0 + height * (index as f32 + 0.5);
        let name = line(ui, class, small(), t.text, NAMES - space::S);
        paint_right(painter, name, rect.left() + NAMES - space::S, y);
        let name = line(ui, class, small(), t.text, width - 4.0);
        let x = rect.left() + NAMES + width * (index as f32 + 0.5) - name.size().x / 2.0;
        paint_left(painter, name, x, rect.top() + 9.0);
    }
    let mut pointed = None;
    for (actual, row) in confusion.counts.iter().enumerate() {
        let all = confusion.rows.get(actual).copied().unwrap_or_default().max(1);
        for (predicted, count) in row.iter().enumerate() {
            let corner = pos2(
                rect.left() + NAMES + width * predicted as f32,
                rect.top() + 20.0 + height * actual as f32,
            );
            let cell = Rect::from_min_size(corner, vec2(width, height));
            let share = *count as f32 / all as f32;
            let color = if actual == predicted { t.accent } else { t.bad };
            let fill = match count {
                0 => t.code,
                _ => color.gamma_multiply(0.10 + 0.75 * share),
            };
            painter.rect_filled(cell.shrink(1.0), 2.0, fill);
            if width >= WITH_NUMBER {
                let color = match (share > 0.55, *count) {
                    (true, _) => t.on_accent,
                    (false, 0) => t.faint,
                    (false, _) => t.text,
                };
                let number = line(
                    ui,
                    &thousands(*count),
                    fonts::medium(font::SMALL + 0.5),
                    color,
                    width,
                );
                let x = cell.center().x - number.size().x / 2.0;
                paint_left(painter, number, x, cell.center().y);
            }
            if response.hover_pos().is_some_and(|pointer| cell.contains(pointer)) {
                pointed = Some((actual, predicted, *count, share));
            }
        }
    }
    if let Some((actual, predicted, count, share)) = pointed {
        let of = |class: usize| classes.get(class).map_or("", String::as_str);
        response.on_hover_text(format!(
            "{} rows of {} taken for {}: {:.1} %",
            thousands(count),
            of(actual),
            of(predicted),
            share * 100.0
        ));
    }
}

fn words(classes: &[String], confusion: &Confusion) -> String {
    let right = |class: usize| {
        confusion
            .counts
            .get(class)
            .and_then(|row| row.get(class))
            .copied()
    };
    let of = classes
        .iter()
        .zip(&confusion.rows)
        .enumerate()
        .map(|(index, (class, rows))| {
            format!(
                "{class} right in {} of {}",
                thousands(right(index).unwrap_or_default()),
                thousands(*rows)
            )
        });
    format!("Confusion matrix: {}", of.collect::<Vec<_>>().join(", "))
}
