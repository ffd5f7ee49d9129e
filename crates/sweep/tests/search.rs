//! Samplers over functions whose minimum is known, and the rules that every space keeps.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use aloft_spec::sweep::{DimensionSpec, HalvingSpec, SweepMethod, SweepSpec, SweepValue, Values};
use aloft_sweep::{Error, Grid, Halving, Sampler, Space, Tried};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn dimension(change: impl FnOnce(&mut DimensionSpec)) -> DimensionSpec {
    let mut spec = DimensionSpec::default();
    change(&mut spec);
    spec
}

fn sweep(method: SweepMethod, seed: u64, space: &[(&str, DimensionSpec)]) -> SweepSpec {
    SweepSpec {
        train: "t".into(),
        method,
        trials: None,
        seconds: None,
        parallel: None,
        seed,
        halving: None,
        space: space
            .iter()
            .map(|(key, spec)| ((*key).to_owned(), spec.clone()))
            .collect(),
    }
}

/// A rate, a share, a number of units and a word: the kinds of dimensions that a training has.
fn mixed() -> Vec<(&'static str, DimensionSpec)> {
    let words = ["adamw", "sgd", "lion"].map(|word| SweepValue::Text(word.into()));
    vec![
        ("kind", dimension(|d| d.choice = Some(words.to_vec()))),
        ("rate", dimension(|d| d.log_uniform = Some([1e-5, 1e-1]))),
        ("share", dimension(|d| d.uniform = Some([0.0, 0.5]))),
        ("units", dimension(|d| d.int_log_uniform = Some([4, 256]))),
    ]
}

fn number(value: &SweepValue) -> f64 {
    match value {
        SweepValue::Integer(value) => *value as f64,
        SweepValue::Number(value) => *value,
        _ => panic!("{value} is no number"),
    }
}

/// Lowest, 0, for sgd at a rate of 3e-3, a share of 0.1 and 64 units.
fn loss(values: &Values) -> f64 {
    let decades = number(&values["rate"]).log10() - 3e-3_f64.log10();
    let share = (number(&values["share"]) - 0.1) / 0.5;
    let octaves = (number(&values["units"]) / 64.0).log2();
    let kind = match &values["kind"] {
        SweepValue::Text(word) if word == "sgd" => 0.0,
        SweepValue::Text(word) if word == "adamw" => 0.3,
        _ => 0.6,
    };
    decades.powi(2) / 4.0 + share.powi(2) + octaves.powi(2) / 16.0 + kind
}

/// Trials until the loss is below a limit.
fn trials_until(method: SweepMethod, seed: u64, limit: f64, most: u32) -> u32 {
    let sampler = Sampler::new(&sweep(method, seed, &mixed())).unwrap();
    let mut tried: Vec<Tried> = Vec::new();
    for index in 1..=most {
        let values = sampler.suggest(index, &tried).unwrap();
        let score = loss(&values);
        if score < limit {
            return index;
        }
        tried.push(Tried {
            values,
            score: Some(score),
        });
    }
    most
}

#[test]
fn bayesian_finds_a_known_minimum_in_fewer_trials_than_random() {
    let mean = |method| {
        let seeds = 0..40;
        let trials: u32 = seeds.map(|seed| trials_until(method, seed, 0.05, 200)).sum();
        f64::from(trials) / 40.0
    };
    let (bayesian, random) = (mean(SweepMethod::Bayesian), mean(SweepMethod::Random));
    assert!(
        bayesian < 0.6 * random,
        "bayesian took {bayesian} trials, random {random}"
    );
}

#[test]
fn the_same_history_gives_the_same_next_values() {
    let mut spec = sweep(SweepMethod::Bayesian, 3, &mixed());
    let all = |spec: &SweepSpec| {
        let sampler = Sampler::new(spec).unwrap();
        let mut tried = Vec::new();
        for index in 1..=20 {
            let values = sampler.suggest(index, &tried).unwrap();
            let score = (index % 5 != 0).then(|| loss(&values));
            tried.push(Tried { values, score });
        }
        tried
    };
    let first = all(&spec);
    assert_eq!(first, all(&spec));
    let from_the_middle = Sampler::new(&spec).unwrap().suggest(16, &first[..15]).unwrap();
    assert_eq!(
        from_the_middle, first[15].values,
        "nothing is kept but the results"
    );
    spec.seed = 4;
    assert_ne!(first, all(&spec));
}

#[test]
fn a_grid_has_every_combination_once() {
    let space = [
        (
            "a",
            dimension(|d| d.choice = Some(vec![SweepValue::Flag(true), SweepValue::Flag(false)])),
        ),
        (
            "b",
            dimension(|d| {
                d.log_uniform = Some([1e-4, 1e-2]);
                d.steps = Some(3);
            }),
        ),
        ("c", dimension(|d| d.int_uniform = Some([2, 3]))),
        (
            "d",
            dimension(|d| {
                d.int_uniform = Some([1, 4]);
                d.steps = Some(9);
            }),
        ),
    ];
    let sampler = Sampler::new(&sweep(SweepMethod::Grid, 0, &space)).unwrap();
    assert_eq!(sampler.points(), Some(2 * 3 * 2 * 4));
    let all: Vec<Values> = (1..).map_while(|index| sampler.suggest(index, &[])).collect();
    assert_eq!(all.len(), 48);
    assert!(
        all.iter()
            .enumerate()
            .all(|(at, values)| !all[..at].contains(values))
    );
    let rates: Vec<f64> = all[..24]
        .iter()
        .step_by(8)
        .map(|values| number(&values["b"]))
        .collect();
    assert_eq!(
        rates,
        [1e-4, 1e-3, 1e-2],
        "ends included, as one would write them"
    );
    assert_eq!(all[0]["d"], SweepValue::Integer(1));
    assert_eq!(all[3]["d"], SweepValue::Integer(4));
}

#[test]
fn a_small_space_is_tried_out_and_then_there_is_nothing_left() {
    let space = [
        ("a", dimension(|d| d.int_uniform = Some([1, 3]))),
        (
            "b",
            dimension(|d| d.choice = Some(vec![SweepValue::Integer(1), SweepValue::Integer(2)])),
        ),
    ];
    for method in [SweepMethod::Random, SweepMethod::Bayesian] {
        let sampler = Sampler::new(&sweep(method, 1, &space)).unwrap();
        let mut tried: Vec<Tried> = Vec::new();
        while let Some(values) = sampler.suggest(tried.len() as u32 + 1, &tried) {
            assert!(tried.iter().all(|before| before.values != values));
            let score = Some(number(&values["a"]));
            tried.push(Tried { values, score });
        }
        assert_eq!(tried.len(), 6);
    }
}

#[test]
fn spaces_without_values_are_refused() {
    let refused = |spec: DimensionSpec| Space::new(&BTreeMap::from([("a".to_owned(), spec)])).unwrap_err();
    let no_range = Error::NoRange("a".into());
    assert_eq!(refused(DimensionSpec::default()), no_range);
    assert_eq!(refused(dimension(|d| d.choice = Some(vec![]))), no_range);
    assert_eq!(refused(dimension(|d| d.uniform = Some([1.0, 1.0]))), no_range);
    assert_eq!(
        refused(dimension(|d| d.uniform = Some([f64::NAN, 1.0]))),
        no_range
    );
    assert_eq!(refused(dimension(|d| d.log_uniform = Some([0.0, 1.0]))), no_range);
    let two = dimension(|d| {
        d.uniform = Some([0.0, 1.0]);
        d.int_uniform = Some([0, 1]);
    });
    assert_eq!(refused(two), no_range);
    assert_eq!(Space::new(&BTreeMap::new()).unwrap_err(), Error::Empty);
    let real = Space::new(&BTreeMap::from([(
        "a".to_owned(),
        dimension(|d| d.uniform = Some([0.0, 1.0])),
    )]));
    assert_eq!(Grid::new(&real.unwrap()).unwrap_err(), Error::NoSteps("a".into()));
}

#[test]
fn rungs_grow_by_the_factor_and_one_in_so_many_goes_on() {
    let halving = Halving::new(&HalvingSpec { factor: 3, epochs: 2 });
    assert_eq!(halving.rungs(60), [2, 6, 18, 54]);
    assert_eq!(halving.rungs(54), [2, 6, 18], "the last epoch is no rung");
    assert!(halving.rungs(2).is_empty());
    assert!(halving.goes_on(0.9, &[]), "the first has nobody to fall behind");
    assert!(!halving.goes_on(0.9, &[0.8]));
    assert!(halving.goes_on(0.7, &[0.8]));
    assert!(halving.goes_on(0.8, &[0.7, 1.0, 1.1, 1.2, 1.3]), "second of six");
    assert!(!halving.goes_on(0.8, &[0.7, 0.75, 1.1, 1.2, 1.3]));
}

/// Any sound dimension.
fn any_dimension() -> impl Strategy<Value = DimensionSpec> {
    let real = (-1e6..1e6_f64, 1e-3..1e6_f64).prop_map(|(low, width)| [low, low + width]);
    let positive = (1e-9..1e3_f64, 1.01..1e6_f64).prop_map(|(low, times)| [low, low * times]);
    let whole = (-1000..1000_i64, 1..1000_i64).prop_map(|(low, width)| [low, low + width]);
    let natural = (1..1000_i64, 1..1000_i64).prop_map(|(low, width)| [low, low + width]);
    prop_oneof![
        real.prop_map(|range| dimension(|d| d.uniform = Some(range))),
        positive.prop_map(|range| dimension(|d| d.log_uniform = Some(range))),
        whole.prop_map(|range| dimension(|d| d.int_uniform = Some(range))),
        natural.prop_map(|range| dimension(|d| d.int_log_uniform = Some(range))),
        (1..5_i64).prop_map(|count| dimension(|d| {
            d.choice = Some((0..count).map(SweepValue::Integer).collect());
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_suggested_lies_in_the_space(
        dimensions in proptest::collection::vec(any_dimension(), 1..4),
        seed: u64,
        scores in proptest::collection::vec(proptest::option::of(-10.0..10.0_f64), 0..16),
    ) {
        let names = ["a", "b", "c"];
        let space: Vec<(&str, DimensionSpec)> = names.into_iter().zip(dimensions).collect();
        for method in [SweepMethod::Random, SweepMethod::Bayesian] {
            let spec = sweep(method, seed, &space);
            let sampler = Sampler::new(&spec).unwrap();
            let bounds = Space::new(&spec.space).unwrap();
            let mut tried: Vec<Tried> = Vec::new();
            for score in &scores {
                let Some(values) = sampler.suggest(tried.len() as u32 + 1, &tried) else {
                    prop_assert_eq!(sampler.points(), Some(tried.len() as u64));
                    break;
                };
                prop_assert!(bounds.contains(&values), "{:?}", values);
                tried.push(Tried { values, score: *score });
            }
        }
    }

    #[test]
    fn the_best_so_far_goes_on_and_never_more_than_its_share_of_late_comers(
        factor in 2..6_u32,
        others in proptest::collection::vec(0.0..1.0_f64, 0..40),
    ) {
        let halving = Halving::new(&HalvingSpec { factor, epochs: 1 });
        prop_assert!(halving.goes_on(-1.0, &others));
        prop_assert!(others.is_empty() || !halving.goes_on(2.0, &others));
        let mut sorted = others.clone();
        sorted.sort_by(f64::total_cmp);
        let cut = (others.len() + 1) / factor as usize;
        if cut >= 1 && cut < sorted.len() {
            prop_assert!(halving.goes_on(sorted[cut - 1] - 1e-9, &others));
            prop_assert!(!halving.goes_on(sorted[cut] + 1e-9, &others));
        }
    }
}
