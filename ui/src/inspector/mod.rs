//! The inspector at the right: a column, a run, or where a run belongs.

mod column;
mod place;
mod run;

pub use run::can_resume;

use crate::focus;
use crate::tokens::{Tokens, space};
use crate::view::Frame;
use crate::widgets::{Segments, line};
use egui::{FontId, Margin, ScrollArea, Ui};

/// What the inspector shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    /// The profile of a column.
    Column,
    /// Metrics of a run.
    Run,
    /// The verdict and the places.
    #[default]
    Places,
}

const TABS: [(Tab, &str); 3] = [
    (Tab::Column, "Column"),
    (Tab::Run, "Run"),
    (Tab::Places, "Where it runs"),
];

/// Shows the inspector in its panel.
pub fn inspector_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(space::S + 2.0);
    ui.horizontal(|ui| {
        ui.add_space(space::M);
        let mut tab = frame.view.tab;
        if Segments::new(&TABS).first_of(focus::INSPECTOR).ui(ui, &mut tab) {
            frame.view.tab = tab;
        }
    });
    ui.add_space(space::S);
    ScrollArea::vertical()
        .id_salt("inspector")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            egui::Frame::new()
                .inner_margin(Margin {
                    left: space::L as i8,
                    right: space::L as i8,
                    top: space::XS as i8,
                    bottom: space::XL as i8,
                })
                .show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    match frame.view.tab {
                        Tab::Column => column::column_ui(ui, frame),
                        Tab::Run => run::run_ui(ui, frame),
                        Tab::Places => place::places_ui(ui, frame),
                    }
                });
        });
}

/// A heading within the inspector.
fn heading_ui(ui: &mut Ui, text: &str) {
    let t = Tokens::of(ui);
    ui.add_space(space::M);
    let font = crate::fonts::semibold(crate::tokens::font::SMALL);
    crate::widgets::text_ui(ui, text, font, t.dim);
    ui.add_space(space::XS + 2.0);
}

/// What a tab says when there is nothing to show.
fn nothing_ui(ui: &mut Ui, words: &str) {
    let t = Tokens::of(ui);
    ui.add_space(space::S);
    let font = crate::fonts::regular(crate::tokens::font::BODY);
    crate::widgets::text_ui(ui, words, font, t.dim);
}

/// A name, cut where it is too long, with a word behind it.
fn name_ui(ui: &mut Ui, name: &str, word: &str, word_font: FontId) {
    let t = Tokens::of(ui);
    let gap = ui.spacing().item_spacing.x;
    let word = line(ui, word, word_font, t.dim, ui.available_width() / 2.0);
    let room = ui.available_width() - word.size().x - gap;
    let face = crate::fonts::mono(crate::tokens::font::PROSE);
    let name = line(ui, name, face, t.text, room);
    ui.label(name);
    ui.label(word);
}
