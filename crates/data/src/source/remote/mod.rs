//! Addresses: objects in S3, Google Cloud Storage and Azure, and files of web servers.
//!
//! Parquet is read where it lies, by ranges of bytes. Other formats are fetched once for each version of the object and
//! read from the copy.

mod failure;
mod first_rows;
mod store;
mod waiting;
mod web_log;

pub(crate) use failure::classify;
pub(crate) use first_rows::first_rows;
pub(crate) use waiting::block_on;

use super::{
    Opened,
    access::Access,
    columnar::{self, Several},
    delta,
    folder::Folder,
    format_of, images, location, open_file,
};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    sample::RowGroups,
};
use aloft_spec::{
    Code,
    reading::Reading,
    source::{Format, SourceSpec},
};
use failure::failed;
use polars::{
    io::cloud::{CloudOptions, CloudRetryConfig, options::CloudConfig},
    prelude::*,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use waiting::{PATIENCE, patiently};

/// What lies at an address.
pub(crate) struct Objects {
    pub address: String,
    /// One object, or those of a folder or a glob in the order of their names.
    pub list: Vec<Object>,
    kind: Kind,
    pub options: CloudOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    One,
    /// Parquet files that a pattern names.
    Pattern,
    /// A folder that is a source of this format as a whole.
    Folder(Format),
}

/// An object of a store, or a file of a web server.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub url: String,
    pub size: u64,
    /// The server's mark of this version: an entity tag, or the time of the last change.
    version: String,
}

impl Objects {
    /// What tells these objects from others at the same address.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = String> {
        let stamp = |object: &Object| format!("{} {} {}", object.url, object.size, object.version);
        self.list.iter().map(stamp)
    }

    /// Where a file of the folder is. Stores take names as they are, web servers percent-encoded.
    pub(crate) fn url_of(&self, name: &str) -> String {
        if self.is_listed() {
            return format!("{}{name}", self.address);
        }
        let mut url = self.address.clone();
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/=".contains(&byte) {
                url.push(byte.into());
            } else {
                url.push_str(&format!("%{byte:02X}"));
            }
        }
        url
    }

    /// Whether a folder's objects can be listed; a web server only says what it is asked for by name.
    pub(crate) fn is_listed(&self) -> bool {
        !self.address.starts_with("http")
    }

    /// The address without what a web server is asked besides.
    fn name(&self) -> &str {
        self.address.split(['?', '#']).next().unwrap_or(&self.address)
    }

    /// The file for a copy of an object, and whether it was fetched already; `None` without a folder for copies.
    fn copy_of(&self, object: &Object, access: &Access) -> Result<Option<(PathBuf, bool)>> {
        let file = Path::new(self.name())
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let ending = file.split_once('.').map_or("data", |(_, ending)| ending);
        let key = ["object", &object.url, &object.version, &object.size.to_string()];
        access.place(&key, ending)
    }

    fn bytes(&self) -> u64 {
        self.list.iter().map(|object| object.size).sum()
    }
}

/// Asks what lies at an address. Nothing of it is read yet.
pub(crate) fn look(spec: &SourceSpec, address: &str, access: &Access, cancel: &Cancel) -> Result<Objects> {
    let options = options(spec, address, access)?;
    let is_web = address.starts_with("http");
    let is_folder = address.ends_with('/') || matches!(spec.format, Some(Format::Delta | Format::Images));
    let (address, kind, found) = if is_folder {
        let address = format!("{}/", address.trim_end_matches('/'));
        let found = if is_web {
            let log = web_log::files(&address, spec.version, &options);
            patiently(&address, cancel, log)?
        } else {
            patiently(&address, cancel, store::below(&address, &options))?
        };
        let found = found.map_err(|error| failed(&address, &error))?;
        let (format, found) = of_folder(spec, &address, found);
        (address, Kind::Folder(format), found)
    } else if is_web || !address.contains(['*', '[']) {
        let found = patiently(address, cancel, store::one(address, &options))?;
        let found = found.map_err(|error| failed(address, &error))?;
        (address.to_owned(), Kind::One, vec![found])
    } else {
        let found = patiently(address, cancel, store::matching(address, &options))?;
        let found = found.map_err(|error| failed(address, &error))?;
        (address.to_owned(), Kind::Pattern, found)
    };
    let list = found;
    if list.is_empty() {
        return Err(DataError::Remote {
            what: match kind {
                Kind::Folder(format @ (Format::Delta | Format::Images)) => {
                    format!("there is no folder of {format} at `{address}`")
                }
                _ => format!("there are no Parquet files at `{address}`"),
            },
            address,
            code: Code::NotFound,
            hint: "end a folder's address in `/`, a pattern in `*.parquet`".into(),
        });
    }
    if list.iter().all(|object| object.size == 0) {
        return Err(DataError::Empty {
            file: address.into(),
            what: "the file is empty",
        });
    }
    Ok(Objects {
        address,
        list,
        kind,
        options,
    })
}

/// What a folder is a source of, and the objects that belong to it. A log of Delta Lake says that it is such a table,
/// else Parquet files count more than pictures.
fn of_folder(spec: &SourceSpec, address: &str, found: Vec<Object>) -> (Format, Vec<Object>) {
    let of = |wanted: fn(&Path) -> bool| {
        let is_wanted = |object: &&Object| {
            // What begins with a dot is somebody's notes.
            let below = object.url.strip_prefix(address).unwrap_or(&object.url);
            object.size > 0 && !below.split('/').any(|part| part.starts_with('.')) && wanted(Path::new(below))
        };
        found.iter().filter(is_wanted).cloned().collect::<Vec<_>>()
    };
    let is_log =
        |object: &Object| object.url[address.len().min(object.url.len())..].starts_with("_delta_log/");
    match spec.format {
        None if found.iter().any(is_log) => (Format::Delta, found),
        Some(Format::Delta) => (
            Format::Delta,
            if found.iter().any(is_log) {
                found
            } else {
                Vec::new()
            },
        ),
        Some(Format::Images) => (Format::Images, of(location::is_picture)),
        None if of(location::is_parquet).is_empty() && !of(location::is_picture).is_empty() => {
            (Format::Images, of(location::is_picture))
        }
        _ => (Format::Parquet, of(location::is_parquet)),
    }
}

/// Opens what lies at an address.
pub(crate) fn open(spec: &SourceSpec, objects: &Objects, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let address = &objects.address;
    let name = objects.name();
    let format = match (objects.kind, spec.format) {
        (Kind::Folder(Format::Delta), _) => return delta::open(spec, &Folder::There(objects), cancel),
        (Kind::Folder(Format::Images), _) => return images::open(&Folder::There(objects), cancel),
        (_, Some(format)) => format,
        (Kind::One, None) => format_of(Path::new(name))?,
        (Kind::Pattern | Kind::Folder(_), None) => Format::Parquet,
    };
    if format == Format::Parquet {
        return open_parquet(objects, cancel);
    }
    if objects.kind != Kind::One {
        return Err(DataError::Unsupported {
            what: format!("{format} can't be read from a folder on the network"),
            hint: "copy the folder to this machine, or name one file".into(),
        });
    }
    let object = &objects.list[0];
    let Some((copy, there)) = objects.copy_of(object, access)? else {
        return Err(DataError::Unsupported {
            what: format!("{format} can't be read from the network without a folder for copies"),
            hint: "download it first".into(),
        });
    };
    if !there {
        store::fetch(objects, object, &copy, cancel)?;
    }
    let spec = SourceSpec {
        format: Some(format),
        ..spec.clone()
    };
    open_file(&spec, &copy, access, cancel).map_err(|error| error.about(&copy, Path::new(address)))
}

fn open_parquet(objects: &Objects, cancel: &Cancel) -> Result<Opened> {
    let partitions: Vec<String> = objects.list[0]
        .url
        .split('/')
        .filter(|_| objects.kind != Kind::One)
        .filter_map(|folder| folder.split_once('=').map(|(name, _)| name.to_owned()))
        .collect();
    let urls: Vec<String> = objects.list.iter().map(|object| object.url.clone()).collect();
    let footers = objects.footers(&urls, cancel)?;
    columnar::check_columns(&urls.iter().map(PathBuf::from).collect::<Vec<_>>(), &footers)?;
    let paths = urls.iter().map(|url| PlRefPath::new(url.as_str())).collect();
    let seconds = columnar::whole_seconds(&footers);
    let several = Several::new(paths, &partitions, Some(objects.options.clone()), seconds)?;
    let bytes_read = footers.iter().map(|footer| footer.bytes).sum();
    let row_groups = RowGroups {
        list: footers.into_iter().flat_map(|footer| footer.groups).collect(),
        one_file: several.one_file(),
        distant: true,
    };
    let mut reading = Reading::new(Format::Parquet, objects.list.len() as u64, objects.bytes());
    reading.partitions = partitions;
    reading.bytes_read = Some(bytes_read);
    columnar::look_for_pictures(&several.plan, &row_groups.list, &mut reading)?;
    Ok(Opened {
        plan: several.plan,
        rows: row_groups.rows(),
        reading,
        layout: None,
        row_groups: Some(row_groups),
    })
}

/// How the store is asked: the source's keys, then what is kept for it, then the environment.
fn options(spec: &SourceSpec, address: &str, access: &Access) -> Result<CloudOptions> {
    let url = PlRefPath::new(address);
    let store = &address[..url.authority_end_position()];
    let mut settings = if spec.anonymous {
        Vec::new()
    } else {
        access.credentials_of(store)?
    };
    if address.starts_with("http") {
        let mut options = CloudOptions::default().with_retry_config(retries());
        options.config = Some(CloudConfig::Http { headers: settings });
        return Ok(options);
    }
    let (endpoint, unsigned) = match address.split("://").next() {
        Some("s3" | "s3a") => ("aws_endpoint", "aws_skip_signature"),
        Some("gs" | "gcs") => ("google_base_url", "google_skip_signature"),
        _ => ("azure_endpoint", "azure_skip_signature"),
    };
    if let Some(server) = &spec.endpoint {
        settings.push((endpoint.to_owned(), server.clone()));
    }
    if spec.anonymous {
        settings.push((unsigned.to_owned(), "true".to_owned()));
    }
    let options = guarded(|| CloudOptions::from_untyped_config(url.scheme(), settings))?;
    Ok(options.with_retry_config(retries()))
}

/// A person waits: what fails twice more within a second has failed. polars asks in four ways before it says so.
fn retries() -> CloudRetryConfig {
    CloudRetryConfig {
        max_retries: Some(2),
        retry_timeout: Some(PATIENCE),
        retry_init_backoff: Some(Duration::from_millis(100)),
        retry_max_backoff: Some(Duration::from_millis(500)),
        retry_base_multiplier: None,
    }
}
