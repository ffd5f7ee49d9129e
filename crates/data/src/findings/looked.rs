//! The rows that findings are made of.

use crate::{
    Relation,
    error::{Result, guarded},
    execute::EngineChoice,
    sample, table,
};
use aloft_spec::{
    Finding, FindingCode, Severity, is_valid_name,
    table::{ColumnKind, Extent, Scope},
    text::thousands,
};
use polars::prelude::*;

/// Rows that are looked at, at most.
const MOST_ROWS: u64 = 50_000;
/// Cells that are looked at, at most: a wide table is looked at in fewer rows.
const MOST_CELLS: u64 = 8_000_000;
/// Rows that are looked at in any case.
const LEAST_ROWS: u64 = 1000;
/// Seed of the rows that are looked at.
const SEED: u64 = 7;

/// Rows in memory, with what they are of.
pub(super) struct Looked {
    pub frame: DataFrame,
    pub extent: Extent,
}

/// A column of them.
pub(super) struct Column<'a> {
    pub name: &'a str,
    pub kind: ColumnKind,
    pub series: &'a Series,
}

impl Looked {
    /// The rows of a relation that are looked at.
    pub fn at(relation: &Relation) -> Result<Self> {
        let width = relation.schema().len().max(1) as u64;
        let most = (MOST_CELLS / width).clamp(LEAST_ROWS, MOST_ROWS);
        let total = relation.count()?;
        if total <= most {
            return Ok(Self {
                frame: relation.frame()?,
                extent: relation.extent(total),
            });
        }
        let chosen = sample::draw(total, most, SEED);
        let frame = match relation.engine {
            EngineChoice::InMemory => {
                let chosen = chosen.into_iter().map(|row| row as IdxSize).collect();
                let all = relation.frame()?;
                guarded(|| all.take(&IdxCa::from_vec(PlSmallStr::EMPTY, chosen)))?
            }
            EngineChoice::Streaming => {
                relation.about_file(sample::rows(relation.plan.clone(), chosen, &relation.cancel))?
            }
        };
        let extent = match relation.extent(total) {
            Extent {
                scope: Scope::All, ..
            } => Extent {
                scope: Scope::Sample,
                rows: most,
                total: Some(total),
            },
            part => Extent { rows: most, ..part },
        };
        Ok(Self { frame, extent })
    }

    /// The same without rows that have no target; a run leaves them out too.
    pub fn with_target(self, target: &str) -> Result<Self> {
        let frame = guarded(|| {
            let known = self.frame.column(target)?.is_not_null();
            self.frame.filter(&known)
        })?;
        let rows = frame.height() as u64;
        Ok(Self {
            frame,
            extent: Extent {
                rows,
                total: match self.extent.scope {
                    Scope::All => Some(rows),
                    _ => self.extent.total,
                },
                ..self.extent
            },
        })
    }

    /// How many rows they are.
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// Its columns.
    pub fn columns(&self) -> Vec<Column<'_>> {
        let columns = self.frame.columns().iter();
        columns
            .map(|column| column_of(column.as_materialized_series()))
            .collect()
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Result<Column<'_>> {
        guarded(|| Ok(column_of(self.frame.column(name)?.as_materialized_series())))
    }

    /// A finding in these rows.
    pub fn finding(
        &self,
        code: FindingCode,
        severity: Severity,
        columns: &[&str],
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        Finding {
            code,
            severity,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            message: message.into(),
            hint: hint.into(),
            class: None,
            extent: self.extent.clone(),
        }
    }
}

fn column_of(series: &Series) -> Column<'_> {
    Column {
        name: series.name().as_str(),
        kind: table::kind(series.dtype()),
        series,
    }
}

impl Column<'_> {
    /// Rows with a value; NaN is none.
    pub fn present(&self) -> Result<usize> {
        guarded(|| {
            let nan = match self.kind {
                ColumnKind::Float if self.series.dtype().is_float() => {
                    self.series.is_nan()?.sum().unwrap_or(0) as usize
                }
                _ => 0,
            };
            Ok(self.series.len() - self.series.null_count() - nan)
        })
    }

    /// The values of a column of texts; `None` of other columns.
    pub fn texts(&self) -> Result<Option<StringChunked>> {
        if self.kind != ColumnKind::Text {
            return Ok(None);
        }
        guarded(|| Ok(Some(self.series.cast(&DataType::String)?.str()?.clone())))
    }

    /// The values as real numbers, NaN and infinite ones as none; `None` of columns that aren't numbers or truth values.
    pub fn numbers(&self) -> Result<Option<Vec<Option<f64>>>> {
        if !matches!(
            self.kind,
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Boolean
        ) {
            return Ok(None);
        }
        guarded(|| {
            let real = self.series.cast(&DataType::Float64)?;
            let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
            Ok(Some(real.f64()?.iter().map(finite).collect()))
        })
    }
}

/// A name as SQL takes it.
pub(super) fn sql_name(name: &str) -> String {
    if is_valid_name(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// `12 of 4,000 values`.
pub(super) fn of(count: usize, all: usize, what: &str) -> String {
    format!("{} of {} {what}", thousands(count as u64), thousands(all as u64))
}

/// `2.1 %`; never 0 % or 100 % of something that isn't.
pub(super) fn percent(count: usize, all: usize) -> String {
    let share = 100.0 * count as f64 / all.max(1) as f64;
    if count > 0 && share < 0.1 {
        "less than 0.1 %".into()
    } else if count < all && share > 99.9 {
        "more than 99.9 %".into()
    } else if (share - share.round()).abs() < 0.05 {
        format!("{share:.0} %")
    } else {
        format!("{share:.1} %")
    }
}

/// Some examples between quotes, cut where they are long.
pub(super) fn examples<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let shown: Vec<String> = values
        .into_iter()
        .take(3)
        .map(|value| format!("“{}”", table::clipped(value.to_owned(), 40)))
        .collect();
    shown.join(", ")
}
