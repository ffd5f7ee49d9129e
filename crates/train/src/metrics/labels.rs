//! Labels of which any number may be true of a row.

use super::{
    ranking::Ranking,
    score::{Named, log_loss, mean},
};

/// Predicted labels beside the true ones.
#[derive(Debug, Clone)]
pub struct Labels {
    width: usize,
    /// Whether each label of each row is true, and is said to be: [rows, labels].
    pairs: Vec<(bool, bool)>,
    /// The mean log loss of each row's labels.
    log_loss: Vec<f64>,
    rankings: Vec<Ranking>,
    /// The same of saying of each label the share of the training part that has it.
    base: Option<Box<Labels>>,
}

impl Labels {
    /// Scores probabilities, [rows, labels]; `truth` is 0 or 1, and `shares` are those of the training part.
    pub fn new(probabilities: &[f64], truth: &[f64], shares: &[f64]) -> Self {
        let rows = truth.len() / shares.len().max(1);
        let base = Self::of(&shares.repeat(rows), truth, shares.len(), None);
        Self::of(probabilities, truth, shares.len(), Some(Box::new(base)))
    }

    fn of(probabilities: &[f64], truth: &[f64], width: usize, base: Option<Box<Self>>) -> Self {
        let is = |truth: f64| truth > 0.5;
        let rows = probabilities.chunks_exact(width).zip(truth.chunks_exact(width));
        let losses = rows.map(|(said, truth)| loss(said, truth));
        let ranking = |label: usize| {
            let column: Vec<f64> = probabilities.iter().skip(label).step_by(width).copied().collect();
            Ranking::new(&column, |row| is(truth[row * width + label]))
        };
        Self {
            width,
            pairs: truth
                .iter()
                .zip(probabilities)
                .map(|(truth, probability)| (is(*truth), is(*probability)))
                .collect(),
            log_loss: losses.collect(),
            rankings: match base.is_some() {
                true => (0..width).map(ranking).collect(),
                // What is the same for all rows ranks none.
                false => Vec::new(),
            },
            base,
        }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.log_loss.len()
    }

    /// Passes over the rows that [`Self::metrics`] takes.
    pub fn passes(&self) -> usize {
        2 + self.rankings.len()
    }

    /// The metrics of the rows, each counted so often.
    pub fn metrics(&self, weights: &[u32]) -> Named {
        let own = self.counted(weights);
        let areas = self.rankings.iter().map(|ranking| ranking.areas(weights));
        let areas: Vec<f64> = areas.flatten().map(|areas| areas.roc).collect();
        let mut named = vec![
            ("micro_f1", own.micro_f1),
            ("macro_f1", own.macro_f1),
            ("subset_accuracy", Some(own.subset_accuracy)),
            ("hamming_loss", Some(own.hamming_loss)),
            (
                "macro_roc_auc",
                (!areas.is_empty()).then(|| mean(areas.iter().map(|area| (*area, 1)))),
            ),
            ("log_loss", Some(own.log_loss)),
        ];
        if let Some(base) = &self.base {
            let base = base.counted(weights);
            named.extend([
                ("base_micro_f1", base.micro_f1),
                ("base_macro_f1", base.macro_f1),
                ("base_subset_accuracy", Some(base.subset_accuracy)),
                ("base_log_loss", Some(base.log_loss)),
            ]);
        }
        named
    }

    fn counted(&self, weights: &[u32]) -> Counted {
        // Rows that have each label, rows that are said to have it, and those that are both.
        let mut of_label = vec![[0_u64; 3]; self.width];
        let (mut wrong, mut all_right, mut rows) = (0_u64, 0_u64, 0_u64);
        for (pairs, weight) in self.pairs.chunks_exact(self.width).zip(weights) {
            let weight = u64::from(*weight);
            rows += weight;
            for ((truth, said), counts) in pairs.iter().zip(&mut of_label) {
                let both = [*truth, *said, *truth && *said];
                for (count, is) in counts.iter_mut().zip(both) {
                    *count += weight * u64::from(is);
                }
                wrong += weight * u64::from(truth != said);
            }
            all_right += weight * u64::from(pairs.iter().all(|(truth, said)| truth == said));
        }
        let f1 = |[truth, said, both]: [u64; 3]| {
            (truth + said > 0).then(|| 2.0 * both as f64 / (truth + said) as f64)
        };
        let each: Vec<f64> = of_label.iter().filter_map(|counts| f1(*counts)).collect();
        let all = [0, 1, 2].map(|at| of_label.iter().map(|counts| counts[at]).sum());
        Counted {
            micro_f1: f1(all),
            macro_f1: (!each.is_empty()).then(|| mean(each.iter().map(|f1| (*f1, 1)))),
            subset_accuracy: all_right as f64 / rows as f64,
            hamming_loss: wrong as f64 / (rows * self.width as u64) as f64,
            log_loss: mean(self.log_loss.iter().copied().zip(weights.iter().copied())),
        }
    }
}

struct Counted {
    micro_f1: Option<f64>,
    macro_f1: Option<f64>,
    subset_accuracy: f64,
    hamming_loss: f64,
    log_loss: f64,
}

/// The mean log loss of a row's labels.
pub fn loss(probabilities: &[f64], truth: &[f64]) -> f64 {
    let each = probabilities.iter().zip(truth).map(|(probability, truth)| {
        let of_truth = if *truth > 0.5 {
            *probability
        } else {
            1.0 - probability
        };
        (log_loss(of_truth), 1)
    });
    mean(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By scikit-learn: f1_score (micro, macro), accuracy_score, hamming_loss, roc_auc_score (macro), log_loss of each
    /// column.
    #[test]
    fn metrics_are_those_of_the_definitions() {
        let truth = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let said = [0.9, 0.2, 0.4, 0.7, 0.6, 0.1, 0.3, 0.8];
        let found = Labels::new(&said, &truth, &[0.25, 0.75]).metrics(&[1; 4]);
        let of = |name: &str| found.iter().find(|(found, _)| *found == name).unwrap().1.unwrap();
        // The first label: 1 of 2 found and 1 alarm; the second: 2 of 2 found and none.
        assert!((of("macro_f1") - (0.5 + 1.0) / 2.0).abs() < 1e-12);
        assert!((of("micro_f1") - 6.0 / 8.0).abs() < 1e-12);
        assert_eq!((of("subset_accuracy"), of("hamming_loss")), (0.5, 0.25));
        assert!((of("macro_roc_auc") - (0.75 + 1.0) / 2.0).abs() < 1e-12);
        let sum = [0.9f64, 0.8, 0.4, 0.7, 0.4, 0.9, 0.7, 0.8]
            .map(|right| -right.ln())
            .iter()
            .sum::<f64>();
        assert!((of("log_loss") - sum / 8.0).abs() < 1e-12);
        // Nobody is said to have the first label, all are said to have the second.
        assert!((of("base_micro_f1") - 2.0 * 2.0 / 8.0).abs() < 1e-12);
        assert_eq!(of("base_subset_accuracy"), 0.25);
        // A row that counts twice is a row that is there twice.
        let twice = Labels::new(&said.repeat(2), &truth.repeat(2), &[0.25, 0.75]).metrics(&[1; 8]);
        for ((name, once), (_, twice)) in found.iter().zip(twice) {
            assert!((once.unwrap() - twice.unwrap()).abs() < 1e-12, "{name}");
        }
    }
}
