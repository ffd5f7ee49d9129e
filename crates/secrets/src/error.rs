//! What can go wrong with a store of secrets, and what to do then.

use aloft_spec::{Code, Problem};

/// Why a secret couldn't be read, kept or forgotten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no keyring service to ask; with what was tried.
    #[error("the system's keyring can't be reached ({0})")]
    Unavailable(String),
    /// The keyring is there and locked.
    #[error("the system's keyring is locked")]
    Locked,
    /// The keyring is there and nobody has ever set it up.
    #[error("the system's keyring has no default collection yet")]
    NotSetUp,
    /// Nothing is kept under this account.
    #[error("the keyring holds no secret for {0}")]
    Missing(String),
    /// The keyring answered and refused, or what it holds isn't text.
    #[error("the keyring refused: {0}")]
    Refused(String),
}

impl SecretError {
    fn code(&self) -> Code {
        match self {
            Self::Unavailable(_) | Self::Refused(_) => Code::KeyringUnavailable,
            Self::Locked | Self::NotSetUp => Code::KeyringLocked,
            Self::Missing(_) => Code::SecretMissing,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => {
                "log in to a desktop session, or on a machine without one: install gnome-keyring and dbus, run \
                 `dbus-run-session -- bash`, and in it `read -rs P; printf %s \"$P\" | gnome-keyring-daemon --unlock \
                 --components=secrets`"
            }
            Self::Locked | Self::NotSetUp => {
                "unlock it in the system's password program, or in a terminal: \
                 `read -rs P; printf %s \"$P\" | gnome-keyring-daemon --unlock --components=secrets`"
            }
            Self::Missing(_) => {
                "give the target its secret again with `aloft targets add`, or in the window's list of targets"
            }
            Self::Refused(_) => {
                "start Aloft again; if it stays, look at the keyring in the system's password program"
            }
        }
    }
}

impl From<SecretError> for Problem {
    fn from(error: SecretError) -> Self {
        Problem::new(error.code(), error.to_string()).with_hint(error.hint())
    }
}
