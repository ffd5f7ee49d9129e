//! The state as the window reads it.

use crate::state::{Cell, OpenNotebook, OpenProject, State, Task, Work};
use aloft_notebook::Block;
use aloft_protocol::{
    BlockId, Snapshot,
    operation::Rows,
    snapshot::{
        BlockContent, BlockView, CellState, CellView, NotebookView, ProjectView, Selected, SelectionView,
        SweepView, TargetView, TaskView,
    },
};
use aloft_spec::{CellKind, CellSpec, Output, ask::Ask};
use std::sync::Arc;

/// What the window shows of the state.
pub fn snapshot(state: &State) -> Snapshot {
    Snapshot {
        revision: state.revision,
        theme: state.theme,
        zoom_percent: state.zoom_percent,
        recent: state.recent.clone(),
        examples: state.examples.clone(),
        project: state.open.as_ref().map(project),
        machine: state.machine.clone(),
        tasks: state.tasks.iter().map(task).collect(),
        notices: state.notices.clone(),
        question: state.question.clone(),
        picture: state.picture.clone(),
        closing: state.closing && state.saves_pending == 0,
    }
}

fn task(task: &Task) -> TaskView {
    TaskView {
        id: task.id,
        label: task.label.clone(),
        fraction: task.fraction,
        // What isn't put in line begins at once.
        waiting: task.work.is_queued() && !task.started,
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
        window: open.window.clone(),
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
        selection: selection_view(notebook),
        diagnostics,
    }
}

fn selection_view(notebook: &OpenNotebook) -> Option<SelectionView> {
    let chosen = notebook.chosen.as_ref()?;
    let selection = &chosen.selection;
    let is_table = |id: &&BlockId| notebook.cell_name(**id) == Some(&chosen.spec.data);
    Some(SelectionView {
        chart: chosen.chart,
        brush: chosen.brush.clone(),
        words: selection.to_string(),
        rows: notebook.chosen_rows(),
        table: notebook.ids.iter().find(is_table).copied()?,
        filter: Ask::Filter {
            column: selection.column.clone(),
            condition: selection.condition.clone(),
        },
    })
}

/// How a cell stands with the rows that are chosen in a chart.
fn selected(notebook: &OpenNotebook, name: &str) -> Option<Selected> {
    let chosen = notebook.chosen.as_ref()?;
    if chosen.name == name {
        return Some(Selected::Here);
    }
    if !notebook.follows(name) {
        return None;
    }
    Some(match notebook.of_chosen(name) {
        // A stale output of all rows isn't made into one of the chosen ones before it is fresh again.
        None if !notebook.is_fresh(name) => return None,
        None => Selected::Working,
        Some(Ok(_)) => Selected::Shown,
        Some(Err(problem)) => Selected::Failed {
            problem: problem.clone(),
        },
    })
}

/// The output on the screen. While a cell is evaluated on chosen rows it is what was shown before.
fn output(notebook: &OpenNotebook, known: &Cell, name: &str) -> Option<Output> {
    let earlier = match (&known.partial, &known.of_chosen) {
        (Some(partial), _) => Some(partial),
        (None, Some(earlier)) if notebook.follows(name) => earlier.result.as_ref().ok(),
        _ => None,
    };
    let output = match selected(notebook, name) {
        Some(Selected::Working) => earlier,
        _ => known.partial.as_ref().or(notebook.shown(name)),
    };
    output.or(known.output.as_ref()).cloned()
}

fn cell_view(notebook: &OpenNotebook, cell: &aloft_notebook::Cell) -> CellView {
    static UNKNOWN: std::sync::LazyLock<Cell> = std::sync::LazyLock::new(Cell::default);
    let known = notebook.cells.get(&cell.name).unwrap_or(&UNKNOWN);
    let key = notebook.key(&cell.name);
    let param = match (&cell.kind, notebook.document.spec(&cell.name, &notebook.path)) {
        (CellKind::Param, Ok(CellSpec::Param(param))) => Some(param),
        _ => None,
    };
    let sweep = match (&cell.kind, notebook.document.spec(&cell.name, &notebook.path)) {
        (CellKind::Sweep, Ok(CellSpec::Sweep(sweep))) => Some(SweepView {
            trials: Some(sweep.trials_at_most()).filter(|trials| *trials < u32::MAX),
            train: sweep.train,
            leaderboard: known.leaderboard.clone(),
        }),
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
        output: output(notebook, known, &cell.name),
        partial: known.partial.is_some(),
        selected: selected(notebook, &cell.name),
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
        sweep,
        page: known.page.clone(),
        pictures: notebook.picture_columns(&cell.name),
        thumbnails: known.pictures.of(&notebook.shown_key(&cell.name)).to_vec(),
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
