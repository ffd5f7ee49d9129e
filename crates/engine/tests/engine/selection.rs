//! Rows that are chosen in a chart: outputs are of these, and runs never are.

use aloft_engine::{Cancel, Evaluator, Workspace, prepare_run};
use aloft_spec::{
    Code, Output,
    ask::{Condition, Selection},
    table::Scope,
};
use std::sync::Arc;
use tempfile::TempDir;

const NOTEBOOK: &str = r#"```toml source flights
path = "flights.csv"
sample = { rows = 600 }
```

```sql query late
SELECT *, delay > 15 AS late FROM flights WHERE delay > 0
```

```toml chart by_carrier
data = "late"
mark = "bar"
x = "carrier"
```

```toml train model
data = "late"
target = "late"
```
"#;

fn project() -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("carrier,distance,delay,day\n");
    for row in 0..1000 {
        let carrier = ["AA", "UA", "B6"][row % 3];
        let day = row % 28 + 1;
        text.push_str(&format!("{carrier},{row},{},2013-01-{day:02}\n", row % 40));
    }
    std::fs::write(folder.path().join("flights.csv"), text).unwrap();
    let notebook = folder.path().join("test.aloft.md");
    std::fs::write(&notebook, NOTEBOOK).unwrap();
    let workspace = Workspace::open(&notebook).unwrap();
    (folder, workspace)
}

fn selecting(workspace: &Workspace, tables: &[&str], column: &str, condition: Condition) -> Workspace {
    Workspace {
        selection: Some(Arc::new(Selection {
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            column: column.into(),
            condition,
        })),
        ..workspace.clone()
    }
}

fn between(min: &str, max: &str) -> Condition {
    Condition::Between {
        min: Some(min.into()),
        max: Some(max.into()),
    }
}

/// Rows of a cell, and its extent in words.
fn extent(workspace: &Workspace, cell: &str, scope: Scope) -> (u64, String) {
    let output = Evaluator::without_disk().evaluate(workspace, cell, scope, &Cancel::new());
    match output.unwrap() {
        Output::Table(output) => (output.extent.rows, output.extent.to_string()),
        Output::Chart(chart) => (chart.extent.rows, chart.extent.to_string()),
    }
}

#[test]
fn everything_that_reads_chosen_rows_is_of_these() {
    let (_folder, workspace) = project();
    let far = selecting(
        &workspace,
        &["flights", "late"],
        "distance",
        between("200", "899"),
    );
    assert_eq!(
        extent(&far, "flights", Scope::All),
        (700, "selection, 700 of 1,000 rows".into())
    );
    assert_eq!(
        extent(&far, "late", Scope::All),
        (682, "682 rows of the selection".into())
    );
    assert_eq!(extent(&far, "by_carrier", Scope::All).0, 682);
    let (rows, words) = extent(&far, "flights", Scope::Sample);
    assert!(
        rows < 600 && words.ends_with("of 600 rows"),
        "of the sample: {words}"
    );
    // In the query alone, the source keeps its rows.
    let inside = selecting(
        &workspace,
        &["late"],
        "late",
        Condition::Is { value: "true".into() },
    );
    assert_eq!(
        extent(&inside, "flights", Scope::All),
        (1000, "all 1,000 rows".into())
    );
    assert_eq!(extent(&inside, "late", Scope::All).0, 600);
    let day = selecting(
        &workspace,
        &["flights"],
        "day",
        between("2013-01-02", "2013-01-03"),
    );
    assert_eq!(extent(&day, "flights", Scope::All).0, 72);
    let none = selecting(&workspace, &["flights"], "carrier", Condition::Missing);
    assert_eq!(extent(&none, "flights", Scope::All).0, 0);
}

#[test]
fn chosen_rows_have_keys_of_their_own_and_leave_nothing_on_the_disk() {
    let (folder, workspace) = project();
    let far = selecting(&workspace, &["flights"], "distance", between("200", "899"));
    let evaluator = Evaluator::new();
    let key = |workspace: &Workspace, cell| evaluator.key(workspace, cell, Scope::Sample).unwrap();
    assert_ne!(key(&far, "late"), key(&workspace, "late"));
    let other = selecting(&workspace, &["flights"], "distance", between("200", "898"));
    assert_ne!(key(&far, "late"), key(&other, "late"));

    let run = |workspace: &Workspace| {
        let ran = evaluator.run(workspace, "late", Scope::Sample, false, &Cancel::new());
        let ran = ran.unwrap();
        evaluator.keep(workspace, "late", Scope::Sample, &ran).unwrap();
        (ran.cached, ran.output)
    };
    let (cached, chosen) = run(&far);
    assert!(!cached);
    assert_eq!(run(&far), (true, chosen), "in memory it is kept");
    assert!(!folder.path().join(".aloft/cache").exists());
    assert!(!run(&workspace).0);
    assert!(folder.path().join(".aloft/cache").exists());
}

#[test]
fn runs_are_of_all_rows_whatever_is_chosen() {
    let (_folder, workspace) = project();
    let far = selecting(
        &workspace,
        &["flights", "late"],
        "distance",
        between("200", "899"),
    );
    let evaluator = Evaluator::without_disk();
    let hash = |workspace: &Workspace| {
        let run = prepare_run(&evaluator, workspace, "model", Scope::All, &Cancel::new()).unwrap();
        let record = aloft_runs::read(&run).unwrap();
        (record.data.hash, record.data.extent.to_string())
    };
    assert_eq!(hash(&far), hash(&workspace));
}

#[test]
fn a_column_that_is_gone_is_said() {
    let (_folder, workspace) = project();
    let gone = selecting(&workspace, &["flights"], "speed", between("1", "2"));
    let problem = Evaluator::without_disk()
        .evaluate(&gone, "late", Scope::Sample, &Cancel::new())
        .unwrap_err();
    assert_eq!(problem.code, Code::UnknownColumn);
}
