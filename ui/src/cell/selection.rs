//! Rows that are chosen in a chart, as a cell's foot tells of them: which rows its output is of, and the ways back. The
//! foot is there anyway, so that nothing moves under the pointer when a choice begins or ends.

use super::foot::words_in;
use crate::command::Command;
use crate::tokens::Tokens;
use crate::view::Frame;
use crate::widgets::Button;
use aloft_protocol::snapshot::{BlockView, CellView, Selected, SelectionView};
use aloft_spec::text::thousands;
use egui::{Align, Color32, Layout, Ui};

/// What a foot says of the chosen rows.
pub struct Selection {
    words: String,
    color: Color32,
    is_here: bool,
}

impl Selection {
    /// `None` where the cell has nothing to do with the chosen rows.
    pub fn of(frame: &Frame<'_>, cell: &CellView, t: &Tokens) -> Option<Self> {
        let selected = cell.selected.as_ref()?;
        let selection = frame.notebook()?.selection.as_ref()?;
        let (words, color) = match selected {
            Selected::Failed { problem } => (format!("Not of the selection: {}", problem.message), t.bad),
            _ => (words(selected, selection), t.text),
        };
        Some(Self {
            words,
            color,
            is_here: *selected == Selected::Here,
        })
    }

    /// Shows the ways back at the right end.
    pub fn buttons_ui(&self, ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
        let clear = format!("Clear the selection of {}", cell.name);
        let button = Button::new("Clear").quiet().small().name(&clear);
        let tip = crate::menu::tip(ui.ctx(), Command::ClearSelection);
        if ui.add(button).on_hover_text(tip).clicked() {
            Command::ClearSelection.perform(ui.ctx(), frame);
        }
        if self.is_here {
            let name = format!("Write the selection of {} as a filter", cell.name);
            let button = Button::new("Write as filter").quiet().small().name(&name);
            let tip = Command::WriteFilter.tooltip();
            if ui.add(button).on_hover_text(tip).clicked() {
                frame.view.selected = Some(block.id);
                Command::WriteFilter.perform(ui.ctx(), frame);
            }
        }
    }

    /// Shows which rows were chosen, in the room that is left.
    pub fn words_ui(&self, ui: &mut Ui) {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
            words_in(ui, &self.words, self.color);
        });
    }
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
