//! What opening a source may use besides the source itself: a folder for copies, and keys of clouds.

use super::content::Content;
use crate::{
    error::{DataError, Result, guarded},
    replace::Replacement,
};
use aloft_spec::Problem;
use polars::prelude::*;
use std::{
    fmt, fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// Where keys of clouds come from, beside the environment and the clouds' own profiles.
pub trait Credentials: Send + Sync {
    /// The settings of a store (`s3://bucket`, `https://host`) by the names that object stores know them by, such as
    /// `aws_access_key_id` and `aws_secret_access_key`; empty when nothing is kept for it.
    ///
    /// The values are secrets: they go to the store's client and nowhere else.
    fn of(&self, store: &str) -> std::result::Result<Vec<(String, String)>, Problem>;
}

/// What opening a source may use besides the source itself. The default is nothing: then copies are in memory, and
/// only Parquet files can be read from the network, with credentials of the environment.
#[derive(Clone, Default)]
pub struct Access {
    copies: Option<PathBuf>,
    credentials: Option<Arc<dyn Credentials>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("copies", &self.copies)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Nothing but the source itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a folder where copies are kept of what polars can't read as it is: text of another encoding,
    /// repaired rows, tables of databases, downloads. What is in it can be removed at any time.
    #[must_use]
    pub fn with_copies(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            copies: Some(folder.into()),
            ..self
        }
    }

    /// The same with keys of clouds.
    #[must_use]
    pub fn with_credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        Self {
            credentials: Some(credentials),
            ..self
        }
    }

    pub(crate) fn keeps_copies(&self) -> bool {
        self.copies.is_some()
    }

    pub(crate) fn credentials_of(&self, store: &str) -> Result<Vec<(String, String)>> {
        match &self.credentials {
            Some(credentials) => Ok(credentials.of(store)?),
            None => Ok(Vec::new()),
        }
    }

    /// A file for a copy: its path, and whether it is there already; `None` without a folder. Who uses the same key
    /// means the same bytes.
    pub(crate) fn place(&self, key: &[&str], ending: &str) -> Result<Option<(PathBuf, bool)>> {
        let Some(folder) = &self.copies else {
            return Ok(None);
        };
        let mut hasher = blake3::Hasher::new();
        for part in key {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        fs::create_dir_all(folder).map_err(|error| DataError::writing(folder, error))?;
        let file = folder.join(format!("{}.{ending}", &hasher.finalize().to_hex()[..32]));
        // The time of the last use decides what goes when room is needed; a folder that can't be written to is read still.
        let there = fs::File::options()
            .append(true)
            .open(&file)
            .map(|copy| drop(copy.set_modified(SystemTime::now())))
            .is_ok()
            || file.is_file();
        Ok(Some((file, there)))
    }

    /// A copy in bytes: what `write` writes, or what it wrote for the same key before.
    pub(crate) fn copy(
        &self,
        key: &[&str],
        ending: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<Content> {
        match self.place(key, ending)? {
            Some((file, true)) => Ok(Content::File(file)),
            Some((file, false)) => {
                replacing(&file, |out| write(&mut BufWriter::with_capacity(1 << 20, out)))?;
                Ok(Content::File(file))
            }
            None => {
                let mut bytes = Vec::new();
                write(&mut bytes)?;
                Ok(Content::memory(bytes))
            }
        }
    }

    /// A copy in rows: the batches that `read` hands over, or what it handed over for the same key before.
    pub(crate) fn table_copy(
        &self,
        key: &[&str],
        schema: &Schema,
        read: impl FnOnce(&mut dyn FnMut(DataFrame) -> Result<()>) -> Result<()>,
    ) -> Result<LazyFrame> {
        let Some((file, there)) = self.place(key, "parquet")? else {
            let mut whole = DataFrame::empty_with_schema(schema);
            read(&mut |batch| guarded(|| whole.vstack_mut_owned(batch).map(drop)))?;
            whole.rechunk_mut();
            return Ok(whole.lazy());
        };
        if !there {
            replacing(&file, |out| {
                let mut writer = guarded(|| ParquetWriter::new(out).batched(schema))?;
                read(&mut |batch| guarded(|| writer.write_batch(&batch)))?;
                guarded(|| writer.finish()).map(drop)
            })?;
        }
        guarded(|| {
            let options = ScanArgsParquet {
                glob: false,
                ..Default::default()
            };
            LazyFrame::scan_parquet(PlRefPath::try_from_path(&file)?, options)
        })
    }
}

/// Writes a file under another name, then gives it its own.
fn replacing(file: &Path, write: impl FnOnce(&fs::File) -> Result<()>) -> Result<()> {
    let replacement = Replacement::in_dir(file.parent().unwrap_or(Path::new(".")))?;
    write(&replacement.file)?;
    replacement.place(file)
}
