//! What needs no model, or a simpler one, on the same rows.

use super::linear::{Linear, Targets};
use crate::{
    error::Result,
    evaluate::Outputs,
    metrics::Truth,
    prepare::Prepared,
    preprocess::Form,
    split::ranks,
    table::Table,
    task::{Task, Values},
};
use aloft_spec::{
    report::BaselineKind,
    text::thousands,
    train::{ModelKind, SplitBy, TrainSpec},
};
use rayon::prelude::*;

/// Rows that are in memory at a time to be predicted by the linear model.
const AT_ONCE: usize = 1 << 16;

/// A base line's predictions.
#[derive(Debug)]
pub struct Predicted {
    /// Which.
    pub kind: BaselineKind,
    /// What it does, as in "better than …".
    pub words: String,
    /// What it says about the rows.
    pub outputs: Outputs,
}

/// The base lines of a task for some rows: the most frequent class, or mean and median; the last value where rows are
/// divided by time; a linear model of a plain table, unless the model is one.
pub fn baselines(
    spec: &TrainSpec,
    prepared: &Prepared,
    table: &dyn Table,
    rows: &[u32],
) -> Result<Vec<Predicted>> {
    let mut found = match &prepared.targets {
        Values::Inputs => return Ok(Vec::new()),
        Values::Classes(classes) => vec![majority(
            &prepared.task,
            classes,
            &prepared.split.train,
            rows.len(),
        )],
        Values::Numbers(numbers) => match prepared.truth(rows)? {
            // The others say one number, which isn't a quantile.
            Truth::Quantiles { quantiles, base, .. } => {
                return Ok(vec![constant_quantiles(quantiles.len(), &base, rows.len())]);
            }
            _ => constants(numbers, &prepared.split.train, rows.len()),
        },
    };
    if spec.split.by == SplitBy::Time {
        found.extend(last(prepared, &ranks(&spec.split, table)?, rows));
    }
    if spec.model.kind != ModelKind::Linear {
        found.extend(linear(prepared, table, rows)?);
    }
    Ok(found)
}

fn majority(task: &Task, classes: &[u32], train: &[u32], rows: usize) -> Predicted {
    let names = task.classes();
    let mut shares = vec![0.0; names.len()];
    for row in train {
        shares[classes[*row as usize] as usize] += 1.0 / train.len() as f64;
    }
    let outputs = Outputs::Probabilities {
        classes: names.len(),
        values: shares.repeat(rows),
    };
    let most = outputs.predicted().first().copied().unwrap_or_default();
    let name = names.get(most as usize).map_or("", String::as_str);
    Predicted {
        kind: BaselineKind::Majority,
        words: format!("always saying '{name}'"),
        outputs,
    }
}

fn constant_quantiles(width: usize, base: &[f64], rows: usize) -> Predicted {
    Predicted {
        kind: BaselineKind::Quantiles,
        words: "always saying the training rows' quantiles".into(),
        outputs: Outputs::Quantiles {
            width,
            values: base.repeat(rows),
        },
    }
}

fn constants(numbers: &[f64], train: &[u32], rows: usize) -> Vec<Predicted> {
    let mut known: Vec<f64> = train.iter().map(|row| numbers[*row as usize]).collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    known.par_sort_unstable_by(f64::total_cmp);
    let middle = known.len() / 2;
    let median = match (
        known.len() % 2,
        known.get(middle.wrapping_sub(1)),
        known.get(middle),
    ) {
        (0, Some(below), Some(above)) => f64::midpoint(*below, *above),
        (_, _, Some(middle)) => *middle,
        _ => mean,
    };
    [
        (BaselineKind::Mean, "mean", mean),
        (BaselineKind::Median, "median", median),
    ]
    .map(|(kind, name, value)| Predicted {
        kind,
        words: format!("always saying the {name}"),
        outputs: Outputs::Numbers(vec![value; rows]),
    })
    .into()
}

/// For each row what was true at the latest earlier time: the mean of the numbers of that time, or the class of its last
/// row.
fn last(prepared: &Prepared, ranks: &[u32], rows: &[u32]) -> Option<Predicted> {
    let time = |row: u32| ranks[prepared.table_rows[row as usize] as usize];
    let mut order: Vec<u32> = (0..prepared.table_rows.len() as u32).collect();
    order.sort_by_key(|row| time(*row));
    let before = |row: u32| -> &[u32] {
        let earlier = &order[..order.partition_point(|other| time(*other) < time(row))];
        let Some(latest) = earlier.last() else {
            // Nothing is earlier: what was true at that time itself would be a lie, and the first row is something.
            return &order[..1];
        };
        &earlier[earlier.partition_point(|other| time(*other) < time(*latest))..]
    };
    let outputs = match &prepared.targets {
        Values::Inputs => return None,
        Values::Numbers(numbers) => Outputs::Numbers(
            rows.iter()
                .map(|row| {
                    let before = before(*row);
                    before.iter().map(|row| numbers[*row as usize]).sum::<f64>() / before.len() as f64
                })
                .collect(),
        ),
        Values::Classes(classes) => {
            let count = prepared.task.outputs();
            let mut values = vec![0.0; count * rows.len()];
            for (row, values) in rows.iter().zip(values.chunks_exact_mut(count)) {
                if let Some(latest) = before(*row).last() {
                    values[classes[*latest as usize] as usize] = 1.0;
                }
            }
            Outputs::Probabilities {
                classes: count,
                values,
            }
        }
    };
    Some(Predicted {
        kind: BaselineKind::Last,
        words: "saying the last value again".into(),
        outputs,
    })
}

fn linear(prepared: &Prepared, table: &dyn Table, rows: &[u32]) -> Result<Option<Predicted>> {
    let Some(preprocessing) = prepared.preprocessing() else {
        return Ok(None);
    };
    // Trees take columns as they are, of which a line can make nothing.
    let scaled = preprocessing.clone().in_form(Form::Scaled);
    let encoded = |rows: &[u32]| match preprocessing.form {
        Form::Scaled => prepared.encoded(preprocessing, rows),
        Form::Plain => {
            let places = rows.iter().map(|row| prepared.table_rows[*row as usize]);
            scaled.encode(&table.rows(&scaled.names(), &places.collect::<Vec<_>>())?)
        }
    };
    let all = &prepared.split.train;
    let train = Linear::sampled(&prepared.task, scaled.widths(), all);
    let (classes, numbers): (Vec<u32>, Vec<f64>);
    let targets = match &prepared.targets {
        Values::Classes(of_all) => {
            classes = train.iter().map(|row| of_all[*row as usize]).collect();
            Targets::Classes(&classes)
        }
        Values::Numbers(of_all) => {
            numbers = train.iter().map(|row| of_all[*row as usize]).collect();
            Targets::Numbers(&numbers)
        }
        Values::Inputs => return Ok(None),
    };
    let model = Linear::fit(
        &prepared.task,
        &encoded(&train)?,
        &scaled.category_values(),
        targets,
    );
    let words = match train.len() < all.len() {
        false => "a linear model".to_owned(),
        true => format!(
            "a linear model of {} of the {} training rows",
            thousands(train.len() as u64),
            thousands(all.len() as u64)
        ),
    };
    let mut values = Vec::with_capacity(rows.len() * prepared.task.outputs());
    // Trees are of rows that are in memory as they are.
    let at_once = match preprocessing.form {
        Form::Scaled => AT_ONCE,
        Form::Plain => rows.len().max(1),
    };
    for some in rows.chunks(at_once) {
        model.predict(&prepared.task, &encoded(some)?, &mut values);
    }
    Ok(Some(Predicted {
        kind: BaselineKind::Linear,
        words,
        outputs: Linear::outputs(&prepared.task, values),
    }))
}
