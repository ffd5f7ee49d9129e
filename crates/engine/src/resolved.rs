//! A cell with everything that it depends on, understood: the base of evaluation, of a run's lineage and of its class.

use crate::{Result, Workspace, access};
use aloft_data::Cancel;
use aloft_spec::{CellKind, CellSpec, Code, DataClass, Problem, ask::Selection, table::Scope};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// A cell and, below it, what it reads.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Its name.
    pub name: String,
    /// Its body, understood.
    pub spec: CellSpec,
    /// Its body's text.
    pub text: String,
    /// A source's file and what tells this content from another.
    pub file: Option<(PathBuf, String)>,
    /// What it reads, in order of the text.
    pub inputs: Vec<Arc<Resolved>>,
    /// The rows of it that were chosen in a chart, where some were.
    pub selection: Option<Arc<Selection>>,
}

impl Resolved {
    /// Resolves a cell of the notebook.
    pub fn new(workspace: &Workspace, cell: &str) -> Result<Arc<Self>> {
        // Runs are of the rows that the notebook says, whatever is chosen on the screen.
        let is_shown = workspace
            .document
            .cell(cell)
            .is_some_and(|cell| matches!(cell.kind, CellKind::Source | CellKind::Query | CellKind::Chart));
        Resolver {
            workspace,
            selection: workspace.selection.as_ref().filter(|_| is_shown),
            known: HashMap::new(),
            path: Vec::new(),
        }
        .resolve(cell)
    }

    /// What the cell's result depends on, as one hash: its meaning, the meaning of its inputs, the content of files,
    /// and the choice of rows. Text that means the same (comments, order of keys) has the same key in TOML cells.
    pub fn key(&self, scope: Scope) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let mut part = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        part(&json(&self.spec)?);
        if let Some((path, fingerprint)) = &self.file {
            part(&path.to_string_lossy());
            part(fingerprint);
            part(&json(&scope)?);
        }
        if let Some(selection) = &self.selection {
            part(&json(selection)?);
        }
        for input in &self.inputs {
            part(&input.name);
            part(&input.key(scope)?);
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The highest class of the sources below.
    pub fn class(&self) -> DataClass {
        let own = match &self.spec {
            CellSpec::Source(source) => source.class,
            _ => DataClass::Public,
        };
        self.inputs
            .iter()
            .map(|input| input.class())
            .fold(own, DataClass::max)
    }

    /// The text of each cell below, by name.
    pub fn lineage(&self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for input in &self.inputs {
            texts.insert(input.name.clone(), input.text.clone());
            texts.append(&mut input.lineage());
        }
        texts
    }
}

struct Resolver<'a> {
    workspace: &'a Workspace,
    selection: Option<&'a Arc<Selection>>,
    known: HashMap<String, Arc<Resolved>>,
    path: Vec<String>,
}

impl Resolver<'_> {
    fn resolve(&mut self, name: &str) -> Result<Arc<Resolved>> {
        if let Some(known) = self.known.get(name) {
            return Ok(Arc::clone(known));
        }
        if self.path.iter().any(|seen| seen == name) {
            let circle = format!("{} → {name}", self.path.join(" → "));
            return Err(self.workspace.place(
                name,
                Problem::new(
                    Code::Cycle,
                    format!("cells depend on each other in a circle: {circle}"),
                )
                .with_hint("let one of them read something else"),
            ));
        }
        let spec = self.workspace.spec(name)?;
        self.path.push(name.to_owned());
        let inputs = self
            .workspace
            .document
            .dependencies(name)
            .iter()
            .map(|input| self.resolve(input))
            .collect::<Result<Vec<_>>>()?;
        self.path.pop();
        let text = self
            .workspace
            .document
            .cell(name)
            .map(|cell| cell.body(&self.workspace.document).to_owned())
            .unwrap_or_default();
        let file = match &spec {
            CellSpec::Source(source) => {
                let path = self.workspace.project.resolve(&source.path);
                let fingerprint = access(&self.workspace.project)
                    .fingerprint(source, &path, &Cancel::new())
                    .map_err(|problem| self.source_problem(name, &source.path, problem))?;
                Some((path, fingerprint))
            }
            _ => None,
        };
        let resolved = Arc::new(Resolved {
            name: name.to_owned(),
            spec,
            text,
            file,
            inputs,
            selection: self
                .selection
                .filter(|selection| selection.tables.iter().any(|table| table == name))
                .cloned(),
        });
        self.known.insert(name.to_owned(), Arc::clone(&resolved));
        Ok(resolved)
    }

    /// A missing file is a mistake in the notebook, so the notebook is the place; other problems keep the file's.
    fn source_problem(&self, cell: &str, path: &str, mut problem: Problem) -> Problem {
        if problem.code == Code::NotFound {
            problem.place = None;
            problem.message = format!("the source `{cell}` names a file that isn't there: {path}");
            return self.workspace.place_at_word(cell, path, problem);
        }
        self.workspace.place(cell, problem)
    }
}

/// The canonical text of a value, for hashing.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Problem::new(Code::Internal, format!("a value has no JSON form: {error}")))
}
