//! Object stores and web servers: what they have, and bytes of it.

use super::{
    Object, Objects,
    failure::{failed, silent},
    waiting::{self, PATIENCE, wait},
};
use crate::{
    Cancel,
    error::{DataError, Result},
    replace::Replacement,
    sample::row_groups::{Footer, footer_length},
};
use aloft_spec::Code;
use polars::{
    error::PolarsError,
    io::{
        cloud::{
            CloudLocation, CloudOptions, ObjectStorePath, PolarsObjectStore, build_object_store,
            concurrency_config::{ConcurrencyStrategy, FetchConfig},
            object_path_from_str,
        },
        path_utils::expand_paths,
    },
    prelude::*,
};
use std::{collections::HashSet, future::poll_fn, io::Write, path::Path};

async fn connect(
    address: &str,
    options: &CloudOptions,
) -> std::result::Result<(CloudLocation, PolarsObjectStore), PolarsError> {
    build_object_store(PlRefPath::new(address), Some(options), true).await
}

/// What lies at an address itself.
pub(super) async fn one(address: &str, options: &CloudOptions) -> std::result::Result<Object, PolarsError> {
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

/// The objects that a pattern means. The store's list has sizes and tags, polars knows which of them are meant.
pub(super) async fn matching(
    pattern: &str,
    options: &CloudOptions,
) -> std::result::Result<Vec<Object>, PolarsError> {
    let mut with = Some(options.clone());
    let meant = expand_paths(&[PlRefPath::new(pattern)], true, &[], &mut with).await?;
    let meant: HashSet<&str> = meant.iter().map(PlRefPath::as_str).collect();
    let mut found = below(pattern, options).await?;
    found.retain(|object| meant.contains(object.url.as_str()));
    Ok(found)
}

/// All objects of a folder and those below, or those below the folders of a pattern; in the order of their names.
pub(super) async fn below(
    address: &str,
    options: &CloudOptions,
) -> std::result::Result<Vec<Object>, PolarsError> {
    let (location, store) = connect(address, options).await?;
    let context = store.error_context();
    let store = store.to_dyn_object_store().await.into_owned();
    let prefix = ObjectStorePath::from(location.prefix.as_str());
    let mut entries = store.list(Some(&prefix));
    let mut found = Vec::new();
    while let Some(meta) = poll_fn(|context| entries.as_mut().poll_next(context)).await {
        let meta = meta.map_err(|error| context.clone().attach_err_info(error))?;
        let url = format!("{}://{}/{}", location.scheme, location.bucket, meta.location);
        found.push(Object {
            url,
            size: meta.size,
            version: meta.e_tag.unwrap_or_else(|| meta.last_modified.to_rfc3339()),
        });
    }
    // Folder by folder, as paths on a disk are sorted: a sample is the same rows there and here.
    found.sort_by(|a, b| a.url.split('/').cmp(b.url.split('/')));
    Ok(found)
}

/// Fetches an object to a file.
pub(super) fn fetch(objects: &Objects, object: &Object, to: &Path, cancel: &Cancel) -> Result<()> {
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

impl Objects {
    /// The first bytes of objects, at most so many of each.
    pub(crate) fn heads(&self, objects: &[Object], most: u64, cancel: &Cancel) -> Result<Vec<Vec<u8>>> {
        let questions = objects.iter().map(|object| {
            let (url, options) = (object.url.clone(), self.options.clone());
            let length = object.size.min(most) as usize;
            async move {
                let (location, store) =
                    build_object_store(PlRefPath::new(url), Some(&options), false).await?;
                let path = object_path_from_str(&location.prefix)?;
                let bytes = store
                    .get_range(&path, 0..length, FetchConfig::random_access())
                    .await?;
                Ok(bytes.as_slice().to_vec())
            }
        });
        waiting::all(&self.address, cancel, questions.collect())
    }

    /// The footers of Parquet files, of each in its turn.
    pub(crate) fn footers(&self, urls: &[String], cancel: &Cancel) -> Result<Vec<Footer>> {
        /// Most footers are shorter, and then one answer is enough.
        const TAIL: usize = 64 << 10;
        let questions = urls.iter().cloned().enumerate().map(|(number, url)| {
            let options = self.options.clone();
            async move {
                let (location, store) =
                    build_object_store(PlRefPath::new(url), Some(&options), false).await?;
                let path = object_path_from_str(&location.prefix)?;
                let size = store.head(&path, ConcurrencyStrategy::Unbounded).await?.size as usize;
                let last = |bytes: usize| {
                    let range = size.saturating_sub(bytes)..size;
                    store.get_range(&path, range, FetchConfig::random_access())
                };
                let mut footer = last(TAIL).await?;
                let length = footer_length(footer.as_slice()).map_or(0, |length| length as usize);
                if length > footer.len() && length <= size {
                    footer = last(length).await?;
                }
                Footer::of_bytes(footer.as_slice().to_vec(), number)
            }
        });
        waiting::all(&self.address, cancel, questions.collect())
    }
}
