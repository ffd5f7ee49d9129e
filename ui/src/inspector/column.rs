//! What is known about the selected column.

use super::{heading_ui, name_ui, nothing_ui};
use crate::cell::foot;
use crate::fonts;
use crate::table::histogram_bars;
use crate::tokens::{Tokens, font, space};
use crate::training::noted_pairs_ui;
use crate::view::{Frame, cell_of};
use crate::widgets::{Button, line, paint_left, paint_right, text_ui};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::output::{Output, TableOutput};
use aloft_spec::profile::{ColumnProfile, Measure};
use aloft_spec::table::ColumnKind;
use aloft_spec::{CellKind, text};
use egui::{CornerRadius, Rect, Role, Sense, Ui, WidgetInfo, vec2};

/// The tab.
pub fn column_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some((block, name)) = frame.view.column.clone() else {
        return nothing_ui(ui, "Click a column's header to see what it holds");
    };
    let cell = frame.block(block).and_then(cell_of);
    let Some((cell, Output::Table(output))) = cell.and_then(|cell| Some((cell, cell.output.as_ref()?)))
    else {
        return nothing_ui(
            ui,
            "The table of this column isn't there any more; click another column's header",
        );
    };
    let Some(profile) = output
        .profile
        .columns
        .iter()
        .find(|column| column.field.name == name)
    else {
        return nothing_ui(
            ui,
            "This column isn't in the table any more; click another column's header",
        );
    };
    let t = Tokens::of(ui);
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        name_ui(ui, &name, &profile.field.dtype, fonts::mono(font::SMALL));
    });
    ui.add_space(2.0);
    let extent = foot::extent_words(cell, &output.profile.extent);
    let extent = format!("{} · {extent}", cell.name);
    text_ui(ui, extent, fonts::regular(font::SMALL + 0.5), t.dim);
    picture_ui(ui, profile);
    facts_ui(ui, profile, output);
    top_ui(ui, profile, output);
    associations_ui(ui, &name, output);
    if matches!(cell.kind, CellKind::Source | CellKind::Query) {
        actions_ui(ui, frame, block, &name);
    }
}

fn actions_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, column: &str) {
    ui.add_space(space::L);
    ui.horizontal(|ui| {
        let column = column.to_owned();
        if ui.add(Button::new("Predict this column…")).clicked() {
            frame.add(Operation::PredictColumn { block, column });
        } else if ui.add(Button::new("Chart it").quiet()).clicked() {
            frame.add(Operation::ChartColumn { block, column });
        }
    });
}

fn picture_ui(ui: &mut Ui, profile: &ColumnProfile) {
    let t = Tokens::of(ui);
    let Some(histogram) = &profile.histogram else {
        return;
    };
    ui.add_space(space::M);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 72.0), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Image, true, format!("Histogram of {}", profile.field.name))
    });
    histogram_bars(ui.painter(), rect, histogram, t);
    ui.painter().hline(
        rect.x_range(),
        rect.bottom() + 0.5,
        egui::Stroke::new(1.0, t.line),
    );
    let (below, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let small = |words: &str| line(ui, words, fonts::regular(font::SMALL), t.dim, below.width() / 2.0);
    let low = profile
        .min
        .clone()
        .unwrap_or_else(|| text::significant_digits(histogram.low, 4));
    let high = profile
        .max
        .clone()
        .unwrap_or_else(|| text::significant_digits(histogram.high, 4));
    paint_left(ui.painter(), small(&low), below.left(), below.center().y + 2.0);
    paint_right(ui.painter(), small(&high), below.right(), below.center().y + 2.0);
}

fn facts_ui(ui: &mut Ui, profile: &ColumnProfile, output: &TableOutput) {
    heading_ui(ui, "Values");
    let rows = output.profile.extent.rows;
    let number = |value: f64| text::significant_digits(value, 5);
    let mut facts = vec![(
        "missing",
        match profile.nulls {
            0 => "none".to_owned(),
            nulls => format!("{} · {}", text::thousands(nulls), text::percent(nulls, rows)),
        },
        None,
    )];
    let (about, note) = if profile.distinct_approximate {
        ("about ", Some("Estimated: within 2 %".to_owned()))
    } else {
        ("", None)
    };
    facts.push((
        "different",
        format!("{about}{}", text::thousands(profile.distinct)),
        note,
    ));
    if profile.field.kind != ColumnKind::Boolean {
        facts.extend(profile.min.clone().map(|value| ("smallest", value, None)));
        facts.extend(profile.max.clone().map(|value| ("largest", value, None)));
    }
    if let Some(mean) = profile.mean {
        facts.push(match profile.field.kind {
            ColumnKind::Boolean => ("true", format!("{:.1} %", mean * 100.0), None),
            _ => ("mean", number(mean), None),
        });
    }
    facts.extend(
        profile
            .std
            .map(|value| ("standard deviation", number(value), None)),
    );
    if let Some(quantiles) = profile.quantiles {
        let names = ["5 %", "25 %", "median", "75 %", "95 %"];
        let (about, note) = match profile.rank_error {
            None => ("", None),
            Some(error) => {
                let error = text::significant_digits(error * 100.0, 2);
                (
                    "about ",
                    Some(format!(
                        "Estimated: the share of rows below it is off by at most {error} %"
                    )),
                )
            }
        };
        let quantiles = quantiles.map(|value| format!("{about}{}", number(value)));
        facts.extend(
            names
                .into_iter()
                .zip(quantiles)
                .map(|(name, value)| (name, value, note.clone())),
        );
    }
    facts.extend(profile.lengths.map(|lengths| {
        let letters = format!(
            "{} – {} letters",
            text::thousands(lengths.min),
            text::thousands(lengths.max)
        );
        (
            "length",
            letters,
            Some(format!("{} letters on average", number(lengths.mean))),
        )
    }));
    facts.extend(profile.gaps.as_ref().map(|gaps| match gaps.missing {
        0 => ("days without rows", "none".to_owned(), None),
        missing => {
            let longest = match gaps.longest {
                1 => "at most one in a row".to_owned(),
                days => format!("longest: {} days", text::thousands(days)),
            };
            let from = gaps
                .longest_from
                .iter()
                .map(|day| format!("{longest}, from {day}"))
                .next();
            let days = text::thousands(gaps.days);
            (
                "days without rows",
                format!("{} of {days}", text::thousands(missing)),
                from,
            )
        }
    }));
    noted_pairs_ui(ui, "column", facts.into_iter());
}

/// The columns that go with this one.
fn associations_ui(ui: &mut Ui, name: &str, output: &TableOutput) {
    const MOST: usize = 5;
    let Some(associations) = &output.profile.associations else {
        return;
    };
    let pairs: Vec<_> = associations
        .strongest
        .iter()
        .filter(|pair| pair.a == name || pair.b == name)
        .take(MOST)
        .map(|pair| {
            let other = if pair.a == name { &pair.b } else { &pair.a };
            let measure = match pair.measure {
                Measure::Pearson => "Pearson's correlation",
                Measure::CorrelationRatio => "The correlation ratio",
                Measure::CramersV => "Cramér's V",
            };
            let rows = text::thousands(associations.rows);
            (
                other.as_str(),
                format!("{:.2}", pair.value),
                Some(format!("{measure} of {rows} rows")),
            )
        })
        .collect();
    if !pairs.is_empty() {
        heading_ui(ui, "Goes with");
        noted_pairs_ui(ui, "associations", pairs.into_iter());
    }
}

fn top_ui(ui: &mut Ui, profile: &ColumnProfile, output: &TableOutput) {
    let Some(most) = profile.top.first() else {
        return;
    };
    let t = Tokens::of(ui);
    heading_ui(ui, "Most frequent");
    if let Some(error) = profile.top_error {
        let words = format!("counts may be up to {} too low", text::thousands(error));
        text_ui(ui, words, fonts::regular(font::SMALL), t.dim);
    }
    let rows = output.profile.extent.rows.saturating_sub(profile.nulls);
    for top in &profile.top {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 21.0), Sense::hover());
        let share = top.count as f32 / most.count.max(1) as f32;
        let bar = Rect::from_min_size(
            rect.min,
            vec2((rect.width() * share).max(2.0), rect.height() - 2.0),
        );
        let color = t.accent_quiet.gamma_multiply(0.45);
        ui.painter().rect_filled(bar, CornerRadius::same(3), color);
        let y = bar.center().y;
        let right = line(
            ui,
            &text::percent(top.count, rows),
            fonts::regular(font::SMALL + 0.5),
            t.dim,
            80.0,
        );
        let end = paint_right(ui.painter(), right, rect.right() - space::XS, y).left();
        let room = end - rect.left() - space::L;
        let value = line(ui, &top.value, fonts::regular(font::BODY), t.text, room);
        paint_left(ui.painter(), value, rect.left() + 6.0, y);
    }
}
