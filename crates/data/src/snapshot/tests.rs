use super::*;
use aloft_spec::{source::SourceSpec, table::Scope};
use polars::prelude::*;
use proptest::prelude::*;

/// A snapshot of these rows that keeps so many bytes in memory at a time.
fn snapshot(frame: &DataFrame, dir: &Path, in_memory: Option<usize>) -> SnapshotFile {
    let file = dir.join("rows.parquet");
    crate::write_table(frame, &file).unwrap();
    let spec = SourceSpec::new("rows.parquet");
    let mut relation = crate::source(&spec, &file, Scope::All, &Cancel::new()).unwrap();
    relation.engine = match in_memory {
        None => EngineChoice::InMemory,
        Some(_) => EngineChoice::Streaming,
    };
    write_in_parts(&relation, dir, &[], (in_memory.unwrap_or(usize::MAX), 5000)).unwrap()
}

fn rows(seeds: &[(u8, Option<i32>, u8)]) -> DataFrame {
    let text = |seed: &(u8, Option<i32>, u8)| (seed.2 > 3).then(|| "ab".repeat(usize::from(seed.2 % 5)));
    let float = |seed: &(u8, Option<i32>, u8)| match seed.2 {
        0 => None,
        1 => Some(f64::NAN),
        2 => Some(-0.0),
        3 => Some(f64::INFINITY),
        other => Some(f64::from(other) / 3.0 - 20.0),
    };
    DataFrame::new(
        seeds.len(),
        vec![
            Column::new(
                "few".into(),
                seeds.iter().map(|seed| u32::from(seed.0 % 3)).collect::<Vec<_>>(),
            ),
            Column::new(
                "yes".into(),
                seeds
                    .iter()
                    .map(|seed| (seed.0 > 50).then_some(seed.0 > 99))
                    .collect::<Vec<_>>(),
            ),
            Column::new("float".into(), seeds.iter().map(float).collect::<Vec<_>>()),
            Column::new("text".into(), seeds.iter().map(text).collect::<Vec<_>>()),
            Column::new("day".into(), seeds.iter().map(|seed| seed.1).collect::<Vec<_>>())
                .cast(&DataType::Date)
                .unwrap(),
        ],
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_in_parts_give_the_same_bytes(seeds in prop::collection::vec((any::<u8>(), prop::option::of(-5..5i32), any::<u8>()), 1..400), times in 1..60usize, kilobytes in 1..40usize) {
        let folder = tempfile::tempdir().unwrap();
        let frame = rows(&seeds.repeat(times));
        let whole = snapshot(&frame, folder.path(), None);
        let in_parts = snapshot(&frame, folder.path(), Some(kilobytes << 10));
        prop_assert_eq!(whole, in_parts);
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        prop_assert_eq!(left, 2, "the rows and their snapshot");
    }
}

#[test]
fn no_rows_still_have_columns() {
    let folder = tempfile::tempdir().unwrap();
    let none = rows(&[(1, None, 2)]).clear();
    let whole = snapshot(&none, folder.path(), None);
    assert_eq!(whole, snapshot(&none, folder.path(), Some(1000)));
    assert_eq!((whole.rows, whole.columns.len()), (0, 5));
}

/// What comes sorted isn't sorted over and over, and groups without a missing value are written as such.
#[test]
fn parts_that_follow_each_other_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let ascending = DataFrame::new(
        60_000,
        vec![
            Column::new("n".into(), (0..60_000).collect::<Vec<i32>>()),
            Column::new(
                "gaps".into(),
                (0..60_000)
                    .map(|row| (row < 59_000).then_some(row))
                    .collect::<Vec<_>>(),
            ),
        ],
    )
    .unwrap();
    let whole = snapshot(&ascending, folder.path(), None);
    assert_eq!(whole, snapshot(&ascending, folder.path(), Some(100 << 10)));
    assert_eq!(whole.rows, 60_000);
}

#[test]
fn parts_are_as_large_as_the_memory_that_is_given() {
    let megabytes = |bytes| in_memory(bytes) >> 20;
    assert_eq!(megabytes(u64::MAX), 512, "as much as helps");
    assert_eq!(megabytes(300 << 20), 100);
    assert_eq!(megabytes(0), 64, "as little as keeps the number of files small");
}
