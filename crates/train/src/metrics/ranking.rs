//! Areas under curves of ranked rows.

/// The rows in ascending order of a score, with the truth of one class.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// Row and whether it is of the class, by rising score.
    order: Vec<(u32, bool)>,
    /// Where each group of equal scores ends in `order`.
    ends: Vec<u32>,
}

impl Ranking {
    /// Ranks rows by their scores.
    pub fn new(scores: &[f64], is_positive: impl Fn(usize) -> bool) -> Self {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        let score = |row: u32| scores[row as usize];
        order.sort_by(|a, b| score(*a).total_cmp(&score(*b)));
        let ends = (1..=order.len())
            .filter(|end| *end == order.len() || score(order[*end - 1]) != score(order[*end]))
            .map(|end| end as u32)
            .collect();
        let order = order
            .into_iter()
            .map(|row| (row, is_positive(row as usize)))
            .collect();
        Self { order, ends }
    }

    /// The area under the ROC curve (Mann and Whitney, 1947; equal scores share their rank) and the average precision, the
    /// area under the steps of precision over recall. `None` without rows of the class or without others.
    pub fn areas(&self, weights: &[u32]) -> Option<Areas> {
        let weight = |row: u32| f64::from(weights[row as usize]);
        let (mut positives, mut all) = (0.0, 0.0);
        for (row, positive) in &self.order {
            all += weight(*row);
            positives += f64::from(u8::from(*positive)) * weight(*row);
        }
        let negatives = all - positives;
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        // Of the rows with lower scores than the group.
        let (mut positives_below, mut negatives_below) = (0.0, 0.0);
        let (mut pairs, mut precision) = (0.0, 0.0);
        let mut start = 0;
        for end in &self.ends {
            let (mut hits, mut others) = (0.0, 0.0);
            for (row, positive) in &self.order[start..*end as usize] {
                match positive {
                    true => hits += weight(*row),
                    false => others += weight(*row),
                }
            }
            if hits > 0.0 {
                pairs += hits * (negatives_below + others / 2.0);
                let alarms = all - positives_below - negatives_below;
                precision += hits * (positives - positives_below) / alarms;
            }
            positives_below += hits;
            negatives_below += others;
            start = *end as usize;
        }
        Some(Areas {
            roc: pairs / (positives * negatives),
            precision: precision / positives,
        })
    }
}

/// Two areas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Areas {
    /// Under the ROC curve.
    pub roc: f64,
    /// Average precision.
    pub precision: f64,
}
