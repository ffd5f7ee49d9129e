//! What can go wrong between two machines, and what to do then.

use aloft_spec::{Code, Problem};
use std::path::PathBuf;

/// Errors of this crate. At its boundary each becomes a [`Problem`].
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Nothing answers, or the connection broke.
    #[error("{address} doesn't answer: {cause}")]
    Unreachable {
        /// `host:port`.
        address: String,
        /// What happened.
        cause: String,
    },
    /// The target pins no host key.
    #[error("the key of {address} isn't known yet; the host says {found}")]
    HostKeyUnknown {
        /// `host:port`.
        address: String,
        /// Fingerprint of the host's key.
        found: String,
    },
    /// The host has another key than the pinned one.
    #[error("{address} has another key than before: {found} in place of {pinned}")]
    HostKeyChanged {
        /// `host:port`.
        address: String,
        /// Fingerprint that is pinned in `aloft.toml`.
        pinned: String,
        /// Fingerprint of the host's key.
        found: String,
    },
    /// The pinned key isn't a public key.
    #[error("`host_key` of target `{target}` isn't a public key: {cause}")]
    BadHostKey {
        /// Name of the target.
        target: String,
        /// Why not.
        cause: String,
    },
    /// A value of the target's description can't be used.
    #[error("`{key}` of target `{target}` {what}")]
    BadTarget {
        /// Name of the target.
        target: String,
        /// The key in `aloft.toml`.
        key: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The private key can't be read.
    #[error("the private key {} can't be read: {cause}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Whether it isn't there at all.
        missing: bool,
        /// Why not.
        cause: String,
    },
    /// The private key's passphrase isn't the one in the keyring.
    #[error("the passphrase in the keyring doesn't open the private key {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// The host refuses the credential.
    #[error("{address} refuses {identity}; it accepts {accepts}")]
    AuthFailed {
        /// `host:port`.
        address: String,
        /// As whom, by what.
        identity: String,
        /// What it would accept.
        accepts: String,
    },
    /// A step there failed.
    #[error("can't {action} on {address}: {cause}")]
    Remote {
        /// What was being done.
        action: &'static str,
        /// `host:port`.
        address: String,
        /// What the machine said.
        cause: String,
    },
    /// A file isn't there.
    #[error("`{name}` isn't in {remote}")]
    NotThere {
        /// The file.
        name: String,
        /// Where it was looked for.
        remote: String,
    },
    /// Not enough space there.
    #[error("{destination} has {free} free and {needed} are to be sent")]
    DiskFull {
        /// `user@host:folder`.
        destination: String,
        /// Free bytes, for people.
        free: String,
        /// Needed bytes, for people.
        needed: String,
    },
    /// The program doesn't run there.
    #[error("the program doesn't run on {address}, which is {machine}: {said}")]
    Incompatible {
        /// `host:port`.
        address: String,
        /// What that machine is.
        machine: String,
        /// What the attempt printed.
        said: String,
        /// What the program needs.
        needs: String,
    },
    /// What arrived isn't what was sent.
    #[error("`{name}` {what}")]
    Corrupted {
        /// The file.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A file isn't what its hash says, or changed while it was being sent.
    #[error("{} isn't what its hash says: it was changed", .0.display())]
    Changed(PathBuf),
    /// The data may not leave.
    #[error("this run may not leave this machine: {0}")]
    Forbidden(String),
    /// Another process or another place has the run, or it is done.
    #[error("the run {what}")]
    Busy {
        /// What it is or where.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The run was never sent.
    #[error("the run {0} was never sent to a target")]
    NoJob(String),
    /// The run was sent to another target.
    #[error("the run was sent to target `{there}`, not to `{asked}`")]
    OtherTarget {
        /// Where it is.
        there: String,
        /// What was asked.
        asked: String,
    },
    /// There is nothing to fetch yet.
    #[error("the run has no outcome on target `{target}`{why}")]
    NoOutcome {
        /// Name of the target.
        target: String,
        /// Why, where it is known; begins with a comma or a colon.
        why: String,
        /// Whether it is still being executed.
        running: bool,
    },
    /// The user stopped it.
    #[error("stopped before everything was there")]
    Cancelled,
    /// A file here.
    #[error("can't {action} {}: {source}", path.display())]
    Local {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A mistake in Aloft, or this machine is out of threads.
    #[error("{0}")]
    Internal(String),
}

impl CloudError {
    /// For `map_err`: what was being done to which local file.
    pub(crate) fn local(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Local { action, path, source }
    }

    fn code(&self) -> Code {
        use std::io::ErrorKind;
        match self {
            Self::Unreachable { .. } => Code::Unreachable,
            Self::HostKeyUnknown { .. } => Code::HostKeyUnknown,
            Self::HostKeyChanged { .. } => Code::HostKeyChanged,
            Self::BadHostKey { .. } | Self::BadTarget { .. } => Code::BadValue,
            Self::KeyFile { missing: true, .. } | Self::NotThere { .. } | Self::NoJob(_) => Code::NotFound,
            Self::KeyFile { .. } | Self::Remote { .. } => Code::Unreadable,
            Self::WrongPassphrase(_) | Self::AuthFailed { .. } => Code::AuthFailed,
            Self::DiskFull { .. } => Code::DiskFull,
            Self::Incompatible { .. } => Code::Incompatible,
            Self::Corrupted { .. } | Self::Changed(_) => Code::Corrupted,
            Self::Forbidden(_) => Code::Forbidden,
            Self::Busy { .. } => Code::Unsupported,
            Self::OtherTarget { .. } => Code::BadValue,
            Self::NoOutcome { .. } => Code::NotFound,
            Self::Cancelled => Code::Stopped,
            Self::Local { source, .. } => match source.kind() {
                ErrorKind::NotFound => Code::NotFound,
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::DiskFull,
                _ => Code::Unreadable,
            },
            Self::Internal(_) => Code::Internal,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "check the network, and the target's `host` and `port`; a job that was started goes on meanwhile".into()
            }
            Self::HostKeyUnknown { .. } => {
                "compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that machine, then add the \
                 target again with that key"
                    .into()
            }
            Self::HostKeyChanged { .. } => {
                "nothing was sent; if the machine was set up anew, add the target again, else someone may be between \
                 you and it"
                    .into()
            }
            Self::BadHostKey { .. } => {
                "it looks like `ssh-ed25519 AAAA…`, as in a known_hosts file without the name".into()
            }
            Self::BadTarget { .. } => "correct it in `aloft.toml`".into(),
            Self::KeyFile { .. } => {
                "give `key_file` as an absolute path or one that begins with `~/`, to a key that you can read".into()
            }
            Self::WrongPassphrase(_) => "give the target its secret again".into(),
            Self::AuthFailed { .. } => {
                "check `user` and `key_file` of the target, and that the public key is in `~/.ssh/authorized_keys` \
                 there; or give the target its password again"
                    .into()
            }
            Self::Remote { .. } => "look at the target's `folder` on that machine: it must be yours to write".into(),
            Self::NotThere { .. } => "send the run again".into(),
            Self::DiskFull { .. } => "free space there, or give the target another `folder`".into(),
            Self::Incompatible { needs, .. } => format!(
                "the program needs {needs}; build `aloft` on a system as old as that machine and set ALOFT_PROGRAM to it"
            ),
            Self::Corrupted { .. } => "try it again; if it stays, look at the disk and the network in between".into(),
            Self::Changed(_) => "send the run again; rows that were changed need a new run".into(),
            Self::Forbidden(_) => {
                "train here, on fewer rows if need be; `[policy] may_leave` in `aloft.toml` says what may leave".into()
            }
            Self::Busy { hint, .. } => hint.clone(),
            Self::NoJob(_) => "`aloft send` sends a run".into(),
            Self::OtherTarget { there, .. } => format!("name target `{there}`"),
            Self::NoOutcome { running: true, .. } => "wait until it has ended, or stop it".into(),
            Self::NoOutcome { .. } => "send the run again: it goes on from its last checkpoint".into(),
            Self::Cancelled => "start it again: what has arrived isn't sent twice".into(),
            Self::Local { .. } => "check the path, its permissions and the free space".into(),
            Self::Internal(_) => "start it again, and report it if it stays".into(),
        }
    }
}

impl From<CloudError> for Problem {
    fn from(error: CloudError) -> Self {
        let problem = Problem::new(error.code(), error.to_string()).with_hint(error.hint());
        match error {
            CloudError::Local { path, .. } | CloudError::KeyFile { path, .. } => problem.in_file(path),
            _ => problem,
        }
    }
}
