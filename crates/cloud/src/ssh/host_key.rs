//! Host keys: which one a host has, and whether it is the pinned one.

use super::connection;
use crate::{CloudError, Result};
use russh::keys::{Algorithm, HashAlg, PublicKey};

/// A host's public key, to be compared by a person and then pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// As in `known_hosts`, and in `host_key` of a target: `ssh-ed25519 AAAA…`.
    pub openssh: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
}

/// Asks a host for its key. Nothing is sent but the hello; nobody logs in.
///
/// # Errors
/// `Unreachable`.
pub fn probe_host_key(host: &str, port: u16) -> Result<HostKey> {
    let runtime = connection::runtime()?;
    let key = runtime.block_on(connection::host_key(host, port, None));
    runtime.shutdown_background();
    let key = key?;
    let openssh = openssh(&key)?;
    Ok(HostKey {
        openssh,
        fingerprint: fingerprint(&key),
    })
}

/// Reads `host_key` of a target; `None` when it is empty.
pub(super) fn parse(target: &str, text: &str) -> std::result::Result<Option<PublicKey>, CloudError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match PublicKey::from_openssh(text.trim()) {
        Ok(key) => Ok(Some(key)),
        Err(error) => Err(CloudError::BadHostKey {
            target: target.into(),
            cause: error.to_string(),
        }),
    }
}

pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Whether two keys are the same, whatever their comments say.
pub(super) fn same(one: &PublicKey, other: &PublicKey) -> bool {
    one.key_data() == other.key_data()
}

/// Whether a key can be used with an algorithm. RSA keys go with several hashes.
pub(super) fn fits(key: &PublicKey, algorithm: &Algorithm) -> bool {
    match key.algorithm() {
        Algorithm::Rsa { .. } => matches!(algorithm, Algorithm::Rsa { .. }),
        own => own == *algorithm,
    }
}

fn openssh(key: &PublicKey) -> std::result::Result<String, CloudError> {
    // Without a comment, so that the text is the same wherever it was taken from.
    PublicKey::new(key.key_data().clone(), "")
        .to_openssh()
        .map(|text| text.trim().to_owned())
        .map_err(|error| CloudError::Internal(format!("a host key can't be written: {error}")))
}
