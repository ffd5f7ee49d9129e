//! Addresses on a network.

use crate::{
    common::*,
    servers::{ACCOUNT, ACCOUNT_KEY, Azure, BUCKET, CONTAINER, Http, KEY, S3, SECRET},
};
use aloft_data::{Access, Cancel, Credentials, Relation};
use aloft_spec::{
    Code, Problem,
    source::{Format, SourceSpec},
    table::Scope,
};
use polars::prelude::*;
use std::{path::Path, sync::Arc};

/// Settings that every store gets.
struct Given(Vec<(&'static str, String)>);

impl Credentials for Given {
    fn of(&self, store: &str) -> Result<Vec<(String, String)>, Problem> {
        let known = ["s3://", "az://", "http://"]
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

fn read(access: &Access, spec: &SourceSpec, scope: Scope) -> Result<Relation, Problem> {
    access.source(spec, Path::new(&spec.path), scope, &Cancel::new())
}

fn parquet(rows: i64) -> Vec<u8> {
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
    assert_eq!(relation.reading().unwrap().bytes, bytes.len() as u64);
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

#[test]
fn object_stores_are_read_like_folders() {
    let (server, folder) = (S3::start(), Folder::new());
    let keys = |secret: &str| {
        let given = vec![
            ("aws_access_key_id", KEY.to_owned()),
            ("aws_secret_access_key", secret.to_owned()),
        ];
        Access::new()
            .with_copies(folder.path())
            .with_credentials(Arc::new(Given(given)))
    };
    let at = |key: &str| SourceSpec {
        endpoint: Some(server.endpoint()),
        ..SourceSpec::new(format!("s3://{BUCKET}/{key}"))
    };
    let access = keys(SECRET);
    let bytes = parquet(5000);
    server.put("one.parquet", &bytes);
    server.put("d/year=2023/a.parquet", &parquet(2));
    server.put("d/year=2024/b.parquet", &parquet(1));
    server.put("d/notes.txt", b"hello");
    server.put("t.csv", b"a,b\n1,x\n");
    let relation = read(&access, &at("one.parquet"), Scope::All).unwrap();
    assert_eq!(relation.rows().unwrap(), 5000);
    // The sample has the rows that it has on a disk.
    let mut sampled = at("one.parquet");
    sampled.sample.rows = 50;
    let there = read(&access, &sampled, Scope::Sample).unwrap().collect().unwrap();
    let file = folder.write("one.parquet", &bytes);
    let here = access
        .source(&sampled, &file, Scope::Sample, &Cancel::new())
        .unwrap()
        .collect()
        .unwrap();
    assert!(there.equals(&here));
    let parts = read(&access, &at("d/"), Scope::All).unwrap();
    let years = ask("SELECT id, year FROM t", &[("t", &parts)]).unwrap();
    assert_eq!(rows(&years), "0 | 2023\n1 | 2023\n0 | 2024");
    let reading = parts.reading().unwrap();
    assert_eq!(
        (reading.files, &*reading.partitions),
        (2, &["year".to_owned()][..])
    );
    assert_eq!(
        read(&access, &at("d/*/b.parquet"), Scope::All)
            .unwrap()
            .rows()
            .unwrap(),
        1
    );
    assert_eq!(rows(&read(&access, &at("t.csv"), Scope::All).unwrap()), "1 | x");
    let print = || {
        access
            .fingerprint(&at("d/"), Path::new(&at("d/").path), &Cancel::new())
            .unwrap()
    };
    let before = print();
    assert_eq!(before, print());
    server.put("d/year=2024/b.parquet", &parquet(3));
    assert_ne!(before, print());

    let code = |access: &Access, spec: &SourceSpec| read(access, spec, Scope::All).unwrap_err().code;
    assert_eq!(code(&access, &at("none.csv")), Code::NotFound);
    assert_eq!(code(&access, &at("none/")), Code::NotFound);
    let elsewhere = SourceSpec {
        path: "s3://no-such-bucket/t.csv".into(),
        ..at("")
    };
    assert_eq!(code(&access, &elsewhere), Code::NotFound);
    let wrong = keys("wrong");
    assert_eq!(code(&wrong, &at("t.csv")), Code::AuthFailed);
    assert_eq!(code(&wrong, &at("one.parquet")), Code::AuthFailed);
    let anonymous = SourceSpec {
        anonymous: true,
        ..at("t.csv")
    };
    assert_eq!(code(&access, &anonymous), Code::AuthFailed);
    drop(server);
}

#[test]
fn azure_blobs_are_read_like_files() {
    let (server, folder) = (Azure::start(), Folder::new());
    let keys = |key: &str| {
        let given = vec![
            ("azure_storage_account_name", ACCOUNT.to_owned()),
            ("azure_storage_account_key", key.to_owned()),
        ];
        Access::new()
            .with_copies(folder.path())
            .with_credentials(Arc::new(Given(given)))
    };
    let at = |key: &str| SourceSpec {
        endpoint: Some(server.endpoint()),
        ..SourceSpec::new(format!("az://{CONTAINER}/{key}"))
    };
    server.put("t.csv", b"a;b\n1,5;x\n");
    server.put("d/part=1/a.parquet", &parquet(2));
    server.put("d/part=2/a.parquet", &parquet(1));
    let access = keys(ACCOUNT_KEY);
    assert_eq!(rows(&read(&access, &at("t.csv"), Scope::All).unwrap()), "1.5 | x");
    let parts = read(&access, &at("d/"), Scope::All).unwrap();
    let parts = ask("SELECT id, part FROM t", &[("t", &parts)]).unwrap();
    assert_eq!(rows(&parts), "0 | 1\n1 | 1\n0 | 2");
    let code = |access: &Access, key: &str| read(access, &at(key), Scope::All).unwrap_err().code;
    assert_eq!(code(&access, "none.csv"), Code::NotFound);
    assert_eq!(code(&keys("d3Jvbmc="), "t.csv"), Code::AuthFailed);
}
