//! The window as it is read and used by names. One program: linked once, and each test still runs alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

mod behaviour;
mod brush;
mod charts;
mod completion;
mod findings;
mod params;
mod pictures;
mod report;
mod sending;
mod support;
mod sweeps;
mod tables;
mod whole;
mod writing;
