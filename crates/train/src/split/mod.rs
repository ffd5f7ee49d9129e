//! Division of the rows into training, validation and test.

use crate::{
    error::{Result, TrainError},
    table::{Table, require},
    task::{Target, Values},
};
use aloft_nn::rng::{Purpose, Random};
use aloft_spec::train::{SplitBy, SplitSpec};
use polars::prelude::*;

/// Indices into a target's rows, ascending in each part; the parts share none and leave none out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// What is learned from.
    pub train: Vec<u32>,
    /// What decides when to stop.
    pub validation: Vec<u32>,
    /// What the final metrics are of; empty if its share is 0.
    pub test: Vec<u32>,
}

impl Split {
    /// Divides the rows of a target as `spec` says.
    pub fn new(spec: &SplitSpec, table: &dyn Table, target: &Target) -> Result<Self> {
        let shares_fit = spec.validation > 0.0 && spec.test >= 0.0 && spec.validation + spec.test < 1.0;
        if !shares_fit {
            return Err(TrainError::bad_value(
                format!(
                    "split has validation = {} and test = {}",
                    spec.validation, spec.test
                ),
                "validation above 0, test 0 or above, and both together below 1, for instance 0.1 and 0.2",
            ));
        }
        let rows = target.rows.len();
        let test = (rows as f64 * spec.test).round() as usize;
        let validation = (rows as f64 * spec.validation).round() as usize;
        let split = match spec.by {
            SplitBy::Random => {
                let all = (0..rows as u32).collect();
                random(&target.values, all, spec.seed, validation, test)
            }
            SplitBy::Group => by_group(groups(spec, table, target)?, validation, test),
            SplitBy::Time => by_time(spec, table, target, validation, test)?,
        };
        split.checked(spec, rows)
    }

    /// The trainings of a cross-validation with as many folds as `spec` says: each fold is the test of one, and some of the
    /// other rows its validation. By time, training and validation come before their test.
    pub fn folds(spec: &SplitSpec, table: &dyn Table, target: &Target) -> Result<Vec<Self>> {
        let (rows, folds) = (target.rows.len(), spec.folds as usize);
        let validation = (rows as f64 * spec.validation).round() as usize;
        (0..folds)
            .map(|fold| {
                let split = match spec.by {
                    SplitBy::Random => {
                        let mut strata = strata(&target.values, (0..rows as u32).collect());
                        let mut random_order = Random::new(spec.seed, Purpose::Split, 0);
                        strata.iter_mut().for_each(|rows| random_order.shuffle(rows));
                        let (own, others) = every(strata.concat(), folds, fold);
                        Self {
                            test: sorted(own),
                            ..random(&target.values, sorted(others), spec.seed, validation, 0)
                        }
                    }
                    SplitBy::Group => {
                        let (own, others) = every(groups(spec, table, target)?, folds, fold);
                        Self {
                            test: sorted(own.concat()),
                            ..by_group(others, validation, 0)
                        }
                    }
                    SplitBy::Time => {
                        // Blocks of time, of which the first is never a test.
                        let block = rows / (folds + 1);
                        let until = rows - block * (folds - 1 - fold);
                        let seen = Order::new(spec, table, target)?.first(until);
                        seen.parts(validation.min(seen.len() / 4), block)
                    }
                };
                split.checked(spec, rows).map_err(|error| match error {
                    TrainError::EmptyData { message, hint } => TrainError::EmptyData {
                        message: format!("{message}, in one of {folds} folds"),
                        hint,
                    },
                    other => other,
                })
            })
            .collect()
    }

    /// Rows of the training and of the validation part.
    pub fn seen(&self) -> usize {
        self.train.len() + self.validation.len()
    }

    /// The same test, and all other rows to learn from. No row is in two parts.
    pub fn without_validation(&self) -> Self {
        Self {
            train: sorted([&self.train[..], &self.validation].concat()),
            validation: Vec::new(),
            test: self.test.clone(),
        }
    }

    /// Divisions of all rows but the test's, in which each fold is the validation part once, with each class in the same share.
    pub fn validations(&self, values: &Values, seed: u64, folds: usize) -> Vec<Self> {
        let mut strata = strata(values, self.without_validation().train);
        let mut random = Random::new(seed, Purpose::Split, 1);
        strata.iter_mut().for_each(|rows| random.shuffle(rows));
        let rows = strata.concat();
        (0..folds)
            .map(|fold| {
                let (own, others) = every(rows.clone(), folds, fold);
                Self {
                    train: sorted(others),
                    validation: sorted(own),
                    test: self.test.clone(),
                }
            })
            .collect()
    }

    /// So many of the validation rows, of each class in the same share: those of a training that evaluates not all of them
    /// after each epoch.
    pub fn watched(&self, values: &Values, seed: u64, rows: usize) -> Vec<u32> {
        match rows < self.validation.len() {
            true => random(values, self.validation.clone(), seed, rows, 0).validation,
            false => self.validation.clone(),
        }
    }

    /// Itself, if each part has rows.
    fn checked(self, spec: &SplitSpec, rows: usize) -> Result<Self> {
        let split = self;
        if split.train.len() < 2 || split.validation.is_empty() || (split.test.is_empty() && spec.test > 0.0)
        {
            return Err(TrainError::EmptyData {
                message: format!(
                    "{rows} rows are too few to divide: {} for training, {} for validation, {} for test",
                    split.train.len(),
                    split.validation.len(),
                    split.test.len()
                ),
                hint: match spec.by {
                    SplitBy::Random => {
                        "each part needs a row, and the training part two: add rows, or change the shares of `split`".into()
                    }
                    SplitBy::Group => {
                        "rows of one group stay together: use a column with more values, or split by = \"random\"".into()
                    }
                    SplitBy::Time => {
                        "rows of the same time stay together: use a finer time column, or split by = \"random\"".into()
                    }
                },
            });
        }
        Ok(split)
    }
}

/// Rows of each class, or all of them for numbers.
fn strata(values: &Values, rows: Vec<u32>) -> Vec<Vec<u32>> {
    let Values::Classes(classes) = values else {
        return vec![rows];
    };
    let mut strata = vec![Vec::new(); classes.iter().max().map_or(0, |last| *last as usize + 1)];
    for row in rows {
        strata[classes[row as usize] as usize].push(row);
    }
    strata
}

/// At random; each class (or all rows, for numbers) in the same shares.
fn random(values: &Values, rows: Vec<u32>, seed: u64, validation: usize, test: usize) -> Split {
    let mut random = Random::new(seed, Purpose::Split, 0);
    let mut strata = strata(values, rows);
    let mut split = Split::default();
    let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
    let tests = apportion(test, &sizes);
    let left: Vec<usize> = sizes.iter().zip(&tests).map(|(size, test)| size - test).collect();
    let validations = apportion(validation, &left);
    for ((rows, test), validation) in strata.iter_mut().zip(tests).zip(validations) {
        random.shuffle(rows);
        split.test.extend_from_slice(&rows[..test]);
        split.validation.extend_from_slice(&rows[test..test + validation]);
        split.train.extend_from_slice(&rows[test + validation..]);
    }
    for part in [&mut split.train, &mut split.validation, &mut split.test] {
        part.sort_unstable();
    }
    split
}

fn sorted(mut rows: Vec<u32>) -> Vec<u32> {
    rows.sort_unstable();
    rows
}

/// Every so-manieth item from the `first` on, and the others.
fn every<T>(items: Vec<T>, count: usize, first: usize) -> (Vec<T>, Vec<T>) {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        match index % count == first {
            true => own.push(item),
            false => others.push(item),
        }
    }
    (own, others)
}

/// The rows of each group, the groups in a random order. Rows without a group are one.
fn groups(spec: &SplitSpec, table: &dyn Table, target: &Target) -> Result<Vec<Vec<u32>>> {
    let ranks = ranks(spec, table)?;
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); ranks.iter().max().map_or(0, |last| *last as usize + 1)];
    for (row, place) in (0..).zip(&target.rows) {
        groups[ranks[*place as usize] as usize].push(row);
    }
    groups.retain(|rows| !rows.is_empty());
    Random::new(spec.seed, Purpose::Split, 0).shuffle(&mut groups);
    Ok(groups)
}

/// Whole groups, in their order, for the test up to about so many rows, for the validation, and the others.
fn by_group(groups: Vec<Vec<u32>>, validation: usize, test: usize) -> Split {
    let mut split = Split::default();
    let mut left = groups.len();
    for rows in groups {
        let fits = |part: &Vec<u32>, wanted: usize| {
            // Half a group over what is wanted is nearer to it than a group less; each part that is wanted gets one.
            wanted > 0 && (part.is_empty() || part.len() + rows.len() / 2 < wanted)
        };
        let part = if fits(&split.test, test) {
            &mut split.test
        } else if fits(&split.validation, validation) && left > 1 {
            &mut split.validation
        } else {
            &mut split.train
        };
        part.extend(rows);
        left -= 1;
    }
    for part in [&mut split.train, &mut split.validation, &mut split.test] {
        part.sort_unstable();
    }
    split
}

/// `total` divided in proportion to `sizes` (largest remainders), leaving at least one of each size for what comes after.
fn apportion(total: usize, sizes: &[usize]) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let quota = |size: usize| total as f64 * size as f64 / all.max(1) as f64;
    let most = |size: usize| size.saturating_sub(1);
    let mut parts: Vec<usize> = sizes
        .iter()
        .map(|&size| (quota(size) as usize).min(most(size)))
        .collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    // The sort is stable: equal remainders go by the order of the classes.
    order.sort_by(|&a, &b| quota(sizes[b]).fract().total_cmp(&quota(sizes[a]).fract()));
    let mut missing = total.saturating_sub(parts.iter().sum());
    while missing > 0 {
        let before = missing;
        for &class in &order {
            if missing > 0 && parts[class] < most(sizes[class]) {
                parts[class] += 1;
                missing -= 1;
            }
        }
        if missing == before {
            break;
        }
    }
    parts
}

/// The latest rows are the test, those before them the validation. Rows of the same time stay together, in the later
/// part; rows without a time count as the earliest.
fn by_time(
    spec: &SplitSpec,
    table: &dyn Table,
    target: &Target,
    validation: usize,
    test: usize,
) -> Result<Split> {
    Ok(Order::new(spec, table, target)?.parts(validation, test))
}

/// The place of each row of a table among the different values of the split's column, from 1; 0 where it has none.
pub fn ranks(spec: &SplitSpec, table: &dyn Table) -> Result<Vec<u32>> {
    let Some(name) = spec.column.as_deref() else {
        return Err(match spec.by {
            SplitBy::Group => TrainError::bad_value(
                "split by = \"group\" needs a column",
                "name it: split = { by = \"group\", column = \"customer\" }",
            ),
            _ => TrainError::bad_value(
                "split by = \"time\" needs a column",
                "name it: split = { by = \"time\", column = \"date\" }",
            ),
        });
    };
    require(table, "the split's column", name)?;
    let column = table.column(name)?;
    let options = RankOptions {
        method: RankMethod::Dense,
        descending: false,
    };
    let ranks = column
        .as_materialized_series()
        .rank(options, None)
        .cast(&DataType::UInt32)?;
    Ok(ranks.u32()?.iter().map(|rank| rank.unwrap_or(0)).collect())
}

/// Rows in the order of time.
struct Order {
    /// A row and the place of its time.
    rows: Vec<(u32, u32)>,
}

impl Order {
    fn new(spec: &SplitSpec, table: &dyn Table, target: &Target) -> Result<Self> {
        let ranks = ranks(spec, table)?;
        let mut rows: Vec<(u32, u32)> = (0..)
            .zip(&target.rows)
            .map(|(row, place)| (row, ranks[*place as usize]))
            .collect();
        rows.sort_by_key(|(_, time)| *time);
        Ok(Self { rows })
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    /// About so many of the earliest rows; those of the same time stay together.
    fn first(mut self, count: usize) -> Self {
        let until = self.start_of_time(count);
        self.rows.truncate(until);
        self
    }

    /// The first row that has the time of the row at a position.
    fn start_of_time(&self, position: usize) -> usize {
        match self.rows.get(position) {
            Some((_, time)) => self.rows.partition_point(|(_, other)| other < time),
            None => self.rows.len(),
        }
    }

    fn parts(&self, validation: usize, test: usize) -> Split {
        let test_from = self.start_of_time(self.rows.len().saturating_sub(test));
        let validation_from = self.start_of_time(test_from.saturating_sub(validation));
        let part = |from: usize, to: usize| sorted(self.rows[from..to].iter().map(|(row, _)| *row).collect());
        Split {
            train: part(0, validation_from),
            validation: part(validation_from, test_from),
            test: part(test_from, self.rows.len()),
        }
    }
}

#[cfg(test)]
mod tests;
