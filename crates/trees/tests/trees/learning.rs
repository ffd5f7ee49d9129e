//! What forests learn, and that the same rows give the same bits however they are computed.

use crate::made::{Made, boosted, drawn, learning, mean};
use aloft_trees::{
    booster::{Booster, Learning},
    objective::Objective,
    options::{CategoryOptions, Options},
};

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

/// Each label's trees are those of a forest for it alone.
#[test]
fn labels_are_learned_each_by_itself() {
    let made = Made::new(1500);
    let (train, test) = made.parts();
    let labels: Vec<Vec<f32>> = [0.3, 0.8]
        .iter()
        .map(|edge| {
            made.truth
                .iter()
                .map(|truth| f32::from(u8::from(truth > edge)))
                .collect()
        })
        .collect();
    let together = labels.concat();
    let options = Options::default();
    let objective = Objective::Labels { labels: 2 };
    let (forest, scores) = boosted(
        learning(&made, &together, &train, &test),
        &objective,
        &options,
        12,
    );
    assert_eq!((forest.rounds(), scores.len()), (12, 2 * test.len()));
    for (index, own) in labels.iter().enumerate() {
        let (alone, own_scores) = boosted(
            learning(&made, own, &train, &test),
            &Objective::Logistic,
            &options,
            12,
        );
        let trees: Vec<_> = forest.trees.iter().skip(index).step_by(2).cloned().collect();
        assert_eq!((&trees, forest.base[index]), (&alone.trees, alone.base[0]));
        let scores: Vec<f64> = scores.iter().skip(index).step_by(2).copied().collect();
        assert_eq!(scores, own_scores);
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
    let classes = made.three_classes();
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
    let classes = made.three_classes();
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
