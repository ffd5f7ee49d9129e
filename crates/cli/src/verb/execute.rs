//! `aloft execute RUNDIR`: the worker.

use crate::{Result, cuda, report::RunReport, screen::Screen};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The run's folder
    run_dir: PathBuf,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        cuda::hand_over(screen);
        aloft_train::execute(&self.run_dir)?;
        Ok(RunReport::read(&self.run_dir)?.conclude(screen))
    }
}
