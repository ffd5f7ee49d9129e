//! The doing that the command line and the window's session share: cells to outputs, train cells to runs, verdicts,
//! and runs sent to targets. No undo, no window state; candle runs in a child process only.

mod cache;
mod clean;
mod columns;
mod credentials;
mod evaluator;
mod export;
mod findings;
mod follow;
mod machine;
mod measure;
mod plan;
mod predicting;
mod reads;
mod resolved;
mod sending;
mod sweep;
mod targets;
mod thumbnails;
mod training;
mod workspace;

pub use aloft_data::{Cancel, limit_read_ahead};
pub use cache::Size;
pub use clean::{Leftovers, clean};
pub use credentials::{access, access_with, forget_credentials, keep_credentials};
pub use evaluator::{DISPLAY_ROWS, Evaluated, Evaluator, Recalled};
pub use export::export_onnx;
pub use findings::{findings, today};
pub use follow::{Following, Progress};
pub use machine::machine;
pub use plan::plan;
pub use predicting::{Predicting, predicting};
pub use sending::{News, attach, fetch_job, jobs, poll_job, preflight, send, stop_job};
pub use sweep::{Limits, RecalledSweep, Sweep, SweepNews, recall_sweep, same_lineage, searched_around};
pub use targets::{add_target, remove_target, test_target};
pub use thumbnails::Stretch;
pub use training::{discard, prepare_run, start};
pub use workspace::Workspace;

/// What every function here gives.
pub type Result<T> = std::result::Result<T, aloft_spec::Problem>;
