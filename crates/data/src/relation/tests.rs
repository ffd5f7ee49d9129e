use super::*;
use aloft_spec::{chart::Mark, source::SourceSpec};

#[test]
fn both_engines_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("n,x,word,day\n");
    for row in 0..20_000_u64 {
        let hash = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let word = ["a", "b", "c", "NA"][hash as usize % 4];
        text.push_str(&format!(
            "{},{}.25,{word},2020-01-{:02}\n",
            hash % 100,
            hash % 1000,
            hash % 28 + 1
        ));
    }
    let file = folder.path().join("t.csv");
    std::fs::write(&file, text).unwrap();
    let relation = crate::source(&SourceSpec::new("t.csv"), &file, Scope::All, &Cancel::new()).unwrap();
    let with = |engine| Relation {
        engine,
        rows: Arc::default(),
        ..relation.clone()
    };
    let (memory, streaming) = (with(EngineChoice::InMemory), with(EngineChoice::Streaming));
    assert_eq!(memory.output(7).unwrap(), streaming.output(7).unwrap());
    // What is made of a relation isn't read in the parts of it.
    assert!(streaming.parts.is_some());
    let some = streaming.select(&["word".into()]).unwrap().profile().unwrap();
    assert_eq!(some.columns, [memory.profile().unwrap().columns[2].clone()]);
    let chosen = streaming.selection("n < 3").unwrap().profile().unwrap();
    assert_eq!(chosen, memory.selection("n < 3").unwrap().profile().unwrap());
    assert_eq!(memory.rows().unwrap(), 20_000);
    assert_eq!(streaming.rows().unwrap(), 20_000);
    let groups = |relation: &Relation| {
        let sql = "SELECT word, n % 3 AS rest, count(*) AS rows, avg(x) AS mean FROM t WHERE n > 7
                   GROUP BY word, rest ORDER BY word, rest";
        let groups = query::query(sql, &[("t".into(), relation)], &Cancel::new()).unwrap();
        groups.output(50).unwrap()
    };
    assert_eq!(groups(&memory), groups(&streaming));
    let snapshot = |relation: &Relation| relation.snapshot(folder.path(), &[]).unwrap();
    assert_eq!(snapshot(&memory), snapshot(&streaming));
    for (mark, x, y) in [
        (Mark::Histogram, "x", None),
        (Mark::Histogram, "day", None),
        (Mark::Bar, "word", Some("n")),
        (Mark::Bar, "n", None),
        (Mark::Line, "day", Some("n")),
        (Mark::Scatter, "x", Some("n")),
        (Mark::Box, "word", Some("x")),
        (Mark::Violin, "word", Some("x")),
        (Mark::Heatmap, "word", Some("n")),
    ] {
        let spec = ChartSpec {
            x: Some(x.into()),
            y: y.map(Into::into),
            color: (mark != Mark::Scatter).then(|| "word".into()),
            ..ChartSpec::new("t", mark)
        };
        // Numbers with few digits: their sums are exact in any order.
        assert_eq!(
            memory.chart(&spec).unwrap(),
            streaming.chart(&spec).unwrap(),
            "{mark:?}"
        );
    }
}

#[test]
fn few_rows_of_a_query_are_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    let text: String = (0..20_000).map(|row| format!("{row},word {row}\n")).collect();
    std::fs::write(&file, format!("n,word\n{text}")).unwrap();
    let opened = crate::source(&SourceSpec::new("t.csv"), &file, Scope::All, &Cancel::new()).unwrap();
    // As over a file that is too large for the engine in memory.
    let large = Relation {
        engine: EngineChoice::Streaming,
        ..opened
    };
    let ask = |sql: &str| crate::query(sql, &[("t".into(), &large)], &Cancel::new()).unwrap();
    let queries = [
        "SELECT * FROM t WHERE n >= 500",
        "SELECT word, n * 2 AS twice FROM t ORDER BY n DESC",
    ];
    let [shown, counted] = queries.map(ask);
    let (forgotten, all) = (ask(queries[0]), shown.collect().unwrap());
    let shown = ask(queries[0]);
    shown.output(10).unwrap();
    assert_eq!(counted.rows().unwrap(), 20_000);
    assert_eq!((counted.memory_bytes(), counted.page(0, 1).unwrap().rows), (0, 1));
    assert!(shown.memory_bytes() > 100_000 && counted.memory_bytes() > 100_000);
    std::fs::remove_file(&file).unwrap();
    // Also who asks later, with another flag.
    let shown = shown.with_cancel(&Cancel::new());
    let page = shown.page(7000, 20).unwrap();
    assert_eq!(page, table::table(&all.slice(7000, 20)).unwrap());
    assert_eq!(shown.page(19_490, 20).unwrap().rows, 10);
    assert_eq!(counted.page(19_999, 5).unwrap().rows, 1);
    assert_eq!(shown.chart(&histogram()).unwrap().extent.rows, 19_500);
    // What is made of it has other rows, and what was never computed can't be known.
    assert!(shown.select(&["n".into()]).unwrap().collect().is_err());
    assert!(shown.selection("n < 600").unwrap().collect().is_err());
    assert!(forgotten.page(0, 1).is_err());
}

#[test]
fn bars_are_the_same_where_a_file_notes_its_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.parquet");
    let numbers = (0..5000_i64).map(|row| (row % 7 > 0).then_some(row * row % 3001 - 40));
    let mut frame = df!("n" => numbers.collect::<Vec<_>>()).unwrap();
    let writer = polars::prelude::ParquetWriter::new(std::fs::File::create(&file).unwrap());
    writer.with_row_group_size(Some(1000)).finish(&mut frame).unwrap();
    let noted = crate::source(&SourceSpec::new("t.parquet"), &file, Scope::All, &Cancel::new()).unwrap();
    assert_eq!(noted.noted_ends("n").unwrap().unwrap().len(), 10);
    let selected = noted.selection("n < 100").unwrap();
    assert!(selected.noted_ends("n").unwrap().is_none());
    let unnoted = Relation {
        parquet: None,
        ..noted.clone()
    };
    // On a logarithmic axis some numbers have no place, and the smallest that has one isn't noted.
    for log_x in [false, true] {
        let spec = ChartSpec { log_x, ..histogram() };
        assert_eq!(noted.chart(&spec).unwrap(), unnoted.chart(&spec).unwrap());
    }
}

fn histogram() -> ChartSpec {
    ChartSpec {
        x: Some("n".into()),
        ..ChartSpec::new("t", Mark::Histogram)
    }
}
