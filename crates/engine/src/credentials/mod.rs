//! Keys of clouds in the keyring, and what sources may use.

mod aws_profile;

use crate::Result;
use aloft_data::{Access, Credentials};
use aloft_project::Project;
use aloft_secrets::{Keyring, SecretStore, Sensitive};
use aloft_spec::{Code, Problem, source::is_remote};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// What the sources of a project may use: copies lie in `.aloft/copies`, keys of clouds in the keyring.
pub fn access(project: &Project) -> Access {
    access_with(Some(&project.state_dir()))
}

/// What sources outside of a project may use; copies lie in the folder `copies` in `cache`.
pub fn access_with(cache: Option<&Path>) -> Access {
    let access = Access::new().with_credentials(Arc::new(StoredCredentials(Box::new(Keyring::new()))));
    match cache {
        Some(cache) => access.with_copies(cache.join("copies")),
        None => access,
    }
}

/// Keeps the settings of a store (`s3://bucket`) in the keyring, in place of earlier ones. They are by the names that
/// object stores know: `aws_access_key_id`, `azure_storage_account_key`.
///
/// # Errors
/// `BadValue` for another address or no settings; what the keyring says.
pub fn keep_credentials(address: &str, settings: &BTreeMap<String, Sensitive<String>>) -> Result<String> {
    let store = store_of(address)?;
    if settings.is_empty() {
        return Err(Problem::new(Code::BadValue, "there are no settings to keep")
            .with_hint("write them on standard input, one `name=value` a line"));
    }
    let plain: BTreeMap<&str, &str> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose().as_str()))
        .collect();
    let text = Sensitive::new(crate::resolved::json(&plain)?);
    Keyring::new().set(&store, &text)?;
    Ok(store)
}

/// Forgets the settings of a store.
pub fn forget_credentials(address: &str) -> Result<String> {
    let store = store_of(address)?;
    Keyring::new().delete(&store)?;
    Ok(store)
}

/// The store of an address: its scheme and bucket, or its server.
fn store_of(address: &str) -> Result<String> {
    let bucket = address.split_once("://").map(|(scheme, rest)| {
        let bucket = rest.split('/').next().unwrap_or(rest);
        (format!("{scheme}://{bucket}"), bucket)
    });
    match bucket {
        Some((store, bucket)) if is_remote(address) && !bucket.is_empty() => Ok(store),
        _ => Err(
            Problem::new(Code::BadValue, format!("`{address}` is no address of a store"))
                .with_hint("for instance `s3://bucket`, `gs://bucket`, `az://container`, `https://host`"),
        ),
    }
}

struct StoredCredentials(Box<dyn SecretStore>);

impl Credentials for StoredCredentials {
    fn of(&self, store: &str) -> Result<Vec<(String, String)>> {
        let text = match self.0.get(store) {
            Ok(text) => text,
            // Then the environment and the cloud's own profile count. A locked keyring is said: what is in it isn't
            // known.
            Err(problem) if matches!(problem.code, Code::SecretMissing | Code::KeyringUnavailable) => {
                let profile = aws_profile::from_environment().filter(|_| store.starts_with("s3"));
                return match profile {
                    Some(profile) => Ok(aws_profile::settings(&profile)?.into_iter().collect()),
                    None => Ok(Vec::new()),
                };
            }
            Err(problem) => return Err(problem),
        };
        let mut settings: BTreeMap<String, String> = serde_json::from_str(text.expose()).map_err(|_| {
            Problem::new(
                Code::BadValue,
                format!("what the keyring has for `{store}` can't be read"),
            )
            .with_hint("keep it again with `aloft credentials set`")
        })?;
        // What stands beside the profile's name comes before what the profile says.
        if let Some(profile) = settings.remove("aws_profile") {
            for (name, value) in aws_profile::settings(&profile)? {
                settings.entry(name).or_insert(value);
            }
        }
        Ok(settings.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_secrets::{MemoryStore, SecretError};

    #[test]
    fn a_store_is_scheme_and_bucket() {
        assert_eq!(store_of("s3://flights/2013/a.parquet").unwrap(), "s3://flights");
        assert_eq!(store_of("https://example.org").unwrap(), "https://example.org");
        assert!(store_of("s3:///x").is_err() && store_of("flights").is_err());
    }

    #[test]
    fn settings_come_from_the_keyring() {
        let keyring = MemoryStore::new();
        keyring
            .set("s3://a", &Sensitive::new(r#"{"aws_region": "x"}"#.into()))
            .unwrap();
        keyring.set("s3://b", &Sensitive::new("secret".into())).unwrap();
        let stored = StoredCredentials(Box::new(keyring));
        assert_eq!(
            stored.of("s3://a").unwrap(),
            [("aws_region".to_owned(), "x".to_owned())]
        );
        assert!(stored.of("s3://none").unwrap().is_empty());
        let problem = stored.of("s3://b").unwrap_err();
        assert_eq!(problem.code, Code::BadValue);
        assert!(!problem.to_string().contains("secret"));
        let locked = StoredCredentials(Box::new(MemoryStore::unusable(SecretError::Locked)));
        assert_eq!(locked.of("s3://a").unwrap_err().code, Code::KeyringLocked);
    }
}
