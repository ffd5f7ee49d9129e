//! What may be wrong with a table: one file a question. Every check looks at a bounded number of rows, says which, and
//! gives the same findings for the same rows.

mod dates;
mod drift;
mod duplicates;
mod formats;
mod hashes;
mod leakage;
mod looked;
mod overlap;
mod personal;
mod similar;
mod target;
mod texts;
mod variety;

use crate::{Relation, error::Result};
use aloft_spec::{DataClass, Finding, FindingCode, Problem, train::TrainSpec};
use looked::Looked;
use rayon::prelude::*;

/// What findings are judged by beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The present day, in days since 1970-01-01. Handed in, so that the same rows give the same findings in a test.
    pub today: i64,
    /// The class that the data has now.
    pub class: DataClass,
}

impl Relation {
    /// What may be wrong with the table by itself, the gravest first. Looks at 50,000 rows at most (fewer where there are
    /// many columns); of a larger table at a seeded sample, and each finding says so.
    ///
    /// # Errors
    /// What reading its rows can give; `Stopped`.
    pub fn findings(&self, setting: Setting) -> std::result::Result<Vec<Finding>, Problem> {
        Ok(table_findings(self, setting)?)
    }

    /// What may be wrong with the table for what `train` wants to learn from it: leaking features, a target out of
    /// balance, copies of rows on both sides of the split.
    ///
    /// # Errors
    /// `UnknownColumn` of the target; what reading its rows can give; `Stopped`.
    pub fn training_findings(&self, train: &TrainSpec) -> std::result::Result<Vec<Finding>, Problem> {
        Ok(training_findings(self, train)?)
    }

    /// How the table differs from an `earlier` one with the same columns, and which rows are in both. `names` are what
    /// the two are called, this one first. Empty where they have too few columns in common to be two of a kind.
    ///
    /// # Errors
    /// What reading their rows can give; `Stopped`.
    pub fn findings_against(
        &self,
        earlier: &Relation,
        names: [&str; 2],
    ) -> std::result::Result<Vec<Finding>, Problem> {
        Ok(comparison(self, earlier, names)?)
    }
}

fn table_findings(relation: &Relation, setting: Setting) -> Result<Vec<Finding>> {
    let looked = Looked::at(relation)?;
    let columns: Vec<Vec<Finding>> = looked
        .columns()
        .into_par_iter()
        .map(|column| {
            relation.cancel.step()?;
            // What a column holds says more than that its values all differ.
            let mut found = texts::findings(&looked, &column)?;
            let variety = variety::findings(&looked, &column)?;
            if found.is_empty()
                || variety
                    .iter()
                    .any(|finding| finding.code != FindingCode::Identifier)
            {
                found = variety;
            }
            found.extend(similar::findings(&looked, &column)?);
            found.extend(dates::findings(&looked, &column, setting.today)?);
            found.extend(personal::findings(&looked, &column, setting.class)?);
            Ok(found)
        })
        .collect::<Result<_>>()?;
    relation.cancel.step()?;
    let mut findings = duplicates::findings(&looked)?;
    findings.extend(columns.into_iter().flatten());
    Ok(in_order(findings))
}

fn training_findings(relation: &Relation, train: &TrainSpec) -> Result<Vec<Finding>> {
    // What an autoencoder is to give back leaks nothing. Features of a window are older than what it predicts, and its
    // parts are divided by time.
    if train.target.is_empty() || train.forecast.is_some() {
        return Ok(Vec::new());
    }
    relation.field(&train.target)?;
    let looked = Looked::at(relation)?.with_target(&train.target)?;
    let task = target::task(&looked, train)?;
    let mut findings = target::imbalance(&looked, &train.target, &task);
    relation.cancel.step()?;
    findings.extend(leakage::findings(&looked, train, &task, &relation.cancel)?);
    findings.extend(overlap::across_the_split(&looked, train)?);
    Ok(in_order(findings))
}

fn comparison(relation: &Relation, earlier: &Relation, names: [&str; 2]) -> Result<Vec<Finding>> {
    let shared = overlap::shared_columns(relation, earlier);
    if shared.is_empty() {
        return Ok(Vec::new());
    }
    let (here, there) = (Looked::at(relation)?, Looked::at(earlier)?);
    let mut findings = overlap::of_rows(&here, &there, &shared, names)?;
    for name in &shared {
        relation.cancel.step()?;
        findings.extend(drift::findings(&here, &there, name, names)?);
    }
    Ok(in_order(findings))
}

/// The gravest first, then by kind and column: the same findings come in the same order.
fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (b.severity, a.code, &a.columns, &a.message).cmp(&(a.severity, b.code, &b.columns, &b.message))
    });
    findings
}
