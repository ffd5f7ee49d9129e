//! Sends runs to targets and brings their outcome home.
//!
//! Two layers. A [`Target`] is a place that keeps blobs by their hash and executes runs; it knows nothing of jobs, and
//! each kind of target has a folder of its own ([`ssh`]). On top lie functions that are the same for every target: what
//! would leave ([`preflight`]), [`send`], [`attach`], [`fetch`], [`stop_job`], [`jobs`]. They keep their state in the
//! run's folder (`job.json`, `receipts.jsonl` and the mirrored `events.jsonl`), so that any later process goes on where
//! an earlier one was killed.
//!
//! What never happens here: a secret in a file, a log, an environment or a command line, on either machine; an upload
//! without a receipt; a host whose key isn't the pinned one.
//!
//! Calls block. Don't call from an asynchronous task: each target has a runtime of its own.

mod error;
mod job;
mod program;
pub mod ssh;
mod target;

pub use error::CloudError;
pub use job::{attach, fetch, job, jobs, preflight, send, stop_job};
pub use ssh::{HostKey, probe_host_key};
pub use target::{Blob, Launch, Poll, Progress, Role, Target};

use aloft_secrets::SecretStore;
use aloft_spec::{Problem, project::TargetSpec};

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, Problem>;

/// A target of `aloft.toml`, ready for its first call. Reads the credential, where there is one, from `secrets`, where
/// it is kept under `account` (see [`aloft_secrets::account`]); the network is not touched yet.
///
/// # Errors
/// `BadValue` for a key that can't be read, `SecretMissing`, `KeyringLocked`, `KeyringUnavailable`, and `NotFound` or
/// `Unreadable` for the key file.
pub fn connect(
    name: &str,
    spec: &TargetSpec,
    account: &str,
    secrets: &dyn SecretStore,
) -> Result<Box<dyn Target>> {
    match spec {
        TargetSpec::Ssh(spec) => Ok(Box::new(ssh::Ssh::new(name, spec, account, secrets)?)),
    }
}
