//! What a run came to: how good its model is, where it is wrong, and what it looks at.

mod confusion;
mod dependence;
mod forecasts;
mod importance;
mod pane;
mod reliability;
mod residuals;
mod result;
mod threshold;
mod worst;

use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::training;
use crate::view::Frame;
use crate::widgets::{Segments, line_ui, text_ui};
use aloft_protocol::BlockId;
use aloft_protocol::snapshot::TrainingView;
use aloft_spec::event::Phase;
use aloft_spec::report::{Costs, Evaluation, Rank, Report};
use aloft_spec::text::thousands;
use egui::{Align, Layout, Margin, Response, Role, Ui, WidgetInfo, vec2};

/// Height of the charts that stand side by side.
const HEIGHT: f32 = 200.0;
/// From this width on parts stand side by side.
const SIDE_BY_SIDE: f32 = 600.0;

/// What is shown of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReportView {
    tab: Tab,
    costs: Costs,
    /// The forecast that is shown.
    forecast: Rank,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Tab {
    /// Metrics beside base lines.
    #[default]
    Result,
    /// Where the model is wrong.
    Errors,
    /// What it looks at.
    Columns,
}

/// Below a line, with room around what is shown and between its parts.
fn framed(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    line_ui(ui);
    egui::Frame::new()
        .inner_margin(Margin::symmetric(space::M as i8 + 2, space::S as i8 + 2))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing = vec2(space::S, space::S);
            contents(ui);
        });
}

/// What the report says of the model in a sentence.
fn conclusion_ui(ui: &mut Ui, report: &Report) {
    let t = Tokens::of(ui);
    text_ui(
        ui,
        report.conclusion.as_str(),
        fonts::regular(font::PROSE),
        t.text,
    );
}

/// Shows a report over the whole width.
pub fn report_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: BlockId,
    training: &TrainingView,
    report: &Report,
    evaluation: &Evaluation,
) {
    let mut view = frame.view.reports.get(&block).copied().unwrap_or_default();
    framed(ui, |ui| {
        let explained = report.explanation.is_some() || training.phase == Some(Phase::Explain);
        head_ui(ui, &mut view, explained, evaluation);
        match view.tab {
            Tab::Result => {
                conclusion_ui(ui, report);
                result::result_ui(ui, training, report, evaluation);
            }
            Tab::Errors => errors_ui(ui, &mut view, block, report, evaluation),
            Tab::Columns => match &report.explanation {
                Some(explanation) => {
                    importance::importance_ui(ui, explanation);
                    dependence::dependence_ui(ui, report, explanation);
                }
                None => nothing_ui(ui, "What the model looks at is being worked out"),
            },
        }
    });
    frame.view.reports.insert(block, view);
}

/// Shows a report of a run that isn't evaluated row by row: what it says, its metrics, and its forecasts where it makes any.
pub fn brief_report_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: BlockId,
    training: &TrainingView,
    report: &Report,
) {
    let mut view = frame.view.reports.get(&block).copied().unwrap_or_default();
    framed(ui, |ui| {
        conclusion_ui(ui, report);
        if let Some(forecasts) = &report.forecasts {
            forecasts::forecasts_ui(ui, &mut view.forecast, &report.target, forecasts);
        }
    });
    training::metrics_ui(ui, training);
    frame.view.reports.insert(block, view);
}

/// The tabs, and which rows the numbers are of.
fn head_ui(ui: &mut Ui, view: &mut ReportView, explained: bool, evaluation: &Evaluation) {
    let tabs = [
        (Tab::Result, "Result"),
        (Tab::Errors, "Errors"),
        (Tab::Columns, "Columns"),
    ];
    // Of a run that was stopped nothing is explained.
    let tabs = if explained { &tabs[..] } else { &tabs[..2] };
    if !explained && view.tab == Tab::Columns {
        view.tab = Tab::Result;
    }
    ui.horizontal(|ui| {
        Segments::new(tabs).small().ui(ui, &mut view.tab);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let t = Tokens::of(ui);
            let words = format!(
                "{} {} rows, run on {}",
                thousands(evaluation.rows),
                evaluation.split,
                evaluation.extent
            );
            let label = egui::RichText::new(words)
                .font(fonts::regular(font::SMALL))
                .color(t.dim);
            ui.label(label).on_hover_text(how(evaluation));
        });
    });
}

/// How the intervals were made.
fn how(evaluation: &Evaluation) -> String {
    let bootstrap = &evaluation.bootstrap;
    let some = match bootstrap.rows < evaluation.rows {
        true => format!(
            ", from {} random ones of them and narrowed to as many as there are",
            thousands(bootstrap.rows)
        ),
        false => String::new(),
    };
    let stratified = if bootstrap.stratified {
        " within each class"
    } else {
        ""
    };
    format!(
        "Intervals hold {} % of {} resamples: rows are drawn again with replacement{stratified}{some}.",
        bootstrap.level * 100.0,
        thousands(u64::from(bootstrap.resamples)),
    )
}

fn errors_ui(ui: &mut Ui, view: &mut ReportView, block: BlockId, report: &Report, evaluation: &Evaluation) {
    beside(
        ui,
        |ui| match (&evaluation.residuals, report.confusion.get(&evaluation.split)) {
            (Some(residuals), _) => residuals::residuals_ui(ui, residuals, evaluation),
            (None, Some(confusion)) => confusion::confusion_ui(ui, &report.classes, confusion),
            (None, None) => {}
        },
        |ui| reliability::reliability_ui(ui, report, evaluation),
    );
    if let Some(thresholds) = &evaluation.thresholds {
        threshold::threshold_ui(ui, &mut view.costs, thresholds, &evaluation.split);
    }
    worst::worst_ui(ui, block, report, evaluation);
}

/// Two parts side by side, or below each other where the room is narrow.
fn beside(ui: &mut Ui, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    if ui.available_width() < SIDE_BY_SIDE {
        left(ui);
        right(ui);
        return;
    }
    let width = (ui.available_width() - space::L) / 2.0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        ui.vertical(|ui| {
            ui.set_width(width);
            left(ui);
        });
        ui.vertical(|ui| {
            ui.set_width(width);
            right(ui);
        });
    });
}

/// The title of a part.
fn title_ui(ui: &mut Ui, title: &str) -> Response {
    let t = Tokens::of(ui);
    ui.add_space(space::XS);
    let response = text_ui(ui, title, fonts::semibold(font::SMALL), t.dim);
    ui.add_space(-space::XS);
    response
}

/// Words where there is nothing to show.
fn nothing_ui(ui: &mut Ui, words: &str) {
    let t = Tokens::of(ui);
    text_ui(ui, words, fonts::regular(font::BODY), t.dim);
}

/// Small words that go with a part.
fn note_ui(ui: &mut Ui, words: impl Into<String>) {
    let t = Tokens::of(ui);
    text_ui(ui, words, fonts::regular(font::SMALL), t.dim);
}

/// What a screen reader says of a row that is painted.
fn spoken(response: &Response, words: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}
