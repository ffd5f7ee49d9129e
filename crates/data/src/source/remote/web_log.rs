//! The log of a Delta Lake table on a web server, which can't list its files: they have numbers.

use super::{Object, store};
use polars::{
    error::PolarsResult,
    io::cloud::{CloudOptions, build_object_store, concurrency_config::FetchConfig, object_path_from_str},
    prelude::{PlRefPath, PolarsError},
};
use serde::Deserialize;

/// What `_last_checkpoint` says.
#[derive(Deserialize)]
struct LastCheckpoint {
    version: u64,
    parts: Option<u64>,
}

/// The last checkpoint and the commits behind it; or all commits up to an earlier `version`. The first commit that isn't
/// there ends them.
pub(super) async fn files(
    address: &str,
    version: Option<u64>,
    options: &CloudOptions,
) -> PolarsResult<Vec<Object>> {
    let at = |name: &str| format!("{address}_delta_log/{name}");
    let mut found = Vec::new();
    let mut next = 0;
    if let Ok(object) = store::one(&at("_last_checkpoint"), options).await
        && let Some(last) = last_checkpoint(&object, options).await?
        && version.is_none_or(|version| version >= last.version)
    {
        let of = |part: u64, parts| format!("{:020}.checkpoint.{part:010}.{parts:010}.parquet", last.version);
        let names = match last.parts {
            Some(parts) => (1..=parts).map(|part| of(part, parts)).collect(),
            None => vec![format!("{:020}.checkpoint.parquet", last.version)],
        };
        for name in names {
            found.push(store::one(&at(&name), options).await?);
        }
        next = last.version + 1;
    }
    while version.is_none_or(|version| next <= version) {
        match store::one(&at(&format!("{next:020}.json")), options).await {
            Ok(commit) => found.push(commit),
            // Nothing at all was found: that is the error.
            Err(error) if found.is_empty() => return Err(error),
            Err(_) => break,
        }
        next += 1;
    }
    Ok(found)
}

async fn last_checkpoint(object: &Object, options: &CloudOptions) -> PolarsResult<Option<LastCheckpoint>> {
    let (location, store) =
        build_object_store(PlRefPath::new(object.url.as_str()), Some(options), false).await?;
    let path = object_path_from_str(&location.prefix)?;
    let range = 0..object.size as usize;
    let bytes = store
        .get_range(&path, range, FetchConfig::random_access())
        .await?;
    let last = serde_json::from_slice(bytes.as_slice());
    last.map(Some)
        .map_err(|error| PolarsError::ComputeError(format!("`_last_checkpoint`: {error}").into()))
}
