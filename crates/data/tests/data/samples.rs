//! Sources and ways to sample in, rows out.

use crate::common::*;
use aloft_data::{Cancel, Relation, source, write_table};
use aloft_spec::{
    Code,
    profile::Scan,
    source::{SampleMethod, SourceSpec},
    table::Scope,
};
use polars::prelude::*;
use std::path::{Path, PathBuf};

const ROWS: i64 = 3000;

/// A table in which one kind is rare, days aren't in order and some are missing.
fn frame() -> DataFrame {
    let kinds = (0..ROWS).map(|row| match row {
        1234 => "once",
        row if row % 10 == 0 => "rare",
        _ => "often",
    });
    let days = (0..ROWS).map(|row| (row % 7 != 0).then_some((row * 7919 % ROWS) as i32));
    let days = Series::new("day".into(), days.collect::<Vec<_>>())
        .cast(&DataType::Date)
        .unwrap();
    let mut frame = df!(
        "id" => (0..ROWS).collect::<Vec<_>>(),
        "kind" => kinds.collect::<Vec<_>>(),
        "text" => (0..ROWS).map(|row| format!("the text of row number {row}")).collect::<Vec<_>>(),
        "list" => (0..ROWS).map(|row| Series::new("".into(), [row, row + 1])).collect::<Vec<_>>(),
    )
    .unwrap();
    frame.with_column(days.into()).unwrap();
    frame
}

/// The table as Parquet with row groups of so many rows.
fn parquet(folder: &Folder, row_group: usize) -> PathBuf {
    let file = folder.path().join(format!("t{row_group}.parquet"));
    let writer = std::fs::File::create(&file).unwrap();
    let writer = ParquetWriter::new(writer).with_row_group_size(Some(row_group));
    writer.finish(&mut frame()).unwrap();
    file
}

fn by(method: SampleMethod, rows: u64, column: &str) -> SourceSpec {
    let mut spec = sampled(rows, 7);
    spec.sample.method = method;
    spec.sample.by = vec![column.to_owned()];
    spec
}

fn take(spec: &SourceSpec, file: &Path) -> Relation {
    source(spec, file, Scope::Sample, &Cancel::new()).unwrap()
}

fn ids(relation: &Relation) -> Vec<i64> {
    let frame = relation.collect().unwrap();
    frame
        .column("id")
        .unwrap()
        .i64()
        .unwrap()
        .iter()
        .flatten()
        .collect()
}

#[test]
fn a_sample_is_the_same_however_the_file_is_laid_out() {
    let folder = Folder::new();
    let all = frame();
    let mut seen = Vec::new();
    for row_group in [40, 700, 5000] {
        let file = parquet(&folder, row_group);
        // Few rows: only some row groups are read. Many: all of them, but only the chosen rows are decoded.
        for rows in [3, 500] {
            let relation = take(&sampled(rows, 3), &file);
            let chosen = ids(&relation);
            assert_eq!(chosen.len() as u64, rows);
            assert!(chosen.is_sorted());
            let index: Vec<IdxSize> = chosen.iter().map(|id| *id as IdxSize).collect();
            let expected = all.take(&IdxCa::from_vec("".into(), index)).unwrap();
            assert!(
                relation.collect().unwrap().equals_missing(&expected),
                "{row_group} {rows}"
            );
            seen.push(chosen);
        }
    }
    assert!(seen.chunks(2).all(|pair| pair == &seen[..2]));
}

#[test]
fn a_sample_says_what_it_read() {
    let folder = Folder::new();
    let file = parquet(&folder, 100);
    let read = |rows| take(&sampled(rows, 3), &file).scan().unwrap();
    let few = read(3);
    assert_eq!((few.row_groups_read, few.row_groups), (Some(3), Some(30)));
    assert_eq!(few.rows_read, 300);
    assert!(few.bytes_read < few.bytes_total / 5, "{few:?}");
    let many = read(500);
    assert_eq!(
        (many.row_groups_read, many.bytes_read),
        (Some(30), many.bytes_total)
    );
    let size = std::fs::metadata(&file).unwrap().len();
    assert!(many.bytes_total <= size && many.bytes_total > size / 2);
    let lines = folder.write("t.csv", "a\n".to_owned() + &"1\n".repeat(1000));
    let whole = Scan {
        bytes_read: 2002,
        bytes_total: 2002,
        rows_read: 1000,
        ..Scan::default()
    };
    let relation = take(&sampled(10, 3), &lines);
    assert_eq!(relation.profile().unwrap().scan, Some(whole));
    assert_eq!(open(&lines, Scope::All).unwrap().scan(), None);
}

#[test]
fn record_batches_without_a_chosen_row_are_not_read() {
    let folder = Folder::new();
    let file = folder.path().join("t.arrow");
    // Each chunk of a table becomes a record batch.
    let whole = frame().select(["id", "text", "day"]).unwrap();
    let mut batches = whole.head(Some(0));
    for first in (0..ROWS).step_by(100) {
        batches.vstack_mut(&whole.slice(first, 100)).unwrap();
    }
    IpcWriter::new(std::fs::File::create(&file).unwrap())
        .finish(&mut batches)
        .unwrap();
    let few = take(&sampled(3, 3), &file);
    let scan = few.scan().unwrap();
    assert_eq!((scan.rows_read, scan.row_groups_read), (300, None));
    assert!(scan.bytes_read < scan.bytes_total / 5, "{scan:?}");
    let of_parquet = take(&sampled(3, 3), &parquet(&folder, 100));
    assert_eq!(ids(&few), ids(&of_parquet));
    let size = std::fs::metadata(&file).unwrap().len();
    let reading = few.reading().unwrap();
    assert!(
        reading.bytes == size && reading.bytes_read.unwrap() < size / 2,
        "{reading}"
    );
    assert!(
        scan.bytes_total + reading.bytes_read.unwrap() > size - size / 10,
        "{scan:?}"
    );
    let many = take(&sampled(500, 3), &file).scan().unwrap();
    assert_eq!((many.rows_read, many.bytes_read), (3000, many.bytes_total));
}

/// Twenty files of three row groups in folders that name a column, whose first value looks like a number.
fn hive(folder: &Folder) -> PathBuf {
    let root = folder.path().join("hive");
    for file in 0..20_i64 {
        let part = if file == 0 {
            "part=00".to_owned()
        } else {
            format!("part=p{file:02}")
        };
        let path = root.join(part).join("rows.parquet");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let ids: Vec<i64> = (0..300).map(|row| file * 300 + row).collect();
        let words: Vec<String> = ids.iter().map(|id| format!("word {id}")).collect();
        ParquetWriter::new(std::fs::File::create(path).unwrap())
            .with_row_group_size(Some(100))
            .finish(&mut df!("id" => ids, "word" => words).unwrap())
            .unwrap();
    }
    root
}

#[test]
fn several_files_are_sampled_by_their_row_groups() {
    let folder = Folder::new();
    let root = hive(&folder);
    let all = whole(&root);
    assert_eq!(types(&all), "id: i64, word: str, part: str");
    for (rows_wanted, reads_all) in [(4, false), (40, true)] {
        let relation = take(&sampled(rows_wanted, 3), &root);
        let scan = relation.scan().unwrap();
        let chosen = ids(&relation);
        let groups: std::collections::HashSet<i64> = chosen.iter().map(|id| id / 100).collect();
        assert_eq!((scan.row_groups, scan.rows_read == 6000), (Some(60), reads_all));
        if !reads_all {
            assert_eq!(scan.row_groups_read, Some(groups.len() as u64));
            assert!(scan.bytes_read * 10 < scan.bytes_total);
        }
        let list: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        let sql = format!("SELECT * FROM t WHERE id IN ({})", list.join(", "));
        assert_eq!(rows(&relation), rows(&ask(&sql, &[("t", &all)]).unwrap()));
        // The rows of a file with the same rows.
        let csv = folder.path().join("all.csv");
        write_table(&all.collect().unwrap(), &csv).unwrap();
        assert_eq!(ids(&take(&sampled(rows_wanted, 3), &csv)), chosen);
    }
}

#[test]
fn a_stratified_sample_has_each_value_in_proportion() {
    let folder = Folder::new();
    for file in [parquet(&folder, 400), csv(&folder)] {
        let relation = take(&by(SampleMethod::Stratified, 100, "kind"), &file);
        assert_eq!(
            relation.extent(100).to_string(),
            "stratified sample, 100 of 3,000 rows"
        );
        let counts = ask(
            "SELECT kind, count(*) AS n FROM t GROUP BY kind ORDER BY n",
            &[("t", &relation)],
        );
        assert_eq!(rows(&counts.unwrap()), "once | 1\nrare | 11\noften | 88");
        let chosen = ids(&relation);
        assert!(chosen.is_sorted() && chosen.contains(&1234));
        assert_eq!(
            chosen,
            ids(&take(&by(SampleMethod::Stratified, 100, "kind"), &file))
        );
        let mut other = by(SampleMethod::Stratified, 100, "kind");
        other.sample.seed = 8;
        assert_ne!(chosen, ids(&take(&other, &file)));
        let wrong = source(
            &by(SampleMethod::Stratified, 100, "id"),
            &file,
            Scope::Sample,
            &Cancel::new(),
        )
        .unwrap_err();
        assert_eq!(
            said(&wrong),
            "BadValue: `id` has more different values than the sample has rows, 100 \
             (stratify by columns with fewer values, or take more rows)"
        );
        let wrong = source(
            &by(SampleMethod::Stratified, 9, "kin"),
            &file,
            Scope::Sample,
            &Cancel::new(),
        )
        .unwrap_err();
        assert_eq!(wrong.code, Code::UnknownColumn);
    }
}

#[test]
fn the_latest_rows_are_those_with_the_latest_days() {
    let folder = Folder::new();
    for file in [parquet(&folder, 400), csv(&folder)] {
        let relation = take(&by(SampleMethod::Time, 50, "day"), &file);
        assert_eq!(relation.extent(50).to_string(), "latest 50 of 3,000 rows");
        let all = ask(
            "SELECT min(day) AS d FROM (SELECT day FROM t WHERE day IS NOT NULL ORDER BY day DESC LIMIT 50) AS x",
            &[("t", &whole(&file))],
        );
        let of_sample = ask("SELECT min(day) AS d FROM t", &[("t", &relation)]);
        assert_eq!(rows(&of_sample.unwrap()), rows(&all.unwrap()));
        assert_eq!(relation.rows().unwrap(), 50);
        assert!(ids(&relation).is_sorted());
        let wrong = source(
            &by(SampleMethod::Time, 9, "kind"),
            &file,
            Scope::Sample,
            &Cancel::new(),
        )
        .unwrap_err();
        assert_eq!(
            said(&wrong),
            "BadValue: `kind` holds str, which has no latest (the columns of time are `day`)"
        );
    }
}

#[test]
fn what_is_made_of_a_sample_says_so() {
    let folder = Folder::new();
    let file = parquet(&folder, 400);
    let latest = take(&by(SampleMethod::Time, 50, "day"), &file);
    let counted = ask("SELECT kind FROM t LIMIT 2", &[("t", &latest)]).unwrap();
    assert_eq!(
        counted.output(5).unwrap().extent.to_string(),
        "2 of the latest rows"
    );
    let everything = take(&by(SampleMethod::Time, 5000, "day"), &file);
    assert_eq!(everything.scope(), Scope::All);
}

fn csv(folder: &Folder) -> PathBuf {
    let file = folder.path().join("t.csv");
    write_table(&frame().drop("list").unwrap(), &file).unwrap();
    file
}

#[test]
fn a_large_file_of_any_name_is_read() {
    // Not compressed and without dictionaries' help, this lies above the size up to which files are mapped.
    const ROWS: u64 = 1_100_000;
    let folder = Folder::new();
    let file = folder.path().join("50% of #1, ü+?.parquet");
    let mix = |row: u64| row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let columns = (0..8_u64).map(|salt| {
        let values: Vec<u64> = (0..ROWS).map(|row| mix(row ^ salt << 32)).collect();
        Column::new(format!("c{salt}").into(), values)
    });
    let mut frame = DataFrame::new(ROWS as usize, columns.collect()).unwrap();
    let writer = ParquetWriter::new(std::fs::File::create(&file).unwrap());
    let writer = writer.with_compression(ParquetCompression::Uncompressed);
    writer
        .with_row_group_size(Some(100_000))
        .finish(&mut frame)
        .unwrap();
    assert!(std::fs::metadata(&file).unwrap().len() > 64 << 20);
    let relation = take(&sampled(5, 3), &file);
    let chosen = relation.collect().unwrap();
    assert_eq!(chosen.height(), 5);
    let sampled_rows = rows(
        &ask(
            "SELECT count(*) AS n, min(c0 % 2) AS a FROM t",
            &[("t", &whole(&file))],
        )
        .unwrap(),
    );
    assert!(sampled_rows.starts_with("1100000"), "{sampled_rows}");
}
