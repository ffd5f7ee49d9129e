//! What a document's cells say, which of them read which, and what is wrong.

use crate::document::{Cell, Document};
use crate::graph;
use crate::lines::Lines;
use crate::scan;
use crate::sql;
use crate::suggestion::suggestion;
use crate::toml_reader::Finding;
use crate::validate::{self, Checked, NAME_RULE};
use aloft_spec::{CellKind, CellSpec, Code, Diagnostic, Problem, Severity, is_valid_name};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

const KINDS: [&str; 6] = ["source", "param", "query", "chart", "train", "sweep"];

/// What is known of a document. Cells are counted in order of the text.
#[derive(Debug)]
pub(crate) struct Analysis {
    specs: Vec<Option<CellSpec>>,
    reads: Vec<Vec<usize>>,
    order: Vec<usize>,
    /// In order of the text. Each with its offset in the text, and its cell.
    findings: Vec<(usize, Option<usize>, Finding)>,
}

/// A name that a cell reads, and its bytes in the text.
struct Reference {
    name: String,
    span: Range<usize>,
}

/// What one cell's text says by itself.
#[derive(Default)]
struct Content {
    spec: Option<CellSpec>,
    references: Vec<Reference>,
    /// Parameters that the query uses as `$name`.
    params: Vec<Reference>,
    /// Tables that the query makes with `WITH`.
    made: Vec<Reference>,
    /// Spans are in the document.
    findings: Vec<Finding>,
}

impl Analysis {
    pub fn new(document: &Document) -> Self {
        let text = document.text();
        let lines = Lines::new(text);
        let cells: Vec<&Cell> = document.cells().collect();
        let conflicts = conflicts(text);
        let mut findings: Vec<(Option<usize>, Finding)> = Vec::new();

        for finding in conflicts.iter().map(conflict) {
            let at = finding.span.as_ref().map_or(0, |span| span.start);
            let cell = cells.iter().position(|cell| cell.fence.content.contains(&at));
            findings.push((cell, finding));
        }
        findings.extend(document.incomplete.iter().map(|span| (None, incomplete(span))));

        let mut contents: Vec<Content> = Vec::with_capacity(cells.len());
        for cell in &cells {
            let torn = conflicts
                .iter()
                .any(|conflict| cell.fence.content.contains(&conflict.start));
            let foreign = cell.language != cell.kind.language();
            // That is said already, and what it does to TOML and SQL needs no words.
            let unreadable = torn || foreign;
            contents.push(if unreadable {
                Content::default()
            } else {
                content(text, &lines, cell)
            });
        }
        let first = first_of_each_name(&cells);
        for (index, cell) in cells.iter().enumerate() {
            let mut add = |found: Vec<Finding>| {
                findings.extend(found.into_iter().map(|finding| (Some(index), finding)));
            };
            add(fence(cell));
            let earlier = first.get(cell.name.as_str()).filter(|&&first| first != index);
            add(earlier
                .map(|&first| duplicate(cell, cells[first]))
                .into_iter()
                .collect());
            add(std::mem::take(&mut contents[index].findings));
        }

        let mut reads: Vec<Vec<usize>> = Vec::with_capacity(cells.len());
        for (index, content) in contents.iter().enumerate() {
            let mut inputs = Vec::new();
            for reference in &content.references {
                let resolved = match cells[index].kind {
                    CellKind::Sweep => resolve_train(reference, &cells, &first),
                    _ => resolve(reference, index, &cells, &first),
                };
                match resolved {
                    Ok(input) => {
                        let said = swept(text, cells[index], cells[input]);
                        findings.extend(said.into_iter().map(|finding| (Some(index), finding)));
                        inputs.push(input);
                    }
                    Err(finding) => findings.push((Some(index), finding)),
                }
            }
            for reference in &content.params {
                match resolve_param(reference, &cells, &first) {
                    Ok(input) => inputs.push(input),
                    Err(finding) => findings.push((Some(index), finding)),
                }
            }
            for made in content
                .made
                .iter()
                .filter(|made| first.contains_key(made.name.as_str()))
            {
                findings.push((Some(index), shadows(made)));
            }
            reads.push(inputs);
        }
        for (index, cell) in cells.iter().enumerate() {
            if let Some(way) = graph::circle(&reads, index) {
                findings.push((Some(index), cycle(cell, &way, &cells)));
            }
        }
        let known = |index: usize| !matches!(cells[index].kind, CellKind::Unknown(_));
        let is_first = |index: usize| first.get(cells[index].name.as_str()) == Some(&index);
        let order = graph::order(&reads)
            .into_iter()
            .filter(|&index| known(index) && is_first(index));

        let mut findings: Vec<(usize, Option<usize>, Finding)> = findings
            .into_iter()
            .map(|(cell, finding)| {
                let at = finding.span.as_ref().map(|span| span.start);
                let name = cell.map(|index| cells[index].name_span.start);
                (at.or(name).unwrap_or_default(), cell, finding)
            })
            .collect();
        findings.sort_by_key(|(at, _, _)| *at);
        Self {
            order: order.collect(),
            specs: contents.into_iter().map(|content| content.spec).collect(),
            reads,
            findings,
        }
    }

    pub fn diagnostics(
        &self,
        document: &Document,
        file: &Path,
        wanted: impl Fn(Option<usize>) -> bool,
    ) -> Vec<Diagnostic> {
        let lines = Lines::new(document.text());
        let wanted = self.findings.iter().filter(|(_, cell, _)| wanted(*cell));
        wanted
            .map(|(at, _, finding)| finding.diagnostic(file, lines.position(*at)))
            .collect()
    }

    pub fn first_error(&self, document: &Document, file: &Path, cell: usize) -> Option<Problem> {
        let found = self.diagnostics(document, file, |index| index == Some(cell));
        let mut errors = found
            .into_iter()
            .filter(|found| found.severity == Severity::Error);
        errors.next().map(|found| found.problem)
    }

    pub fn spec(&self, cell: usize) -> Option<CellSpec> {
        self.specs.get(cell).cloned().flatten()
    }

    pub fn dependencies(&self, cell: usize) -> &[usize] {
        self.reads.get(cell).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn order(&self) -> &[usize] {
        &self.order
    }

    pub fn downstream(&self, cell: usize) -> impl Iterator<Item = usize> {
        graph::downstream(&self.reads, cell).into_iter()
    }
}

fn first_of_each_name<'a>(cells: &[&'a Cell]) -> HashMap<&'a str, usize> {
    let mut first = HashMap::new();
    for (index, cell) in cells.iter().enumerate() {
        first.entry(cell.name.as_str()).or_insert(index);
    }
    first
}

/// What a cell's body says by itself.
fn content(text: &str, lines: &Lines<'_>, cell: &Cell) -> Content {
    let body = &text[cell.body_span.clone()];
    let start = cell.body_span.start;
    match cell.kind {
        CellKind::Source => typed(validate::source(body), start),
        CellKind::Chart => typed(validate::chart(body), start),
        CellKind::Train => typed(validate::train(body), start),
        CellKind::Sweep => typed(validate::sweep(body), start),
        CellKind::Param => typed(validate::param(body), start),
        CellKind::Query => query(body, lines, cell),
        CellKind::Unknown(_) => Content::default(),
    }
}

fn typed(checked: Checked, start: usize) -> Content {
    let shift = |span: Range<usize>| span.start + start..span.end + start;
    let reference = |(name, span): (String, Option<Range<usize>>)| Reference {
        name,
        span: shift(span.unwrap_or_default()),
    };
    Content {
        spec: checked.spec,
        references: checked.data.into_iter().map(reference).collect(),
        params: Vec::new(),
        made: Vec::new(),
        findings: checked
            .findings
            .into_iter()
            .map(|finding| Finding {
                span: finding.span.map(shift),
                ..finding
            })
            .collect(),
    }
}

fn query(body: &str, lines: &Lines<'_>, cell: &Cell) -> Content {
    let (first_line, _) = lines.position(cell.body_span.start);
    let at = |line: usize, column: usize| match line {
        0 => cell.body_span.start + body.trim_end().len(),
        _ => lines
            .offset(first_line + line - 1, column)
            .clamp(cell.body_span.start, cell.body_span.end),
    };
    let reference = |named: sql::Named| {
        let start = at(named.line, named.column);
        Reference {
            name: named.name,
            span: start..start,
        }
    };
    match sql::tables(body) {
        Ok(tables) => Content {
            spec: Some(CellSpec::Query { sql: body.to_owned() }),
            references: tables.read.into_iter().map(reference).collect(),
            params: tables.params.into_iter().map(reference).collect(),
            made: tables.made.into_iter().map(reference).collect(),
            findings: Vec::new(),
        },
        Err(error) => {
            let span = error
                .position()
                .map(|(line, column)| at(line, column))
                .map(|at| at..at);
            let finding = Finding::error(error.code(), error.to_string(), span);
            Content {
                findings: vec![Finding {
                    hint: error.hint().map(str::to_owned),
                    ..finding
                }],
                ..Content::default()
            }
        }
    }
}

/// The cell that a reference means.
fn resolve(
    reference: &Reference,
    reader: usize,
    cells: &[&Cell],
    first: &HashMap<&str, usize>,
) -> Result<usize, Finding> {
    let (name, span) = (&reference.name, Some(reference.span.clone()));
    let Some(&input) = first.get(name.as_str()) else {
        let others = cells.iter().enumerate().filter(|(index, _)| *index != reader);
        let tables = others.filter(|(_, cell)| matches!(cell.kind, CellKind::Source | CellKind::Query));
        let tables: Vec<&str> = tables.map(|(_, cell)| cell.name.as_str()).collect();
        let hint = suggestion(name, tables, "tables of this notebook");
        return Err(Finding {
            hint: hint.or_else(|| Some("add a source cell of that name".into())),
            ..Finding::error(Code::UnknownName, format!("there is no cell `{name}`"), span)
        });
    };
    match &cells[input].kind {
        CellKind::Source | CellKind::Query => Ok(input),
        kind => {
            let message = format!("`{name}` is a {kind} cell and gives no table");
            let hint = match kind {
                CellKind::Param => format!("use it as `${name}` where a value can stand"),
                _ => "name a source or a query cell".into(),
            };
            Err(Finding::error(Code::BadValue, message, span).with_hint(hint))
        }
    }
}

/// The train cell that a sweep is about.
fn resolve_train(
    reference: &Reference,
    cells: &[&Cell],
    first: &HashMap<&str, usize>,
) -> Result<usize, Finding> {
    let (name, span) = (&reference.name, Some(reference.span.clone()));
    match first.get(name.as_str()) {
        Some(&input) if cells[input].kind == CellKind::Train => Ok(input),
        Some(&input) => {
            let message = format!("`{name}` is a {} cell and trains nothing", cells[input].kind);
            Err(Finding::error(Code::BadValue, message, span).with_hint("name a train cell"))
        }
        None => {
            let trains = cells.iter().filter(|cell| cell.kind == CellKind::Train);
            let trains: Vec<&str> = trains.map(|cell| cell.name.as_str()).collect();
            let hint = suggestion(name, trains, "train cells of this notebook");
            Err(Finding {
                hint: hint.or_else(|| Some("add a train cell of that name".into())),
                ..Finding::error(Code::UnknownName, format!("there is no cell `{name}`"), span)
            })
        }
    }
}

/// What the train cell has to say about the values of a sweep; nothing of other cells.
fn swept(text: &str, cell: &Cell, train: &Cell) -> Vec<Finding> {
    if cell.kind != CellKind::Sweep {
        return Vec::new();
    }
    let start = cell.body_span.start;
    let found = validate::over_train(
        &text[cell.body_span.clone()],
        &train.name,
        &text[train.body_span.clone()],
    );
    found
        .into_iter()
        .map(|finding| Finding {
            span: finding.span.map(|span| span.start + start..span.end + start),
            ..finding
        })
        .collect()
}

/// The param cell that `$name` means.
fn resolve_param(
    reference: &Reference,
    cells: &[&Cell],
    first: &HashMap<&str, usize>,
) -> Result<usize, Finding> {
    let (name, span) = (&reference.name, Some(reference.span.clone()));
    match first.get(name.as_str()) {
        Some(&input) if cells[input].kind == CellKind::Param => Ok(input),
        Some(&input) => {
            let kind = &cells[input].kind;
            let message = format!("`{name}` is a {kind} cell and no parameter");
            Err(Finding::error(Code::BadValue, message, span).with_hint("name a param cell behind the `$`"))
        }
        None => {
            let params = cells.iter().filter(|cell| cell.kind == CellKind::Param);
            let params: Vec<&str> = params.map(|cell| cell.name.as_str()).collect();
            let hint = suggestion(name, params, "parameters of this notebook");
            Err(Finding {
                hint: hint.or_else(|| Some("add a param cell of that name".into())),
                ..Finding::error(
                    Code::UnknownName,
                    format!("there is no parameter `${name}`"),
                    span,
                )
            })
        }
    }
}

/// What the opening line, and the lack of a closing one, say.
fn fence(cell: &Cell) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fence = &cell.fence;
    if let CellKind::Unknown(word) = &cell.kind {
        let finding = Finding::error(
            Code::Unsupported,
            format!("unknown kind of cell `{word}`"),
            Some(fence.kind.clone()),
        );
        findings.push(Finding {
            hint: suggestion(word, KINDS, "this version knows"),
            ..finding
        });
    } else if cell.language != cell.kind.language() {
        let (kind, language) = (&cell.kind, cell.kind.language());
        let message = format!("a {kind} cell is written in {language}, not in {}", cell.language);
        let finding = Finding::error(Code::Unsupported, message, Some(fence.language.clone()));
        findings.push(finding.with_hint(format!("write `{language} {kind} {}`", cell.name)));
    }
    if !is_valid_name(&cell.name) {
        let message = format!("`{}` can't be the name of a cell", cell.name);
        findings.push(Finding::error(Code::BadValue, message, Some(fence.name.clone())).with_hint(NAME_RULE));
    }
    if fence.close.is_none() {
        let message = format!("the cell `{}` isn't closed: it takes all that follows", cell.name);
        let finding = Finding::error(Code::Syntax, message, Some(fence.open.clone()));
        findings.push(finding.with_hint("end it with a line of the same backticks or tildes"));
    }
    findings
}

fn duplicate(cell: &Cell, first: &Cell) -> Finding {
    let message = format!(
        "the name `{}` is taken by the cell at line {}",
        cell.name, first.line
    );
    Finding::error(Code::DuplicateName, message, Some(cell.name_span.clone()))
        .with_hint("give one of them another name")
}

fn shadows(made: &Reference) -> Finding {
    let message = format!("WITH makes a table `{}`, and a cell has that name", made.name);
    Finding::error(Code::DuplicateName, message, Some(made.span.clone()))
        .with_hint("give the table of WITH another name")
}

fn cycle(cell: &Cell, way: &[usize], cells: &[&Cell]) -> Finding {
    let message = match way {
        [_] => format!("`{}` reads itself", cell.name),
        _ => {
            let names = way
                .iter()
                .chain(way.first())
                .map(|&index| format!("`{}`", cells[index].name));
            format!(
                "cells read each other in a circle: {}",
                names.collect::<Vec<_>>().join(" reads ")
            )
        }
    };
    let finding = Finding::error(Code::Cycle, message, Some(cell.name_span.clone()));
    finding.with_hint("let one of them read something else")
}

fn incomplete(span: &Range<usize>) -> Finding {
    Finding::warning(
        Code::Syntax,
        "this fence isn't a cell: its first line needs three words",
        Some(span.clone()),
    )
    .with_hint("write language, kind and name: ```toml source flights")
}

/// Lines that a merge left: `<<<<<<< ours`.
fn conflicts(text: &str) -> Vec<Range<usize>> {
    const MARK: &str = "<<<<<<<";
    let is_mark = |line: &scan::Line<'_>| {
        let rest = line.text.strip_prefix(MARK);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let marks = scan::lines(text, scan::text_start(text)).filter(is_mark);
    marks.map(|line| line.start..line.start + MARK.len()).collect()
}

fn conflict(span: &Range<usize>) -> Finding {
    Finding::error(
        Code::MergeConflict,
        "the file holds a merge conflict",
        Some(span.clone()),
    )
    .with_hint("keep one side and remove the lines <<<<<<<, ======= and >>>>>>>")
}
