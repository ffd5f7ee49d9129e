//! A sweep on this machine from its start to its end, with progress, and what it came to.

use crate::{
    Result,
    interrupt::Interrupt,
    report::headline,
    screen::Screen,
    table::{TextTable, wrap},
};
use aloft_engine::{Sweep, SweepNews, Workspace};
use aloft_spec::{
    Code, Problem,
    sweep::{Leaderboard, SweepState, TrialStatus, TrialSummary, short_name, words},
    text,
};
use serde::Serialize;
use std::path::PathBuf;

/// Digits of scores and metrics.
const DIGITS: usize = 4;
/// From this width on the leaderboard names runs.
const WIDE: usize = 110;

/// The last document of `aloft sweep` and `aloft train --auto`.
#[derive(Serialize)]
struct Document<'a> {
    notebook: PathBuf,
    #[serde(flatten)]
    leaderboard: &'a Leaderboard,
    /// The train cell with the values of the best trial.
    best_cell: Option<String>,
    /// Whether it was written into the notebook.
    written: bool,
}

/// Runs a sweep and shows what happens; Ctrl+C stops it with its trials.
pub fn carry_out(screen: &Screen, sweep: Sweep, interrupt: &Interrupt) -> Result<Leaderboard> {
    let mut told = false;
    let cancel = interrupt.cancel();
    sweep.run(&cancel, &mut |news, board| {
        if let Some(line) = line(news, board) {
            screen.note(line);
        }
        if interrupt.requested() && !told {
            told = true;
            screen.note("  stopping; Ctrl+C again leaves without waiting");
        }
    })
}

/// News as a line for people; epochs have none.
fn line(news: &SweepNews, board: &Leaderboard) -> Option<String> {
    match news {
        SweepNews::Started(trial) => {
            let resumed = if trial.epochs > 0 { " goes on" } else { "" };
            Some(format!(
                "  trial {:>2} of {}{resumed}: {}",
                trial.index,
                board.planned,
                words(&trial.values)
            ))
        }
        SweepNews::Ended(trial) => {
            let mut facts = vec![format!("  trial {:>2} {}", trial.index, trial.status.word())];
            facts.extend(trial.score.map(|score| format!("score {}", digits(score))));
            facts.extend(Some(headline(&trial.metrics)).filter(|metrics| !metrics.is_empty()));
            facts.extend(trial.seconds.map(text::duration));
            facts.extend(trial.problem.as_ref().map(|problem| problem.message.clone()));
            if board.best().is_some_and(|best| best.index == trial.index) {
                facts.push("best so far".into());
            }
            Some(facts.join(" · "))
        }
        SweepNews::Progress => None,
    }
}

/// Shows what a sweep came to, and writes the best values into the notebook where that is asked for; a sweep that was
/// stopped says how it goes on.
pub fn conclude(screen: &Screen, workspace: &Workspace, board: &Leaderboard, write: bool) -> Result {
    show(screen, workspace, board, write)?;
    if board.state != SweepState::Stopped {
        return Ok(0);
    }
    let problem = Problem::new(Code::Stopped, "the sweep was stopped")
        .with_hint("started again it goes on: trials that have ended are kept, the others are resumed");
    screen.note(format_args!("error: {problem}"));
    Ok(problem.code.exit_code())
}

/// Shows what a sweep came to, and writes the best values into the notebook where that is asked for.
pub fn show(screen: &Screen, workspace: &Workspace, board: &Leaderboard, write: bool) -> Result<()> {
    let file = Workspace::load(workspace.project.clone(), workspace.notebook.clone())?;
    // `--auto` may be about a cell that nobody has written yet.
    let is_new = file.document.cell(&board.train).is_none();
    let best = board.best().filter(|best| is_new || !best.values.is_empty());
    let cell = match best {
        Some(best) => Some(best_cell(workspace, board, best)?),
        None => None,
    };
    let written = match best.filter(|_| write) {
        Some(best) => {
            // The file as it is now, without values of parameters that were given on the command line.
            let data = workspace.train(&board.train)?.data;
            let now = match is_new {
                true => file.with_train_cell(&data, &board.train, &body(workspace, &board.train)),
                false => file,
            };
            let now = now.with_values(&board.train, &best.values)?;
            let text = now.document.text();
            workspace.project.write_notebook(&workspace.notebook, text)?;
            true
        }
        None => false,
    };
    let document = Document {
        notebook: workspace.notebook.clone(),
        leaderboard: board,
        best_cell: cell.clone(),
        written,
    };
    screen.result(&document, |screen| {
        print(screen, board);
        match (&cell, written) {
            (_, true) => screen.line(format_args!(
                "the values of trial {} are written into `{}`",
                best.map_or(0, |best| best.index),
                board.train
            )),
            (Some(cell), false) => {
                screen.line("");
                screen.line(format_args!(
                    "with the best values (`--write` puts them there):\n\n{cell}"
                ));
            }
            (None, false) if board.best().is_some() => {
                screen.line(format_args!("`{}` as it stands is the best of them", board.train));
            }
            (None, false) => {}
        }
    });
    Ok(())
}

/// The fence of the train cell with the values of a trial.
fn best_cell(workspace: &Workspace, board: &Leaderboard, best: &TrialSummary) -> Result<String> {
    let workspace = workspace.with_values(&board.train, &best.values)?;
    Ok(format!(
        "```toml train {}\n{}\n```",
        board.train,
        body(&workspace, &board.train)
    ))
}

/// The body of a cell.
fn body(workspace: &Workspace, cell: &str) -> String {
    let cell = workspace.document.cell(cell);
    let body = cell.map(|cell| cell.body(&workspace.document).trim_end().to_owned());
    body.unwrap_or_default()
}

fn print(screen: &Screen, board: &Leaderboard) {
    let state = match board.state {
        SweepState::Running => "running",
        SweepState::Done => "done",
        SweepState::OutOfTime => "out of time",
        SweepState::Stopped => "stopped",
    };
    screen.line(format_args!(
        "{} {state} · {} trials of `{}` · {} · {}",
        board.sweep,
        board.trials.len(),
        board.train,
        text::duration(board.seconds),
        board.extent
    ));
    for line in table(board, screen.width()).lines(screen.width()) {
        screen.line(format_args!("{line}"));
    }
    if let (Some(metric), Some(baseline)) = (&board.metric, &board.baseline) {
        screen.line(format_args!(
            "without a model: {metric} {} ({})",
            digits(baseline.value),
            baseline.words
        ));
    }
    let failed = board
        .trials
        .iter()
        .filter(|trial| trial.status == TrialStatus::Failed);
    if let Some((trial, problem)) = failed
        .filter_map(|trial| Some((trial, trial.problem.as_ref()?)))
        .next()
    {
        let said = format!("trial {} failed: {}", trial.index, problem.message);
        screen.line(wrap(&said, 2, screen.width()));
    }
    if let Some(best) = board.best() {
        screen.line(format_args!("best: trial {} · run {}", best.index, best.run));
        let test = headline(&board.test);
        if !test.is_empty() {
            screen.line(format_args!("on the test part: {test}"));
        }
    }
}

/// A row a trial. Where all trials differ in the same keys, these have columns of their own; runs have one where there is room.
fn table(board: &Leaderboard, width: usize) -> TextTable {
    let alike = board
        .trials
        .iter()
        .all(|trial| trial.values.len() == board.keys.len());
    let metric = board.metric.as_ref().map(|metric| format!(">{metric}"));
    let values: Vec<String> = match alike {
        true => board
            .keys
            .iter()
            .map(|key| format!("!{}", short_name(key, &board.keys)))
            .collect(),
        false => vec!["values".into()],
    };
    let titles: Vec<&str> = [">trial", ">score"]
        .into_iter()
        .chain(metric.as_deref())
        .chain([">took", "!status"])
        .chain(values.iter().map(String::as_str))
        .chain(Some("!run").filter(|_| width >= WIDE))
        .collect();
    let mut table = TextTable::new(&titles);
    for trial in &board.trials {
        let mut cells = vec![trial.index.to_string(), trial.score.map_or(String::new(), digits)];
        if let Some(metric) = &board.metric {
            cells.push(
                trial
                    .metrics
                    .get(metric)
                    .map_or(String::new(), |value| digits(*value)),
            );
        }
        cells.push(trial.seconds.map_or(String::new(), text::duration));
        cells.push(trial.status.word().into());
        match alike {
            true => {
                let value = |key: &String| trial.values.get(key).map_or(String::new(), ToString::to_string);
                cells.extend(board.keys.iter().map(value));
            }
            false => cells.push(words(&trial.values)),
        }
        cells.push(trial.run.clone());
        table.row(cells);
    }
    table
}

fn digits(value: f64) -> String {
    text::significant_digits(value, DIGITS)
}
