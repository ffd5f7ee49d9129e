//! Notebooks in, outputs and run folders out.

use aloft_engine::{Cancel, Evaluator, Workspace, discard, prepare_run};
use aloft_notebook::Document;
use aloft_spec::{
    Code, DataClass, Output,
    chart::Marks,
    output::TableOutput,
    run::RunStatus,
    table::{Extent, Scope, Values},
};
use polars::prelude::{ParquetWriter, df};
use std::fs;
use tempfile::TempDir;

const NOTEBOOK: &str = r#"# Test

```toml source people
path = "people.csv"
class = "confidential"
sample = { rows = 4, seed = 1 }
```

```toml source towns
path = "towns.csv"
class = "public"
```

```sql query named
SELECT name, age, label, age > 30 AS old FROM people JOIN towns ON town = id
```

```toml chart ages
data = "named"
mark = "bar"
x = "label"
```

```toml train old
data = "named"
target = "old"
ignore = ["name"]
```
"#;

fn project() -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("people.csv"),
        "name,age,town\nAda,36,1\nBob,20,2\nCy,50,1\nDan,31,2\nEve,29,1\nFay,64,2\n",
    )
    .unwrap();
    fs::write(folder.path().join("towns.csv"), "id,label\n1,Rome\n2,Oslo\n").unwrap();
    fs::write(
        folder.path().join("aloft.toml"),
        "[thresholds]\nminutes = 5\n[policy]\nmay_leave = \"confidential\"\n",
    )
    .unwrap();
    let notebook = folder.path().join("test.aloft.md");
    fs::write(&notebook, NOTEBOOK).unwrap();
    let workspace = Workspace::open(&notebook).unwrap();
    (folder, workspace)
}

fn edited(workspace: &Workspace, from: &str, to: &str) -> Workspace {
    assert!(workspace.document.text().contains(from));
    Workspace {
        document: Document::parse(workspace.document.text().replace(from, to)),
        ..workspace.clone()
    }
}

fn extent(output: &Output) -> &Extent {
    match output {
        Output::Table(table) => &table.extent,
        Output::Chart(chart) => &chart.extent,
    }
}

#[test]
fn cells_become_outputs_on_the_sample_and_on_all_rows() {
    let (_folder, workspace) = project();
    assert_eq!(workspace.notebook.to_str(), Some("test.aloft.md"));
    let (evaluator, cancel) = (Evaluator::new(), Cancel::new());
    let run = |cell, scope| evaluator.evaluate(&workspace, cell, scope, &cancel).unwrap();

    let sample = run("people", Scope::Sample);
    assert_eq!(
        extent(&sample),
        &Extent {
            scope: Scope::Sample,
            rows: 4,
            total: Some(6)
        }
    );
    let all = run("named", Scope::All);
    assert_eq!(extent(&all).rows, 6);
    let Output::Table(table) = &all else {
        panic!("no table")
    };
    let Values::Boolean(old) = &table.table.columns[3].values else {
        panic!("no booleans")
    };
    assert_eq!(old.iter().filter(|old| **old == Some(true)).count(), 4);

    let Output::Chart(chart) = run("ages", Scope::All) else {
        panic!("no chart")
    };
    let Marks::Bars { bars } = &chart.panels[0].marks else {
        panic!("no bars")
    };
    assert_eq!(
        (bars.len(), bars.iter().map(|bar| bar.value).sum::<f64>()),
        (2, 6.0)
    );
}

#[test]
fn a_key_changes_with_what_the_cell_means_and_not_with_how_it_is_written() {
    let (folder, workspace) = project();
    let evaluator = Evaluator::new();
    let key = |workspace: &Workspace, cell| evaluator.key(workspace, cell, Scope::Sample).unwrap();
    let (named, towns) = (key(&workspace, "named"), key(&workspace, "towns"));
    assert_ne!(named, evaluator.key(&workspace, "named", Scope::All).unwrap());

    let commented = edited(&workspace, "path = \"people.csv\"", "# who\npath = 'people.csv'");
    assert_eq!(key(&commented, "named"), named);
    let reseeded = edited(&workspace, "seed = 1", "seed = 2");
    assert_ne!(key(&reseeded, "named"), named);
    assert_eq!(key(&reseeded, "towns"), towns);

    fs::write(folder.path().join("people.csv"), "name,age,town\nZoe,40,1\n").unwrap();
    assert_ne!(key(&workspace, "named"), named);
    let output = evaluator
        .evaluate(&workspace, "named", Scope::Sample, &Cancel::new())
        .unwrap();
    assert_eq!(extent(&output).rows, 1, "a file that changed is read again");
}

#[test]
fn a_kept_relation_is_not_made_again() {
    let (_folder, workspace) = project();
    let (kept, cancel) = (Evaluator::new(), Cancel::new());
    kept.evaluate(&workspace, "named", Scope::Sample, &cancel)
        .unwrap();
    // Opening a source looks at the flag first, so a flag that is set tells who opens one.
    let cancelled = Cancel::new();
    cancelled.cancel();
    for cell in ["people", "towns", "named"] {
        assert!(
            kept.relation(&workspace, cell, Scope::Sample, &cancelled).is_ok(),
            "{cell}"
        );
        let problem = Evaluator::new()
            .relation(&workspace, cell, Scope::Sample, &cancelled)
            .unwrap_err();
        assert_eq!(problem.code, Code::Stopped, "{cell}");
    }
    // Work on a kept relation is stopped by the flag of who asks now.
    let problem = kept
        .evaluate(&workspace, "named", Scope::Sample, &cancelled)
        .unwrap_err();
    assert_eq!(problem.code, Code::Stopped);
    assert!(kept.evaluate(&workspace, "named", Scope::Sample, &cancel).is_ok());
}

#[test]
fn problems_are_found_in_the_notebook() {
    let (_folder, workspace) = project();
    let (evaluator, cancel) = (Evaluator::new(), Cancel::new());
    let problem = |workspace: &Workspace, cell: &str| {
        evaluator
            .evaluate(workspace, cell, Scope::Sample, &cancel)
            .unwrap_err()
            .to_string()
    };
    let chart = edited(&workspace, "x = \"label\"", "x = \"lable\"");
    let text = problem(&chart, "ages");
    assert!(text.starts_with("test.aloft.md:21:6: "), "{text}");
    assert!(text.contains("label"), "{text}");

    let sql = edited(&workspace, "SELECT name, age,", "SELECT name, agee,");
    let text = problem(&sql, "named");
    assert!(text.starts_with("test.aloft.md:15:14: "), "{text}");

    let missing = edited(&workspace, "\"towns.csv\"", "\"town.csv\"");
    let text = problem(&missing, "named");
    assert!(text.starts_with("test.aloft.md:10:9: "), "{text}");

    let text = problem(&workspace, "old");
    assert!(text.contains("`old` has no rows"), "{text}");
}

#[test]
fn a_run_folder_says_what_it_was_made_of() {
    let (folder, workspace) = project();
    let (evaluator, cancel) = (Evaluator::new(), Cancel::new());
    let run_dir = prepare_run(&evaluator, &workspace, "old", Scope::All, &cancel).unwrap();
    assert!(run_dir.starts_with(folder.path().join("runs")));
    let record = aloft_runs::read(&run_dir).unwrap();
    assert_eq!(record.status, RunStatus::Created);
    assert_eq!(
        (record.cell.as_str(), record.notebook.as_str()),
        ("old", "test.aloft.md")
    );
    assert_eq!(
        record.data.columns,
        ["age", "label", "old"],
        "what is ignored doesn't travel"
    );
    assert_eq!(
        (record.data.rows, record.data.class),
        (6, DataClass::Confidential)
    );
    assert_eq!(record.data.extent, Extent::all(6));
    assert_eq!(record.thresholds.minutes, 5.0);
    assert_eq!(
        record.lineage.keys().collect::<Vec<_>>(),
        ["named", "people", "towns"]
    );
    assert!(record.lineage["named"].contains("JOIN"));

    // The same rows are the same file, and the same code has the same hash.
    let again = prepare_run(&Evaluator::new(), &workspace, "old", Scope::All, &cancel).unwrap();
    let again = aloft_runs::read(&again).unwrap();
    assert_eq!(
        (again.data.hash, again.code_hash),
        (record.data.hash.clone(), record.code_hash.clone())
    );
    assert_ne!(again.id, record.id);
    let other = edited(&workspace, "age > 30", "age > 40");
    let other = prepare_run(&evaluator, &other, "old", Scope::All, &cancel).unwrap();
    assert_ne!(aloft_runs::read(&other).unwrap().code_hash, record.code_hash);

    discard(&run_dir).unwrap();
    assert!(!run_dir.exists());
    aloft_runs::write(
        &other,
        &aloft_spec::run::RunRecord {
            status: RunStatus::Done,
            ..aloft_runs::read(&other).unwrap()
        },
    )
    .unwrap();
    assert_eq!(discard(&other).unwrap_err().code, Code::Unsupported);
}

#[test]
fn a_large_source_shows_its_first_rows_before_its_sample() {
    let (folder, workspace) = project();
    // Numbers that can't be compressed: 16 MB and more.
    let mixed = |row: u64| {
        (row + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(31)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mut frame = df!("n" => (0..2_200_000).map(mixed).collect::<Vec<_>>()).unwrap();
    ParquetWriter::new(std::fs::File::create(folder.path().join("large.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    let text = "```toml source large\npath = \"large.parquet\"\nsample = { rows = 5_000 }\n```\n";
    std::fs::write(folder.path().join("large.aloft.md"), text).unwrap();
    let large = Workspace::open(&folder.path().join("large.aloft.md")).unwrap();
    let partial = |workspace: &Workspace, cell: &str| {
        let mut told = Vec::new();
        let evaluator = Evaluator::without_disk();
        let mut tell = |output: TableOutput| told.push((output.extent.scope, output.extent.rows));
        let run = evaluator.run_refined(workspace, cell, Scope::Sample, false, &Cancel::new(), &mut tell);
        let Output::Table(output) = run.unwrap().output else {
            panic!("a source is a table");
        };
        (told, (output.extent.scope, output.extent.rows))
    };
    assert_eq!(
        partial(&large, "large"),
        (vec![(Scope::Head, 1000)], (Scope::Sample, 5000))
    );
    assert_eq!(
        partial(&workspace, "people").0,
        [],
        "a small one is there at once"
    );
}

#[test]
fn what_a_run_names_has_to_be_there() {
    let (_folder, workspace) = project();
    let problem = |workspace: &Workspace| {
        prepare_run(&Evaluator::new(), workspace, "old", Scope::Sample, &Cancel::new()).unwrap_err()
    };
    for (from, to, line) in [
        ("target = \"old\"", "target = \"older\"", 26),
        ("ignore = [\"name\"]", "ignore = [\"nam\"]", 27),
        ("ignore = [\"name\"]", "features = [\"height\"]", 27),
        (
            "ignore = [\"name\"]",
            "split = { by = \"time\", column = \"day\" }",
            27,
        ),
    ] {
        let problem = problem(&edited(&workspace, from, to));
        assert_eq!(problem.code, Code::UnknownColumn);
        assert_eq!(
            problem.place.as_ref().and_then(|place| place.line),
            Some(line),
            "{problem}"
        );
    }
    let nothing = edited(
        &workspace,
        "ignore = [\"name\"]",
        "ignore = [\"name\", \"age\", \"label\"]",
    );
    assert_eq!(problem(&nothing).code, Code::EmptyData);
    let filtered = edited(&workspace, "ON town = id", "ON town = id WHERE age > 1000");
    assert_eq!(problem(&filtered).code, Code::EmptyData);
    let source = prepare_run(&Evaluator::new(), &workspace, "towns", Scope::All, &Cancel::new()).unwrap_err();
    assert_eq!(source.code, Code::BadValue);
}
