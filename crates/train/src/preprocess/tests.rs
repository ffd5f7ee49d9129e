use super::*;
use aloft_spec::{
    Code, Problem,
    train::{Imputation, Scaling},
};

fn frame() -> DataFrame {
    DataFrame::new(
        6,
        vec![
            Column::new(
                "age".into(),
                [
                    Some(10.0),
                    Some(30.0),
                    None,
                    Some(20.0),
                    Some(f64::NAN),
                    Some(1e9),
                ],
            ),
            Column::new(
                "member".into(),
                [Some(true), Some(false), None, Some(true), Some(true), None],
            ),
            Column::new(
                "city".into(),
                [Some("b"), Some("a"), Some("b"), None, Some("c"), Some("z")],
            ),
            Column::new("constant".into(), [1; 6]),
            Column::new("nothing".into(), [None::<f64>; 6]),
            Column::new("day".into(), [0i32, 31, 59, 90, 120, 364])
                .cast(&DataType::Date)
                .unwrap(),
        ],
    )
    .unwrap()
}

fn names(frame: &DataFrame) -> Vec<String> {
    frame
        .get_column_names()
        .into_iter()
        .map(ToString::to_string)
        .collect()
}

fn fitted() -> (Preprocessing, Vec<String>) {
    let spec = PreprocessSpec {
        scaling: Scaling::Standard,
        ..PreprocessSpec::default()
    };
    Preprocessing::fit(&frame(), &names(&frame()), &[0, 1, 2, 3, 4], &spec, None).unwrap()
}

#[test]
fn columns_are_fitted_on_the_training_part_alone() {
    let (preprocessing, warnings) = fitted();
    assert_eq!(preprocessing.names(), ["age", "member", "city", "day"]);
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("`constant`") && warnings[1].contains("`nothing`"));
    let Encoding::Number(age) = &preprocessing.columns[0].encoding else {
        panic!()
    };
    // 10, 30, 20 are known; 1e9 is not of the training part.
    assert_eq!((age.fill, age.indicator), (20.0, true));
    assert!(matches!(age.scale, scale::Scale::Linear { center: 20.0, .. }));
    let Encoding::Category(city) = &preprocessing.columns[2].encoding else {
        panic!()
    };
    assert_eq!(city.values, ["b", "a", "c"]);
    assert_eq!(preprocessing.category_values(), [4]);
    assert_eq!(preprocessing.numeric_width(), 2 + 2 + 5);
}

#[test]
fn rows_become_these_numbers() {
    let (preprocessing, _) = fitted();
    let encoded = preprocessing.encode(&frame()).unwrap();
    let row = |row: usize| &encoded.numeric[row * 9..row * 9 + 9];
    let deviation = (200.0f64 / 5.0).sqrt();
    assert_eq!(row(0)[..4], [(-10.0 / deviation) as f32, 0.0, 1.0, 0.0]);
    assert_eq!(
        row(2)[..4],
        [0.0, 1.0, 1.0, 1.0],
        "a missing value is the median and the mode, and is told"
    );
    assert_eq!(row(4)[..2], [0.0, 1.0], "NaN is missing");
    assert!(
        (20.0..25.0).contains(&row(5)[0]),
        "an outlier is clipped softly: {}",
        row(5)[0]
    );
    assert_eq!(encoded.categories, [1, 2, 1, 0, 3, 0]);
    // The first of January is the top of the circle of days.
    assert_eq!(row(0)[5..7], [0.0, 1.0]);
}

#[test]
fn trees_take_columns_as_they_are() {
    let (preprocessing, _) = fitted();
    let preprocessing = preprocessing.in_form(Form::Plain);
    assert_eq!(preprocessing.numeric_width(), 1 + 1 + 3);
    let encoded = preprocessing.encode(&frame()).unwrap();
    let row = |row: usize| &encoded.numeric[row * 5..row * 5 + 5];
    // Days from the median (March 1), the day of the year, and the weekday: 1970-01-01 was a Thursday.
    assert_eq!(row(0), [10.0, 1.0, -59.0, 0.0, 3.0]);
    assert_eq!(row(5)[0], 1e9);
    assert!(row(2)[0].is_nan() && row(2)[1].is_nan() && row(4)[0].is_nan());
    assert_eq!(encoded.categories, [1, 2, 1, 0, 3, 0]);
}

#[test]
fn the_same_rows_from_text_give_the_same_numbers() {
    let (preprocessing, _) = fitted();
    let texts = DataFrame::new(
        2,
        vec![
            Column::new("day".into(), ["1970-02-01", ""]),
            Column::new("city".into(), ["a", "unseen"]),
            Column::new("member".into(), [0i64, 1]),
            Column::new("age".into(), [" 30", ""]),
            Column::new("more".into(), ["is", "ignored"]),
        ],
    )
    .unwrap();
    let from_text = preprocessing.encode(&texts).unwrap();
    let trained = preprocessing.encode(&frame()).unwrap();
    assert_eq!(from_text.numeric[..9], trained.numeric[9..18]);
    assert_eq!(from_text.categories, [2, 0]);
}

#[test]
fn what_does_not_fit_is_named() {
    let (preprocessing, _) = fitted();
    let problem: Problem = preprocessing
        .encode(&frame().select(["city"]).unwrap())
        .unwrap_err()
        .into();
    assert_eq!(problem.code, Code::UnknownColumn);
    assert!(
        problem.message.ends_with("age, member, day"),
        "{}",
        problem.message
    );
    let mut wrong = frame();
    wrong
        .with_column(Column::new("age".into(), ["1", "two", "3", "4", "5", "6"]))
        .unwrap();
    let problem: Problem = preprocessing.encode(&wrong).unwrap_err().into();
    assert_eq!(problem.code, Code::BadValue);
    assert!(
        problem.message.contains("`age` has `two` in row 2"),
        "{}",
        problem.message
    );
}

#[test]
fn many_rows_are_encoded_in_parts() {
    let (preprocessing, _) = fitted();
    let few = frame();
    let repeat = super::PART / few.height() + 2;
    let mut many = few.clone();
    for _ in 1..repeat {
        many.vstack_mut(&few).unwrap();
    }
    assert!(many.height() > super::PART);
    let (one, all) = (
        preprocessing.encode(&few).unwrap(),
        preprocessing.encode(&many).unwrap(),
    );
    // Bits: a missing number is no number that equals itself.
    let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    assert_eq!(all.rows, many.height());
    assert!(bits(&all.numeric) == bits(&one.numeric.repeat(repeat)));
    assert!(all.categories == one.categories.repeat(repeat));
    let mut ages = vec!["1"; many.height()];
    let wrong = super::PART + 4;
    ages[wrong] = "two";
    many.with_column(Column::new("age".into(), ages)).unwrap();
    let problem: Problem = preprocessing.encode(&many).unwrap_err().into();
    let place = format!("in row {}", wrong + 1);
    assert!(problem.message.contains(&place), "{}", problem.message);
    let none = preprocessing.encode(&many.head(Some(0)).drop("age").unwrap());
    assert!(
        none.is_err(),
        "a column that isn't there is missed without rows too"
    );
}

#[test]
fn what_is_stored_encodes_the_same() {
    let (preprocessing, _) = fitted();
    let text = serde_json::to_string(&preprocessing).unwrap();
    let back: Preprocessing = serde_json::from_str(&text).unwrap();
    assert_eq!(back, preprocessing);
    assert_eq!(
        back.encode(&frame()).unwrap(),
        preprocessing.encode(&frame()).unwrap()
    );
}

#[test]
fn texts_that_name_rows_are_left_out_and_rare_ones_share_a_bucket() {
    let ids: Vec<String> = (0..2000).map(|row| format!("id{row}")).collect();
    let kinds: Vec<String> = (0..2000)
        .map(|row| {
            if row == 7 {
                "once".into()
            } else {
                format!("kind{}", row % 3)
            }
        })
        .collect();
    let frame = DataFrame::new(
        2000,
        vec![Column::new("id".into(), ids), Column::new("kind".into(), kinds)],
    )
    .unwrap();
    let train: Vec<u32> = (0..2000).collect();
    let (preprocessing, warnings) =
        Preprocessing::fit(&frame, &names(&frame), &train, &PreprocessSpec::default(), None).unwrap();
    assert!(warnings[0].contains("`id`") && warnings[0].contains("2,000"));
    assert_eq!(preprocessing.category_values(), [4]);
    assert_eq!(preprocessing.encode(&frame).unwrap().categories[7], 0);
    let only_ids = Preprocessing::fit(
        &frame,
        &["id".to_owned()],
        &train,
        &PreprocessSpec::default(),
        None,
    )
    .unwrap_err();
    assert_eq!(Problem::from(only_ids).code, Code::EmptyData);
}

#[test]
fn gaps_are_filled_and_told_as_asked() {
    let fit = |impute, indicators| {
        let spec = PreprocessSpec {
            impute,
            indicators,
            scaling: Scaling::Robust,
        };
        let names = ["age".to_owned()];
        Preprocessing::fit(&frame(), &names, &[0, 1, 2, 3, 4], &spec, None)
            .unwrap()
            .0
    };
    for (impute, expected) in [
        (Imputation::Median, 20.0),
        (Imputation::Mean, 20.0),
        (Imputation::Zero, 0.0),
    ] {
        let Encoding::Number(age) = &fit(impute, true).columns[0].encoding else {
            panic!()
        };
        assert_eq!(age.fill, expected);
    }
    assert_eq!(fit(Imputation::Median, true).numeric_width(), 2);
    assert_eq!(fit(Imputation::Median, false).numeric_width(), 1);
    assert_eq!(fit(Imputation::Median, true).continuous(), [0]);
}

#[test]
fn texts_become_what_the_target_comes_to_and_training_rows_do_not_tell_their_own() {
    let rows = 300;
    let kinds: Vec<String> = (0..rows).map(|row| format!("kind{}", row % 3)).collect();
    let rare: Vec<String> = (0..rows).map(|row| format!("rare{}", row / 2)).collect();
    let frame = DataFrame::new(
        rows,
        vec![
            Column::new("kind".into(), kinds),
            Column::new("rare".into(), rare),
        ],
    )
    .unwrap();
    let train: Vec<u32> = (0..200).collect();
    let noise = |row: u32| f64::from((row * 7919) % 101) / 101.0;
    let outcomes = Outcomes {
        width: 1,
        values: train.iter().map(|row| f64::from(row % 3) + noise(*row)).collect(),
    };
    let spec = PreprocessSpec::default();
    let (preprocessing, _) =
        Preprocessing::fit(&frame, &names(&frame), &train, &spec, Some(&outcomes)).unwrap();
    assert_eq!(
        (
            preprocessing.numeric_width(),
            preprocessing.category_values().len()
        ),
        (2, 0)
    );
    assert_eq!(preprocessing.continuous(), [0, 1]);
    let plain = preprocessing.encode(&frame).unwrap();
    let mut hidden = plain.clone();
    preprocessing
        .hide_targets(&frame, &train, &outcomes, &train, &mut hidden)
        .unwrap();
    assert_eq!(
        plain.numeric[400..],
        hidden.numeric[400..],
        "other rows stay as they are"
    );
    let number = |encoded: &Encoded, row: usize, column: usize| encoded.numeric[row * 2 + column];
    assert!(
        number(&plain, 200, 0) > number(&plain, 201, 0) + 0.5,
        "kind 2 and kind 0"
    );
    // How well the second column predicts the noise of its own row: well where it was fitted with it, not at all without.
    let correlation = |encoded: &Encoded| {
        let pairs = train.iter().map(|row| {
            (
                f64::from(number(encoded, *row as usize, 1)),
                outcomes.values[*row as usize],
            )
        });
        let (mean_x, deviation_x) = mean_and_deviation(pairs.clone().map(|pair| pair.0));
        let (mean_y, deviation_y) = mean_and_deviation(pairs.clone().map(|pair| pair.1));
        pairs
            .map(|(x, y)| (x - mean_x) / deviation_x * (y - mean_y) / deviation_y)
            .sum::<f64>()
            / 200.0
    };
    assert!(correlation(&plain) > 0.5, "{}", correlation(&plain));
    assert!(correlation(&hidden) < 0.2, "{}", correlation(&hidden));
    let text = serde_json::to_string(&preprocessing).unwrap();
    assert_eq!(
        serde_json::from_str::<Preprocessing>(&text).unwrap(),
        preprocessing
    );
}
