//! What needs no model, or a simpler one, on the same rows.

use super::linear::{Linear, Targets};
use crate::{
    error::Result,
    evaluate::Outputs,
    metrics::Truth,
    prepare::Prepared,
    preprocess::Form,
    split::ranks,
    task::{Task, Values},
};
use aloft_spec::{
    report::BaselineKind,
    text::thousands,
    train::{ModelKind, SplitBy, TrainSpec},
};
use polars::frame::DataFrame;

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
/// divided by time; a linear model, unless the model is one.
pub fn baselines(
    spec: &TrainSpec,
    prepared: &Prepared,
    frame: &DataFrame,
    rows: &[u32],
) -> Result<Vec<Predicted>> {
    let mut found = match &prepared.targets {
        Values::Classes(classes) => vec![majority(
            &prepared.task,
            classes,
            &prepared.split.train,
            rows.len(),
        )],
        Values::Numbers(numbers) => match prepared.truth(rows) {
            // The others say one number, which isn't a quantile.
            Truth::Quantiles { quantiles, base, .. } => {
                return Ok(vec![constant_quantiles(quantiles.len(), &base, rows.len())]);
            }
            _ => constants(numbers, &prepared.split.train, rows.len()),
        },
    };
    if spec.split.by == SplitBy::Time {
        found.push(last(prepared, &ranks(&spec.split, frame)?, rows));
    }
    if spec.model.kind != ModelKind::Linear {
        found.push(linear(prepared, frame, rows)?);
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
    known.sort_by(f64::total_cmp);
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
fn last(prepared: &Prepared, ranks: &[u32], rows: &[u32]) -> Predicted {
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
    Predicted {
        kind: BaselineKind::Last,
        words: "saying the last value again".into(),
        outputs,
    }
}

fn linear(prepared: &Prepared, frame: &DataFrame, rows: &[u32]) -> Result<Predicted> {
    // Trees take columns as they are, of which a line can make nothing.
    let scaled = match prepared.preprocessing.form {
        Form::Scaled => None,
        Form::Plain => {
            let scaled = prepared.preprocessing.clone().in_form(Form::Scaled);
            Some(scaled.encode(frame)?.select(&prepared.table_rows))
        }
    };
    let encoded = scaled.as_ref().unwrap_or(&prepared.rows);
    let targets = match &prepared.targets {
        Values::Classes(classes) => Targets::Classes(classes),
        Values::Numbers(numbers) => Targets::Numbers(numbers),
    };
    let train = &prepared.split.train;
    let categories = prepared.preprocessing.category_values();
    let model = Linear::fit(&prepared.task, encoded, &categories, targets, train);
    let words = match model.rows < train.len() {
        false => "a linear model".to_owned(),
        true => format!(
            "a linear model of {} of the {} training rows",
            thousands(model.rows as u64),
            thousands(train.len() as u64)
        ),
    };
    Ok(Predicted {
        kind: BaselineKind::Linear,
        words,
        outputs: model.predict(&prepared.task, encoded, rows),
    })
}
