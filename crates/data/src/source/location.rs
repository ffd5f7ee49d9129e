//! Where a source lies: a file, a folder, the files of a glob, or an address.

use super::{
    access::Access,
    remote::{self, Objects},
};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
};
use aloft_spec::source::{Format, SourceSpec, ending, is_remote};
use polars::{io::path_utils::expand_paths, prelude::*};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where a source lies.
pub(crate) enum Location {
    /// A file that can be read and isn't empty.
    File(PathBuf),
    /// Parquet files of a folder or a glob, by path.
    Files(Files),
    /// A folder that is a source as a whole: a Delta Lake table or pictures.
    Folder(PathBuf),
    /// What lies at an address.
    Remote(Objects),
}

/// Several files that are one table.
pub(crate) struct Files {
    /// In the order of their paths, which is the order of the rows.
    pub paths: Vec<PathBuf>,
    /// The folder below which folders may name partitions.
    pub root: PathBuf,
}

impl Location {
    /// Looks where a source lies.
    pub(crate) fn of(spec: &SourceSpec, path: &Path, access: &Access, cancel: &Cancel) -> Result<Self> {
        let text = path.to_string_lossy();
        if is_remote(&text) {
            return Ok(Self::Remote(remote::look(spec, &text, access, cancel)?));
        }
        if !path.exists() && text.contains(['*', '?', '[']) {
            return Ok(Self::Files(glob(path, &text)?));
        }
        let metadata = fs::metadata(path).map_err(|error| DataError::reading(path, &error))?;
        if metadata.is_dir() {
            return folder(spec, path);
        }
        if metadata.len() == 0 {
            return Err(DataError::Empty {
                file: path.to_owned(),
                what: "the file is empty",
            });
        }
        Ok(Self::File(path.to_owned()))
    }
}

fn folder(spec: &SourceSpec, folder: &Path) -> Result<Location> {
    let whole = || Location::Folder(folder.to_owned());
    match spec.format {
        Some(Format::Delta | Format::Images) => return Ok(whole()),
        None if folder.join("_delta_log").is_dir() => return Ok(whole()),
        None | Some(Format::Parquet) => {}
        Some(other) => {
            return Err(DataError::Unsupported {
                what: format!(
                    "`{}` is a folder, and {other} is read from one file",
                    folder.display()
                ),
                hint: "name one file in it".into(),
            });
        }
    }
    let mut paths = walk(folder, is_parquet)?;
    if paths.is_empty() {
        if spec.format.is_none() && !walk(folder, is_picture)?.is_empty() {
            return Ok(whole());
        }
        let other = walk(folder, |file| Format::of_path(file).is_some())?
            .into_iter()
            .min();
        return Err(DataError::Unsupported {
            what: format!(
                "`{}` is a folder without Parquet files or pictures",
                folder.display()
            ),
            hint: match other {
                Some(file) => format!("name one file in it, for instance `{}`", file.display()),
                None => "name a folder that has some, or a file".into(),
            },
        });
    }
    paths.sort();
    Ok(Location::Files(Files {
        paths,
        root: folder.to_owned(),
    }))
}

fn glob(path: &Path, text: &str) -> Result<Files> {
    let pattern = guarded(|| PlRefPath::try_from_path(path))?;
    let found = remote::block_on(expand_paths(&[pattern], true, &[], &mut None))?;
    let found = guarded(|| found)?;
    let paths: Vec<PathBuf> = found.iter().map(|path| path.as_std_path().to_owned()).collect();
    if paths.is_empty() {
        return Err(DataError::NotFound {
            file: path.to_owned(),
        });
    }
    if let Some(other) = paths.iter().find(|path| !is_parquet(path)) {
        return Err(DataError::Unsupported {
            what: format!(
                "`{}` isn't a Parquet file: only these are read several at once",
                other.display()
            ),
            hint: "end the pattern in `.parquet`, or name one file".into(),
        });
    }
    let wild = text.find(['*', '?', '[']).unwrap_or(0);
    let root = text[..wild].rfind('/').map_or("", |slash| &text[..slash]);
    Ok(Files {
        paths,
        root: root.into(),
    })
}

/// Files in a folder and those below that `wanted` admits. What begins with a dot or an underscore is somebody's notes.
pub(crate) fn walk(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| DataError::reading(&folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let kind = fs::metadata(&path).map_err(failed)?;
            if hidden {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.len() > 0 && wanted(&path) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// By its name.
pub(crate) fn is_parquet(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('_') && matches!(ending(path).as_str(), "parquet" | "pq")
}

/// By its ending; whether it is one is seen when it is opened.
pub(crate) fn is_picture(path: &Path) -> bool {
    matches!(ending(path).as_str(), "png" | "jpg" | "jpeg")
}
