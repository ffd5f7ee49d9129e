//! Forecasts of a part: their errors by how far ahead they look, and some of them beside what happened.

use super::Part;
use crate::{evaluate::Outputs, inputs::Examples, metrics::Truth};
use aloft_spec::report::{Forecasts, Rank, StepErrors, Trace};

/// A trace shows as many steps before its forecast as the forecast has, times this, where the model has seen as many.
const SEEN: usize = 2;

/// What the forecasts of a part came to; `None` where its rows aren't windows.
pub fn forecasts(part: &Part<'_>, rows: &dyn Examples) -> Option<Forecasts> {
    let windows = rows.windows()?;
    let (Outputs::Numbers(predicted), Truth::Numbers { values: actual, .. }) = (&part.outputs, &part.truth)
    else {
        return None;
    };
    let horizon = windows.horizon;
    let base = |name| match name {
        "seasonal_naive" => "the value of one season before",
        _ => "the last value",
    };
    let base_lines = windows
        .base_lines(part.rows)
        .into_iter()
        .map(|(name, said)| StepErrors {
            words: base(name).to_owned(),
            errors: by_step(&said, actual, horizon),
        });

    let mut order: Vec<(usize, f64)> = predicted
        .chunks_exact(horizon)
        .zip(actual.chunks_exact(horizon))
        .map(|(predicted, actual)| root_mean_square(predicted.iter().zip(actual)))
        .enumerate()
        .collect();
    // Equal errors stay in the order of series and time.
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let trace = |rank: Rank| {
        let (place, error) = *order.get(rank.place(order.len()))?;
        let row = part.rows[place];
        let (origin, first) = windows.origins[row as usize];
        let from = (origin + 1).saturating_sub((SEEN * horizon).min(windows.lags) as u32);
        let of = |values: &[f64]| values[place * horizon..][..horizon].to_vec();
        let (series, at) = windows.name(row);
        Some(Trace {
            rank,
            series,
            at,
            seen: windows.target[from.max(first) as usize..=origin as usize].to_vec(),
            actual: of(actual),
            predicted: of(predicted),
            error,
        })
    };
    Some(Forecasts {
        split: part.name.to_owned(),
        windows: part.rows.len() as u64,
        errors: by_step(predicted, actual, horizon),
        base_lines: base_lines.collect(),
        traces: Rank::ALL.into_iter().filter_map(trace).collect(),
    })
}

/// Root of the mean square error at each step of a horizon, of [windows, horizon].
fn by_step(said: &[f64], actual: &[f64], horizon: usize) -> Vec<f64> {
    let step = |step: usize| {
        let pairs = said.iter().zip(actual).skip(step).step_by(horizon);
        root_mean_square(pairs)
    };
    (0..horizon).map(step).collect()
}

fn root_mean_square<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for (said, actual) in pairs {
        sum += (said - actual).powi(2);
        count += 1;
    }
    (sum / count.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_each_step() {
        // Two forecasts of two steps: off by 3 and 0, by 4 and 2.
        let errors = by_step(&[3.0, 1.0, 5.0, 2.0], &[0.0, 1.0, 1.0, 0.0], 2);
        assert_eq!(errors, [12.5f64.sqrt(), 2f64.sqrt()]);
    }
}
