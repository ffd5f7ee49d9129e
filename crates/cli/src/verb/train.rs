//! `aloft train NOTEBOOK --cell NAME`

use crate::{Result, following, interrupt::Interrupt, locate, param::Parameters, screen::Screen, sweeping};
use aloft_engine::{Evaluator, Limits, Sweep, Workspace};
use clap::Args;
use std::path::PathBuf;

/// Seconds that `--auto` may take where it isn't said.
const AUTO_SECONDS: f64 = 120.0;

#[derive(Args)]
pub struct Arguments {
    /// The notebook
    notebook: PathBuf,
    /// Its train cell
    #[arg(long, value_name = "NAME")]
    cell: String,
    /// Try sensible kinds of models on the cell's rows, and say which is the best
    #[arg(long)]
    auto: bool,
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
        if self.auto {
            let limits = Limits {
                seconds: Some(self.seconds.unwrap_or(AUTO_SECONDS)),
                ..Limits::default()
            };
            let cancel = interrupt.cancel();
            let sweep = Sweep::auto(&evaluator, &workspace, &self.cell, scope, limits, &cancel)?;
            let board = sweep.leaderboard();
            screen.note(format_args!(
                "trying {} models for `{}` over {}",
                board.planned, self.cell, board.extent
            ));
            let board = sweeping::carry_out(screen, sweep, &interrupt)?;
            return sweeping::conclude(screen, &workspace, &board, self.write);
        }
        let report = following::train(screen, &evaluator, &workspace, &self.cell, scope, &interrupt)?;
        Ok(report.conclude(screen))
    }
}
