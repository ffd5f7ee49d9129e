//! How trees grow: the best split, limits, and directions that are held.

use crate::made::{Made, boosted, drawn, learning};
use aloft_trees::{
    objective::Objective,
    options::{CategoryOptions, Options},
    rows::Rows,
};
use proptest::prelude::*;

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever is learned, with whatever trees: along a column that has a direction no score goes against it.
    #[test]
    fn no_score_goes_against_a_direction(
        directions in prop::array::uniform3(-1i8..=1),
        kind in 0usize..4,
        (leaves, depth, seed) in (2usize..40, 0usize..5, 0u64..1000),
        (row_share, column_share) in (0.3f64..=1.0, 0.3f64..=1.0),
        (l1, waves) in (0.0f64..2.0, 1.0f32..60.0),
    ) {
        let made = Made::new(400);
        let (objective, targets) = targets(kind, &made, waves);
        let train: Vec<u32> = (0..400).collect();
        let options = Options { monotone: directions.into(), leaves, depth, seed, row_share, column_share, l1, min_rows: 5, ..Options::default() };
        let (forest, _) = boosted(learning(&made, &targets, &train, &[]), &objective, &options, 12);
        for fixed in 0..8 {
            for (column, direction) in directions.into_iter().enumerate().filter(|(_, direction)| *direction != 0) {
                let steps = 120;
                let (mut numbers, mut categories) = (Vec::new(), Vec::new());
                for step in 0..steps {
                    let mut row = made.numbers[fixed * 3..][..3].to_vec();
                    let share = step as f32 / (steps - 1) as f32 * 1.2 - 0.1;
                    row[column] = [share, share * 1000.0, share - 0.5][column];
                    numbers.extend(row);
                    categories.extend_from_slice(&made.categories[fixed * 2..][..2]);
                }
                let rows = Rows { rows: steps, number_width: 3, numbers: &numbers, category_width: 2, categories: &categories };
                let scores = forest.scores(&rows, &(0..steps as u32).collect::<Vec<_>>());
                for score in 0..objective.scores() {
                    let along: Vec<f64> = scores.iter().skip(score).step_by(objective.scores()).copied().collect();
                    let held = along.windows(2).all(|pair| (pair[1] - pair[0]) * f64::from(direction) >= -1e-9);
                    prop_assert!(held, "column {column}, direction {direction}, {objective:?}: {along:?}");
                }
            }
        }
    }
}

/// What is learned in waves of the numbers, which directions have to go against: a number, a class, quantiles, labels.
fn targets(kind: usize, made: &Made, waves: f32) -> (Objective, Vec<f32>) {
    let wave = |row: usize| {
        let [_, b, c] = made.numbers[row * 3..][..3] else {
            return 0.0;
        };
        (b / 1000.0 * waves).sin() + (c * waves).cos() + made.truth[row]
    };
    let numbers: Vec<f32> = (0..made.count).map(wave).collect();
    let above = |edge: f32| {
        numbers
            .iter()
            .map(move |number| f32::from(u8::from(*number > edge)))
    };
    match kind {
        0 => (Objective::Squares, numbers),
        1 => (Objective::Logistic, above(0.5).collect()),
        2 => (
            Objective::Quantiles {
                levels: vec![0.2, 0.7],
            },
            numbers,
        ),
        _ => (
            Objective::Labels { labels: 2 },
            above(0.2).chain(above(0.9)).collect(),
        ),
    }
}
