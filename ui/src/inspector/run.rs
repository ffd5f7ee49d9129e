//! A run: how it ended, what it is of, its metrics.

use super::{heading_ui, name_ui, nothing_ui};
use crate::command::Command;
use crate::fonts;
use crate::metrics;
use crate::navigation::{job_color, job_word, run_color, run_word};
use crate::tokens::{Tokens, font, space};
use crate::training::pairs_ui;
use crate::view::Frame;
use crate::widgets::{Button, dot_ui, text_ui};
use aloft_protocol::Operation;
use aloft_spec::job::{JobRecord, JobState};
use aloft_spec::run::{RunStatus, RunSummary};
use aloft_spec::{text, time};
use egui::Ui;

/// The tab: the run that was chosen, else the latest.
pub fn run_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some(project) = frame.project() else {
        return;
    };
    let Some(run) = frame.run() else {
        return nothing_ui(ui, "No runs yet: a training makes one");
    };
    let t = Tokens::of(ui);
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        dot_ui(ui, run_color(run.status, t));
        name_ui(ui, &run.cell, run_word(run.status), fonts::regular(font::BODY));
    });
    facts_ui(ui, run);
    if !run.metrics.is_empty() {
        heading_ui(ui, "Metrics");
        metrics::table_ui(ui, &run.metrics);
    }
    if can_resume(run) {
        ui.add_space(space::M);
        let words = match run.status {
            RunStatus::Lost => "Its process is gone; the last finished epoch is on the disk.",
            _ => "It was stopped; it can go on from the last finished epoch.",
        };
        text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        ui.add_space(space::S);
        if ui.add(Button::new("Resume")).clicked() {
            Command::ResumeRun.perform(ui.ctx(), frame);
        }
    }
    if let Some(job) = project.jobs.iter().find(|job| job.run == run.id) {
        job_ui(ui, frame, job);
    }
    ui.add_space(space::L);
    let export = Command::ExportModel;
    if export.enabled(frame) && ui.add(Button::new(export.text()).small()).clicked() {
        export.perform(ui.ctx(), frame);
    }
    let folder = project.root.join("runs").join(&run.id);
    if ui.add(Button::new("Show folder").quiet().small()).clicked() {
        frame.ask_shell(crate::ShellRequest::Reveal(folder));
    }
}

/// Whether a run can go on from its last finished epoch on this machine.
pub fn can_resume(run: &RunSummary) -> bool {
    matches!(run.status, RunStatus::Lost | RunStatus::Stopped) && run.target.is_none()
}

fn facts_ui(ui: &mut Ui, run: &RunSummary) {
    ui.add_space(space::S);
    let mut facts = vec![
        ("started", time::minute(&run.created_at)),
        ("rows", run.extent.to_string()),
    ];
    facts.extend(run.seconds.map(|seconds| ("took", text::duration(seconds))));
    facts.push((
        "where",
        run.target.clone().unwrap_or_else(|| "this machine".to_owned()),
    ));
    pairs_ui(ui, "run", facts.into_iter());
    ui.add_space(space::XS);
    let t = Tokens::of(ui);
    text_ui(ui, run.id.as_str(), fonts::mono(font::SMALL - 1.0), t.dim);
}

fn job_ui(ui: &mut Ui, frame: &mut Frame<'_>, job: &JobRecord) {
    let t = Tokens::of(ui);
    heading_ui(ui, "Job");
    ui.horizontal(|ui| {
        dot_ui(ui, job_color(job.state, t));
        let words = format!("{} on {}", job_word(job.state), job.target);
        ui.add(egui::Label::new(words).truncate());
    });
    text_ui(ui, job.remote.as_str(), fonts::mono(font::SMALL - 1.0), t.dim);
    if let Some(problem) = &job.problem {
        crate::cell::problem_ui(ui, problem);
    }
    ui.add_space(space::S);
    let run = job.run.clone();
    match job.state {
        JobState::Uploading | JobState::Running => {
            if ui.add(Button::new("Stop the job")).clicked() {
                frame.send(Operation::StopJob { run });
            }
        }
        JobState::Ended | JobState::Stopped | JobState::Failed => {
            if ui.add(Button::new("Bring the model home")).clicked() {
                frame.send(Operation::FetchJob { run });
            }
        }
        JobState::Home => {}
    }
}
