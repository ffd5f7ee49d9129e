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
    fn each_row_but_the_tests_is_held_out_once(classes in prop::collection::vec(0..3u32, 30..200), seed: u64) {
        let rows = classes.len();
        let values = Values::Classes(classes.clone());
        let split = random(&values, (0..rows as u32).collect(), seed, rows / 10, rows / 5);
        let folds = split.validations(&values, seed, 5);
        let mut held_out = folds.iter().map(|fold| &fold.validation[..]).collect::<Vec<_>>().concat();
        held_out.sort_unstable();
        prop_assert_eq!(&held_out, &split.without_validation().train);
        for fold in &folds {
            prop_assert_eq!(parts(fold), (0..rows as u32).collect::<Vec<_>>());
            prop_assert_eq!(&fold.test, &split.test);
            // A row more or less of each class.
            for class in 0..3 {
                let of_class = |rows: &[u32]| rows.iter().filter(|row| classes[**row as usize] == class).count();
                let fair = of_class(&held_out) as f64 / 5.0;
                prop_assert!((of_class(&fold.validation) as f64 - fair).abs() <= 2.0);
            }
        }
    }

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
fn the_watched_rows_are_a_fair_part_of_the_validation() {
    let rows = 20_000;
    let classes: Vec<u32> = (0..rows).map(|row| u32::from(row % 50 == 0)).collect();
    let values = Values::Classes(classes.clone());
    let frame = DataFrame::empty();
    let split = Split::new(&SplitSpec::default(), &frame, &target(values.clone(), rows)).unwrap();
    let watched = split.watched(&values, 7, 500);
    assert!(watched.is_sorted() && watched.len() == 500);
    assert!(
        watched
            .iter()
            .all(|row| split.validation.binary_search(row).is_ok())
    );
    let rare = watched.iter().filter(|row| classes[**row as usize] == 1).count();
    assert_eq!(rare, 10, "a fiftieth");
    assert_eq!(watched, split.watched(&values, 7, 500), "seeded");
    assert_ne!(watched, split.watched(&values, 8, 500));
    assert_eq!(split.watched(&values, 7, rows), split.validation);
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

#[test]
fn a_group_is_in_one_part_only() {
    let group = |row: u32| (row * 7919) % 23;
    let groups: Vec<String> = (0..400).map(|row| format!("g{}", group(row))).collect();
    let frame = DataFrame::new(400, vec![Column::new("customer".into(), groups)]).unwrap();
    let spec = SplitSpec {
        by: SplitBy::Group,
        column: Some("customer".into()),
        folds: 4,
        ..SplitSpec::default()
    };
    let target = target(Values::Numbers(vec![0.0; 400]), 400);
    let whole = Split::new(&spec, &frame, &target).unwrap();
    assert!((50..110).contains(&whole.test.len()) && (20..60).contains(&whole.validation.len()));
    let folds = Split::folds(&spec, &frame, &target).unwrap();
    for split in folds.iter().chain([&whole]) {
        assert_eq!(parts(split), (0..400).collect::<Vec<_>>());
        let all = [&split.train, &split.validation, &split.test];
        for (index, part) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                let shared = part
                    .iter()
                    .any(|row| other.iter().any(|other| group(*row) == group(*other)));
                assert!(!shared, "a group in two parts");
            }
        }
    }
    let mut tests = folds
        .iter()
        .flat_map(|fold| fold.test.clone())
        .collect::<Vec<_>>();
    tests.sort_unstable();
    assert_eq!(tests, (0..400).collect::<Vec<_>>());
}

#[test]
fn folds_test_each_row_once_in_the_shares_of_its_class() {
    let classes: Vec<u32> = (0..103).map(|row| u32::from(row % 10 == 0)).collect();
    let spec = SplitSpec {
        folds: 5,
        ..SplitSpec::default()
    };
    let folds = Split::folds(
        &spec,
        &DataFrame::empty(),
        &target(Values::Classes(classes.clone()), 103),
    )
    .unwrap();
    let mut tests: Vec<u32> = Vec::new();
    for fold in &folds {
        assert_eq!(parts(fold), (0..103).collect::<Vec<_>>());
        let rare = fold
            .test
            .iter()
            .filter(|row| classes[**row as usize] == 1)
            .count();
        assert!((2..=3).contains(&rare) && (20..=21).contains(&fold.test.len()));
        assert_eq!(fold.validation.len(), 10);
        tests.extend(&fold.test);
    }
    tests.sort_unstable();
    assert_eq!(tests, (0..103).collect::<Vec<_>>());
}

#[test]
fn folds_by_time_learn_from_what_was_before() {
    let days: Vec<i32> = (0..120).map(|row| (row * 37) % 40).collect();
    let frame = DataFrame::new(120, vec![Column::new("day".into(), days.clone())]).unwrap();
    let spec = SplitSpec {
        by: SplitBy::Time,
        column: Some("day".into()),
        folds: 3,
        ..SplitSpec::default()
    };
    let folds = Split::folds(&spec, &frame, &target(Values::Numbers(vec![0.0; 120]), 120)).unwrap();
    let day = |row: &u32| days[*row as usize];
    for (index, fold) in folds.iter().enumerate() {
        let last = fold.train.iter().map(day).max().unwrap();
        assert!(last < fold.validation.iter().map(day).min().unwrap());
        assert!(fold.validation.iter().map(day).max().unwrap() < fold.test.iter().map(day).min().unwrap());
        assert_eq!((fold.test.len(), parts(fold).len()), (30, 60 + 30 * index));
    }
}
