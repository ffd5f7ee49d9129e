//! Parameters, outputs that are kept, and pages: notebooks in, what comes back out.

use aloft_engine::{Cancel, DISPLAY_ROWS, Evaluator, Recalled, Workspace, clean, prepare_run};
use aloft_notebook::Document;
use aloft_spec::{
    Code, Output,
    table::{Scope, Table, Values},
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const NOTEBOOK: &str = r#"```toml source people
path = "people.csv"
```

```toml param age
kind = "number"
value = 30
min = 0
max = 120
```

```toml param born
kind = "date"
value = "1990-01-01"
```

```toml param town
kind = "choice"
value = "Rome"
choices = ["Rome", "L'Aquila"]
```

```sql query older
SELECT name, age FROM people
WHERE age > $age AND town = $town AND born < $born
ORDER BY name
```

```toml chart ages
data = "people"
mark = "histogram"
x = "age"
```

```toml train model
data = "older"
target = "name"
```
"#;

fn project() -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let people = "name,age,town,born\nAda,36,Rome,1980-05-01\nBob,20,Rome,1999-02-01\nCy,50,L'Aquila,1970-03-04\n\
                  Dan,31,Rome,1991-01-01\nEve,64,Rome,1960-07-08\n";
    fs::write(folder.path().join("people.csv"), people).unwrap();
    fs::write(folder.path().join("test.aloft.md"), NOTEBOOK).unwrap();
    let workspace = Workspace::open(&folder.path().join("test.aloft.md")).unwrap();
    (folder, workspace)
}

fn edited(workspace: &Workspace, from: &str, to: &str) -> Workspace {
    assert!(workspace.document.text().contains(from));
    Workspace {
        document: Document::parse(workspace.document.text().replace(from, to)),
        ..workspace.clone()
    }
}

fn table(output: &Output) -> Arc<Table> {
    match output {
        Output::Table(output) => output.table.clone(),
        Output::Chart(_) => panic!("no table"),
    }
}

fn names(table: &Table) -> Vec<String> {
    (0..table.rows)
        .map(|row| table.columns[0].values.format(row).unwrap())
        .collect()
}

fn older(workspace: &Workspace) -> Vec<String> {
    let output = Evaluator::without_disk()
        .evaluate(workspace, "older", Scope::All, &Cancel::new())
        .unwrap();
    names(&table(&output))
}

#[test]
fn parameters_are_values_in_a_query() {
    let (_folder, workspace) = project();
    assert_eq!(older(&workspace), ["Ada", "Eve"]);
    let with = |name, text| workspace.with_param(name, text).unwrap();
    assert_eq!(older(&with("age", "40")), ["Eve"]);
    assert_eq!(older(&with("town", "L'Aquila")), ["Cy"]);
    assert_eq!(older(&with("born", "2000-01-01")), ["Ada", "Dan", "Eve"]);
    let before_file = fs::read_to_string(workspace.project.root.join("test.aloft.md")).unwrap();
    assert_eq!(before_file, NOTEBOOK, "the file stays as it is");

    let evaluator = Evaluator::without_disk();
    let key = |workspace: &Workspace, cell| evaluator.key(workspace, cell, Scope::All).unwrap();
    assert_ne!(key(&with("age", "40"), "older"), key(&workspace, "older"));
    assert_eq!(key(&with("age", "40"), "ages"), key(&workspace, "ages"));
    let run = prepare_run(
        &evaluator,
        &with("age", "31.5"),
        "model",
        Scope::All,
        &Cancel::new(),
    )
    .unwrap();
    let lineage = aloft_runs::read(&run).unwrap().lineage;
    assert!(
        lineage["age"].contains("value = 31.5"),
        "a run says with which values"
    );
}

#[test]
fn values_that_cannot_be_are_refused_where_the_parameter_is() {
    let (_folder, workspace) = project();
    let problem = |name, text| workspace.with_param(name, text).unwrap_err();
    let out = problem("age", "121");
    assert_eq!(
        (out.code, out.hint.as_deref()),
        (Code::BadValue, Some("it goes from 0 to 120"))
    );
    assert_eq!(out.place.unwrap().line, Some(5));
    assert_eq!(problem("age", "old").code, Code::BadValue);
    assert_eq!(
        problem("town", "rome").hint.as_deref(),
        Some("did you mean `Rome`?")
    );
    assert_eq!(problem("aged", "3").hint.as_deref(), Some("did you mean `age`?"));
    assert_eq!(problem("people", "3").code, Code::UnknownName);
}

#[test]
fn what_a_query_names_wrongly_is_told_where_it_stands() {
    let (_folder, workspace) = project();
    let problem = |from: &str, to: &str| {
        let workspace = edited(&workspace, from, to);
        Evaluator::without_disk()
            .evaluate(&workspace, "older", Scope::All, &Cancel::new())
            .unwrap_err()
            .to_string()
    };
    // In a text and in a comment a name means nothing.
    let text = problem(
        "SELECT name, age FROM",
        "SELECT 'agee' AS x, -- agee\n  people.agee FROM",
    );
    assert!(
        text.starts_with("test.aloft.md:25:10: there is no column `agee`"),
        "{text}"
    );
    assert!(text.contains("did you mean `age`?"), "{text}");
    let text = problem("SELECT name, age", "SELECT name, AVGG(age)");
    assert!(
        text.starts_with("test.aloft.md:24:14: there is no function `avgg`"),
        "{text}"
    );
    assert!(text.contains("did you mean `AVG`?"), "{text}");
    let text = problem("SELECT name, age", "SELECT name, peple.age");
    assert!(
        text.starts_with("test.aloft.md:24:14: there is no table `peple`"),
        "{text}"
    );
    assert!(text.contains("did you mean `people`?"), "{text}");
    let text = problem("age > $age", "age > $aged");
    assert!(
        text.starts_with("test.aloft.md:25:13: there is no parameter `$aged`"),
        "{text}"
    );
    let text = problem("FROM people", "FROM age");
    assert!(text.contains("use it as `$age`"), "{text}");
}

fn keep(evaluator: &Evaluator, workspace: &Workspace, cell: &str) -> bool {
    let run = evaluator
        .run(workspace, cell, Scope::Sample, false, &Cancel::new())
        .unwrap();
    evaluator.keep(workspace, cell, Scope::Sample, &run).unwrap();
    run.cached
}

fn recall(workspace: &Workspace, cell: &str) -> Option<Recalled> {
    Evaluator::new().recall(workspace, cell, Scope::Sample)
}

fn cache_files(workspace: &Workspace) -> Vec<PathBuf> {
    let folder = workspace.project.state_dir().join("cache");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "output"))
        .collect();
    files.sort();
    files
}

#[test]
fn outputs_are_shown_again_and_marked_stale_when_something_changed() {
    let (folder, workspace) = project();
    let first = Evaluator::new();
    for cell in ["people", "older", "ages"] {
        assert_eq!(recall(&workspace, cell), None);
        assert!(!keep(&first, &workspace, cell), "{cell} is computed");
        assert!(keep(&first, &workspace, cell), "{cell} is in memory");
        assert!(keep(&Evaluator::new(), &workspace, cell), "{cell} is on the disk");
        let computed = first
            .evaluate(&workspace, cell, Scope::Sample, &Cancel::new())
            .unwrap();
        let recalled = recall(&workspace, cell).unwrap();
        assert!(
            recalled.fresh && recalled.output == computed,
            "{cell} comes back as it was"
        );
    }
    assert!(
        !first
            .run(&workspace, "older", Scope::Sample, true, &Cancel::new())
            .unwrap()
            .cached
    );

    let changed = edited(&workspace, "value = 30", "value = 40");
    assert!(
        !recall(&changed, "older").unwrap().fresh,
        "the parameter is another one"
    );
    assert!(
        recall(&changed, "people").unwrap().fresh,
        "it doesn't read the parameter"
    );
    assert!(!keep(&first, &changed, "older"));
    assert!(recall(&changed, "older").unwrap().fresh);
    assert!(recall(&workspace, "older").unwrap().fresh, "both are kept");

    fs::write(
        folder.path().join("people.csv"),
        "name,age,town,born\nZoe,90,Rome,1930-01-01\n",
    )
    .unwrap();
    let stale = recall(&workspace, "people").unwrap();
    assert_eq!((stale.fresh, table(&stale.output).rows), (false, 5));
    fs::remove_file(folder.path().join("people.csv")).unwrap();
    assert!(
        !recall(&workspace, "people").unwrap().fresh,
        "a file that is gone leaves what was"
    );
}

#[test]
fn damaged_outputs_are_removed_and_computed_again() {
    let (_folder, workspace) = project();
    let damages: [fn(&Path); 3] = [
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        |path| fs::write(path, "").unwrap(),
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        },
    ];
    for damage in damages {
        keep(&Evaluator::new(), &workspace, "people");
        let [file] = &cache_files(&workspace)[..] else {
            panic!("one output is kept")
        };
        damage(file);
        assert_eq!(recall(&workspace, "people"), None);
        assert!(!file.exists(), "what is damaged is removed");
        assert!(!keep(&Evaluator::new(), &workspace, "people"));
        assert!(recall(&workspace, "people").unwrap().fresh);
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn the_budget_of_the_disk_holds_and_the_longest_unused_goes_first() {
    let (folder, _) = project();
    let rows: String = (0..60_000)
        .map(|row: u64| format!("{}\n", row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16))
        .collect();
    fs::write(folder.path().join("people.csv"), format!("n\n{rows}")).unwrap();
    let text: String = (0..4)
        .map(|number| format!("```sql query q{number}\nSELECT n, '{number}' AS x FROM people\n```\n\n"))
        .collect();
    let notebook = folder.path().join("test.aloft.md");
    fs::write(
        &notebook,
        format!("```toml source people\npath = \"people.csv\"\n```\n\n{text}"),
    )
    .unwrap();
    let open = |disk_mb| {
        fs::write(
            folder.path().join("aloft.toml"),
            format!("[cache]\ndisk_mb = {disk_mb}\n"),
        )
        .unwrap();
        Workspace::open(&notebook).unwrap()
    };
    let none = open(0);
    keep(&Evaluator::new(), &none, "q0");
    assert_eq!(cache_files(&none).len(), 0, "a budget of nothing keeps nothing");
    let workspace = open(1);
    for cell in ["q0", "q1", "q2", "q3"] {
        keep(&Evaluator::new(), &workspace, cell);
        // Times of files are coarse; what was written is made old in the order in which it was.
        let long_ago = SystemTime::now() - Duration::from_secs(1000);
        for file in cache_files(&workspace) {
            let times = fs::metadata(&file).unwrap().modified().unwrap() - Duration::from_secs(1000);
            let file = fs::File::options().append(true).open(file).unwrap();
            file.set_modified(times.min(long_ago)).unwrap();
        }
        recall(&workspace, "q0").unwrap();
    }
    let bytes: u64 = cache_files(&workspace)
        .iter()
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    assert!(bytes <= 1 << 20, "{bytes} bytes");
    assert!(recall(&workspace, "q0").is_some(), "it was used all the time");
    assert_eq!(recall(&workspace, "q1"), None, "it was used longest ago");
    assert!(recall(&workspace, "q3").is_some());

    // Copies of sources count as well, once nothing uses them.
    let copies = workspace.project.state_dir().join("copies");
    fs::create_dir_all(&copies).unwrap();
    for (name, hours) in [("old.parquet", 30), ("new.parquet", 1)] {
        let file = fs::File::create(copies.join(name)).unwrap();
        file.set_len(1 << 20).unwrap();
        let age = Duration::from_secs(hours * 3600);
        file.set_modified(SystemTime::now() - age).unwrap();
    }
    keep(&Evaluator::new(), &workspace, "q1");
    assert!(!copies.join("old.parquet").exists() && copies.join("new.parquet").exists());
    assert!(recall(&workspace, "q1").is_some());
}

#[test]
fn cleaning_removes_what_can_be_made_again_and_nothing_else() {
    let (_folder, workspace) = project();
    let evaluator = Evaluator::new();
    keep(&evaluator, &workspace, "people");
    let run = prepare_run(&evaluator, &workspace, "model", Scope::All, &Cancel::new()).unwrap();
    let snapshots = workspace.project.state_dir().join("snapshots");
    let hash = aloft_runs::read(&run).unwrap().data.hash;
    fs::write(snapshots.join("aa.parquet"), "of no run").unwrap();
    fs::write(snapshots.join("bb.parquet"), "of no run").unwrap();
    let age = |name: &str| {
        let file = fs::File::options()
            .append(true)
            .open(snapshots.join(name))
            .unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600))
            .unwrap();
    };
    age("aa.parquet");
    age(&format!("{hash}.parquet"));

    let copies = workspace.project.state_dir().join("copies");
    fs::create_dir_all(&copies).unwrap();
    fs::write(copies.join("cc.parquet"), "of a database").unwrap();

    let told = clean(&workspace.project, false).unwrap();
    assert_eq!((told.copies.files, told.copies.bytes), (1, 13));
    assert_eq!(
        (told.cache.files, told.snapshots.files, told.kept_snapshots.files),
        (2, 1, 2)
    );
    assert!(recall(&workspace, "people").is_some(), "nothing is removed yet");
    assert_eq!(clean(&workspace.project, true).unwrap(), told);
    assert_eq!(recall(&workspace, "people"), None);
    assert!(!snapshots.join("aa.parquet").exists() && !copies.join("cc.parquet").exists());
    assert!(
        snapshots.join("bb.parquet").exists(),
        "it may be a run's in a moment"
    );
    assert!(snapshots.join(format!("{hash}.parquet")).exists());
    assert_eq!(clean(&workspace.project, true).unwrap().cache.files, 0);
}

#[test]
fn pages_of_a_long_result_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..120_001).map(|row| format!("{row}\n")).collect();
    fs::write(folder.path().join("long.csv"), format!("n\n{rows}")).unwrap();
    let notebook = folder.path().join("test.aloft.md");
    let text = "```toml source long\npath = \"long.csv\"\n```\n\n```sql query down\nSELECT n FROM long ORDER BY n DESC\n```\n";
    fs::write(&notebook, text).unwrap();
    let workspace = Workspace::open(&notebook).unwrap();
    let evaluator = Evaluator::without_disk();
    let cancel = Cancel::new();
    for (cell, at) in [
        ("long", (|row| row) as fn(i64) -> i64),
        ("down", |row| 120_000 - row),
    ] {
        let Output::Table(output) = evaluator.evaluate(&workspace, cell, Scope::All, &cancel).unwrap() else {
            panic!("no table")
        };
        assert_eq!((output.table.rows, output.extent.rows), (DISPLAY_ROWS, 120_001));
        let mut found = Vec::new();
        for first in [0, 50_000, 100_000, 150_000] {
            let page = evaluator
                .page(&workspace, cell, Scope::All, first, &cancel)
                .unwrap();
            let Values::Integer(values) = &page.columns[0].values else {
                panic!("no numbers")
            };
            found.extend(values.iter().copied().map(Option::unwrap));
        }
        assert_eq!(found.len(), 120_001);
        assert!(
            found.iter().enumerate().all(|(row, n)| *n == at(row as i64)),
            "{cell}"
        );
    }
}
