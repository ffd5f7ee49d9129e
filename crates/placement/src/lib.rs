//! Whether a run belongs on this machine: forecast, limits, verdict.
//!
//! Pure functions: no clock, no file, no machine is asked. What was measured comes in as an
//! [`aloft_spec::verdict::Measurement`], what the machine has as a [`Machine`]; what comes out is plain data.

mod correction;
mod estimate;
mod forecast;
mod policy;
mod refine;
mod verdict;

pub use correction::correct;
pub use forecast::{BETWEEN_CHECKPOINTS, CHECKPOINT_SHARE, Workload, forecast};
pub use policy::may_leave;
pub use refine::{Progress, refine};
pub use verdict::{History, Machine, verdict};
