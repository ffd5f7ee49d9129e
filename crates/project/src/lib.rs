//! The project's folder: `aloft.toml`, its notebooks and data files, new projects and examples, and what the program
//! remembers of the user between two starts.

mod config;
mod discovery;
mod error;
mod examples;
mod file;
mod journal;
mod project;
mod state;
mod window;

pub use error::Error;
pub use examples::{Example, examples, new_project};
pub use project::{CONFIG_FILE, Project};
pub use state::{Recent, RecentEntry, Settings, cache_dir};

use aloft_spec::Problem;

/// What every function here gives.
pub type Result<T, E = Problem> = std::result::Result<T, E>;
