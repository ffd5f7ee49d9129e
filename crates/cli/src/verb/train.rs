//! `aloft train NOTEBOOK --cell NAME`

use crate::{
    Result, following, interrupt::Interrupt, locate, param::Parameters, screen::Screen, sweeping, warnings,
};
use aloft_engine::{Evaluator, Limits, Sweep, Workspace};
use aloft_spec::{CellKind, Code, Problem};
use clap::Args;
use std::path::PathBuf;

/// Seconds that `--auto` may take where it isn't said.
const AUTO_SECONDS: f64 = 120.0;

#[derive(Args)]
pub struct Arguments {
    /// The notebook
    notebook: PathBuf,
    /// Its train cell; needed where there are several
    #[arg(long, value_name = "NAME")]
    cell: Option<String>,
    /// Try sensible kinds of models on the cell's rows, and say which is the best
    #[arg(long)]
    auto: bool,
    /// The column that `--auto` predicts where no train cell says so
    #[arg(long, value_name = "COLUMN", requires = "auto", conflicts_with = "cell")]
    target: Option<String>,
    /// The source or query to predict `--target` from; when left out the last one that has the column
    #[arg(long, value_name = "NAME", requires = "target")]
    data: Option<String>,
    /// Seconds that `--auto` may take, those of earlier starts included; 120 when left out
    #[arg(long, value_name = "S", requires = "auto", value_parser = locate::seconds)]
    seconds: Option<f64>,
    /// Write the best of `--auto` into the cell
    #[arg(long, requires = "auto")]
    write: bool,
    /// All rows instead of the samples of the sources
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    parameters: Parameters,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let workspace = self.parameters.apply(Workspace::open(&self.notebook)?)?;
        let scope = locate::scope(self.full);
        let evaluator = Evaluator::new();
        let (workspace, cell) = match &self.target {
            Some(target) => self.predicting(screen, &evaluator, &workspace, target, &interrupt)?,
            None => {
                let cell = self.cell(&workspace)?;
                (workspace, cell)
            }
        };
        warnings::tell(screen, &workspace, &cell);
        if self.auto {
            let limits = Limits {
                seconds: Some(self.seconds.unwrap_or(AUTO_SECONDS)),
                ..Limits::default()
            };
            let cancel = interrupt.cancel();
            let sweep = Sweep::auto(&evaluator, &workspace, &cell, scope, limits, &cancel)?;
            let board = sweep.leaderboard();
            screen.note(format_args!(
                "trying {} models for `{cell}` over {}",
                board.planned, board.extent
            ));
            let board = sweeping::carry_out(screen, sweep, &interrupt)?;
            return sweeping::conclude(screen, &workspace, &board, self.write);
        }
        let report = following::train(screen, &evaluator, &workspace, &cell, scope, &interrupt)?;
        Ok(report.conclude(screen))
    }

    /// The train cell that is meant.
    fn cell(&self, workspace: &Workspace) -> Result<String> {
        if let Some(cell) = &self.cell {
            return Ok(cell.clone());
        }
        let cells = workspace
            .document
            .cells()
            .filter(|cell| cell.kind == CellKind::Train);
        let names: Vec<&str> = cells.map(|cell| cell.name.as_str()).collect();
        match names[..] {
            [name] => Ok(name.to_owned()),
            [] => Err(Problem::new(Code::EmptyData, "the notebook has no train cell")
                .in_file(&self.notebook)
                .with_hint("`--auto --target COLUMN` tries kinds of models without one")),
            _ => Err(Problem::new(Code::UnknownName, "there are several train cells")
                .in_file(&self.notebook)
                .with_hint(format!("name one with `--cell`: {}", names.join(", ")))),
        }
    }

    /// A train cell for a column, and what was chosen for it in words.
    fn predicting(
        &self,
        screen: &Screen,
        evaluator: &Evaluator,
        workspace: &Workspace,
        target: &str,
        interrupt: &Interrupt,
    ) -> Result<(Workspace, String)> {
        let today = aloft_engine::today();
        let data = self.data.as_deref();
        let cancel = interrupt.cancel();
        let made = aloft_engine::predicting(evaluator, workspace, target, data, today, &cancel)?;
        let why = match data {
            Some(_) => "",
            None => ", the last table that has it",
        };
        screen.note(format_args!("predicting `{target}` from `{}`{why}", made.data));
        for finding in &made.left_out {
            screen.note(format_args!("  left out: {}", finding.message));
        }
        Ok((made.workspace, made.cell))
    }
}
