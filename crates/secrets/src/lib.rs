//! Secrets of targets: passwords and passphrases.
//!
//! A secret is a [`Sensitive`] value, which can't be printed or serialized. It lives in the system's keyring
//! ([`Keyring`]) and nowhere else; tests use a [`MemoryStore`].

mod error;
mod keyring;
mod memory;
mod secret_service;
mod sensitive;

pub use error::SecretError;
pub use keyring::{Keyring, SERVICE};
pub use memory::MemoryStore;
pub use sensitive::Sensitive;

use aloft_spec::Problem;
use std::path::Path;

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, Problem>;

/// Where secrets are kept, one for each account name.
///
/// Problems have one of three codes: `KeyringUnavailable`, `KeyringLocked` or `SecretMissing`.
pub trait SecretStore: Send + Sync {
    /// Whether the store can be asked at all, without a dialog. A locked keyring looks empty, so every other call
    /// probes first.
    fn probe(&self) -> Result<()>;

    /// The secret of an account; `SecretMissing` when there is none.
    fn get(&self, account: &str) -> Result<Sensitive<String>>;

    /// Keeps a secret, in place of an earlier one.
    fn set(&self, account: &str, secret: &Sensitive<String>) -> Result<()>;

    /// Forgets a secret; `SecretMissing` when there is none.
    fn delete(&self, account: &str) -> Result<()>;
}

/// The name under which the secret of a project's target is kept: `/home/ada/flights#gpu-box`.
///
/// `project_root` is absolute, so that projects don't read each other's secrets.
pub fn account(project_root: &Path, target: &str) -> String {
    format!("{}#{target}", project_root.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_names_project_and_target() {
        let account = account(Path::new("/home/ada/flights"), "gpu-box");
        assert_eq!(account, "/home/ada/flights#gpu-box");
    }
}
