//! What a brush over a chart means: which rows of which tables are chosen. And how cells stand with them.

use crate::state::{Cell, OpenNotebook};
use aloft_protocol::{BlockId, operation::Rows};
use aloft_spec::{
    CellKind, CellSpec, Code, Output, Problem,
    ask::{Condition, Selection},
    chart::{Brush, ChartSpec, NO_VALUE},
    date::Date,
    table::{ColumnKind, Field},
};
use std::sync::Arc;

/// The rows that are chosen in a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The chart's block.
    pub chart: BlockId,
    /// The chart's name.
    pub name: String,
    /// What it was when the rows were chosen; the brush means nothing in another one.
    pub spec: ChartSpec,
    pub brush: Brush,
    pub selection: Arc<Selection>,
}

/// What came of evaluating a cell on chosen rows.
#[derive(Debug, Clone)]
pub struct OfChosen {
    /// The key of the cell and of the choice.
    pub key: String,
    pub result: Result<Output, Problem>,
}

impl OpenNotebook {
    /// What a brush over a chart chooses. `None` where it chooses nothing: a range without a whole number in it.
    ///
    /// # Errors
    /// The cell is no chart, or its table hasn't been shown.
    pub fn chosen(&self, chart: BlockId, brush: Brush) -> Result<Option<Chosen>, Problem> {
        let name = self.cell_name(chart).unwrap_or_default().to_owned();
        let (Ok(CellSpec::Chart(spec)), true) = (self.document.spec(&name, &self.path), self.is_first(chart))
        else {
            return Err(
                Problem::new(Code::BadValue, format!("`{name}` draws nothing now"))
                    .with_hint("mend its text first"),
            );
        };
        let column = spec.x.clone().filter(|_| spec.mark.has_brush());
        let (Some(column), Some(tables)) = (
            column.clone(),
            column.and_then(|column| self.tables_with(&spec.data, &column)),
        ) else {
            return Err(Problem::new(
                Code::EmptyData,
                format!(
                    "`{}` hasn't been shown yet, so that no rows of it can be chosen",
                    spec.data
                ),
            )
            .with_hint("run it first"));
        };
        let field = self.field(&spec.data, &column);
        let condition = field.and_then(|field| condition(field, &brush, spec.log_x));
        Ok(condition.map(|condition| Chosen {
            chart,
            name,
            spec,
            brush,
            selection: Arc::new(Selection {
                tables,
                column,
                condition,
            }),
        }))
    }

    /// Whether the choice still means what it did: the chart and the way to its rows are as they were.
    pub fn is_sound(&self, chosen: &Chosen) -> bool {
        let again = self.chosen(chosen.chart, chosen.brush.clone());
        again.is_ok_and(|again| again.as_ref() == Some(chosen))
    }

    /// Whether the chosen rows change what a cell shows.
    pub fn follows(&self, name: &str) -> bool {
        let Some(chosen) = &self.chosen else { return false };
        let Some(root) = chosen.selection.tables.first() else {
            return false;
        };
        let shows = self
            .document
            .cell(name)
            .is_some_and(|cell| matches!(cell.kind, CellKind::Source | CellKind::Query | CellKind::Chart));
        shows
            && name != chosen.name
            && (name == root || self.document.downstream(root).iter().any(|cell| cell == name))
    }

    /// The key of a cell's output on the chosen rows.
    pub fn chosen_key(&self, name: &str) -> Option<String> {
        let selection = &self.chosen.as_ref()?.selection;
        let rows = self.cells.get(name).and_then(|cell| cell.rows) == Some(Rows::All);
        Some(format!("{selection:?}\u{1d}{rows}\u{1d}{}", self.key(name)))
    }

    /// The key of the output on the screen.
    pub fn shown_key(&self, name: &str) -> String {
        let chosen = self.of_chosen(name).filter(|_| self.follows(name));
        let key = chosen.and_then(|_| self.chosen_key(name));
        key.unwrap_or_else(|| {
            let known = self.cells.get(name);
            let rows = known.and_then(|known| known.rows) == Some(Rows::All);
            let of = known.and_then(|known| known.key.as_deref()).unwrap_or_default();
            format!("{rows}\u{1d}{of}")
        })
    }

    /// Whether a cell's output is of its present text.
    pub fn is_fresh(&self, name: &str) -> bool {
        let known = self.cells.get(name).filter(|cell| cell.output.is_some());
        known.is_some_and(|cell| cell.key.as_ref() == Some(&self.key(name)))
    }

    /// What a cell shows of the chosen rows, where that is known.
    pub fn of_chosen(&self, name: &str) -> Option<&Result<Output, Problem>> {
        let known = self.cells.get(name)?.of_chosen.as_ref()?;
        (Some(&known.key) == self.chosen_key(name).as_ref()).then_some(&known.result)
    }

    /// The output on the screen: of the chosen rows where some are, else of all.
    pub fn shown(&self, name: &str) -> Option<&Output> {
        let chosen = self.of_chosen(name).filter(|_| self.follows(name));
        match chosen {
            Some(Ok(output)) => Some(output),
            _ => self.cells.get(name)?.output.as_ref(),
        }
    }

    /// Rows that are chosen, and of how many, once that is known.
    pub fn chosen_rows(&self) -> Option<(u64, u64)> {
        let root = self.chosen.as_ref()?.selection.tables.first()?;
        let (Output::Table(chosen), Output::Table(all)) = (
            self.of_chosen(root)?.as_ref().ok()?,
            self.cells.get(root)?.output.as_ref()?,
        ) else {
            return None;
        };
        Some((chosen.profile.extent.rows, all.profile.extent.rows))
    }

    /// The tables from the first one that has a column to the one that a chart draws, through queries that leave the
    /// column as it is. `None` where that one hasn't been shown, or hasn't the column.
    pub fn tables_with(&self, table: &str, column: &str) -> Option<Vec<String>> {
        self.field(table, column)?;
        let passes = self.document.passes_column(table, column);
        let above = self.document.dependencies(table).into_iter().filter(|_| passes);
        let mut tables = above
            .filter_map(|input| self.tables_with(&input, column))
            .next()
            .unwrap_or_default();
        tables.push(table.to_owned());
        Some(tables)
    }

    fn field(&self, table: &str, column: &str) -> Option<&Field> {
        let mut columns = self.table(table)?.table.columns.iter();
        let found = columns.find(|found| found.field.name == column)?;
        Some(&found.field)
    }

    /// Whether a block is the cell that its name means.
    fn is_first(&self, block: BlockId) -> bool {
        let same = |id: &&BlockId| self.cell_name(**id) == self.cell_name(block);
        self.ids.iter().find(same) == Some(&block)
    }
}

impl Cell {
    /// Forgets what it shows of chosen rows.
    pub fn forget_chosen(&mut self) {
        if self.of_chosen.take().is_some() {
            self.page = None;
        }
    }
}

/// A brush as a condition on the values of a column, with no more digits than it needs.
pub fn condition(field: &Field, brush: &Brush, log: bool) -> Option<Condition> {
    let (low, high) = match brush {
        Brush::Name { name } if name == NO_VALUE => return Some(Condition::Missing),
        Brush::Name { name } => return Some(Condition::Is { value: name.clone() }),
        Brush::Range { low, high } if log => (10_f64.powf(*low), 10_f64.powf(*high)),
        Brush::Range { low, high } => (*low, *high),
    };
    if !(low.is_finite() && high.is_finite() && low <= high) {
        return None;
    }
    let (min, max) = match field.kind {
        ColumnKind::Integer | ColumnKind::Boolean => {
            let (low, high) = (low.ceil(), high.floor());
            if low > high {
                return None;
            }
            (format!("{low:.0}"), format!("{high:.0}"))
        }
        // A whole number of days.
        ColumnKind::Date => (day((low / DAY).ceil())?, day((high / DAY).floor())?),
        ColumnKind::Datetime => (moment(low)?, moment(high)?),
        _ => (digits(low, high - low), digits(high, high - low)),
    };
    Some(match field.kind {
        ColumnKind::Boolean if min != max => Condition::Present,
        ColumnKind::Boolean => Condition::Is {
            value: (min == "1").to_string(),
        },
        _ => Condition::Between {
            min: Some(min),
            max: Some(max),
        },
    })
}

/// Milliseconds of a day.
const DAY: f64 = aloft_spec::time::DAY;

fn day(days: f64) -> Option<String> {
    (days.abs() < 1e8).then(|| Date::from_days(days as i64).to_string())
}

fn moment(milliseconds: f64) -> Option<String> {
    let seconds = (milliseconds / 1000.0).round().rem_euclid(DAY / 1000.0) as u64;
    let days = ((milliseconds / 1000.0).round() / (DAY / 1000.0)).floor();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(format!("{} {hours:02}:{minutes:02}:{seconds:02}", day(days)?))
}

/// A number to a thousandth of a span.
fn digits(value: f64, span: f64) -> String {
    if span <= 0.0 {
        return value.to_string();
    }
    let decimals = 3 - span.log10().ceil() as i32;
    if decimals > 0 {
        format!("{value:.*}", decimals.min(300) as usize)
    } else {
        let step = 10_f64.powi(-decimals);
        format!("{:.0}", (value / step).round() * step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: ColumnKind, low: f64, high: f64, log: bool) -> String {
        let field = Field {
            name: "x".into(),
            dtype: "t".into(),
            kind,
        };
        match condition(&field, &Brush::Range { low, high }, log) {
            Some(Condition::Between {
                min: Some(min),
                max: Some(max),
            }) => format!("{min}, {max}"),
            Some(Condition::Is { value }) => value,
            Some(Condition::Present) => "any".into(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn ranges_are_values_of_their_column() {
        use ColumnKind::{Boolean, Date, Datetime, Float, Integer};
        assert_eq!(said(Integer, 199.2, 900.9, false), "200, 900");
        assert_eq!(said(Integer, 0.2, 0.8, false), "None", "there is no such number");
        assert_eq!(said(Integer, 1.0, 2.0, true), "10, 100");
        assert_eq!(said(Float, 0.123_456, 0.987_654, false), "0.123, 0.988");
        assert_eq!(said(Float, 123_456.7, 987_654.3, false), "123000, 988000");
        assert_eq!(said(Float, -1.5, 10.25, false), "-1.5, 10.2");
        assert_eq!(said(Date, 0.3 * DAY, 2.9 * DAY, false), "1970-01-02, 1970-01-03");
        assert_eq!(
            said(Datetime, 1500.0, 2.0 * DAY + 3_600_000.0, false),
            "1970-01-01 00:00:02, 1970-01-03 01:00:00"
        );
        assert_eq!(said(Boolean, 0.4, 1.2, false), "true");
        assert_eq!(said(Boolean, -0.4, 1.2, false), "any");
        assert_eq!(said(Float, f64::NAN, 1.0, false), "None");
        assert_eq!(said(Float, 2.0, 1.0, false), "None");
    }
}
