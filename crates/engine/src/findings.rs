//! What may be wrong with the data of a cell.

use crate::{Cancel, Evaluator, Result, Workspace, resolved::Resolved};
use aloft_data::Setting;
use aloft_spec::{CellKind, CellSpec, Finding, table::Scope};
use std::time::{SystemTime, UNIX_EPOCH};

/// Findings in the sample of a source or query cell; for a source also against the sources above it that have the same
/// columns; for a train cell, those about its target. Other cells have none. `today` counts days since 1970-01-01.
///
/// # Errors
/// What evaluating the cell can give; `UnknownColumn` of a target.
pub fn findings(
    evaluator: &Evaluator,
    workspace: &Workspace,
    cell: &str,
    today: i64,
    cancel: &Cancel,
) -> Result<Vec<Finding>> {
    let resolved = Resolved::new(workspace, cell)?;
    let placed = |problem| workspace.place(cell, problem);
    let class = resolved.class();
    match &resolved.spec {
        CellSpec::Train(train) => {
            let relation = evaluator.input(workspace, &resolved, Scope::Sample, cancel)?;
            relation
                .training_findings(train)
                .map_err(|problem| workspace.place_at_word(cell, &train.target, problem))
        }
        CellSpec::Source(_) => {
            let relation = evaluator.relation(workspace, cell, Scope::Sample, cancel)?;
            let mut findings = relation.findings(Setting { today, class }).map_err(placed)?;
            for earlier in sources_above(workspace, cell) {
                // A source that can't be read says so itself.
                if let Ok(other) = evaluator.relation(workspace, &earlier, Scope::Sample, cancel) {
                    let names = [cell, earlier.as_str()];
                    findings.extend(relation.findings_against(&other, names).map_err(placed)?);
                }
            }
            Ok(findings)
        }
        CellSpec::Query { .. } => {
            let relation = evaluator.relation(workspace, cell, Scope::Sample, cancel)?;
            relation.findings(Setting { today, class }).map_err(placed)
        }
        _ => Ok(Vec::new()),
    }
}

fn sources_above(workspace: &Workspace, cell: &str) -> Vec<String> {
    workspace
        .document
        .cells()
        .take_while(|other| other.name != cell)
        .filter(|other| other.kind == CellKind::Source)
        .map(|other| other.name.clone())
        .collect()
}

/// The present day by this machine's clock, in days since 1970-01-01 UTC.
pub fn today() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() / 86_400) as i64
}
