//! What servers and clouds say when something fails, as errors with codes.

use super::waiting::PATIENCE;
use crate::error::DataError;
use aloft_spec::Code;
use polars::{error::PolarsError, io::cloud::PolarsObjectStoreError, prelude::PlRefPath};
use std::fmt;

/// Nothing was heard for too long.
pub(super) fn silent(address: &str) -> DataError {
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
pub(super) fn failed(address: &str, error: &PolarsError) -> DataError {
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

/// How credentials of Google are called that aren't whole or aren't keys. What is said of them beside may repeat secrets.
const UNUSABLE: [&str; 7] = [
    "OpenCredentials",
    "DecodeCredentials",
    "MissingKey",
    "InvalidKey",
    "UnsupportedKey",
    "ReadPem",
    "ServiceAccountPathAndKeyProvided",
];

/// What an error's text means. The text itself isn't shown: it repeats requests and how often they were tried.
pub(crate) fn classify(address: &str, text: &str) -> DataError {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (code, what, hint) = if has(&UNUSABLE) {
        (
            Code::AuthFailed,
            format!("the credentials for `{}` can't be used", host(address)),
            "keep the file of Google's service account as it was downloaded: `aloft credentials set gs://BUCKET < key.json`",
        )
    } else if has(&["NotFound", "404 Not Found", "NoSuchBucket", "NoSuchKey"]) {
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
