//! What may be wrong with data, as it is read and mended.

use crate::support::{flights, notebook_mut, of, window};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::table::Extent;
use aloft_spec::{DataClass, Finding, FindingCode, Severity};
use egui_kittest::kittest::Queryable as _;
use std::sync::Arc;

fn finding(column: &str, class: Option<DataClass>) -> Finding {
    Finding {
        code: FindingCode::PersonalData,
        severity: if class.is_some() {
            Severity::Warning
        } else {
            Severity::Info
        },
        columns: vec![column.into()],
        message: format!("`{column}` holds e-mail addresses: 40 of 50,000 values"),
        hint: format!("leave `{column}` out"),
        class,
        extent: Extent::all(50_000),
    }
}

#[test]
fn findings_are_read_and_the_class_is_set() {
    let mut snapshot = flights();
    let findings = (0..5).map(|index| {
        finding(
            &format!("c{index}"),
            (index == 0).then_some(DataClass::Confidential),
        )
    });
    of(notebook_mut(&mut snapshot), 2).findings = Arc::new(findings.collect());
    let mut harness = window(snapshot, [1440.0, 1400.0]);
    harness.run();
    harness.get_by_label("Warning: c0 holds e-mail addresses: 40 of 50,000 values");
    harness.get_by_label("Leave c0 out");
    harness.get_by_label("Note: c2 holds e-mail addresses: 40 of 50,000 values");
    let last = "Note: c4 holds e-mail addresses: 40 of 50,000 values";
    assert!(harness.query_by_label(last).is_none(), "three come first");
    harness.get_by_label("Show all 5 findings of flights").click();
    harness.run();
    harness.get_by_label(last);
    harness
        .get_by_label("Set class to confidential in flights")
        .click();
    harness.run();
    assert_eq!(
        harness.state().operations,
        [Operation::SetClass {
            block: BlockId(2),
            class: DataClass::Confidential
        }]
    );
}
