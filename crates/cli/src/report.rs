//! What is said about a run that has ended, as a document and as lines.

use crate::{Result, screen::Screen, table::TextTable};
use aloft_spec::{
    Code, Problem,
    run::{Metrics, Outcome, RunRecord, RunStatus},
    table::Extent,
    text,
    verdict::Forecast,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The last document of `aloft train`; `run`, `send` and `jobs` show it too.
#[derive(Serialize)]
pub struct RunReport {
    run_dir: PathBuf,
    run: String,
    notebook: String,
    cell: String,
    status: RunStatus,
    extent: Extent,
    metrics: Metrics,
    /// Wall-clock seconds of the workers.
    seconds: f64,
    /// Training rows a second, over the epochs.
    samples_per_second: f64,
    device: Option<String>,
    /// Numbers that the run has found out by itself, by their keys in the train cell.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    found: BTreeMap<&'static str, f64>,
    forecast: Option<Forecast>,
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

impl RunReport {
    /// Reads what is known about a run.
    pub fn read(run_dir: &Path) -> Result<Self> {
        let record = aloft_runs::settled(run_dir)?;
        let status = record.status;
        Ok(Self::new(run_dir, record, status))
    }

    fn new(run_dir: &Path, record: RunRecord, status: RunStatus) -> Self {
        let outcome = record.outcome.unwrap_or_default();
        let resume = format!(
            "`aloft execute {}` goes on from its last checkpoint",
            run_dir.display()
        );
        let error = match status {
            RunStatus::Lost => Some(match record.problem {
                // It would end in the same way again.
                Some(problem) if problem.code == Code::OutOfMemory => problem,
                problem => problem
                    .unwrap_or_else(|| Problem::new(Code::WorkerDied, "the process that trained is gone"))
                    .with_hint(resume),
            }),
            RunStatus::Stopped => Some(
                record
                    .problem
                    .unwrap_or_else(|| Problem::new(Code::Stopped, "the run was stopped").with_hint(resume)),
            ),
            RunStatus::Failed => Some(
                record
                    .problem
                    .unwrap_or_else(|| Problem::new(Code::Internal, "the run failed without saying why")),
            ),
            RunStatus::Created | RunStatus::Running | RunStatus::Done => None,
        };
        Self {
            run_dir: run_dir.to_owned(),
            run: record.id,
            notebook: record.notebook,
            cell: record.cell,
            status,
            extent: record.data.extent,
            metrics: record.metrics,
            seconds: outcome.seconds,
            samples_per_second: outcome.samples_per_second,
            device: record.device,
            found: record
                .train
                .found()
                .map(|(what, number)| (what.key(), number))
                .collect(),
            forecast: record.forecast,
            outcome: record.outcome,
            error,
        }
    }

    /// 0 for a run that is done or goes on elsewhere, else what its problem says.
    pub fn exit_code(&self) -> u8 {
        self.error.as_ref().map_or(0, |problem| problem.code.exit_code())
    }

    /// Why it isn't done.
    pub fn error(&self) -> Option<&Problem> {
        self.error.as_ref()
    }

    /// The last word of a verb: this report, why it isn't done, and the exit code.
    pub fn conclude(&self, screen: &Screen) -> u8 {
        screen.result(self, |screen| self.print(screen));
        self.note_error(screen);
        self.exit_code()
    }

    /// Says why it isn't done.
    pub fn note_error(&self, screen: &Screen) {
        if let Some(problem) = &self.error {
            screen.note(format_args!("error: {problem}"));
        }
    }

    /// The run in a few lines.
    pub fn print(&self, screen: &Screen) {
        let mut facts = vec![format!("{} {}", self.cell, status_word(self.status))];
        if self.outcome.is_some() {
            facts.push(text::duration(self.seconds));
            if self.samples_per_second > 0.0 {
                facts.push(format!(
                    "{} rows/s",
                    text::thousands(self.samples_per_second.round() as u64)
                ));
            }
        }
        facts.extend(self.device.clone());
        facts.push(self.extent.to_string());
        screen.line(facts.join(" · "));
        for (key, number) in &self.found {
            screen.line(format_args!("  found {key} = {}", text::significant(*number)));
        }
        if !self.metrics.is_empty() {
            for line in metrics_table(&self.metrics).lines(screen.width()) {
                screen.line(format_args!("  {line}"));
            }
        }
        screen.line(format_args!("  {}", self.run_dir.display()));
    }
}

/// `done`, `failed`.
pub fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Created => "created",
        RunStatus::Running => "running",
        RunStatus::Done => "done",
        RunStatus::Failed => "failed",
        RunStatus::Stopped => "stopped",
        RunStatus::Lost => "lost",
    }
}

/// The metrics that say most, for a line: `roc_auc 0.934  accuracy 0.912`.
pub fn headline(metrics: &BTreeMap<String, f64>) -> String {
    let texts: Vec<String> = ["roc_auc", "accuracy", "rmse", "r2"]
        .iter()
        .filter_map(|name| Some((name, metrics.get(*name)?)))
        .map(|(name, value)| format!("{name} {}", text::significant_digits(*value, 4)))
        .collect();
    texts.join("  ")
}

/// A row a metric, a column a split.
fn metrics_table(metrics: &Metrics) -> TextTable {
    let titles: Vec<String> = metrics.keys().map(|split| format!(">{split}")).collect();
    let titles: Vec<&str> = ["!"]
        .into_iter()
        .chain(titles.iter().map(String::as_str))
        .collect();
    let names: BTreeSet<&String> = metrics.values().flat_map(BTreeMap::keys).collect();
    let mut table = TextTable::new(&titles);
    for name in names {
        let values = metrics.values().map(|split| {
            split
                .get(name)
                .map_or(String::new(), |value| text::significant_digits(*value, 4))
        });
        table.row([name.clone()].into_iter().chain(values));
    }
    table
}
