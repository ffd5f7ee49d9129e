//! A folder that is a source as a whole: on this machine, or at an address.

use super::{columnar, location, remote::Objects};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    sample::row_groups::Footer,
};
use polars::{io::cloud::CloudOptions, prelude::PlRefPath};
use rayon::prelude::*;
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// Where the folder lies.
pub(crate) enum Folder<'a> {
    Here(&'a Path),
    There(&'a Objects),
}

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path below the folder, between slashes.
    pub name: String,
    pub bytes: u64,
}

impl Folder<'_> {
    /// How it is called in messages.
    pub(crate) fn shown(&self) -> PathBuf {
        match self {
            Self::Here(folder) => folder.to_path_buf(),
            Self::There(objects) => PathBuf::from(&objects.address),
        }
    }

    /// How one of its files is called in messages.
    pub(crate) fn shown_file(&self, name: &str) -> PathBuf {
        match self {
            Self::Here(folder) => folder.join(name),
            Self::There(objects) => PathBuf::from(format!("{}{name}", objects.address)),
        }
    }

    /// The files that lie directly in a folder below. A web server only says those that were asked for by their names.
    pub(crate) fn files_in(&self, below: &str) -> Result<Vec<String>> {
        match self {
            Self::Here(folder) => {
                let folder = folder.join(below);
                let failed = |error| DataError::reading(&folder, &error);
                let entries = fs::read_dir(&folder).map_err(failed)?;
                entries
                    .map(|entry| Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned()))
                    .collect()
            }
            Self::There(objects) => {
                let prefix = format!("{}{below}/", objects.address);
                let names = objects
                    .list
                    .iter()
                    .filter_map(|object| object.url.strip_prefix(&prefix));
                Ok(names
                    .filter(|name| !name.contains('/'))
                    .map(str::to_owned)
                    .collect())
            }
        }
    }

    /// Its pictures and those of the folders below, by name.
    pub(crate) fn pictures(&self) -> Result<Vec<Entry>> {
        match self {
            Self::Here(folder) => {
                let mut files = location::walk(folder, location::is_picture)?;
                files.sort();
                let entry = |file: &PathBuf| {
                    let below = file.strip_prefix(folder).unwrap_or(file);
                    Ok(Entry {
                        name: below.to_string_lossy().replace('\\', "/"),
                        bytes: columnar::size(file)?,
                    })
                };
                files.iter().map(entry).collect()
            }
            Self::There(objects) => Ok(objects
                .list
                .iter()
                .map(|object| Entry {
                    name: object.url[objects.address.len()..].to_owned(),
                    bytes: object.size,
                })
                .collect()),
        }
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, name: &str, cancel: &Cancel) -> Result<Vec<u8>> {
        match self {
            Self::Here(folder) => {
                let file = folder.join(name);
                fs::read(&file).map_err(|error| DataError::reading(&file, &error))
            }
            Self::There(_) => {
                let heads = self.heads(&[name], u64::MAX, cancel)?;
                Ok(heads.into_iter().flatten().collect())
            }
        }
    }

    /// The first bytes of files, at most so many of each.
    pub(crate) fn heads(&self, names: &[&str], most: u64, cancel: &Cancel) -> Result<Vec<Vec<u8>>> {
        match self {
            Self::Here(folder) => names
                .par_iter()
                .map(|name| {
                    cancel.step()?;
                    let file = folder.join(name);
                    let mut head = Vec::new();
                    File::open(&file)
                        .and_then(|source| source.take(most).read_to_end(&mut head))
                        .map_err(|error| DataError::reading(&file, &error))?;
                    Ok(head)
                })
                .collect(),
            Self::There(objects) => {
                let object = |name: &&str| {
                    let url = objects.url_of(name);
                    let known = objects.list.iter().find(|object| object.url == url);
                    known.cloned().ok_or_else(|| DataError::NotFound {
                        file: self.shown_file(name),
                    })
                };
                let wanted = names.iter().map(object).collect::<Result<Vec<_>>>()?;
                objects.heads(&wanted, most, cancel)
            }
        }
    }

    /// Whether it has a file, as far as that is known.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::Here(folder) => folder.join(name).is_file(),
            Self::There(objects) => {
                let url = objects.url_of(name);
                !objects.is_listed() || objects.list.iter().any(|object| object.url == url)
            }
        }
    }

    /// Where polars finds a file.
    pub(crate) fn path(&self, name: &str) -> Result<PlRefPath> {
        match self {
            Self::Here(folder) => guarded(|| PlRefPath::try_from_path(&folder.join(name))),
            Self::There(objects) => Ok(PlRefPath::new(objects.url_of(name))),
        }
    }

    /// What polars needs to read its files.
    pub(crate) fn cloud_options(&self) -> Option<CloudOptions> {
        match self {
            Self::Here(_) => None,
            Self::There(objects) => Some(objects.options.clone()),
        }
    }

    /// The footers of Parquet files, of each in its turn.
    pub(crate) fn footers(&self, names: &[String], cancel: &Cancel) -> Result<Vec<Footer>> {
        match self {
            Self::Here(folder) => names
                .par_iter()
                .enumerate()
                .map(|(number, name)| {
                    cancel.step()?;
                    let file = folder.join(name);
                    columnar::check_parquet(&file)?;
                    Footer::of_file(&file, number)
                })
                .collect(),
            Self::There(objects) => {
                let urls: Vec<String> = names.iter().map(|name| objects.url_of(name)).collect();
                objects.footers(&urls, cancel)
            }
        }
    }
}
