//! The project's folder: what is found in it, how files are replaced, new projects, what is remembered.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use aloft_notebook::Document;
use aloft_project::{Project, Recent, examples, new_project};
use aloft_spec::Code;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn write(root: &Path, files: &[&str]) {
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
}

fn texts(paths: Vec<PathBuf>) -> Vec<String> {
    paths
        .into_iter()
        .map(|path| path.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn notebooks_and_data_are_found_and_programs_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            "notebooks/b.aloft.md",
            "notebooks/a.aloft.md",
            "notebooks/.c.aloft.md",
            "notebooks/d.md",
            "top.aloft.md",
            "data/x.parquet",
            "data/deep/er/y.CSV",
            "z.jsonl",
            "data/.hidden.csv",
            ".aloft/snapshots/s.parquet",
            "runs/1/data.parquet",
            "readme.txt",
            "data/a/b/c/too_deep.csv",
        ],
    );
    let project = Project::open(folder.path()).unwrap();
    assert_eq!(
        texts(project.notebooks()),
        ["notebooks/a.aloft.md", "notebooks/b.aloft.md", "top.aloft.md"]
    );
    assert_eq!(
        texts(project.data_files()),
        ["data/deep/er/y.CSV", "data/x.parquet", "z.jsonl"]
    );
}

#[test]
fn any_file_opens_its_project() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[
            "p/aloft.toml",
            "p/notebooks/a.aloft.md",
            "p/data/deep/x.csv",
            "q/notebooks/a.aloft.md",
            "q/x.csv",
        ],
    );
    let opened = |path: &str| Project::open(&root.join(path)).unwrap().root;
    for path in ["p", "p/aloft.toml", "p/notebooks/a.aloft.md", "p/data/deep/x.csv"] {
        assert_eq!(opened(path), root.join("p"), "{path}");
    }
    assert_eq!(opened("q/notebooks/a.aloft.md"), root.join("q"));
    assert_eq!(opened("q/x.csv"), root.join("q"));
    let missing = Project::open(&root.join("nothing")).unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
}

#[test]
fn files_are_replaced_whole() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let project = Project::open(folder.path()).unwrap();
    let name = Path::new("notebooks/a.aloft.md");
    project.write_notebook(name, "one\r\n").unwrap();
    let path = folder.path().join(name);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    project.write_notebook(name, "two\r\n").unwrap();
    assert_eq!(project.read_notebook(name).unwrap(), "two\r\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(
        fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "nothing is left beside it"
    );

    let link = folder.path().join("link.aloft.md");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    project
        .write_notebook(Path::new("link.aloft.md"), "three")
        .unwrap();
    assert!(link.is_symlink(), "a link stays one");
    assert_eq!(project.read_notebook(name).unwrap(), "three");

    fs::write(&path, b"fine\nnot \xff text").unwrap();
    let problem = project.read_notebook(name).unwrap_err();
    assert_eq!(
        (problem.code, problem.place.unwrap().line),
        (Code::Unreadable, Some(2))
    );
    assert_eq!(
        project
            .read_notebook(Path::new("none.aloft.md"))
            .unwrap_err()
            .code,
        Code::NotFound
    );
}

#[test]
fn the_journal_keeps_what_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::open(folder.path()).unwrap();
    let name = Path::new("notebooks/a.aloft.md");
    project.journal_clear(name).unwrap();
    project.write_notebook(name, "saved").unwrap();
    project.journal_write(name, "typed").unwrap();
    assert_eq!(project.journal_read(name).as_deref(), Some("typed"));
    project.journal_write(name, "saved").unwrap();
    assert_eq!(
        project.journal_read(name),
        None,
        "the same text is nothing to recover"
    );
    project.journal_write(name, "typed").unwrap();
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join(name))
        .unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(60))
        .unwrap();
    assert_eq!(project.journal_read(name), None, "a newer file has the say");
    project.journal_clear(name).unwrap();
    fs::remove_file(folder.path().join(name)).unwrap();
    assert_eq!(project.journal_read(name), None);
    project
        .journal_write(Path::new("../outside.aloft.md"), "x")
        .unwrap();
    assert!(
        folder.path().join(".aloft/journal/outside.aloft.md").is_file(),
        "it stays in the folder"
    );
}

#[test]
fn examples_are_sound_and_complete() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for example in examples() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new").join(example.name);
        let project = new_project(&dir, Some(example.name)).unwrap();
        assert_eq!(
            files(&dir),
            files(&source.join(example.name)),
            "every file of the example is in the program"
        );
        assert_eq!(
            fs::read_to_string(dir.join(".gitignore")).unwrap(),
            "runs/\n.aloft/\n"
        );
        assert!(project.diagnostics().is_empty());
        let [notebook] = project.notebooks().try_into().unwrap();
        let document = Document::parse(project.read_notebook(&notebook).unwrap());
        assert_eq!(document.diagnostics(&notebook), []);
        assert_eq!(document.title(), Some(example.title));
        assert_eq!(document.order().len(), document.cells().count(), "all cells run");
    }
}

/// Files below a folder, without hidden ones and runs.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') || name == "runs" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|inner| Path::new(&name).join(inner)));
        } else {
            found.insert(name.into());
        }
    }
    found
}

#[test]
fn a_new_project_takes_a_free_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("My \"first\" project");
    let project = new_project(&dir, None).unwrap();
    assert_eq!(project.name(), "My \"first\" project");
    let notebook = project.notebooks().remove(0);
    let document = Document::parse(project.read_notebook(&notebook).unwrap());
    assert_eq!(document.title(), Some("My \"first\" project"));
    assert_eq!(document.blocks().len(), 1, "it is prose");
    let refused = new_project(&dir, Some("penguins")).unwrap_err();
    assert_eq!(refused.code, Code::BadValue);
    assert!(refused.hint.is_some());
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    new_project(&empty, None).unwrap();
    let unknown = new_project(&folder.path().join("x"), Some("whales")).unwrap_err();
    assert_eq!(
        (unknown.code, unknown.hint.as_deref()),
        (
            Code::UnknownName,
            Some("examples: digits, flights, penguins, weather")
        )
    );
    assert!(!folder.path().join("x").exists());
    let names: BTreeSet<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "nothing half made is left: {names:?}");
}

#[test]
fn recent_projects_are_remembered_and_never_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state/recent.json");
    let load = || Recent::load_from(Some(file.clone()));
    assert_eq!(load().entries(), []);
    for number in 0..25 {
        load().add(Path::new(&format!("/p/{number}")), "p").unwrap();
    }
    load().add(Path::new("/p/20"), "again").unwrap();
    let recent = load();
    assert_eq!(recent.entries().len(), 20);
    assert_eq!(
        (
            recent.entries()[0].path.as_path(),
            recent.entries()[0].name.as_str()
        ),
        (Path::new("/p/20"), "again")
    );
    load().forget(Path::new("/p/20")).unwrap();
    assert_eq!(load().entries()[0].path, Path::new("/p/24"));
    fs::write(&file, "{ not json").unwrap();
    assert_eq!(load().entries(), []);
    load().add(Path::new("/p/1"), "one").unwrap();
    assert_eq!(load().entries().len(), 1);
    let mut nowhere = Recent::load_from(None);
    nowhere.add(Path::new("/p/1"), "one").unwrap();
    assert_eq!(nowhere.entries().len(), 1);
}
