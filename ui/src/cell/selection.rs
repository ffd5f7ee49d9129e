//! The strip above an output while rows are chosen in a chart: which rows it is of, and the ways back.

use super::foot::words_in;
use crate::command::Command;
use crate::tokens::{Tokens, size, space};
use crate::view::Frame;
use crate::widgets::Button;
use aloft_protocol::snapshot::{BlockView, CellView, Selected, SelectionView};
use aloft_spec::text::thousands;
use egui::{Align, Layout, Ui, vec2};

/// Shows it over the whole width, where the cell has to do with the chosen rows.
pub fn selection_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let selection = frame.notebook().and_then(|notebook| notebook.selection.as_ref());
    let (Some(selected), Some(selection)) = (&cell.selected, selection) else {
        return;
    };
    let t = Tokens::of(ui);
    let (words, color) = match selected {
        Selected::Failed { problem } => (format!("Not of the selection: {}", problem.message), t.bad),
        _ => (words(selected, selection), t.text),
    };
    egui::Frame::new().fill(t.selected).show(ui, |ui| {
        let room = vec2(ui.available_width(), size::FOOT);
        ui.allocate_ui_with_layout(room, Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_size(room);
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(space::XS);
            let clear = format!("Clear the selection of {}", cell.name);
            let button = Button::new("Clear").quiet().small().name(&clear);
            if ui
                .add(button)
                .on_hover_text(crate::menu::tip(ui.ctx(), Command::ClearSelection))
                .clicked()
            {
                Command::ClearSelection.perform(ui.ctx(), frame);
            }
            if *selected == Selected::Here {
                let name = format!("Write the selection of {} as a filter", cell.name);
                let button = Button::new("Write as filter").quiet().small().name(&name);
                let tip = Command::WriteFilter.tooltip();
                if ui.add(button).on_hover_text(tip).clicked() {
                    frame.view.selected = Some(block.id);
                    Command::WriteFilter.perform(ui.ctx(), frame);
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(space::M);
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
                words_in(ui, &words, color);
            });
        });
    });
    crate::widgets::line_ui(ui);
}

/// `Selection: 12,310 of 50,000 rows, distance 200 to 900`.
fn words(selected: &Selected, selection: &SelectionView) -> String {
    let begin = match selected {
        Selected::Here => "Selected here",
        Selected::Working => "Selecting",
        Selected::Shown | Selected::Failed { .. } => "Selection",
    };
    match selection.rows {
        Some((rows, of)) => format!(
            "{begin}: {} of {} rows, {}",
            thousands(rows),
            thousands(of),
            selection.words
        ),
        None => format!("{begin}: {}", selection.words),
    }
}
