//! Against a real SSH server on loopback.

#![allow(clippy::unwrap_used, reason = "tests may unwrap in their helpers too")]

mod interrupted;
mod job;
mod ssh;
mod support;
