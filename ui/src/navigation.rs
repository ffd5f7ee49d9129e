//! Navigation at the left: notebooks, cells, data, runs, jobs.

use crate::cell::{dot_of, is_hollow};
use crate::command::{Command, show_tab};
use crate::focus;
use crate::inspector::Tab;
use crate::metrics;
use crate::tokens::{Tokens, space};
use crate::view::{Frame, block_id, cell_of};
use crate::widgets::{Button, Icon, Row, section_ui};
use aloft_protocol::Operation;
use aloft_protocol::snapshot::{CellState, CellView, ProjectView};
use aloft_spec::job::JobState;
use aloft_spec::run::{RunRow, RunStatus, RunSummary, SweepRow, fold_trials};
use aloft_spec::text;
use egui::{Color32, ScrollArea, Ui};

/// Runs that are listed before the rest is folded.
const RUNS_SHOWN: usize = 12;

/// Shows navigation in its panel.
pub fn navigation_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some(project) = frame.project() else {
        return;
    };
    ScrollArea::vertical()
        .id_salt("navigation")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add_space(space::S);
            notebooks_ui(ui, frame, project);
            cells_ui(ui, frame);
            files_ui(ui, frame, project);
            runs_ui(ui, frame, project);
            jobs_ui(ui, frame, project);
            ui.add_space(space::L);
        });
}

fn notebooks_ui(ui: &mut Ui, frame: &mut Frame<'_>, project: &ProjectView) {
    let heading = section_ui(ui, "Notebooks");
    let plus = egui::Rect::from_center_size(
        heading.rect.right_center() - egui::vec2(space::L + 4.0, -2.0),
        egui::Vec2::splat(22.0),
    );
    let add = ui.put(plus, Button::icon_only(Icon::Plus, Command::NewNotebook.text()));
    if add.on_hover_text(Command::NewNotebook.tooltip()).clicked() {
        Command::NewNotebook.perform(ui.ctx(), frame);
    }
    let open = project.notebook.as_ref().map(|notebook| notebook.path.as_str());
    for (index, notebook) in project.notebooks.iter().enumerate() {
        let selected = open == Some(notebook.as_str());
        let response = Row::new(short_name(notebook)).selected(selected).ui(ui);
        if index == 0 {
            focus::take(ui, focus::NAVIGATION, &response);
        }
        if response.on_hover_text(notebook).clicked() && !selected {
            frame.send(Operation::OpenNotebook {
                notebook: notebook.clone(),
            });
        }
    }
}

/// `late_arrivals` of `notebooks/late_arrivals.aloft.md`
pub fn short_name(notebook: &str) -> &str {
    let file = notebook.rsplit('/').next().unwrap_or(notebook);
    file.strip_suffix(".aloft.md").unwrap_or(file)
}

fn cells_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some(notebook) = frame.notebook() else {
        return;
    };
    let t = Tokens::of(ui);
    let cells: Vec<_> = notebook
        .blocks
        .iter()
        .filter_map(|block| Some((block.id, cell_of(block)?)))
        .collect();
    if cells.is_empty() {
        return;
    }
    ui.add_space(space::XS);
    section_ui(ui, "Cells");
    for (id, cell) in cells {
        let right = right_of(cell);
        let selected = frame.view.selected == Some(id);
        let row = Row::new(&cell.name)
            .right(&right)
            .mark(dot_of(&cell.state, t))
            .hollow(is_hollow(&cell.state));
        let row = row.selected(selected);
        if row.name(format!("Go to {}, {right}", cell.name)).ui(ui).clicked() {
            frame.go_to(id);
            focus::give(ui.ctx(), block_id(id));
        }
    }
}

/// `query`, `query · stale`, `train · 7/20`
fn right_of(cell: &CellView) -> String {
    let kind = cell.kind.word();
    match (&cell.state, &cell.training) {
        (CellState::Running { .. }, Some(training)) => {
            format!("{kind} · {}/{}", training.epoch, training.epochs)
        }
        (CellState::Stale, _) => format!("{kind} · stale"),
        (CellState::Failed { .. }, _) => format!("{kind} · failed"),
        (CellState::Running { .. }, None) => format!("{kind} · running"),
        _ => kind.to_owned(),
    }
}

fn files_ui(ui: &mut Ui, frame: &mut Frame<'_>, project: &ProjectView) {
    if project.files.is_empty() {
        return;
    }
    ui.add_space(space::XS);
    section_ui(ui, "Data");
    for file in &project.files {
        let name = file.path.strip_prefix("data/").unwrap_or(&file.path);
        let size = text::bytes(file.bytes);
        let response = Row::new(name)
            .right(&size)
            .name(format!("Add {} as a source", file.path))
            .ui(ui);
        let tip = format!("{}: click to add it as a source", file.path);
        if response.on_hover_text(tip).clicked() && frame.notebook().is_some() {
            frame.add(Operation::Drop {
                paths: vec![project.root.join(&file.path)],
            });
        }
    }
}

fn runs_ui(ui: &mut Ui, frame: &mut Frame<'_>, project: &ProjectView) {
    if project.runs.is_empty() {
        return;
    }
    ui.add_space(space::XS);
    section_ui(ui, "Runs");
    let rows = fold_trials(&project.runs);
    let t = Tokens::of(ui);
    // One row without room for the name of its metric, and none says it: they are compared at a glance.
    let fits = |row: &RunRow<'_>| match row {
        RunRow::Run(run) => {
            let (text, right) = (run_label(&project.runs, run), result_of(run));
            Row::new(&text).right(&right).mark(t.ok).fits(ui)
        }
        RunRow::Sweep(_) => true,
    };
    let brief = !rows.iter().take(RUNS_SHOWN).all(fits);
    for row in rows.iter().take(RUNS_SHOWN) {
        match row {
            RunRow::Run(run) => {
                let text = run_label(&project.runs, run);
                run_row_ui(ui, frame, run, Row::new(&text), &format!("Run {text}"), brief);
            }
            RunRow::Sweep(sweep) => sweep_ui(ui, frame, sweep, brief),
        }
    }
    let more = rows.len().saturating_sub(RUNS_SHOWN);
    if more > 0 {
        let text = format!("{more} more in the folder runs");
        if Row::new(&text).ui(ui).clicked() {
            frame.ask_shell(crate::ShellRequest::Reveal(project.root.join("runs")));
        }
    }
}

fn run_row_ui(ui: &mut Ui, frame: &mut Frame<'_>, run: &RunSummary, row: Row<'_>, name: &str, brief: bool) {
    let t = Tokens::of(ui);
    let right = result_of(run);
    let number = right
        .rsplit(' ')
        .next()
        .filter(|_| brief && run.status == RunStatus::Done);
    let selected = frame.view.tab == Tab::Run && frame.view.run.as_ref() == Some(&run.id);
    let row = row
        .right(number.unwrap_or(&right))
        .mark(run_color(run.status, t))
        .selected(selected);
    let mut response = row.name(format!("{name}, {right}")).ui(ui);
    if number.is_some() {
        response = response.on_hover_text(&right);
    }
    if response.clicked() {
        frame.view.run = Some(run.id.clone());
        show_tab(frame, Tab::Run);
    }
}

/// A sweep in one row; its trials below it once they are asked for.
fn sweep_ui(ui: &mut Ui, frame: &mut Frame<'_>, sweep: &SweepRow<'_>, brief: bool) {
    let t = Tokens::of(ui);
    let open = frame.view.open_sweeps.contains(sweep.key);
    let right = sweep.words();
    let verb = if open { "Hide" } else { "Show" };
    let row = Row::new(sweep.sweep)
        .right(&right)
        .mark(run_color(sweep.status(), t))
        .folds(open)
        .name(format!("{verb} the trials of {}, {right}", sweep.sweep));
    if row.ui(ui).clicked() && !frame.view.open_sweeps.remove(sweep.key) {
        frame.view.open_sweeps.insert(sweep.key.to_owned());
    }
    if !open {
        return;
    }
    for run in &sweep.trials {
        let number = run.trial.as_ref().map_or(0, |trial| trial.index);
        let text = format!("trial {number}");
        let name = format!("Trial {number} of {}", sweep.sweep);
        run_row_ui(ui, frame, run, Row::new(&text).within(), &name, brief);
    }
}

/// `late 3`: the third run of the cell `late`, and `search trial 3` of a sweep. Ids begin with the time, so that their order is
/// that of the runs; the hash at an id's end is no name, since running the same cell twice gives the same one.
fn run_label(runs: &[RunSummary], run: &RunSummary) -> String {
    if let Some(trial) = &run.trial {
        return format!("{} trial {}", trial.sweep, trial.index);
    }
    let earlier = |other: &&RunSummary| other.trial.is_none() && other.cell == run.cell && other.id <= run.id;
    format!("{} {}", run.cell, runs.iter().filter(earlier).count())
}

/// The main metric of a run that has ended, else how it stands.
fn result_of(run: &RunSummary) -> String {
    match run.status {
        RunStatus::Done => metrics::main(run).unwrap_or_else(|| run_word(run.status).to_owned()),
        status => run_word(status).to_owned(),
    }
}

fn jobs_ui(ui: &mut Ui, frame: &mut Frame<'_>, project: &ProjectView) {
    if project.jobs.is_empty() {
        return;
    }
    let t = Tokens::of(ui);
    ui.add_space(space::XS);
    section_ui(ui, "Jobs");
    for job in &project.jobs {
        let run = project.runs.iter().find(|run| run.id == job.run);
        let label = run.map_or_else(|| job.run.clone(), |run| run_label(&project.runs, run));
        let text = format!("{label} · {}", job.target);
        let right = job_word(job.state);
        let row = Row::new(&text).right(right).mark(job_color(job.state, t));
        if row.name(format!("Job {text}, {right}")).ui(ui).clicked() {
            frame.view.run = Some(job.run.clone());
            show_tab(frame, Tab::Run);
        }
    }
}

/// The colour of a run's dot.
pub fn run_color(status: RunStatus, t: &Tokens) -> Color32 {
    match status {
        RunStatus::Done => t.ok,
        RunStatus::Running => t.warn,
        RunStatus::Failed | RunStatus::Lost => t.bad,
        RunStatus::Created | RunStatus::Stopped => t.faint,
    }
}

/// How a run stands, in a word.
pub fn run_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Created => "waiting",
        RunStatus::Running => "running",
        RunStatus::Done => "done",
        RunStatus::Failed => "failed",
        RunStatus::Stopped => "stopped",
        RunStatus::Lost => "lost",
    }
}

/// The colour of a job's dot.
pub fn job_color(state: JobState, t: &Tokens) -> Color32 {
    match state {
        JobState::Home => t.ok,
        JobState::Uploading | JobState::Running | JobState::Ended => t.warn,
        JobState::Failed => t.bad,
        JobState::Stopped => t.faint,
    }
}

/// How a job stands, in a word or two.
pub fn job_word(state: JobState) -> &'static str {
    match state {
        JobState::Uploading => "uploading",
        JobState::Running => "running",
        JobState::Ended => "ended there",
        JobState::Home => "home",
        JobState::Failed => "failed",
        JobState::Stopped => "stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        assert_eq!(short_name("notebooks/late_arrivals.aloft.md"), "late_arrivals");
        assert_eq!(short_name("plain.md"), "plain.md");
    }
}
