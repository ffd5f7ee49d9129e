//! Thresholds of binary models, and what they cost.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What each threshold of a binary model would do: a row is an alarm when the probability of `positive` is at least that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// The class that raises an alarm.
    pub positive: String,
    /// The thresholds, ascending.
    pub thresholds: Vec<f64>,
    /// What they do, by split.
    pub splits: BTreeMap<String, Alarms>,
}

/// Alarms of each threshold on some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarms {
    /// Rows that should raise one.
    pub positives: u64,
    /// Rows that should not.
    pub negatives: u64,
    /// Alarms on rows that should not raise one, for each threshold.
    pub false_alarms: Vec<u64>,
    /// Rows that should have raised one, for each threshold.
    pub misses: Vec<u64>,
}

/// What mistakes cost, in any unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// An alarm on a row that should not raise one.
    pub false_alarm: f64,
    /// A row that should have raised one.
    pub miss: f64,
}

/// A threshold, and what it does on some rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The least probability that raises an alarm.
    pub threshold: f64,
    /// Alarms on rows that should not raise one.
    pub false_alarms: u64,
    /// Rows that should have raised one.
    pub misses: u64,
    /// Mean cost of a row.
    pub cost: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            false_alarm: 1.0,
            miss: 1.0,
        }
    }
}

impl Alarms {
    /// Mean cost of a row at the threshold of this index.
    pub fn cost(&self, index: usize, costs: Costs) -> Option<f64> {
        let false_alarms = *self.false_alarms.get(index)? as f64 * costs.false_alarm;
        let misses = *self.misses.get(index)? as f64 * costs.miss;
        Some((false_alarms + misses) / (self.positives + self.negatives).max(1) as f64)
    }
}

impl Thresholds {
    /// The index of the threshold that costs least on the rows of a split. Of equally cheap ones the nearest to what
    /// calibrated probabilities would ask for, `false_alarm / (false_alarm + miss)` (Elkan, 2001).
    pub fn cheapest(&self, split: &str, costs: Costs) -> Option<usize> {
        let alarms = self.splits.get(split)?;
        let expected = costs.false_alarm / (costs.false_alarm + costs.miss).max(f64::MIN_POSITIVE);
        let rank = |index: usize| {
            let distance = (self.thresholds.get(index)? - expected).abs();
            Some((alarms.cost(index, costs)?, distance))
        };
        (0..self.thresholds.len())
            .filter_map(|index| Some((index, rank(index)?)))
            .min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)))
            .map(|(index, _)| index)
    }

    /// What the threshold of this index does on the rows of a split.
    pub fn at(&self, index: usize, split: &str, costs: Costs) -> Option<Choice> {
        let alarms = self.splits.get(split)?;
        Some(Choice {
            threshold: *self.thresholds.get(index)?,
            false_alarms: *alarms.false_alarms.get(index)?,
            misses: *alarms.misses.get(index)?,
            cost: alarms.cost(index, costs)?,
        })
    }

    /// The threshold that costs least, and what it does on the rows of a split; it is chosen on [`Self::chosen_on`].
    pub fn choice(&self, split: &str, costs: Costs) -> Option<Choice> {
        self.at(self.cheapest(self.chosen_on()?, costs)?, split, costs)
    }

    /// The split that a threshold is chosen on: the validation part, so that the test part can say what it is worth.
    pub fn chosen_on(&self) -> Option<&str> {
        let names = ["validation", "test"];
        names.into_iter().find(|name| self.splits.contains_key(*name))
    }

    /// The index of the threshold that the model's own predictions amount to, a half.
    pub fn half(&self) -> Option<usize> {
        self.thresholds.iter().position(|threshold| *threshold == 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds() -> Thresholds {
        let alarms = Alarms {
            positives: 10,
            negatives: 90,
            false_alarms: vec![90, 20, 5, 0],
            misses: vec![0, 2, 5, 10],
        };
        Thresholds {
            positive: "late".into(),
            thresholds: vec![0.0, 0.25, 0.5, 1.0],
            splits: BTreeMap::from([("test".to_owned(), alarms)]),
        }
    }

    #[test]
    fn the_cheapest_threshold_follows_the_costs() {
        let of = thresholds();
        let at = |false_alarm, miss| of.cheapest("test", Costs { false_alarm, miss });
        assert_eq!(
            at(1.0, 1.0),
            Some(2),
            "as cheap as never an alarm, and nearer to a half"
        );
        assert_eq!(at(1.0, 10.0), Some(1));
        assert_eq!(at(0.0, 1.0), Some(0));
        assert_eq!(at(10.0, 1.0), Some(3));
        assert_eq!(of.cheapest("validation", Costs::default()), None);
        assert_eq!(
            of.splits["test"].cost(
                1,
                Costs {
                    false_alarm: 1.0,
                    miss: 10.0
                }
            ),
            Some(0.4)
        );
        assert_eq!((of.half(), of.chosen_on()), (Some(2), Some("test")));
    }
}
