//! Notebooks in, findings in their data out.

use aloft_engine::{Cancel, Evaluator, Workspace, findings};
use aloft_spec::{Code, DataClass, FindingCode};
use std::fs;

const NOTEBOOK: &str = r#"
```toml source old
path = "old.csv"
class = "confidential"
```

```toml source new
path = "new.csv"
```

```sql query paid
SELECT *, paid > 500 AS good FROM new
```

```toml train good
data = "paid"
target = "good"
```

```toml chart paid_chart
data = "paid"
mark = "histogram"
x = "paid"
```

```toml source gone
path = "gone.csv"
```
"#;

#[test]
fn each_cell_has_the_findings_of_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, shift: u64| {
        let lines: String = (0..300_u64)
            .map(|row| {
                let paid = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
                format!("p{row}@example.org,{}\n", paid + shift)
            })
            .collect();
        fs::write(folder.path().join(name), format!("mail,paid\n{lines}")).unwrap();
    };
    write("old.csv", 0);
    write("new.csv", 300);
    let notebook = folder.path().join("test.aloft.md");
    fs::write(&notebook, NOTEBOOK).unwrap();
    let workspace = Workspace::open(&notebook).unwrap();
    let evaluator = Evaluator::new();
    let of = |cell: &str| findings(&evaluator, &workspace, cell, 20_000, &Cancel::new());
    let codes = |cell: &str| {
        of(cell)
            .unwrap()
            .iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };

    assert_eq!(codes("old"), [FindingCode::PersonalData, FindingCode::Identifier]);
    assert_eq!(of("old").unwrap()[0].class, None, "it is confidential already");
    assert_eq!(
        codes("new"),
        [
            FindingCode::PersonalData,
            FindingCode::Identifier,
            FindingCode::Drift
        ],
        "the second is also held against the first"
    );
    assert_eq!(of("new").unwrap()[0].class, Some(DataClass::Confidential));
    assert_eq!(
        codes("paid"),
        [FindingCode::PersonalData, FindingCode::Identifier]
    );
    let leaks = of("good").unwrap();
    assert_eq!(
        (leaks[0].code, leaks[0].columns[0].as_str()),
        (FindingCode::Leakage, "paid")
    );
    assert_eq!(codes("paid_chart"), []);
    let gone = of("gone").unwrap_err();
    assert_eq!((gone.code, gone.place.unwrap().line), (Code::NotFound, Some(27)));
}
