//! What a project's `.aloft` holds that can be made again, and removing it.

use crate::Result;
use crate::cache::{self, Size, Used};
use aloft_project::Project;
use aloft_spec::{Code, Problem};
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Snapshots younger than this may be about to become a run's rows.
const SETTLED: Duration = Duration::from_secs(600);

/// What there is, or what was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// Outputs of cells.
    pub cache: Size,
    /// Copies of sources that can't be read as they are: of databases, of other encodings, from the network.
    pub copies: Size,
    /// Rows of runs that were never made, or that are gone.
    pub snapshots: Size,
    /// Rows that runs of the project refer to, and rows that were written minutes ago. They are never removed.
    pub kept_snapshots: Size,
}

/// Says what could be removed; with `remove`, removes it. What is removed is computed again when it is needed.
///
/// # Errors
/// The list of runs can't be read, or a file can't be removed.
pub fn clean(project: &Project, remove: bool) -> Result<Leftovers> {
    let referenced: HashSet<String> = aloft_runs::list(&project.runs_dir())?
        .iter()
        .filter_map(|run| aloft_runs::read(&project.runs_dir().join(&run.id)).ok())
        .map(|record| record.data.hash)
        .collect();
    let is_kept = |file: &Used| {
        let name = file.path.file_stem().unwrap_or_default().to_string_lossy();
        referenced.contains(name.as_ref()) || file.used.elapsed().is_ok_and(|age| age < SETTLED)
    };
    let (kept, unused): (Vec<Used>, Vec<Used>) = cache::files(&project.state_dir().join("snapshots"))
        .into_iter()
        .partition(is_kept);
    let outputs = cache::files(&cache::folder(project));
    let copies = cache::files(&cache::copies(project));
    if remove {
        for file in outputs.iter().chain(&copies).chain(&unused) {
            remove_file(&file.path)?;
        }
    }
    Ok(Leftovers {
        cache: size(&outputs),
        copies: size(&copies),
        snapshots: size(&unused),
        kept_snapshots: size(&kept),
    })
}

fn size(files: &[Used]) -> Size {
    Size {
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.bytes).sum(),
    }
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Problem::new(Code::Unreadable, format!("the file can't be removed: {error}")).in_file(path))
        }
        _ => Ok(()),
    }
}
