//! Files of web servers.

use super::servers::Http;
use crate::common::*;
use aloft_data::{Access, Cancel, Credentials, Relation};
use aloft_spec::{
    Code, Problem,
    reading::Reading,
    source::{Format, SourceSpec},
    table::Scope,
};
use polars::prelude::*;
use std::{path::Path, sync::Arc};

/// Settings that every store gets.
pub(super) struct Given(pub Vec<(&'static str, String)>);

impl Credentials for Given {
    fn of(&self, store: &str) -> Result<Vec<(String, String)>, Problem> {
        let known = ["s3://", "gs://", "az://", "http://"]
            .iter()
            .any(|scheme| store.starts_with(scheme));
        assert!(known, "{store}");
        Ok(self
            .0
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect())
    }
}

pub(super) fn read(access: &Access, spec: &SourceSpec, scope: Scope) -> Result<Relation, Problem> {
    access.source(spec, Path::new(&spec.path), scope, &Cancel::new())
}

pub(super) fn parquet(rows: i64) -> Vec<u8> {
    let mut frame = df!(
        "id" => (0..rows).collect::<Vec<_>>(),
        "wide" => (0..rows).map(|row| blake3::hash(&row.to_le_bytes()).to_hex().to_string()).collect::<Vec<_>>(),
    )
    .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_row_group_size(Some(1000))
        .finish(&mut frame)
        .unwrap();
    bytes
}

#[test]
fn the_first_rows_of_a_large_web_file_take_its_first_bytes() {
    let (server, folder) = (Http::start(), Folder::new());
    let access = Access::new().with_copies(folder.path());
    let text: String = (0..400_000).map(|row| format!("{row},value {row}\n")).collect();
    let text = format!("id,name\n{text}");
    server.put("large.csv", text.as_str());
    let mut spec = SourceSpec::new(server.url("large.csv"));
    spec.sample.rows = 20_000;
    let head = read(&access, &spec, Scope::Head).unwrap();
    let scan = head.scan().unwrap();
    assert_eq!((head.scope(), head.extent(20_000).total), (Scope::Head, None));
    assert_eq!(
        (scan.bytes_total, scan.bytes_read),
        (text.len() as u64, server.sent().1 as u64 - (256 << 10))
    );
    assert!(
        server.sent().0 == 0 && scan.bytes_read * 4 < scan.bytes_total,
        "{scan:?}"
    );
    let frame = head.collect().unwrap();
    assert_eq!(frame.height(), 20_000);
    assert_eq!(
        frame.column("id").unwrap().i64().unwrap().get(19_999),
        Some(19_999)
    );
    // More than half of it is all of it, and a row that doesn't fit needs a look at all.
    spec.sample.rows = 300_000;
    assert_eq!(
        read(&access, &spec, Scope::Head).unwrap().extent(1).total,
        Some(400_000)
    );
    server.put("ragged.csv", text.replacen("\n7,", "\n7,,", 1));
    spec.path = server.url("ragged.csv");
    spec.sample.rows = 100;
    assert_eq!(
        read(&access, &spec, Scope::Head).unwrap_err().code,
        Code::RaggedRow
    );
}

#[test]
fn web_files_are_fetched_once_for_each_version() {
    let (server, folder) = (Http::start(), Folder::new());
    let access = Access::new().with_copies(folder.path());
    server.put("t.csv", "a;b\n1;x\n2;NA\n");
    let spec = SourceSpec::new(server.url("t.csv?version=1"));
    for _ in 0..3 {
        let relation = read(&access, &spec, Scope::All).unwrap();
        assert_eq!(rows(&relation), "1 | x\n2 | -");
        assert!(relation.reading().unwrap().to_string().contains("separator ;"));
    }
    assert_eq!(server.sent().0, 1);
    let print = || {
        access
            .fingerprint(&spec, Path::new(&spec.path), &Cancel::new())
            .unwrap()
    };
    let before = print();
    assert_eq!(before, print());
    server.put("t.csv", "a;b\n3;y\n");
    assert_ne!(before, print());
    assert_eq!(rows(&read(&access, &spec, Scope::All).unwrap()), "3 | y");
    assert_eq!(server.sent().0, 2);
    // Problems name the address, not the copy.
    server.put("t.csv", "a;b\n3\n");
    let problem = read(&access, &spec, Scope::All).unwrap_err();
    assert_eq!(problem.place.as_ref().unwrap().file, Path::new(&spec.path));
    assert!(said(&problem).starts_with("RaggedRow at line 2"));
    // Without an ending the format has to be said, and without a folder nothing is fetched.
    server.put("rows", "{\"a\": 1}\n");
    let mut spec = SourceSpec::new(server.url("rows"));
    assert_eq!(
        read(&access, &spec, Scope::All).unwrap_err().code,
        Code::Unsupported
    );
    spec.format = Some(Format::Jsonl);
    assert_eq!(rows(&read(&access, &spec, Scope::All).unwrap()), "1");
    assert_eq!(
        read(&Access::new(), &spec, Scope::All).unwrap_err().code,
        Code::Unsupported
    );
}

#[test]
fn parquet_is_read_by_ranges_of_bytes() {
    let server = Http::start();
    let bytes = parquet(20_000);
    server.put("t.parquet", bytes.clone());
    let spec = SourceSpec::new(server.url("t.parquet"));
    let relation = read(&Access::new(), &spec, Scope::All).unwrap();
    assert_eq!(relation.rows().unwrap(), 20_000);
    let sum = ask("SELECT SUM(id) AS s FROM t", &[("t", &relation)]).unwrap();
    assert_eq!(rows(&sum), "199990000");
    let (whole, sent) = server.sent();
    assert_eq!(whole, 0);
    assert!(
        sent * 2 < bytes.len(),
        "{sent} of {} bytes for a narrow column",
        bytes.len()
    );
    let reading = relation.reading().unwrap();
    // Opened by the last 64 KB, in which the footer lies.
    assert_eq!(
        (reading.bytes, reading.bytes_read),
        (bytes.len() as u64, Some(64 << 10))
    );
    // A sample says what it fetched: one row group of twenty, and the footer, which polars asks for once more.
    let before = server.sent().1;
    let mut few = spec;
    few.sample.rows = 1;
    let scan = read(&Access::new(), &few, Scope::Sample).unwrap().scan().unwrap();
    let sent = (server.sent().1 - before) as u64;
    assert_eq!((scan.row_groups_read, scan.row_groups), (Some(1), Some(20)));
    let footers = sent - scan.bytes_read;
    assert!((1..=4).contains(&(footers >> 16)), "{sent} sent, {scan:?}");
}

/// The files of a folder with their paths below it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = files(&path);
            found.extend(
                below
                    .into_iter()
                    .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            );
        } else {
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found
}

/// A Delta Lake table on a server has the rows that it has in a folder.
pub(super) fn check_delta(
    put: &dyn Fn(&str, &[u8]),
    read: &dyn Fn(&SourceSpec) -> Result<Relation, Problem>,
    at: &SourceSpec,
) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sources/fixtures/delta");
    for (name, bytes) in files(&fixture) {
        // Names of folders hold percent signs themselves.
        put(&format!("delta/{}", name.replace('%', "%25")), &bytes);
    }
    let here = whole(&fixture);
    for version in [None, Some(0), Some(2)] {
        let spec = SourceSpec {
            version,
            format: Some(Format::Delta),
            ..at.clone()
        };
        let there = read(&spec).unwrap();
        let here = SourceSpec {
            path: "delta".into(),
            endpoint: None,
            ..spec
        };
        let here = aloft_data::source(&here, &fixture, Scope::All, &Cancel::new()).unwrap();
        assert_eq!(rows(&there), rows(&here));
        // Over a network the end of a file is fetched at once, however short its footer is.
        let read_of = |relation: &Relation| relation.reading().unwrap().bytes_read.unwrap();
        assert!(read_of(&here) > 0 && read_of(&here) <= read_of(&there));
        let read_alike = |relation: &Relation| Reading {
            bytes_read: None,
            ..Reading::clone(relation.reading().unwrap())
        };
        assert_eq!(read_alike(&there), read_alike(&here));
    }
    if !at.path.starts_with("http") {
        assert_eq!(rows(&read(at).unwrap()), rows(&here));
    }
    let mut sampled = SourceSpec {
        format: Some(Format::Delta),
        ..at.clone()
    };
    sampled.sample.rows = 2;
    assert_eq!(read(&sampled).unwrap().rows().unwrap(), 7);
}

#[test]
fn delta_tables_of_web_servers_are_found_by_their_numbers() {
    let server = Http::start();
    let at = SourceSpec::new(server.url("delta/"));
    let read = |spec: &SourceSpec| read(&Access::new(), spec, Scope::All);
    check_delta(&|key, bytes| server.put(key, bytes), &read, &at);
    let none = SourceSpec {
        format: Some(Format::Delta),
        ..SourceSpec::new(server.url("none/"))
    };
    assert_eq!(read(&none).unwrap_err().code, Code::NotFound);
}

#[test]
fn misfortunes_on_the_web_are_told_apart() {
    let (server, folder) = (Http::start(), Folder::new());
    let access = Access::new().with_copies(folder.path());
    let code = |access: &Access, url: &str| read(access, &SourceSpec::new(url), Scope::All).unwrap_err().code;
    assert_eq!(code(&access, &server.url("none.csv")), Code::NotFound);
    assert_eq!(code(&access, &server.url("none.parquet")), Code::NotFound);
    server.put("empty.csv", "");
    assert_eq!(code(&access, &server.url("empty.csv")), Code::EmptyData);
    server.put("t.csv", "a,b\n1,2\n");
    server.want("authorization: bearer letmein");
    let refused = read(&access, &SourceSpec::new(server.url("t.csv")), Scope::All).unwrap_err();
    assert_eq!(refused.code, Code::AuthFailed);
    assert!(refused.hint.unwrap().contains("aloft credentials"));
    let header = Given(vec![("authorization", "Bearer letmein".into())]);
    let admitted = access.clone().with_credentials(Arc::new(header));
    assert_eq!(
        rows(&read(&admitted, &SourceSpec::new(server.url("t.csv")), Scope::All).unwrap()),
        "1 | 2"
    );
    server.put("u.csv", "a,b\n1,2\n3,4\n");
    server.break_off();
    let broken = read(&admitted, &SourceSpec::new(server.url("u.csv")), Scope::All).unwrap_err();
    assert!(
        matches!(broken.code, Code::Unreachable | Code::Unreadable),
        "{}",
        said(&broken)
    );
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(
        code(&access, &format!("http://{closed}/t.csv")),
        Code::Unreachable
    );
    let cancel = Cancel::new();
    cancel.cancel();
    let spec = SourceSpec::new(server.url("t.csv"));
    assert_eq!(
        access
            .source(&spec, Path::new(&spec.path), Scope::All, &cancel)
            .unwrap_err()
            .code,
        Code::Stopped
    );
}
