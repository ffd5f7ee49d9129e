//! What the trials of a sweep came to, the best first.

use super::Values;
use crate::{problem::Problem, table::Extent};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The trials of a sweep so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaderboard {
    /// The sweep's name.
    pub sweep: String,
    /// The train cell.
    pub train: String,
    /// The rows that all trials learn from.
    pub extent: Extent,
    /// Where it stands.
    pub state: SweepState,
    /// Trials, the best first; those without a score behind them, in order of their start.
    pub trials: Vec<TrialSummary>,
    /// Trials that there will be at the most.
    pub planned: u32,
    /// The keys that differ between trials.
    pub keys: Vec<String>,
    /// The validation metric that is shown beside the score: `accuracy`.
    pub metric: Option<String>,
    /// What needs no model, by that metric on the same rows.
    pub baseline: Option<Baseline>,
    /// Metrics on the test part, of the best trial alone, once the sweep has ended: who chooses by them has none left.
    pub test: BTreeMap<String, f64>,
    /// Wall-clock seconds so far, those of earlier starts included.
    pub seconds: f64,
}

impl Leaderboard {
    /// The best trial so far.
    pub fn best(&self) -> Option<&TrialSummary> {
        self.trials.first().filter(|trial| trial.score.is_some())
    }

    /// Trials that have ended.
    pub fn ended(&self) -> usize {
        self.trials.iter().filter(|trial| trial.status.is_final()).count()
    }

    /// Puts the trials into their order.
    pub fn sort(&mut self) {
        self.trials.sort_by(|a, b| {
            let by_score = match (a.score, b.score) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            by_score.then(a.index.cmp(&b.index))
        });
    }
}

/// Where a sweep stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SweepState {
    /// Trials run.
    Running,
    /// All trials have ended.
    Done,
    /// The seconds are spent; more of them would let it go on.
    OutOfTime,
    /// Someone stopped it; started again it goes on.
    Stopped,
}

/// A trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialSummary {
    /// Which, from 1.
    pub index: u32,
    /// What the train cell's keys are in it.
    pub values: Values,
    /// The run.
    pub run: String,
    /// Where it stands.
    pub status: TrialStatus,
    /// Lowest validation loss so far, what early stopping looks at; less is better.
    pub score: Option<f64>,
    /// Metrics on the validation part of the epoch with that loss.
    pub metrics: BTreeMap<String, f64>,
    /// Epochs so far.
    pub epochs: u32,
    /// Seconds that its workers spent; known once it has ended.
    pub seconds: Option<f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Where a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialStatus {
    /// A worker executes it, or is about to.
    Running,
    /// It came to its end.
    Done,
    /// It fell behind, or its share of the time was spent: it was stopped early, and what it came to counts.
    Cut,
    /// It was stopped with the sweep, and goes on with it.
    Stopped,
    /// It ended with a problem.
    Failed,
}

impl TrialStatus {
    /// Whether nothing more comes of it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cut | Self::Failed)
    }

    /// As said on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cut => "cut short",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// What needs no model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What it does: `always the most frequent class`.
    pub words: String,
    /// What the leaderboard's metric is of it.
    pub value: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{SweepValue, short_name, words};

    #[test]
    fn the_best_comes_first_and_what_has_no_score_last() {
        let trial = |index, score| TrialSummary {
            index,
            values: Values::new(),
            run: String::new(),
            status: TrialStatus::Done,
            score,
            metrics: BTreeMap::new(),
            epochs: 1,
            seconds: None,
            problem: None,
        };
        let mut board = Leaderboard {
            sweep: "s".into(),
            train: "t".into(),
            extent: Extent::all(1),
            state: SweepState::Done,
            trials: vec![
                trial(1, None),
                trial(2, Some(0.5)),
                trial(3, Some(-0.5)),
                trial(4, Some(0.5)),
            ],
            planned: 4,
            keys: Vec::new(),
            metric: None,
            baseline: None,
            test: BTreeMap::new(),
            seconds: 0.0,
        };
        assert!(board.best().is_none());
        board.sort();
        let order: Vec<u32> = board.trials.iter().map(|trial| trial.index).collect();
        assert_eq!(order, [3, 2, 4, 1]);
        assert_eq!(board.best().map(|best| best.index), Some(3));
    }

    #[test]
    fn values_read_well() {
        let value = |key: &str, value| (key.to_owned(), value);
        let values = Values::from([
            value("model.trees.learning_rate", SweepValue::Number(1e-5)),
            value("optimizer.learning_rate", SweepValue::Number(0.003)),
            value(
                "model.hidden",
                SweepValue::List(vec![SweepValue::Integer(64), SweepValue::Integer(8)]),
            ),
        ]);
        assert_eq!(
            words(&values),
            "hidden [64, 8] · model.trees.learning_rate 1e-5 · optimizer.learning_rate 0.003"
        );
        assert_eq!(short_name("epochs", &["epochs".into()]), "epochs");
        assert_eq!(words(&Values::new()), "as the cell says");
    }
}
