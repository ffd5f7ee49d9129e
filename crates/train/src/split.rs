//! Division of the rows into training, validation and test.

use crate::{
    error::{Result, TrainError},
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
    pub fn new(spec: &SplitSpec, frame: &DataFrame, target: &Target) -> Result<Self> {
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
            SplitBy::Random => random(&target.values, spec.seed, validation, test),
            SplitBy::Time => by_time(spec, frame, target, validation, test)?,
        };
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
                    SplitBy::Random => "10 rows are the least; add rows or change the shares of `split`".into(),
                    SplitBy::Time => {
                        "rows of the same time stay together: use a finer time column, or split by = \"random\"".into()
                    }
                },
            });
        }
        Ok(split)
    }
}

/// At random; each class (or all rows, for numbers) in the same shares.
fn random(values: &Values, seed: u64, validation: usize, test: usize) -> Split {
    let mut random = Random::new(seed, Purpose::Split, 0);
    let mut strata = match values {
        Values::Numbers(numbers) => vec![(0..numbers.len() as u32).collect::<Vec<_>>()],
        Values::Classes(classes) => {
            let mut strata = vec![Vec::new(); classes.iter().max().map_or(0, |last| *last as usize + 1)];
            for (row, class) in (0..).zip(classes) {
                strata[*class as usize].push(row);
            }
            strata
        }
    };
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

/// The place of each row's time among all times; rows without a time have the first place.
pub fn ranks(column: &Column) -> Result<Vec<u32>> {
    let ranks = column
        .as_materialized_series()
        .rank(
            RankOptions {
                method: RankMethod::Dense,
                descending: false,
            },
            None,
        )
        .cast(&DataType::UInt32)?;
    Ok(ranks.u32()?.iter().map(|rank| rank.unwrap_or(0)).collect())
}

/// The latest rows are the test, those before them the validation. Rows of the same time stay together, in the later
/// part; rows without a time count as the earliest.
fn by_time(
    spec: &SplitSpec,
    frame: &DataFrame,
    target: &Target,
    validation: usize,
    test: usize,
) -> Result<Split> {
    let names = || frame.get_column_names().into_iter().map(PlSmallStr::as_str);
    let Some(name) = spec.column.as_deref() else {
        return Err(TrainError::bad_value(
            "split by = \"time\" needs a column",
            "name it: split = { by = \"time\", column = \"date\" }",
        ));
    };
    let Ok(column) = frame.column(name) else {
        return Err(TrainError::unknown_column("the split's column", name, names()));
    };
    let ranks = ranks(column)?;
    let time = |row: u32| ranks[target.rows[row as usize] as usize];
    let mut order: Vec<u32> = (0..target.rows.len() as u32).collect();
    order.sort_by_key(|&row| time(row));
    let start_of_time = |position: usize| match order.get(position) {
        Some(&row) => order.partition_point(|&other| time(other) < time(row)),
        None => order.len(),
    };
    let test_from = start_of_time(order.len() - test);
    let validation_from = start_of_time(test_from.saturating_sub(validation));
    let part = |rows: &[u32]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows
    };
    Ok(Split {
        train: part(&order[..validation_from]),
        validation: part(&order[validation_from..test_from]),
        test: part(&order[test_from..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Task;
    use aloft_spec::{Code, Problem};
    use proptest::prelude::*;

    fn target(values: Values, rows: usize) -> Target {
        Target {
            task: Task::Regression {
                mean: 0.0,
                deviation: 1.0,
            },
            rows: (0..rows as u32).collect(),
            values,
            dropped: 0,
        }
    }

    fn parts(split: &Split) -> Vec<u32> {
        let mut all = [&split.train[..], &split.validation, &split.test].concat();
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_and_complete(classes in prop::collection::vec(0..4u32, 12..200), seed: u64) {
            let rows = classes.len();
            let spec = SplitSpec { seed, ..SplitSpec::default() };
            let target = target(Values::Classes(classes.clone()), rows);
            if let Ok(split) = Split::new(&spec, &DataFrame::empty(), &target) {
                prop_assert_eq!(parts(&split), (0..rows as u32).collect::<Vec<_>>());
                for class in &classes {
                    let found = split.train.iter().any(|row| classes[*row as usize] == *class);
                    prop_assert!(found, "each class is in the training part");
                }
                let again = Split::new(&spec, &DataFrame::empty(), &target).unwrap();
                prop_assert_eq!(split, again);
            }
        }
    }

    #[test]
    fn each_class_is_divided_in_the_same_shares() {
        let classes: Vec<u32> = (0..100).map(|row| u32::from(row % 10 == 0)).collect();
        let split = Split::new(
            &SplitSpec::default(),
            &DataFrame::empty(),
            &target(Values::Classes(classes.clone()), 100),
        )
        .unwrap();
        let rare = |part: &[u32]| part.iter().filter(|row| classes[**row as usize] == 1).count();
        assert_eq!(
            (rare(&split.train), rare(&split.validation), rare(&split.test)),
            (7, 1, 2)
        );
        assert_eq!(
            (split.train.len(), split.validation.len(), split.test.len()),
            (70, 10, 20)
        );
    }

    #[test]
    fn time_splits_never_look_ahead() {
        let days: Vec<i32> = (0..100).map(|row| (row * 37) % 25).collect();
        let frame = DataFrame::new(100, vec![Column::new("day".into(), days.clone())]).unwrap();
        let spec = SplitSpec {
            by: SplitBy::Time,
            column: Some("day".into()),
            ..SplitSpec::default()
        };
        let split = Split::new(&spec, &frame, &target(Values::Numbers(vec![0.0; 100]), 100)).unwrap();
        assert_eq!(parts(&split), (0..100).collect::<Vec<_>>());
        let range = |part: &[u32]| {
            let days: Vec<i32> = part.iter().map(|row| days[*row as usize]).collect();
            (
                days.iter().min().copied().unwrap(),
                days.iter().max().copied().unwrap(),
            )
        };
        assert!(range(&split.train).1 < range(&split.validation).0);
        assert!(range(&split.validation).1 < range(&split.test).0);
        let spec = SplitSpec {
            column: Some("dai".into()),
            ..spec
        };
        let problem: Problem = Split::new(&spec, &frame, &target(Values::Numbers(vec![0.0; 100]), 100))
            .unwrap_err()
            .into();
        assert_eq!(problem.code, Code::UnknownColumn);
        assert!(problem.hint.unwrap().contains("`day`"));
    }

    #[test]
    fn too_few_rows_and_bad_shares_are_refused() {
        let few = Split::new(
            &SplitSpec::default(),
            &DataFrame::empty(),
            &target(Values::Numbers(vec![0.0; 3]), 3),
        );
        assert_eq!(Problem::from(few.unwrap_err()).code, Code::EmptyData);
        for (validation, test) in [(0.0, 0.2), (0.5, 0.5), (0.1, -0.1), (f64::NAN, 0.1)] {
            let spec = SplitSpec {
                validation,
                test,
                ..SplitSpec::default()
            };
            let split = Split::new(
                &spec,
                &DataFrame::empty(),
                &target(Values::Numbers(vec![0.0; 50]), 50),
            );
            assert_eq!(Problem::from(split.unwrap_err()).code, Code::BadValue);
        }
    }
}
