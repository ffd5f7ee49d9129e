//! Train cells that learn from pictures and from series: which rows and columns their runs take.

use aloft_engine::{Cancel, Evaluator, Workspace, prepare_run};
use aloft_spec::{Code, table::Scope};
use std::fs;
use tempfile::TempDir;

/// A grey pixel.
const PNG: [u8; 67] = [
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0xd, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0xa, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68,
    0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];

fn workspace(notebook: &str, files: &[(&str, &[u8])]) -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let path = folder.path().join("test.aloft.md");
    fs::write(&path, notebook).unwrap();
    let workspace = Workspace::open(&path).unwrap();
    (folder, workspace)
}

#[test]
fn a_run_takes_the_pictures_of_a_folder_with_it() {
    let notebook = "```toml source pictures\npath = \"pictures\"\n```\n\n\
        ```sql query kept\nSELECT class, path, bytes FROM pictures WHERE class <> 'odd'\n```\n\n\
        ```toml train kind\ndata = \"kept\"\ntarget = \"class\"\n[image]\ncolumn = \"path\"\n[model]\nkind = \"cnn\"\n```\n";
    let files: [(&str, &[u8]); 4] = [
        ("pictures/cat/a.png", &PNG),
        ("pictures/cat/b.png", &PNG),
        ("pictures/dog/c.png", &PNG),
        ("pictures/odd/d.png", &PNG),
    ];
    let (_folder, workspace) = workspace(notebook, &files);
    let run = prepare_run(&Evaluator::new(), &workspace, "kind", Scope::All, &Cancel::new()).unwrap();
    let record = aloft_runs::read(&run).unwrap();
    assert_eq!(
        (record.data.rows, &record.data.columns[..]),
        (3, &["class".to_owned(), "path".to_owned()][..])
    );
    let rows = aloft_data::read_frame(&run.join("data.parquet")).unwrap();
    assert_eq!(rows.column("path").unwrap().dtype().to_string(), "binary");
    // The same pictures give the same rows.
    let again = prepare_run(&Evaluator::new(), &workspace, "kind", Scope::All, &Cancel::new()).unwrap();
    assert_eq!(aloft_runs::read(&again).unwrap().data.hash, record.data.hash);
}

#[test]
fn a_series_is_not_learned_from_single_rows() {
    let notebook = |sample: &str| {
        format!(
            "```toml source hours\npath = \"hours.csv\"\nsample = {{ rows = 20{sample} }}\n```\n\n\
             ```toml train warmth\ndata = \"hours\"\ntarget = \"warmth\"\nignore = [\"note\"]\n[forecast]\ntime = \"hour\"\n```\n"
        )
    };
    let rows: String = (0..50)
        .map(|hour| format!("{hour},{},n{hour}\n", hour % 7))
        .collect();
    let csv = format!("hour,warmth,note\n{rows}");
    let files: [(&str, &[u8]); 1] = [("hours.csv", csv.as_bytes())];
    let prepare = |sample: &str, scope| {
        let (folder, workspace) = workspace(&notebook(sample), &files);
        let run = prepare_run(&Evaluator::new(), &workspace, "warmth", scope, &Cancel::new());
        run.map(|run| (aloft_runs::read(&run).unwrap().data, folder))
    };
    let problem = prepare("", Scope::Sample).unwrap_err();
    assert_eq!(problem.code, Code::BadValue);
    assert!(problem.hint.unwrap().contains("method = \"time\", by = \"hour\""));
    let (latest, _folder) = prepare(", method = \"time\", by = \"hour\"", Scope::Sample).unwrap();
    assert_eq!((latest.rows, latest.columns.len()), (20, 2));
    let (all, _folder) = prepare("", Scope::All).unwrap();
    assert_eq!(all.rows, 50);
}
