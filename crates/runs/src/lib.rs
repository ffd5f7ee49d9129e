//! Runs on the disk: the folder, its event log, the process that executes it, and the list of all of them.
//!
//! The folder's format is described in [`aloft_spec::run`]; [`file`] holds its names. What matters here:
//!
//! - A run is visible under its name only when it is complete ([`create`]).
//! - `run.toml` has one writer at a time: who creates the run, then its worker. It is replaced, never edited.
//! - `events.jsonl` only ever grows, also over a crash, so that a copy of it is always a prefix of it ([`EventLog`]).
//! - One process executes a run at a time ([`claim_worker`]); whether it is alive is asked of the kernel ([`is_alive`]),
//!   never believed from a file alone.
//!
//! Every function returns [`Result`]: a [`Problem`] with a code, the file and what to do next.

mod cuda;
mod error;
mod events;
mod files;
mod folder;
mod history;
mod job;
mod lines;
mod list;
mod machine;
mod manifest;
mod process;
mod report;
mod status;
mod worker;

use aloft_spec::Problem;
pub use cuda::{Cuda, Gpu};
pub use events::{EventLog, Follow, read_events};
pub use files::replace_file;
pub use folder::{create, file, new_id, read, write};
pub use history::{past_forecasts, stability};
pub use job::{append_receipt, read_job, receipts, write_job};
pub use list::{list, trials};
pub use machine::{free_disk_bytes, host, memory_bytes};
pub use manifest::{FileHash, Manifest, hash_file, read_manifest, verify_manifest, write_manifest};
pub use report::{read_report, write_report};
pub use status::{settled, status};
pub use worker::{Claim, claim_worker, is_alive, request_stop, spawn_worker, stop_requested, worker_program};

/// What every function of this crate returns.
pub type Result<T> = std::result::Result<T, Problem>;
