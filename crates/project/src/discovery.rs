//! Which files of a folder are notebooks and which are data.

use aloft_spec::source::{Format, ending};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of programs: what is in them isn't the project's data.
const SKIPPED: [&str; 4] = ["runs", "target", "node_modules", "__pycache__"];
/// So deep below the project's folder data is looked for.
const MAX_DEPTH: usize = 4;
/// So many files and folders are looked at: a home folder that is opened by mistake opens at once all the same.
const MAX_ENTRIES: usize = 20_000;

/// Notebooks of a project, relative to its folder: those in `notebooks`, then those beside it, each by name.
pub(crate) fn notebooks(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["notebooks", ""] {
        let mut here: Vec<PathBuf> = entries(&root.join(folder))
            .into_iter()
            .filter(|path| is_notebook(path) && path.is_file())
            .collect();
        here.sort();
        found.extend(here);
    }
    relative(found, root)
}

/// Whether a path is that of a notebook.
pub(crate) fn is_notebook(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.ends_with(".aloft.md") && !name.starts_with('.')
    })
}

/// Data files of a project, relative to its folder, by name. Hidden folders, runs and links to folders are left out.
pub(crate) fn data_files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = VecDeque::from([(root.to_owned(), 0)]);
    let mut looked_at = 0;
    while let Some((folder, depth)) = folders.pop_front() {
        for path in entries(&folder) {
            looked_at += 1;
            if looked_at > MAX_ENTRIES {
                break;
            }
            let Ok(kind) = fs::symlink_metadata(&path) else {
                continue;
            };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                if depth + 1 < MAX_DEPTH && !SKIPPED.contains(&&*name) {
                    folders.push_back((path, depth + 1));
                }
            } else if is_data(&path) && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    relative(found, root)
}

/// What a source reads. Texts and JSON in a project's folder are most often something else.
fn is_data(path: &Path) -> bool {
    let ending = ending(path);
    Format::of_path(path).is_some_and(|format| format != Format::Json) && !matches!(&*ending, "txt" | "db")
}

/// What is in a folder; nothing where it can't be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn relative(paths: Vec<PathBuf>, root: &Path) -> Vec<PathBuf> {
    paths
        .into_iter()
        .map(|path| path.strip_prefix(root).map(Path::to_owned).unwrap_or(path))
        .collect()
}
