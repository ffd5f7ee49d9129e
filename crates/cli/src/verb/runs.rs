//! `aloft runs [PATH]`

use crate::{
    Result,
    report::{headline, status_word},
    screen::Screen,
    table::TextTable,
};
use aloft_project::Project;
use aloft_spec::{run::RunSummary, text};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let project = Project::open(&self.path)?;
        let runs = aloft_runs::list(&project.runs_dir())?;
        screen.result(&json!({ "runs": runs }), |screen| {
            if runs.is_empty() {
                screen.line("no runs yet");
                return;
            }
            let mut table = TextTable::new(&["!run", "where", "status", ">took", "result"]);
            for run in &runs {
                table.row([
                    run.id.clone(),
                    run.target.clone().unwrap_or_else(|| "here".into()),
                    status_word(run.status).into(),
                    run.seconds.map_or(String::new(), text::duration),
                    result(run),
                ]);
            }
            for line in table.lines(screen.width()) {
                screen.line(line);
            }
        });
        Ok(0)
    }
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
