//! What a sweep came to so far.

use super::trial::Trial;
use aloft_spec::{
    Extent,
    report::is_error,
    sweep::{Baseline, Leaderboard, SweepState, TrialSummary},
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a leaderboard says beside its trials.
pub(super) struct Board<'a> {
    /// The sweep's name.
    pub sweep: &'a str,
    /// The train cell.
    pub train: &'a str,
    /// The rows that all trials learn from.
    pub extent: &'a Extent,
    /// Where the sweep stands.
    pub state: SweepState,
    /// Trials that there will be at the most.
    pub planned: u32,
    /// Seconds so far.
    pub seconds: f64,
}

impl Board<'_> {
    /// The leaderboard of these trials, the best first.
    pub fn of(&self, trials: &[Trial], runs_dir: &Path) -> Leaderboard {
        let trials: Vec<TrialSummary> = trials.iter().map(Trial::summary).collect();
        let keys: BTreeSet<String> = trials
            .iter()
            .flat_map(|trial| trial.values.keys().cloned())
            .collect();
        let mut board = Leaderboard {
            sweep: self.sweep.to_owned(),
            train: self.train.to_owned(),
            extent: self.extent.clone(),
            state: self.state,
            trials,
            planned: self.planned,
            keys: keys.into_iter().collect(),
            metric: None,
            baseline: None,
            test: BTreeMap::new(),
            seconds: self.seconds,
        };
        board.sort();
        if let Some(best) = board.best() {
            let (metric, baseline) = headline(&best.metrics);
            if matches!(self.state, SweepState::Done | SweepState::OutOfTime) {
                let metrics = aloft_runs::settled(&runs_dir.join(&best.run)).map(|record| record.metrics);
                board.test = metrics
                    .ok()
                    .and_then(|mut metrics| metrics.remove("test"))
                    .unwrap_or_default();
            }
            (board.metric, board.baseline) = (metric, baseline);
        }
        board
    }
}

/// The metric to show beside the score, and what needs no model by it; both come from the metrics of the validation part.
fn headline(metrics: &BTreeMap<String, f64>) -> (Option<String>, Option<Baseline>) {
    let known = [
        ("accuracy", "base_rate_accuracy", "always the most frequent class"),
        (
            "pinball",
            "base_pinball",
            "always the quantiles of the training rows",
        ),
        ("rmse", "seasonal_naive_rmse", "the value of one season before"),
        ("rmse", "last_value_rmse", "the last value"),
        ("rmse", "base_rmse", "always the mean of the training rows"),
    ];
    let Some(metric) = known
        .iter()
        .map(|(metric, ..)| *metric)
        .find(|metric| metrics.contains_key(*metric))
    else {
        return (None, None);
    };
    let lines = known.iter().filter(|(of, ..)| *of == metric);
    let lines = lines.filter_map(|(_, name, words)| Some((*words, *metrics.get(*name)?)));
    let worse = |a: f64, b: f64| {
        if is_error(metric) {
            a.total_cmp(&b)
        } else {
            b.total_cmp(&a)
        }
    };
    let best = lines
        .min_by(|a, b| worse(a.1, b.1))
        .map(|(words, value)| Baseline {
            words: words.to_owned(),
            value,
        });
    (Some(metric.to_owned()), best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_has_the_strongest_base_line_beside_it() {
        let shown = |metrics: &[(&str, f64)]| {
            let metrics = metrics.iter().map(|(name, value)| ((*name).to_owned(), *value));
            let (metric, baseline) = headline(&metrics.collect());
            (metric, baseline.map(|baseline| baseline.value))
        };
        assert_eq!(
            shown(&[("accuracy", 0.9), ("base_rate_accuracy", 0.6), ("log_loss", 0.3)]),
            (Some("accuracy".into()), Some(0.6))
        );
        assert_eq!(
            shown(&[
                ("rmse", 1.0),
                ("base_rmse", 4.0),
                ("last_value_rmse", 2.0),
                ("seasonal_naive_rmse", 3.0)
            ]),
            (Some("rmse".into()), Some(2.0))
        );
        assert_eq!(shown(&[("coverage", 0.8)]), (None, None));
    }
}
