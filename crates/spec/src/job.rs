//! A job: a run that was sent to a target. `runs/<id>/job.json` keeps it, so that any later process can re-attach.
//! The local `events.jsonl` is a byte-for-byte prefix of the target's, so its length is how far the mirror has come.

use crate::{problem::Problem, source::DataClass, table::Extent, text::thousands, verdict::Placement};
use serde::{Deserialize, Serialize};

/// `job.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The run's id; the job's too.
    pub run: String,
    /// Name of the target in `aloft.toml`.
    pub target: String,
    /// Kind of the target.
    pub kind: String,
    /// The run's folder there.
    pub remote: String,
    /// When it was sent, RFC 3339, UTC.
    pub sent_at: String,
    /// How far it is.
    pub state: JobState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Files are on their way. A killed send starts again here; what arrived isn't sent twice.
    Uploading,
    /// The worker was started there.
    Running,
    /// The worker has ended and the model is still there.
    Ended,
    /// The model is home and verified.
    Home,
    /// It failed.
    Failed,
    /// It was stopped.
    Stopped,
}

impl JobState {
    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Home | Self::Failed | Self::Stopped)
    }
}

/// What would leave this machine, before it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preflight {
    /// The train cell.
    pub cell: String,
    /// Name of the target.
    pub target: String,
    /// Where it goes: `user@host:folder`.
    pub destination: String,
    /// As whom.
    pub identity: String,
    /// The files; `sent` says which of them the target lacks, where it could be asked.
    pub files: Vec<SentFile>,
    /// Rows of the data.
    pub rows: u64,
    /// Which rows of the sources they were made of.
    pub extent: Extent,
    /// Columns of the data.
    pub columns: Vec<String>,
    /// Class of the data.
    pub class: DataClass,
    /// Whether the policy lets it leave.
    pub allowed: bool,
    /// Why not, or what to know.
    pub note: Option<String>,
    /// Where the verdict would have it.
    pub placement: Option<Placement>,
}

impl Preflight {
    /// How many rows, and of what: `48,561 rows, made of: sample, 50,000 of 336,776 rows`.
    pub fn rows_told(&self) -> String {
        match self.extent.rows == self.rows {
            true => self.extent.to_string(),
            false => format!("{} rows, made of: {}", thousands(self.rows), self.extent),
        }
    }

    /// Bytes that would be sent.
    pub fn bytes_to_send(&self) -> u64 {
        self.files
            .iter()
            .filter(|file| file.sent)
            .map(|file| file.bytes)
            .sum()
    }
}

/// A line of `receipts.jsonl`: something left this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// When, RFC 3339, UTC.
    pub at: String,
    /// Name of the target.
    pub target: String,
    /// Where it went: `user@host:folder`.
    pub destination: String,
    /// As whom.
    pub identity: String,
    /// What; those that were there already have `sent = false`.
    pub files: Vec<SentFile>,
    /// Rows of the data.
    pub rows: u64,
    /// Columns of the data.
    pub columns: Vec<String>,
    /// Class of the data.
    pub class: DataClass,
}

/// A file that was sent, or would have been if it weren't there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// Its name in the run: `data.parquet`, `run.toml`, `aloft`.
    pub name: String,
    /// BLAKE3 of its content, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// False when the target had it already.
    pub sent: bool,
}
