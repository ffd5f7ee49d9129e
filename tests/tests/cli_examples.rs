//! The examples from `aloft new` to predictions, on the command line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Ran};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The reports of the train cells in a document of `aloft run`.
fn trainings(document: &Value) -> Vec<Value> {
    let cells = document["cells"].as_array().expect("cells");
    cells
        .iter()
        .filter(|cell| cell["kind"] == "train")
        .cloned()
        .collect()
}

fn test_metric(training: &Value, name: &str) -> f64 {
    training["metrics"]["test"][name]
        .as_f64()
        .unwrap_or_else(|| panic!("no `{name}` in {training:#}"))
}

/// Share of the most frequent value of a column in the run's rows, read by `aloft query`: what always guessing it gets.
fn base_rate(lab: &Lab, run_dir: &str, target: &str) -> f64 {
    let sql = format!("SELECT count(*) AS n FROM data WHERE {target} IS NOT NULL GROUP BY {target}");
    let data = format!("{run_dir}/data.parquet");
    let counts = lab.run(["query", "--json", "--sql", &sql, &data]).json();
    let counts: Vec<f64> = counts["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["n"].as_f64().unwrap())
        .collect();
    counts.iter().copied().fold(0.0, f64::max) / counts.iter().sum::<f64>()
}

fn run(lab: &Lab, project: &Path) -> Ran {
    lab.run(["run".as_ref(), project.as_os_str(), "--json".as_ref()])
}

fn run_record(run_dir: &str) -> String {
    fs::read_to_string(Path::new(run_dir).join("run.toml")).expect("run.toml")
}

#[test]
fn penguins_from_new_to_predictions() {
    let lab = Lab::new();
    let project = lab.example("penguins");

    let check = lab.run(["check".as_ref(), project.as_os_str(), "--json".as_ref()]);
    check.expect_code(0);
    assert_eq!(check.json()["errors"], 0);
    assert_eq!(check.json()["diagnostics"], serde_json::json!([]));

    let first = run(&lab, &project);
    first.expect_code(0);
    let trained = trainings(&first.json());
    assert!(!trained.is_empty());
    for training in &trained {
        assert_eq!(training["status"], "done");
        let run_dir = training["run_dir"].as_str().unwrap();
        let accuracy = test_metric(training, "accuracy");
        let base = base_rate(&lab, run_dir, "species");
        assert!(
            accuracy > base + 0.3,
            "accuracy {accuracy} against {base} by guessing"
        );
        for key in ["seconds", "samples_per_second"] {
            assert!(training[key].as_f64().unwrap() > 0.0, "{key} in {training:#}");
        }
        assert!(training["device"].is_string());
        let record = run_record(run_dir);
        assert!(
            record.contains("forecast_seconds"),
            "forecast beside outcome: {record}"
        );
    }

    // The same cells, rows and seeds: the same metrics to the last digit.
    let again = trainings(&run(&lab, &project).json());
    for (first, again) in trained.iter().zip(&again) {
        assert_ne!(first["run_dir"], again["run_dir"]);
        assert_eq!(first["metrics"], again["metrics"]);
    }

    let listed = lab
        .run(["runs".as_ref(), project.as_os_str(), "--json".as_ref()])
        .json();
    let listed = listed["runs"].as_array().unwrap();
    assert_eq!(listed.len(), 2 * trained.len());
    assert!(
        listed
            .iter()
            .all(|run| run["status"] == "done" && run["metrics"]["test"].is_object())
    );

    predictions(&lab, &project, &trained[0]);
    exports(&lab, &project, &trained[0]);
}

/// Files for other programs, and a smaller model that predicts.
fn exports(lab: &Lab, project: &Path, training: &Value) {
    let run = training["run_dir"].as_str().unwrap();
    let (onnx, torch, small) = (lab.path("model.onnx"), lab.path("torch"), lab.path("small"));
    let exported = lab.run([
        "export".as_ref(),
        run.as_ref(),
        "--onnx".as_ref(),
        onnx.as_os_str(),
        "--pytorch".as_ref(),
        torch.as_os_str(),
        "--quantize=int8".as_ref(),
        "--output".as_ref(),
        small.as_os_str(),
        "--json".as_ref(),
    ]);
    exported.expect_code(0);
    let document = exported.json();
    assert_eq!(
        document["onnx"]["bytes"].as_u64(),
        Some(std::fs::metadata(&onnx).unwrap().len())
    );
    assert!(torch.join("load.py").is_file() && torch.join("model.safetensors").is_file());
    let quantized = &document["quantized"];
    assert_eq!(quantized["before"], training["metrics"]["test"]);
    let change = |metric: &str| {
        let [before, after] = ["before", "after"].map(|when| quantized[when][metric].as_f64().unwrap());
        (after - before).abs()
    };
    assert!(
        change("accuracy") < 0.1 && change("log_loss") < 0.1,
        "{quantized}"
    );
    let (input, output) = (project.join("data/penguins.csv"), lab.path("small.csv"));
    lab.run([
        "predict".as_ref(),
        small.as_os_str(),
        input.as_os_str(),
        "-o".as_ref(),
        output.as_os_str(),
    ])
    .expect_code(0);
    assert!(output.is_file());
    lab.run(["export", run]).expect_code(2);
}

/// The input's columns and rows in order, then the prediction and a probability for each class.
fn predictions(lab: &Lab, project: &Path, training: &Value) {
    let input = project.join("data/penguins.csv");
    for output in ["scored.csv", "scored.parquet"] {
        let output = lab.path(output);
        lab.run([
            "predict".as_ref(),
            training["run_dir"].as_str().unwrap().as_ref(),
            input.as_os_str(),
            "-o".as_ref(),
            output.as_os_str(),
            "--json".as_ref(),
        ])
        .expect_code(0);
        let read = |file: &Path| {
            let table = file.file_stem().unwrap().to_str().unwrap();
            let sql = format!("SELECT * FROM {table}");
            let ran = lab.run([
                "query".as_ref(),
                "--json".as_ref(),
                "--sql".as_ref(),
                sql.as_ref(),
                file.as_os_str(),
            ]);
            ran.expect_code(0);
            ran.json()
        };
        let (before, after) = (read(&input), read(&output));
        let names = |document: &Value| -> Vec<String> {
            let columns = document["columns"].as_array().unwrap();
            columns
                .iter()
                .map(|column| column["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let mut expected = names(&before);
        expected.extend(
            [
                "prediction",
                "probability_Adelie",
                "probability_Chinstrap",
                "probability_Gentoo",
            ]
            .map(String::from),
        );
        assert_eq!(names(&after), expected);
        let (before, after) = (
            before["rows"].as_array().unwrap(),
            after["rows"].as_array().unwrap(),
        );
        assert_eq!(before.len(), after.len());
        let mut right = 0;
        for (before, after) in before.iter().zip(after) {
            for (name, value) in before.as_object().unwrap() {
                assert_eq!(value, &after[name], "{name}");
            }
            let sum: f64 = ["Adelie", "Chinstrap", "Gentoo"]
                .map(|class| after[&format!("probability_{class}")].as_f64().unwrap())
                .iter()
                .sum();
            assert!((sum - 1.0).abs() < 1e-3, "probabilities sum to {sum}");
            right += usize::from(after["prediction"] == before["species"]);
        }
        assert!(
            right * 10 > before.len() * 8,
            "{right} of {} are right",
            before.len()
        );
    }
}

#[test]
fn flights_beat_the_base_rate() {
    let lab = Lab::new();
    let project = lab.example("flights");
    let ran = run(&lab, &project);
    ran.expect_code(0);
    let document = ran.json();
    let trained = trainings(&document);
    assert!(!trained.is_empty());
    for training in &trained {
        assert_eq!(training["extent"]["scope"], "sample");
        let auc = test_metric(training, "roc_auc");
        assert!(auc > 0.6, "an AUC of {auc} is hardly better than guessing");
        let (loss, _) = (test_metric(training, "log_loss"), ());
        let record = run_record(training["run_dir"].as_str().unwrap());
        let target = record
            .lines()
            .find_map(|line| line.strip_prefix("target = "))
            .expect("a target")
            .trim_matches('"')
            .to_owned();
        let base = base_rate(&lab, training["run_dir"].as_str().unwrap(), &target);
        // The loss of always saying the base rate is the entropy of the target.
        let entropy = -(base * base.ln() + (1.0 - base) * (1.0 - base).ln());
        assert!(
            loss < 0.97 * entropy,
            "log loss {loss} against {entropy} by guessing"
        );
    }
    let tables = document["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["kind"] == "source");
    for table in tables {
        assert!(table["extent"]["rows"].as_u64().unwrap() > 0);
    }
}
