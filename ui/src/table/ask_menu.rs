//! The menu of a column, and of a cell: questions that become queries.

use crate::fonts;
use crate::menu;
use crate::tokens::{Tokens, font, radius, space};
use crate::widgets::{Button, text_ui};
use aloft_spec::ask::{Ask, Condition, JoinKeys};
use aloft_spec::profile::ColumnProfile;
use aloft_spec::table::ColumnKind;
use aloft_spec::text::percent;
use egui::{Id, Popup, PopupCloseBehavior, Response, TextEdit, Ui};

/// Values that a menu offers.
const VALUES: usize = 6;
const FIELD: f32 = 88.0;
const WIDTH: f32 = 288.0;

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// A question.
    Ask(Ask),
    /// A picture of the column.
    Chart,
    /// A model that predicts it.
    Predict,
    /// The selected cells as text.
    Copy,
}

/// The menu of a column: below its button, or where the header was clicked with the other mouse button.
pub fn column_menu(
    button: &Response,
    header: &Response,
    column: &ColumnProfile,
    rows: u64,
    joins: &[JoinKeys],
) -> Option<Chosen> {
    let mut chosen = None;
    for popup in [Popup::menu(button), Popup::context_menu(header)] {
        popup
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| {
                ui.set_width(WIDTH);
                ui.spacing_mut().item_spacing.y = 0.0;
                chosen = chosen.take().or(column_ui(ui, column, rows, joins));
                if chosen.is_some() {
                    ui.close();
                }
            });
    }
    chosen
}

fn column_ui(ui: &mut Ui, column: &ColumnProfile, rows: u64, joins: &[JoinKeys]) -> Option<Chosen> {
    let mut chosen = None;
    let name = &column.field.name;
    let mut entry = |ui: &mut Ui, text: &str, right: &str, what: Chosen| {
        if menu::item(ui, text, right, true).clicked() {
            chosen = Some(what);
        }
    };
    let sort = |descending| {
        Chosen::Ask(Ask::Sort {
            column: name.clone(),
            descending,
        })
    };
    let filter = |condition| {
        Chosen::Ask(Ask::Filter {
            column: name.clone(),
            condition,
        })
    };
    entry(ui, "Sort ascending", "", sort(false));
    entry(ui, "Sort descending", "", sort(true));
    ui.separator();
    let is_listed = !matches!(
        column.field.kind,
        ColumnKind::Float | ColumnKind::Other | ColumnKind::Time
    );
    let values = column.top.iter().take(if is_listed { VALUES } else { 0 });
    let counted = rows.saturating_sub(column.nulls);
    for top in values {
        let value = top.value.clone();
        let text = format!("Only {name} = {}", super::one_line(&value));
        entry(
            ui,
            &text,
            &percent(top.count, counted),
            filter(Condition::Is { value }),
        );
    }
    if column.nulls > 0 {
        let missing = percent(column.nulls, rows);
        entry(ui, "Only rows with a value", "", filter(Condition::Present));
        entry(
            ui,
            "Only rows without a value",
            &missing,
            filter(Condition::Missing),
        );
    }
    let has_range = column.histogram.is_some() && column.field.kind != ColumnKind::Time;
    let range = has_range.then(|| range_ui(ui, column)).flatten();
    ui.separator();
    entry(
        ui,
        "Count by value",
        "",
        Chosen::Ask(Ask::Group { column: name.clone() }),
    );
    if has_range {
        entry(
            ui,
            "Count in stretches",
            "",
            Chosen::Ask(Ask::Bin { column: name.clone() }),
        );
    }
    for join in joins {
        let text = format!("Join {} by {}", join.table, join.keys.join(", "));
        entry(ui, &text, "", Chosen::Ask(Ask::Join(join.clone())));
    }
    ui.separator();
    entry(ui, "Chart this column", "", Chosen::Chart);
    entry(ui, "Predict it", "", Chosen::Predict);
    chosen.or(range.map(filter))
}

/// Two fields for the ends of a range, and the button that keeps it.
fn range_ui(ui: &mut Ui, column: &ColumnProfile) -> Option<Condition> {
    let id = Id::unique(("range of", &column.field.name));
    let stored: Option<(String, String)> = ui.data(|data| data.get_temp(id));
    let end = |value: &Option<String>| value.clone().unwrap_or_default();
    let (mut min, mut max) = stored.unwrap_or_else(|| (end(&column.min), end(&column.max)));
    let mut kept = false;
    ui.horizontal(|ui| {
        ui.add_space(space::S);
        ui.spacing_mut().item_spacing.x = space::XS;
        let t = Tokens::of(ui);
        for (text, name) in [(&mut min, "Least"), (&mut max, "Greatest")] {
            if name == "Greatest" {
                text_ui(ui, "to", fonts::regular(font::BODY), t.dim);
            }
            let field = TextEdit::singleline(text)
                .font(fonts::regular(font::BODY))
                .desired_width(FIELD)
                .frame(
                    egui::Frame::new()
                        .fill(t.code)
                        .corner_radius(egui::CornerRadius::same(radius::CONTROL))
                        .inner_margin(egui::Margin::symmetric(space::XS as i8 + 2, 2)),
                )
                .show(ui);
            field.response.response.accessible_name(name);
        }
        kept = ui
            .add(Button::new("Keep").small().name("Keep this range"))
            .clicked();
    });
    let condition = Condition::Between {
        min: (!min.trim().is_empty()).then(|| min.trim().to_owned()),
        max: (!max.trim().is_empty()).then(|| max.trim().to_owned()),
    };
    ui.data_mut(|data| {
        if kept {
            data.remove::<(String, String)>(id);
        } else {
            data.insert_temp(id, (min, max));
        }
    });
    kept.then_some(condition)
}

/// The menu of a cell, where the table was clicked with the other mouse button; a null has no value.
pub fn cell_menu(body: &Response, column: &str, kind: ColumnKind, value: Option<&str>) -> Option<Chosen> {
    let mut chosen = None;
    Popup::context_menu(body).show(|ui| {
        ui.set_min_width(menu::WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        if menu::item(ui, "Copy", "Ctrl C", true).clicked() {
            chosen = Some(Chosen::Copy);
        }
        let filter = |condition| {
            Some(Chosen::Ask(Ask::Filter {
                column: column.to_owned(),
                condition,
            }))
        };
        // What is shown of a real number has fewer digits than the number.
        let can_be_equal = !matches!(kind, ColumnKind::Float | ColumnKind::Other | ColumnKind::Time);
        match value {
            Some(value) if can_be_equal => {
                let shown = super::one_line(value);
                let value = value.to_owned();
                if menu::item(ui, &format!("Only {column} = {shown}"), "", true).clicked() {
                    chosen = filter(Condition::Is { value });
                } else if menu::item(ui, &format!("All but {column} = {shown}"), "", true).clicked() {
                    chosen = filter(Condition::IsNot { value });
                }
            }
            Some(_) => {}
            None => {
                if menu::item(ui, "Only rows with a value", "", true).clicked() {
                    chosen = filter(Condition::Present);
                }
            }
        }
        if chosen.is_some() {
            ui.close();
        }
    });
    chosen
}
