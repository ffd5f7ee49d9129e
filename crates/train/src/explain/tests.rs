use super::*;
use crate::{metrics::Truth, prepare::Prepared, table::Table as _, task::Values};
use aloft_spec::{chart::Scale, train::TrainSpec};

/// Rows whose target follows `x` and, less, `kind`; `other` says nothing.
fn prepared() -> (DataFrame, Prepared) {
    let noise = |row: usize, salt: usize| ((row * row * 7919 + row * 31 * salt) % 1009) as f64 / 1009.0;
    let x: Vec<f64> = (0..400).map(|row| noise(row, 1)).collect();
    let kind: Vec<&str> = (0..400).map(|row| ["a", "b", "c"][(row * 7) % 3]).collect();
    let y: Vec<f64> = (0..400)
        .map(|row| 10.0 * x[row] + ((row * 7) % 3) as f64)
        .collect();
    let frame = DataFrame::new(
        400,
        vec![
            Column::new(
                "other".into(),
                (0..400).map(|row| noise(row, 2)).collect::<Vec<_>>(),
            ),
            Column::new("x".into(), x),
            Column::new("kind".into(), kind),
            Column::new("y".into(), y),
        ],
    )
    .unwrap();
    let prepared = Prepared::new(&TrainSpec::new("rows", "y"), &frame).unwrap();
    (frame, prepared)
}

/// A model that knows the rule by which the target was made.
fn rule(prepared: &Prepared) -> impl Fn(&Encoded) -> Result<Outputs> + '_ {
    let blocks = prepared.preprocessing().unwrap().blocks();
    let crate::preprocess::Encoding::Category(kinds) = &prepared.preprocessing().unwrap().columns[2].encoding
    else {
        panic!()
    };
    let crate::preprocess::Encoding::Number(number) = &prepared.preprocessing().unwrap().columns[1].encoding
    else {
        panic!()
    };
    let crate::preprocess::Scale::Linear { center, width, .. } = number.scale else {
        panic!()
    };
    move |rows| {
        let value = |row: usize| {
            let x = f64::from(rows.numeric[row * rows.numeric_width + blocks[1].numbers.start]);
            let code = rows.categories[row * rows.category_width + blocks[2].categories.start];
            let kind = ["a", "b", "c"]
                .iter()
                .position(|kind| kinds.values[code as usize - 1] == *kind);
            10.0 * (x * width + center) + kind.unwrap() as f64
        };
        Ok(Outputs::Numbers((0..rows.rows).map(value).collect()))
    }
}

fn sample<'a>(frame: &DataFrame, prepared: &'a Prepared) -> Sample<'a> {
    let rows = sampled(7, &prepared.split.test);
    let places: Vec<u32> = rows
        .iter()
        .map(|row| prepared.table_rows[*row as usize])
        .collect();
    Sample {
        preprocessing: prepared.preprocessing().unwrap(),
        task: &prepared.task,
        rows: prepared
            .encoded(prepared.preprocessing().unwrap(), &rows)
            .unwrap(),
        truth: prepared.truth(&rows).unwrap(),
        values: frame.rows(&prepared.inputs.names(), &places).unwrap(),
    }
}

fn explained(stop_after: usize) -> Explanation {
    let (frame, prepared) = prepared();
    let mut asked = 0;
    let mut stop = || {
        asked += 1;
        asked > stop_after
    };
    let mut budget = Budget::new(Duration::from_secs(3600), &mut stop);
    let predict = rule(&prepared);
    explain("test", 7, &sample(&frame, &prepared), &predict, &mut budget).unwrap()
}

#[test]
fn columns_are_as_important_as_the_rule_makes_them() {
    let found = explained(usize::MAX);
    let names: Vec<&str> = found
        .importance
        .iter()
        .map(|found| found.column.as_str())
        .collect();
    assert_eq!(names, ["x", "kind", "other"]);
    assert_eq!(
        (found.metric.as_str(), found.rows, found.unreached),
        ("rmse", 80, 0)
    );
    assert!(found.base < 1e-5, "the rule is never wrong: {}", found.base);
    // Two values drawn apart differ by √2 deviations: 10 x by 10 √(2/12), and a kind by √(4/3).
    let [x, kind, other] = &found.importance[..] else {
        panic!()
    };
    assert!((x.mean - 10.0 * (1f64 / 6.0).sqrt()).abs() < 0.8, "{x:?}");
    assert!((kind.mean - (4f64 / 3.0).sqrt()).abs() < 0.25, "{kind:?}");
    assert!(other.mean.abs() < 1e-9 && other.deviation < 1e-9, "{other:?}");
    assert!(x.deviation > 0.0 && x.deviation < 0.5 && x.repeats == 5);
    assert_eq!(found, explained(usize::MAX), "seeded");
}

#[test]
fn curves_follow_the_rule() {
    let found = explained(usize::MAX);
    let [x, kind] = &found.dependence[..] else {
        panic!("a column that says nothing has no curve: {:?}", found.dependence)
    };
    assert_eq!((x.column.as_str(), &x.scale), ("x", &Scale::Linear));
    let at = &x.at;
    assert!(at.is_sorted() && at.len() > 10);
    for (position, mean) in at.iter().zip(&x.predictions[0]).skip(1) {
        let slope = (mean - x.predictions[0][0]) / (position - at[0]);
        assert!((slope - 10.0).abs() < 1e-3, "{slope}");
    }
    let Scale::Names(names) = &kind.scale else {
        panic!()
    };
    let of = |name: &str| kind.predictions[0][names.iter().position(|known| known == name).unwrap()];
    assert!((of("b") - of("a") - 1.0).abs() < 1e-6 && (of("c") - of("a") - 2.0).abs() < 1e-6);
}

#[test]
fn what_is_stopped_says_how_far_it_came() {
    let found = explained(2);
    assert_eq!((found.importance.len(), found.unreached), (2, 1));
    assert!(
        found
            .importance
            .iter()
            .all(|found| found.repeats == 1 && found.deviation == 0.0)
    );
    assert!(found.dependence.is_empty());
    let nothing = explained(0);
    assert_eq!((nothing.importance.len(), nothing.unreached), (0, 3));
}

#[test]
fn large_parts_are_sampled() {
    let part: Vec<u32> = (0..5000).collect();
    let rows = sampled(7, &part);
    assert!(rows.len() == 1000 && rows.is_sorted() && rows != sampled(8, &part));
    assert_eq!(sampled(7, &part[..10]), part[..10]);
    let (_, prepared) = prepared();
    let Truth::Numbers { values, .. } = prepared.truth(&part[..10]).unwrap() else {
        panic!()
    };
    let Values::Numbers(all) = &prepared.targets else {
        panic!()
    };
    assert_eq!(values, all[..10]);
}
