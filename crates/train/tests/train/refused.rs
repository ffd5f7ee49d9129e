//! What is refused before anything is learned.

use crate::common::{create, curve, rows, spec};
use aloft_spec::{run::RunStatus, train::TrainSpec};
use aloft_train::execute;
use polars::prelude::DataFrame;
use std::fs;

#[test]
fn what_could_never_be_done_is_refused_before_anything_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, train: TrainSpec, frame: &DataFrame, about: &str| {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let run_dir = create(&folder, train, frame);
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Failed);
        let problem = aloft_runs::read(&run_dir).unwrap().problem.unwrap();
        assert!(
            problem.message.contains(about) && problem.hint.is_some(),
            "{problem}"
        );
        assert!(curve(&run_dir).is_empty(), "{name}");
    };
    // More folds than there are rows of a class to divide.
    let mut folds = spec("late");
    folds.split.folds = 500;
    refused("folds", folds, &rows(200), "in one of 500 folds");
    // Who asked the model would have to give a column that the predictions are called by.
    let mut frame = rows(200);
    frame.rename("size", "prediction".into()).unwrap();
    refused("names", spec("late"), &frame, "`prediction`");
}
