//! Addresses: objects in S3, Google Cloud Storage and Azure, and files of web servers.
//!
//! Parquet is read where it lies, by ranges of bytes. Other formats are fetched once for each version of the object and
//! read from the copy.

use super::{Opened, access::Access, columnar, format_of, open_file};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    replace::Replacement,
};
use aloft_spec::{
    Code,
    reading::Reading,
    source::{Format, SourceSpec},
};
use polars::{
    error::PolarsError,
    io::{
        cloud::{
            CloudLocation, CloudOptions, CloudRetryConfig, ObjectStorePath, PolarsObjectStore,
            PolarsObjectStoreError, build_object_store, concurrency_config::ConcurrencyStrategy,
            object_path_from_str, options::CloudConfig,
        },
        path_utils::expand_paths,
    },
    prelude::*,
};
use std::{
    collections::HashSet,
    fmt,
    future::{Future, poll_fn},
    io::Write,
    path::Path,
    pin::pin,
    sync::OnceLock,
    time::{Duration, Instant},
};

/// How long a server may take to say what it has, and how long it may pause in a transfer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often waiting looks whether it is cancelled.
const BETWEEN_CHECKS: Duration = Duration::from_millis(50);

/// What lies at an address.
pub(crate) struct Objects {
    address: String,
    /// One object, or those of a folder or a glob in the order of their names.
    list: Vec<Object>,
    is_one: bool,
    options: CloudOptions,
}

struct Object {
    url: String,
    size: u64,
    /// The server's mark of this version: an entity tag, or the time of the last change.
    version: String,
}

impl Objects {
    /// What tells these objects from others at the same address.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = String> {
        let stamp = |object: &Object| format!("{} {} {}", object.url, object.size, object.version);
        self.list.iter().map(stamp)
    }

    fn bytes(&self) -> u64 {
        self.list.iter().map(|object| object.size).sum()
    }
}

/// Asks what lies at an address. Nothing of it is read yet.
pub(crate) fn look(spec: &SourceSpec, address: &str, access: &Access, cancel: &Cancel) -> Result<Objects> {
    let options = options(spec, address, access)?;
    let is_web = address.starts_with("http");
    let is_one = is_web || !(address.ends_with('/') || address.contains(['*', '[']));
    let found = if is_one {
        patiently(address, cancel, one(address, &options))?.map(|object| vec![object])
    } else {
        patiently(address, cancel, many(address, &options))?
    };
    let list = found.map_err(|error| failed(address, &error))?;
    if list.is_empty() {
        return Err(DataError::Remote {
            address: address.to_owned(),
            code: Code::NotFound,
            what: format!("there are no Parquet files at `{address}`"),
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
        address: address.to_owned(),
        list,
        is_one,
        options,
    })
}

/// Opens what lies at an address.
pub(crate) fn open(spec: &SourceSpec, objects: &Objects, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let address = &objects.address;
    let name = address.split(['?', '#']).next().unwrap_or(address);
    let format = match spec.format {
        Some(format) => format,
        None if objects.is_one => format_of(Path::new(name))?,
        None => Format::Parquet,
    };
    if format == Format::Parquet {
        return open_parquet(objects);
    }
    if matches!(format, Format::Delta | Format::Images) || !objects.is_one {
        return Err(DataError::Unsupported {
            what: format!("{format} can't be read from a folder on the network"),
            hint: "copy the folder to this machine, or name one file".into(),
        });
    }
    let object = &objects.list[0];
    let ending = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
    let ending = ending.split_once('.').map_or("data", |(_, ending)| ending);
    let key = ["object", &object.url, &object.version, &object.size.to_string()];
    let Some((copy, there)) = access.place(&key, ending)? else {
        return Err(DataError::Unsupported {
            what: format!("{format} can't be read from the network without a folder for copies"),
            hint: "download it first".into(),
        });
    };
    if !there {
        fetch(objects, object, &copy, cancel)?;
    }
    let spec = SourceSpec {
        format: Some(format),
        ..spec.clone()
    };
    open_file(&spec, &copy, access, cancel).map_err(|error| error.about(&copy, Path::new(address)))
}

fn open_parquet(objects: &Objects) -> Result<Opened> {
    let partitions: Vec<String> = objects.list[0]
        .url
        .split('/')
        .filter(|_| !objects.is_one)
        .filter_map(|folder| folder.split_once('=').map(|(name, _)| name.to_owned()))
        .collect();
    let plan = guarded(|| {
        let urls = objects
            .list
            .iter()
            .map(|object| PlRefPath::new(object.url.as_str()))
            .collect();
        let options = ScanArgsParquet {
            cloud_options: Some(objects.options.clone()),
            ..columnar::scan_options(&partitions)
        };
        LazyFrame::scan_parquet_files(urls, options)
    })?;
    let rows = execute::count(plan.clone(), EngineChoice::Streaming)?;
    let mut reading = Reading::new(Format::Parquet, objects.list.len() as u64, objects.bytes());
    reading.partitions = partitions;
    reading.pictures = columnar::picture_columns(&plan)?;
    Ok(Opened {
        plan,
        rows,
        reading,
        layout: None,
        row_groups: None,
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

async fn connect(
    address: &str,
    options: &CloudOptions,
) -> std::result::Result<(CloudLocation, PolarsObjectStore), PolarsError> {
    build_object_store(PlRefPath::new(address), Some(options), true).await
}

async fn one(address: &str, options: &CloudOptions) -> std::result::Result<Object, PolarsError> {
    let (location, store) = build_object_store(PlRefPath::new(address), Some(options), false).await?;
    let meta = store
        .head(
            &object_path_from_str(&location.prefix)?,
            ConcurrencyStrategy::Unbounded,
        )
        .await?;
    Ok(Object {
        url: address.to_owned(),
        size: meta.size,
        version: meta.e_tag.unwrap_or_else(|| meta.last_modified.to_rfc3339()),
    })
}

/// The Parquet files of a folder or a glob. The store's list has sizes and tags, polars knows which of them are meant.
async fn many(address: &str, options: &CloudOptions) -> std::result::Result<Vec<Object>, PolarsError> {
    let pattern = if address.ends_with('/') {
        format!("{address}**/*.parquet")
    } else {
        address.to_owned()
    };
    let mut with = Some(options.clone());
    let meant = expand_paths(&[PlRefPath::new(pattern.as_str())], true, &[], &mut with).await?;
    let meant: HashSet<&str> = meant.iter().map(PlRefPath::as_str).collect();
    let (location, store) = connect(&pattern, options).await?;
    let context = store.error_context();
    let store = store.to_dyn_object_store().await.into_owned();
    let prefix = ObjectStorePath::from(location.prefix.as_str());
    let mut entries = store.list(Some(&prefix));
    let mut found = Vec::new();
    while let Some(meta) = poll_fn(|context| entries.as_mut().poll_next(context)).await {
        let meta = meta.map_err(|error| context.clone().attach_err_info(error))?;
        let url = format!("{}://{}/{}", location.scheme, location.bucket, meta.location);
        if meant.contains(url.as_str()) {
            found.push(Object {
                url,
                size: meta.size,
                version: meta.e_tag.unwrap_or_else(|| meta.last_modified.to_rfc3339()),
            });
        }
    }
    found.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(found)
}

/// Fetches an object to a file.
fn fetch(objects: &Objects, object: &Object, to: &Path, cancel: &Cancel) -> Result<()> {
    let address = &objects.address;
    let replacement = Replacement::in_dir(to.parent().unwrap_or(Path::new(".")))?;
    let download = async {
        let (location, store) =
            build_object_store(PlRefPath::new(object.url.as_str()), Some(&objects.options), false).await?;
        let context = store.error_context();
        let path = object_path_from_str(&location.prefix)?;
        let store = store.to_dyn_object_store().await.into_owned();
        let result = store.get_opts(&path, Default::default()).await;
        let mut stream = result
            .map_err(|error| context.clone().attach_err_info(error))?
            .into_stream();
        let mut received = 0;
        let mut out = &replacement.file;
        loop {
            let next = poll_fn(|context| stream.as_mut().poll_next(context));
            let Ok(next) = tokio::time::timeout(PATIENCE, next).await else {
                return Ok(Err(silent(address)));
            };
            let Some(bytes) = next else {
                return Ok(Ok(received));
            };
            let bytes = bytes.map_err(|error| context.clone().attach_err_info(error))?;
            received += bytes.len() as u64;
            if let Err(error) = out.write_all(&bytes) {
                return Ok(Err(DataError::writing(to, error)));
            }
        }
    };
    let received: std::result::Result<Result<u64>, PolarsError> = wait(cancel, None, address, download)?;
    let received = received.map_err(|error| failed(address, &error))??;
    if received != object.size {
        return Err(DataError::Remote {
            address: address.clone(),
            code: Code::Unreachable,
            what: format!("the transfer broke off after {received} of {} bytes", object.size),
            hint: "try again".into(),
        });
    }
    replacement.place(to)
}

/// Waits for a future that needs no network to be patient about.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(runtime()?.block_on(future))
}

fn patiently<T>(address: &str, cancel: &Cancel, future: impl Future<Output = T>) -> Result<T> {
    wait(cancel, Some(PATIENCE), address, future)
}

fn wait<T>(
    cancel: &Cancel,
    patience: Option<Duration>,
    address: &str,
    future: impl Future<Output = T>,
) -> Result<T> {
    runtime()?.block_on(async {
        let mut future = pin!(future);
        let begun = Instant::now();
        loop {
            cancel.step()?;
            if let Ok(done) = tokio::time::timeout(BETWEEN_CHECKS, future.as_mut()).await {
                return Ok(done);
            }
            if patience.is_some_and(|patience| begun.elapsed() > patience) {
                return Err(silent(address));
            }
        }
    })
}

/// One runtime for as long as the program runs: polars keeps connections, which belong to the runtime that made them.
fn runtime() -> Result<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<std::io::Result<tokio::runtime::Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("aloft-remote")
            .enable_all()
            .build()
    });
    runtime.as_ref().map_err(|error| DataError::Unsupported {
        what: format!("threads for the network can't be started: {error}"),
        hint: "close other programs, then try again".into(),
    })
}

fn silent(address: &str) -> DataError {
    DataError::Remote {
        address: address.to_owned(),
        code: Code::Unreachable,
        what: format!(
            "`{}` didn't answer within {} seconds",
            host(address),
            PATIENCE.as_secs()
        ),
        hint: "check the network and the address; public data may want `anonymous = true`".into(),
    }
}

fn host(address: &str) -> &str {
    &address[..PlRefPath::new(address).authority_end_position()]
}

/// What polars says of a store, as an error with a code.
fn failed(address: &str, error: &PolarsError) -> DataError {
    if let PolarsError::IO { error, .. } = error
        && let Some(inner) = error.get_ref()
        && let Some(store) = inner.downcast_ref::<PolarsObjectStoreError>()
    {
        return said(address, &store.source);
    }
    said(address, error)
}

/// The kinds of errors of stores have no names here: they are told by how they print.
fn said(address: &str, error: &(impl fmt::Debug + fmt::Display)) -> DataError {
    classify(address, &format!("{error:?} {error}"))
}

/// What an error's text means. The text itself isn't shown: it repeats requests and how often they were tried.
pub(crate) fn classify(address: &str, text: &str) -> DataError {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (code, what, hint) = if has(&["NotFound", "404 Not Found", "NoSuchBucket", "NoSuchKey"]) {
        (
            Code::NotFound,
            format!("there is nothing at `{address}`"),
            "check bucket, path and capital letters; a folder's address ends in `/`",
        )
    } else if has(&[
        "PermissionDenied",
        "Unauthenticated",
        "401 Unauthorized",
        "403 Forbidden",
    ]) {
        (
            Code::AuthFailed,
            format!("`{}` refused these credentials", host(address)),
            "set the cloud's own profile or environment, keep keys with `aloft credentials`, or set `anonymous = true` for \
             public data",
        )
    } else if has(&[
        "169.254.169.254",
        "metadata.google.internal",
        "InvalidCredential",
        "credential",
    ]) {
        (
            Code::AuthFailed,
            format!("there are no credentials for `{}`", host(address)),
            "set the cloud's own profile or environment, keep keys with `aloft credentials`, or set `anonymous = true` for \
             public data",
        )
    } else if has(&["NotSupported", "range"]) {
        (
            Code::Unsupported,
            format!("`{}` can't send parts of a file", host(address)),
            "download the file, then read it from this machine",
        )
    } else if has(&[
        "error sending request",
        "dns error",
        "Connect",
        "tcp",
        "timed out",
    ]) {
        (
            Code::Unreachable,
            format!("`{}` can't be reached", host(address)),
            "check the network, the address and `endpoint`",
        )
    } else {
        let text = text.lines().next().unwrap_or_default();
        return DataError::Remote {
            address: address.to_owned(),
            code: Code::Unreadable,
            what: format!(
                "`{address}` can't be read: {}",
                crate::table::clipped(text.to_owned(), 300)
            ),
            hint: "check the address and `endpoint`".into(),
        };
    };
    DataError::Remote {
        address: address.to_owned(),
        code,
        what,
        hint: hint.into(),
    }
}
