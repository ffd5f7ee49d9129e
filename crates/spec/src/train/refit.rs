//! Learning anew from training and validation rows together, once it is known for how many epochs.

use super::{ModelKind, NumberEncoding, SplitBy, TrainSpec};

impl TrainSpec {
    /// Rows of training and validation part together up to which a model learns anew when nothing is set. A tenth of a small
    /// table says little about the best epoch, and is missed among the rows that are learned from; of a large one neither is so.
    pub const REFIT_ROWS: u64 = 1000;

    /// Rows below which they don't: a fold would be of three rows.
    pub const REFIT_LEAST: u64 = 20;

    /// Parts of these rows that choose the epochs: each is held out once, and the mean of their losses chooses.
    pub const REFIT_FOLDS: u32 = 5;

    /// Training rows from which numbers have learned waves when nothing is set: on fewer rows they are learned by heart.
    pub const PERIODIC_ROWS: u64 = 2000;

    /// Whether a model can learn anew: where rows are those of a table and were divided at random, so that folds are like the
    /// parts.
    pub fn can_refit(&self) -> bool {
        let table = self.forecast.is_none() && self.image.is_none() && self.text.is_none();
        let kind = matches!(
            self.model.kind,
            ModelKind::Mlp | ModelKind::Linear | ModelKind::Trees
        );
        table && kind && self.split.by == SplitBy::Random
    }

    /// Whether the model learns anew, of so many rows of training and validation part together.
    pub fn is_refit(&self, rows: u64) -> bool {
        let wanted = self.refit.unwrap_or(rows <= Self::REFIT_ROWS);
        wanted && self.can_refit() && rows >= Self::REFIT_LEAST
    }

    /// Trainings of a run, each of as many epochs as its own at the most: that, those of the cross-validation, and those of
    /// learning anew.
    pub fn trainings(&self, rows: u64) -> u32 {
        let refit = match self.is_refit(rows) {
            true => Self::REFIT_FOLDS + 1,
            false => 0,
        };
        1 + self.split.folds + refit
    }

    /// How numbers enter a network of tables that learns from so many rows.
    pub fn numbers_for(&self, train_rows: u64) -> NumberEncoding {
        let by_rows = match train_rows < Self::PERIODIC_ROWS {
            true => NumberEncoding::Plain,
            false => NumberEncoding::Periodic,
        };
        self.model.numbers.unwrap_or(by_rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tables_that_are_divided_at_random_are_learned_anew() {
        let mut train = TrainSpec::new("birds", "species");
        assert_eq!((train.is_refit(1000), train.is_refit(1001)), (true, false));
        assert_eq!((train.trainings(1000), train.trainings(1001)), (7, 1));
        train.refit = Some(true);
        train.split.folds = 3;
        assert_eq!(train.trainings(1_000_000), 10);
        train.split.by = SplitBy::Time;
        assert_eq!(train.trainings(100), 4);
        assert!(!TrainSpec::new("birds", "species").is_refit(19));
        train.split.by = SplitBy::Random;
        train.model.kind = ModelKind::Trees;
        assert!(train.is_refit(100));
        train.model.kind = ModelKind::Autoencoder;
        assert!(!train.is_refit(100));
    }

    #[test]
    fn numbers_have_waves_where_there_are_rows_to_learn_them_from() {
        let mut train = TrainSpec::new("birds", "species");
        assert_eq!(train.numbers_for(1999), NumberEncoding::Plain);
        assert_eq!(train.numbers_for(2000), NumberEncoding::Periodic);
        train.model.numbers = Some(NumberEncoding::Periodic);
        assert_eq!(train.numbers_for(10), NumberEncoding::Periodic);
    }
}
