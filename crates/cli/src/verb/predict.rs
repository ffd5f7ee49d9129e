//! `aloft predict RUN FILE -o OUT`

use crate::{Result, locate, screen::Screen};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A run: its folder, its id, or the beginning of its id
    run: PathBuf,
    /// The rows to score
    file: PathBuf,
    /// Where to write them with their predictions; CSV or Parquet by the ending
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// The project that the run belongs to, when it is named by its id
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let run_dir = locate::run_dir(&self.run, &self.project)?;
        let summary = aloft_train::predict(&run_dir, &self.file, &self.output)?;
        screen.result(&summary, |screen| {
            screen.line(format_args!("wrote {}", self.output.display()));
        });
        Ok(0)
    }
}
