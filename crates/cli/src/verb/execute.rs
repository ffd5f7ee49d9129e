//! `aloft execute RUNDIR`: the worker.

use crate::{
    Result,
    report::{RunReport, status_word},
    screen::Screen,
};
use aloft_spec::run::RunStatus;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The run's folder
    run_dir: PathBuf,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let status = aloft_train::execute(&self.run_dir)?;
        let report = RunReport::read(&self.run_dir)?;
        screen.result(&report, |screen| report.print(screen));
        if status != RunStatus::Done {
            screen.note(format_args!("the run is {}", status_word(status)));
        }
        Ok(report.exit_code())
    }
}
