//! By what an account is entered: a private key, a password, or the keys of the SSH agent.

use crate::{CloudError, Result};
use aloft_secrets::{SecretStore, Sensitive};
use aloft_spec::{Code, project::SshTarget};
use russh::keys::{self, PrivateKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A credential, ready to be used again when a connection was lost. It has no `Debug`.
pub(super) enum Credential {
    /// A private key, decrypted in memory, and the file that it is from.
    Key { key: Arc<PrivateKey>, file: PathBuf },
    /// A password from the keyring.
    Password(Sensitive<String>),
    /// The socket of an agent that signs for us.
    Agent(PathBuf),
}

impl Credential {
    /// The key file when the target names one (its passphrase, if it has one, from the keyring); else the password in
    /// the keyring; else the agent, when one is running.
    pub(super) fn of(
        target: &str,
        spec: &SshTarget,
        account: &str,
        secrets: &dyn SecretStore,
    ) -> Result<Self> {
        if let Some(file) = spec.key_file.as_deref().filter(|file| !file.is_empty()) {
            let file = key_path(target, file)?;
            let key = Arc::new(read_key(&file, account, secrets)?);
            return Ok(Self::Key { key, file });
        }
        match secrets.get(account) {
            Ok(password) => Ok(Self::Password(password)),
            Err(problem) => match std::env::var_os("SSH_AUTH_SOCK") {
                // A locked keyring may hold the password, so it isn't passed over.
                Some(socket) if !socket.is_empty() && problem.code != Code::KeyringLocked => {
                    Ok(Self::Agent(socket.into()))
                }
                _ => Err(problem),
            },
        }
    }

    /// What kind it is, for people; never the secret.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Key { file, .. } => format!("key {}", file.display()),
            Self::Password(_) => "password in the keyring".into(),
            Self::Agent(_) => "key of the SSH agent".into(),
        }
    }
}

fn key_path(target: &str, text: &str) -> std::result::Result<PathBuf, CloudError> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => PathBuf::from(text),
    };
    if path.is_absolute() {
        return Ok(path);
    }
    Err(CloudError::BadTarget {
        target: target.into(),
        key: "key_file",
        what: format!("is `{text}`, which is neither absolute nor begins with `~/`"),
    })
}

fn read_key(file: &Path, account: &str, secrets: &dyn SecretStore) -> Result<PrivateKey> {
    let unreadable = |missing, cause: String| CloudError::KeyFile {
        path: file.to_owned(),
        missing,
        cause,
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        unreadable(missing, error.to_string())
    })?;
    let text = Sensitive::new(text);
    match keys::decode_secret_key(text.expose(), None) {
        Ok(key) => return Ok(key),
        Err(keys::Error::KeyIsEncrypted) => {}
        // The other formats say it in their header only.
        Err(_) if text.expose().contains("ENCRYPTED") => {}
        Err(error) => return Err(unreadable(false, error.to_string()).into()),
    }
    let passphrase = secrets.get(account)?;
    let key = keys::decode_secret_key(text.expose(), Some(passphrase.expose()));
    Ok(key.map_err(|_| CloudError::WrongPassphrase(file.to_owned()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_secrets::MemoryStore;

    fn spec(key_file: Option<&str>) -> SshTarget {
        SshTarget {
            host: "127.0.0.1".into(),
            port: 22,
            user: "ada".into(),
            folder: "aloft".into(),
            host_key: String::new(),
            key_file: key_file.map(str::to_owned),
        }
    }

    fn code(key_file: &str) -> Code {
        let secrets = MemoryStore::new();
        let credential = Credential::of("box", &spec(Some(key_file)), "account", &secrets);
        credential.err().unwrap().code
    }

    #[test]
    fn a_key_file_that_cannot_be_used_is_told() {
        assert_eq!(code("keys/id_ed25519"), Code::BadValue);
        assert_eq!(code("/nowhere/id_ed25519"), Code::NotFound);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "not a key").unwrap();
        assert_eq!(code(file.to_str().unwrap()), Code::Unreadable);
    }

    #[test]
    fn a_password_is_taken_from_the_keyring_and_never_named() {
        let secrets = MemoryStore::new();
        let password = Sensitive::new("hunter2".to_owned());
        secrets.set("account", &password).unwrap();
        let credential = Credential::of("box", &spec(None), "account", &secrets);
        let credential = credential.ok().unwrap();
        assert!(matches!(&credential, Credential::Password(_)));
        assert_eq!(credential.kind(), "password in the keyring");
    }
}
