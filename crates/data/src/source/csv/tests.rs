use super::*;
use crate::{Relation, source::relation};
use aloft_spec::table::Scope;

/// Numbers, of which the last is a word; and texts in which lines end.
fn write(file: &Path, rows: usize, last: &str) {
    let mut text = String::from("id,value,note\n");
    for row in 0..rows {
        let value = if row + 1 == rows { last } else { "1.5" };
        text.push_str(&format!("{row},{value},\"two, and\n\"\"{row}\"\"\"\n"));
    }
    std::fs::write(file, text).unwrap();
}

fn types(frame: &DataFrame) -> Vec<String> {
    frame.dtypes().iter().map(ToString::to_string).collect()
}

#[test]
fn first_rows_need_no_look_at_all_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    write(&file, 200_000, "1.5");
    let read = |file: &Path, wanted| {
        let spec = SourceSpec::new("t.csv");
        first_rows_beyond(0, &spec, file, wanted, &Access::new(), &Cancel::new()).unwrap()
    };
    let (frame, reading, scan) = read(&file, 1000).unwrap();
    assert_eq!(
        (frame.height(), types(&frame)),
        (1000, vec!["i64".to_owned(), "f64".into(), "str".into()])
    );
    assert_eq!(
        frame.column("note").unwrap().str().unwrap().get(7),
        Some("two, and\n\"7\"")
    );
    assert_eq!(
        (reading.bytes_read, scan.rows_read),
        (Some(scan.bytes_read), 1000)
    );
    assert!(scan.bytes_read * 3 < scan.bytes_total, "{scan:?}");
    // A word at the end is met although it is far from the first rows.
    write(&file, 200_000, "none of these");
    assert_eq!(types(&read(&file, 10).unwrap().0)[1], "str");
    // More rows than there are, and a row that doesn't fit, need a look at the whole file.
    assert!(read(&file, 200_000).is_none());
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.insert_str(14, "1,2\n");
    std::fs::write(&file, text).unwrap();
    assert!(read(&file, 10).is_none());
}

#[test]
fn a_profile_made_while_looking_is_that_made_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    let (spec, cancel) = (SourceSpec::new("t.csv"), Cancel::new());
    let check = |kept: bool| {
        let access = Access::new();
        let opened = open_and_profile_beyond(0, &spec, &file, 0, &access, &cancel, &mut |_| ());
        let opened = opened.unwrap().unwrap();
        assert_eq!(opened.layout.as_ref().unwrap().seen.is_some(), kept);
        let parts = opened.layout.as_ref().and_then(Layout::parts);
        let engine = crate::execute::EngineChoice::Streaming;
        let of = |parts, opened: Opened| {
            let relation = Relation::of_file(opened.plan, &file, opened.rows, engine, &cancel).unwrap();
            relation.with_parts(parts).output(20).unwrap()
        };
        let later = open(&spec, &file, &access, &cancel).unwrap();
        let parts_later = later.layout.as_ref().and_then(Layout::parts);
        assert_eq!(of(parts, opened), of(parts_later, later));
    };
    write(&file, 100_000, "1.5");
    check(true);
    // A word and a text for no value that aren't among what was guessed by.
    let text = std::fs::read_to_string(&file).unwrap();
    for other in ["none of these", "NA"] {
        std::fs::write(&file, text.replace("\n47111,1.5", &format!("\n47111,{other}"))).unwrap();
        check(false);
    }
    let plain: String = (0..200_000)
        .map(|row| format!("{row},{}.25,{}\n", row % 97, row % 7))
        .collect();
    std::fs::write(&file, format!("id,value,note\n{plain}")).unwrap();
    check(true);
}

#[test]
fn what_was_found_in_a_large_file_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copies) = (folder.path().join("t.csv"), folder.path().join("copies"));
    write(&file, 600_000, "1.5");
    let access = Access::new().with_copies(&copies);
    let mut spec = SourceSpec::new("t.csv");
    spec.sample.rows = 500;
    let sample = || -> Relation { relation(&spec, &file, Scope::Sample, &access, &Cancel::new()).unwrap() };
    let (first, again) = (sample(), sample());
    assert_eq!(std::fs::read_dir(&copies).unwrap().count(), 1);
    let read = |relation: &Relation| relation.scan().unwrap().bytes_read;
    let total = std::fs::metadata(&file).unwrap().len();
    assert!(total > 16 << 20 && read(&first) == total, "{total}");
    assert!(read(&again) * 10 < total, "{}", read(&again));
    assert!(first.frame().unwrap().equals(&again.frame().unwrap()));
    let fields = |relation: &Relation| relation.reading().unwrap().dialect.clone();
    assert_eq!(fields(&first), fields(&again));
    // Of a file with rows that don't fit, the copy without them is remembered too.
    let text = std::fs::read_to_string(&file).unwrap() + "1,2\n";
    std::fs::write(&file, text).unwrap();
    spec.ragged = Ragged::Skip;
    let sample = || -> Relation { relation(&spec, &file, Scope::Sample, &access, &Cancel::new()).unwrap() };
    let (first, again) = (sample(), sample());
    assert_eq!(first.reading().unwrap().dialect.as_ref().unwrap().ragged_rows, 1);
    assert!(read(&again) * 10 < total, "{}", read(&again));
    assert!(first.frame().unwrap().equals(&again.frame().unwrap()));
    // Another file of the same name is looked at.
    write(&file, 600_001, "2");
    assert_eq!(sample().extent(500).total, Some(600_001));
}
