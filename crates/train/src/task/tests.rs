use super::*;
use aloft_spec::{Code, Problem};
use proptest::prelude::*;

fn read(column: &Column, asked: TaskSpec) -> std::result::Result<Target, Problem> {
    Target::read(column, asked, &[]).map_err(Problem::from)
}

#[test]
fn tasks_follow_from_the_target() {
    let cases = [
        (
            Column::new("y".into(), [Some(true), Some(false), None]),
            "binary",
            vec!["false", "true"],
        ),
        (
            Column::new("y".into(), ["no", "yes", "no"]),
            "binary",
            vec!["no", "yes"],
        ),
        (
            Column::new("y".into(), ["b", "a", "c", "a", "b"]),
            "multiclass",
            vec!["a", "b", "c"],
        ),
        (
            Column::new("y".into(), [10, 9, 2]),
            "multiclass",
            vec!["2", "9", "10"],
        ),
        (
            Column::new("y".into(), [1.5, -2.0, 1.5]),
            "binary",
            vec!["-2", "1.5"],
        ),
        (Column::new("y".into(), [1.5, 2.0, 3.25]), "regression", vec![]),
        (
            Column::new("y".into(), (0..21).collect::<Vec<i32>>()),
            "regression",
            vec![],
        ),
    ];
    for (column, task, classes) in cases {
        let target = read(&column, TaskSpec::Auto).unwrap();
        assert_eq!(
            (target.task.name(), target.task.classes()),
            (
                task,
                &classes.iter().map(ToString::to_string).collect::<Vec<_>>()[..]
            )
        );
    }
}

#[test]
fn missing_targets_are_left_out_and_counted() {
    let column = Column::new(
        "y".into(),
        [Some(1.0), None, Some(f64::NAN), Some(4.0), Some(2.0)],
    );
    let target = read(&column, TaskSpec::Auto).unwrap();
    assert_eq!((target.rows, target.dropped), (vec![0, 3, 4], 2));
    assert_eq!(target.values, Values::Numbers(vec![1.0, 4.0, 2.0]));
}

#[test]
fn targets_that_teach_nothing_are_refused() {
    let single = read(&Column::new("late".into(), [true; 12]), TaskSpec::Auto).unwrap_err();
    assert_eq!(single.code, Code::SingleClass);
    assert!(
        single.message.contains("`late`")
            && single.message.contains("`true`")
            && single.message.contains("12")
    );
    let empty = read(&Column::new("y".into(), [None::<i32>, None]), TaskSpec::Auto).unwrap_err();
    assert_eq!(empty.code, Code::EmptyData);
    let text = Column::new("y".into(), ["a", "b", "c"]);
    assert_eq!(
        read(&text, TaskSpec::Regression).unwrap_err().code,
        Code::BadValue
    );
    assert_eq!(read(&text, TaskSpec::Binary).unwrap_err().code, Code::BadValue);
    let ids: Vec<String> = (0..50).map(|i| format!("id{i}")).collect();
    assert_eq!(
        read(&Column::new("y".into(), ids), TaskSpec::Auto)
            .unwrap_err()
            .code,
        Code::BadValue
    );
}

proptest! {
    #[test]
    fn float_keys_keep_order_and_value(a in -1e300..1e300f64, b in -1e300..1e300f64) {
        prop_assert_eq!(order_value(order_key(a)), a);
        prop_assert_eq!(order_key(a) < order_key(b), a < b);
    }
}
