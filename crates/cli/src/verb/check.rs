//! `aloft check PATH`

use crate::{Result, interrupt::Interrupt, locate, screen::Screen};
use aloft_engine::{Cancel, Evaluator, Workspace, findings, today};
use aloft_project::Project;
use aloft_spec::{CellKind, Code, Diagnostic, Finding, Place, Problem, Severity};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder or a notebook
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Look at the notebooks' text alone, and at no data
    #[arg(long)]
    text: bool,
}

#[derive(Serialize)]
struct Document {
    root: PathBuf,
    notebooks: Vec<PathBuf>,
    cells: usize,
    errors: usize,
    /// In text and data.
    warnings: usize,
    diagnostics: Vec<Diagnostic>,
    findings: Vec<CellFinding>,
}

/// What may be wrong with a cell's data.
#[derive(Serialize)]
struct CellFinding {
    cell: String,
    place: Option<Place>,
    #[serde(flatten)]
    finding: Finding,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let project = Project::open(&self.path)?;
        let mut diagnostics = project.diagnostics();
        let mut found = Vec::new();
        let workspaces = locate::workspaces(&self.path)?;
        for workspace in &workspaces {
            diagnostics.extend(workspace.document.diagnostics(&workspace.notebook));
            if !self.text {
                look(workspace, &mut diagnostics, &mut found, &interrupt.cancel())?;
            }
        }
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let warnings = found
            .iter()
            .filter(|found| found.finding.severity == Severity::Warning);
        let document = Document {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning) + warnings.count(),
            cells: workspaces.iter().map(|w| w.document.cells().count()).sum(),
            notebooks: workspaces.into_iter().map(|w| w.notebook).collect(),
            root: project.root,
            diagnostics,
            findings: found,
        };
        screen.result(&document, |screen| print(screen, &document));
        Ok(if document.errors > 0 { 2 } else { 0 })
    }
}

/// Looks at the data of the cells whose text is sound.
fn look(
    workspace: &Workspace,
    diagnostics: &mut Vec<Diagnostic>,
    found: &mut Vec<CellFinding>,
    cancel: &Cancel,
) -> Result<()> {
    let evaluator = Evaluator::new();
    let document = &workspace.document;
    let mut broken: Vec<String> = Vec::new();
    for name in document.order() {
        let unsound = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
        let in_text = document
            .cell_diagnostics(&workspace.notebook, &name)
            .iter()
            .any(unsound);
        let above = document.dependencies(&name);
        let kind = document.cell(&name).map(|cell| &cell.kind);
        if in_text || above.iter().any(|input| broken.contains(input)) {
            broken.push(name);
            continue;
        }
        if !matches!(kind, Some(CellKind::Source | CellKind::Query | CellKind::Train)) {
            continue;
        }
        match findings(&evaluator, workspace, &name, today(), cancel) {
            Ok(findings) => found.extend(findings.into_iter().map(|finding| CellFinding {
                place: workspace.place(&name, Problem::new(Code::BadValue, "")).place,
                cell: name.clone(),
                finding,
            })),
            Err(problem) if problem.code == Code::Stopped => return Err(problem),
            Err(problem) => {
                diagnostics.push(Diagnostic {
                    severity: Severity::Error,
                    problem,
                });
                broken.push(name);
            }
        }
    }
    Ok(())
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn print(screen: &Screen, document: &Document) {
    for diagnostic in &document.diagnostics {
        screen.line(format_args!(
            "{}: {}",
            word(diagnostic.severity),
            diagnostic.problem
        ));
    }
    for CellFinding { place, finding, .. } in &document.findings {
        let place = place
            .as_ref()
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        let Finding {
            severity,
            message,
            hint,
            extent,
            ..
        } = finding;
        screen.line(format_args!(
            "{}: {place}{message} ({extent})\n  hint: {hint}",
            word(*severity)
        ));
    }
    screen.line(format_args!(
        "{} notebooks, {} cells: {} errors, {} warnings",
        document.notebooks.len(),
        document.cells,
        document.errors,
        document.warnings
    ));
}
