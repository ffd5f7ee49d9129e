//! Object stores: what lies in S3, Google Cloud Storage and Azure is read like folders and files.

use super::{
    addresses::{Given, check_delta, parquet, read},
    servers::{
        ACCOUNT, ACCOUNT_KEY, Azure, BUCKET, CONTAINER, GOOGLE_BUCKET, Gcs, KEY, S3, SECRET, ServiceAccount,
    },
};
use crate::common::*;
use aloft_data::{Access, Cancel};
use aloft_spec::{Code, source::SourceSpec, table::Scope};
use std::{path::Path, sync::Arc};

fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([1, 2, 3]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
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
    let sampled_there = read(&access, &sampled, Scope::Sample).unwrap().scan().unwrap();
    assert_eq!(
        (sampled_there.row_groups, sampled_there.row_groups_read),
        (Some(5), Some(5))
    );
    let few = SourceSpec {
        sample: aloft_spec::source::SampleSpec {
            rows: 1,
            ..sampled.sample.clone()
        },
        ..sampled.clone()
    };
    let few = read(&access, &few, Scope::Sample).unwrap().scan().unwrap();
    assert!(
        few.bytes_read * 4 < few.bytes_total && few.row_groups_read == Some(1),
        "{few:?}"
    );
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
    check_delta(
        &|key, bytes| server.put(key, bytes),
        &|spec| read(&access, spec, Scope::All),
        &at("delta/"),
    );
    let picture = picture(5, 2);
    server.put("pets/cat/1.png", &picture);
    server.put("pets/dog/2.png", &picture[..20]);
    server.put("pets/notes.txt", b"hello");
    let pictures = read(&access, &at("pets/"), Scope::All).unwrap();
    assert_eq!(
        rows(&pictures),
        format!(
            "cat/1.png | cat | 5 | 2 | {}\ndog/2.png | dog | - | - | 20",
            picture.len()
        )
    );
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
fn google_cloud_storage_is_read_like_folders() {
    let (server, folder) = (Gcs::start(), Folder::new());
    let keys = |account: &ServiceAccount| {
        let given = vec![("google_service_account_key", account.json())];
        Access::new()
            .with_copies(folder.path())
            .with_credentials(Arc::new(Given(given)))
    };
    let at = |key: &str| SourceSpec {
        endpoint: Some(server.endpoint()),
        ..SourceSpec::new(format!("gs://{GOOGLE_BUCKET}/{key}"))
    };
    let access = keys(server.account());
    let bytes = parquet(5000);
    server.put("one.parquet", &bytes);
    server.put("d/year=2023/a.parquet", &parquet(2));
    server.put("d/year=2024/b.parquet", &parquet(1));
    server.put("d/notes.txt", b"hello");
    server.put("t.csv", b"a,b\n1,x\n");
    assert_eq!(rows(&read(&access, &at("t.csv"), Scope::All).unwrap()), "1 | x");
    let mut sampled = at("one.parquet");
    sampled.sample.rows = 1;
    let scan = read(&access, &sampled, Scope::Sample).unwrap().scan().unwrap();
    assert_eq!((scan.row_groups, scan.row_groups_read), (Some(5), Some(1)));
    assert!(scan.bytes_read * 4 < scan.bytes_total, "{scan:?}");
    let parts = read(&access, &at("d/"), Scope::All).unwrap();
    let years = ask("SELECT id, year FROM t", &[("t", &parts)]).unwrap();
    assert_eq!(rows(&years), "0 | 2023\n1 | 2023\n0 | 2024");
    let pattern = read(&access, &at("d/*/b.parquet"), Scope::All).unwrap();
    assert_eq!(pattern.rows().unwrap(), 1);
    check_delta(
        &|key, bytes| server.put(key, bytes),
        &|spec| read(&access, spec, Scope::All),
        &at("delta/"),
    );

    let print = || {
        let at = at("t.csv");
        access
            .fingerprint(&at, Path::new(&at.path), &Cancel::new())
            .unwrap()
    };
    let before = print();
    assert_eq!(before, print());
    server.put("t.csv", b"a,b\n2,y\n");
    assert_ne!(before, print());
    assert_eq!(rows(&read(&access, &at("t.csv"), Scope::All).unwrap()), "2 | y");

    let problem = |access: &Access, spec: &SourceSpec| read(access, spec, Scope::All).unwrap_err();
    for spec in [at("none.csv"), at("none.parquet"), at("none/")] {
        assert_eq!(problem(&access, &spec).code, Code::NotFound);
    }
    let elsewhere = SourceSpec {
        path: "gs://no-such-bucket/t.csv".into(),
        ..at("")
    };
    assert_eq!(problem(&access, &elsewhere).code, Code::NotFound);
    let anonymous = SourceSpec {
        anonymous: true,
        ..at("t.csv")
    };
    let stranger = keys(&ServiceAccount::new());
    for refused in [
        problem(&access, &anonymous),
        problem(&stranger, &at("t.csv")),
        problem(&stranger, &at("one.parquet")),
        problem(&stranger, &at("d/")),
    ] {
        assert_eq!(refused.code, Code::AuthFailed, "{}", said(&refused));
    }
    let broken = vec![(
        "google_service_account_key",
        "{\"type\": \"service_account\"}".to_owned(),
    )];
    let broken = access.with_credentials(Arc::new(Given(broken)));
    let refused = problem(&broken, &at("t.csv"));
    assert_eq!(refused.code, Code::AuthFailed, "{}", said(&refused));
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
    check_delta(
        &|key, bytes| server.put(key, bytes),
        &|spec| read(&access, spec, Scope::All),
        &at("delta/"),
    );
    let code = |access: &Access, key: &str| read(access, &at(key), Scope::All).unwrap_err().code;
    assert_eq!(code(&access, "none.csv"), Code::NotFound);
    assert_eq!(code(&keys("d3Jvbmc="), "t.csv"), Code::AuthFailed);
}
