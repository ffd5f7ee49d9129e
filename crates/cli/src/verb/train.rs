//! `aloft train NOTEBOOK --cell NAME`

use crate::{Result, following, interrupt::Interrupt, locate, param::Parameters, screen::Screen};
use aloft_engine::{Evaluator, Workspace};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The notebook
    notebook: PathBuf,
    /// Its train cell
    #[arg(long, value_name = "NAME")]
    cell: String,
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
        let report = following::train(
            screen,
            &Evaluator::new(),
            &workspace,
            &self.cell,
            scope,
            &interrupt,
        )?;
        Ok(report.conclude(screen))
    }
}
