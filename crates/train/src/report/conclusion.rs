//! How good a model is and whether it beats what needs no model, in plain words.

use crate::{metrics::Metrics, task::Task};
use aloft_spec::{
    report::{BaselineKind, Estimate, Evaluation, Verdict, estimate, headline},
    text::{significant_digits, thousands},
};

/// `Accuracy 0.93 (95 % interval 0.91–0.95) on 67 test rows: 0.21 better than always saying 'late' (0.18–0.24), no better than
/// a linear model (−0.02 to 0.03).`
pub fn conclusion(task: &Task, evaluation: &Evaluation) -> String {
    let metric = headline(task.name());
    let Some(own) = estimate(&evaluation.metrics, metric) else {
        return format!("There is nothing to compare on the {} rows.", evaluation.split);
    };
    let mut compared = Vec::new();
    let mut beats_constant = true;
    for baseline in &evaluation.baselines {
        // The mean is what has the least squared error, the median what has the least absolute one.
        if baseline.kind == BaselineKind::Median {
            continue;
        }
        if let Some(gain) = estimate(&baseline.gains, metric) {
            compared.push(comparison(gain, &baseline.words));
            if matches!(
                baseline.kind,
                BaselineKind::Majority | BaselineKind::Mean | BaselineKind::Quantiles
            ) {
                beats_constant = gain.verdict() == Verdict::Better;
            }
        }
    }
    let name = match metric {
        "rmse" => "RMSE",
        "pinball" => "Pinball loss",
        _ => "Accuracy",
    };
    let mut said = format!(
        "{name} {} (95 % interval {}) on {} {} rows",
        own.value_text(),
        own.interval_text(),
        thousands(evaluation.rows),
        evaluation.split
    );
    if !compared.is_empty() {
        said = format!("{said}: {}", compared.join(", "));
    }
    said.push('.');
    // Where one class is rare, a model that knows much may still never take a row for it.
    if let (false, Some(ranks)) = (beats_constant, estimate(&evaluation.metrics, "roc_auc"))
        && ranks.low > 0.5
    {
        said = format!(
            "{said} It ranks rows better than chance all the same: ROC AUC {} ({}).",
            ranks.value_text(),
            ranks.interval_text()
        );
    }
    said
}

/// Whether a model of which several values are true of a row beats what could be said without one, by its metrics alone.
pub fn conclusion_of_metrics(task: &Task, split: &str, metrics: &Metrics) -> String {
    let metric = |name: &str| metrics.get(name).copied();
    let number = |value: f64| significant_digits(value, 4);
    let (own, called) = match task {
        Task::Multilabel { .. } => ("log_loss", "log loss"),
        _ => ("rmse", "RMSE"),
    };
    let lines: &[(&str, &str)] = match task {
        Task::Multilabel { .. } => &[(
            "base_log_loss",
            "saying of each label its share of the training rows",
        )],
        Task::Forecast { .. } => &[
            ("last_value_rmse", "saying the last value"),
            ("seasonal_naive_rmse", "saying the value of one season before"),
        ],
        _ => &[("base_rmse", "saying the mean of the training rows")],
    };
    let known = lines
        .iter()
        .filter_map(|(name, words)| Some((metric(name)?, words)));
    let best = known.min_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(own), Some((base, words))) = (metric(own), best) else {
        return format!("There is nothing to compare on the {split} rows.");
    };
    let verdict = if own < base { "beats" } else { "doesn't beat" };
    format!(
        "The model {verdict} the base line: an error ({called}) of {} on the {split} rows, where {words} has {}.",
        number(own),
        number(base)
    )
}

fn comparison(gain: &Estimate, than: &str) -> String {
    match gain.verdict() {
        Verdict::Better if gain.low == gain.high => format!("{} better than {than}", gain.value_text()),
        Verdict::Better => format!(
            "{} better than {than} ({})",
            gain.value_text(),
            gain.interval_text()
        ),
        Verdict::Same if gain.low == gain.high => format!("no better than {than}"),
        Verdict::Same => format!("no better than {than} ({})", gain.interval_text()),
        Verdict::Worse => {
            let loss = Estimate {
                name: gain.name.clone(),
                value: -gain.value,
                low: -gain.high,
                high: -gain.low,
            };
            format!(
                "{} worse than {than} ({})",
                loss.value_text(),
                loss.interval_text()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::LabelType;
    use aloft_spec::{
        Extent,
        report::{Baseline, Bootstrap, WorstRows},
        table::Table,
    };

    fn of(name: &str, value: f64, low: f64, high: f64) -> Estimate {
        let name = name.into();
        Estimate {
            name,
            value,
            low,
            high,
        }
    }

    fn evaluation(metrics: Vec<Estimate>, baselines: &[(BaselineKind, &str, Estimate)]) -> Evaluation {
        Evaluation {
            split: "test".into(),
            rows: 1067,
            extent: Extent::all(5000),
            bootstrap: Bootstrap {
                resamples: 1000,
                level: 0.95,
                rows: 1067,
                stratified: true,
                seed: 7,
            },
            metrics,
            baselines: baselines
                .iter()
                .map(|(kind, words, gain)| Baseline {
                    kind: *kind,
                    words: (*words).into(),
                    metrics: Vec::new(),
                    gains: vec![gain.clone()],
                })
                .collect(),
            reliability: Vec::new(),
            thresholds: None,
            residuals: None,
            worst: WorstRows {
                rows: Vec::new(),
                actual: Vec::new(),
                predicted: Vec::new(),
                errors: Vec::new(),
                table: Table::default(),
            },
        }
    }

    fn binary() -> Task {
        Task::Binary {
            classes: vec!["on time".into(), "late".into()],
            labels: LabelType::Text,
        }
    }

    #[test]
    fn a_sentence_says_what_a_model_beats() {
        let found = evaluation(
            vec![of("accuracy", 0.931, 0.912, 0.951)],
            &[
                (
                    BaselineKind::Majority,
                    "always saying 'on time'",
                    of("accuracy", 0.21, 0.18, 0.24),
                ),
                (
                    BaselineKind::Linear,
                    "a linear model",
                    of("accuracy", 0.004, -0.021, 0.031),
                ),
            ],
        );
        assert_eq!(
            conclusion(&binary(), &found),
            "Accuracy 0.93 (95 % interval 0.91–0.95) on 1,067 test rows: 0.21 better than always saying 'on time' \
             (0.18–0.24), no better than a linear model (−0.02 to 0.03)."
        );
    }

    #[test]
    fn rare_classes_are_judged_by_their_rank_too() {
        let metrics = vec![of("accuracy", 0.97, 0.96, 0.98), of("roc_auc", 0.812, 0.79, 0.83)];
        let same = (
            BaselineKind::Majority,
            "always saying 'on time'",
            of("accuracy", 0.0, -0.003, 0.003),
        );
        let said = conclusion(&binary(), &evaluation(metrics, &[same]));
        assert!(
            said.ends_with("It ranks rows better than chance all the same: ROC AUC 0.81 (0.79–0.83)."),
            "{said}"
        );
    }

    #[test]
    fn forecasts_are_set_beside_the_better_base_line() {
        let task = Task::Forecast {
            horizon: 3,
            mean: 0.0,
        };
        let metrics = |own: f64| {
            Metrics::from([
                ("rmse".to_owned(), own),
                ("last_value_rmse".to_owned(), 30.0),
                ("seasonal_naive_rmse".to_owned(), 20.0),
            ])
        };
        assert_eq!(
            conclusion_of_metrics(&task, "test", &metrics(12.344_44)),
            "The model beats the base line: an error (RMSE) of 12.34 on the test rows, where saying the value of one \
             season before has 20."
        );
        assert!(conclusion_of_metrics(&task, "test", &metrics(25.0)).contains("doesn't beat"));
        assert!(conclusion_of_metrics(&task, "test", &Metrics::new()).contains("nothing to compare"));
    }

    #[test]
    fn errors_and_losses_are_said_the_right_way_round() {
        let task = Task::Regression {
            mean: 0.0,
            deviation: 1.0,
        };
        let found = evaluation(
            vec![of("rmse", 12.3, 11.0, 13.4)],
            &[
                (
                    BaselineKind::Mean,
                    "always saying the mean",
                    of("rmse", 27.7, 25.0, 30.0),
                ),
                (
                    BaselineKind::Median,
                    "always saying the median",
                    of("rmse", 28.0, 25.0, 30.0),
                ),
                (
                    BaselineKind::Last,
                    "saying the last value again",
                    of("rmse", -2.0, -3.0, -1.0),
                ),
            ],
        );
        assert_eq!(
            conclusion(&task, &found),
            "RMSE 12.3 (95 % interval 11.0–13.4) on 1,067 test rows: 28 better than always saying the mean (25–30), \
             2.0 worse than saying the last value again (1.0–3.0)."
        );
        assert!(conclusion(&task, &evaluation(Vec::new(), &[])).contains("nothing to compare"));
    }
}
