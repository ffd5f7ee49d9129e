//! `aloft predict RUN FILE -o OUT`

use crate::{Result, interrupt::Interrupt, locate, progress::AmountProgress, screen::Screen};
use aloft_spec::text;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A run: its folder, its id, or the beginning of its id; or a folder that `aloft export` has written
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
        let interrupt = Interrupt::listen()?;
        let model = locate::model_dir(&self.run, &self.project)?;
        let mut progress = AmountProgress::of_rows(*screen, "predicting");
        let summary = aloft_train::predict(
            &model,
            &self.file,
            &self.output,
            &interrupt.cancel(),
            &mut |done, total| progress.show(done, total),
        );
        progress.clear();
        let summary = summary?;
        screen.result(&summary, |screen| {
            let rows = text::thousands(summary.rows);
            screen.line(format_args!("wrote {} ({rows} rows)", self.output.display()));
        });
        Ok(0)
    }
}
