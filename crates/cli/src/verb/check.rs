//! `aloft check PATH`

use crate::{
    Result,
    interrupt::Interrupt,
    locate,
    screen::Screen,
    source::{SourceOptions, access, say_reading},
};
use aloft_data::Setting;
use aloft_engine::{Cancel, Evaluator, Workspace, findings, today};
use aloft_project::{CONFIG_FILE, Project};
use aloft_spec::{
    CellKind, Code, Diagnostic, Finding, Place, Problem, Severity,
    reading::Reading,
    source::{Format, is_remote},
    table::{Extent, Scope},
    text,
};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Arguments {
    /// A project's folder, a notebook, or a file, folder or address of data
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Look at the notebooks' text alone, and at no data
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    options: SourceOptions,
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

/// What may be wrong with a data file.
#[derive(Serialize)]
struct DataDocument<'a> {
    file: &'a Path,
    extent: Extent,
    reading: Option<&'a Reading>,
    warnings: usize,
    findings: Vec<Finding>,
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
        if is_data(&self.path) {
            return self.run_on_data(screen, &interrupt.cancel());
        }
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
        let document = Document {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning) + warnings(found.iter().map(|found| &found.finding)),
            cells: workspaces.iter().map(|w| w.document.cells().count()).sum(),
            notebooks: workspaces.into_iter().map(|w| w.notebook).collect(),
            root: project.root,
            diagnostics,
            findings: found,
        };
        screen.result(&document, |screen| print(screen, &document));
        Ok(if document.errors > 0 { 2 } else { 0 })
    }

    /// Looks at a sample of a file, as a source cell for it would.
    fn run_on_data(self, screen: &Screen, cancel: &Cancel) -> Result {
        let spec = self.options.spec(&self.path);
        let relation = access().source(&spec, &self.path, Scope::Sample, cancel)?;
        let reading = relation.reading().map(AsRef::as_ref);
        if let Some(reading) = reading {
            say_reading(screen, reading);
        }
        let findings = relation.findings(Setting {
            today: today(),
            class: spec.class,
        })?;
        let document = DataDocument {
            file: &self.path,
            extent: relation.extent(relation.rows()?),
            reading,
            warnings: warnings(&findings),
            findings,
        };
        screen.result(&document, |screen| {
            for finding in &document.findings {
                say_finding(screen, finding, None);
            }
            screen.line(format_args!(
                "{}: {}: {}",
                self.path.display(),
                document.extent,
                counted(document.warnings, "warning")
            ));
        });
        Ok(0)
    }
}

/// Whether a path names data and no text of Aloft's: an address, a data file, or a folder of such files that is no project.
fn is_data(path: &Path) -> bool {
    if is_remote(&path.to_string_lossy()) {
        return true;
    }
    if !path.is_dir() {
        return Format::of_path(path).is_some();
    }
    !path.join(CONFIG_FILE).exists()
        && Project::open(path)
            .is_ok_and(|project| project.notebooks().is_empty() && !project.data_files().is_empty())
}

fn warnings<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> usize {
    let findings = findings.into_iter();
    findings
        .filter(|finding| finding.severity == Severity::Warning)
        .count()
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
        screen.sentences(format_args!(
            "{}: {}",
            word(diagnostic.severity),
            diagnostic.problem
        ));
    }
    for CellFinding { place, finding, .. } in &document.findings {
        say_finding(screen, finding, place.as_ref());
    }
    screen.line(format_args!(
        "{}, {}: {}, {}",
        counted(document.notebooks.len(), "notebook"),
        counted(document.cells, "cell"),
        counted(document.errors, "error"),
        counted(document.warnings, "warning")
    ));
}

fn say_finding(screen: &Screen, finding: &Finding, place: Option<&Place>) {
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let Finding {
        severity,
        message,
        hint,
        extent,
        ..
    } = finding;
    screen.sentences(format_args!(
        "{}: {place}{message} ({extent})\n  hint: {hint}",
        word(*severity)
    ));
}

/// A number of things: `1 cell`, `2 cells`.
fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", text::thousands(number as u64))
}
