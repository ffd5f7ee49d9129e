//! Where a model is wrong: the distribution of its residuals, and the rows on which it is most wrong.

use super::Part;
use crate::{
    error::Result,
    evaluate::Outputs,
    metrics::{Truth, pinball},
    prepare::Prepared,
    table::Table,
};
use aloft_data::shown_table;
use aloft_spec::{
    report::{Residuals, WorstRows},
    text::significant,
};
use polars::prelude::*;
use rayon::prelude::*;

/// Bars of the histogram.
const BARS: usize = 40;
/// Share of the rows beyond each of its ends.
const BEYOND: f64 = 0.005;
/// Rows that are shown.
const WORST: usize = 20;
/// Columns of them that are shown.
const COLUMNS: usize = 40;

/// The histogram of predicted minus true values; `None` for classes and without rows.
pub fn residuals(part: &Part<'_>) -> Option<Residuals> {
    let mut errors = match (&part.truth, &part.outputs) {
        (Truth::Numbers { values, .. }, Outputs::Numbers(predicted)) => predicted
            .iter()
            .zip(values)
            .map(|(p, y)| p - y)
            .collect::<Vec<_>>(),
        _ => return None,
    };
    errors.par_sort_unstable_by(f64::total_cmp);
    let last = errors.len().checked_sub(1)?;
    let beyond = (last as f64 * BEYOND) as usize;
    let (low, high) = (errors[beyond], errors[last - beyond]);
    let bars = if low < high { BARS.min(errors.len()) } else { 1 };
    let edges: Vec<f64> = (0..=bars)
        .map(|edge| low + (high - low) * edge as f64 / bars as f64)
        .collect();
    let before = |edge: f64| errors.partition_point(|error| *error < edge) as u64;
    let counts: Vec<u64> = edges
        .windows(2)
        .enumerate()
        .map(|(bar, edge)| match bar + 1 == bars {
            // The last bar holds its upper edge.
            true => errors.partition_point(|error| *error <= edge[1]) as u64 - before(edge[0]),
            false => before(edge[1]) - before(edge[0]),
        })
        .collect();
    Some(Residuals {
        below: before(low),
        above: errors.len() as u64 - before(low) - counts.iter().sum::<u64>(),
        edges,
        counts,
    })
}

/// The rows of a part on which the model is most wrong, with their values in the columns that it reads; and those of the
/// table's rows `others`, which are read with them.
pub fn worst(
    prepared: &Prepared,
    table: &dyn Table,
    part: &Part<'_>,
    others: &[u32],
) -> Result<(WorstRows, DataFrame)> {
    let mut order: Vec<usize> = (0..part.rows.len()).collect();
    let said = said(prepared.task.classes(), part);
    let worse = |a: &usize, b: &usize| said.badness[*b].total_cmp(&said.badness[*a]).then(a.cmp(b));
    if order.len() > WORST {
        order.select_nth_unstable_by(WORST, worse);
        order.truncate(WORST);
    }
    order.sort_unstable_by(worse);
    let rows: Vec<u32> = order
        .iter()
        .map(|at| prepared.table_rows[part.rows[*at] as usize])
        .collect();
    let read = table.rows(&prepared.inputs.names(), &[&rows, others].concat())?;
    let (values, others) = read.split_at(rows.len() as i64);
    // Pictures aren't shown.
    let shown = values
        .columns()
        .iter()
        .filter(|column| *column.dtype() != DataType::Binary);
    let values = DataFrame::new(values.height(), shown.take(COLUMNS).cloned().collect())?;
    let texts = |of: &dyn Fn(usize) -> String| order.iter().map(|at| of(*at)).collect();
    let worst = WorstRows {
        actual: texts(&|at| said.actual(at)),
        predicted: texts(&|at| said.predicted(at)),
        errors: order.iter().map(|at| said.errors[*at]).collect(),
        rows: rows.into_iter().map(u64::from).collect(),
        table: shown_table(&values)?,
    };
    Ok((worst, others))
}

/// What is true of each row of a part, and what the model says.
struct Said<'a> {
    classes: &'a [String],
    truth: &'a Truth,
    outputs: &'a Outputs,
    taken: Vec<u32>,
    /// Probability of the true class, predicted minus true, or the pinball loss.
    errors: Vec<f64>,
    /// More is worse.
    badness: Vec<f64>,
}

fn said<'a>(classes: &'a [String], part: &'a Part<'_>) -> Said<'a> {
    let errors: Vec<f64> = match (&part.truth, &part.outputs) {
        (Truth::Classes(truth), Outputs::Probabilities { classes, values }) => {
            let rows = values.chunks_exact(*classes).zip(truth);
            rows.map(|(row, class)| row[*class as usize]).collect()
        }
        (Truth::Numbers { values, .. }, Outputs::Numbers(predicted)) => {
            predicted.iter().zip(values).map(|(p, y)| p - y).collect()
        }
        (
            Truth::Quantiles {
                values, quantiles, ..
            },
            Outputs::Quantiles {
                width,
                values: predicted,
            },
        ) => {
            let rows = predicted.chunks_exact(*width).zip(values);
            rows.map(|(row, value)| pinball(quantiles, row, *value)).collect()
        }
        _ => vec![0.0; part.rows.len()],
    };
    let badness = match &part.truth {
        Truth::Classes(_) => errors.iter().map(|probability| -probability).collect(),
        Truth::Labels { .. } | Truth::Numbers { .. } | Truth::Quantiles { .. } => {
            errors.iter().map(|error| error.abs()).collect()
        }
    };
    Said {
        classes,
        truth: &part.truth,
        outputs: &part.outputs,
        taken: part.outputs.predicted(),
        errors,
        badness,
    }
}

impl Said<'_> {
    fn class(&self, class: Option<&u32>) -> String {
        class
            .and_then(|class| self.classes.get(*class as usize))
            .cloned()
            .unwrap_or_default()
    }

    fn actual(&self, at: usize) -> String {
        match self.truth {
            Truth::Classes(classes) => self.class(classes.get(at)),
            Truth::Labels { values, .. }
            | Truth::Numbers { values, .. }
            | Truth::Quantiles { values, .. } => values.get(at).copied().map(significant).unwrap_or_default(),
        }
    }

    fn predicted(&self, at: usize) -> String {
        match self.outputs {
            Outputs::Probabilities { .. } => self.class(self.taken.get(at)),
            Outputs::Numbers(values) => values.get(at).copied().map(significant).unwrap_or_default(),
            Outputs::Labels { width, values } | Outputs::Quantiles { width, values } => {
                let row: Vec<String> = values[at * width..][..*width]
                    .iter()
                    .copied()
                    .map(significant)
                    .collect();
                row.join(" · ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_are_counted_once() {
        let values: Vec<f64> = (0..1000).map(|row| f64::from(row % 17)).collect();
        let mut predicted: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(row, y)| y + (row % 5) as f64 - 2.0)
            .collect();
        (predicted[3], predicted[4]) = (1e6, -1e6);
        let part = Part {
            name: "test",
            rows: &[],
            truth: Truth::Numbers { values, base: 0.0 },
            outputs: Outputs::Numbers(predicted),
        };
        let found = residuals(&part).unwrap();
        assert_eq!((found.below, found.above), (1, 1));
        assert_eq!((found.edges[0], *found.edges.last().unwrap()), (-2.0, 2.0));
        assert_eq!(found.counts.iter().sum::<u64>(), 998);
    }
}
