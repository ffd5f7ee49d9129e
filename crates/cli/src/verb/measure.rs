//! `aloft measure DATA`: reads a train cell's specification from standard input (JSON) and prints what its first steps
//! show (JSON). A verb of its own, so that candle runs in a process that may run out of memory alone.

use crate::{Result, cuda, screen::Screen};
use aloft_spec::{Code, Problem, train::TrainSpec};
use clap::Args;
use std::io;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The rows, a Parquet file
    data: PathBuf,
    /// Rows that the planned run has
    #[arg(long, value_name = "N")]
    rows: u64,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        cuda::hand_over(screen);
        let train: TrainSpec = serde_json::from_reader(io::stdin().lock()).map_err(|error| {
            Problem::new(
                Code::BadValue,
                format!("standard input is no train specification: {error}"),
            )
        })?;
        let measured = aloft_train::measure(&train, &self.data, self.rows)?;
        Screen::new(true).result(&measured, |_| {});
        Ok(0)
    }
}
