//! The system's keyring.

use crate::{Result, SecretError, SecretStore, Sensitive, secret_service};
use keyring::{Entry, Error};
use zeroize::Zeroize;

/// The service under which all secrets of Aloft are kept.
pub const SERVICE: &str = "aloft";

/// The system's keyring: on Linux the Secret Service over D-Bus, which GNOME Keyring, KWallet and KeePassXC offer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keyring;

impl Keyring {
    /// The keyring of this session.
    pub fn new() -> Self {
        Self
    }

    /// The entry of an account. The keyring is probed before the `keyring` crate is asked, because that crate
    /// remembers a first failure for as long as the process lives.
    fn entry(account: &str) -> Result<Entry> {
        secret_service::probe()?;
        Entry::new(SERVICE, account).map_err(|error| refused(account, error))
    }
}

impl SecretStore for Keyring {
    fn probe(&self) -> Result<()> {
        Ok(secret_service::probe()?)
    }

    fn get(&self, account: &str) -> Result<Sensitive<String>> {
        match Self::entry(account)?.get_password() {
            Ok(secret) => Ok(Sensitive::new(secret)),
            Err(error) => Err(refused(account, error)),
        }
    }

    fn set(&self, account: &str, secret: &Sensitive<String>) -> Result<()> {
        let entry = Self::entry(account)?;
        let kept = entry.set_password(secret.expose());
        kept.map_err(|error| refused(account, error))
    }

    fn delete(&self, account: &str) -> Result<()> {
        let entry = Self::entry(account)?;
        let deleted = entry.delete_credential();
        deleted.map_err(|error| refused(account, error))
    }
}

/// Errors of the `keyring` crate may carry the secret itself, so only their kind is kept.
fn refused(account: &str, error: Error) -> aloft_spec::Problem {
    match error {
        Error::NoEntry => SecretError::Missing(account.into()),
        Error::NoStorageAccess(_) => SecretError::Locked,
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            bytes.zeroize();
            SecretError::Refused(format!("the secret kept for {account} isn't text"))
        }
        Error::Ambiguous(entries) => SecretError::Refused(format!(
            "it holds {} secrets for {account}, delete all but one",
            entries.len()
        )),
        Error::TooLong(_, limit) => {
            SecretError::Refused(format!("the secret is longer than {limit} characters"))
        }
        // It answered the probe, so this is of another kind, such as a keyring that was started anew.
        Error::PlatformFailure(cause) => SecretError::Refused(cause.to_string()),
        other => SecretError::Refused(other.to_string()),
    }
    .into()
}
