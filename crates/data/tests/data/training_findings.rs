//! What may be wrong with a table for what is to be learned from it.

use crate::common::*;
use crate::findings::{chance, of_code, table, told};
use aloft_spec::FindingCode;
use aloft_spec::train::TrainSpec;

fn train(target: &str) -> TrainSpec {
    TrainSpec::new("t", target)
}

#[test]
fn features_that_give_the_target_away() {
    let folder = Folder::new();
    let table = table(
        &folder,
        "late,arr_delay,dep_delay,reason,code,distance",
        600,
        |row| {
            let delay = chance(row, 1) as i64 % 60 - 20;
            let late = delay > 15;
            let reason = if late { "weather" } else { "" };
            let code = if late {
                ["A", "B"][row % 2]
            } else {
                ["C", "D", "E"][row % 3]
            };
            let departure = delay + chance(row, 2) as i64 % 30;
            format!(
                "{late},{delay},{departure},{reason},{code},{}",
                chance(row, 3) % 3000
            )
        },
    );
    let findings = table.training_findings(&train("late")).unwrap();
    let leaks = of_code(&findings, FindingCode::Leakage);
    let columns: Vec<&str> = leaks.iter().map(|finding| finding.columns[0].as_str()).collect();
    assert_eq!(columns, ["arr_delay", "code", "reason"]);
    assert!(
        leaks[0].message.contains("area under the ROC curve of 1"),
        "{}",
        leaks[0].message
    );
    assert!(
        leaks[1].message.contains("tells the class of 100 % of the rows"),
        "{}",
        leaks[1].message
    );
    let mut known = train("late");
    known.ignore = vec!["arr_delay".into(), "code".into(), "reason".into()];
    assert_eq!(
        told(&table.training_findings(&known).unwrap()),
        Vec::<String>::new()
    );
    assert_eq!(
        table.training_findings(&train("lat")).unwrap_err().code,
        aloft_spec::Code::UnknownColumn
    );
}

#[test]
fn targets_that_are_computed_from_features() {
    let folder = Folder::new();
    let table = table(&folder, "net,tax,gross,twin,weight", 400, |row| {
        let (net, tax) = (chance(row, 1) % 5000, chance(row, 2) % 900);
        format!(
            "{net},{tax},{},{}.5,{}",
            net + tax,
            2 * (net + tax),
            chance(row, 3) % 77
        )
    });
    let findings = table.training_findings(&train("gross")).unwrap();
    assert_eq!(
        told(&findings),
        [
            "leakage net+tax+gross: the target `gross` is `net` + `tax` in nearly all rows",
            "leakage twin+gross: `twin` all but gives the target `gross` away: their correlation is 1",
        ]
    );
}

#[test]
fn small_classes_and_copies_across_the_split() {
    let folder = Folder::new();
    let table = table(&folder, "a,b,fraud", 1000, |row| {
        let of = if row % 10 == 9 { row - 1 } else { row };
        format!("{},{},{}", chance(of, 1), chance(of, 2), of % 100 == 50)
    });
    let findings = table.training_findings(&train("fraud")).unwrap();
    assert_eq!(
        told(&findings),
        [
            "split-overlap : about 28 of 200 rows of the test part (14 %) would have an exact copy in the training part",
            "imbalance fraud: the target `fraud` is “true” in only 1 % of the rows (10)",
        ]
    );
    assert!(findings[1].hint.contains("99 %"));
}
