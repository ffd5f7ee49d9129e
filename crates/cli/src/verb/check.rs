//! `aloft check PATH`

use crate::{Result, locate, screen::Screen};
use aloft_project::Project;
use aloft_spec::{Diagnostic, Severity};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A project's folder or a notebook
    #[arg(default_value = ".")]
    path: PathBuf,
}

#[derive(Serialize)]
struct Document {
    root: PathBuf,
    notebooks: Vec<PathBuf>,
    cells: usize,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let project = Project::open(&self.path)?;
        let mut diagnostics = project.diagnostics();
        let workspaces = locate::workspaces(&self.path)?;
        for workspace in &workspaces {
            diagnostics.extend(workspace.document.diagnostics(&workspace.notebook));
        }
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let document = Document {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            cells: workspaces.iter().map(|w| w.document.cells().count()).sum(),
            notebooks: workspaces.into_iter().map(|w| w.notebook).collect(),
            root: project.root,
            diagnostics,
        };
        screen.result(&document, |screen| print(screen, &document));
        Ok(if document.errors > 0 { 2 } else { 0 })
    }
}

fn print(screen: &Screen, document: &Document) {
    for diagnostic in &document.diagnostics {
        let word = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        screen.line(format_args!("{word}: {}", diagnostic.problem));
    }
    screen.line(format_args!(
        "{} notebooks, {} cells: {} errors, {} warnings",
        document.notebooks.len(),
        document.cells,
        document.errors,
        document.warnings
    ));
}
