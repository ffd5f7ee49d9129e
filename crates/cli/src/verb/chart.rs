//! `aloft chart NOTEBOOK --cell NAME -o FILE`

use crate::{Result, interrupt::Interrupt, locate, screen::Screen};
use aloft_engine::{Evaluator, Workspace};
use aloft_spec::{Code, Output, Problem, chart::ChartData, table::Extent};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A notebook
    notebook: PathBuf,
    /// The chart cell
    #[arg(long, value_name = "NAME")]
    cell: String,
    /// The file to write; it ends with .svg or .png
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Draw all rows instead of the samples
    #[arg(long)]
    full: bool,
}

#[derive(Serialize)]
struct Document {
    cell: String,
    file: PathBuf,
    description: String,
    notes: Vec<String>,
    extent: Extent,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let workspace = Workspace::open(&self.notebook)?;
        let chart = match Evaluator::new().evaluate(
            &workspace,
            &self.cell,
            locate::scope(self.full),
            &interrupt.cancel(),
        )? {
            Output::Chart(chart) => chart,
            _ => return Err(no_chart(&workspace, &self.cell)),
        };
        aloft_data::write_chart(&chart, &self.output)?;
        let ChartData {
            description,
            notes,
            extent,
            ..
        } = (*chart).clone();
        let document = Document {
            cell: self.cell,
            file: self.output,
            description,
            notes,
            extent,
        };
        screen.result(&document, |screen| {
            screen.line(format_args!(
                "{}: {}, {}",
                document.file.display(),
                document.description,
                document.extent
            ));
        });
        Ok(0)
    }
}

fn no_chart(workspace: &Workspace, cell: &str) -> Problem {
    let charts: Vec<&str> = workspace
        .document
        .cells()
        .filter(|cell| cell.kind == aloft_spec::CellKind::Chart)
        .map(|cell| cell.name.as_str())
        .collect();
    let hint = match charts.is_empty() {
        true => "the notebook has no chart cell".to_owned(),
        false => format!("the notebook's chart cells: {}", charts.join(", ")),
    };
    workspace.place(
        cell,
        Problem::new(Code::BadValue, format!("`{cell}` is no chart cell")).with_hint(hint),
    )
}
