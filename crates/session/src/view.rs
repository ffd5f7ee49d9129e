//! The state as the window reads it.

use crate::state::{Cell, OpenNotebook, OpenProject, State, Task, Work};
use aloft_notebook::Block;
use aloft_protocol::{
    Snapshot,
    operation::Rows,
    snapshot::{
        BlockContent, BlockView, CellState, CellView, NotebookView, ProjectView, TargetView, TaskView,
    },
};
use aloft_spec::{CellKind, CellSpec};
use std::sync::Arc;

/// What the window shows of the state.
pub fn snapshot(state: &State) -> Snapshot {
    Snapshot {
        revision: state.revision,
        theme: state.theme,
        recent: state.recent.clone(),
        examples: state.examples.clone(),
        project: state.open.as_ref().map(project),
        machine: state.machine.clone(),
        tasks: state.tasks.iter().map(task).collect(),
        notices: state.notices.clone(),
        question: state.question.clone(),
        closing: state.closing && state.saves_pending == 0,
    }
}

fn task(task: &Task) -> TaskView {
    TaskView {
        id: task.id,
        label: task.label.clone(),
        fraction: task.fraction,
        stoppable: !matches!(task.work, Work::Load | Work::Target),
    }
}

fn project(open: &OpenProject) -> ProjectView {
    ProjectView {
        name: open.project.name(),
        root: open.project.root.clone(),
        notebooks: open.notebooks.clone(),
        files: open.files.clone(),
        runs: open.runs.clone(),
        jobs: open.jobs.clone(),
        targets: open
            .project
            .spec
            .targets
            .iter()
            .map(|(name, spec)| TargetView {
                name: name.clone(),
                spec: spec.clone(),
                tested: open.target_tests.get(name).cloned(),
            })
            .collect(),
        notebook: open
            .notebook
            .as_ref()
            .map(|notebook| notebook_view(notebook, &open.diagnostics)),
    }
}

fn notebook_view(notebook: &OpenNotebook, project: &[aloft_spec::Diagnostic]) -> NotebookView {
    let document = &notebook.document;
    let blocks = document
        .blocks()
        .iter()
        .zip(&notebook.ids)
        .enumerate()
        .map(|(index, (block, &id))| {
            let text_revision = notebook.text_revisions.get(&id).copied().unwrap_or_default();
            BlockView {
                id,
                text: Arc::from(document.block_text(index).unwrap_or_default()),
                text_revision,
                content: match block {
                    Block::Prose { .. } => BlockContent::Prose,
                    Block::Cell(cell) => BlockContent::Cell(cell_view(notebook, cell)),
                },
            }
        })
        .collect();
    let of_cells: Vec<_> = document
        .cells()
        .flat_map(|cell| document.cell_diagnostics(&notebook.path, &cell.name))
        .collect();
    let diagnostics = document
        .diagnostics(&notebook.path)
        .into_iter()
        .filter(|diagnostic| !of_cells.contains(diagnostic))
        .chain(project.iter().cloned())
        .collect();
    NotebookView {
        path: notebook.path.to_string_lossy().into_owned(),
        unsaved: notebook.unsaved(),
        can_undo: notebook.history.can_undo(),
        can_redo: notebook.history.can_redo(),
        blocks,
        diagnostics,
    }
}

fn cell_view(notebook: &OpenNotebook, cell: &aloft_notebook::Cell) -> CellView {
    static UNKNOWN: std::sync::LazyLock<Cell> = std::sync::LazyLock::new(Cell::default);
    let known = notebook.cells.get(&cell.name).unwrap_or(&UNKNOWN);
    let key = notebook.key(&cell.name);
    let param = match (&cell.kind, notebook.document.spec(&cell.name, &notebook.path)) {
        (CellKind::Param, Ok(CellSpec::Param(param))) => Some(param),
        _ => None,
    };
    let state = match &param {
        // A parameter has its value without being run.
        Some(_) => CellState::Done {
            seconds: 0.0,
            cached: false,
        },
        None => known.state.clone(),
    };
    CellView {
        name: cell.name.clone(),
        kind: cell.kind.clone(),
        state,
        output: known.output.clone(),
        training: known
            .training
            .as_ref()
            .map(|training| Arc::new(training.view.clone())),
        // A verdict on another text than the one on the screen would be a lie.
        verdicts: [Rows::Sample, Rows::All]
            .into_iter()
            .filter_map(|rows| {
                let (with, verdict) = known.verdict(rows)?;
                let training = matches!(known.state, CellState::Running { .. });
                (*with == key || training).then(|| (rows, verdict.clone()))
            })
            .collect(),
        page: known.page.clone(),
        joins: known.joins.clone(),
        first_line: cell.line + 1,
        diagnostics: notebook.document.cell_diagnostics(&notebook.path, &cell.name),
        param,
        findings: match &known.findings {
            Some((with, findings)) if *with == key => findings.clone(),
            _ => Arc::default(),
        },
    }
}
