//! Forests as they are stored.

use crate::made::{Made, boosted, learning};
use aloft_trees::{
    forest::{Array, Forest},
    objective::Objective,
    options::{CategoryOptions, Options},
    tree::Question,
};
use proptest::prelude::*;

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
