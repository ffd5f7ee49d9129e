//! What a run needs on a target.

use crate::target::{Blob, Role, Target};
use crate::{CloudError, Result};
use aloft_runs::{file, hash_file};
use aloft_spec::job::{JobRecord, JobState, SentFile};
use aloft_spec::run::RunRecord;
use std::collections::BTreeSet;
use std::path::{Component, Path};

/// The program's name in receipts.
const PROGRAM: &str = "aloft";
/// What a worker has left behind that another can go on from.
const PAST: [&str; 3] = [
    file::EVENTS,
    "checkpoints/last.safetensors",
    "checkpoints/last.json",
];

/// A run's record and the files that go with it.
pub(super) struct Parcel {
    pub(super) record: RunRecord,
    pub(super) blobs: Vec<Blob>,
}

impl Parcel {
    /// Hashes what the run needs. `job` is the run's job so far.
    pub(super) fn of(
        target: &dyn Target,
        run_dir: &Path,
        program: &Path,
        job: Option<&JobRecord>,
    ) -> Result<Self> {
        let record = aloft_runs::read(run_dir)?;
        check_names(&record)?;
        let rows = run_dir.join(file::DATA);
        let found = std::fs::metadata(&rows).map_err(CloudError::local("read", &rows))?;
        let mut blobs = vec![
            blob(PROGRAM, program, Role::Program)?,
            Blob {
                name: file::DATA.into(),
                // The upload checks it against what is read.
                hash: record.data.hash.clone(),
                bytes: found.len(),
                path: rows,
                role: Role::Rows,
            },
            blob(file::RUN, &run_dir.join(file::RUN), Role::Record)?,
        ];
        // Once the target executes the run, the past is there and what is here is its mirror.
        let past_is_there =
            job.is_some_and(|job| job.target == target.name() && job.state != JobState::Uploading);
        if !past_is_there {
            for name in PAST {
                let path = run_dir.join(name);
                if path.is_file() {
                    blobs.push(blob(name, &path, Role::Past)?);
                }
            }
        }
        Ok(Self { record, blobs })
    }

    pub(super) fn hashes(&self) -> Vec<&str> {
        self.blobs.iter().map(|blob| blob.hash.as_str()).collect()
    }

    /// The files for preflight and receipt, when `present` are there already.
    pub(super) fn files(&self, present: &BTreeSet<String>) -> Vec<SentFile> {
        self.blobs
            .iter()
            .map(|blob| SentFile {
                name: blob.name.clone(),
                hash: blob.hash.clone(),
                bytes: blob.bytes,
                sent: !present.contains(&blob.hash),
            })
            .collect()
    }
}

/// The id and the hash become file names on the target, and the record may have come from anywhere.
fn check_names(record: &RunRecord) -> std::result::Result<(), CloudError> {
    let mut id = Path::new(&record.id).components();
    let plain = matches!(id.next(), Some(Component::Normal(name)) if *name == *record.id);
    let what = if !plain || id.next().is_some() {
        format!("has the id `{}`, which can't be a name", record.id)
    } else if !record.data.hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "has a hash of its data that isn't one".into()
    } else {
        return Ok(());
    };
    Err(CloudError::Corrupted {
        name: file::RUN.into(),
        what,
    })
}

fn blob(name: &str, path: &Path, role: Role) -> Result<Blob> {
    let found = hash_file(path)?;
    Ok(Blob {
        name: name.into(),
        hash: found.hash,
        bytes: found.bytes,
        path: path.to_owned(),
        role,
    })
}
