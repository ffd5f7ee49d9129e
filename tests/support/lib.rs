//! What the end-to-end tests share: the built program in a world of its own, projects, a real SSH server and an object store.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what fails here fails a test, and says where"
)]

mod desktop;
mod gcs;
mod lab;
mod project;
mod sshd;

pub use desktop::{Desktop, desktop_program, end, wait};
pub use gcs::Gcs;
pub use lab::{Lab, Ran, Running, program, signal, wait_until, with_input, worker_pid};
pub use project::{Notebook, numbers_csv, write};
pub use sshd::Sshd;
