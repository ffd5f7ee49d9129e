//! What a place must be able to do so that runs can be sent to it.

use crate::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Told as bytes arrive: those there by now, and all of them.
pub type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// A place that keeps blobs by their hash and executes runs. One implementation a kind, all calls block.
///
/// A target with an object store keeps blobs there and starts its jobs with addresses of exactly those; a plain machine
/// keeps them in a folder. Where a run went is a text that only the target understands (`remote`).
pub trait Target: Send + Sync {
    /// Its name in `aloft.toml`.
    fn name(&self) -> &str;

    /// Its kind, as in `aloft.toml`: `ssh`.
    fn kind(&self) -> &'static str;

    /// Where things go, for people and receipts: `ada@host:folder`.
    fn destination(&self) -> String;

    /// As whom, and by what kind of credential; never the credential.
    fn identity(&self) -> String;

    /// Connects, checks that runs can be kept there and says what the machine is, in one line.
    fn test(&self) -> Result<String>;

    /// Which of these hashes are there as a whole.
    fn present(&self, hashes: &[&str]) -> Result<BTreeSet<String>>;

    /// Brings a blob there, going on where an interrupted upload stopped. When this returns `Ok` it is there as a whole
    /// and its content was checked; after an error, or when `cancel` becomes true, it is not there under its hash.
    fn upload(&self, blob: &Blob, progress: &mut Progress<'_>, cancel: &AtomicBool) -> Result<()>;

    /// Starts the run from blobs that are all there, unless it is being executed already, and says where it is.
    ///
    /// # Errors
    /// `Incompatible` when the program doesn't run there.
    fn launch(&self, launch: &Launch<'_>) -> Result<String>;

    /// What the run has written after `offset` bytes of its event log, and whether it is still being executed.
    fn poll(&self, remote: &str, offset: u64) -> Result<Poll>;

    /// Asks the run to stop, and sees to it that after a grace it is ended if it hasn't stopped by itself.
    fn stop(&self, remote: &str) -> Result<()>;

    /// Copies a file of the run to a new local file. `NotFound` when the run has no such file.
    fn download(
        &self,
        remote: &str,
        name: &str,
        to: &Path,
        progress: &mut Progress<'_>,
        cancel: &AtomicBool,
    ) -> Result<()>;
}

/// A file that a run needs there, named by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name in the run's folder, with `/` between folders; `aloft` for the program.
    pub name: String,
    /// BLAKE3 of its content, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// Where it is on this machine.
    pub path: PathBuf,
    /// What it is for.
    pub role: Role,
}

/// What a blob is for, which says how it gets into the run's folder there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The program that executes the run. Many runs share it.
    Program,
    /// Rows: read and never changed, so that many runs share them.
    Rows,
    /// The run's record, in place of an earlier one. The worker rewrites it.
    Record,
    /// What the run has done so far on this machine (events, checkpoint), so that it goes on there. Not in place of
    /// what it has done there since.
    Past,
}

/// A run to be started.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// The run's id.
    pub run: &'a str,
    /// All that it needs, the program among it.
    pub blobs: &'a [Blob],
}

/// What a target says of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// Bytes of the event log from the offset on; perhaps not all of them yet.
    pub events: Vec<u8>,
    /// Size of the event log, at least as old as `alive`.
    pub size: u64,
    /// Whether a process executes the run. Once this is false, nothing is added to the log any more.
    pub alive: bool,
    /// Exit code of the process that did; `None` as long as it lives, and when it was ended together with its machine.
    pub exit: Option<i32>,
    /// Whether someone asked for a stop.
    pub stopping: bool,
    /// The last lines of what the process printed, once it has ended.
    pub printed: String,
}
