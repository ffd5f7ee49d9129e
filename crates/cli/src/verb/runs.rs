//! `aloft runs [PATH]`

use crate::{
    Result,
    report::{headline, status_word},
    screen::Screen,
    table::TextTable,
};
use aloft_project::Project;
use aloft_spec::{
    run::{RunRow, RunStatus, RunSummary, SweepRow, fold_trials},
    text,
};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Every trial of a sweep in a row of its own
    #[arg(long)]
    all: bool,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let project = Project::open(&self.path)?;
        let runs = aloft_runs::list(&project.runs_dir())?;
        let rows: Vec<RunRow<'_>> = match self.all {
            true => runs.iter().map(RunRow::Run).collect(),
            false => fold_trials(&runs),
        };
        let alone = rows.iter().filter_map(|row| match row {
            RunRow::Run(run) => Some(run),
            RunRow::Sweep(_) => None,
        });
        let sweeps = rows.iter().filter_map(|row| match row {
            RunRow::Run(_) => None,
            RunRow::Sweep(sweep) => Some(sweep),
        });
        let document = json!({ "runs": alone.collect::<Vec<_>>(), "sweeps": sweeps.collect::<Vec<_>>() });
        screen.result(&document, |screen| {
            if runs.is_empty() {
                screen.line("no runs yet");
                return;
            }
            let mut table = TextTable::new(&["!run", "where", "status", ">took", "result"]);
            for row in &rows {
                table.row(match row {
                    RunRow::Run(run) => [
                        run.id.clone(),
                        run.target.clone().unwrap_or_else(|| "here".into()),
                        status_word(run.status).into(),
                        run.seconds.map_or(String::new(), text::duration),
                        result(run),
                    ],
                    RunRow::Sweep(sweep) => [
                        format!("{} · {}", sweep.sweep, sweep.words()),
                        "here".into(),
                        status_word(sweep.status()).into(),
                        sweep.seconds().map_or(String::new(), text::duration),
                        standing(sweep),
                    ],
                });
            }
            for line in table.lines(screen.width()) {
                screen.line(line);
            }
        });
        Ok(0)
    }
}

/// How many trials stand how: `14 done, 2 stopped`.
fn standing(sweep: &SweepRow<'_>) -> String {
    let known = [
        RunStatus::Running,
        RunStatus::Done,
        RunStatus::Stopped,
        RunStatus::Failed,
        RunStatus::Lost,
        RunStatus::Created,
    ];
    let counts = known.into_iter().map(|status| (status, sweep.count(status)));
    let words = counts.filter(|(_, count)| *count > 0);
    let words = words.map(|(status, count)| format!("{count} {}", status_word(status)));
    words.collect::<Vec<_>>().join(", ")
}

/// Metrics of the test part, else of the validation part, else why there are none. Of trials the validation part is what they
/// are compared by.
fn result(run: &RunSummary) -> String {
    let test = run.metrics.get("test").filter(|_| run.trial.is_none());
    match test.or_else(|| run.metrics.get("validation")) {
        Some(metrics) => headline(metrics),
        None => run
            .problem
            .as_ref()
            .map_or(String::new(), |problem| problem.message.clone()),
    }
}
