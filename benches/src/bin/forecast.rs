//! How near a run's forecast comes to its outcome: real trainings of the examples, through the command line.

use aloft_benches::{Row, aloft, print};
use anyhow::{Context, Result};
use clap::Parser;
use std::path::Path;

/// The examples that are trained, and whether on all their rows.
const CASES: [(&str, bool); 3] = [("penguins", false), ("flights", false), ("flights", true)];

/// Forecast against outcome of trainings of the examples, in seconds for the epochs that were run.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
    /// Trainings of each case
    #[arg(long, default_value_t = 3, value_name = "N")]
    runs: u32,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut rows = Vec::new();
    for (example, full) in CASES {
        let folder = tempfile::tempdir()?;
        let project = folder.path().join(example);
        aloft([Path::new("new"), &project, "--example".as_ref(), example.as_ref()])?;
        for _ in 0..arguments.runs {
            let mut run = vec![Path::new("run"), &project];
            if full {
                run.push("--full".as_ref());
            }
            aloft(run)?;
        }
        rows.extend(of_project(&project, example, full)?);
    }
    print(&rows, arguments.json)
}

/// A row for each run of a project that is done, oldest first.
fn of_project(project: &Path, example: &str, full: bool) -> Result<Vec<Row>> {
    let runs_dir = project.join("runs");
    let mut rows = Vec::new();
    for run in aloft_runs::list(&runs_dir)?.into_iter().rev() {
        let record = aloft_runs::read(&runs_dir.join(&run.id))?;
        let outcome = record
            .outcome
            .with_context(|| format!("{} has no outcome", run.id))?;
        let rows_word = if full { "all rows" } else { "sample" };
        rows.push(Row {
            case: format!("{example} {}, {rows_word}, run {}", run.cell, rows.len() + 1),
            unit: "s".into(),
            ours: outcome.forecast_seconds,
            peer: outcome.seconds,
            peer_name: "outcome".into(),
            ratio: nearness(outcome.forecast_seconds, outcome.seconds),
        });
    }
    Ok(rows)
}

/// The smaller over the larger: 1 is a forecast that came true, and there is no better.
fn nearness(forecast: f64, outcome: f64) -> f64 {
    if forecast > 0.0 && outcome > 0.0 {
        (forecast / outcome).min(outcome / forecast)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::nearness;

    #[test]
    fn a_forecast_is_as_wrong_when_it_is_too_long_as_when_it_is_too_short() {
        assert_eq!(nearness(10.0, 8.0), 0.8);
        assert_eq!(nearness(8.0, 10.0), 0.8);
        assert_eq!(nearness(0.0, 10.0), 0.0);
    }
}
