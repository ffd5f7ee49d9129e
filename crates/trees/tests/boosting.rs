//! Forests on made rows: what they learn, and that the same rows give the same bits however they are computed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use aloft_trees::{
    booster::{Booster, Learning},
    forest::{Array, Forest},
    objective::Objective,
    options::{CategoryOptions, Options},
    rows::Rows,
    tree::Question,
};
use proptest::prelude::*;

/// Rows of three numbers and two categories, and what is to be predicted.
struct Made {
    count: usize,
    numbers: Vec<f32>,
    categories: Vec<u32>,
    truth: Vec<f32>,
}

/// A number from 0 to 1 by its place (a hash, so that no generator is needed).
fn drawn(place: usize, purpose: u64) -> f32 {
    let mut bits =
        (place as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03);
    bits = (bits ^ bits >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    bits = (bits ^ bits >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (bits >> 40) as f32 / (1u64 << 24) as f32
}

impl Made {
    /// `truth` is a step, a product, a group of categories and a little noise; every tenth first number is missing, which
    /// itself adds 2.
    fn new(count: usize) -> Self {
        let (mut numbers, mut categories, mut truth) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..count {
            let missing = row % 10 == 3;
            let [a, b, c, noise] = [1, 2, 3, 4].map(|purpose| drawn(row, purpose));
            let (few, many) = (
                (drawn(row, 5) * 3.0) as u32 + 1,
                (drawn(row, 6) * 40.0) as u32 + 1,
            );
            numbers.extend([if missing { f32::NAN } else { a }, b * 1000.0, c - 0.5]);
            categories.extend([few, many]);
            let step = if missing {
                2.0
            } else {
                f32::from(u8::from(a > 0.6))
            };
            let group = f32::from(u8::from(many % 3 == 0)) + f32::from(u8::from(few == 2));
            truth.push(step + 2.0 * (b - 0.5) * (c - 0.5) + group + 0.1 * (noise - 0.5));
        }
        Self {
            count,
            numbers,
            categories,
            truth,
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            rows: self.count,
            number_width: 3,
            numbers: &self.numbers,
            category_width: 2,
            categories: &self.categories,
        }
    }

    /// The first four fifths, and the rest.
    fn parts(&self) -> (Vec<u32>, Vec<u32>) {
        let all = 0..self.count as u32;
        all.partition(|row| (*row as usize) < self.count / 5 * 4)
    }
}

fn learning<'a>(
    made: &'a Made,
    targets: &'a [f32],
    train: &'a [u32],
    watched: &'a [u32],
) -> Learning<'a, 'a> {
    Learning {
        rows: made.rows(),
        train,
        watched,
        targets,
        weights: &[],
    }
}

fn boosted(
    learning: Learning<'_, '_>,
    objective: &Objective,
    options: &Options,
    rounds: usize,
) -> (Forest, Vec<f64>) {
    let mut booster = Booster::new(learning, objective.clone(), options.clone()).unwrap();
    for _ in 0..rounds {
        booster.round();
    }
    (booster.forest().clone(), booster.watched_scores().to_vec())
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[test]
fn numbers_are_learned_from_all_kinds_of_columns() {
    let made = Made::new(4000);
    let (train, test) = made.parts();
    let options = Options::default();
    let (forest, watched) = boosted(
        learning(&made, &made.truth, &train, &test),
        &Objective::Squares,
        &options,
        150,
    );
    let truth = test.iter().map(|row| f64::from(made.truth[*row as usize]));
    let error = mean(
        watched
            .iter()
            .zip(truth.clone())
            .map(|(score, truth)| (score - truth).powi(2)),
    );
    let average = mean(truth.clone());
    let variance = mean(truth.map(|truth| (truth - average).powi(2)));
    assert!(error < 0.02 * variance, "{error} of {variance}");
    let importance = forest.importance(3, 2);
    assert!(importance.iter().all(|share| *share > 0.01), "{importance:?}");
    assert!((importance.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    // What training kept up to date is what the forest says, to the last bit.
    assert_eq!(watched, forest.scores(&made.rows(), &test));
}

#[test]
fn classes_are_learned_by_two_and_by_more() {
    let made = Made::new(3000);
    let (train, test) = made.parts();
    for classes in [2usize, 3] {
        let class = |truth: &f32| (truth * 1.2).clamp(0.0, classes as f32 - 1.0).floor();
        let targets: Vec<f32> = made.truth.iter().map(class).collect();
        let objective = match classes {
            2 => Objective::Logistic,
            _ => Objective::Softmax { classes },
        };
        let (_, scores) = boosted(
            learning(&made, &targets, &train, &test),
            &objective,
            &Options::default(),
            60,
        );
        let likeliest = |scores: &[f64]| match scores {
            [score] => usize::from(*score > 0.0),
            _ => (0..classes)
                .max_by(|a, b| scores[*a].total_cmp(&scores[*b]))
                .unwrap(),
        };
        let hits = scores
            .chunks(objective.scores())
            .zip(&test)
            .filter(|(scores, row)| likeliest(scores) as f32 == targets[**row as usize])
            .count();
        assert!(hits * 100 > test.len() * 95, "{hits} of {}", test.len());
    }
}

#[test]
fn a_quantile_has_its_share_of_rows_below() {
    let made = Made::new(4000);
    let noisy: Vec<f32> = (0..made.count)
        .map(|row| made.truth[row] + 3.0 * drawn(row, 9))
        .collect();
    let (train, test) = made.parts();
    for level in [0.1, 0.5, 0.9] {
        let (_, scores) = boosted(
            learning(&made, &noisy, &train, &test),
            &Objective::Quantiles { levels: vec![level] },
            &Options::default(),
            60,
        );
        let below = scores
            .iter()
            .zip(&test)
            .filter(|(score, row)| f64::from(noisy[**row as usize]) <= **score);
        let share = below.count() as f64 / test.len() as f64;
        assert!((share - level).abs() < 0.06, "{share} for {level}");
    }
}

/// Bits must not depend on who adds what when: histograms, partitions, classes and leaves are all shared by threads here.
#[test]
fn any_number_of_threads_gives_the_same_trees() {
    let made = Made::new(50_000);
    let (train, test) = made.parts();
    let options = Options {
        row_share: 0.7,
        column_share: 0.6,
        ..Options::default()
    };
    let classes: Vec<f32> = made
        .truth
        .iter()
        .map(|truth| truth.clamp(0.0, 2.0).floor())
        .collect();
    for (objective, targets) in [
        (Objective::Squares, &made.truth),
        (Objective::Softmax { classes: 3 }, &classes),
    ] {
        let grown = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| boosted(learning(&made, targets, &train, &test), &objective, &options, 3))
        };
        let alone = grown(1);
        assert!(alone == grown(2) && alone == grown(5));
    }
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one() {
    let made = Made::new(1500);
    let (train, test) = made.parts();
    let options = Options {
        row_share: 0.5,
        column_share: 0.5,
        ..Options::default()
    };
    let classes: Vec<f32> = made
        .truth
        .iter()
        .map(|truth| truth.clamp(0.0, 2.0).floor())
        .collect();
    let learning = learning(&made, &classes, &train, &test);
    let objective = Objective::Softmax { classes: 3 };
    let (whole, scores) = boosted(learning, &objective, &options, 12);
    let (half, _) = boosted(learning, &objective, &options, 5);
    let mut resumed = Booster::resume(learning, options, half).unwrap();
    for _ in 0..7 {
        resumed.round();
    }
    assert_eq!(
        (resumed.forest(), resumed.watched_scores()),
        (&whole, &scores[..])
    );
    let mut cut = whole;
    cut.truncate(5);
    assert_eq!((cut.rounds(), cut.trees.len()), (5, 15));
}

/// The first split against all that there are, by the formula and in double precision: with fewer values than bins every
/// cut is tried.
#[test]
fn the_first_split_is_the_best_of_all() {
    let made = Made::new(250);
    let train: Vec<u32> = (0..250).collect();
    let options = Options {
        leaves: 2,
        min_rows: 5,
        l2: 1.0,
        learning_rate: 1.0,
        categories: CategoryOptions {
            one_by_one: 0,
            smoothing: 1e6,
            ..CategoryOptions::default()
        },
        ..Options::default()
    };
    let (forest, _) = boosted(
        learning(&made, &made.truth, &train, &[]),
        &Objective::Squares,
        &options,
        1,
    );
    let base = forest.base[0];
    let residual = |row: usize| base - f64::from(made.truth[row]);
    let lowered = |rows: &[usize]| {
        let sum: f64 = rows.iter().map(|row| residual(*row)).sum();
        sum * sum / (rows.len() as f64 + 1.0)
    };
    let all: Vec<usize> = (0..250).collect();
    let mut best = 0.0f64;
    for column in 0..3 {
        let value = |row: &usize| made.numbers[row * 3 + column];
        for threshold in all.iter().map(value).filter(|value| !value.is_nan()) {
            for missing in [false, true] {
                let goes_left = |row: &usize| {
                    if value(row).is_nan() {
                        missing
                    } else {
                        value(row) <= threshold
                    }
                };
                let (left, right): (Vec<usize>, Vec<usize>) = all.iter().partition(|row| goes_left(row));
                if left.len() >= 5 && right.len() >= 5 {
                    best = best.max(lowered(&left) + lowered(&right) - lowered(&all));
                }
            }
        }
    }
    let node = forest.trees[0].nodes[0];
    assert!(
        (f64::from(node.gain) / best - 1.0).abs() < 1e-3,
        "{} of {best}",
        node.gain
    );
    // The leaves are the mean residuals, shrunk by l2.
    let rows = made.rows();
    for (leaf, value) in forest.trees[0].leaves.iter().enumerate() {
        let own: Vec<usize> = all
            .iter()
            .copied()
            .filter(|row| forest.trees[0].leaf(rows.row(*row)) == leaf)
            .collect();
        let sum: f64 = own.iter().map(|row| residual(*row)).sum();
        assert!((value + sum / (own.len() as f64 + 1.0)).abs() < 1e-6);
        assert_eq!(forest.trees[0].leaf_rows[leaf] as usize, own.len());
    }
}

#[test]
fn limits_of_trees_are_held() {
    let made = Made::new(2000);
    let train: Vec<u32> = (0..2000).collect();
    let options = Options {
        leaves: 12,
        depth: 4,
        min_rows: 50,
        ..Options::default()
    };
    let (forest, _) = boosted(
        learning(&made, &made.truth, &train, &[]),
        &Objective::Squares,
        &options,
        5,
    );
    fn depth(tree: &aloft_trees::tree::Tree, at: i32) -> usize {
        match usize::try_from(at) {
            Ok(node) => 1 + depth(tree, tree.nodes[node].left).max(depth(tree, tree.nodes[node].right)),
            Err(_) => 0,
        }
    }
    for tree in &forest.trees {
        assert!(tree.leaves.len() <= 12 && depth(tree, 0) <= 4);
        assert!(
            tree.leaf_rows.iter().all(|rows| *rows >= 50),
            "{:?}",
            tree.leaf_rows
        );
        assert_eq!(tree.leaf_rows.iter().sum::<u32>(), 2000);
    }
}

#[test]
fn predictions_rise_where_they_must() {
    let made = Made::new(3000);
    // Falls with the second number on the whole, with waves that a forest would follow.
    let targets: Vec<f32> = (0..3000)
        .map(|row| {
            let x = made.numbers[row * 3 + 1] / 1000.0;
            -2.0 * x + (x * 40.0).sin() + made.truth[row] * 0.1
        })
        .collect();
    let train: Vec<u32> = (0..3000).collect();
    let options = Options {
        monotone: vec![0, -1, 0],
        ..Options::default()
    };
    let (forest, _) = boosted(
        learning(&made, &targets, &train, &[]),
        &Objective::Squares,
        &options,
        40,
    );
    for fixed in 0..20 {
        let mut numbers = Vec::new();
        for step in 0..200 {
            numbers.extend([drawn(fixed, 1), step as f32 * 5.0, drawn(fixed, 3) - 0.5]);
        }
        let categories = vec![fixed as u32 % 4; 400];
        let rows = Rows {
            rows: 200,
            number_width: 3,
            numbers: &numbers,
            category_width: 2,
            categories: &categories,
        };
        let scores = forest.scores(&rows, &(0..200).collect::<Vec<_>>());
        assert!(scores.is_sorted_by(|a, b| *a >= *b - 1e-12), "{scores:?}");
        assert!(scores[0] - scores[199] > 0.5);
    }
}

#[test]
fn rows_count_by_their_weights() {
    let made = Made::new(250);
    let train: Vec<u32> = (0..250).collect();
    // Rows with a weight of 2 are as good as there twice.
    let weights: Vec<f32> = (0..250).map(|row| if row % 2 == 0 { 2.0 } else { 1.0 }).collect();
    let twice: Vec<u32> = train
        .iter()
        .flat_map(|row| vec![*row; if row % 2 == 0 { 2 } else { 1 }])
        .collect();
    let options = Options {
        min_rows: 1,
        min_weight: 30.0,
        categories: CategoryOptions {
            one_by_one: 99,
            ..CategoryOptions::default()
        },
        ..Options::default()
    };
    let plain = learning(&made, &made.truth, &train, &[]);
    let weighted = Learning {
        weights: &weights,
        ..plain
    };
    let repeated = Learning {
        train: &twice,
        ..plain
    };
    let scores = |learning| {
        boosted(learning, &Objective::Squares, &options, 5)
            .0
            .scores(&made.rows(), &train)
    };
    for (a, b) in scores(weighted).iter().zip(scores(repeated)) {
        assert!((a - b).abs() < 0.02, "{a} {b}");
    }
}

/// A forest with questions of all kinds.
fn stored() -> &'static Forest {
    static FOREST: std::sync::OnceLock<Forest> = std::sync::OnceLock::new();
    FOREST.get_or_init(made_forest)
}

fn made_forest() -> Forest {
    let made = Made::new(600);
    let (train, _) = made.parts();
    let options = Options {
        min_rows: 3,
        categories: CategoryOptions {
            min_group: 5,
            smoothing: 2.0,
            ..CategoryOptions::default()
        },
        ..Options::default()
    };
    boosted(
        learning(&made, &made.truth, &train, &[]),
        &Objective::Squares,
        &options,
        8,
    )
    .0
}

fn read(arrays: &[(&str, Array)]) -> Result<Forest, aloft_trees::TreesError> {
    Forest::from_arrays(Objective::Squares, (3, 2), |name| {
        arrays
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, array)| array.clone())
    })
}

#[test]
fn a_stored_forest_is_the_same() {
    let forest = stored();
    let asks = |of: fn(&Question) -> bool| {
        forest
            .trees
            .iter()
            .flat_map(|tree| &tree.nodes)
            .any(|node| of(&node.question))
    };
    assert!(asks(|question| matches!(
        question,
        Question::Below { missing: true, .. }
    )));
    assert!(asks(|question| matches!(question, Question::Among { .. })));
    assert_eq!(read(&forest.arrays()).unwrap(), *forest);
    let fewer_columns = Forest::from_arrays(Objective::Squares, (2, 1), |name| {
        forest
            .arrays()
            .into_iter()
            .find(|(own, _)| *own == name)
            .map(|(_, array)| array)
    });
    assert!(fewer_columns.is_err());
}

#[test]
fn a_set_that_lies_nowhere_is_refused() {
    for threshold in [f32::MAX, 1e18, f32::INFINITY] {
        let mut arrays = stored().arrays();
        for (name, array) in &mut arrays {
            match (*name, array) {
                ("column", Array::I32(columns)) => columns.fill(-1),
                ("threshold", Array::F32(thresholds)) => thresholds.fill(threshold),
                _ => {}
            }
        }
        assert!(read(&arrays).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// A damaged forest is refused, or it is one whose every way ends at a leaf.
    #[test]
    fn damaged_arrays_never_panic(array in 0usize..12, place: prop::sample::Index, value: i32, cut: bool) {
        let mut arrays = stored().arrays();
        fn damage<T: Copy>(values: &mut Vec<T>, place: prop::sample::Index, value: T, cut: bool) {
            if values.is_empty() {
                return;
            }
            let place = place.index(values.len());
            if cut { values.truncate(place) } else { values[place] = value }
        }
        match &mut arrays[array].1 {
            Array::F32(values) => damage(values, place, value as f32, cut),
            Array::F64(values) => damage(values, place, f64::from(value), cut),
            Array::I32(values) => damage(values, place, value % 40, cut),
            Array::I64(values) => damage(values, place, i64::from(value), cut),
        }
        if let Ok(forest) = read(&arrays) {
            let made = Made::new(20);
            let scores = forest.scores(&made.rows(), &(0..20).collect::<Vec<_>>());
            prop_assert_eq!(scores.len(), 20);
        }
    }
}
