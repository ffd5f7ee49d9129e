//! A store for tests.

use crate::{Result, SecretError, SecretStore, Sensitive};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Secrets in memory, gone with the value. It can play a keyring that is locked or absent.
#[derive(Default)]
pub struct MemoryStore {
    secrets: Mutex<BTreeMap<String, Sensitive<String>>>,
    unusable: Option<SecretError>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that answers every call with this error.
    pub fn unusable(error: SecretError) -> Self {
        Self {
            unusable: Some(error),
            ..Self::default()
        }
    }

    fn secrets(&self) -> Result<MutexGuard<'_, BTreeMap<String, Sensitive<String>>>> {
        self.probe()?;
        Ok(self.secrets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SecretStore for MemoryStore {
    fn probe(&self) -> Result<()> {
        match &self.unusable {
            Some(error) => Err(error.clone().into()),
            None => Ok(()),
        }
    }

    fn get(&self, account: &str) -> Result<Sensitive<String>> {
        match self.secrets()?.get(account) {
            Some(secret) => Ok(Sensitive::new(secret.expose().clone())),
            None => Err(SecretError::Missing(account.into()).into()),
        }
    }

    fn set(&self, account: &str, secret: &Sensitive<String>) -> Result<()> {
        let copy = Sensitive::new(secret.expose().clone());
        self.secrets()?.insert(account.into(), copy);
        Ok(())
    }

    fn delete(&self, account: &str) -> Result<()> {
        match self.secrets()?.remove(account) {
            Some(_) => Ok(()),
            None => Err(SecretError::Missing(account.into()).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::Code;

    #[test]
    fn keeps_replaces_and_forgets() {
        let store = MemoryStore::new();
        let secret = |text: &str| Sensitive::new(text.to_owned());
        store.set("a", &secret("one")).unwrap();
        store.set("a", &secret("two")).unwrap();
        assert_eq!(store.get("a").ok().unwrap().expose(), "two");
        store.delete("a").unwrap();
        assert_eq!(store.get("a").err().unwrap().code, Code::SecretMissing);
        assert_eq!(store.delete("a").unwrap_err().code, Code::SecretMissing);
    }

    #[test]
    fn plays_a_locked_keyring() {
        let store = MemoryStore::unusable(SecretError::Locked);
        assert_eq!(store.probe().unwrap_err().code, Code::KeyringLocked);
        assert_eq!(store.get("a").err().unwrap().code, Code::KeyringLocked);
    }
}
