//! What earlier runs teach: whether a cell's results agree, and how good forecasts were.

use crate::{Result, folder, list::list};
use aloft_spec::{
    run::{Metrics, RunStatus},
    verdict::Stability,
};
use std::path::Path;

/// Validation metrics by which runs are compared, the first that all of them have: for two classes, for classes, for
/// numbers. None of them is near 0 for a model that is of use, so that a relative spread means something.
const MAIN_METRICS: [&str; 3] = ["roc_auc", "accuracy", "rmse"];

/// So many earlier forecasts say enough about the next.
const FORECASTS: usize = 20;

/// Whether the last runs of a train cell agree on their main validation metric.
///
/// The newest run that is done is compared with those before it, of the same notebook and the same kind of rows
/// (a sample's results don't speak for all rows'), wherever they ran.
///
/// # Errors
/// When the folder of runs can't be read.
pub fn stability(runs_dir: &Path, cell: &str) -> Result<Stability> {
    let mut runs = list(runs_dir)?;
    runs.retain(|run| run.cell == cell && run.status == RunStatus::Done);
    if let Some(newest) = runs.first() {
        let (notebook, scope) = (newest.notebook.clone(), newest.extent.scope);
        runs.retain(|run| run.notebook == notebook && run.extent.scope == scope);
    }
    runs.truncate(Stability::RUNS as usize);
    let metrics: Vec<&Metrics> = runs.iter().map(|run| &run.metrics).collect();
    Ok(compare(&metrics))
}

fn compare(newest_first: &[&Metrics]) -> Stability {
    let values_of = |name: &str| -> Option<Vec<f64>> {
        newest_first
            .iter()
            .map(|metrics| metrics.get("validation")?.get(name).copied())
            .map(|value| value.filter(|value| value.is_finite()))
            .collect()
    };
    let of = newest_first.len() as u32;
    let found = MAIN_METRICS
        .iter()
        .find_map(|name| Some((*name, values_of(name)?)));
    let Some((metric, values)) = found.filter(|_| of > 0) else {
        return Stability {
            of,
            ..Stability::default()
        };
    };
    let agreeing = (1..=values.len())
        .take_while(|&count| relative_spread(&values[..count]) <= Stability::TOLERANCE)
        .count();
    Stability {
        agreeing: agreeing as u32,
        of,
        metric: Some(metric.to_owned()),
        spread: Some(relative_spread(&values)).filter(|spread| spread.is_finite()),
    }
}

/// (largest − smallest) / |median|; 0 for equal values. `values` is not empty and holds finite numbers.
fn relative_spread(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let width = sorted[sorted.len() - 1] - sorted[0];
    if width == 0.0 {
        return 0.0;
    }
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    };
    width / median.abs()
}

/// Forecast and outcome in seconds of the latest runs that came to their end on this machine, newest first: what
/// `aloft_placement::correct` corrects the next forecast by. Forecasts are as the worker measured them, uncorrected.
///
/// # Errors
/// When the folder of runs can't be read.
pub fn past_forecasts(runs_dir: &Path) -> Result<Vec<(f64, f64)>> {
    Ok(list(runs_dir)?
        .iter()
        .filter(|run| run.status == RunStatus::Done && run.target.is_none())
        .filter_map(|run| folder::read(&runs_dir.join(&run.id)).ok()?.outcome)
        .map(|outcome| (outcome.forecast_seconds, outcome.seconds))
        .filter(|(forecast, seconds)| *forecast > 0.0 && *seconds > 0.0)
        .take(FORECASTS)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn validation(name: &str, value: f64) -> Metrics {
        let metrics = BTreeMap::from([(name.to_owned(), value)]);
        BTreeMap::from([("validation".to_owned(), metrics)])
    }

    fn compared(values: &[f64]) -> Stability {
        let metrics: Vec<Metrics> = values.iter().map(|v| validation("accuracy", *v)).collect();
        compare(&metrics.iter().collect::<Vec<_>>())
    }

    #[test]
    fn five_close_results_are_stable_and_an_outlier_is_not() {
        let stable = compared(&[0.900, 0.905, 0.899, 0.902, 0.901]);
        assert!(stable.is_stable());
        assert_eq!(stable.metric.as_deref(), Some("accuracy"));
        assert!((stable.spread.unwrap() - 0.006 / 0.901).abs() < 1e-12);
        let moving = compared(&[0.900, 0.905, 0.85, 0.902, 0.901]);
        assert_eq!((moving.agreeing, moving.of), (2, 5));
        assert!(!moving.is_stable());
    }

    #[test]
    fn few_runs_or_none_or_nothing_to_compare_are_not_stable() {
        assert_eq!(compared(&[]), Stability::default());
        let four = compared(&[0.9; 4]);
        assert_eq!((four.agreeing, four.of, four.is_stable()), (4, 4, false));
        assert_eq!(compared(&[f64::NAN; 5]).metric, None);
        let mixed = [validation("accuracy", 0.9), validation("rmse", 3.0)];
        let mixed = compare(&mixed.iter().collect::<Vec<_>>());
        assert_eq!((mixed.agreeing, mixed.of, mixed.metric), (0, 2, None));
    }
}
