//! `aloft run PATH`

use crate::{
    Result, following, interrupt::Interrupt, locate, param::Parameters, report::RunReport, screen::Screen,
    table::TextTable,
};
use aloft_engine::{Evaluated, Evaluator, Workspace};
use aloft_spec::{
    CellKind, CellSpec, Code, Output, Problem,
    param::ParamValue,
    table::{Extent, Scope},
    text,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Rows of a table that are printed.
const PREVIEW_ROWS: usize = 6;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder or a notebook
    path: PathBuf,
    /// This cell only, with what it needs
    #[arg(long, value_name = "NAME")]
    cell: Option<String>,
    /// All rows instead of the samples of the sources
    #[arg(long)]
    full: bool,
    /// Compute everything, and keep nothing for the next time
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    parameters: Parameters,
}

#[derive(Serialize)]
struct Document {
    root: PathBuf,
    cells: Vec<CellReport>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

/// What came of a cell.
#[derive(Serialize)]
struct CellReport {
    notebook: PathBuf,
    name: String,
    kind: CellKind,
    wall_seconds: f64,
    #[serde(flatten)]
    result: CellResult,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CellResult {
    Table {
        extent: Extent,
        columns: Vec<String>,
        /// Whether it was computed before.
        cached: bool,
    },
    Chart {
        extent: Extent,
        description: String,
        cached: bool,
    },
    Parameter {
        value: ParamValue,
    },
    Training(Box<RunReport>),
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let started = Instant::now();
        let interrupt = Interrupt::listen()?;
        let workspaces = self.parameters.apply_to_all(locate::workspaces(&self.path)?)?;
        let cells = self.cells(&workspaces)?;
        let evaluator = if self.no_cache {
            Evaluator::without_disk()
        } else {
            Evaluator::new()
        };
        let mut document = Document {
            root: workspaces
                .first()
                .map(|w| w.project.root.clone())
                .unwrap_or_default(),
            cells: Vec::new(),
            seconds: 0.0,
            error: None,
        };
        for (workspace, cell) in cells {
            match run_cell(
                screen,
                &evaluator,
                workspace,
                &cell,
                locate::scope(self.full),
                &interrupt,
            ) {
                Ok(report) => {
                    if let CellResult::Training(run) = &report.result {
                        run.note_error(screen);
                        document.error = run.error().cloned();
                    }
                    document.cells.push(report);
                }
                Err(problem) => {
                    screen.note(format_args!("error: {problem}"));
                    document.error = Some(problem);
                }
            }
            if document.error.is_some() {
                break;
            }
        }
        document.seconds = started.elapsed().as_secs_f64();
        screen.result(&document, |screen| {
            if document.error.is_none() {
                screen.line(format_args!(
                    "{} cells in {}",
                    document.cells.len(),
                    text::duration(document.seconds)
                ));
            }
        });
        Ok(document.error.map_or(0, |problem| problem.code.exit_code()))
    }

    /// The cells to run, in order of their dependencies. All notebooks are checked before anything runs.
    fn cells<'a>(&self, workspaces: &'a [Workspace]) -> Result<Vec<(&'a Workspace, String)>> {
        let mut cells = Vec::new();
        for workspace in workspaces {
            match &self.cell {
                Some(cell) if is_sweep(workspace, cell) => {
                    let problem = Problem::new(Code::Unsupported, format!("`{cell}` is a sweep"));
                    let hint = format!("`aloft sweep {} --cell {cell}` runs it", self.path.display());
                    return Err(workspace.place(cell, problem).with_hint(hint));
                }
                Some(cell) if workspace.document.cell(cell).is_some() => {
                    cells.push((workspace, cell.clone()));
                }
                Some(_) => {}
                None => {
                    for cell in workspace.document.cells() {
                        workspace.spec(&cell.name)?;
                    }
                    // A sweep takes many times what a training takes: only who asks for it gets it.
                    let order = workspace.document.order().into_iter();
                    let runs = order.filter(|cell| !is_sweep(workspace, cell));
                    cells.extend(runs.map(|cell| (workspace, cell)));
                }
            }
        }
        match (cells.is_empty(), &self.cell) {
            (true, Some(cell)) => {
                Err(Problem::new(Code::UnknownName, format!("there is no cell `{cell}`")).in_file(&self.path))
            }
            (true, None) => Err(Problem::new(Code::EmptyData, "there is no cell to run").in_file(&self.path)),
            _ => Ok(cells),
        }
    }
}

fn is_sweep(workspace: &Workspace, cell: &str) -> bool {
    let found = workspace.document.cell(cell);
    found.is_some_and(|cell| cell.kind == CellKind::Sweep)
}

fn run_cell(
    screen: &Screen,
    evaluator: &Evaluator,
    workspace: &Workspace,
    name: &str,
    scope: Scope,
    interrupt: &Interrupt,
) -> Result<CellReport> {
    let started = Instant::now();
    let kind = workspace
        .document
        .cell(name)
        .map_or(CellKind::Unknown(String::new()), |cell| cell.kind.clone());
    let result = match workspace.spec(name)? {
        CellSpec::Train(_) => {
            let report = following::train(screen, evaluator, workspace, name, scope, interrupt)?;
            CellResult::Training(Box::new(report))
        }
        CellSpec::Param(param) => {
            screen.line(format_args!("{kind} {name}: {}", param.value));
            CellResult::Parameter { value: param.value }
        }
        _ => {
            let evaluated = evaluator.run(workspace, name, scope, false, &interrupt.cancel())?;
            if let Err(problem) = evaluator.keep(workspace, name, scope, &evaluated) {
                screen.note(format_args!("the output of `{name}` isn't kept: {problem}"));
            }
            let from = if evaluated.cached { ", from cache" } else { "" };
            shown(screen, &format!("{kind} {name}"), from, evaluated)
        }
    };
    if let CellResult::Training(report) = &result {
        report.print(screen);
    }
    screen.line("");
    Ok(CellReport {
        notebook: workspace.notebook.clone(),
        name: name.to_owned(),
        kind,
        wall_seconds: started.elapsed().as_secs_f64(),
        result,
    })
}

/// An output in some lines.
fn shown(screen: &Screen, name: &str, from: &str, evaluated: Evaluated) -> CellResult {
    let cached = evaluated.cached;
    match evaluated.output {
        Output::Table(output) => {
            screen.line(format_args!("{name}: {}{from}", output.extent));
            for line in TextTable::of(&output.table, PREVIEW_ROWS).lines(screen.width()) {
                screen.line(line);
            }
            let columns = output.table.columns.iter();
            CellResult::Table {
                columns: columns.map(|column| column.field.name.clone()).collect(),
                extent: output.extent,
                cached,
            }
        }
        Output::Chart(chart) => {
            screen.line(format_args!(
                "{name}: {}, {}{from}",
                chart.description, chart.extent
            ));
            CellResult::Chart {
                description: chart.description.clone(),
                extent: chart.extent.clone(),
                cached,
            }
        }
    }
}
