//! `aloft plan`: the verdict, its reasons and its numbers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, numbers_csv};
use serde_json::Value;

fn project(lab: &Lab) -> Notebook {
    Notebook::new(
        lab,
        "project",
        ("rows.csv", numbers_csv(2000)),
        "target = \"label\"\nepochs = 30",
    )
}

fn plan(lab: &Lab, notebook: &Notebook) -> Value {
    let ran = lab.run([
        "plan".as_ref(),
        notebook.file.as_os_str(),
        "--cell".as_ref(),
        "model".as_ref(),
        "--json".as_ref(),
        "--full".as_ref(),
    ]);
    ran.expect_code(0);
    ran.json()
}

fn reason<'a>(verdict: &'a Value, kind: &str) -> &'a Value {
    let reasons = verdict["reasons"].as_array().expect("reasons");
    reasons
        .iter()
        .find(|reason| reason["kind"] == kind)
        .unwrap_or_else(|| panic!("no reason `{kind}` in {verdict:#}"))
}

#[test]
fn a_small_run_belongs_here_and_the_forecast_has_numbers() {
    let lab = Lab::new();
    let notebook = project(&lab);
    let verdict = plan(&lab, &notebook);
    assert_eq!(verdict["verdict"], "here");
    let forecast = &verdict["forecast"];
    let seconds = ["low", "mid", "high"].map(|key| forecast["seconds"][key].as_f64().unwrap());
    assert!(
        0.0 < seconds[0] && seconds[0] <= seconds[1] && seconds[1] <= seconds[2],
        "{seconds:?}"
    );
    for key in ["memory_bytes", "disk_bytes", "steps", "steps_measured", "rows"] {
        assert!(forecast[key].as_u64().unwrap() > 0, "{key} in {forecast:#}");
    }
    assert!(notebook.runs().is_empty(), "planning makes no run");

    let text = lab.run([
        "plan".as_ref(),
        notebook.file.as_os_str(),
        "--cell".as_ref(),
        "model".as_ref(),
    ]);
    text.expect_code(0);
    assert!(text.stdout.starts_with("here"), "{}", text.stdout);
    assert!(
        text.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        text.stdout
    );
}

#[test]
fn a_threshold_of_hardly_any_time_sends_it_to_the_cloud_and_restricted_data_stays() {
    let lab = Lab::new();
    let notebook = project(&lab);
    notebook.settings("[thresholds]\nminutes = 1e-6\n");
    let verdict = plan(&lab, &notebook);
    assert_eq!(verdict["verdict"], "cloud");
    let time = reason(&verdict, "time");
    assert_eq!(time["state"], "over");
    assert_eq!(time["setting"], "thresholds.minutes");

    notebook.edit(
        "path = \"data/rows.csv\"",
        "path = \"data/rows.csv\"\nclass = \"restricted\"",
    );
    let verdict = plan(&lab, &notebook);
    assert_eq!(verdict["verdict"], "blocked");
    assert_eq!(reason(&verdict, "privacy")["state"], "over");
}

#[test]
fn memory_and_disk_have_limits_too() {
    let lab = Lab::new();
    let notebook = project(&lab);
    notebook.settings("[thresholds]\nmemory_share = 1e-6\ndisk_share = 1e-9\n");
    let verdict = plan(&lab, &notebook);
    assert_eq!(verdict["verdict"], "cloud");
    assert_eq!(reason(&verdict, "memory")["state"], "over");
    assert_eq!(reason(&verdict, "storage")["state"], "over");
    assert_eq!(reason(&verdict, "time")["state"], "ok");
}

#[test]
fn a_model_that_fits_nowhere_says_what_it_would_take() {
    let lab = Lab::new();
    let train = "target = \"label\"\nepochs = 1\n\n[model]\nhidden = [400000, 400000]";
    let notebook = Notebook::new(&lab, "project", ("rows.csv", numbers_csv(200)), train);
    let ran = lab.run([
        "plan".as_ref(),
        notebook.file.as_os_str(),
        "--cell".as_ref(),
        "model".as_ref(),
        "--json".as_ref(),
    ]);
    ran.expect_code(1);
    let error = &ran.json()["error"];
    assert_eq!(error["code"], "out-of-memory");
    assert!(
        error["message"].as_str().unwrap().contains("this machine has"),
        "{error:#}"
    );
}
