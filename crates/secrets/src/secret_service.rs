//! Asks the Secret Service (the keyring of Linux desktops, over D-Bus) whether it can be used, without a dialog.
//!
//! The `keyring` crate can't tell this: with a locked collection it finds no entry or opens a dialog.

use crate::SecretError;
use std::time::Duration;
use zbus::blocking::{Connection, Proxy, connection};
use zbus::zvariant::OwnedObjectPath;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";

/// A keyring that is asked this long without an answer counts as absent.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `Ok` when the default collection is there and unlocked.
pub(crate) fn probe() -> Result<(), SecretError> {
    let connection =
        connect().map_err(|error| SecretError::Unavailable(format!("there is no D-Bus session: {error}")))?;
    let collection = default_collection(&connection)
        .map_err(|error| SecretError::Unavailable(format!("no Secret Service answers on D-Bus: {error}")))?;
    // The path "/" stands for "none".
    if collection.as_str() == "/" {
        return Err(SecretError::NotSetUp);
    }
    let locked =
        is_locked(&connection, &collection).map_err(|error| SecretError::Unavailable(error.to_string()))?;
    if locked {
        return Err(SecretError::Locked);
    }
    Ok(())
}

fn connect() -> zbus::Result<Connection> {
    connection::Builder::session()?.method_timeout(TIMEOUT).build()
}

fn default_collection(connection: &Connection) -> zbus::Result<OwnedObjectPath> {
    let service = Proxy::new(connection, NAME, PATH, "org.freedesktop.Secret.Service")?;
    service.call("ReadAlias", &("default",))
}

fn is_locked(connection: &Connection, collection: &OwnedObjectPath) -> zbus::Result<bool> {
    let collection = Proxy::new(connection, NAME, collection, "org.freedesktop.Secret.Collection")?;
    collection.get_property("Locked")
}
