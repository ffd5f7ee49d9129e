//! `aloft report` over a run of the program itself.
#![allow(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

use aloft_tests::Lab;

#[test]
fn a_run_is_reported_within_80_columns_and_as_a_document() {
    let lab = Lab::new();
    let project = lab.example("penguins");
    lab.run(["run".as_ref(), project.as_os_str()]).expect_code(0);
    let runs = std::fs::read_dir(project.join("runs")).unwrap();
    let run = runs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();

    let document = lab.run(["report".as_ref(), run.as_os_str(), "--json".as_ref()]);
    document.expect_code(0);
    let report = document.json();
    assert_eq!(report["version"], 2);
    let evaluation = &report["evaluation"];
    assert_eq!(evaluation["split"], "test");
    let accuracy = &evaluation["metrics"][0];
    assert_eq!(accuracy["name"], "accuracy");
    let ends = [&accuracy["low"], &accuracy["high"]].map(|end| end.as_f64().unwrap());
    assert!(ends[0] > 0.8 && ends[0] < ends[1], "{ends:?}");
    assert!(!report["explanation"]["importance"].as_array().unwrap().is_empty());

    let text = lab.run(["report".as_ref(), run.as_os_str()]);
    text.expect_code(0);
    for words in ["linear model", "The worst rows", "What the model looks at"] {
        assert!(text.stdout.contains(words), "{words}: {}", text.stdout);
    }
    for line in text.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let bad = lab.run(["report".as_ref(), run.as_os_str(), "--miss=-1".as_ref()]);
    bad.expect_code(2);
}
