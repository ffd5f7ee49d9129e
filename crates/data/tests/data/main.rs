//! Files in; tables, profiles, findings and charts out. One program: linked once, and each test still runs alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

mod chart_files;
mod charts;
mod common;
mod examples;
mod findings;
mod profile;
mod query;
mod samples;
mod snapshots;
mod sources;
mod statements;
mod training_findings;
