//! `aloft sweep PATH`

use crate::{Result, interrupt::Interrupt, locate, param::Parameters, screen::Screen, sweeping};
use aloft_engine::{Evaluator, Limits, Sweep, Workspace};
use aloft_spec::{CellKind, Code, Problem};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder or a notebook
    path: PathBuf,
    /// The sweep cell; needed where there are several
    #[arg(long, value_name = "NAME")]
    cell: Option<String>,
    /// Trials at the most, instead of what the cell says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    trials: Option<u32>,
    /// Seconds at the most, those of earlier starts included
    #[arg(long, value_name = "S", value_parser = locate::seconds)]
    seconds: Option<f64>,
    /// Trials at a time at the most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    parallel: Option<u32>,
    /// Show what it came to so far, from its run folders; nothing is run
    #[arg(long, conflicts_with_all = ["trials", "seconds", "parallel"])]
    status: bool,
    /// Write the best values into the train cell
    #[arg(long)]
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
        let workspaces = self.parameters.apply_to_all(locate::workspaces(&self.path)?)?;
        let (workspace, cell) = self.find(&workspaces)?;
        if self.status {
            return self.show(screen, workspace, &cell);
        }
        let limits = Limits {
            trials: self.trials,
            seconds: self.seconds,
            parallel: self.parallel,
        };
        let sweep = Sweep::new(
            &Evaluator::new(),
            workspace,
            &cell,
            locate::scope(self.full),
            limits,
            &interrupt.cancel(),
        )?;
        screen.note(format_args!(
            "sweeping `{cell}` over {}",
            sweep.leaderboard().extent
        ));
        let board = sweeping::carry_out(screen, sweep, &interrupt)?;
        sweeping::conclude(screen, workspace, &board, self.write)
    }

    /// What the sweep came to so far.
    fn show(&self, screen: &Screen, workspace: &Workspace, cell: &str) -> Result {
        let Some(recalled) = aloft_engine::recall_sweep(workspace, cell)? else {
            let problem = Problem::new(Code::NotFound, format!("`{cell}` has no trials yet"));
            return Err(workspace
                .place(cell, problem)
                .with_hint("the same without `--status` runs it"));
        };
        sweeping::show(screen, workspace, &recalled.leaderboard, self.write)?;
        if !recalled.fresh {
            screen.note(format_args!(
                "stale: `{cell}` or a cell above it says something else now; without `--status` it starts anew"
            ));
        }
        Ok(0)
    }

    /// The sweep cell that is meant, and its notebook.
    fn find<'a>(&self, workspaces: &'a [Workspace]) -> Result<(&'a Workspace, String)> {
        let mut found: Vec<(&Workspace, String)> = Vec::new();
        for workspace in workspaces {
            let cells = workspace.document.cells();
            let meant = cells.filter(|cell| match &self.cell {
                Some(name) => cell.name == *name,
                None => cell.kind == CellKind::Sweep,
            });
            found.extend(meant.map(|cell| (workspace, cell.name.clone())));
        }
        let names: Vec<&str> = found.iter().map(|(_, cell)| cell.as_str()).collect();
        match (found.len(), &self.cell) {
            (1, _) => Ok(found.remove(0)),
            (0, Some(cell)) => {
                Err(Problem::new(Code::UnknownName, format!("there is no cell `{cell}`")).in_file(&self.path))
            }
            (0, None) => Err(Problem::new(Code::EmptyData, "there is no sweep cell")
                .in_file(&self.path)
                .with_hint("add a cell `toml sweep NAME`; `aloft train --auto` needs none")),
            (_, Some(cell)) => Err(Problem::new(
                Code::UnknownName,
                format!("several notebooks have a cell `{cell}`"),
            )
            .in_file(&self.path)
            .with_hint("name the notebook's file instead of the project")),
            (_, None) => Err(Problem::new(Code::UnknownName, "there are several sweep cells")
                .in_file(&self.path)
                .with_hint(format!("name one with `--cell`: {}", names.join(", ")))),
        }
    }
}
