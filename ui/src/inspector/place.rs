//! Where a run belongs: the reasons of the verdict in their order, then the places, then the one button.

use super::{heading_ui, nothing_ui};
use crate::cell::problem_ui;
use crate::command::Command;
use crate::fonts;
use crate::menu::tip;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::training::device_words;
use crate::verdict::{cost, reason_color, reason_word, spread};
use crate::view::{Frame, verdict_of};
use crate::widgets::{Button, Segments, bar_ui, dot, focus_ring_at, line, paint_left, paint_right, text_ui};
use aloft_protocol::Operation;
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{CellState, TargetView};
use aloft_spec::text;
use aloft_spec::verdict::{Placement, Reason, ReasonKind, ReasonState, Verdict};
use egui::{CornerRadius, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

/// The tab.
pub fn places_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some((block, cell)) = frame.train_cell() else {
        return nothing_ui(
            ui,
            "A training says here what it would cost on this machine, and where else it could run",
        );
    };
    let t = Tokens::of(ui);
    let room = vec2(ui.available_width(), size::CONTROL);
    ui.allocate_ui_with_layout(room, egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let mut rows = frame.view.rows_of(block);
        let options = [(Rows::Sample, "Sample"), (Rows::All, "All rows")];
        if Segments::new(&options).small().ui(ui, &mut rows) {
            frame.view.rows.insert(block, rows);
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let name = line(
                ui,
                &cell.name,
                fonts::mono(font::CODE),
                t.text,
                ui.available_width(),
            );
            ui.label(name);
        });
    });
    let rows = frame.view.rows_of(block);
    let verdict = verdict_of(cell, rows);
    match verdict {
        Some(verdict) => reasons_ui(ui, verdict),
        // What keeps it from being measured says more than that it wasn't.
        None if matches!(cell.state, CellState::Failed { .. }) && cell.training.is_none() => {
            ui.add_space(space::S);
            if let CellState::Failed { problem } = &cell.state {
                problem_ui(ui, problem);
            }
        }
        None => {
            ui.add_space(space::S);
            let words = "Not measured yet. Some steps of the real model on this machine say what the whole run takes.";
            text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        }
    }
    ui.add_space(space::S);
    let again = if verdict.is_some() {
        "Measure again"
    } else {
        "Measure"
    };
    let tooltip = tip(ui.ctx(), Command::Measure);
    if ui
        .add(Button::new(again).quiet().small())
        .on_hover_text(tooltip)
        .clicked()
    {
        frame.send(Operation::Plan { block, rows });
    }
    targets_ui(ui, frame, verdict);
    send_ui(ui, frame, verdict);
}

fn reasons_ui(ui: &mut Ui, verdict: &Verdict) {
    ui.add_space(space::S);
    for reason in &verdict.reasons {
        reason_ui(ui, reason, verdict);
        ui.add_space(space::S + 1.0);
    }
    let t = Tokens::of(ui);
    let forecast = &verdict.forecast;
    if forecast.steps_measured > 0 {
        let words = format!(
            "{} rows, {} steps; measured over {} steps on {}",
            text::thousands(forecast.rows),
            text::thousands(forecast.steps),
            text::thousands(forecast.steps_measured),
            device_words(&forecast.device),
        );
        text_ui(ui, words, fonts::regular(font::SMALL), t.dim);
    }
}

fn reason_ui(ui: &mut Ui, reason: &Reason, verdict: &Verdict) {
    let t = Tokens::of(ui);
    let indent = size::DOT + space::M;
    let word = reason_word(reason.kind);
    let mut value = reason.value.clone();
    if reason.kind == ReasonKind::Time
        && let Some(spread) = spread(&verdict.forecast.seconds)
    {
        value = format!("{value} {spread}");
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{word}: {value}. {}", reason.text)));
    let y = rect.center().y;
    dot(
        ui.painter(),
        egui::pos2(rect.left() + size::DOT / 2.0, y),
        reason_color(reason.state, t),
    );
    let over = reason.state == ReasonState::Over;
    let galley = line(
        ui,
        &value,
        fonts::regular(font::BODY),
        if over { t.bad } else { t.text },
        rect.width() * 0.6,
    );
    paint_right(ui.painter(), galley, rect.right(), y);
    let galley = line(ui, word, fonts::semibold(font::BODY), t.text, rect.width() * 0.5);
    paint_left(ui.painter(), galley, rect.left() + indent, y);
    response.on_hover_text(format!("Set by {} in aloft.toml", reason.setting));
    let margin = egui::Margin {
        left: indent as i8,
        ..egui::Margin::ZERO
    };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        if let Some(share) = reason.share {
            ui.add_space(2.0);
            bar_ui(ui, ui.available_width(), share, reason_color(reason.state, t));
            ui.add_space(3.0);
        }
        // Where all is well the number and its bar say enough; the sentence is there for the rest.
        if reason.share.is_none() || reason.state != ReasonState::Ok {
            text_ui(ui, reason.text.as_str(), fonts::regular(font::SMALL + 0.5), t.dim);
        }
    });
}

fn targets_ui(ui: &mut Ui, frame: &mut Frame<'_>, verdict: Option<&Verdict>) {
    heading_ui(ui, "Where");
    let here = verdict.map_or_else(
        || "not measured".to_owned(),
        |verdict| text::duration(verdict.forecast.seconds.mid),
    );
    let belongs_here = verdict.is_some_and(|verdict| verdict.placement != Placement::Cloud);
    let device = frame.snapshot.machine.device.as_str();
    place_ui(ui, "This machine", &here, device, belongs_here, Sense::hover());
    let chosen = frame.target().map(str::to_owned);
    let targets: &[TargetView] = frame.project().map_or(&[], |project| &project.targets);
    for target in targets {
        ui.add_space(space::XS + 1.0);
        let tested = match &target.tested {
            Some(Ok(said)) => said.clone(),
            Some(Err(problem)) => problem.message.clone(),
            None => target.spec.address(),
        };
        let selected = !belongs_here && chosen.as_deref() == Some(target.name.as_str());
        let kind = target.spec.kind();
        if place_ui(ui, &target.name, kind, &tested, selected, Sense::click()).clicked() {
            frame.view.target = Some(target.name.clone());
        }
    }
    if targets.is_empty() {
        ui.add_space(space::S);
        let t = Tokens::of(ui);
        let words = "No targets yet. Any Linux machine that you reach over SSH can be one.";
        text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        ui.add_space(space::S);
        if ui.add(Button::new(Command::AddTarget.text())).clicked() {
            Command::AddTarget.perform(ui.ctx(), frame);
        }
    }
}

/// A place with its figures; the selected one carries the accent.
fn place_ui(ui: &mut Ui, name: &str, right: &str, below: &str, selected: bool, sense: Sense) -> Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), sense);
    response.widget_info(|| {
        let role = if sense.senses_click() {
            Role::RadioButton
        } else {
            Role::Label
        };
        WidgetInfo::selected(role, true, selected, format!("{name}: {right}"))
    });
    let (fill, edge) = match selected {
        true => (t.selected, t.accent),
        false if response.hovered() && sense.senses_click() => (t.hovered, t.line),
        false => (t.raised, t.line),
    };
    let corner = CornerRadius::same(radius::CONTROL);
    ui.painter()
        .rect(rect, corner, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    let (left, end) = (rect.left() + space::M, rect.right() - space::M);
    let y = rect.top() + 18.0;
    let galley = line(ui, right, fonts::regular(font::BODY), t.text, 120.0);
    let room = paint_right(ui.painter(), galley, end, y).left() - left - space::S;
    let galley = line(ui, name, fonts::medium(font::BODY), t.text, room);
    paint_left(ui.painter(), galley, left, y);
    let galley = line(ui, below, fonts::regular(font::SMALL + 0.5), t.dim, end - left);
    paint_left(ui.painter(), galley, left, rect.top() + 36.0);
    if response.has_focus() {
        focus_ring_at(ui, rect, radius::CONTROL);
    }
    response
}

fn send_ui(ui: &mut Ui, frame: &mut Frame<'_>, verdict: Option<&Verdict>) {
    let Some(target) = frame.target().map(str::to_owned) else {
        return;
    };
    let t = Tokens::of(ui);
    let blocked = verdict.is_some_and(|verdict| verdict.placement == Placement::Blocked);
    ui.add_space(space::M + 2.0);
    let mut button = Button::new(Command::SendToCloud.text()).wide();
    if verdict.is_some_and(|verdict| verdict.placement == Placement::Cloud) {
        button = button.primary();
    }
    let tooltip = tip(ui.ctx(), Command::SendToCloud);
    if ui.add_enabled(!blocked, button).on_hover_text(tooltip).clicked() {
        Command::SendToCloud.perform(ui.ctx(), frame);
    }
    ui.add_space(space::S);
    let words = match verdict {
        Some(verdict) if blocked => verdict
            .reasons
            .iter()
            .find(|reason| reason.kind == ReasonKind::Privacy)
            .map_or_else(|| cost(verdict), |reason| reason.text.clone()),
        _ => format!("Nothing leaves this machine before you have seen what would go to {target}"),
    };
    text_ui(ui, words, fonts::regular(font::SMALL + 0.5), t.dim);
    ui.add_space(space::XS);
    if ui
        .add(Button::new(Command::ManageTargets.text()).quiet().small())
        .clicked()
    {
        Command::ManageTargets.perform(ui.ctx(), frame);
    }
}
